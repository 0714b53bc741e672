"""Compiled inner loops of the fast engine, part one: the integers of one core in one frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.compiled import compiled

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Weights = NDArray[Any]

HALF_UP, HALF_EVEN, HALF_AWAY = 0, 1, 2


@compiled
def add_rows(weights: Weights, outputs: int, neuron: Int32, value: Int32, count: int, accumulator: Int32) -> None:
    """accumulator += sum over messages of value * weight row, modulo 2**32; four rows a pass.

    weights: (inputs * outputs,) int8 or int16; neuron, value: int32, `count` of them hold; accumulator: (outputs,)
    int32.
    """
    j = 0
    while j + 4 <= count:
        v0, v1, v2, v3 = value[j], value[j + 1], value[j + 2], value[j + 3]
        row0 = weights[neuron[j] * outputs : (neuron[j] + 1) * outputs]
        row1 = weights[neuron[j + 1] * outputs : (neuron[j + 1] + 1) * outputs]
        row2 = weights[neuron[j + 2] * outputs : (neuron[j + 2] + 1) * outputs]
        row3 = weights[neuron[j + 3] * outputs : (neuron[j + 3] + 1) * outputs]
        for o in range(outputs):
            accumulator[o] += v0 * row0[o] + v1 * row1[o] + v2 * row2[o] + v3 * row3[o]
        j += 4
    while j < count:
        v0 = value[j]
        row0 = weights[neuron[j] * outputs : (neuron[j] + 1) * outputs]
        for o in range(outputs):
            accumulator[o] += v0 * row0[o]
        j += 1


@compiled
def add_rows_saturating(
    weights: Weights,
    outputs: int,
    neuron: Int32,
    value: Int32,
    count: int,
    accumulator: Int32,
    unary: bool,
    low: int,
    high: int,
) -> int:
    """As add_rows, but each wire message's sum is clipped to low..high in arrival order; returns additions clipped."""
    clips = 0
    for j in range(count):
        row = weights[neuron[j] * outputs : (neuron[j] + 1) * outputs]
        repeats = abs(value[j]) if unary else 1
        step = np.int64(np.sign(value[j])) if unary else np.int64(value[j])
        for _ in range(repeats):
            for o in range(outputs):
                total = np.int64(accumulator[o]) + step * np.int64(row[o])
                if total > high:
                    total = high
                    clips += 1
                elif total < low:
                    total = low
                    clips += 1
                accumulator[o] = total
    return clips


@compiled
def fold(accumulator: Int32, bits: int) -> None:
    """Wrap every accumulator to `bits` bits, two's complement."""
    left = np.int32(32 - bits)
    for o in range(accumulator.shape[0]):
        accumulator[o] = np.int32(accumulator[o] << left) >> left


@compiled
def requantise(
    accumulator: Int32, relu: bool, multiplier: Int64, shift: Int64, rounding: int, low: int, high: int, out: Int32
) -> int:
    """out = clip(round(nonlinearity(accumulator) * multiplier / 2**shift), low, high); returns how many were clipped.

    accumulator, out: (n,) int32; multiplier, shift: (n,) int64. The product stays below 2**62, so int64 is exact.
    """
    clipped = 0
    floor_at = np.int64(0) if relu else np.int64(-(2**31))
    for i in range(accumulator.shape[0]):
        a = max(np.int64(accumulator[i]), floor_at) * multiplier[i]
        half = np.int64(1) << (shift[i] - 1)
        if rounding == HALF_UP:
            s = (a + half) >> shift[i]
        elif rounding == HALF_EVEN:
            s = (a + half - 1 + ((a >> shift[i]) & 1)) >> shift[i]
        else:
            s = (a + half - (np.int64(1) if a < 0 else np.int64(0))) >> shift[i]
        within = min(max(s, low), high)
        clipped += within != s
        out[i] = within
    return clipped


@compiled
def send_changes(s: Int32, last: Int32, neuron: Int32, value: Int32) -> tuple[int, int]:
    """Messages of a delta network: where s differs from what was last sent. last := s. Returns (count, |ds|_L1)."""
    count = 0
    l1 = np.int64(0)
    for i in range(s.shape[0]):
        change = s[i] - last[i]
        last[i] = s[i]
        neuron[count] = i
        value[count] = change
        count += change != 0
        l1 += abs(change)
    return count, l1


@compiled
def send_values(s: Int32, dense: bool, neuron: Int32, value: Int32) -> tuple[int, int, int]:
    """Messages of a frame-by-frame network: all values, or the non-zero ones. Returns (count, non-zero, |s|_L1)."""
    count = 0
    nonzero = 0
    l1 = np.int64(0)
    for i in range(s.shape[0]):
        neuron[count] = i
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
