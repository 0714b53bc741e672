"""SRAM energy by capacity: exact at the cited points, a power law between them, refused outside."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodels import load_accelerator
from hwmodels.memory import sram_energy_aj
from hwmodels.schema.parts import Sram
from hwmodels.schema.units import UnitError

KIB = 8 * 1024
HOROWITZ = load_accelerator("horowitz-45nm").memories.sram
assert HOROWITZ is not None
CAPACITIES = st.integers(min_value=8 * KIB, max_value=1024 * KIB)


@pytest.mark.parametrize(("capacity_kib", "energy_pj"), [(8, 10), (32, 20), (1024, 100)])
def test_exact_at_the_points_and_proportional_to_the_word(capacity_kib: int, energy_pj: int) -> None:
    assert sram_energy_aj(HOROWITZ, capacity_kib * KIB, 64) == energy_pj * 10**6
    assert sram_energy_aj(HOROWITZ, capacity_kib * KIB, 32) == energy_pj * 10**6 // 2
    assert sram_energy_aj(HOROWITZ, capacity_kib * KIB, 256) == energy_pj * 10**6 * 4


def test_halfway_between_two_points_is_their_geometric_mean() -> None:
    assert sram_energy_aj(HOROWITZ, 16 * KIB, 64) == 14_142_136  # sqrt(10 * 20) pJ


@given(CAPACITIES, CAPACITIES)
def test_a_larger_memory_never_costs_less(one: int, other: int) -> None:
    smaller, larger = sorted((one, other))
    assert sram_energy_aj(HOROWITZ, smaller, 64) <= sram_energy_aj(HOROWITZ, larger, 64)


@given(CAPACITIES)
def test_near_the_float_formula(capacity_bits: int) -> None:
    low, high = (8, 32) if capacity_bits <= 32 * KIB else (32, 1024)
    energy = {8: 10.0, 32: 20.0, 1024: 100.0}
    slope = math.log(energy[high] / energy[low]) / math.log(high / low)
    expected = energy[low] * (capacity_bits / (low * KIB)) ** slope * 1e6
    assert sram_energy_aj(HOROWITZ, capacity_bits, 64) == pytest.approx(expected, abs=0.51, rel=1e-12)


@pytest.mark.parametrize("capacity_kib", [1, 2048])
def test_outside_the_points_only_when_asked(capacity_kib: int) -> None:
    with pytest.raises(UnitError, match=r"outside the cited points \(8 KiB to 1 MiB\).*'extrapolate'"):
        sram_energy_aj(HOROWITZ, capacity_kib * KIB, 64)


def test_extrapolation_keeps_the_slope_of_the_nearest_segment() -> None:
    beyond = Sram.model_validate({**HOROWITZ.model_dump(), "beyond_points": "extrapolate"})
    assert sram_energy_aj(beyond, 2 * KIB, 64) == 5_000_000
    assert sram_energy_aj(beyond, 32 * 1024 * KIB, 64) == 500_000_000
