"""Compiled inner loops of the fast engine: what a network sends, from what the trace lists of its integers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Listing, Maps, Slots
from simulator.values.arrays import Trace
from workloads.compiled import without_refcounts

Int32 = NDArray[np.int32]


@without_refcounts
def list_layer(
    maps: Maps, trace: Trace, listing: Listing, slots: Slots, slot: int, layer: int, carried: bool
) -> tuple[int, int]:
    """List the values that a layer sends in one frame. Returns the sum of magnitudes of its integers, and how many of
    them are not zero.

    carried: the trace lists changes of integers, else the integers that are not zero.
    """
    begin, end = maps.sent[layer], maps.sent[layer + 1]
    integers, known = listing.integers[begin:end], trace.messages[slot, layer]
    if not carried:
        for i in range(end - begin):
            integers[i] = 0
    _add(integers, trace.neuron[slot, begin:end], trace.value[slot, begin:end], known)
    channels = maps.sent_shape[layer, 2]
    pixel_messages = slots.pixel_messages[slot, maps.pixel[layer] : maps.pixel[layer + 1]]
    neuron, value = slots.neuron[slot, begin:end], slots.value[slot, begin:end]
    if maps.zeros:
        slots.messages[slot, layer] = end - begin
        for pixel in range(pixel_messages.shape[0]):
            pixel_messages[pixel] = channels
        return _list_all(integers, neuron, value)
    l1, nonzero = _list_nonzero(integers, channels, neuron, value, pixel_messages)
    slots.messages[slot, layer] = nonzero
    return l1, nonzero


@without_refcounts
def _add(integers: Int32, neuron: Int32, value: Int32, count: int) -> None:
    for j in range(count):
        m = np.uint64(j)
        integers[np.uint64(neuron[m])] += value[m]


@without_refcounts
def _list_all(integers: Int32, neuron: Int32, value: Int32) -> tuple[int, int]:
    l1, nonzero = np.int64(0), np.int64(0)
    for n in range(integers.shape[0]):
        i = np.uint64(n)
        s = integers[i]
        neuron[i] = n
        value[i] = s
        l1 += abs(np.int64(s))
        nonzero += s != 0
    return l1, nonzero


@without_refcounts
def _list_nonzero(
    integers: Int32, channels: int, neuron: Int32, value: Int32, pixel_messages: Int32
) -> tuple[int, int]:
    l1, listed = np.int64(0), np.uint64(0)
    for n in range(integers.shape[0]):
        s = integers[np.uint64(n)]
        neuron[listed] = n
        value[listed] = s
        l1 += abs(np.int64(s))
        listed += np.uint64(s != 0)
    j, count = np.int64(0), np.int64(listed)
    for pixel in range(pixel_messages.shape[0]):
        before, beyond = j, (pixel + 1) * channels
        while j < count and neuron[j] < beyond:
            j += 1
        pixel_messages[pixel] = j - before
    return l1, count
