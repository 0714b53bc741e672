"""Compiled inner loops of the fast engine, part one: the integers of one core in one frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.compiled import compiled

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Weights = NDArray[Any]
Bytes = NDArray[np.uint8]

HALF_UP, HALF_EVEN, HALF_AWAY = 0, 1, 2


@compiled
def add_kernels(
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
) -> None:
    """The convolution of the messages: every value times its channel's kernel, modulo 2**32; marks the pixels reached.

    weights: flat (channels in, kernel y, kernel x, outputs of a group); window: see NetworkArrays; sender, receiver:
    shapes (height, width, channels). Messages of one pixel come together and are added four at a pass.
    """
    width, channels = sender[1], sender[2]
    j = 0
    while j < count:
        pixel = neuron[j] // channels
        first = pixel * channels
        end = j + 1
        while end < count and neuron[end] < first + channels:
            end += 1
        for i in range(window[1]):
            row_y = reached(pixel // width, i, window[3], window[5], window[7], receiver[0])
            if row_y < 0:
                continue
            for k in range(window[2]):
                row_x = reached(pixel % width, k, window[4], window[6], window[8], receiver[1])
                if row_x < 0:
                    continue
                place = row_y * receiver[1] + row_x
                touched[place] = 1
                row = accumulator[place * receiver[2] : (place + 1) * receiver[2]]
                step = window[1] * window[2] * outputs
                inside = weights[(i * window[2] + k) * outputs :]
                if groups == 1:
                    add_pixel(inside, step, outputs, neuron[j:end], value[j:end], first, row)
                else:
                    add_groups(inside, step, outputs, neuron[j:end], value[j:end], first, channels // groups, row)
        j = end


@compiled
def reached(position: int, place: int, stride: int, padding: int, dilation: int, size: int) -> int:
    """Where along one axis place `place` of a kernel takes an input position to; -1 for nowhere."""
    shifted = position + padding - dilation * place
    if shifted < 0 or shifted % stride != 0:
        return -1
    target = shifted // stride
    return target if target < size else -1


@compiled
def add_pixel(weights: Weights, step: int, outputs: int, neuron: Int32, value: Int32, first: int, row: Int32) -> None:
    """row += sum over the messages of one pixel of value * weights of its channel; four messages a pass."""
    j, count = 0, neuron.shape[0]
    while j + 4 <= count:
        v0, v1, v2, v3 = value[j], value[j + 1], value[j + 2], value[j + 3]
        begin = (neuron[j] - first) * step
        row0 = weights[begin : begin + outputs]
        begin = (neuron[j + 1] - first) * step
        row1 = weights[begin : begin + outputs]
        begin = (neuron[j + 2] - first) * step
        row2 = weights[begin : begin + outputs]
        begin = (neuron[j + 3] - first) * step
        row3 = weights[begin : begin + outputs]
        for o in range(outputs):
            row[o] += v0 * row0[o] + v1 * row1[o] + v2 * row2[o] + v3 * row3[o]
        j += 4
    while j < count:
        v0 = value[j]
        begin = (neuron[j] - first) * step
        row0 = weights[begin : begin + outputs]
        for o in range(outputs):
            row[o] += v0 * row0[o]
        j += 1


@compiled
def add_groups(
    weights: Weights, step: int, outputs: int, neuron: Int32, value: Int32, first: int, share: int, row: Int32
) -> None:
    """As add_pixel where each input channel reaches only its group's `outputs`; `share` input channels make a group."""
    for j in range(neuron.shape[0]):
        channel = neuron[j] - first
        start = channel // share * outputs
        for o in range(outputs):
            row[start + o] += value[j] * weights[channel * step + o]


@compiled
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
    unary: bool,
    low: int,
    high: int,
) -> int:
    """Any synapses, one wire message after the other, each sum clipped to low..high; returns additions clipped."""
    clips = 0
    channels = sender[2]
    for j in range(count):
        repeats = abs(value[j]) if unary else 1
        step = np.int64(np.sign(value[j])) if unary else np.int64(value[j])
        pixel, channel = neuron[j] // channels, neuron[j] % channels
        rows = 1 if window[0] else window[1]
        columns = 1 if window[0] else window[2]
        for i in range(rows):
            for k in range(columns):
                place, source = 0, neuron[j] * outputs
                if not window[0]:
                    row_y = reached(pixel // sender[1], i, window[3], window[5], window[7], receiver[0])
                    row_x = reached(pixel % sender[1], k, window[4], window[6], window[8], receiver[1])
                    if row_y < 0 or row_x < 0:
                        continue
                    place = row_y * receiver[1] + row_x
                    source = ((channel * window[1] + i) * window[2] + k) * outputs
                touched[place] = 1
                target = place * receiver[2] + channel // (channels // groups) * outputs
                if window[0]:
                    target = 0
                for o in range(outputs):
                    for _ in range(repeats):
                        total = np.int64(accumulator[target + o]) + step * np.int64(weights[source + o])
                        within = min(max(total, low), high)
                        clips += within != total
                        accumulator[target + o] = within
    return clips


@compiled
def fold(accumulator: Int32, bits: int) -> None:
    """Wrap every accumulator to `bits` bits, two's complement."""
    left = np.int32(32 - bits)
    for o in range(accumulator.shape[0]):
        accumulator[o] = np.int32(accumulator[o] << left) >> left


@compiled
def requantise(
    accumulator: Int32,
    low: Int32,
    high: Int32,
    multiplier: Int64,
    shift: Int64,
    rounding: int,
    s_low: int,
    s_high: int,
    out: Int32,
) -> int:
    """out = clip(round(activation * multiplier / 2**shift), s_low, s_high); returns how many were clipped.

    The activation is the accumulator bounded by low and high. All arrays (n,): accumulator, low, high and out int32,
    multiplier and shift int64. The product stays below 2**62, so int64 is exact.
    """
    clipped = 0
    for i in range(accumulator.shape[0]):
        s = scaled(np.int64(min(max(accumulator[i], low[i]), high[i])) * multiplier[i], shift[i], rounding)
        within = min(max(s, s_low), s_high)
        clipped += within != s
        out[i] = within
    return clipped


@compiled
def requantise_leaky(
    accumulator: Int32,
    multiplier: Int64,
    shift: Int64,
    leak_multiplier: Int64,
    leak_shift: Int64,
    rounding: int,
    s_low: int,
    s_high: int,
    out: Int32,
) -> int:
    """As requantise, negative accumulators being scaled by the leak's multiplier and shift instead of bounded."""
    clipped = 0
    for i in range(accumulator.shape[0]):
        a = np.int64(accumulator[i])
        if a < 0:
            s = scaled(a * leak_multiplier[i], leak_shift[i], rounding)
        else:
            s = scaled(a * multiplier[i], shift[i], rounding)
        within = min(max(s, s_low), s_high)
        clipped += within != s
        out[i] = within
    return clipped


@compiled
def scaled(product: int, shift: int, rounding: int) -> int:
    """product / 2**shift, rounded; shift 1 to 62."""
    half = np.int64(1) << (shift - 1)
    if rounding == HALF_UP:
        return (product + half) >> shift
    if rounding == HALF_EVEN:
        return (product + half - 1 + ((product >> shift) & 1)) >> shift
    return (product + half - (np.int64(1) if product < 0 else np.int64(0))) >> shift


@compiled
def send_changes(s: Int32, last: Int32, first: int, neuron: Int32, value: Int32, count: int) -> tuple[int, int]:
    """Add the messages of a delta network for neurons first, first + 1, ...: where s differs from what was last sent.

    last := s. `count` messages are there already. Returns (messages now, |ds|_L1 of the new ones).
    """
    l1 = np.int64(0)
    for i in range(s.shape[0]):
        change = s[i] - last[i]
        last[i] = s[i]
        neuron[count] = first + i
        value[count] = change
        count += change != 0
        l1 += abs(change)
    return count, l1


@compiled
def send_values(s: Int32, dense: bool, first: int, neuron: Int32, value: Int32, count: int) -> tuple[int, int, int]:
    """Add the messages of a frame-by-frame network: all values, or the non-zero ones.

    Returns (messages now, non-zero values among the new ones, their |s|_L1).
    """
    nonzero = 0
    l1 = np.int64(0)
    for i in range(s.shape[0]):
        neuron[count] = first + i
        value[count] = s[i]
        nonzero += s[i] != 0
        count += dense or s[i] != 0
        l1 += abs(s[i])
    return count, nonzero, l1


@compiled
def digest_of(integers: Int32, keys: Int64) -> int:
    """Digest of a core's integers (see simulator.digest): sum of integer * key modulo 2**64."""
    digest = np.int64(0)
    for i in range(integers.shape[0]):
        digest += np.int64(integers[i]) * keys[i]
    return digest


@compiled
def peak_of(accumulator: Int32) -> int:
    """Largest magnitude among the accumulators."""
    peak = np.int64(0)
    for i in range(accumulator.shape[0]):
        peak = max(peak, abs(np.int64(accumulator[i])))
    return peak


@compiled
def signed_digits(value: int) -> int:
    """Non-zero digits of the canonical signed-digit form of an integer (see simulator.modes.signed_digits)."""
    magnitude = abs(np.int64(value))
    bits = magnitude ^ (3 * magnitude)
    digits = np.int64(0)
    while bits:
        bits &= bits - 1
        digits += 1
    return digits
