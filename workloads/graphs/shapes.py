"""Shapes of the values in a graph, and how windows lie on a map. Batch axes never appear here."""

from collections.abc import Sequence
from math import prod
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.graphs.operations import (
    INPUT,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Node,
    Operation,
    Pair,
    Shape,
)

Windowed: TypeAlias = Convolution | MaxPool | AveragePool


def infer_shapes(nodes: Sequence[Node], input_shape: Shape) -> dict[str, Shape]:
    """Shape of the frame (under INPUT) and of what each node gives, in the order of `nodes`.

    Raises WorkloadError, naming the node, if a node reads a name not given before it or values that do not fit.
    """
    shapes = {INPUT: input_shape}
    for node in nodes:
        for name in node.inputs:
            if name not in shapes:
                raise WorkloadError(
                    f"node {node.name!r} reads {name!r}, which no node before it gives.{did_you_mean(name, shapes)}"
                )
        try:
            shapes[node.name] = output_shape(node.operation, [shapes[name] for name in node.inputs])
        except WorkloadError as error:
            kind = type(node.operation).__name__
            raise WorkloadError(f"node {node.name!r} ({kind} of {', '.join(node.inputs)}): {error}") from None
    return shapes


def output_shape(operation: Operation, inputs: Sequence[Shape]) -> Shape:
    """Shape of what `operation` gives for inputs of these shapes. Raises WorkloadError if it cannot take them."""
    if isinstance(operation, Add | Concatenate):
        return _joined(operation, inputs)
    if len(inputs) != 1:
        raise WorkloadError(f"has {len(inputs)} inputs; needed one")
    if isinstance(operation, Convolution | MaxPool | AveragePool):
        return _windowed(operation, inputs[0])
    if isinstance(operation, GlobalAveragePool):
        return _map_shape(inputs[0])[0], 1, 1
    if isinstance(operation, Flatten):
        return (prod(inputs[0]),)
    if isinstance(operation, Dense):
        return _dense(operation, inputs[0])
    return inputs[0]


def effective_kernel(operation: Windowed) -> Pair:
    """Rows and columns a window spans, dilation included."""
    dilation = (1, 1) if isinstance(operation, AveragePool) else operation.dilation
    kernel, (down, across) = operation.kernel, dilation
    return (kernel[0] - 1) * down + 1, (kernel[1] - 1) * across + 1


def overhang(operation: Windowed, shape: Shape) -> Pair:
    """Rows below and columns right of the padded map that the last window of a ceil-mode pool reaches."""
    _, height, width = _map_shape(shape)
    _, rows, columns = _windowed(operation, shape)
    span, stride, (top, left, bottom, right) = effective_kernel(operation), operation.stride, operation.padding
    below = (rows - 1) * stride[0] + span[0] - (height + top + bottom)
    beside = (columns - 1) * stride[1] + span[1] - (width + left + right)
    return max(below, 0), max(beside, 0)


def window_divisors(pool: AveragePool, shape: Shape) -> NDArray[np.int64]:
    """By what the sum of each window is divided: (H', W') int64, for a map of shape (C, H, W)."""
    _, height, width = _map_shape(shape)
    _, rows, columns = _windowed(pool, shape)
    (top, left, bottom, right), (down, across) = pool.padding, pool.stride
    margins = (top, bottom, left, right) if pool.count_padding else (0, 0, 0, 0)
    tall = _positions(rows, down, pool.kernel[0], top, (-margins[0], height + margins[1]))
    wide = _positions(columns, across, pool.kernel[1], left, (-margins[2], width + margins[3]))
    return np.outer(tall, wide)


def _positions(windows: int, stride: int, kernel: int, before: int, counted: Pair) -> NDArray[np.int64]:
    """How many positions of each window, along one axis, lie in `counted` (from, to)."""
    starts = np.arange(windows, dtype=np.int64) * stride - before
    return np.minimum(starts + kernel, counted[1]) - np.maximum(starts, counted[0])


def _windowed(operation: Windowed, shape: Shape) -> Shape:
    channels, height, width = _map_shape(shape)
    if isinstance(operation, Convolution):
        taken = operation.weights.shape[1] * operation.groups
        if channels != taken:
            raise WorkloadError(
                f"takes {taken} channels (weights {operation.weights.shape}, groups {operation.groups}), is given a "
                f"map of shape {shape}: {channels} channels"
            )
        channels = operation.weights.shape[0]
    (top, left, bottom, right), span = operation.padding, effective_kernel(operation)
    ceil = not isinstance(operation, Convolution) and operation.ceil
    rows = _windows(height, top, bottom, span[0], operation.stride[0], ceil)
    columns = _windows(width, left, right, span[1], operation.stride[1], ceil)
    if rows < 1 or columns < 1:
        raise WorkloadError(
            f"its window of {span[0]} x {span[1]} (dilation included) is larger than the map {height} x {width} with "
            f"padding {operation.padding} (top, left, bottom, right); use a larger frame"
        )
    if isinstance(operation, MaxPool):
        for axis, (size, windows) in enumerate(((height, rows), (width, columns))):
            _check_sight(operation, axis, size, windows)
    return int(channels), rows, columns


def _check_sight(pool: MaxPool, axis: int, size: int, windows: int) -> None:
    """Raise WorkloadError if a dilated window lies around the map without seeing any of it: nothing is its largest."""
    starts = np.arange(windows) * pool.stride[axis] - pool.padding[axis]
    places = starts[:, None] + np.arange(pool.kernel[axis]) * pool.dilation[axis]
    blind = ~((places >= 0) & (places < size)).any(axis=1)
    if blind.any():
        raise WorkloadError(
            f"its window {int(blind.argmax())} along {'yx'[axis]} sees padding only (kernel {pool.kernel}, dilation "
            f"{pool.dilation}, padding {pool.padding}, map side {size}); use less padding or a larger frame"
        )


def _windows(size: int, before: int, after: int, span: int, stride: int, ceil: bool) -> int:
    """Windows along one axis. With `ceil`, the last one must begin in the map or the padding before it (ONNX)."""
    room = size + before + after - span
    if room < 0:
        return 0
    count = (room + stride - 1) // stride + 1 if ceil else room // stride + 1
    return count - 1 if ceil and (count - 1) * stride >= size + before else count


def _map_shape(shape: Shape) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise WorkloadError(f"needs a map (C, H, W), is given a vector of shape {shape}")
    return shape[0], shape[1], shape[2]


def _dense(operation: Dense, shape: Shape) -> Shape:
    inputs, outputs = operation.weights.shape
    if prod(shape) != inputs:
        raise WorkloadError(
            f"takes {inputs} values (weights {operation.weights.shape}), is given shape {shape}: {prod(shape)} values"
        )
    return (int(outputs),)


def _joined(operation: Add | Concatenate, inputs: Sequence[Shape]) -> Shape:
    if len(inputs) < 2:
        raise WorkloadError(f"has {len(inputs)} inputs; needed two or more")
    skip = 1 if isinstance(operation, Concatenate) else 0
    if len({(len(shape), shape[skip:]) for shape in inputs}) > 1:
        same = "the same height and width" if skip else "one shape"
        raise WorkloadError(f"its inputs have shapes {', '.join(map(str, inputs))}; they must have {same}")
    return (sum(shape[0] for shape in inputs), *inputs[0][1:]) if skip else inputs[0]
