"""Holistically-nested edge detection as deltasim reads it: the convolutions as a graph, and the layers that see edges.

Xie and Tu, "Holistically-Nested Edge Detection", ICCV 2015: a VGG-16 whose last convolution of each block is also read
by a 1 x 1 convolution to one channel; these five maps, brought to the frame's size, are weighted by a last one.
"""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workloads.assets.errors import AssetError
from workloads.graphs.files import save_graph
from workloads.graphs.graph import INPUT, Activation, Convolution, MaxPool, Network, Node, Preprocessing

RECIPE: Final = "hed/1"
BLOCKS: Final = (2, 2, 3, 3, 3)  # convolutions in each
SIDE_PIXELS: Final = 224
PREPROCESSING: Final = Preprocessing("bgr", (104.00699, 116.66877, 122.67892), (1.0, 1.0, 1.0))
_SAME: Final = (1, 1, 1, 1)


def convert_hed(source: Path, target: Path) -> None:
    """Write a graph file (.npz) of the 13 convolutions, `block1_conv1` to `block5_conv3_relu`, for frames of 224 x 224.

    Beside the graph it has `sideN_weights` (channels,), `sideN_bias` () for each block and `fuse_weights` (5,),
    `fuse_bias` (), float32. Raises AssetError if the package h5py is missing, or `source` is no such network.
    """
    h5py = _load_h5py()
    try:
        with h5py.File(source) as file:
            graph = Network("hed", (3, SIDE_PIXELS, SIDE_PIXELS), _nodes(file), "block5_conv3_relu", (), PREPROCESSING)
            edges = _edge_layers(file)
    except (OSError, KeyError) as error:
        raise AssetError(f"{source.name} has not the layers of HED ({error}); it is not converted") from error
    save_graph(graph, target)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, array in edges.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _nodes(file: Any) -> tuple[Node, ...]:  # noqa: ANN401 - h5py is optional
    """Convolutions and their ReLUs, and a max-pool before each block but the first."""
    nodes: list[Node] = []
    at = INPUT
    for block, convolutions in enumerate(BLOCKS, 1):
        if block > 1:
            nodes.append(Node(f"block{block - 1}_pool", MaxPool(kernel=(2, 2), stride=(2, 2)), (at,)))
            at = nodes[-1].name
        for place in range(convolutions):
            layer = f"block{block}/layers/conv2d{f'_{place}' if place else ''}"
            weights, bias = _arrays(file, layer)
            name = f"block{block}_conv{place + 1}"
            kernel = np.ascontiguousarray(weights.transpose(3, 2, 0, 1))
            nodes.append(Node(name, Convolution(kernel, bias, padding=_SAME), (at,)))
            nodes.append(Node(f"{name}_relu", Activation("relu"), (name,)))
            at = nodes[-1].name
    return tuple(nodes)


def _edge_layers(file: Any) -> dict[str, NDArray[np.float32]]:  # noqa: ANN401
    arrays: dict[str, NDArray[np.float32]] = {}
    for name, layer in (*((f"side{block}", f"dsn{block}") for block in range(1, len(BLOCKS) + 1)), ("fuse", "fuse")):
        weights, bias = _arrays(file, layer)
        arrays[f"{name}_weights"], arrays[f"{name}_bias"] = weights.reshape(-1), bias.reshape(())
    return arrays


def _arrays(file: Any, layer: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:  # noqa: ANN401
    """Weights (y, x, in, out) and bias (out,)."""
    variables = file[f"{layer}/vars"]
    return np.asarray(variables["0"], np.float32), np.asarray(variables["1"], np.float32)


def _load_h5py() -> Any:  # noqa: ANN401
    try:
        return importlib.import_module("h5py")
    except ImportError as error:
        raise AssetError("HED's weights are read by the package h5py: pip install 'deltasim[hed]'") from error
