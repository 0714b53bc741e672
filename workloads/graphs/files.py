"""Graphs on disk: `.npz` archives without pickles.

format         "deltasim-graph-1"
structure      one JSON text: name, input_shape, output, classes, preprocessing, nodes in order, each with its name,
               operation, inputs and the operation's numbers. Infinite numbers are the texts "inf" and "-inf"
weights_N      weights of node N, counted from 1, if it has any: float32, shapes as in graph_operations
bias_N         its bias
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from math import isinf
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.frames.archives import read_archive
from workloads.graphs.graph import Network, Preprocessing
from workloads.graphs.operations import Convolution, Dense, Node, Operation
from workloads.naming import naming

FORMAT = "deltasim-graph-1"
_OPERATIONS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Operation)}
_ARRAYS = ("weights", "bias")


def save_graph(graph: Network, path: Path) -> None:
    """Write `graph` as a `.npz` file that load_graph reads back to the same bits; same graph, same bytes."""
    arrays: dict[str, NDArray[Any]] = {"format": np.array(FORMAT), "structure": np.array(_structure(graph))}
    for number, node in enumerate(graph.nodes, 1):
        if isinstance(node.operation, Convolution | Dense):
            arrays[f"weights_{number}"] = node.operation.weights
            arrays[f"bias_{number}"] = node.operation.bias
    with naming(path), path.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)


def load_graph(path: Path) -> Network:
    """Read what save_graph wrote. Raises WorkloadError if there is no such file or it is not a whole graph file."""
    arrays = read_archive(path)
    try:
        _check_format(str(arrays["format"]))
        return _graph_of(json.loads(str(arrays["structure"])), arrays)
    except KeyError as error:
        raise WorkloadError(
            f"{path}: has no {error}. A graph file has format, structure, and weights_N and bias_N of its layers"
        ) from None
    except (WorkloadError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise WorkloadError(f"{path}: {error}") from error


def _check_format(given: str) -> None:
    if given != FORMAT:
        raise WorkloadError(f"format is {given!r}; this version reads {FORMAT!r}")


def _structure(graph: Network) -> str:
    structure = {
        "name": graph.name,
        "input_shape": graph.input_shape,
        "output": graph.output,
        "classes": graph.classes,
        "preprocessing": None if graph.preprocessing is None else asdict(graph.preprocessing),
        "nodes": [_node_entry(node) for node in graph.nodes],
    }
    return json.dumps(structure, allow_nan=False)


def _node_entry(node: Node) -> dict[str, Any]:
    operation = node.operation
    numbers = {field.name: getattr(operation, field.name) for field in fields(operation) if field.name not in _ARRAYS}
    plain = {key: str(value) if isinstance(value, float) and isinf(value) else value for key, value in numbers.items()}
    return {"name": node.name, "operation": type(operation).__name__, "inputs": node.inputs, **plain}


def _graph_of(structure: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Network:
    given = structure["preprocessing"]
    preprocessing = given and Preprocessing(str(given["order"]), _floats(given["mean"]), _floats(given["scale"]))  # type: ignore[arg-type]
    return Network(
        str(structure["name"]),
        _integers(structure["input_shape"]),
        tuple(_node_of(entry, number, arrays) for number, entry in enumerate(structure["nodes"], 1)),
        str(structure["output"]),
        tuple(str(name) for name in structure["classes"]),
        preprocessing or None,
    )


def _node_of(entry: Mapping[str, Any], number: int, arrays: Mapping[str, NDArray[Any]]) -> Node:
    where, kind = f"node {entry['name']!r}", str(entry["operation"])
    if kind not in _OPERATIONS:
        raise WorkloadError(f"{where}: no operation {kind!r}.{did_you_mean(kind, _OPERATIONS)}")
    names = [field.name for field in fields(_OPERATIONS[kind])]
    try:
        numbers = {name: _READERS[name](entry[name]) for name in names if name not in _ARRAYS}
    except (TypeError, ValueError) as error:
        raise WorkloadError(f"{where} ({kind}): {error}") from None
    weights = {name: arrays[f"{name}_{number}"] for name in names if name in _ARRAYS}
    return Node(str(entry["name"]), _OPERATIONS[kind](**numbers, **weights), tuple(map(str, entry["inputs"])))


def _integer(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is no integer")
    return value


def _integers(value: Iterable[object]) -> tuple[int, ...]:
    return tuple(_integer(number) for number in value)


def _floats(value: Iterable[float]) -> tuple[float, ...]:
    return tuple(float(number) for number in value)


def _boolean(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError(f"{value!r} is not true or false")
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("kernel", "stride", "padding", "dilation"), _integers),
    **dict.fromkeys(("ceil", "count_padding", "logarithm"), _boolean),
    **dict.fromkeys(("low", "high", "slope"), float),
    "groups": _integer,
    "kind": str,
}
