"""Windows that move over a map, along one axis: which positions each looks at, and which of them look at a position.

The one place for this: a convolution's kernel and a pool are the same here. The reference engine finds it by itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.integer.network import MaxPooling, Window


@dataclass(frozen=True)
class Axis:
    """Windows of `kernel` taps along one axis: tap k of output o is at `stride * o + dilation * k - padding`."""

    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1


def kernel_axis(window: Window, kernel: int, axis: int) -> Axis:
    """A convolution's windows along `axis` (0: y, 1: x), of `kernel` taps there."""
    return Axis(kernel, window.stride[axis], window.padding[axis], window.dilation[axis])


def pool_axis(pool: MaxPooling, axis: int) -> Axis:
    """A pool's windows along `axis` (0: y, 1: x)."""
    return Axis(pool.kernel[axis], pool.stride[axis], pool.padding[axis], pool.dilation[axis])


def first_tap(windows: Axis, output: int) -> int:
    """Where output `output` begins to look; before the map if negative."""
    return windows.stride * output - windows.padding


def taps(windows: Axis, outputs: NDArray[np.int64]) -> NDArray[np.int64]:
    """(outputs, kernel) int64: where each output looks, inside the map or not."""
    places: NDArray[np.int64] = np.arange(windows.kernel) * windows.dilation
    return windows.stride * outputs[:, None] - windows.padding + places


def looks(windows: Axis, outputs: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """(outputs,) int64: how many positions of a map of `size` each output looks at."""
    places = taps(windows, outputs)
    seen: NDArray[np.int64] = np.count_nonzero((places >= 0) & (places < size), axis=1)
    return seen


def hits(windows: Axis, outputs: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """(size,) int64: how many of these outputs look at each position of a map of `size`."""
    places = taps(windows, outputs)
    return np.bincount(places[(places >= 0) & (places < size)], minlength=size).astype(np.int64)


def hits_by_output(windows: Axis, outputs: int, size: int) -> NDArray[np.int64]:
    """(outputs, size) int64: 1 where an output looks at a position of a map of `size`, else 0."""
    found = np.zeros((outputs, size), np.int64)
    places = taps(windows, np.arange(outputs))
    output, tap = np.nonzero((places >= 0) & (places < size))
    found[output, places[output, tap]] = 1
    return found


def reach(windows: Axis, outputs: int) -> int:
    """Positions from where the first of `outputs` windows begins to where the last one ends."""
    return (outputs - 1) * windows.stride + (windows.kernel - 1) * windows.dilation + 1


def padding_after(windows: Axis, outputs: int, size: int) -> int:
    """Positions behind a map of `size` that the last of `outputs` windows reaches over."""
    return max(0, reach(windows, outputs) - windows.padding - size)


def at_tap(windows: Axis, tap: int, outputs: int) -> slice:
    """What tap `tap` of each of `outputs` windows sees of a map with its padding around."""
    begin = tap * windows.dilation
    return slice(begin, begin + (outputs - 1) * windows.stride + 1, windows.stride)
