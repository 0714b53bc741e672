"""Compiled inner loops of the fast engine: the messages a run of neurons sends, and sums over them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.values.digest import key_of
from simulator.values.vectors import GROUP, difference, lowest
from workloads.compiled import without_refcounts

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

# Sums a band of an update phase collects, places in its row of ValueState.sums.
COUNT, L1_SUM, CLIPPED, CLIPPED_CHANGE, PIXELS, POSITIONS, DIGEST_SUM = range(7)
S_L1_SUM, SQUARE_SUM, PRODUCT_SUM, CHANGED_L1 = range(7, 11)
SUMS = 11


@without_refcounts
def list_changes(
    new: Int32, place: int, count: int, integers: Int32, first: int, neuron: Int32, value: Int32, listed: int
) -> int:
    """Messages of a delta network: neurons first .. first + count whose new integer differs from the one they hold.

    The new ones stand in `new` from `place` on and become theirs. Messages are added to neuron and value behind the
    `listed` that are there. Returns how many are listed now.
    """
    grouped = count // GROUP * GROUP
    at = np.uint64(listed)
    for begin in range(0, grouped, GROUP):
        a, b = np.uint64(place + begin), np.uint64(first + begin)
        bits = difference(new, a, integers, b)
        while bits != 0:
            i = np.uint64(lowest(bits))
            bits &= bits - 1
            s = new[a + i]
            neuron[at] = np.int64(b + i)
            value[at] = s - integers[b + i]
            integers[b + i] = s
            at += np.uint64(1)
    for n in range(grouped, count):
        s, b = new[np.uint64(place + n)], np.uint64(first + n)
        change = s - integers[b]
        neuron[at] = first + n
        value[at] = change
        integers[b] = s
        at += np.uint64(change != 0)
    return np.int64(at)


@without_refcounts
def sum_changes(integers: Int32, neuron: Int32, value: Int32, begin: int, end: int, key: int, sums: Int64) -> None:
    """Add to the sums what messages begin .. end of a delta network say; `key`: number of the core's first neuron."""
    l1, s_l1, square, product = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    changed_l1, digest = np.int64(0), np.int64(0)
    for j in range(begin, end):
        m = np.uint64(j)
        s, change = np.int64(integers[np.uint64(neuron[m])]), np.int64(value[m])
        before = s - change
        l1 += abs(change)
        s_l1 += abs(s) - abs(before)
        square += s * s - before * before
        product += s * change
        changed_l1 += abs(s)
        digest += change * key_of(key + neuron[m])
    sums[L1_SUM] += l1
    sums[S_L1_SUM] += s_l1
    sums[SQUARE_SUM] += square
    sums[PRODUCT_SUM] += product
    sums[CHANGED_L1] += changed_l1
    sums[DIGEST_SUM] += digest


@without_refcounts
def list_values(
    new: Int32,
    place: int,
    count: int,
    integers: Int32,
    first: int,
    key: int,
    neuron: Int32,
    value: Int32,
    listed: int,
    sums: Int64,
) -> int:
    """Messages of a frame-by-frame network: all values that are not zero. Otherwise as list_changes."""
    l1, digest = np.int64(0), np.int64(0)
    a, b = np.uint64(place), np.uint64(first)
    for n in range(count):
        i = np.uint64(n)
        s = new[a + i]
        integers[b + i] = s
        l1 += abs(np.int64(s))
        digest += np.int64(s) * key_of(key + first + n)
    for n in range(count):
        s = new[a + np.uint64(n)]
        neuron[listed] = first + n
        value[listed] = s
        listed += s != 0
    sums[L1_SUM] += l1
    sums[DIGEST_SUM] += digest
    return listed


@without_refcounts
def distance_of(integers: Int32, neuron: Int32, value: Int32, begin: int, end: int, l1: int, l1_before: int) -> int:
    """Sum over messages begin .. end of |s[t] * l1[t-1] - s[t-1] * l1[t]|, for the change between adjacent frames."""
    distance = np.int64(0)
    for j in range(begin, end):
        s, change = np.int64(integers[neuron[j]]), np.int64(value[j])
        distance += abs(s * l1_before - (s - change) * l1)
    return distance
