"""Exact resizing of images: every output pixel is a ratio of integers, rounded once, half up.

Along each axis an output pixel is a weighted mean of neighbouring input pixels, with integer weights whose sum is the
same for all outputs of the axis. So a result depends on no library, processor or number of threads.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workloads.compiled import compiled

Resampling = Literal["area", "bilinear", "nearest"]


@dataclass(frozen=True, eq=False)
class Taps:
    """Weights of one axis: output i is the sum over t of weights[i, t] * input[first[i] + t], divided by `total`.

    `first`: (outputs,) int64. `weights`: (outputs, taps) int32, 0 where an output needs fewer taps.
    """

    first: NDArray[np.int64]
    weights: NDArray[np.int32]
    total: int


@lru_cache(maxsize=64)
def taps_of(resampling: Resampling, inputs: int, outputs: int) -> Taps:
    """Weights that bring an axis of `inputs` pixels to `outputs`.

    area: the mean over the stretch of input that an output pixel covers (for making images smaller). bilinear: between
    the two input pixels nearest to the output pixel's centre, centres at half pixels, edges repeated (as most
    networks' training does). nearest: the input pixel under the output pixel's centre.
    """
    index = np.arange(outputs, dtype=np.int64)
    if resampling == "area":  # in units of 1 / outputs of an input pixel
        first, last = index * inputs // outputs, ((index + 1) * inputs - 1) // outputs
        pixel = first[:, None] + np.arange(int((last - first).max()) + 1)
        begin = np.maximum(pixel * outputs, index[:, None] * inputs)
        end = np.minimum((pixel + 1) * outputs, (index[:, None] + 1) * inputs)
        return Taps(first, np.maximum(end - begin, 0).astype(np.int32), inputs)
    if resampling == "nearest":
        return Taps((2 * index + 1) * inputs // (2 * outputs), np.ones((outputs, 1), np.int32), 1)
    centre = np.clip((2 * index + 1) * inputs - outputs, 0, 2 * outputs * (inputs - 1))  # in 1 / (2 * outputs) pixels
    first, rest = np.divmod(centre, 2 * outputs)
    return Taps(first, np.stack([2 * outputs - rest, rest], axis=1).astype(np.int32), 2 * outputs)


def resize(image: NDArray[np.uint8], size: tuple[int, int], resampling: Resampling) -> NDArray[np.uint8]:
    """An image (height, width, channels) uint8 brought to `size` (height, width), rounded half up."""
    height, width, channels = image.shape
    if (height, width) == size:
        return image
    rows, columns = taps_of(resampling, height, size[0]), taps_of(resampling, width, size[1])
    flat = np.ascontiguousarray(image).reshape(height, width * channels)
    out = np.empty((size[0], size[1] * channels), np.uint8)
    total = rows.total * columns.total
    _resize(flat, channels, rows.first, rows.weights, columns.first, columns.weights, total, out)
    return out.reshape(*size, channels)


@compiled
def _resize(
    flat: NDArray[np.uint8],
    channels: int,
    row_first: NDArray[np.int64],
    row_weights: NDArray[np.int32],
    column_first: NDArray[np.int64],
    column_weights: NDArray[np.int32],
    total: int,
    out: NDArray[np.uint8],
) -> None:
    """Rows first: a weighted sum of whole rows fits 32 bits (255 * 2 * outputs, or 255 * inputs) and vectorises."""
    length = flat.shape[1]
    line = np.empty(length, np.int32)
    for i in range(len(row_first)):
        line[:] = 0
        for t in range(row_weights.shape[1]):
            weight = row_weights[i, t]
            if weight != 0:  # a tap of weight 0 may lie beyond the last row
                source = row_first[i] + t
                for x in range(length):
                    line[x] += weight * np.int32(flat[source, x])
        for j in range(len(column_first)):
            for c in range(channels):
                value = np.int64(total // 2)
                for t in range(column_weights.shape[1]):
                    if column_weights[j, t] != 0:
                        value += np.int64(column_weights[j, t]) * line[(column_first[j] + t) * channels + c]
                out[i, j * channels + c] = value // total
