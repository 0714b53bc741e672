"""The linear operations of an integer layer on a batch of maps, exact, for all kinds of synapses."""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workloads.integer.bounds import static_bound
from workloads.integer.network import IntArray, IntegerLayer, Map, Synapses, Window
from workloads.integer.windows import Axis, at_tap, kernel_axis, padding_after

Numbers: TypeAlias = NDArray[Any]


def exact_sums(layer: IntegerLayer, sent: list[IntArray], largest: tuple[int, ...]) -> NDArray[np.int64]:
    """Accumulators (n, H, W, C) int64 before their width is applied: the bias and what all synapses add.

    `sent`: the maps (n, H, W, C) of each synapse's sender. `largest`: bounds of their magnitudes.
    """
    dtype = _exact_type(layer, largest)
    total = np.empty((len(sent[0]), *layer.shape), np.int64)
    total[:] = layer.bias
    for synapses, maps in zip(layer.synapses, sent, strict=True):
        total += apply_synapses(synapses, maps.astype(dtype), layer.shape, dtype).astype(np.int64)
    return total


def _exact_type(layer: IntegerLayer, largest: tuple[int, ...]) -> type[Any]:
    """Fastest numbers that hold every partial sum, in any order: matrix products of floats beat those of integers."""
    bound = static_bound(layer, largest).max()
    return np.float32 if bound < 2**24 else np.float64 if bound < 2**53 else np.int64


def apply_synapses(synapses: Synapses, maps: Numbers, shape: Map, dtype: type[Any]) -> Numbers:
    """What one sender's `maps` (n, H, W, C) add to the accumulators of a layer: (n, *shape), computed in `dtype`."""
    weights = synapses.weights.astype(dtype)
    if synapses.window is None:
        sums: Numbers = maps.reshape(len(maps), len(weights)) @ weights
        return sums.reshape(len(maps), *shape)
    return _convolved(maps, weights, synapses.window, shape)


def _convolved(maps: Numbers, weights: Numbers, window: Window, shape: Map) -> Numbers:
    """One matrix product per position in the kernel, of what all windows see there."""
    (tall, wide), groups = weights.shape[1:3], window.groups
    down, across = kernel_axis(window, tall, 0), kernel_axis(window, wide, 1)
    padded = _padded(maps, (down, across), shape)
    sums = np.zeros((len(maps), *shape), maps.dtype)
    for y, x in np.ndindex(tall, wide):
        seen = padded[:, at_tap(down, y, shape[0]), at_tap(across, x, shape[1])]
        sums += _mixed(seen, weights[:, y, x].reshape(groups, -1, weights.shape[3]))
    return sums


def _mixed(seen: Numbers, weights: Numbers) -> Numbers:
    """Channels of (n, H, W, C) mixed by (groups, C / groups, outputs per group) weights."""
    groups, taken, outputs = weights.shape
    mixed: Numbers
    if groups == 1:
        mixed = seen @ weights[0]
        return mixed
    places = seen.shape[:3]
    grouped = seen.reshape(-1, groups, taken)
    if taken == 1:
        return (grouped * weights[:, 0]).reshape(*places, groups * outputs)
    mixed = grouped.transpose(1, 0, 2) @ weights
    return mixed.transpose(1, 0, 2).reshape(*places, groups * outputs)


def _padded(maps: Numbers, windows: tuple[Axis, Axis], shape: Map) -> Numbers:
    """`maps` with zeros around: as many above and left as the window says, as many below and right as it reaches."""
    sides = [
        (each.padding, padding_after(each, outputs, size))
        for each, outputs, size in zip(windows, shape[:2], maps.shape[1:3], strict=True)
    ]
    if not any(map(any, sides)):
        return maps
    return np.pad(maps, ((0, 0), *sides, (0, 0)))
