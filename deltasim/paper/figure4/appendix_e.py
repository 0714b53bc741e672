"""The table of Appendix E in the paper's own format.

Its definition is that of the authors' code, `mlp/measure_mnist_results.py`: thousands of operations per test sample cut
to integers, errors and energies in three significant digits, 32-bit integer arithmetic at 45 nm.
"""

from __future__ import annotations

from typing import Final

from deltasim.paper.pages.points import PAPERS_COST, SHUFFLED, TEMPORAL, Point, Points
from reports.tables.numbers import NOTHING

_GROUPS: Final = {SHUFFLED: "mnist", TEMPORAL: "temp_mnist"}
_QUANTITIES: Final = (r"kFlops Test (ds\sp)", r"class_error (tr\ts)", "Int32-Energy (nJ)")
TITLES: Final = ("Setting", "Net Type", *(f"{group}: {what}" for group in _GROUPS.values() for what in _QUANTITIES))

_NETWORKS: Final = {"original": "Original", "rounding": "Round", "sigma_delta": "Sigma-Delta"}


def appendix_rows(points: Points, cost: str = PAPERS_COST) -> list[tuple[str, ...]]:
    """The texts of the table's rows, under `TITLES`: every setting with its three networks.

    The original does not depend on the setting and stands there every time, as in the paper.
    """
    rows = []
    for setting in points.settings(cost):
        for mode, name in _NETWORKS.items():
            cells = [cell for dataset in _GROUPS for cell in _cells(_point(points, dataset, mode, setting, cost))]
            rows.append((setting, name, *cells))
    return rows


def _point(points: Points, dataset: str, mode: str, setting: str, cost: str) -> Point | None:
    return points.original(dataset) if mode == "original" else points.at(dataset, mode, setting, cost)


def _cells(point: Point | None) -> tuple[str, str, str]:
    if point is None:
        return NOTHING, NOTHING, NOTHING
    errors = rf"{point.train_error:.3g}\{point.test_error:.3g}"
    if point.mode != "original":
        return f"{_thousands(point.operations)}", errors, f"{point.energy_nj:.3g}"
    flops = rf"{_thousands(point.operations)}\{_thousands(point.operations_sparse)}"
    return flops, errors, rf"{point.energy_nj:.3g}\{point.energy_sparse_nj:.3g}"


def _thousands(operations: float) -> str:
    return NOTHING if operations != operations else str(int(operations / 1000))  # noqa: PLR0124 - NaN
