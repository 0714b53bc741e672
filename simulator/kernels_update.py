"""Compiled inner loops of the fast engine: the update phase, pixel by pixel or in runs of pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import NetworkArrays
from simulator.kernels_values import requantise, requantise_leaky, send_changes, send_values
from workloads.compiled import compiled, inlined

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]


@inlined
def update_pixels(
    net: NetworkArrays,
    core: int,
    all_of_them: bool,
    last_core: bool,
    accumulator: Int32,
    touched: Bytes,
    integers: Int32,
    last: Int32,
    neuron: Int32,
    value: Int32,
    updated: Bytes,
    largest: Int32,
) -> tuple[int, int, int, int, int]:
    """Requantise every pixel that was touched (or all), and list what is sent.

    Arrays are those of one core. Returns (messages, non-zero values among those that could be sent, their magnitudes'
    sum, values clipped, pixels updated); `updated` says which pixels those are;
    `largest` is room for one pixel's channels.
    """
    channels = net.sent_shape[core, 2]
    pooled = net.pool[core, 0] > 0 and not last_core
    count, nonzero, l1, saturations, pixels = 0, np.int64(0), np.int64(0), np.int64(0), 0
    pixel = 0
    while pixel < updated.shape[0]:
        if pooled:
            stop = pixel + 1
            hit = _pool(net, core, pixel, all_of_them, accumulator, touched, largest)
            source = largest[:channels]
        else:
            hit = all_of_them or touched[pixel] > 0
            stop = _run_end(pixel, hit, all_of_them, touched)
            source = accumulator[pixel * channels : stop * channels]
        for each in range(pixel, stop):
            updated[each] = hit
        if hit:
            pixels += stop - pixel
            first = pixel * channels
            s = integers[first : stop * channels]
            if last_core:
                for i in range(source.shape[0]):
                    s[i] = source[i]
            else:
                saturations += _requantise_run(net, core, first, source, s)
                if net.delta:
                    before = count
                    count, magnitude = send_changes(s, last[first : stop * channels], first, neuron, value, count)
                    nonzero += count - before
                else:
                    count, some, magnitude = send_values(s, net.dense, first, neuron, value, count)
                    nonzero += some
                l1 += magnitude
        pixel = stop
    return count, nonzero, l1, saturations, pixels


@compiled
def _run_end(pixel: int, hit: bool, all_of_them: bool, touched: Bytes) -> int:
    """End of the run of pixels, from `pixel` on, that are all touched or all not."""
    if all_of_them:
        return touched.shape[0]
    stop = pixel + 1
    while stop < touched.shape[0] and (touched[stop] > 0) == hit:
        stop += 1
    return stop


@inlined
def _requantise_run(net: NetworkArrays, core: int, first: int, source: Int32, s: Int32) -> int:
    """Requantise consecutive neurons from `first` on; tables hold one entry per channel, or one per neuron."""
    begin, size = net.scale[core], net.scale[core + 1] - net.scale[core]
    clipped = np.int64(0)
    width = source.shape[0] if size > net.sent_shape[core, 2] else size
    for offset in range(0, source.shape[0], width):
        a = begin + (first + offset) % size
        b = a + width
        if net.leaky[core]:
            clipped += requantise_leaky(
                source[offset : offset + width],
                net.multiplier[a:b],
                net.shift[a:b],
                net.leak_multiplier[a:b],
                net.leak_shift[a:b],
                net.rounding,
                net.s_low[core],
                net.s_high[core],
                s[offset : offset + width],
            )
        else:
            clipped += requantise(
                source[offset : offset + width],
                net.low[a:b],
                net.high[a:b],
                net.multiplier[a:b],
                net.shift[a:b],
                net.rounding,
                net.s_low[core],
                net.s_high[core],
                s[offset : offset + width],
            )
    return clipped


@inlined
def _pool(
    net: NetworkArrays, core: int, pixel: int, all_of_them: bool, accumulator: Int32, touched: Bytes, largest: Int32
) -> bool:
    """`largest` = the largest accumulators in the window of one pixel sent; returns whether any of them was touched."""
    pool, shape = net.pool[core], net.shape[core]
    y, x = pixel // net.sent_shape[core, 1], pixel % net.sent_shape[core, 1]
    hit, empty = all_of_them, True
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
            values = accumulator[place * shape[2] : (place + 1) * shape[2]]
            for c in range(shape[2]):
                largest[c] = values[c] if empty else max(largest[c], values[c])
            empty = False
    return hit
