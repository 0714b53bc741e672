"""Compilation of plain Python loops by numba, with types kept for the type checker."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np

from workloads.content_hash import content_sha256

P = ParamSpec("P")
R = TypeVar("R")

ix = np.uint64
"""Of an index that is never negative: of a signed one numba would look, at every access, if it counts from the end."""


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Compile `function` on its first call and keep the result on disk.

    Never with fast-math: float sums are made in the order written, so results repeat from machine to machine.
    """
    with _cache_in(_cache_folder(Path(inspect.getfile(function)).parent)):
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))


def uncounted(function: Callable[P, R]) -> Callable[P, R]:
    """As `compiled`, without counting references: for functions that make no array and look into many all the time."""
    with _cache_in(_cache_folder(Path(inspect.getfile(function)).parent)):
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True, _nrt=False)(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Write `function` into every compiled function that calls it.

    For small functions that take a tuple of arrays: a call would count the references to every array in it.
    """
    return cast("Callable[P, R]", numba.njit(inline="always")(function))


@cache
def _cache_folder(package: Path) -> Path:
    """Where compiled code of a package is kept: a folder of its own for every state of its source, and of this file's.

    numba notices when the file of a cached function changes, but not when that of a function it calls does, and then
    goes on running the old one.
    """
    sources = [*sorted(package.glob("*.py")), Path(__file__)]
    state = content_sha256([(file.name, file.read_bytes()) for file in sources])
    return package / "__pycache__" / f"compiled-{state[:16]}"


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Have numba keep what is compiled inside in `folder`; if that is not writable it takes the user's own cache."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = before or str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
