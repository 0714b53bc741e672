"""Compiled inner loops of the fast engine: messages times weights, added to a run of accumulators.

Messages are added eight at a pass, so that an accumulator is read and written once for eight products. Where the
eight values are small their products are summed in 16 bits, twice as many at a time, which is exact because the sum of
their magnitudes times the largest weight fits. Indices are unsigned: numba would test signed ones for being negative.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.values.cuts import PART, PIECES, RUN
from simulator.values.vectors import LANES, add_block_of_eight, add_block_of_four, add_block_of_two
from workloads.compiled import without_refcounts

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Weights = NDArray[Any]
Bytes = NDArray[np.uint8]

ONE, TWO, THREE, FOUR = np.uint64(1), np.uint64(2), np.uint64(3), np.uint64(4)
FIVE, SIX, SEVEN, EIGHT = np.uint64(5), np.uint64(6), np.uint64(7), np.uint64(8)
NARROW = 32767  # largest sum that 16 bits hold


@without_refcounts
def add_messages(
    weights: Weights,
    offset: int,
    step: int,
    widest: int,
    first: int,
    neuron: Int32,
    value: Int32,
    begin: int,
    end: int,
    accumulator: Int32,
    place: int,
    size: int,
) -> None:
    """Accumulators place .. place + size += sum over messages begin .. end of value * weights, modulo 2**32.

    The weights of a message are `size` entries from (neuron - first) * step + offset on; `widest` is the largest
    magnitude among all weights.
    """
    blocks, target, base = size // LANES * LANES, np.uint64(place), offset - first * step
    last, j = np.uint64(end), np.uint64(begin)
    while j + EIGHT <= last:
        u0, u1 = np.uint64(neuron[j] * step + base), np.uint64(neuron[j + ONE] * step + base)
        u2, u3 = np.uint64(neuron[j + TWO] * step + base), np.uint64(neuron[j + THREE] * step + base)
        u4, u5 = np.uint64(neuron[j + FOUR] * step + base), np.uint64(neuron[j + FIVE] * step + base)
        u6, u7 = np.uint64(neuron[j + SIX] * step + base), np.uint64(neuron[j + SEVEN] * step + base)
        v0, v1, v2, v3 = value[j], value[j + ONE], value[j + TWO], value[j + THREE]
        v4, v5, v6, v7 = value[j + FOUR], value[j + FIVE], value[j + SIX], value[j + SEVEN]
        done = 0
        magnitude = np.int64(abs(v0)) + abs(v1) + abs(v2) + abs(v3) + abs(v4) + abs(v5) + abs(v6) + abs(v7)
        if magnitude * widest <= NARROW:
            n0, n1, n2, n3 = np.int16(v0), np.int16(v1), np.int16(v2), np.int16(v3)
            n4, n5, n6, n7 = np.int16(v4), np.int16(v5), np.int16(v6), np.int16(v7)
            for o in range(0, blocks, LANES):
                starts, values = (u0, u1, u2, u3, u4, u5, u6, u7), (n0, n1, n2, n3, n4, n5, n6, n7)
                add_block_of_eight(accumulator, target, weights, np.uint64(o), starts, values)
            done = blocks
        for i in range(done, size):
            o = np.uint64(i)
            accumulator[target + o] += (
                v0 * weights[u0 + o] + v1 * weights[u1 + o] + v2 * weights[u2 + o] + v3 * weights[u3 + o]
                + v4 * weights[u4 + o] + v5 * weights[u5 + o] + v6 * weights[u6 + o] + v7 * weights[u7 + o]
            )  # fmt: skip
        j += EIGHT
    if j + FOUR <= last:
        u0, u1 = np.uint64(neuron[j] * step + base), np.uint64(neuron[j + ONE] * step + base)
        u2, u3 = np.uint64(neuron[j + TWO] * step + base), np.uint64(neuron[j + THREE] * step + base)
        v0, v1, v2, v3 = value[j], value[j + ONE], value[j + TWO], value[j + THREE]
        done = 0
        if (np.int64(abs(v0)) + abs(v1) + abs(v2) + abs(v3)) * widest <= NARROW:
            for o in range(0, blocks, LANES):
                values = (np.int16(v0), np.int16(v1), np.int16(v2), np.int16(v3))
                add_block_of_four(accumulator, target, weights, np.uint64(o), (u0, u1, u2, u3), values)
            done = blocks
        for i in range(done, size):
            o = np.uint64(i)
            accumulator[target + o] += (
                v0 * weights[u0 + o] + v1 * weights[u1 + o] + v2 * weights[u2 + o] + v3 * weights[u3 + o]
            )
        j += FOUR
    if j + TWO <= last:
        u0, u1 = np.uint64(neuron[j] * step + base), np.uint64(neuron[j + ONE] * step + base)
        v0, v1 = value[j], value[j + ONE]
        done = 0
        if (np.int64(abs(v0)) + abs(v1)) * widest <= NARROW:
            for o in range(0, blocks, LANES):
                add_block_of_two(accumulator, target, weights, np.uint64(o), (u0, u1), (np.int16(v0), np.int16(v1)))
            done = blocks
        for i in range(done, size):
            o = np.uint64(i)
            accumulator[target + o] += v0 * weights[u0 + o] + v1 * weights[u1 + o]
        j += TWO
    if j < last:
        u0, v0 = np.uint64(neuron[j] * step + base), value[j]
        for i in range(size):
            o = np.uint64(i)
            accumulator[target + o] += v0 * weights[u0 + o]


@without_refcounts
def add_grouped(
    weights: Weights,
    offset: int,
    step: int,
    share: int,
    outputs: int,
    first: int,
    neuron: Int32,
    value: Int32,
    begin: int,
    end: int,
    accumulator: Int32,
    place: int,
) -> None:
    """As add_messages where `share` input channels make a group and reach only the group's `outputs` of the pixel."""
    for j in range(begin, end):
        channel = neuron[j] - first
        group = channel if share == 1 else channel // share  # depthwise, the usual case, without dividing
        source, target = np.uint64(channel * step + offset), np.uint64(place + group * outputs)
        for i in range(outputs):
            o = np.uint64(i)
            accumulator[target + o] += value[j] * weights[source + o]


@without_refcounts
def add_saturating(
    weights: Weights,
    window: Int64,
    groups: int,
    outputs: int,
    sender: Int64,
    receiver: Int64,
    neuron: Int32,
    value: Int32,
    count: int,
    accumulator: Int32,
    touched: Bytes,
    cuts: Int64,
    low: int,
    high: int,
) -> int:
    """Any synapses, one piece of a value after the other, each sum clipped to low..high; returns additions clipped.

    weights: flat (channels in, kernel y, kernel x reversed, outputs of a group); window, cuts: see NetworkArrays;
    sender, receiver: shapes (height, width, channels).
    """
    clips = 0
    for j in range(count):
        rest, pieces = abs(np.int64(value[j])), cuts[abs(value[j]), PIECES]
        while pieces > 0:
            part, run = cuts[rest, PART], cuts[rest, RUN]
            step = part if value[j] > 0 else -part
            clips += _add_run_saturating(
                weights, window, groups, outputs, sender, receiver, neuron[j], step, run, accumulator, touched, low,
                high,
            )  # fmt: skip
            pieces -= run
            rest -= part * run
    return clips


@without_refcounts
def _add_run_saturating(
    weights: Weights,
    window: Int64,
    groups: int,
    outputs: int,
    sender: Int64,
    receiver: Int64,
    neuron: int,
    step: int,
    run: int,
    accumulator: Int32,
    touched: Bytes,
    low: int,
    high: int,
) -> int:
    """`run` equal pieces of one neuron's value, each of which carries `step`; returns additions clipped."""
    clips = 0
    channels = sender[2]
    pixel, channel = neuron // channels, neuron % channels
    rows = 1 if window[0] else window[1]
    columns = 1 if window[0] else window[2]
    for i in range(rows):
        for k in range(columns):
            place, source = 0, neuron * outputs
            if not window[0]:
                row_y = reached(pixel // sender[1], i, window[3], window[5], window[7], receiver[0])
                row_x = reached(pixel % sender[1], k, window[4], window[6], window[8], receiver[1])
                if row_y < 0 or row_x < 0:
                    continue
                place = row_y * receiver[1] + row_x
                source = ((channel * window[1] + i) * window[2] + window[2] - 1 - k) * outputs
            touched[place] = 1
            target = place * receiver[2] + channel // (channels // groups) * outputs
            if window[0]:
                target = 0
            for o in range(outputs):
                for _ in range(run):
                    total = np.int64(accumulator[target + o]) + step * np.int64(weights[source + o])
                    within = min(max(total, low), high)
                    clips += within != total
                    accumulator[target + o] = within
    return clips


@without_refcounts
def reached(position: int, place: int, stride: int, padding: int, dilation: int, size: int) -> int:
    """Where along one axis place `place` of a kernel takes an input position to; -1 for nowhere."""
    shifted = position + padding - dilation * place
    if shifted < 0 or shifted % stride != 0:
        return -1
    target = shifted // stride
    return target if target < size else -1
