"""What the paper says about Figure 2, beside the points measured here."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

from deltasim.paper.pages.claim import Claim, Holds, claim
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.words import lambda_text, listed, span
from reports.tables.numbers import count

MARGIN: Final = 0.02
"""A random vector dominates an optimised one if both its error and its operations are lower by more than this share."""


def figure2_claims(experiment: Experiment) -> list[Claim]:
    """Claims about scales found for a random network."""
    random = experiment.rows("random_points", "error", "operations")
    ends = sorted(experiment.rows("endpoints", "lambda", "error", "operations"), key=lambda row: float(row["lambda"]))
    return [_front(experiment, random, ends), _monotone(experiment, ends)]


def _front(experiment: Experiment, random: list[dict[str, Any]], ends: list[dict[str, Any]]) -> Claim:
    by = {lambda_text(float(end["lambda"])): sum(dominates(row, end) for row in random) for end in ends}
    beaten = {name: number for name, number in by.items() if number}
    behind = sum(any(dominates(end, row) for end in ends) for row in random)
    why = f"A vector dominates if it is better by more than {MARGIN * 100:g} % in both error and operations."
    if beaten:
        why += f" Dominated: {listed([f'λ = {name} by {count(number)}' for name, number in beaten.items()])}."
    return claim(
        experiment,
        "The scales found lie on the Pareto front: no scales drawn at random give fewer errors and fewer operations.",
        "Section 5.1, Figure 2",
        f"of {count(len(random))} random vectors {count(sum(by.values()) if beaten else 0)} dominate one of "
        f"{len(ends)} optimised ones; {count(behind)} are dominated by one",
        not beaten,
        why,
    )


def _monotone(experiment: Experiment, ends: list[dict[str, Any]]) -> Claim:
    steps = list(pairwise(ends))
    costlier = [b["lambda"] for a, b in steps if b["operations"] > a["operations"]]
    better = [b["lambda"] for a, b in steps if b["error"] < a["error"]]
    holds: Holds = "yes" if not costlier and not better else "partly" if not costlier or not better else "no"
    against = [
        f"{what} at λ = {', '.join(lambda_text(float(value)) for value in values)}"
        for what, values in (("more operations than at the λ before", costlier), ("a smaller error", better))
        if values
    ]
    return claim(
        experiment,
        "λ chooses the point on the front: the larger it is, the fewer operations and the larger the error.",
        "Section 5.1, Figure 2",
        f"{span((end['operations'] for end in ends), count)} operations per sample, relative error "
        f"{span((end['error'] for end in ends), lambda value: f'{value:.3g}')}",
        holds,
        f"{listed(against).capitalize()}." if against else f"From each of {len(ends)} values of λ to the next.",
    )


def dominates(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether `one` has a lower error and fewer operations than `other`, both by more than the margin."""
    return all(float(one[name]) < (1 - MARGIN) * float(other[name]) for name in ("error", "operations"))
