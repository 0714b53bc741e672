"""Algorithms 1-4 of the paper, on exact rationals: what its Appendix A proves, and where ties break it."""

from __future__ import annotations

from fractions import Fraction
from math import floor
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.reference.integers import round_exactly
from simulator.values.algorithms import delta_herding, herding, temporal_difference, temporal_integration

ROUNDINGS = ["half_up", "half_even", "half_away"]
# eighths: one value in eight is a tie
rationals = st.lists(st.integers(-80, 80).map(lambda n: Fraction(n, 8)), max_size=30)


def rounding_named(name):
    return lambda x: round_exactly(Fraction(x), name)


@given(rationals)
def test_integration_undoes_the_difference(xs):
    assert list(temporal_integration(temporal_difference(xs))) == xs


@given(rationals)
def test_with_half_up_herding_the_difference_is_delta_herding_at_every_step(xs):
    half_up = rounding_named("half_up")
    assert list(herding(temporal_difference(xs), half_up)) == list(delta_herding(xs, half_up))


@given(rationals, st.sampled_from(ROUNDINGS))
def test_difference_of_the_rounded_sum_is_delta_herding_for_any_tie_rule(xs, name):
    rounding = rounding_named(name)
    sums = temporal_integration(temporal_difference(xs))
    assert list(temporal_difference(map(rounding, sums))) == list(delta_herding(xs, rounding))


@given(rationals, st.sampled_from(ROUNDINGS))
def test_herding_keeps_at_most_half_and_loses_nothing(xs, name):
    sent = list(herding(xs, rounding_named(name)))
    for t in range(len(xs)):
        assert abs(sum(xs[: t + 1]) - sum(sent[: t + 1])) <= Fraction(1, 2)


@given(rationals, st.sampled_from(ROUNDINGS))
def test_what_delta_herding_sent_adds_up_to_the_rounded_value(xs, name):
    rounding = rounding_named(name)
    assert list(temporal_integration(delta_herding(xs, rounding))) == [rounding(x) for x in xs]


@given(st.integers(-80, 80), st.integers(1, 10), st.sampled_from(ROUNDINGS))
def test_constant_input_sends_nothing_after_the_first_frame(eighths, frames, name):
    x = Fraction(eighths, 8)
    rounding = rounding_named(name)
    assert list(delta_herding([x] * frames, rounding)) == [rounding(x)] + [0] * (frames - 1)


@given(rationals, st.integers(1, 9), st.sampled_from(ROUNDINGS))
def test_events_are_bounded_by_the_scaled_change_plus_one(xs, k, name):
    scaled = [k * x for x in xs]
    for sent, change in zip(delta_herding(scaled, rounding_named(name)), temporal_difference(scaled), strict=True):
        assert abs(sent) <= abs(change) + 1


@pytest.mark.parametrize(("name", "agrees"), [("half_up", True), ("half_even", False), ("half_away", False)])
def test_which_tie_rule_makes_residue_herding_equal_delta_herding(name, agrees):
    random = Random(1)
    xs = [Fraction(random.randrange(-80, 80), 8) for _ in range(2000)]
    rounding = rounding_named(name)
    residue = list(herding(temporal_difference(xs), rounding))
    mismatches = sum(a != b for a, b in zip(residue, delta_herding(xs, rounding), strict=True))
    assert (mismatches == 0) == agrees


def test_the_smallest_tie_that_tells_the_rules_apart():
    # 1 then 3/2: the value goes up to the even 2, but the residue 1/2 alone goes down to the even 0
    half_even = rounding_named("half_even")
    xs = [Fraction(1), Fraction(3, 2)]
    assert list(delta_herding(xs, half_even)) == [1, 1]
    assert list(herding(temporal_difference(xs), half_even)) == [1, 0]


def test_the_algorithms_take_arrays():
    frames = [np.array([1.0, 2.5]), np.array([1.0, 3.0])]
    changes = list(temporal_difference(frames))
    np.testing.assert_array_equal(changes[1], [0.0, 0.5])
    np.testing.assert_array_equal(list(temporal_integration(changes))[1], frames[1])
    sent = list(delta_herding(frames, lambda x: np.floor(x + 0.5)))
    np.testing.assert_array_equal(sent, [[1, 3], [0, 0]])


@given(st.integers(-1000, 1000), st.integers(1, 64), st.sampled_from(ROUNDINGS))
def test_rounding_is_to_the_nearest_and_ties_go_where_the_name_says(numerator, denominator, name):
    x = Fraction(numerator, denominator)
    rounded = round_exactly(x, name)
    assert abs(rounded - x) <= Fraction(1, 2)
    if abs(rounded - x) == Fraction(1, 2):
        low = floor(x)
        expected = {"half_up": low + 1, "half_even": low + low % 2, "half_away": low if x < 0 else low + 1}
        assert rounded == expected[name]
