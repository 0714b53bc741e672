"""Compiling is said while it happens, and not when the code is there already."""

from __future__ import annotations

from collections.abc import Callable

import numba
import pytest

from deltasim.cli.compiling import compiling, purpose_of
from deltasim.cli.progress import compiling_said, progress_bars


def fresh() -> Callable[[int], int]:
    """A function that calls another, neither compiled yet."""
    inner = numba.njit(lambda x: x * 3)

    def outer(x: int) -> int:
        return int(inner(x)) + 1

    function: Callable[[int], int] = numba.njit(outer)
    return function


def test_begin_and_end_are_called_once_for_a_function_with_all_that_it_calls() -> None:
    """And never again for the same types."""
    told: list[str] = []
    function = fresh()
    with compiling(lambda purpose: told.append(f"begin {purpose}"), lambda seconds: told.append(f"end {seconds >= 0}")):
        assert function(2) == 7
        assert told == [f"begin {__name__}", "end True"]
        assert function(3) == 10
    assert told == [f"begin {__name__}", "end True"]
    fresh()(1)
    assert len(told) == 2


def test_purposes_are_words_for_modules_and_packages() -> None:
    """The most telling first, whole names only."""
    assert purpose_of("simulator.values.kernels_frames") == "finding integers"
    assert purpose_of("simulator.counts.kernels_counts") == "counting messages"
    assert purpose_of("simulator.sharing") == "simulating"
    assert purpose_of("workloads.frames.temporal") == "networks and frames"
    assert purpose_of("simulators") == "simulators"


def test_a_log_says_it_once_with_no_bar_left_behind(capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere than on a terminal."""
    with progress_bars() as report:
        report("sigma_delta", 0, 2)
        fresh()(1)
        fresh()(1)
        report("sigma_delta", 2, 2)
    said = capsys.readouterr().err
    assert said.count("compiling (once") == 1
    assert "2/2 frames" in said


def test_the_status_line_returns_to_its_words() -> None:
    """After it has said what is compiled."""
    said: list[str] = []
    with compiling_said(said.append, "loading"):
        fresh()(1)
    assert said == [f"compiling (once): {__name__}", "loading"]
