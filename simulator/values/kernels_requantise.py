"""Compiled inner loops of the fast engine: accumulators to activations at scale k.

The tables (bounds, multipliers, shifts) hold one entry per channel or per neuron; a run of neurons takes entries
table, table + 1, ... of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from workloads.compiled import without_refcounts

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

HALF_UP, HALF_EVEN, HALF_AWAY = 0, 1, 2


@without_refcounts
def requantise(
    accumulator: Int32,
    begin: int,
    low: Int32,
    high: Int32,
    multiplier: Int64,
    shift: Int64,
    table: int,
    rounding: int,
    s_low: int,
    s_high: int,
    out: Int32,
    place: int,
    count: int,
) -> int:
    """out = clip(round(activation * multiplier / 2**shift), s_low, s_high); returns how many were clipped.

    For `count` accumulators from `begin` on, into out from `place` on. The activation is the accumulator bounded by
    low and high. accumulator, low, high and out int32, multiplier and shift int64; the product stays below 2**62, so
    int64 is exact.
    """
    source, entry, target = np.uint64(begin), np.uint64(table), np.uint64(place)
    clipped = 0
    for n in range(count):
        i = np.uint64(n)
        activation = np.int64(min(max(accumulator[source + i], low[entry + i]), high[entry + i]))
        s = scaled(activation * multiplier[entry + i], shift[entry + i], rounding)
        within = min(max(s, s_low), s_high)
        clipped += within != s
        out[target + i] = within
    return clipped


@without_refcounts
def requantise_leaky(
    accumulator: Int32,
    begin: int,
    multiplier: Int64,
    shift: Int64,
    leak_multiplier: Int64,
    leak_shift: Int64,
    table: int,
    rounding: int,
    s_low: int,
    s_high: int,
    out: Int32,
    place: int,
    count: int,
) -> int:
    """As requantise, negative accumulators being scaled by the leak's multiplier and shift instead of bounded."""
    source, entry, target = np.uint64(begin), np.uint64(table), np.uint64(place)
    clipped = 0
    for n in range(count):
        i = np.uint64(n)
        a = np.int64(accumulator[source + i])
        if a < 0:
            s = scaled(a * leak_multiplier[entry + i], leak_shift[entry + i], rounding)
        else:
            s = scaled(a * multiplier[entry + i], shift[entry + i], rounding)
        within = min(max(s, s_low), s_high)
        clipped += within != s
        out[target + i] = within
    return clipped


@without_refcounts
def look_up(entries: Int32, zero: int, places: Int32, begin: int, count: int) -> None:
    """places[i] = what stands there, for `count` of them from `begin` on; `zero`: where in `entries` place 0 is."""
    first = np.uint64(begin)
    for n in range(count):
        i = first + np.uint64(n)
        places[i] = entries[np.uint64(zero + places[i])]


@without_refcounts
def scaled(product: int, shift: int, rounding: int) -> int:
    """product / 2**shift, rounded; shift 1 to 62."""
    half = np.int64(1) << (shift - 1)
    if rounding == HALF_UP:
        return (product + half) >> shift
    if rounding == HALF_EVEN:
        return (product + half - 1 + ((product >> shift) & 1)) >> shift
    return (product + half - (np.int64(1) if product < 0 else np.int64(0))) >> shift
