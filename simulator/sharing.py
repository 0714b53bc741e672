"""Threads that share a piece of work: each does bands of it, by the code that one thread alone would run."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Final

from simulator.errors import SimulationError

MOST_PER_CORE: Final = 4  # more threads than that only wait for each other


class Team:
    """At most `size` threads, the caller's own among them; the others start when they are first needed."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise SimulationError(f"threads: {size} given, at least 1 is needed")
        self.size = min(size, MOST_PER_CORE * usable_cores())

    @cached_property
    def _others(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.size - 1, "deltasim")

    def share(self, function: Callable[..., object], *arguments: object) -> None:
        """Call function(*arguments, band, bands) for every band of as many as there are threads, all at once."""
        others = [self._others.submit(function, *arguments, band, self.size) for band in range(1, self.size)]
        function(*arguments, 0, self.size)
        for each in others:
            each.result()


def usable_cores() -> int:
    """How many cores this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
