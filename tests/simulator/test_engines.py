"""The two engines agree on every bit, every count and every time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import cases, multipliers
from small_chips import CHIP, chain, frames

from hwmodels.encodings import signed_digits
from hwmodels.records import COLUMNS, LINK_COLUMNS
from simulator import advance, checkpoint, plan_network, restore, simulate, start
from simulator.modes import mode_named
from simulator.reference.integers import canonical_digits, requantise_exactly
from simulator.values.arrays import ROUNDINGS
from simulator.values.kernels_requantise import requantise
from workloads.integer.network import Requantiser

CASES = 200


@settings(max_examples=CASES, deadline=None)
@given(cases())
def test_reference_and_fast_engine_agree_on_chains(case):
    engines_agree(case)


def engines_agree(case):
    network, frames, chip, mode, arrival, mapping = case
    both = {"arrival": arrival, "mapping": mapping, "keep_integers": True, "record_messages": True}
    fast = simulate(network, frames, chip, mode, **both)
    slow = simulate(network, frames, chip, mode, engine="reference", **both)
    np.testing.assert_array_equal(fast.outputs, slow.outputs)
    np.testing.assert_array_equal(fast.integers, slow.integers)
    for place, column in enumerate(COLUMNS):
        np.testing.assert_array_equal(fast.counts[..., place], slow.counts[..., place], err_msg=column)
    for place, column in enumerate(LINK_COLUMNS):
        np.testing.assert_array_equal(fast.mesh[..., place], slow.mesh[..., place], err_msg=column)
    assert fast.messages_table().equals(slow.messages_table())


@settings(max_examples=100)
@given(cases() | cases(branches=True) | cases(splits=True) | cases(branches=True, splits=True), st.integers(1, 3))
def test_block_size_and_checkpoints_change_nothing(case, size):
    network, frames, chip, mode, arrival, mapping = case
    kept = {"keep_integers": True, "record_messages": True}
    whole = simulate(network, frames, chip, mode, arrival=arrival, mapping=mapping, **kept)
    plan = plan_network(network, chip, mode_named(mode), mapping)
    blocks, saved = [], None
    for first in range(0, len(frames) + size, size):  # the last round has no frames left: it drains the pipeline
        state = start(network, plan, arrival, block=size, keep_integers=True)  # as after a restart
        if saved is not None:
            restore(state, saved)
        part = frames[first : first + size]
        blocks += advance(state, part, last=len(part) == 0, record_messages=True)
        saved = checkpoint(state)
    blocks += advance(state, frames[:0], last=True, record_messages=True)
    np.testing.assert_array_equal(np.concatenate([b.counts for b in blocks]), whole.counts)
    np.testing.assert_array_equal(np.concatenate([b.mesh for b in blocks]), whole.mesh)
    np.testing.assert_array_equal(np.concatenate([b.integers for b in blocks]), whole.integers)
    np.testing.assert_array_equal(np.concatenate([b.messages for b in blocks]), whole.messages)


@settings(max_examples=60)
@given(cases() | cases(branches=True) | cases(branches=True, splits=True))
def test_delta_networks_give_the_integers_of_their_frame_by_frame_partner(case):
    """Holds while no saturating accumulator clips; wrapping ones may wrap as they like."""
    network = replace(case.network, overflow="wrap")
    full = network.precision == "full"
    with_deltas, without = ("temporal_difference", "original") if full else ("sigma_delta", "rounding")
    delta, plain = (
        simulate(network, case.frames, case.chip, mode, mapping=case.mapping, keep_integers=True)
        for mode in (with_deltas, without)
    )
    np.testing.assert_array_equal(delta.integers, plain.integers)
    digest = COLUMNS.index("digest")
    np.testing.assert_array_equal(delta.counts[..., digest], plain.counts[..., digest])


def test_a_saturating_accumulator_that_clips_breaks_the_identity():
    """One clip and the sum is off for good (the accumulator of a delta network never starts afresh)."""
    network = replace(chain(2, 1, weight=100, overflow="saturate"), accumulator_bits=12)
    clip_then_fall = frames([0, 0], [20, 20], [0, 20])  # 4000 is more than 2047
    delta, plain = (simulate(network, clip_then_fall, CHIP, mode) for mode in ("sigma_delta", "rounding"))
    assert plain.outputs.tolist() == [[0], [2047], [2000]]
    assert delta.outputs.tolist() == [[0], [2047], [47]]
    assert delta.counts[1, 1, COLUMNS.index("accumulator_clips")] > 0


@given(st.integers(-(2**20), 2**20))
def test_canonical_digits_recode_the_value_with_the_digits_counted(value):
    digits = canonical_digits(value)
    assert sum(digit * 2**place for place, digit in enumerate(digits)) == value
    assert all(a == 0 or b == 0 for a, b in pairwise(digits))
    assert sum(digit != 0 for digit in digits) == signed_digits(value)


@pytest.mark.parametrize("rounding", ["half_up", "half_even", "half_away"])
@given(
    st.lists(st.integers(-64, 64), min_size=20, max_size=40),  # small ones over small powers of two make many ties
    st.lists(st.integers(-(2**31), 2**31 - 1), max_size=5),
    multipliers,
    st.integers(29, 36),
    st.booleans(),
)
def test_compiled_requantisation_is_exact_at_ties_and_extremes(rounding, small, large, multiplier, shift, relu):
    accumulators = small + large
    count = len(accumulators)
    one = Requantiser(np.array([multiplier], np.int32), np.array([shift], np.int32), -128, 127, rounding)
    s = np.empty(count, np.int32)
    clipped = requantise(
        np.array(accumulators, np.int32),
        0,
        np.full(count, 0 if relu else -(2**31), np.int32),
        np.full(count, 2**31 - 1, np.int32),
        np.full(count, multiplier, np.int64),
        np.full(count, shift, np.int64),
        0,
        ROUNDINGS[rounding],
        -128,
        127,
        s,
        0,
        count,
    )
    exact = [requantise_exactly(max(a, 0) if relu else a, 0, one) for a in accumulators]
    assert s.tolist() == [value for value, _ in exact]
    assert clipped == sum(was_clipped for _, was_clipped in exact)


@settings(max_examples=CASES)
@given(cases(branches=True))
def test_reference_and_fast_engine_agree_on_networks_that_branch(case):
    engines_agree(case)


@settings(max_examples=CASES, deadline=None)
@given(cases(splits=True))
def test_reference_and_fast_engine_agree_on_split_layers(case):
    engines_agree(case)


@settings(max_examples=CASES, deadline=None)
@given(cases(branches=True, splits=True))
def test_reference_and_fast_engine_agree_on_branching_networks_with_split_layers(case):
    engines_agree(case)
