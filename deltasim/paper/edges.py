"""Edges that a holistically nested network sees: its task, whose output can be looked at beside the frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workloads import IntegerNetwork, Network, integer_forward, largest_inputs, run_graph
from workloads.assets import asset_named, find_asset
from workloads.frames.archives import read_archive
from workloads.graphs.run import normalise
from workloads.integer.forward import fit_accumulator
from workloads.integer.products import exact_sums

NETWORK: Final = "hed"
READ: Final = ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3")
"""The convolutions that edges are read from, after their ReLU."""

Maps = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sides:
    """The layers that make edges of activations: for each of READ a weight per channel and a bias, and how the five
    maps are weighted.
    """

    weights: tuple[Maps, ...]
    biases: tuple[float, ...]
    fuse: Maps
    fuse_bias: float


def load_sides(network: str) -> Sides | None:
    """The edge layers of a fetched network, None if it has none."""
    path = find_asset(asset_named(NETWORK)) if network == NETWORK else None
    if path is None:
        return None
    numbers = range(1, len(READ) + 1)
    names = [f"side{number}_{part}" for number in numbers for part in ("weights", "bias")]
    arrays = read_archive(path, only=(*names, "fuse_weights", "fuse_bias"))
    return Sides(
        weights=tuple(arrays[f"side{number}_weights"].astype(np.float64) for number in numbers),
        biases=tuple(float(arrays[f"side{number}_bias"]) for number in numbers),
        fuse=arrays["fuse_weights"].astype(np.float64),
        fuse_bias=float(arrays["fuse_bias"]),
    )


def float_edges(graph: Network, sides: Sides, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Edges (n, H, W) of frames (n, pixels) uint8, 255 for certain, by the float network."""
    assert graph.preprocessing is not None  # noqa: S101 - the network of these sides has one
    pixels = frames.reshape(-1, *graph.input_shape)
    names = [f"{name}_relu" for name in READ]
    edges = []
    for picture in pixels:  # one by one: what is kept of a frame is large
        values = run_graph(graph, normalise(graph.preprocessing, picture[None]), names)
        edges.append(edges_of([values[name][0].transpose(1, 2, 0) for name in names], sides, graph.input_shape[1:]))
    return np.stack(edges)


def integer_edges(network: IntegerNetwork, sides: Sides, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same by the accumulators of a network of integers: sigma-delta's are those of rounding, bit for bit."""
    layers = {layer.name: place for place, layer in enumerate(network.layers)}
    largest = largest_inputs(network)
    edges = []
    for picture in frames:
        trace = integer_forward(network, picture[None])
        maps = []
        for name in READ:
            place = layers[name]
            layer = network.layers[place]
            sent = [
                trace.activations[each.source].reshape(1, *network.sent_shape(each.source)) for each in layer.synapses
            ]
            sums = fit_accumulator(exact_sums(layer, sent, largest[place]), network.accumulator_bits, network.overflow)
            maps.append(np.maximum(sums[0] * np.resize(layer.accumulator_scale, layer.shape[2]), 0.0))
        edges.append(edges_of(maps, sides, network.input_shape[:2]))
    return np.stack(edges)


def edges_of(maps: Sequence[NDArray[np.floating]], sides: Sides, size: Sequence[int]) -> NDArray[np.uint8]:
    """Edges (H, W) of the activations (h, w, channels) of one frame, `size` being (H, W).

    The sigmoid of the five weighted maps, each brought to size bilinearly, pixels being squares (as TensorFlow does).
    """
    height, width = size
    fused = np.full((height, width), sides.fuse_bias)
    for map_, weights, bias, share in zip(maps, sides.weights, sides.biases, sides.fuse, strict=True):
        seen = map_ @ weights + bias
        fused += share * (_bilinear(seen.shape[0], height) @ seen @ _bilinear(seen.shape[1], width).T)
    return np.asarray(np.rint(255 / (1 + np.exp(-fused))), np.uint8)


def _bilinear(source: int, target: int) -> Maps:
    """(target, source): the share of each of `source` pixels in each of `target`, linear between their centres."""
    centres = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    distance = np.abs(centres[:, None] - np.arange(source))
    return np.asarray(np.maximum(0.0, 1.0 - distance))


def difference(edges: NDArray[np.uint8], others: NDArray[np.uint8]) -> float:
    """Mean absolute difference of two stacks of edges, 0..255."""
    return float(np.abs(edges.astype(np.int16) - others).sum() / prod(edges.shape))
