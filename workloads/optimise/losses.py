"""How far outputs are from those of the network without rounding (JAX)."""

import jax
import jax.numpy as jnp

from workloads.optimise.maps import Array
from workloads.optimise.settings import Loss


def output_error(loss: Loss, outputs: Array, exact: Array) -> Array:
    """Error per sample, summed over outputs: (..., H, W, C) outputs and exact ones give (...).

    "kl" is the Kullback-Leibler divergence of the exact soft-max over channels from the approximate one, D(f_round,
    f_true) as in the paper's Eq. 7 and its code: sum of p_round * log(p_round / p_true). "l2" is the sum of squared
    differences, "l1" that of their magnitudes.
    """
    if loss == "kl":
        approximate, true = jax.nn.log_softmax(outputs), jax.nn.log_softmax(exact)
        terms = jnp.exp(approximate) * (approximate - true)
    elif loss == "l2":
        terms = jnp.square(outputs - exact)
    else:
        terms = jnp.abs(outputs - exact)
    return terms.sum((-3, -2, -1))
