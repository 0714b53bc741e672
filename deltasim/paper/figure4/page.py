"""The pages of Figure 4 and of Appendix E's table."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go

from deltasim.paper.figure4.appendix_e import TITLES, appendix_rows
from deltasim.paper.figure4.claims import summary
from deltasim.paper.figure4.plots import searches, shares_of_rounding, trade_offs
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.points import PAPERS_COST, Points, points_of
from deltasim.paper.pages.scale_plots import scale_lines, scales_by_layer, search_lines, search_paths
from deltasim.paper.pages.section import Fold, Section
from deltasim.paper.pages.words import cost_name, in_order, make_table
from reports.dashboard.page import Plot, Table


def figure4_sections(experiment: Experiment) -> list[Section]:
    """The four plots, what order saves, the searches and their scales, the table."""
    points = points_of(experiment)
    sections = [_trade_off(points), _saved(points)]
    if len(points.costs) > 1:
        sections.append(_searches(points))
    if experiment.has("scales"):
        sections.append(_scales(experiment))
    if experiment.has("trajectory"):
        sections.append(_paths(experiment))
    return [*sections, *table_sections(experiment)]


def table_sections(experiment: Experiment) -> list[Section]:
    """Appendix E, and the same table for scales found otherwise."""
    points = points_of(experiment)
    others = [Fold(f"The same with scales for {cost_name(cost)}", _table(points, cost)) for cost in points.costs[1:]]
    text = (
        r"In the paper's own format. kFlops: thousands of operations per test frame, for the original all of them "
        r"(ds) and "
        r"with zeros left out (sp). class_error: percent on training (tr) and test (ts) samples. Int32-Energy: of "
        r"32-bit "
        "integer arithmetic at 45 nm. unoptimised: all scales are 1."
    )
    return [
        Section(
            "appendix-e", "The table of Appendix E", text, tables=(_table(points, PAPERS_COST),), folds=tuple(others)
        )
    ]


def _table(points: Points, cost: str) -> Table:
    return make_table(TITLES, appendix_rows(points, cost), words=2)


def _trade_off(points: Points) -> Section:
    variants = {f"for {cost_name(cost)}": trade_offs(points, cost) for cost in points.costs}
    variants[f"for {cost_name(PAPERS_COST)}, training error"] = trade_offs(points, training=True)
    caption = (
        "Each point is a network with scales found for one λ, from 1e-10 (right: exact and costly) to 1e-5 (left). The "
        "line of the original is at its error; its dots are what it costs with zeros left out and with all of them. "
        "Additions are counted for rounding and sigma-delta, additions and multiplications for the original. Both axes "
        "are logarithmic."
    )
    plot = Plot("trade-offs", caption, variants, choose="Scales")
    return Section("trade-off", "Error against computation", summary(points), plots=(plot,))


def _saved(points: Points) -> Section:
    caption = "Both networks at the same scales, those for rounding's operations. Below 100 % sigma-delta adds less."
    plot = Plot("shares", caption, {"": shares_of_rounding(points)})
    return Section("saved", "What the order of frames saves", plots=(plot,))


def _searches(points: Points) -> Section:
    text = (
        "The paper searches for scales with the operations of the rounding network and uses them for sigma-delta as "
        "they are. Here are others, searched for with what sigma-delta itself costs."
    )
    caption = "The sigma-delta network on Temporal-MNIST. Lines further down and to the left are better."
    plot = Plot("searches", caption, {"": searches(points)})
    return Section("searches-section", "Scales for what sigma-delta costs", text, plots=(plot,))


def _scales(experiment: Experiment) -> Section:
    rows = experiment.rows("scales", "cost", "setting", "layer", "name", "scale")
    plot = Plot(
        "scales",
        "What the values of each layer are multiplied by before they are rounded: larger is finer and costs more.",
        {f"for {cost_name(cost)}": scales_by_layer(scale_lines(some)) for cost, some in _by_cost(rows).items()},
        choose="Scales",
    )
    return Section("scales-section", "The scales found", plots=(plot,))


def _paths(experiment: Experiment) -> Section:
    rows = experiment.rows("trajectory", "cost", "setting", "epoch", "error", "operations")
    figures: dict[str, go.Figure] = {
        f"for {cost_name(cost)}": search_paths(search_lines(some), "error minimised")
        for cost, some in _by_cost(rows).items()
    }
    caption = (
        "Every search from its start (dot, all scales 1) to its end (cross), an epoch a point: means over the training "
        "samples of the error that is minimised and of operations, as the search itself sees them."
    )
    return Section("paths", "The way there", plots=(Plot("search", caption, figures, choose="Scales"),))


def _by_cost(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows of searches, the paper's first."""
    costs = sorted(in_order(row["cost"] for row in rows if row["cost"] != "none"), key=lambda cost: cost != PAPERS_COST)
    return {cost: [row for row in rows if row["cost"] == cost] for cost in costs}
