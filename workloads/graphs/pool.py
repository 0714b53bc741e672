"""Pooling of a batch of maps in numpy: one pass over the map per position of the window."""

from collections.abc import Iterator

import numpy as np

from workloads.graphs.convolve import pad_maps
from workloads.graphs.operations import AveragePool, FloatingArray, MaxPool
from workloads.graphs.shapes import output_shape, overhang, window_divisors


def max_pool(operation: MaxPool, maps: FloatingArray) -> FloatingArray:
    """Maps (n, C, H, W) to (n, C, H', W'): the largest value of each window, none of it from padding."""
    positions = _window_positions(operation, maps, float("-inf"))
    largest = next(positions).copy()
    for seen in positions:
        np.maximum(largest, seen, out=largest)
    return largest


def average_pool(operation: AveragePool, maps: FloatingArray) -> FloatingArray:
    """Maps (n, C, H, W) to (n, C, H', W'): the sum of each window over its divisor (graph_shapes.window_divisors)."""
    positions = _window_positions(operation, maps, 0.0)
    sums = next(positions).copy()
    for seen in positions:
        sums += seen
    sums /= window_divisors(operation, maps.shape[1:])
    return sums


def _window_positions(operation: MaxPool | AveragePool, maps: FloatingArray, outside: float) -> Iterator[FloatingArray]:
    """For each position in the window, what all windows see there: (n, C, H', W') views."""
    shape = maps.shape[1:]
    below, beside = overhang(operation, shape)
    top, left, bottom, right = operation.padding
    padded = pad_maps(maps, (top, left, bottom + below, right + beside), outside)
    _, rows, columns = output_shape(operation, [shape])
    (down, across), (dy, dx) = operation.stride, operation.dilation if isinstance(operation, MaxPool) else (1, 1)
    for y, x in np.ndindex(operation.kernel):
        yield padded[:, :, y * dy :: down, x * dx :: across][:, :, :rows, :columns]
