"""Types of the fields of accelerator files: quantities that may be numbers or strings with a unit, and names.

Each carries the JSON Schema that an editor needs; reading is exact (hwmodels.schema.units) and writing keeps the unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, WithJsonSchema
from pydantic.functional_validators import BeforeValidator

from hwmodels.schema.units import (
    AREA,
    CAPACITY,
    CYCLES,
    ENERGY,
    FREQUENCY,
    LENGTH,
    POWER,
    TIME,
    VOLTAGE,
    WIDTH,
    Dimension,
    Latency,
    Quantity,
    UnitError,
    parse_clock_hz,
    parse_latency,
    parse_quantity,
)

DEEPEST_QUEUE: Final = 2**20
_NUMBER: Final = r"[+]?[0-9.]+([eE][+-]?[0-9]+)?\s*"


class Part(BaseModel):
    """A part of an accelerator file: unknown fields are refused, values cannot be changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _with_unit(units: list[str], example: str) -> dict[str, Any]:
    return {"type": "string", "pattern": f"^{_NUMBER}({'|'.join(units)})$".replace("µ", "[µμ]"), "examples": [example]}


def _number(unit: str) -> dict[str, Any]:
    return {"type": "number", "minimum": 0, "description": f"in {unit}"}


def _choices(*choices: dict[str, Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": list(choices)})


def _in(dimension: Dimension, unit: str | None = None) -> Callable[[object], Quantity]:
    return lambda raw: parse_quantity(raw, dimension, unit)


def _or_word(word: str, parse: Callable[[object], Quantity]) -> Callable[[object], Quantity | str]:
    def read(raw: object) -> Quantity | str:
        if raw == word:
            return word
        try:
            return parse(raw)
        except UnitError as error:
            raise UnitError(f"{error}; or '{word}'") from None

    return read


_ENERGY_SCHEMA: Final = (_number("pJ"), _with_unit(list(ENERGY.units), ENERGY.example))

EnergyPj: TypeAlias = Annotated[
    Quantity, PlainValidator(_in(ENERGY, "pJ")), PlainSerializer(str, str), _choices(*_ENERGY_SCHEMA)
]
EnergyOrByCapacity: TypeAlias = Annotated[
    Quantity | Literal["by_capacity"],
    PlainValidator(_or_word("by_capacity", _in(ENERGY, "pJ"))),
    PlainSerializer(str, str),
    _choices({"const": "by_capacity"}, *_ENERGY_SCHEMA),
]
Capacity: TypeAlias = Annotated[
    Quantity,
    PlainValidator(_in(CAPACITY)),
    PlainSerializer(str, str),
    _choices(_with_unit(list(CAPACITY.units), CAPACITY.example)),
]
CapacityOrUnlimited: TypeAlias = Annotated[
    Quantity | Literal["unlimited"],
    PlainValidator(_or_word("unlimited", _in(CAPACITY))),
    PlainSerializer(str, str),
    _choices({"const": "unlimited"}, _with_unit(list(CAPACITY.units), CAPACITY.example)),
]
PowerMw: TypeAlias = Annotated[
    Quantity,
    PlainValidator(_in(POWER, "mW")),
    PlainSerializer(str, str),
    _choices(_number("mW"), _with_unit(list(POWER.units), POWER.example)),
]
AreaMm2: TypeAlias = Annotated[
    Quantity,
    PlainValidator(_in(AREA, "mm2")),
    PlainSerializer(str, str),
    _choices(_number("mm2"), _with_unit(list(AREA.units), AREA.example)),
]
NodeNm: TypeAlias = Annotated[
    Quantity,
    PlainValidator(_in(LENGTH, "nm")),
    PlainSerializer(str, str),
    _choices(_number("nm"), _with_unit(list(LENGTH.units), LENGTH.example)),
]
VoltageV: TypeAlias = Annotated[
    Quantity,
    PlainValidator(_in(VOLTAGE, "V")),
    PlainSerializer(str, str),
    _choices(_number("V"), _with_unit(list(VOLTAGE.units), VOLTAGE.example)),
]
Clock: TypeAlias = Annotated[
    Quantity | Literal["asynchronous"],
    PlainValidator(_or_word("asynchronous", parse_clock_hz)),
    PlainSerializer(str, str),
    _choices({"const": "asynchronous"}, _with_unit(list(FREQUENCY.units), FREQUENCY.example)),
]
LatencyField: TypeAlias = Annotated[
    Latency,
    PlainValidator(parse_latency),
    PlainSerializer(str, str),
    _choices(_with_unit([*CYCLES, *TIME.units], "2 cycles")),
]


def _bits(raw: object) -> int:
    return parse_quantity(raw, WIDTH, "bit").value


def _count(raw: object) -> object:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ValueError("must be a whole number without a unit")  # noqa: TRY004  pydantic wants a ValueError
    return raw


def _depth(raw: object) -> int | str:
    if raw == "unlimited":
        return "unlimited"
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ValueError("must be a whole number without a unit, or 'unlimited'")  # noqa: TRY004
    if not 1 <= raw <= DEEPEST_QUEUE:
        raise ValueError(f"must be at least 1 and at most {DEEPEST_QUEUE:,}, or 'unlimited'")
    return raw


def _switch(raw: object) -> object:
    if not isinstance(raw, bool):
        raise ValueError("must be true or false")  # noqa: TRY004
    return raw


def _text(raw: object) -> object:
    if not isinstance(raw, str):
        raise ValueError("must be text: put it in quotes")  # noqa: TRY004
    return raw


_BITS_SCHEMA: Final = _choices({"type": "integer", "minimum": 0}, _with_unit(list(WIDTH.units), WIDTH.example))
Bits: TypeAlias = Annotated[int, BeforeValidator(_bits), _BITS_SCHEMA]
Count: TypeAlias = Annotated[int, BeforeValidator(_count)]
Depth: TypeAlias = Annotated[
    int | Literal["unlimited"],
    PlainValidator(_depth),
    _choices({"type": "integer", "minimum": 1, "maximum": DEEPEST_QUEUE}, {"const": "unlimited"}),
]
Switch: TypeAlias = Annotated[bool, BeforeValidator(_switch)]
Text: TypeAlias = Annotated[str, BeforeValidator(_text)]


def _type_name(raw: object) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"(u?int|b?float)[1-9][0-9]?", raw):
        raise ValueError("must be a number type such as int8, int16, int32, float16 or float32")
    return raw


TypeName: TypeAlias = Annotated[str, BeforeValidator(_type_name), Field(examples=["int8", "int32", "float16"])]


def type_width_bits(name: str) -> int:
    """Return the width of a number type: 32 for int32."""
    return int(re.sub(r"\D", "", name))
