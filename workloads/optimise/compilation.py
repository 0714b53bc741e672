"""Compiling for the processor (JAX)."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import jax

# XLA hands sums to a library of kernels, a call each; fused with what they add up, a step of a small network takes less
# than half the time. Matrix products are faster in that library.
_PRODUCTS_ONLY: Final = {"xla_cpu_experimental_ynn_fusion_type": "LIBRARY_FUSION_TYPE_INDIVIDUAL_DOT"}


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of arrays, compiled when it is first called."""
    made: Callable[..., Any] = jax.jit(function, compiler_options=_options())
    return made


@cache
def _options() -> Mapping[str, str] | None:
    """The options above where this version of XLA knows them."""
    try:
        jax.jit(lambda x: x, compiler_options=_PRODUCTS_ONLY)(0.0)
    except RuntimeError:  # "No such compile option"
        return None
    return _PRODUCTS_ONLY
