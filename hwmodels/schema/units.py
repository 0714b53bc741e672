"""Quantities with units, read exactly: "100 fJ", "64 KiB", "500 MHz", "3.5 ns", "2 cycles" to integers.

Inside the project energy is an integer number of attojoules (aJ), time of femtoseconds (fs), capacity of bits,
frequency of hertz, power of nanowatts (nW) and area of square micrometres (um2); no float touches them. A value finer
than its base unit is refused. Two things are rounded, to the nearest femtosecond (ties to even): the period of a clock,
and a latency of a fraction of a cycle.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final

FS_PER_SECOND: Final = 10**15
LONGEST_TEXT: Final = 64

_NUMBER_AND_UNIT: Final = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*((?:[A-Za-zµ]+2?)?)")


class UnitError(ValueError):
    """A value that is no quantity of the dimension asked for. The message says what is allowed."""


class ExactFloat(float):
    """A float that remembers the digits it was written with, so that quantities can be read from them exactly."""

    written: str

    def __new__(cls, written: str) -> ExactFloat:
        """Return the float nearest to the decimal number in `written`. Raise ValueError if it is none."""
        number = super().__new__(cls, written.replace("_", ""))
        number.written = written.replace("_", "")
        return number


@dataclass(frozen=True)
class Dimension:
    """A kind of quantity: its units as multiples of the integer base unit, and the range that makes sense."""

    name: str
    base: str
    units: Mapping[str, int]
    largest: int
    example: str


_METRIC_ENERGY: Final = {"aJ": 1, "fJ": 10**3, "pJ": 10**6, "nJ": 10**9, "uJ": 10**12, "µJ": 10**12, "mJ": 10**15}
_METRIC_TIME: Final = {"fs": 1, "ps": 10**3, "ns": 10**6, "us": 10**9, "µs": 10**9, "ms": 10**12, "s": 10**15}

ENERGY: Final = Dimension("energy", "aJ", _METRIC_ENERGY, 10**15, "0.1 pJ")
TIME: Final = Dimension("time", "fs", _METRIC_TIME, FS_PER_SECOND, "3.5 ns")
CAPACITY: Final = Dimension(
    "capacity",
    "bit",
    {
        "bit": 1, "bits": 1, "B": 8, "byte": 8, "bytes": 8, "kB": 8 * 10**3, "MB": 8 * 10**6,
        "KiB": 8 * 2**10, "MiB": 8 * 2**20, "GiB": 8 * 2**30, "Kibit": 2**10, "Mibit": 2**20,
    },
    8 * 2**40,
    "64 KiB",
)  # fmt: skip
WIDTH: Final = Dimension("width", "bit", {"bit": 1, "bits": 1, "B": 8, "byte": 8, "bytes": 8}, 2**16, "64 bit")
FREQUENCY: Final = Dimension("frequency", "Hz", {"Hz": 1, "kHz": 10**3, "MHz": 10**6, "GHz": 10**9}, 10**12, "500 MHz")
AREA: Final = Dimension("area", "um2", {"um2": 1, "µm2": 1, "mm2": 10**6}, 10**12, "0.5 mm2")
POWER: Final = Dimension("power", "nW", {"nW": 1, "uW": 10**3, "µW": 10**3, "mW": 10**6, "W": 10**9}, 10**12, "1.5 mW")
LENGTH: Final = Dimension("node", "pm", {"nm": 10**3, "um": 10**6, "µm": 10**6}, 10**9, "45 nm")
VOLTAGE: Final = Dimension("voltage", "uV", {"V": 10**6, "mV": 10**3}, 10**8, "0.9 V")
CYCLES: Final = ("cycle", "cycles")
LARGEST_CYCLES: Final = 10**9


@dataclass(frozen=True)
class Quantity:
    """An exact quantity: `value` in the integer base unit of its dimension, `written` as the file has it."""

    value: int
    written: str = field(compare=False)

    def __str__(self) -> str:
        """Return the quantity as written, always with its unit."""
        return self.written


@dataclass(frozen=True)
class Latency:
    """A duration, either in femtoseconds or in cycles of the chip's clock: exactly one of the two is set."""

    fs: int | None
    cycles: Fraction | None
    written: str = field(compare=False)

    def __str__(self) -> str:
        """Return the latency as written, with its unit."""
        return self.written

    def in_fs(self, period_fs: int | None) -> int:
        """Return the latency in fs; `period_fs` is the clock's period. Raise UnitError for cycles without a clock."""
        if self.fs is not None:
            return self.fs
        if period_fs is None or self.cycles is None:
            raise UnitError("cycles need a clock, and this chip is asynchronous: write a time, for example '3.5 ns'")
        return round(self.cycles * period_fs)


def parse_quantity(raw: object, dimension: Dimension, unit: str | None = None) -> Quantity:
    """Return `raw` as an exact quantity of `dimension`.

    `raw` is a string with a unit, or, where the field's name carries `unit`, a plain number in that unit.
    Raise UnitError for anything else: no unit, unknown unit, negative, not finite, too large, too fine.
    """
    if isinstance(raw, Quantity):
        return raw
    number, written_unit = _split(raw, dimension.name, dimension.example, unit)
    if written_unit not in dimension.units:
        raise UnitError(_unknown_unit(written_unit, dimension))
    value = number * dimension.units[written_unit]
    limit = Fraction(dimension.largest)
    if value > limit:
        raise UnitError(f"too large: the largest {dimension.name} allowed is {in_unit(limit, dimension, written_unit)}")
    if value.denominator != 1:
        raise UnitError(f"too fine: {dimension.name} is counted in whole {dimension.base}")
    return Quantity(int(value), f"{_digits(raw)} {written_unit}")


def parse_latency(raw: object) -> Latency:
    """Return `raw`, a string such as "3.5 ns" or "2 cycles", as a latency. Raise UnitError if it is none."""
    if isinstance(raw, Latency):
        return raw
    number, unit = _split(raw, "latency", "2 cycles' or '3.5 ns", None)
    if unit not in CYCLES:
        if unit not in TIME.units:
            raise UnitError(f"unknown unit '{unit}': allowed are cycles, {', '.join(TIME.units)}")
        quantity = parse_quantity(raw, TIME)
        return Latency(quantity.value, None, quantity.written)
    if number > LARGEST_CYCLES:
        raise UnitError(f"too large: the largest latency allowed is {LARGEST_CYCLES} cycles")
    return Latency(None, number, f"{_digits(raw)} {'cycle' if number == 1 else 'cycles'}")


def parse_clock_hz(raw: object) -> Quantity:
    """Return a clock frequency. Raise UnitError if it is zero or no frequency."""
    clock = parse_quantity(raw, FREQUENCY)
    if clock.value == 0:
        raise UnitError("must be greater than 0; write 'asynchronous' for a chip without a clock")
    return clock


def period_fs(clock: Quantity) -> int:
    """Return the period of a clock in fs, rounded to the nearest one: 3 GHz is 333,333 fs."""
    return round(Fraction(FS_PER_SECOND, clock.value))


def in_unit(value: Fraction, dimension: Dimension, unit: str) -> str:
    """Return a value in base units as text in `unit`, for messages: (10**6 aJ, pJ) is "1 pJ"."""
    return f"{float(value / dimension.units[unit]):g} {unit}"


def _split(raw: object, name: str, example: str, default_unit: str | None) -> tuple[Fraction, str]:
    """Return (number, unit) of a plain number or of a string."""
    expected = f"write it with its unit, for example '{example}'"
    if isinstance(raw, str):
        match = _number_and_unit(raw)
        if match is None:
            raise UnitError(f"is no {name}: {expected}")
        text, unit = match.groups()
        if not unit:
            raise UnitError(f"missing unit: {expected}")
        return _exact(text), unit
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal):
        plain = f"write a plain number in {default_unit}, or " if default_unit else ""
        raise UnitError(f"is no {name}: {plain}{expected}")
    if default_unit is None:
        raise UnitError(f"missing unit: {expected}")
    return _exact(_digits(raw)), default_unit


def _number_and_unit(raw: str) -> re.Match[str] | None:
    return _NUMBER_AND_UNIT.fullmatch(_in_plain_signs(raw).strip()) if len(raw) <= LONGEST_TEXT else None


def _in_plain_signs(text: str) -> str:
    """`text` with the usual sign for each that only looks different: both signs for micro, any space, wide digits.

    A raised digit is one in a unit only (mm²): in a number (10³) it means something else than the digit.
    """
    text = re.sub(r"(?<=[A-Za-z])²", "2", text)
    return "".join(map(_plain_sign, text))


def _plain_sign(sign: str) -> str:
    if unicodedata.decomposition(sign).startswith(("<super>", "<sub>", "<fraction>", "<circle>")):
        return sign
    return unicodedata.normalize("NFKC", sign).replace("μ", "µ")  # NFKC makes U+03BC of both


def _digits(raw: object) -> str:
    """Return the number of `raw` as text, without its unit."""
    if isinstance(raw, str):
        match = _number_and_unit(raw)
        return match.group(1) if match else raw
    if isinstance(raw, ExactFloat):
        return raw.written
    if isinstance(raw, int) and abs(raw) > 10**LONGEST_TEXT:
        return "Infinity" if raw > 0 else "-Infinity"  # Python refuses to print integers of many thousand digits
    return str(raw)


def _exact(text: str) -> Fraction:
    try:
        number = Decimal(text) if len(text) <= LONGEST_TEXT else Decimal("Infinity")
    except InvalidOperation:
        raise UnitError(f"'{text}' is not a number") from None
    if number.is_nan():
        raise UnitError("must be a finite number")
    if number < 0:
        raise UnitError("must not be negative: 0 or more is allowed")
    # The exponent is bounded before the number becomes a fraction: 1e999999999 would fill the memory.
    if number.is_infinite() or number.adjusted() > LONGEST_TEXT:
        raise UnitError("too large, or written with too many digits")
    if number != 0 and number.adjusted() < -LONGEST_TEXT:
        raise UnitError("too small to be told from 0: write 0")
    return Fraction(number)


def _unknown_unit(unit: str, dimension: Dimension) -> str:
    same_letters = [known for known in dimension.units if known.lower() == unit.lower()]
    if unit.lower() == "kb" and "KiB" in dimension.units:
        same_letters = ["KiB", "kB"]
    hint = f" (did you mean {' or '.join(repr(known) for known in same_letters)}?)" if same_letters else ""
    return f"unknown unit '{unit}'{hint}: allowed are {', '.join(dimension.units)}"
