"""Compilation of plain Python loops by numba, with types kept for the type checker."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
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
    with _kept(function):
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))


def without_refcounts(function: Callable[P, R]) -> Callable[P, R]:
    """As `compiled`, without counting references: for functions that make no array and look into many all the time."""
    with _kept(function):
        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True, _nrt=False)(function))


def inlined(function: Callable[P, R]) -> Callable[P, R]:
    """Write `function` into every compiled function that calls it.

    For small functions that take a tuple of arrays: a call would count the references to every array in it.
    """
    return cast("Callable[P, R]", numba.njit(inline="always")(function))


def _kept(function: Callable[..., object]) -> AbstractContextManager[None]:
    return _cache_in(_cache_folder(function.__module__, Path(inspect.getfile(function))))


@cache
def _cache_folder(module: str, file: Path) -> Path:
    """Where compiled code of a module is kept: a folder of its own for every state of all that it is compiled from.

    numba notices when the file of a cached function changes, but not when that of a function it calls does, and then
    goes on running the old one. What a module is compiled from are itself and the modules that it imports, and so on.
    """
    root = file.parents[module.count(".")] if "." in module else file.parent
    sources = sorted(_imported(root, file, set()))
    state = content_sha256([(str(each.relative_to(root)), each.read_bytes()) for each in sources])
    return file.parent / "__pycache__" / f"compiled-{state[:16]}"


def _imported(root: Path, file: Path, found: set[Path]) -> set[Path]:
    """`file` and every file below `root` that it imports, directly or not."""
    if file not in found:
        found.add(file)
        for each in _imports(root, file):
            _imported(root, each, found)
    return found


@cache
def _imports(root: Path, file: Path) -> frozenset[Path]:
    """The files below `root` that `file` itself imports, by its text."""
    names: set[str] = set()
    for line in file.read_text("utf-8").splitlines():
        words = line.split()
        if len(words) > 1 and words[0] in ("from", "import") and line == line.lstrip():
            names.add(words[1])
            names.update(f"{words[1]}.{name.strip(' ,()')}" for name in words[3:])
    places = (root.joinpath(*name.split(".")).with_suffix(".py") for name in names)
    return frozenset(place for place in places if place.is_file())


@contextmanager
def _cache_in(folder: Path) -> Iterator[None]:
    """Have numba keep what is compiled inside in `folder`; if that is not writable it takes the user's own cache."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = before or str(folder)
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
