"""Figure 4's points: what a network costs and how often it is wrong, at each setting of the scales."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.words import UNOPTIMISED, in_order
from reports.errors import RunError

PAPERS_COST: Final = "rounding"
"""The paper optimises scales on the rounding network's operations and uses them for sigma-delta too (Section 5.2)."""
SHUFFLED, TEMPORAL = "mnist", "temporal-mnist"
DATASETS: Final = {SHUFFLED: "MNIST", TEMPORAL: "Temporal-MNIST"}

_COLUMNS: Final = (
    "dataset",
    "cost",
    "setting",
    "lambda",
    "mode",
    "operations",
    "operations_sparse",
    "train_error_percent",
    "test_error_percent",
    "energy_nj",
    "energy_sparse_nj",
)


@dataclass(frozen=True)
class Point:
    """Means per test frame of one network on one data set; the sparse numbers are the original's only, else NaN."""

    dataset: str
    cost: str
    setting: str
    lambda_: float
    mode: str
    operations: float
    operations_sparse: float
    train_error: float
    test_error: float
    energy_nj: float
    energy_sparse_nj: float

    @classmethod
    def of(cls, row: dict[str, Any]) -> Point:
        """From a row of the table."""
        texts = {"dataset", "cost", "setting", "mode"}
        return cls(*(str(row[name]) if name in texts else float(row[name]) for name in _COLUMNS))  # type: ignore[arg-type]


@dataclass(frozen=True)
class Points:
    """All points of an experiment."""

    points: tuple[Point, ...]

    @property
    def datasets(self) -> list[str]:
        """Data sets in the paper's order."""
        found = in_order(point.dataset for point in self.points)
        return sorted(found, key=lambda name: [*DATASETS, name].index(name))

    @property
    def costs(self) -> list[str]:
        """What scales were optimised on, the paper's first."""
        found = in_order(point.cost for point in self.points if self.is_search(point))
        return sorted(found, key=lambda cost: cost != PAPERS_COST)

    @staticmethod
    def is_search(point: Point) -> bool:
        """Whether the point's scales come from a search."""
        return point.cost != "none" and point.mode in {"rounding", "sigma_delta"}

    def original(self, dataset: str) -> Point:
        """The original network on a data set. Raises RunError if it was not measured."""
        found = [point for point in self.points if point.mode == "original" and point.dataset == dataset]
        if not found:
            raise RunError(f"points.parquet has no original network on {dataset}; make the experiment again")
        return found[0]

    def float_network(self, dataset: str) -> Point | None:
        """The network as it was trained, before it was made of integers; only its errors are known."""
        return next((each for each in self.points if each.mode == "float" and each.dataset == dataset), None)

    def line(self, dataset: str, mode: str, cost: str = PAPERS_COST) -> list[Point]:
        """The points of one network, of the smallest lambda first."""
        found = self._select(dataset, mode, cost)
        return sorted((point for point in found if point.setting != UNOPTIMISED), key=lambda point: point.lambda_)

    def unoptimised(self, dataset: str, mode: str) -> Point | None:
        """The network at scales of 1."""
        found = [each for each in self.points if (each.dataset, each.mode) == (dataset, mode)]
        return next((point for point in found if point.setting == UNOPTIMISED), None)

    def settings(self, cost: str = PAPERS_COST) -> list[str]:
        """Unoptimised first, then by lambda."""
        found = {p.setting: p.lambda_ for p in self.points if p.cost == cost and p.setting != UNOPTIMISED}
        first = [UNOPTIMISED] if any(point.setting == UNOPTIMISED for point in self.points) else []
        return [*first, *sorted(found, key=lambda name: found[name])]

    def at(self, dataset: str, mode: str, setting: str, cost: str = PAPERS_COST) -> Point | None:
        """One point, None if it was not measured."""
        if setting == UNOPTIMISED:
            return self.unoptimised(dataset, mode)
        return next((point for point in self._select(dataset, mode, cost) if point.setting == setting), None)

    def _select(self, dataset: str, mode: str, cost: str) -> Iterable[Point]:
        wanted = (dataset, mode, cost)
        return (point for point in self.points if (point.dataset, point.mode, point.cost) == wanted)


def points_of(experiment: Experiment) -> Points:
    """The points of Figure 4 or of the table. Raises RunError if they are not there, or only those of another cost."""
    points = Points(tuple(Point.of(row) for row in experiment.rows("points", *_COLUMNS)))
    if PAPERS_COST not in points.costs or {SHUFFLED, TEMPORAL} - set(points.datasets):
        raise RunError(
            f"{experiment.path}: points.parquet must have scales optimised on {PAPERS_COST!r}, on {SHUFFLED} and on "
            f"{TEMPORAL}; make it again: {experiment.command}"
        )
    return points
