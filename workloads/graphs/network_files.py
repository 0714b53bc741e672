"""Networks on disk: the bundled ones by name, and `.npz` files.

The file of a chain of fully connected layers is one that is easily made by hand: a NumPy archive without pickles, with
these arrays (N counts layers from 1). Any other network is written as a graph (see files).

    format         "deltasim-network-1"
    name           text
    input_scale    float, the real value of one pixel step
    input_shape    integers, shape of a frame
    classes        names of the outputs; may be empty
    layers         names of the layers, in order
    activations    "relu" or "identity" for each layer; the last is "identity"
    weights_N      (inputs, outputs) float32
    bias_N         (outputs,) float32
"""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.frames.archives import read_archive
from workloads.graphs.files import save_graph
from workloads.graphs.graph import Network
from workloads.graphs.network import network_from_arrays
from workloads.naming import naming

FORMAT = "deltasim-network-1"
_BUNDLED = {"mnist-784-200-200-10": "ReLU network of the sigma-delta paper's section 5.2, for 28 x 28 digits"}


def list_networks() -> dict[str, str]:
    """Name and one-line description of every bundled network."""
    return dict(_BUNDLED)


def load_network(name_or_path: str | Path) -> Network:
    """Read a bundled network by name, or a `.npz` file (keys: see the module) by path.

    Raises WorkloadError if there is no such name or file, or it is not a whole network file.
    """
    name = str(name_or_path)
    if name in _BUNDLED:
        with resources.as_file(resources.files("workloads") / "data" / f"{name}.npz") as path:
            return _read_network(path)
    path = Path(name_or_path)
    if path.suffix == ".npz":
        return _read_network(path)
    raise WorkloadError(f"no network {name!r}: not a bundled name, nor a .npz file.{did_you_mean(name, _BUNDLED)}")


def save_network(network: Network, path: Path) -> None:
    """Write `network` as a `.npz` file that load_network reads back to the same bits; same network, same bytes."""
    if not _made_of_arrays(network):
        save_graph(network, path)
        return
    arrays: dict[str, NDArray[Any]] = {
        "format": np.array(FORMAT),
        "name": np.array(network.name),
        "input_scale": np.array(network.input_scale),
        "input_shape": np.array(network.input_shape, np.int64),
        "classes": np.array(network.classes, np.str_),
        "layers": np.array([layer.name for layer in network.layers], np.str_),
        "activations": np.array([layer.activation for layer in network.layers], np.str_),
    }
    for number, layer in enumerate(network.layers, 1):
        arrays[f"weights_{number}"] = layer.weights
        arrays[f"bias_{number}"] = layer.bias
    with naming(path), path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def _made_of_arrays(network: Network) -> bool:
    """Whether network_from_arrays makes this very network of its layers, so that they say all that it is."""
    if network.chain is None or network.preprocessing is None or network.preprocessing.order != "gray":
        return False
    layers = network.layers
    again = network_from_arrays(
        [layer.weights for layer in layers],
        [layer.bias for layer in layers],
        name=network.name,
        activations=[layer.activation for layer in layers],
        layer_names=[layer.name for layer in layers],
        input_scale=network.input_scale,
        input_shape=network.input_shape,
        classes=network.classes,
    )
    return again.sha256() == network.sha256()


def _read_network(path: Path) -> Network:
    arrays = read_archive(path)
    try:
        return _network_of(arrays)
    except KeyError as error:
        needed = "format, name, input_scale, input_shape, classes, layers, activations, weights_1, bias_1, ..."
        raise WorkloadError(f"{path}: has no array {error}. A network file has {needed}") from None
    except (WorkloadError, TypeError, ValueError) as error:
        raise WorkloadError(f"{path}: {error}") from error


def _network_of(arrays: Mapping[str, NDArray[Any]]) -> Network:
    if str(arrays["format"]) != FORMAT:
        raise WorkloadError(f"format is {str(arrays['format'])!r}; this version reads {FORMAT!r}")
    numbers = range(1, arrays["layers"].size + 1)
    return network_from_arrays(
        [arrays[f"weights_{number}"] for number in numbers],
        [arrays[f"bias_{number}"] for number in numbers],
        name=str(arrays["name"]),
        activations=arrays["activations"].tolist(),
        layer_names=arrays["layers"].tolist(),
        input_scale=float(arrays["input_scale"]),
        input_shape=tuple(arrays["input_shape"].tolist()),
        classes=arrays["classes"].tolist(),
    )
