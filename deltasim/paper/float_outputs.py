"""What the float network answers, in the order of the integer networks' outputs: the reference of Figure 5."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workloads import Network, WorkloadError, run_graph
from workloads.graphs.graph import Flatten, Softmax
from workloads.graphs.run import normalise

_BLOCK = 8


def output_node(graph: Network) -> str:
    """The node whose values are the integer networks' outputs: the last but for a soft-max or a flattening."""
    node = graph.by_name[graph.output]
    while isinstance(node.operation, Softmax | Flatten) and node.inputs[0] in graph.by_name:
        node = graph.by_name[node.inputs[0]]
    return node.name


def classifies(graph: Network) -> bool:
    """True if the outputs are classes, not a map of features."""
    return bool(graph.classes) or isinstance(graph.by_name[graph.output].operation, Softmax)


def float_outputs(graph: Network, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, outputs) float32 of `frames` (n, pixels) uint8, maps flattened in (y, x, channel) order; few at a time."""
    if graph.preprocessing is None:
        raise WorkloadError(f"network {graph.name!r} does not say how pixels become its input")
    node, blocks = output_node(graph), []
    for first in range(0, len(frames), _BLOCK):
        pixels = frames[first : first + _BLOCK].reshape(-1, *graph.input_shape)
        values = run_graph(graph, normalise(graph.preprocessing, pixels), [node])[node]
        maps = values.transpose(0, 2, 3, 1) if values.ndim == 4 else values
        blocks.append(maps.reshape(len(pixels), -1).astype(np.float32))
    return np.concatenate(blocks)
