"""Which of two searches for scales found the better trade-offs of cost and error."""

from __future__ import annotations

from collections.abc import Sequence

from reports.paper.claim import Holds
from reports.paper.words import span

Point = tuple[float, float]
"""What a setting costs, and its error."""

RULE = "A setting is beaten by one with no higher cost and no more errors, and less of one of them."


def beaten(points: Sequence[Point], others: Sequence[Point]) -> int:
    """How many of `points` one of `others` beats: no worse in cost and error, and better in one of them."""
    return sum(any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in others) for a in points)


def compared(paper: Sequence[Point], other: Sequence[Point], unit: str) -> tuple[Holds, str]:
    """Whether the `other` search does better than the paper's, and in which words; `unit` is what is paid."""
    won, lost = beaten(paper, other), beaten(other, paper)
    holds: Holds = "no" if won <= lost else "partly" if lost else "yes"
    text = (
        f"{won} of {len(paper)} settings of the paper's search are beaten by one of this search, {lost} of "
        f"{len(other)} the other way round"
    )
    shares = [
        min(cost for cost, error in other if error <= most) / paid
        for paid, most in paper
        if any(error <= most for _, error in other)
    ]
    return holds, text + (f"; at no more errors it takes {span(shares)} the {unit}" if shares else "")
