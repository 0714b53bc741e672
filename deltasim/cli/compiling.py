"""Says that code is being compiled, what for and for how long: it happens once, and is kept for the next time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from time import perf_counter
from typing import Any, Final

from numba.core.event import Event, Listener, install_listener

PURPOSES: Final = (
    ("simulator.values", "finding integers"),
    ("simulator.counts", "counting messages"),
    ("simulator.timing.kernels_time", "timing messages"),
    ("simulator.timing.kernels_events", "timing messages on shared links"),
    ("simulator", "simulating"),
    ("workloads", "networks and frames"),
)
"""What the functions of a module, or of a package, are compiled for; the first that fits."""


def purpose_of(module: str) -> str:
    """What compiled code of `module` does, in words."""
    return next((words for prefix, words in PURPOSES if f"{module}.".startswith(f"{prefix}.")), module)


@contextmanager
def compiling(begin: Callable[[str], None], end: Callable[[float], None]) -> Iterator[None]:
    """While inside: call begin(what for) when code begins to be compiled, end(seconds) when that is done.

    Code that is read from the disk is not reported.
    """
    with install_listener("numba:compile", _Outermost(begin, end)):
        yield


class _Outermost(Listener):  # type: ignore[misc] # numba has no types
    """Hears of every function; the functions that one calls are compiled within its own time."""

    def __init__(self, begin: Callable[[str], None], end: Callable[[float], None]) -> None:
        self.begin, self.end = begin, end
        self.underway, self.since, self.lock = 0, 0.0, Lock()

    def on_start(self, event: Event) -> None:
        with self.lock:
            self.underway += 1
            if self.underway > 1:
                return
            self.since = perf_counter()
        self.begin(purpose_of(_module(event)))

    def on_end(self, event: Event) -> None:
        with self.lock:
            self.underway -= 1
            if self.underway:
                return
        self.end(perf_counter() - self.since)


def _module(event: Event) -> str:
    function: Any = event.data["dispatcher"].py_func
    return str(function.__module__)
