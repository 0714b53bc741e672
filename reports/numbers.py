"""Numbers as people read them: three significant digits, an SI prefix, a unit."""

from __future__ import annotations

import math
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
    return f"{value:.3g}"


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


def _missing(value: float | None) -> bool:
    return value is None or value != value  # noqa: PLR0124 - NaN, or pandas' NA turned into it by the caller
