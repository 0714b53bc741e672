"""Any network by name or file: the bundled ones, chains and graphs in `.npz`, ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from workloads.errors import WorkloadError, did_you_mean
from workloads.frames.archives import read_archive
from workloads.graphs.files import FORMAT as GRAPH_FORMAT
from workloads.graphs.files import load_graph
from workloads.graphs.graph import Network, cut_graph
from workloads.graphs.network_files import list_networks as list_chains
from workloads.graphs.network_files import load_network as load_chain
from workloads.graphs.normalisation import Normalisation, normalised
from workloads.graphs.operations import Shape
from workloads.graphs.squeezenet import squeezenet11
from workloads.onnx.importing import import_onnx
from workloads.onnx.model import checked_shape

SQUEEZENET = "squeezenet11"


def list_networks() -> dict[str, str]:
    """Name and one-line description of every bundled network."""
    return {**list_chains(), SQUEEZENET: "SqueezeNet 1.1 for the 1000 classes of ImageNet, 227 x 227 in colour"}


def load_network(
    name_or_path: str | Path,
    *,
    output: str | None = None,
    input_shape: Shape | None = None,
    normalisation: Normalisation | None = None,
) -> Network:
    """A bundled network by name, or the network of a `.onnx` file or of a `.npz` file that deltasim wrote.

    For all but chains of fully connected layers: `output` is the node (of ONNX, also the value) to end at, instead of
    the network's own output; `input_shape` (C, H, W) the shape of a frame, where the network leaves it open or can take
    another; `normalisation` how pixels become its input, where it does not say so (ONNX does not), see
    normalisation.NORMALISATIONS. Raises WorkloadError if there is no such name or file, it cannot be read, or cannot be
    had so.
    """
    if input_shape is not None:
        input_shape = checked_shape(input_shape)
    if str(name_or_path).endswith(".onnx"):
        network = import_onnx(name_or_path, input_shape=input_shape, output=output)
    else:
        network = _stored(name_or_path)
        given = {"output": output, "input_shape": input_shape}
        network = _as_asked(network, {name: value for name, value in given.items() if value is not None})
    return network if normalisation is None else with_normalisation(network, normalisation)


def with_normalisation(network: Network, name: Normalisation) -> Network:
    """The network with the normalisation of that name. Raises WorkloadError if it cannot have it."""
    if network.chain is not None and network.preprocessing is not None:
        raise WorkloadError(
            f"normalisation {name!r} is for networks such as ONNX ones, which do not say how pixels become their "
            f"input; {network.name!r} says so itself (a pixel times {network.input_scale:.6g}): leave it out"
        )
    return normalised(network, name)


def _as_asked(network: Network, given: Mapping[str, Any]) -> Network:
    """A stored network that ends at another node or takes frames of another shape."""
    if not given:
        return network
    if network.chain is not None:
        raise WorkloadError(
            f"{' and '.join(given)} can be chosen for networks that are no chain, such as those of ONNX files; "
            f"{network.name!r} is a chain of fully connected layers: leave it out"
        )
    cut = cut_graph(network, given["output"]) if "output" in given else network
    return replace(cut, input_shape=given.get("input_shape", cut.input_shape))


def _stored(name_or_path: str | Path) -> Network:
    """A bundled network, or that of a `.npz` file."""
    name, path = str(name_or_path), Path(name_or_path)
    if name == SQUEEZENET:
        return squeezenet11()
    if path.suffix == ".npz":
        text = read_archive(path, only=("format",)).get("format")
        if text is None:
            raise WorkloadError(
                f"{path}: has no array 'format'. A network file has format, name, layers, weights_1, bias_1, ...; a "
                "stack of frames is none"
            )
        return load_graph(path) if str(text) == GRAPH_FORMAT else load_chain(path)
    if name not in list_networks():
        known = list_networks()
        raise WorkloadError(
            f"no network {name!r}: not a bundled name, nor a .onnx or .npz file.{did_you_mean(name, known)}"
        )
    return load_chain(name)
