"""Fixed-point arithmetic against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from exact_rounding import ROUNDINGS, exact_round
from hypothesis import given
from hypothesis import strategies as st

from workloads import Requantiser, WorkloadError
from workloads.integer.fixedpoint import multiplier_and_shift, requantise, round_shift
from workloads.integer.network import Rounding


@given(st.integers(-(2**62), 2**62), st.integers(1, 62), st.sampled_from(ROUNDINGS))
def test_round_shift_is_exact(value: int, shift: int, rounding: Rounding) -> None:
    rounded = round_shift(np.array([value], np.int64), shift, rounding)
    assert rounded[0] == exact_round(Fraction(value, 2**shift), rounding)


@given(st.integers(-(2**20), 2**20), st.integers(1, 40), st.sampled_from(ROUNDINGS))
def test_round_shift_is_exact_at_ties(half_steps: int, shift: int, rounding: Rounding) -> None:
    value = half_steps << (shift - 1)
    rounded = round_shift(np.array([value], np.int64), shift, rounding)
    assert rounded[0] == exact_round(Fraction(half_steps, 2), rounding)


@pytest.mark.parametrize(
    ("rounding", "expected"),
    [
        ("half_up", [-2, -1, 0, 1, 2, 3]),
        ("half_even", [-2, -2, 0, 0, 2, 2]),
        ("half_away", [-3, -2, -1, 1, 2, 3]),
    ],
)
def test_what_each_rounding_makes_of_halves(rounding: Rounding, expected: list[int]) -> None:
    halves = np.array([-5, -3, -1, 1, 3, 5], np.int64)  # -2.5, -1.5, -0.5, 0.5, 1.5, 2.5
    assert round_shift(halves, 1, rounding).tolist() == expected


@given(st.floats(2.0**-32, 2.0**29))
def test_multiplier_is_normalised_and_near(factor: float) -> None:
    multiplier, shift = (int(array) for array in multiplier_and_shift(factor))
    assert 2**30 <= multiplier < 2**31
    assert 1 <= shift <= 62
    assert abs(Fraction(multiplier, 2**shift) - Fraction(factor)) <= Fraction(factor) / 2**31


@given(st.floats(0, 2.0**-32))
def test_small_factors_keep_the_largest_shift(factor: float) -> None:
    multiplier, shift = (int(array) for array in multiplier_and_shift(factor))
    assert 0 <= multiplier <= 2**30
    assert abs(Fraction(multiplier, 2**shift) - Fraction(factor)) <= Fraction(1, 2**62)


def test_multiplier_and_shift_at_the_edges() -> None:
    just_below_one, just_below_most = np.nextafter(1.0, 0), np.nextafter(2.0**30, 0)
    multiplier, shift = multiplier_and_shift([1.0, 0.5, 0.0, just_below_one, just_below_most])
    assert multiplier.tolist() == [2**30, 2**30, 0, 2**30, 2**31 - 1]
    assert shift.tolist() == [30, 31, 31, 30, 1]
    assert multiplier.dtype == shift.dtype == np.int32


@pytest.mark.parametrize("factor", [-1e-9, float("nan"), float("inf"), 2.0**30])
def test_factors_out_of_range_are_refused(factor: float) -> None:
    with pytest.raises(WorkloadError, match="requantisation factor"):
        multiplier_and_shift([0.5, factor])


@given(
    st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=5),
    st.integers(0, 2**31 - 1),
    st.integers(1, 62),
    st.sampled_from(ROUNDINGS),
    st.booleans(),
)
def test_requantise_is_exact(values: list[int], multiplier: int, shift: int, rounding: Rounding, signed: bool) -> None:
    low, high = (-128, 127) if signed else (0, 255)
    requantiser = Requantiser(np.array([multiplier], np.int32), np.array([shift], np.int32), low, high, rounding)
    expected = [min(max(exact_round(Fraction(v * multiplier, 2**shift), rounding), low), high) for v in values]
    result = requantise(np.array(values, np.int32).reshape(-1, 1), requantiser)
    assert result[:, 0].tolist() == expected
    assert result.dtype == np.int32
