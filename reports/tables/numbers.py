"""Numbers as people read them: three significant digits, an SI prefix, a unit."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_PREFIXES: Final = {
    -18: "a",
    -15: "f",
    -12: "p",
    -9: "n",
    -6: "µ",
    -3: "m",
    0: "",
    3: "k",
    6: "M",
    9: "G",
    12: "T",
    15: "P",
}
_NARROW_SPACE: Final = "\u202f"
_SPACE: Final = "\u00a0"
"""Neither breaks a line: a number stays with its unit."""
ALL_DIGITS: Final = 10**8
"""Counts below have all their digits in a terminal."""
NOTHING: Final = "–"  # noqa: RUF001 - an en dash in a table cell without a value


def quantity(value: float | None, unit: str, digits: int = 3) -> str:
    """`quantity(3.62e-8, "J")` is "36.2 nJ". Missing values (None, NaN) give a dash."""
    if _missing(value):
        return NOTHING
    assert value is not None  # noqa: S101 - for the type checker
    if value == 0:
        return f"0{_SPACE}{unit}".strip()
    exponent = math.floor(math.log10(abs(value)) / 3) * 3
    mantissa = _rounded(value / 10.0**exponent, digits)
    if abs(float(mantissa)) >= 1000:
        exponent, mantissa = exponent + 3, _rounded(value / 10.0 ** (exponent + 3), digits)
    if exponent not in _PREFIXES:
        return f"{value:.{digits}g}{_SPACE}{unit}".strip()
    return f"{mantissa}{_SPACE}{_PREFIXES[exponent]}{unit}".strip()


def count(value: float | None) -> str:
    """A count with thin spaces between groups of three: 397 600. Means of counts are rounded to integers above 100."""
    if _missing(value):
        return NOTHING
    assert value is not None  # noqa: S101 - for the type checker
    if float(value).is_integer() or abs(value) >= 100:
        return f"{round(value):,}".replace(",", _NARROW_SPACE)
    return significant(value)


def memory(kib: float) -> str:
    """What a memory holds: "784 B", "147 KiB", "16 MiB"; four significant digits at most, in the unit that fits."""
    size, unit = kib * 1024, "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if abs(float(_rounded(size, 4))) < 1024:
            break
        size, unit = size / 1024, larger
    return f"{significant(size, 4)}{_SPACE}{unit}"


@dataclass(frozen=True)
class ColumnUnit:
    """How all values of a column are written: in one unit, with equally many decimals. `unit` goes into the heading."""

    unit: str
    exponent: int
    decimals: int

    def text(self, value: float | None) -> str:
        """The value in this unit, groups of three set apart by commas; a hyphen where there is none."""
        if _missing(value):
            return "-"
        assert value is not None  # noqa: S101 - for the type checker
        text = f"{value / 10.0**self.exponent:,.{self.decimals}f}"
        return text if any(digit in text for digit in "123456789") else text.removeprefix("-")


def column_unit(values: Iterable[float | None], unit: str, exponent: int = 0) -> ColumnUnit:
    """The unit in which a terminal shows a column of `values`, which are in 10**exponent `unit`.

    The largest unit in which the smallest value is 1 or more, or a larger one if the largest value would be a million
    or more; as many decimals as give the smallest four significant digits, three at most. Counts (no unit) have all
    their digits up to 100 million. Units are in ASCII: uJ is a microjoule.
    """
    sizes = sorted(abs(value) for value in values if not _missing(value) and value)
    if not sizes or (not unit and sizes[-1] < ALL_DIGITS):
        return ColumnUnit(f"{_PREFIXES[exponent]}{unit}", 0, 0)
    smallest = sizes[0] * (1 + 1e-12)  # 1000 that was computed as 999.999...
    fits = max(math.floor(math.log10(smallest) / 3), math.floor(math.log10(sizes[-1]) / 3) - 1)
    steps = max(0, min(fits, (max(_PREFIXES) - exponent) // 3))
    digits = math.floor(math.log10(smallest)) - 3 * steps
    prefix = _PREFIXES[exponent + 3 * steps].replace("µ", "u")
    return ColumnUnit(f"{prefix}{unit}", 3 * steps, max(0, min(3 - digits, 3)))


def percent(value: float | None, digits: int = 2) -> str:
    """A value in percent, with its sign: "2.04 %"."""
    return NOTHING if _missing(value) else f"{value:.{digits}f}{_SPACE}%"


def ratio(value: float | None) -> str:
    """How many times: "11.3×"."""
    return NOTHING if _missing(value) or math.isinf(value or 0) else f"{_rounded(value or 0, 3)}×"  # noqa: RUF001


def exact(value: float | None, unit: str) -> str:
    """All digits of a value, for titles: "36.16 pJ", "397600"."""
    if _missing(value):
        return ""
    assert value is not None  # noqa: S101 - for the type checker
    return f"{int(value) if float(value).is_integer() else repr(float(value))} {unit}".strip()


def _rounded(value: float, digits: int) -> str:
    """`value` with so many significant digits, never in exponent notation."""
    if value == 0:
        return "0"
    return f"{Decimal(f'{value:.{digits - 1}e}'):f}"


def significant(value: float, digits: int = 3) -> str:
    """At most so many significant digits, never in exponent notation, groups of three set apart: "12,300", "0.5"."""
    text = f"{Decimal(_rounded(value, digits)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _missing(value: float | None) -> bool:
    return value is None or value != value  # noqa: PLR0124 - NaN, or pandas' NA turned into it by the caller
