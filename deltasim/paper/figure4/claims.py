"""What the paper says about Figure 4 and Appendix E, beside the points measured here."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from operator import attrgetter
from typing import Final

from deltasim.paper.pages.claim import BEYOND, Claim, Holds, claim
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.fronts import RULE, compared
from deltasim.paper.pages.points import DATASETS, PAPERS_COST, SHUFFLED, TEMPORAL, Point, Points, points_of
from deltasim.paper.pages.words import cost_name, in_order, mode_name, operations, setting_name, shortened, span
from reports.tables.numbers import count, ratio

HIGHEST_ERROR: Final = 2.1
"""Percent: the paper's network has 97.9 % accuracy (Section 5.2)."""
_TEST, _TRAIN = attrgetter("test_error"), attrgetter("train_error")
_NETWORKS: Final = ("rounding", "sigma_delta")


def figure4_claims(experiment: Experiment) -> list[Claim]:
    """All claims about the trade-off of error and computation on MNIST."""
    points = points_of(experiment)
    rules = (_accuracy, _same_errors, _any_order, _monotone, _below_rounding, _redundancy, _energy)
    return [*(rule(experiment, points) for rule in rules), *_searches(experiment, points)]


def table_claims(experiment: Experiment) -> list[Claim]:
    """Claims about the table of Appendix E: its cells that follow by arithmetic, and the laws its rows obey."""
    points = points_of(experiment)
    rules = (_known_cells, _accuracy, _same_errors, _any_order, _monotone, _below_rounding)
    return [rule(experiment, points) for rule in rules]


def _known_cells(experiment: Experiment, points: Points) -> Claim:
    original = points.original(SHUFFLED)
    cells = f"{int(original.operations / 1000)} kFlops, {original.energy_nj:.3g} nJ"
    return claim(
        experiment,
        "One dense forward pass of 784-200-200-10 costs 397 kFlops and 636 nJ of 32-bit integer arithmetic.",
        "Appendix E (cells that follow from its definition)",
        cells,
        cells == "397 kFlops, 636 nJ",
        f"Exactly {count(original.operations)} operations and {original.energy_nj:.2f} nJ (3.1 pJ a multiplication, "
        "0.1 pJ an addition). The table's other digits are in no text that could be reached, so they are not compared.",
    )


def _accuracy(experiment: Experiment, points: Points) -> Claim:
    trained, original = points.float_network(SHUFFLED), points.original(SHUFFLED)
    error = original.test_error if trained is None else trained.test_error
    integers = "" if trained is None else f", as a network of integers {original.test_error:.2f} %"
    return claim(
        experiment,
        f"The original network has a test error of {HIGHEST_ERROR} % (97.9 % accuracy).",
        "Section 5.2",
        f"{error:.2f} %{integers}",
        error <= HIGHEST_ERROR,
        f"Holds at {HIGHEST_ERROR} % or less.",
    )


def _same_errors(experiment: Experiment, points: Points) -> Claim:
    pairs = [
        (a, b)
        for dataset in points.datasets
        for cost, setting in _all_settings(points)
        if (a := points.at(dataset, "rounding", setting, cost))
        and (b := points.at(dataset, "sigma_delta", setting, cost))
    ]
    unequal = [a for a, b in pairs if (a.train_error, a.test_error) != (b.train_error, b.test_error)]
    compared, differing = _integers(experiment)
    return claim(
        experiment,
        "The rounding and the sigma-delta network compute the same function, so their errors are equal.",
        "Eq. 2, Section 5.2",
        f"equal in {len(pairs) - len(unequal)} of {len(pairs)} settings{compared}",
        bool(pairs) and not unequal and not differing,
        f"Unequal: {_places(unequal)}." if unequal else "Errors are compared exactly, on test and training samples.",
    )


def _integers(experiment: Experiment) -> tuple[str, int]:
    """A sentence about the integers compared, and how many of them differ."""
    if not experiment.has("equalities"):
        return "", 0
    rows = experiment.rows("equalities", "integers", "differing")
    integers, differing = (sum(int(row[name]) for row in rows) for name in ("integers", "differing"))
    return f"; of {count(integers)} integers compared {count(differing)} differ", differing


def _any_order(experiment: Experiment, points: Points) -> Claim:
    pairs = [(points.original(SHUFFLED), points.original(TEMPORAL))]
    for cost, setting in _all_settings(points):
        for mode in _NETWORKS:
            a, b = points.at(SHUFFLED, mode, setting, cost), points.at(TEMPORAL, mode, setting, cost)
            pairs += [(a, b)] if a and b else []
    unequal = [b for a, b in pairs if a.test_error != b.test_error]
    return claim(
        experiment,
        "Errors on MNIST and on Temporal-MNIST are equal: what a network answers does not depend on the order of "
        "frames.",
        "Section 5.2",
        f"equal in {len(pairs) - len(unequal)} of {len(pairs)} pairs of network and setting",
        not unequal,
        f"Unequal: {_places(unequal)}." if unequal else "Test errors are compared exactly.",
    )


def _monotone(experiment: Experiment, points: Points) -> Claim:
    lines = [points.line(dataset, mode) for dataset in points.datasets for mode in _NETWORKS]
    steps = [step for line in lines for step in pairwise(line)]
    costlier = [b for a, b in steps if b.operations > a.operations]
    dips = [a.test_error - b.test_error for a, b in steps if b.test_error < a.test_error]
    holds: Holds = "no" if costlier else "partly" if dips else "yes"
    why = "Each network on each data set, from one λ to the next."
    if costlier:
        why = f"More operations than at the λ before: {_places(costlier)}."
    elif dips:
        why = (
            f"Operations fall with every λ. The error falls too, instead of rising, at {len(dips)} of {len(steps)} "
            f"steps, by {max(dips):.2f} points at most: where it is near the original's, a few samples decide."
        )
    last = [(line[0], line[-1]) for line in lines if line]
    return claim(
        experiment,
        "λ trades error for computation: the larger it is, the fewer operations and the more errors.",
        "Section 4.2, Figure 4",
        f"from the smallest to the largest λ {span(a.operations / b.operations for a, b in last)} fewer operations, "
        f"test error from {span((a.test_error for a, _ in last), _percent)} to "
        f"{span((b.test_error for _, b in last), _percent)}",
        holds,
        why,
    )


def _below_rounding(experiment: Experiment, points: Points) -> Claim:
    pairs = _pairs(points, TEMPORAL)
    above = [b for a, b in pairs if b.operations >= a.operations]
    return claim(
        experiment,
        "On Temporal-MNIST the sigma-delta network needs fewer operations than the rounding network.",
        "Section 5.2, Figure 4 (Plot 2)",
        f"{span(a.operations / b.operations for a, b in pairs)} fewer, over {len(pairs)} values of λ",
        not above,
        f"Not fewer at {_places(above)}." if above else "At every λ.",
    )


def _redundancy(experiment: Experiment, points: Points) -> Claim:
    saved = {name: [b.operations / a.operations for a, b in _pairs(points, name)] for name in (SHUFFLED, TEMPORAL)}
    return claim(
        experiment,
        "Temporal redundancy is what saves: in MNIST's own order sigma-delta does not save as much.",
        "Section 5.2, Figure 4 (Plots 1 and 2)",
        f"sigma-delta's operations are {span(saved[SHUFFLED])} rounding's on MNIST, {span(saved[TEMPORAL])} on "
        "Temporal-MNIST",
        all(a > b for a, b in zip(saved[SHUFFLED], saved[TEMPORAL], strict=True)),
        "Both at the same scales, compared at every λ.",
    )


def _energy(experiment: Experiment, points: Points) -> Claim:
    original = points.original(TEMPORAL)
    line = points.line(TEMPORAL, "sigma_delta")
    in_operations = [original.operations / point.operations for point in line]
    in_energy = [original.energy_nj / point.energy_nj for point in line]
    return claim(
        experiment,
        "Half of the original's operations are multiplications, so in energy the saving is larger than in operations.",
        "Figure 4 (Plots 3 and 4)",
        f"sigma-delta on Temporal-MNIST against the dense original: {span(in_operations)} in operations, "
        f"{span(in_energy)} in energy",
        all(b > a for a, b in zip(in_operations, in_energy, strict=True)),
        "By the paper's prices of arithmetic alone, int32 at 45 nm; below 1 is a loss. Memory is not in it.",
    )


def _searches(experiment: Experiment, points: Points) -> list[Claim]:
    """The paper's scales against those searched for on another cost, where such were searched for."""
    lines = {cost: points.line(TEMPORAL, "sigma_delta", cost) for cost in points.costs}
    result = []
    for cost in [each for each in points.costs[1:] if ":" not in each]:  # energies are compared where they are paid
        text = (
            f"Scales optimised on {cost_name(cost)} give sigma-delta a better trade-off on Temporal-MNIST than those "
            "optimised on rounding's operations."
        )
        on_test, on_train = (
            compared(_by(lines[PAPERS_COST], error), _by(lines[cost], error), "operations") for error in (_TEST, _TRAIN)
        )
        holds = on_train[0] if on_train[0] == on_test[0] else "partly"
        ours = f"by training error {on_train[1]}; by test error, which a few images decide, {on_test[1]}"
        result.append(claim(experiment, text, BEYOND, ours, holds, RULE))
    return result


def _by(line: list[Point], error: Callable[[Point], float]) -> list[tuple[float, float]]:
    return [(point.operations, error(point)) for point in line]


def _pairs(points: Points, dataset: str) -> list[tuple[Point, Point]]:
    """Rounding and sigma-delta at every lambda, at the paper's scales."""
    both = zip(points.line(dataset, "rounding"), points.line(dataset, "sigma_delta"), strict=True)
    return [(a, b) for a, b in both if a.setting == b.setting]


def _all_settings(points: Points) -> list[tuple[str, str]]:
    return in_order((cost, setting) for cost in points.costs for setting in points.settings(cost))


def _places(points: list[Point]) -> str:
    def place(point: Point) -> str:
        found = "" if point.cost in {PAPERS_COST, "none"} else f", scales for {cost_name(point.cost)}"
        name = DATASETS.get(point.dataset, point.dataset)
        return f"{mode_name(point.mode)} on {name} at {setting_name(point.setting)}{found}"

    return shortened([place(point) for point in points])


def _percent(value: float) -> str:
    return f"{value:.2f} %"


def summary(points: Points) -> str:
    """The paper's result in a sentence: what sigma-delta saves where it is hardly ever more often wrong."""
    original = points.original(TEMPORAL)
    good = [point for point in points.line(TEMPORAL, "sigma_delta") if point.test_error <= original.test_error + 0.25]
    if not good:
        return "No setting of the sigma-delta network comes within a quarter of a point of the original's error."
    best = min(good, key=lambda point: point.operations)
    against: Callable[[float], str] = lambda value: ratio(value / best.operations)  # noqa: E731
    return (
        f"On Temporal-MNIST at {setting_name(best.setting)} the sigma-delta network makes "
        f"{operations(best.operations)} additions a frame with a test error of {best.test_error:.2f} % (original: "
        f"{original.test_error:.2f} %). The original makes {operations(original.operations)} operations, "
        f"{against(original.operations)} as many; {operations(original.operations_sparse)} if it leaves zeros out "
        f"({against(original.operations_sparse)})."
    )
