"""A step of gradient descent on log k, for several searches at once (JAX)."""

from collections.abc import Sequence
from typing import TypeAlias

import jax

from workloads.optimise.maps import Array, LayerArrays
from workloads.optimise.model import Model, measure
from workloads.optimise.rounding import Corruption

Kappas: TypeAlias = tuple[Array, ...]


def gradients(
    model: Model,
    arrays: Sequence[LayerArrays],
    kappas: Kappas,
    lambdas: Array,
    real: Array,
    exact: Array,
    key: Array,
    corruption: Corruption,
) -> tuple[Kappas, Array, Array]:
    """d (L_error + lambda L_comp) / d log k (paper, Eqs. 9 and 10), and both terms, each of every search.

    `kappas`: log k, (searches, width) per slot. `lambdas`: (searches,). `real`: input (1, n, H, W, C), `exact`: outputs
    without rounding. `key`: of the noise of this step.
    """

    def total(kappas: Kappas) -> tuple[Array, tuple[Array, Array]]:
        error, operations = measure(model, arrays, kappas, real, exact, key, corruption)
        return (error + lambdas * operations).sum(), (error, operations)  # searches share nothing: a sum separates

    slopes, (error, operations) = jax.grad(total, has_aux=True)(kappas)
    return slopes, error, operations


def stepped(kappas: Kappas, slopes: Kappas, rate: Array) -> Kappas:
    """Log scales after a step of plain gradient descent."""
    return tuple(kappa - rate * slope for kappa, slope in zip(kappas, slopes, strict=True))
