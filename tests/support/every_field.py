"""Values of any record type made from nothing but its annotations, so that a test can change every field there is."""

from __future__ import annotations

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np
from pydantic import BaseModel

ARRAYS = (
    np.array([1.0, 2.0], np.float32),
    np.array([1.0, np.nextafter(np.float32(2), np.float32(3))], np.float32),
    np.array([[1.0], [2.0]], np.float32),
    np.array([[1.0, 2.0]], np.float32),
    np.array([1.0, 2.0], np.float64),
    np.array([1.0, 2.0], np.float32).view(np.int32),
    np.array([-0.0, 2.0], np.float32),
    np.array([0.0, 2.0], np.float32),
    np.zeros((0, 2), np.float32),
    np.zeros((2, 0), np.float32),
)
PLAIN = {
    int: (1, 2, -1, 12, 2**70),
    float: (0.1, float(np.nextafter(0.1, 1)), -0.0, 0.0, float("inf")),
    Fraction: (Fraction(1, 2), Fraction(1, 3), Fraction(1)),
    bool: (False, True),
    str: ("a", "b", "", "ab", "1", "é"),
    type(None): (None,),
    Any: (1, "1", 1.0, None, [1], [1, [1]], {"a": 1}),
    object: (1, 2),
}


def is_record(kind: Any) -> bool:
    """Whether it is a class with fields of its own."""
    return isinstance(kind, type) and (is_dataclass(kind) or issubclass(kind, BaseModel))


def annotations(kind: type) -> dict[str, Any]:
    """What each field may be."""
    names = list(kind.model_fields) if issubclass(kind, BaseModel) else [each.name for each in fields(kind)]
    hints = get_type_hints(kind)
    return {name: hints[name] for name in names}


def reachable(kind: Any) -> set[type]:
    """The record types that an annotation mentions, at any depth."""
    found: set[type] = set()
    waiting = [kind]
    while waiting:
        each = waiting.pop()
        if is_record(each):
            if each not in found:
                found.add(each)
                waiting.extend(annotations(each).values())
        elif get_origin(each) is not Callable and get_origin(each) is not Literal:
            waiting.extend(get_args(each))
    return found


def make(kind: type, given: Mapping[str, Any]) -> Any:
    """A record of these fields, whatever its own checks would say."""
    if issubclass(kind, BaseModel):
        return kind.model_construct(**given)
    record = object.__new__(kind)
    record.__dict__.update(given)
    return record


def first(kind: type) -> Any:
    """A record whose fields each have their first value."""
    return make(kind, {name: next(values(each)) for name, each in annotations(kind).items()})


def values(kind: Any) -> Iterator[Any]:
    """Values that an annotation allows, all different."""
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in PLAIN or is_record(kind) or origin is Literal:
        yield from arguments or PLAIN.get(kind) or (first(kind),)
    elif origin is Annotated:
        yield from values(arguments[0])
    elif origin in {Union, types.UnionType}:
        for each in arguments:
            yield from values(each)
    elif origin is np.ndarray:
        yield from ARRAYS
    elif origin is tuple:
        yield from _tuples(arguments)
    elif origin in {dict, Mapping}:
        key, value = (list(values(each)) for each in arguments)
        yield from ({}, {key[0]: value[0]}, {key[-1]: value[0]})
    elif origin is Callable:
        yield from (abs, len)
    else:
        raise AssertionError(f"no values of {kind}: say here which there are")


def _tuples(arguments: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if arguments[1:] == (...,):
        some = list(values(arguments[0]))
        yield from ((), (some[0],), (some[0], some[0]))
        yield from ((each,) for each in some[1:])
        return
    columns = [list(values(each)) for each in arguments]
    start = tuple(column[0] for column in columns)
    yield start
    for place, column in enumerate(columns):
        yield from ((*start[:place], other, *start[place + 1 :]) for other in column[1:])
