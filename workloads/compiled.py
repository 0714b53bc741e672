"""Compilation of plain Python loops by numba, with types kept for the type checker."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on its first call and keep the result on disk.

    Never with fast-math: float sums are made in the order written, so results repeat from machine to machine.
    """
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))
