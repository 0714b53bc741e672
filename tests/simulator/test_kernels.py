"""The inner loops of the fast engine against plain numpy, at the sizes where their vector code begins and ends."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator.bundles import bundle
from simulator.counts.arrays import Listing
from simulator.counts.kernels_listing import list_layer
from simulator.values.digest import digest_keys
from simulator.values.kernels_messages import (
    CHANGED_L1,
    DIGEST_SUM,
    L1_SUM,
    PRODUCT_SUM,
    S_L1_SUM,
    SQUARE_SUM,
    SUMS,
    distance_of,
    list_changes,
    list_values,
    sum_changes,
)
from simulator.values.kernels_products import NARROW, add_messages
from simulator.values.kernels_receive import wrap_to_width

seeds = st.integers(0, 2**32 - 1)


class MapsOf(NamedTuple):
    """What `list_layer` reads of the maps."""

    sent: np.ndarray
    pixel: np.ndarray
    sent_shape: np.ndarray
    zeros: bool


class Lists(NamedTuple):
    """What it reads of a trace and writes of slots: a ring of one frame."""

    neuron: np.ndarray
    value: np.ndarray
    messages: np.ndarray
    pixel_messages: np.ndarray

    @staticmethod
    def empty(neurons, pixels):
        lists, counts = np.zeros((1, neurons), np.int32), np.zeros((1, pixels), np.int32)
        return Lists(lists.copy(), lists.copy(), np.zeros((1, 1), np.int64), counts)


@pytest.mark.parametrize("width", [np.int8, np.int16])
@example(seed=0, count=8, size=32, largest=NARROW // (8 * 127))  # the largest values that fit 16 bits
@example(seed=0, count=8, size=32, largest=NARROW // (8 * 127) + 1)  # and the smallest that don't
@given(seeds, st.integers(0, 40), st.integers(1, 200), st.sampled_from([1, 7, 31, 32, 33, 255, 4000, 2**31 - 1]))
def test_messages_add_their_rows_of_weights(width, seed, count, size, largest):
    rng = np.random.default_rng(seed)
    channels, offset, first, place = 50, 3, 100, 5
    step = size + 4
    top = np.iinfo(width).max
    weights = rng.integers(-top, top + 1, channels * step + offset).astype(width)
    weights[:: max(1, seed % 7)] = top
    neuron = (first + np.sort(rng.choice(channels, count, replace=False))).astype(np.int32)
    value = (rng.choice([-1, 1], count) * rng.integers(max(1, largest // 2), largest + 1, count)).astype(np.int32)
    accumulator = rng.integers(-(2**31), 2**31, size + 2 * place).astype(np.int32)
    exact = accumulator.astype(object)
    for n, v in zip(neuron.tolist(), value.tolist(), strict=True):
        begin = (n - first) * step + offset
        exact[place : place + size] += v * weights[begin : begin + size].astype(object)
    add_messages(weights, offset, step, int(top), first, neuron, value, 0, count, accumulator, place, size)
    assert accumulator.tolist() == [(each + 2**31) % 2**32 - 2**31 for each in exact]


@given(seeds, st.integers(1, 100), st.floats(0, 1))
def test_changes_are_listed_in_order_and_summed(seed, count, share):
    rng = np.random.default_rng(seed)
    first, key, listed, place = 7, 1000, 2, 3
    integers = rng.integers(-40, 41, first + count + 5).astype(np.int32)
    before = integers.copy()
    new = np.concatenate([np.zeros(place, np.int32), integers[first : first + count]])
    new[place:] += np.where(rng.random(count) < share, rng.integers(-9, 10, count), 0).astype(np.int32)
    neuron, value = np.full(listed + count + 1, -1, np.int32), np.zeros(listed + count + 1, np.int32)
    end = list_changes(new, place, count, integers, first, neuron, value, listed)
    changed = np.flatnonzero(new[place:] != before[first : first + count])
    assert end == listed + len(changed)
    np.testing.assert_array_equal(neuron[listed:end], first + changed)
    np.testing.assert_array_equal(value[listed:end], (new[place:] - before[first : first + count])[changed])
    np.testing.assert_array_equal(integers[first : first + count], new[place:])
    np.testing.assert_array_equal(
        np.delete(integers, np.s_[first : first + count]), np.delete(before, np.s_[first : first + count])
    )

    sums = np.zeros(SUMS, np.int64)
    sum_changes(integers, neuron, value, listed, end, key, sums)
    now, old = integers.astype(np.int64), before.astype(np.int64)
    keys = digest_keys(len(now), key)
    assert sums[L1_SUM] == np.abs(now - old).sum()
    assert sums[S_L1_SUM] == np.abs(now).sum() - np.abs(old).sum()
    assert sums[SQUARE_SUM] == (now * now - old * old).sum()
    assert sums[PRODUCT_SUM] == (now * (now - old)).sum()
    assert sums[CHANGED_L1] == np.abs(now[now != old]).sum()
    assert sums[DIGEST_SUM] == ((now - old) * keys).sum()
    l1, l1_before = int(np.abs(now).sum()), int(np.abs(old).sum())
    distances = np.abs(now * l1_before - old * l1)
    assert distance_of(integers, neuron, value, listed, end, l1, l1_before) == distances[now != old].sum()


@given(seeds, st.integers(1, 100))
def test_values_are_listed_where_not_zero(seed, count):
    rng = np.random.default_rng(seed)
    first, key, listed, place = 4, 77, 1, 2
    new = rng.integers(-2, 3, place + count).astype(np.int32)
    integers = np.zeros(first + count, np.int32)
    neuron, value = np.full(listed + count + 1, -1, np.int32), np.zeros(listed + count + 1, np.int32)
    sums = np.zeros(SUMS, np.int64)
    end = list_values(new, place, count, integers, first, key, neuron, value, listed, sums)
    s = new[place:]
    sent = np.flatnonzero(s)
    np.testing.assert_array_equal(neuron[listed:end], first + sent)
    np.testing.assert_array_equal(value[listed:end], s[sent])
    np.testing.assert_array_equal(integers[first:], s)
    assert sums[L1_SUM] == np.abs(s).sum()
    assert sums[DIGEST_SUM] == (s.astype(np.int64) * digest_keys(count, key + first)).sum()


@given(seeds, st.integers(1, 30), st.integers(1, 5), st.booleans(), st.booleans())
def test_values_are_listed_from_changes_or_from_values(seed, pixels, channels, zeros, carried):
    """Two frames: what a network that sends values lists is the integers themselves, pixel by pixel."""
    rng = np.random.default_rng(seed)
    count = pixels * channels
    offsets = np.array([0, count]), np.array([0, pixels])
    maps = bundle(MapsOf(*map(np.int64, offsets), np.array([[1, pixels, channels]]), zeros))
    trace, own = (bundle(Lists.empty(count, pixels)) for _ in range(2))
    listing, before = bundle(Listing(np.zeros(count, np.int32))), np.zeros(count, np.int32)
    for _ in range(2):
        s = rng.integers(-2, 3, count).astype(np.int32)
        listed = s - before if carried else s
        sent = np.flatnonzero(listed)
        trace.neuron[0, : len(sent)], trace.value[0, : len(sent)] = sent, listed[sent]
        trace.messages[0, 0] = len(sent)
        l1, nonzero = list_layer(maps, trace, listing, own, 0, 0, carried)
        expected = np.arange(count) if zeros else np.flatnonzero(s)
        assert own.messages[0, 0] == len(expected)
        np.testing.assert_array_equal(own.neuron[0, : len(expected)], expected)
        np.testing.assert_array_equal(own.value[0, : len(expected)], s[expected])
        of_pixel = s.reshape(pixels, channels) != 0
        np.testing.assert_array_equal(own.pixel_messages[0], of_pixel.sum(axis=1) if not zeros else channels)
        assert (l1, nonzero) == (np.abs(s).sum(), np.count_nonzero(s))
        before = s


@given(seeds, st.integers(1, 80), st.integers(8, 32))
def test_accumulators_wrap_to_their_width_and_tell_their_peak(seed, count, bits):
    rng = np.random.default_rng(seed)
    accumulator = rng.integers(-(2**31), 2**31, count + 4).astype(np.int32)
    before = accumulator.tolist()
    peak = wrap_to_width(accumulator, 2, 2 + count, bits)
    folded = [(each + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1) for each in before[2 : 2 + count]]
    assert accumulator.tolist() == [*before[:2], *folded, *before[2 + count :]]
    assert peak == max(abs(each) for each in folded)
