"""Rounding in a network that learns: its stand-ins, and what the integers cost, with gradients (JAX)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import prod

import jax
import jax.numpy as jnp

from workloads.optimise.maps import Array
from workloads.optimise.settings import SenderCost


@dataclass(frozen=True)
class Corruption:
    """What stands for rounding: `sent(x, noise)` is passed on in place of x, `counted(x)` is the value that costs.

    `noisy`: whether it wants noise, uniform from -1/2 to 1/2.
    """

    sent: Callable[[Array, Array], Array]
    counted: Callable[[Array], Array]
    noisy: bool = False


def half_up(x: Array) -> Array:
    """floor(x + 1/2), as deltasim rounds."""
    return jnp.floor(x + 0.5)


ROUNDING = Corruption(lambda x, _: half_up(x), half_up)
# As spread as the errors of rounding, and differentiable: without it deep layers round to nothing but zeros and learn
# nothing (paper, section 5.3). What costs is x itself: its interpolated cost is that of x rounded with such noise.
NOISE = Corruption(lambda x, noise: x + noise, lambda x: x, noisy=True)
EXACT = Corruption(lambda x, _: x, lambda x: x)


def sent_values(corruption: Corruption, noise: Array, kappa: Array, values: Array) -> Array:
    """corruption.sent(k values) / k for k = exp(kappa), which broadcasts to `values`.

    Its derivative by the values is taken to be 1 (straight-through; paper, section 4.2), which for noise it is. That by
    log k is then values less what is sent: the error, which shrinks in proportion as k grows.
    """

    def primal(kappa: Array, values: Array) -> Array:
        k = jnp.exp(kappa)
        return corruption.sent(k * values, noise) / k

    def rule(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
        result = primal(*primals)
        return result, tangents[1] + (primals[1] - result) * tangents[0]

    sent = jax.custom_jvp(primal)
    sent.defjvp(rule)
    return sent(kappa, values)


def drawn_noise(corruption: Corruption, key: Array, frames: int, shapes: Sequence[Sequence[int]]) -> list[Array]:
    """Noise (frames, *shape) for each of the shapes, or None for each if none is wanted: one draw, quick to compile."""
    if not corruption.noisy:
        return [None] * len(shapes)
    sizes = [prod(shape) for shape in shapes]
    noise = jax.random.uniform(key, (frames, sum(sizes)), minval=-0.5, maxval=0.5)
    pieces = jnp.split(noise, list(accumulate(sizes))[:-1], axis=1)
    return [piece.reshape(frames, *shape) for piece, shape in zip(pieces, shapes, strict=True)]


def message_cost(cost: SenderCost, fan_out: Array, counted: Array, x: Array) -> Array:
    """Cost of sending `counted` (..., channels), with the gradient that its interpolation has at `x`.

    The cost of an integer, interpolated linearly between integers, is the expected cost of x rounded under uniform
    dither; of |n| it is |x|, whose slope at x is the straight-through gradient. `fan_out` broadcasts to counted's
    places, without channels; so does the result.
    """
    places = jnp.zeros((), jnp.float32)
    per_synapse = _added(counted, x, cost.per_unit, cost.per_value, cost.per_digit)
    per_message = _added(counted, x, cost.message_per_unit, cost.message_per_value, 0.0)
    if per_synapse is not None:
        places = places + per_synapse * fan_out
    if per_message is not None:
        places = places + per_message
    return places


def _added(counted: Array, x: Array, unit: float, value: float, digit: float) -> Array | None:
    """Sum over channels of the terms that cost anything, or None."""
    terms = ((unit, _MAGNITUDE), (value, _PRESENCE), (digit, _DIGITS))
    costs = [factor * function(counted, x).sum(-1) for factor, function in terms if factor]
    return sum(costs[1:], start=costs[0]) if costs else None


def _measured(value: Callable[[Array], Array], slope: Callable[[Array], Array]) -> Callable[[Array, Array], Array]:
    """The function of (counted, x) that is `value` of counted and has `slope` at x."""

    def rule(primals: tuple[Array, Array], tangents: tuple[Array, Array]) -> tuple[Array, Array]:
        return value(primals[0]), slope(primals[1]) * tangents[1]

    measured: Callable[[Array, Array], Array] = jax.custom_jvp(lambda counted, _: value(counted))
    measured.defjvp(rule)  # type: ignore[attr-defined] # it is more than a function
    return measured


def digits(n: Array) -> Array:
    """Non-zero canonical signed digits of integers: places where n and 3 n differ in binary."""
    whole = jnp.abs(n).astype(jnp.int32)
    return jax.lax.population_count(whole ^ (3 * whole)).astype(jnp.float32)


def _interpolated_digits(x: Array) -> Array:
    low = jnp.floor(x)
    return digits(low) + (x - low) * (digits(low + 1) - digits(low))


_MAGNITUDE = _measured(jnp.abs, jnp.sign)
_PRESENCE = _measured(
    lambda n: jnp.minimum(jnp.abs(n), 1.0), lambda x: jnp.where(jnp.abs(x) < 1, jnp.sign(x), jnp.zeros_like(x))
)
_DIGITS = _measured(_interpolated_digits, lambda x: digits(jnp.floor(x) + 1) - digits(jnp.floor(x)))
