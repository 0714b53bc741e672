"""Arguments of the public calls, compared with what the call says it takes before anything is done with them.

So a wrong kind is one sentence that names the call, the argument, what was given and what is needed, instead of
whatever the first line that uses it happens to say.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache, wraps
from inspect import signature
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import numpy as np

from hwmodels import Accelerator, ConfigError, Problem
from hwmodels.loading.validation import did_you_mean
from reports import Run
from workloads import Frames, IntegerNetwork, Network, Quantisation, QuantisedNetwork

P = ParamSpec("P")
R = TypeVar("R")

_MADE_BY: Final[dict[type, str]] = {
    QuantisedNetwork: "a quantised network, which ds.quantise(network, frames) makes",
    IntegerNetwork: "an integer network",
    Network: "a network, which ds.load_network(name) or ds.network_from_arrays(...) makes",
    Frames: "frames, which ds.frames(name) opens",
    Accelerator: "an accelerator, which ds.load_accelerator(name) loads",
    Run: "a run, which ds.load_run(path) reads",
    Quantisation: "a ds.Quantisation(...)",
    str: "a text",
    Path: "a path",
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    np.ndarray: "an array",
    type(None): "None",
}


def checked(function: Callable[P, R], name: str) -> Callable[P, R]:
    """The function, refusing arguments of a wrong kind with a ConfigError; `name`: what users call it by."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        given = signature(function).bind(*args, **kwargs).arguments
        kinds = _kinds_of(function)
        for argument, value in given.items():
            if argument in kinds and not fits(value, kinds[argument]):
                raise wrong_argument(name, argument, value, f"must be {_needed(value, kinds[argument])}")
        return function(*args, **kwargs)

    return call


def wrong_argument(call: str, argument: str, value: object, what: str) -> ConfigError:
    """The error for one argument."""
    return ConfigError(Problem(f"ds.{call}", None, argument, shown(value), what))


def shown(value: object) -> str:
    """The value, or of anything longer than a word its type."""
    if value is None or isinstance(value, bool | int | float | str | bytes | Path | np.generic):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:57]}..."
    if isinstance(value, list | tuple | dict | set):
        return f"{type(value).__name__} of {len(value)}"
    return value.__name__ if isinstance(value, type) else f"a {type(value).__name__}"


def fits(value: Any, kind: Any) -> bool:  # noqa: ANN401, PLR0911 - any value, any annotation
    """Whether a value is of the kind an annotation says. What is not understood fits."""
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return fits(value, inner[0])
    if origin in {Union, types.UnionType}:
        return any(fits(value, each) for each in inner)
    if origin is Literal:
        return isinstance(value, str) and value in inner
    if origin in {tuple, list, Sequence}:
        listed = isinstance(value, Sequence | np.ndarray) and not isinstance(value, str | bytes)
        return listed and all(fits(each, inner[0]) for each in value) if inner else listed
    if origin is Mapping or origin is dict:
        return isinstance(value, Mapping)
    if origin is Callable or kind is Callable:
        return callable(value)
    return _is_one(value, origin or kind)


def _is_one(value: Any, kind: Any) -> bool:  # noqa: ANN401
    if kind is bool:
        return isinstance(value, bool | np.bool_)
    if kind is int:
        return isinstance(value, int | np.integer) and not isinstance(value, bool)
    if kind is float:
        number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
        return number and (not isinstance(value, int) or abs(value) < 2**1023)
    return isinstance(value, kind) if isinstance(kind, type) else True


@cache
def _kinds_of(function: Callable[..., Any]) -> dict[str, Any]:
    return get_type_hints(function, include_extras=True)


def _needed(value: object, kind: Any) -> str:  # noqa: ANN401
    """What an annotation asks for, in words, with the nearest of its own words."""
    words = [word for each in _choices(kind) if get_origin(each) is Literal for word in get_args(each)]
    others = [each for each in _choices(kind) if get_origin(each) is not Literal]
    needed = list(dict.fromkeys([*map(repr, words), *map(_named, others)]))
    text = needed[0] if len(needed) == 1 else f"{', '.join(needed[:-1])} or {needed[-1]}"
    return text + (did_you_mean(value, words) if isinstance(value, str) else "")


def _choices(kind: Any) -> list[Any]:  # noqa: ANN401
    if get_origin(kind) in {Union, types.UnionType}:
        return [each for part in get_args(kind) for each in _choices(part)]
    return [kind]


def _named(kind: Any) -> str:  # noqa: ANN401
    origin = get_origin(kind) or kind
    if origin in {tuple, list, Sequence}:
        of = [each for each in get_args(kind) if each is not Ellipsis]
        return "a list" + (
            f" of {_named(of[0]).removeprefix('a ').removeprefix('an ')}s" if of and of[0] is not Any else ""
        )
    if origin is Callable:
        return "a function"
    return _MADE_BY.get(origin, f"a {getattr(origin, '__name__', origin)}")
