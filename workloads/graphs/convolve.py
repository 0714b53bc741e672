"""Convolution of a batch of maps in numpy: window columns times weights, in bands that bound the memory."""

import numpy as np

from workloads.graphs.operations import Convolution, FloatingArray

_COLUMN_BYTES = 32 << 20


def convolve(operation: Convolution, maps: FloatingArray) -> FloatingArray:
    """Maps (n, C, H, W) to (n, out, H', W') of the same dtype; needs some 32 MB besides them and a padded copy."""
    weights = operation.weights.astype(maps.dtype, copy=False)
    padded = pad_maps(maps, operation.padding, 0.0)
    columns_per_output = weights.shape[1] * operation.kernel[0] * operation.kernel[1]
    if weights.shape[1] == 1 and operation.groups == maps.shape[1]:
        sums = _depthwise(operation, padded, weights)
    elif columns_per_output == weights.shape[1] and operation.stride == (1, 1) and operation.groups == 1:
        n, _, height, width = padded.shape
        sums = (weights[:, :, 0, 0] @ padded.reshape(n, -1, height * width)).reshape(n, -1, height, width)
    else:
        sums = _grouped(operation, padded, weights)
    sums += operation.bias.astype(maps.dtype, copy=False)[:, None, None]
    return sums


def pad_maps(maps: FloatingArray, padding: tuple[int, int, int, int], value: float) -> FloatingArray:
    """Maps (n, C, H, W) with `padding` (top, left, bottom, right) rows and columns of `value` around."""
    if not any(padding):
        return maps
    top, left, bottom, right = padding
    return np.pad(maps, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value)


def window_starts(size: int, span: int, stride: int) -> int:
    """Windows of `span` positions, `stride` apart, that fit in `size` positions."""
    return (size - span) // stride + 1


def _depthwise(operation: Convolution, padded: FloatingArray, weights: FloatingArray) -> FloatingArray:
    """One pass over the map per weight of the window; output o reads channel o // (outputs per channel)."""
    n, channels = padded.shape[:2]
    multiplier = len(weights) // channels
    rows, columns = _outputs(operation, padded)
    per_channel = weights.reshape(channels, multiplier, *operation.kernel)
    sums = np.zeros((n, channels, multiplier, rows, columns), padded.dtype)
    (down, across), (dy, dx) = operation.stride, operation.dilation
    for y, x in np.ndindex(operation.kernel):
        seen = padded[:, :, y * dy :: down, x * dx :: across][:, :, None, :rows, :columns]
        sums += seen * per_channel[:, :, y, x, None, None]
    return sums.reshape(n, -1, rows, columns)


def _grouped(operation: Convolution, padded: FloatingArray, weights: FloatingArray) -> FloatingArray:
    """Each group's windows as columns (n, in / groups * kernel, places), multiplied by its weights, band by band."""
    n, groups = len(padded), operation.groups
    outputs, taken = weights.shape[:2]
    rows, columns = _outputs(operation, padded)
    sums = np.empty((n, outputs, rows, columns), padded.dtype)
    row_bytes = taken * operation.kernel[0] * operation.kernel[1] * columns * padded.itemsize
    band = min(rows, max(1, _COLUMN_BYTES // row_bytes))
    frames = max(1, _COLUMN_BYTES // (row_bytes * band))
    for group in range(groups):
        mine = slice(group * (outputs // groups), (group + 1) * (outputs // groups))
        matrix = weights[mine].reshape(outputs // groups, -1)
        channels = padded[:, group * taken : (group + 1) * taken]
        for first in range(0, n, frames):
            for top in range(0, rows, band):
                tall = min(band, rows - top)
                window = _window_columns(operation, channels[first : first + frames], top, tall, columns)
                product = matrix @ window
                sums[first : first + frames, mine, top : top + tall] = product.reshape(
                    *product.shape[:2], tall, columns
                )
    return sums


def _window_columns(operation: Convolution, maps: FloatingArray, top: int, rows: int, columns: int) -> FloatingArray:
    """Windows of output rows `top` and on as (n, channels * kernel, rows * columns)."""
    (down, across), (dy, dx) = operation.stride, operation.dilation
    n, channels = maps.shape[:2]
    windows = np.empty((n, channels, *operation.kernel, rows, columns), maps.dtype)
    for y, x in np.ndindex(operation.kernel):
        seen = maps[:, :, top * down + y * dy :: down, x * dx :: across]
        windows[:, :, y, x] = seen[:, :, :rows, :columns]
    return windows.reshape(n, -1, rows * columns)


def _outputs(operation: Convolution, padded: FloatingArray) -> tuple[int, int]:
    (tall, wide), (dy, dx) = operation.kernel, operation.dilation
    return (
        window_starts(padded.shape[2], (tall - 1) * dy + 1, operation.stride[0]),
        window_starts(padded.shape[3], (wide - 1) * dx + 1, operation.stride[1]),
    )
