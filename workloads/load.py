"""Any network by name or file: the bundled ones, chains and graphs in `.npz`, ONNX."""

from __future__ import annotations

from pathlib import Path

from workloads.archives import read_archive
from workloads.errors import WorkloadError, did_you_mean
from workloads.graph import Graph
from workloads.graph_files import FORMAT as GRAPH_FORMAT
from workloads.graph_files import load_graph
from workloads.network import Network
from workloads.network_files import list_networks as list_chains
from workloads.network_files import load_network as load_chain
from workloads.onnx_import import import_onnx
from workloads.squeezenet import squeezenet11

SQUEEZENET = "squeezenet11"


def list_networks() -> dict[str, str]:
    """Name and one-line description of every bundled network."""
    return {**list_chains(), SQUEEZENET: "SqueezeNet 1.1 for the 1000 classes of ImageNet, 227 x 227 in colour"}


def load_network(name_or_path: str | Path) -> Network | Graph:
    """A bundled network by name, or the network of a `.onnx` file or of a `.npz` file that deltasim wrote.

    Raises WorkloadError if there is no such name or file, or it cannot be read.
    """
    name, path = str(name_or_path), Path(name_or_path)
    if name == SQUEEZENET:
        return squeezenet11()
    if path.suffix == ".onnx":
        return import_onnx(path)
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
