"""A float graph on frames: the plain batch executor that calibration and comparisons use."""

from collections.abc import Callable, Collection, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.graphs.activations import function_of
from workloads.graphs.convolve import convolve
from workloads.graphs.graph import Network, Preprocessing
from workloads.graphs.operations import (
    INPUT,
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    FloatingArray,
    GlobalAveragePool,
    MaxPool,
    Node,
    Operation,
    Softmax,
)
from workloads.graphs.pool import average_pool, max_pool

_BATCH_BYTES = 64 << 20


def normalise(preprocessing: Preprocessing, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Real input (n, C, H, W) float32 of a network, for pixels of that shape in the network's order of channels."""
    if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[1] != len(preprocessing.mean):
        raise WorkloadError(
            f"pixels are {pixels.shape} {pixels.dtype}; needed (n, {len(preprocessing.mean)}, H, W) uint8, channels in "
            f"the order {preprocessing.order!r}"
        )
    mean, scale = (np.array(numbers)[:, None, None] for numbers in (preprocessing.mean, preprocessing.scale))
    real: NDArray[np.float32] = ((pixels - mean) * scale).astype(np.float32)
    return real


def run_graph(
    graph: Network,
    frames: NDArray[Any],
    keep: Collection[str] | None = None,
    dtype: type[np.float32 | np.float64] = np.float32,
) -> dict[str, FloatingArray]:
    """Values of the nodes `keep` names (INPUT is the frames; None: of all) for real frames (n, C, H, W).

    Each is (n, C, H, W) or (n, N) of `dtype`, in the order of the nodes. Frames go through in batches, so that memory
    is what is kept and little more. Raises WorkloadError if the frames do not fit or there is no such node.
    """
    kept = set(graph.shapes if keep is None else keep)
    for name in kept - set(graph.shapes):
        raise WorkloadError(f"network {graph.name!r} has no node {name!r}.{did_you_mean(name, graph.shapes)}")
    _check_frames(graph, frames)
    values = {name: np.empty((len(frames), *shape), dtype) for name, shape in graph.shapes.items() if name in kept}
    batch = _frames_at_once(graph, np.dtype(dtype).itemsize)
    for first in range(0, len(frames), batch):
        part = slice(first, first + batch)
        if INPUT in kept:
            values[INPUT][part] = frames[part]
        for node, value in walk_graph(graph, frames[part], dtype):
            if node.name in kept:
                values[node.name][part] = value
    return values


def walk_graph(
    graph: Network, frames: NDArray[Any], dtype: type[np.float32 | np.float64] = np.float32
) -> Iterator[tuple[Node, FloatingArray]]:
    """Each node in order with its values (n, C, H, W) or (n, N) `dtype`, for real frames (n, C, H, W).

    A value is let go once every node that reads it is done, so that statistics over all nodes of a large network need
    no more memory than its widest place. All frames go through at once: hand over few.
    """
    _check_frames(graph, frames)
    last_reader = {name: node.name for node in graph.nodes for name in node.inputs}
    values: dict[str, FloatingArray] = {INPUT: frames.astype(dtype, copy=False)}
    for node in graph.nodes:
        value = evaluate(node.operation, [values[name] for name in node.inputs])
        for name in set(node.inputs):
            if last_reader[name] == node.name:
                del values[name]
        values[node.name] = value
        yield node, value


def evaluate(operation: Operation, inputs: list[FloatingArray]) -> FloatingArray:
    """What `operation` gives for inputs with a leading batch axis; computed in their dtype, their shapes unchecked."""
    first = inputs[0]
    if isinstance(operation, Convolution):
        return convolve(operation, first)
    if isinstance(operation, Dense):
        weights = operation.weights.astype(first.dtype, copy=False)
        return first.reshape(len(first), -1) @ weights + operation.bias.astype(first.dtype, copy=False)
    if isinstance(operation, Activation):
        activated: FloatingArray = function_of(operation).value(operation, first, np)
        return activated
    if isinstance(operation, Add):
        return sum(inputs[1:], start=first)
    function = _OTHERS[type(operation)]
    return function(operation, inputs)


def _softmax(operation: Softmax, values: FloatingArray) -> FloatingArray:
    shifted: FloatingArray = values - values.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    logarithms: FloatingArray = shifted - np.log(total)
    return logarithms if operation.logarithm else np.exp(logarithms)


_OTHERS: dict[type[Any], Callable[[Any, list[FloatingArray]], FloatingArray]] = {
    MaxPool: lambda pool, inputs: max_pool(pool, inputs[0]),
    AveragePool: lambda pool, inputs: average_pool(pool, inputs[0]),
    Softmax: lambda softmax, inputs: _softmax(softmax, inputs[0]),
    Concatenate: lambda _, inputs: np.concatenate(inputs, axis=1),
    Flatten: lambda _, inputs: inputs[0].reshape(len(inputs[0]), -1),
    GlobalAveragePool: lambda _, inputs: inputs[0].mean(axis=(2, 3), keepdims=True),
}


def _check_frames(graph: Network, frames: NDArray[Any]) -> None:
    if frames.shape[1:] != graph.input_map or frames.dtype.kind != "f":
        raise WorkloadError(
            f"frames are {frames.shape} {frames.dtype}; network {graph.name!r} takes (n, "
            f"{', '.join(map(str, graph.input_map))}) floats. Pixels are made real with its preprocessing (normalise)"
        )


def _frames_at_once(graph: Network, item_bytes: int) -> int:
    """Frames whose widest values fill no more than _BATCH_BYTES; at least one."""
    widest = max(prod(shape) for shape in graph.shapes.values())
    return max(1, _BATCH_BYTES // (widest * item_bytes))
