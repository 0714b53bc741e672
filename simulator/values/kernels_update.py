"""Compiled inner loops of the fast engine: the update phase of one layer in one frame, in bands that threads share.

Every band takes a range of the rows that are sent and lists its messages from its own first neuron on; `pack` then
moves them together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.values.arrays import RUN, NetworkArrays, Trace, ValueState
from simulator.values.kernels_messages import (
    CLIPPED,
    CLIPPED_CHANGE,
    COUNT,
    PIXELS,
    POSITIONS,
    SUMS,
    list_changes,
    list_values,
    sum_changes,
)
from simulator.values.kernels_requantise import look_up, requantise, requantise_leaky
from simulator.values.vectors import GROUP
from workloads.compiled import inlined, without_refcounts

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]
ZERO = np.int64(0)  # as an argument: for a literal the function called would be compiled once more


@without_refcounts
def update_band(
    net: NetworkArrays,
    state: ValueState,
    trace: Trace,
    slot: int,
    layer: int,
    fresh: bool,
    band: int,
    bands: int,
) -> None:
    """Requantise every pixel of the band that was touched (or all), list what is sent, and fill the band's sums."""
    rows, columns, channels = net.sent_shape[layer]
    last = layer == net.shape.shape[0] - 1
    pooled = net.pool[layer, 0] > 0 and not last
    accumulator = state.accumulator[net.begin[layer] : net.begin[layer + 1]]
    touched = state.touched[state.touched_begin[layer] : state.touched_begin[layer + 1]]
    integers = state.integers[net.sent[layer] : net.sent[layer + 1]]
    neuron = trace.neuron[slot, net.sent[layer] : net.sent[layer + 1]]
    value = trace.value[slot, net.sent[layer] : net.sent[layer + 1]]
    updated = trace.updated[slot, net.pixel[layer] : net.pixel[layer + 1]]
    pixel_messages = trace.pixel_messages[slot, net.pixel[layer] : net.pixel[layer + 1]]
    looks = net.looks[net.pixel[layer] : net.pixel[layer + 1]]
    room, sums = state.room[band], state.sums[band]
    for place in range(SUMS):
        sums[place] = 0
    pixel, end = (rows * band // bands) * columns, (rows * (band + 1) // bands) * columns
    before = listed = pixel * channels
    most = max(RUN // channels, 1)  # pixels at a time, so that they stay in the nearest cache
    while pixel < end:
        if pooled:
            stop = pixel + 1
            hit = _pool(net, layer, pixel, fresh, accumulator, touched, room)
        else:
            hit = fresh or touched[pixel] > 0
            stop = _run_end(pixel, min(end, pixel + most), hit, fresh, touched)
        for each in range(pixel, stop):
            updated[each], pixel_messages[each] = hit, 0
        if hit:
            if last:
                for i in range(pixel * channels, stop * channels):
                    integers[i] = accumulator[i]
            else:
                source, begin = (room, channels) if pooled else (accumulator, pixel * channels)
                _requantise_run(net, state, layer, pixel, stop, source, begin, room, sums)
                listed = _list_run(net, layer, pixel, stop, room, integers, neuron, value, pixel_messages, listed, sums)
            sums[PIXELS] += stop - pixel
            for each in range(pixel, stop):
                sums[POSITIONS] += looks[each]
        pixel = stop
    sums[COUNT] = listed - before


@without_refcounts
def _run_end(pixel: int, end: int, hit: bool, fresh: bool, touched: Bytes) -> int:
    """End of the run of pixels, from `pixel` on, that are all touched or all not."""
    if fresh:
        return end
    stop = pixel + 1
    while stop < end and (touched[stop] > 0) == hit:
        stop += 1
    return stop


@inlined
def _list_run(
    net: NetworkArrays,
    layer: int,
    pixel: int,
    stop: int,
    new: Int32,
    integers: Int32,
    neuron: Int32,
    value: Int32,
    pixel_messages: Int32,
    listed: int,
    sums: Int64,
) -> int:
    """List what pixels pixel .. stop send, whose new integers stand in `new`; returns how many are listed now."""
    channels, key, start = net.sent_shape[layer, 2], net.sent[layer], listed
    together = stop - pixel if channels < GROUP else 1  # pixels of few channels are listed as one
    for first in range(pixel, stop, together):
        before, place, count = listed, (first - pixel) * channels, together * channels
        if net.carried:
            listed = list_changes(new, place, count, integers, first * channels, neuron, value, listed)
        else:
            listed = list_values(new, place, count, integers, first * channels, key, neuron, value, listed, sums)
        if together == 1:
            pixel_messages[first] = listed - before
    if together > 1:
        _count_pixels(neuron, start, listed, channels, pixel, pixel_messages)
    if net.carried:
        sum_changes(integers, neuron, value, start, listed, key, sums)
    return listed


@without_refcounts
def _count_pixels(neuron: Int32, begin: int, end: int, channels: int, pixel: int, pixel_messages: Int32) -> None:
    """How many of messages begin .. end come from each pixel, from `pixel` on; all counts are 0 before."""
    beyond = (pixel + 1) * channels
    for j in range(begin, end):
        while neuron[j] >= beyond:
            pixel += 1
            beyond += channels
        pixel_messages[pixel] += 1


@inlined
def _requantise_run(
    net: NetworkArrays,
    state: ValueState,
    layer: int,
    pixel: int,
    stop: int,
    source: Int32,
    begin: int,
    out: Int32,
    sums: Int64,
) -> None:
    """Requantise pixels pixel .. stop, whose accumulators begin at source[begin], and note how many are clipped."""
    channels, table = net.sent_shape[layer, 2], net.scale[layer]
    size = net.scale[layer + 1] - table
    if layer == 0:  # always requantised whole, by a table entry for each neuron
        sums[CLIPPED] += _requantise(
            net, layer, table + pixel * channels, source, begin, out, ZERO, (stop - pixel) * channels
        )
        return
    for each in range(pixel, stop):
        offset, place = (each - pixel) * channels, net.pixel[layer] + each
        entry = table + (each * channels) % size
        clipped = _requantise(net, layer, entry, source, begin + offset, out, offset, channels)
        sums[CLIPPED] += clipped
        sums[CLIPPED_CHANGE] += clipped - state.clipped[place]
        state.clipped[place] = clipped


@inlined
def _requantise(
    net: NetworkArrays, layer: int, entry: int, source: Int32, begin: int, out: Int32, offset: int, count: int
) -> int:
    """Requantise `count` neurons, whose accumulators begin at source[begin]; returns those clipped."""
    if net.leaky[layer]:
        return requantise_leaky(
            source, begin, net.multiplier, net.shift, net.leak_multiplier, net.leak_shift, entry,
            net.rounding, net.s_low[layer], net.s_high[layer], out, offset, count,
        )  # fmt: skip
    clipped = requantise(
        source, begin, net.low, net.high, net.multiplier, net.shift, entry,
        net.rounding, net.s_low[layer], net.s_high[layer], out, offset, count,
    )  # fmt: skip
    if net.entry[layer + 1] > net.entry[layer]:
        look_up(net.entries, net.entry[layer] - net.s_low[layer], out, offset, count)
    return clipped


@inlined
def _pool(
    net: NetworkArrays, layer: int, pixel: int, fresh: bool, accumulator: Int32, touched: Bytes, room: Int32
) -> bool:
    """The largest accumulators in the window of one pixel sent, behind the first pixel's place in `room`.

    Returns whether any accumulator in the window was touched.
    """
    pool, shape = net.pool[layer], net.shape[layer]
    y, x = pixel // net.sent_shape[layer, 1], pixel % net.sent_shape[layer, 1]
    hit, empty = fresh, True
    for i in range(pool[0]):
        row = pool[2] * y + pool[6] * i - pool[4]
        if row < 0 or row >= shape[0]:
            continue
        for k in range(pool[1]):
            column = pool[3] * x + pool[7] * k - pool[5]
            if column < 0 or column >= shape[1]:
                continue
            place = row * shape[1] + column
            hit = hit or touched[place] > 0
            _keep_largest(accumulator, place * shape[2], shape[2], empty, room)
            empty = False
    return hit


@without_refcounts
def _keep_largest(accumulator: Int32, begin: int, channels: int, empty: bool, room: Int32) -> None:
    """room[channels:] = accumulators from `begin` on, or the larger of both if there are some already."""
    source, target = np.uint64(begin), np.uint64(channels)
    for c in range(channels):
        i = np.uint64(c)
        a = accumulator[source + i]
        room[target + i] = a if empty else max(room[target + i], a)


@without_refcounts
def _move(array: Int32, source: int, target: int, count: int, room: Int32) -> None:
    """array[target:] = array[source:], `count` of them, target below source: through a room that overlaps neither."""
    for begin in range(0, count, RUN):
        size = min(RUN, count - begin)
        a, b = np.uint64(source + begin), np.uint64(target + begin)
        for n in range(size):
            i = np.uint64(n)
            room[i] = array[a + i]
        for n in range(size):
            i = np.uint64(n)
            array[b + i] = room[i]


@without_refcounts
def pack(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int, bands: int) -> None:
    """Move the messages of all bands together, add their sums to the first band's, and note where each row begins."""
    rows, columns, channels = net.sent_shape[layer]
    begin = net.sent[layer]
    sums = state.sums
    for band in range(1, bands):
        source = begin + (rows * band // bands) * columns * channels
        target = begin + sums[0, COUNT]
        _move(trace.neuron[slot], source, target, sums[band, COUNT], state.room[0])
        _move(trace.value[slot], source, target, sums[band, COUNT], state.room[0])
        for place in range(SUMS):
            sums[0, place] += sums[band, place]
    trace.messages[slot, layer] = sums[0, COUNT]
    place = net.row[layer]
    listed = np.int64(0)
    for row in range(rows):
        state.row_begin[place + row] = listed
        for column in range(columns):
            listed += trace.pixel_messages[slot, net.pixel[layer] + row * columns + column]
