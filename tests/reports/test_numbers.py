"""Numbers in a terminal and on a page: one unit and one notation a column, none of them in exponents."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.tables.numbers import column_unit, count, memory, significant

SIZES = st.floats(1e-9, 1e15)


@pytest.mark.parametrize(
    ("values", "unit", "exponent", "heading", "texts"),
    [
        ((3.3638e9, 90_051_538), "J", -12, "uJ", ["3,363.80", "90.05"]),
        ((4e11, 2e11), "J", -12, "mJ", ["400.0", "200.0"]),
        ((4.2e12, 1e12), "J", -12, "J", ["4.200", "1.000"]),
        ((59_640, 11_956), "J", -12, "nJ", ["59.64", "11.96"]),
        ((0.5, 19.2), "J", -12, "pJ", ["0.500", "19.200"]),
        ((53_347, None), "s", -9, "us", ["53.35", "-"]),
        ((999.9999999999999, 1500), "J", -12, "nJ", ["1.000", "1.500"]),
        ((118.4, 3_576_931), "J", -12, "nJ", ["0.118", "3,576.931"]),
        ((397_600, 79_708), "", 0, "", ["397,600", "79,708"]),
        ((7.5092e8, 99_999), "", 0, "k", ["750,920.00", "100.00"]),
        ((0, 0), "J", -12, "pJ", ["0", "0"]),
        ((float("nan"),), "J", -12, "pJ", ["-"]),
    ],
)
def test_a_column_by_hand(
    values: tuple[float | None, ...], unit: str, exponent: int, heading: str, texts: list[str]
) -> None:
    written = column_unit(values, unit, exponent)
    assert written.unit == heading
    assert [written.text(value) for value in values] == texts


@given(st.lists(SIZES, min_size=1, max_size=9), st.sampled_from([("J", -12), ("s", -9), ("W", -3), ("", 0)]))
def test_a_column_has_one_notation_and_loses_no_size(values: list[float], of: tuple[str, int]) -> None:
    written = column_unit(values, *of)
    texts = [written.text(value) for value in values]
    assert all(re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d+)?", text) for text in texts)
    assert len({len(text.partition(".")[2]) for text in texts}) == 1
    step = 10.0 ** (written.exponent - written.decimals)
    for text, value in zip(texts, values, strict=True):
        assert abs(float(text.replace(",", "")) * 10.0**written.exponent - value) <= 0.51 * step + 1e-9 * value
    largest = max(values)
    assert float(written.text(largest).replace(",", "")) < 1e9 or largest >= 1e15


@given(st.floats(2**-13, 2**30))
def test_memories_are_written_in_a_unit_that_fits(kib: float) -> None:
    text = memory(kib)
    number, unit = text.split("\u00a0")
    assert re.fullmatch(r"\d?,?\d{1,3}(\.\d{1,4})?", number)
    factor = {"B": 1 / 1024, "KiB": 1, "MiB": 1024, "GiB": 2**20, "TiB": 2**30}[unit]
    assert float(number.replace(",", "")) * factor == pytest.approx(kib, rel=6e-4)


def test_memories_and_sizes_by_hand() -> None:
    shown = [memory(kib).replace("\u00a0", " ") for kib in (16384, 147, 784 / 1024, 0, 1.5, 1023.99, 2304)]
    assert shown == ["16 MiB", "147 KiB", "784 B", "0 B", "1.5 KiB", "1 MiB", "2.25 MiB"]
    assert [significant(value) for value in (12345.6, 0.00001234, 60.0)] == ["12,300", "0.0000123", "60"]
    assert [count(value) for value in (0.00001234, 12.5, 99.96)] == ["0.0000123", "12.5", "100"]
