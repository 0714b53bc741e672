"""Logarithmic axes with round numbers that can be read."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from reports.tables.numbers import quantity


def log_axis(title: str, values: Iterable[float], write: Callable[[float], str], most: int = 7) -> dict[str, Any]:
    """A logarithmic axis that holds all positive `values`, with at most about `most` ticks written by `write`."""
    known = [math.log10(value) for value in values if value > 0 and math.isfinite(value)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    margin = max(0.06 * (high - low), 0.04)
    low, high = low - margin, high + margin
    ticks = _ticks(low, high, most)
    return {
        "title": {"text": title},
        "type": "log",
        "range": [low, high],
        "tickvals": ticks,
        "ticktext": [write(tick) for tick in ticks],
    }


def counts(value: float) -> str:
    """A tick of an axis of operations: 400 k."""
    return quantity(value, "", _digits(value))


def percents(value: float) -> str:
    """A tick of an axis in percent."""
    return f"{value:g}%"


def joules(value: float) -> str:
    """A tick of an axis in joules: 20 nJ."""
    return quantity(value, "J", _digits(value))


def plain(value: float) -> str:
    """A tick of an axis without a unit."""
    return f"{value:g}"


def _digits(value: float) -> int:
    """How many significant digits a round number has, at most six."""
    return len(f"{value:.5e}".split("e")[0].replace(".", "").rstrip("0")) or 1


def _ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers between 10**low and 10**high: the most that are few enough and far enough from each other."""
    choices = [
        _round_numbers(low, high, steps, every)
        for steps, every in [
            ((1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8), 1),
            ((1, 1.5, 2, 3, 5, 7), 1),
            ((1, 2, 5), 1),
            ((1, 3), 1),
            ((1,), 1),
            ((1,), 2),
            ((1,), 3),
        ]
    ]
    room = (high - low) / (1.6 * most)
    fit = [ticks for ticks in choices if len(ticks) <= most and _nearest(ticks) >= room]
    ticks = fit[0] if fit else choices[-1]
    return ticks if len(ticks) > 2 or high - low > 1 else _even_numbers(10**low, 10**high, min(most, 6))


def _nearest(ticks: list[float]) -> float:
    """The least distance of two neighbours, in decades."""
    return min((math.log10(b / a) for a, b in pairwise(ticks)), default=math.inf)


def _round_numbers(low: float, high: float, steps: tuple[float, ...], every: int) -> list[float]:
    powers = range(math.floor(low) - 1, math.ceil(high) + 1)
    numbers = [float(f"{step:g}e{power}") for power in powers if power % every == 0 for step in steps]
    return [number for number in numbers if low <= math.log10(number) <= high]


def _even_numbers(low: float, high: float, most: int) -> list[float]:
    """Multiples of a round number, for axes that span less than a decade."""
    power = math.floor(math.log10(high - low)) - 1
    for step in (float(f"{factor}e{power + more}") for more in (0, 1) for factor in (1, 2, 5)):
        first, last = math.ceil(low / step), math.floor(high / step)
        if last - first < most:
            return [float(f"{number * step:.9g}") for number in range(first, last + 1)]
    return []
