"""Which of two searches for scales found the better trade-offs of cost and error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from deltasim.paper.pages.claim import Holds
from deltasim.paper.pages.words import span
from reports.tables.numbers import ratio

Point = tuple[float, float]
"""What a setting costs, and its error."""

RULE: Final = (
    "At the error of each setting of the paper's search, what the other search's front costs there (logarithm of the "
    "cost, straight between its settings), over what the paper's front does."
)
_CLEAR: Final = 0.98
"""A median below this is better, above its inverse worse; between them neither is said."""


def front(points: Sequence[Point]) -> list[Point]:
    """The settings that no other beats, by growing error and so by falling cost."""
    kept: list[Point] = []
    for cost, error in sorted(points, key=lambda point: (point[1], point[0])):
        if not kept or cost < kept[-1][0]:
            kept.append((cost, error))
    return kept


def cost_at(points: Sequence[Point], error: float) -> float | None:
    """What the front of `points` costs at an error, None outside the errors it has."""
    best = front(points)
    errors = [each for _, each in best]
    if not errors or not errors[0] <= error <= errors[-1]:
        return None
    return float(np.exp(np.interp(error, errors, np.log([cost for cost, _ in best]))))


def compared(paper: Sequence[Point], other: Sequence[Point], unit: str) -> tuple[Holds, str]:
    """Whether the `other` search does better than the paper's, and in which words; `unit` is what is paid."""
    shares = []
    for paid, error in front(paper):
        cost = cost_at(other, error)
        if cost is not None:
            shares.append(cost / paid)
    if not shares:
        return "no", "the two searches have no errors in common"
    median = float(np.median(shares))
    holds: Holds = "yes" if median < _CLEAR else "no" if median > 1 / _CLEAR else "partly"
    return holds, f"at the same error {span(shares)} the {unit}, median {ratio(median)} ({len(shares)} settings)"
