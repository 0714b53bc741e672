"""What every kind of activation is: `FUNCTIONS` is the one place that lists them."""

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite, isnan
from typing import Any, Final

from workloads.graphs.operations import Activation


@dataclass(frozen=True)
class Function:
    """A kind of activation.

    `value`: (activation, values, numpy) to its values, in the dtype of `values`; `numpy` is NumPy or what has its
    functions (JAX). `problem`: what is wrong with the activation's numbers, "" if nothing. `unsigned`: whether it
    never gives a negative value. `rises`: it never falls, so that it may be taken before or after a maximum.
    `scales`: h(k v) = k h(v) for every k > 0, so that scales pass through it.
    """

    value: Callable[[Activation, Any, Any], Any]
    problem: Callable[[Activation], str] = lambda _: ""
    unsigned: Callable[[Activation], bool] = lambda _: False
    rises: bool = True
    scales: bool = False


def _clip_problem(activation: Activation) -> str:
    low, high = activation.low, activation.high
    return f"clips to {low} .. {high}; low must not be above high" if isnan(low) or isnan(high) or low > high else ""


def _slope_problem(activation: Activation) -> str:
    return "" if isfinite(activation.slope) else f"slope is {activation.slope}; it must be finite"


def _leaky(activation: Activation, values: Any, numpy: Any) -> Any:  # noqa: ANN401 - arrays of NumPy or JAX
    return numpy.where(values >= 0, values, values * values.dtype.type(activation.slope))


def _sigmoid(values: Any, numpy: Any) -> Any:  # noqa: ANN401 - arrays of NumPy or JAX
    """By way of tanh, which never overflows."""
    return (numpy.tanh(values / 2) + 1) / 2


FUNCTIONS: Final[dict[str, Function]] = {
    "relu": Function(lambda _, values, numpy: numpy.maximum(values, 0), unsigned=lambda _: True, scales=True),
    "clip": Function(
        lambda activation, values, numpy: numpy.clip(values, activation.low, activation.high),
        problem=_clip_problem,
        unsigned=lambda activation: activation.low >= 0,
    ),
    "leaky": Function(_leaky, problem=_slope_problem, scales=True),
    "sigmoid": Function(lambda _, values, numpy: _sigmoid(values, numpy), unsigned=lambda _: True),
    "tanh": Function(lambda _, values, numpy: numpy.tanh(values)),
    "softplus": Function(lambda _, values, numpy: numpy.logaddexp(values, 0), unsigned=lambda _: True),
    "hard_swish": Function(lambda _, values, numpy: values * numpy.clip(values + 3, 0, 6) / 6, rises=False),
    "silu": Function(lambda _, values, numpy: values * _sigmoid(values, numpy), rises=False),
}


def function_of(activation: Activation) -> Function:
    """What the activation is."""
    return FUNCTIONS[activation.kind]
