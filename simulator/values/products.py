"""Exact dense products: a core's accumulators from all inputs at once, by the float matrix product of numpy's BLAS.

A float sum of integers is exact, in whatever order it is made, while every partial sum stays within the integers that
the type holds: 2**24 for float32, 2**53 for float64. The static bound of a layer proves it before the run. Where
nearly all inputs changed and few come from each pixel this is faster than adding message by message; the choice never
changes a bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from workloads.integer.bounds import largest_inputs, static_bound
from workloads.integer.network import IntegerLayer, IntegerNetwork, Map, Synapses, Window
from workloads.integer.windows import kernel_axis, reach

Products = Literal["auto", "messages", "dense"]

NONE, SINGLE, DOUBLE = 0, 1, 2  # kinds of dense product: entries of NetworkArrays.product
FORCED: Final = 4  # added to the kind: wherever it is exact, whatever it costs
ROOM_WORDS: Final = 2**20  # entries of the matrix of windows that are laid out at a time

# Predicted costs, in multiply-accumulates of messages that come many to a pixel. Fitted to `python -m
# benchmarks.products`: a pixel with messages costs as much as PIXEL_COST messages more, and laying out the windows of a
# dense product as much as WINDOW_COST more inputs to each.
PIXEL_COST: Final = 8
SINGLE_COST: Final = 1.2
DOUBLE_COST: Final = 2.3
WINDOW_COST: Final = 50
FIXED_COST: Final = 2_000_000  # of calling numpy


@dataclass(frozen=True, eq=False)
class DenseLayer:
    """A layer's synapses with float weights: per sender (inputs of a window, output channels), C-contiguous."""

    layer: IntegerLayer
    matrices: tuple[NDArray[np.floating[Any]], ...]
    senders: tuple[Map, ...]


def dense_products(network: IntegerNetwork, products: Products) -> NDArray[np.int64]:
    """The kind of dense product that is exact for each core, (layers + 1,) int64; with groups there is none."""
    kinds = [NONE]
    for layer, largest in zip(network.layers, largest_inputs(network), strict=True):
        bound = int(static_bound(layer, largest).max(initial=0))
        grouped = any(each.window is not None and each.window.groups > 1 for each in layer.synapses)
        possible = products != "messages" and network.overflow == "wrap" and not grouped and bound < 2**53
        kind = (SINGLE if bound < 2**24 else DOUBLE) if possible else NONE
        kinds.append(kind + (FORCED if kind and products == "dense" else 0))
    return np.array(kinds, np.int64)


def dense_layer_of(network: IntegerNetwork, core: int, kind: int) -> DenseLayer:
    """Core `core`'s weights as float matrices for a dense product of `kind`."""
    layer = network.layers[core - 1]
    width: type[np.floating[Any]] = np.float32 if kind & SINGLE else np.float64
    return DenseLayer(
        layer=layer,
        matrices=tuple(_matrix(each).astype(width) for each in layer.synapses),
        senders=tuple(network.sent_shape(each.source) for each in layer.synapses),
    )


def dense_product(dense: DenseLayer, integers: list[NDArray[np.int32]], accumulator: NDArray[np.int32]) -> None:
    """accumulator = bias + the synapses applied to `integers`, s of each sender, modulo 2**32.

    integers: per sender (neurons,) int32; accumulator: (accumulators,) int32, overwritten.
    """
    rows, columns, channels = dense.layer.shape
    target = accumulator.reshape(rows, columns, channels)
    target[...] = dense.layer.bias
    for synapses, matrix, shape, s in zip(dense.layer.synapses, dense.matrices, dense.senders, integers, strict=True):
        if synapses.window is None:
            target += (s.astype(matrix.dtype) @ matrix).astype(np.int64).astype(np.int32).reshape(target.shape)
        else:
            _add_windows(synapses, synapses.window, matrix, s.reshape(shape).astype(matrix.dtype), target)


def _add_windows(
    synapses: Synapses,
    window: Window,
    matrix: NDArray[np.floating[Any]],
    s: NDArray[np.floating[Any]],
    target: NDArray[np.int32],
) -> None:
    """target += the convolution of the map s, some rows at a time."""
    kernel = synapses.weights.shape[1:3]
    rows, columns, _ = target.shape
    padded = _padded(s, window, kernel, (rows, columns))
    step_y, step_x, step_c = padded.strides
    most = max(1, ROOM_WORDS // (columns * matrix.shape[0]))
    for begin in range(0, rows, most):
        count = min(most, rows - begin)
        windows = np.lib.stride_tricks.as_strided(
            padded[begin * window.stride[0] :],
            (count, columns, *kernel, s.shape[2]),
            (
                step_y * window.stride[0],
                step_x * window.stride[1],
                step_y * window.dilation[0],
                step_x * window.dilation[1],
                step_c,
            ),
            writeable=False,
        ).reshape(count * columns, matrix.shape[0])
        sums = (windows @ matrix).reshape(count, columns, -1)
        target[begin : begin + count] += sums.astype(np.int64 if matrix.dtype == np.float64 else np.int32).astype(
            np.int32, copy=False
        )


def _padded(
    s: NDArray[np.floating[Any]], window: Window, kernel: tuple[int, ...], target: tuple[int, int]
) -> NDArray[np.floating[Any]]:
    """The map s within zeros, as far as the windows of all target positions look."""
    sizes = [reach(kernel_axis(window, kernel[axis], axis), target[axis]) for axis in (0, 1)]
    padded = np.zeros((*sizes, s.shape[2]), s.dtype)
    top, left = window.padding
    inside = padded[top : top + s.shape[0], left : left + s.shape[1]]
    inside[...] = s[: inside.shape[0], : inside.shape[1]]
    return padded


def _matrix(synapses: Synapses) -> NDArray[Any]:
    """Weights as (inputs of a window in (kernel y, kernel x, channel) order, output channels)."""
    if synapses.window is None:
        return synapses.weights
    weights = synapses.weights.transpose(1, 2, 0, 3)
    return np.ascontiguousarray(weights).reshape(prod(weights.shape[:3]), weights.shape[3])
