"""Quantities are read exactly, and refused with a reason when they are none."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodels.schema import units
from hwmodels.schema.units import (
    CAPACITY,
    ENERGY,
    FREQUENCY,
    POWER,
    TIME,
    WIDTH,
    Dimension,
    ExactFloat,
    UnitError,
    parse_clock_hz,
    parse_latency,
    parse_quantity,
    period_fs,
)

DIMENSIONS = (ENERGY, TIME, CAPACITY, WIDTH, FREQUENCY, POWER)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("0.1 pJ", ENERGY, 100_000),
        ("100 fJ", ENERGY, 100_000),
        ("1e-1pJ", ENERGY, 100_000),
        ("23.6 pJ", ENERGY, 23_600_000),
        ("2 uJ", ENERGY, 2 * 10**12),
        ("2 µJ", ENERGY, 2 * 10**12),
        ("3.5 ns", TIME, 3_500_000),
        ("64 KiB", CAPACITY, 524_288),
        ("1 kB", CAPACITY, 8_000),
        ("64 bit", WIDTH, 64),
        ("500 MHz", FREQUENCY, 500_000_000),
        ("104.4 mW", POWER, 104_400_000),
    ],
)
def test_text_with_a_unit(text: str, dimension: Dimension, value: int) -> None:
    assert parse_quantity(text, dimension).value == value


@pytest.mark.parametrize(
    ("number", "value"), [(3, 3_000_000), (0.1, 100_000), (ExactFloat("0.10"), 100_000), (Decimal("3.7"), 3_700_000)]
)
def test_a_plain_number_is_in_the_unit_of_its_field(number: object, value: int) -> None:
    assert parse_quantity(number, ENERGY, "pJ").value == value


def test_what_was_written_is_kept_with_its_unit() -> None:
    assert str(parse_quantity(ExactFloat("0.10"), ENERGY, "pJ")) == "0.10 pJ"
    assert str(parse_quantity("100fJ", ENERGY, "pJ")) == "100 fJ"
    assert str(parse_latency("1 cycles")) == "1 cycle"


@given(
    st.sampled_from([(dimension, unit) for dimension in DIMENSIONS for unit in dimension.units]),
    st.integers(min_value=0, max_value=10**6),
    st.integers(min_value=0, max_value=6),
)
def test_reading_is_exact(dimension_unit: tuple[Dimension, str], digits: int, places: int) -> None:
    dimension, unit = dimension_unit
    exact = Fraction(digits, 10**places) * dimension.units[unit]
    text = f"{Decimal(digits).scaleb(-places):f} {unit}"
    if exact.denominator != 1 or exact > dimension.largest:
        with pytest.raises(UnitError, match=r"too (fine|large)"):
            parse_quantity(text, dimension)
    else:
        quantity = parse_quantity(text, dimension)
        assert quantity.value == exact
        assert parse_quantity(str(quantity), dimension) == quantity


@given(st.one_of(st.text(max_size=80), st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers())))
def test_anything_is_read_or_refused_with_a_reason(raw: object) -> None:
    for parse in (lambda: parse_quantity(raw, ENERGY, "pJ").value, lambda: parse_latency(raw).in_fs(1)):
        try:
            value = parse()
        except UnitError:
            continue
        assert 0 <= value <= 10**15


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (True, "is no energy: write a plain number in pJ, or write it with its unit, for example '0.1 pJ'"),
        (float("nan"), "must be a finite number"),
        (float("inf"), "too large"),
        (-1, "must not be negative"),
        ("-1 pJ", "must not be negative"),
        (10**400, "too large"),
        (-(10**5000), "must not be negative"),
        ("1e999999999 pJ", "too large"),
        ("1e-999999999 pJ", "too small to be told from 0"),
        ("9" * 500 + " pJ", "is no energy"),
        ("2 mJ", "the largest energy allowed is 1 mJ"),
        ("0.5 aJ", "counted in whole aJ"),
        ("3", "missing unit"),
        ("3 ns", "unknown unit 'ns': allowed are aJ, fJ"),
        ("3 pj", "did you mean 'pJ'?"),
        ("1.2.3 pJ", "'1.2.3' is not a number"),
        ("nan pJ", "is no energy"),
        ("", "is no energy"),
    ],
    ids=lambda value: str(value)[:20] if not isinstance(value, int) else "int",
)
def test_refusals(raw: object, says: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(raw, ENERGY, "pJ")
    assert says in str(caught.value)


def test_a_field_without_a_unit_in_its_name_needs_one() -> None:
    with pytest.raises(UnitError, match="missing unit"):
        parse_quantity(5, TIME)
    with pytest.raises(UnitError, match="missing unit"):
        parse_latency(0)


def test_latencies_in_cycles_and_in_time() -> None:
    assert parse_latency("2 cycles").in_fs(2_000_000) == 4_000_000
    assert parse_latency("0.5 cycles").in_fs(3) == 2  # 1.5 fs: ties to even
    assert parse_latency("3.5 ns").in_fs(None) == 3_500_000
    with pytest.raises(UnitError, match="cycles need a clock"):
        parse_latency("1 cycle").in_fs(None)
    with pytest.raises(UnitError, match="unknown unit 'pJ': allowed are cycles, fs"):
        parse_latency("1 pJ")


def test_the_period_of_a_clock_is_rounded_to_the_nearest_fs() -> None:
    assert period_fs(parse_clock_hz("500 MHz")) == 2_000_000
    assert period_fs(parse_clock_hz("3 GHz")) == 333_333
    assert period_fs(parse_clock_hz("0.6 GHz")) == 1_666_667
    with pytest.raises(UnitError, match="must be greater than 0"):
        parse_clock_hz("0 Hz")


ALL_DIMENSIONS = [value for value in vars(units).values() if isinstance(value, units.Dimension)]
SPACES = ["", " ", "\u00a0", "\u202f", "\u2009", "\u3000", "\t"]


@pytest.mark.parametrize("dimension", ALL_DIMENSIONS, ids=lambda dimension: dimension.name)
def test_signs_that_look_alike_are_one_unit(dimension: Dimension) -> None:
    for unit in dimension.units:
        want = parse_quantity(f"1 {unit}", dimension)
        for space in SPACES:
            for micro in "\u00b5\u03bc":
                spelled = unit.replace("\u00b5", micro).replace("m2", "m\u00b2")
                found = parse_quantity(f"1{space}{spelled}", dimension)
                assert (found, found.written) == (want, want.written)
        wide = "".join(chr(ord(letter) + 0xFEE0) if letter.isascii() else letter for letter in unit)
        assert parse_quantity(f"\uff11{wide}", dimension) == want


def test_micro_units_stand_beside_their_spelling_in_letters() -> None:
    for dimension in ALL_DIMENSIONS:
        for unit, size in dimension.units.items():
            if unit.startswith("u"):
                for micro in "\u00b5\u03bc":
                    assert parse_quantity(f"1 {micro}{unit[1:]}", dimension).value == size
    assert parse_latency("2\u202f\u03bcs") == parse_latency("2 us")
    assert parse_quantity("1 \u339b", units.LENGTH) == parse_quantity("1 um", units.LENGTH)  # one sign for both letters


@pytest.mark.parametrize("text", ["10\u00b3 pJ", "1\u00bd pJ", "\u2460 pJ", "1\u2044 2 pJ", "2 p\u00b2J", "\u0663 pJ"])
def test_signs_that_mean_something_else_are_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_quantity(text, ENERGY)
