"""The page of Figure 2: scales of a random network, drawn at random and found."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deltasim.paper.figure2.claims import dominates
from deltasim.paper.pages.axes import counts, log_axis, plain
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.scale_plots import Line, add_paths, add_scales, scale_lines, search_lines
from deltasim.paper.pages.section import Section
from deltasim.paper.pages.words import lambda_text, make_table
from reports.dashboard.page import Plot
from reports.figures.per_layer import across
from reports.figures.theme import figure
from reports.tables.numbers import count

_GREY: Final = "rgba(128,138,148,0.16)"
_DOT: Final = "rgba(128,138,148,0.55)"
_LEAST_SHOWN: Final = 0.1
"""Of scales: the few random ones below it would take most of a logarithmic axis."""


def figure2_sections(experiment: Experiment) -> list[Section]:
    """Scales on the left, error against operations on the right, then the end points in numbers."""
    caption = (
        "Left: scales of the values that each layer sends; grey ones drawn at random, coloured ones found for a λ. "
        "Right: what each of them costs and how wrong the outputs are, mean |output - true| / mean |true|. A coloured "
        "line is the way of a search, from its start (dot) to its end (cross). A click on a name hides it on both "
        "sides. All axes with numbers are logarithmic."
    )
    plot = Plot("random-network", caption, {"": _figure(experiment)})
    first = Section("random", "A random network at random and at optimised scales", plots=(plot,))
    return [first, _numbers(experiment)]


def _figure(experiment: Experiment) -> go.Figure:
    result = make_subplots(
        rows=1, cols=2, column_widths=[0.42, 0.58], horizontal_spacing=0.1, figure=figure(height=520)
    )
    random = experiment.rows("random_scales", "vector", "layer", "name", "scale")
    path = experiment.rows("trajectory_scales", "lambda", "epoch", "layer", "name", "scale")
    found = _order(scale_lines([row for row in path if row["epoch"] == _last(path, row["lambda"])], key="lambda"))
    _add_random_scales(result, random)
    add_scales(result, found, row=1, col=1)
    names = list(found[0].x)
    scales = [float(row["scale"]) for row in random] + [value for line in found for value in line.y]
    result.update_xaxes(**across(names, "sender"), row=1, col=1)
    result.update_yaxes(log_axis("scale k", [max(each, _LEAST_SHOWN) for each in scales], plain, most=8), row=1, col=1)
    points = experiment.rows("random_points", "error", "operations")
    ways = _order(search_lines(experiment.rows("trajectories", "lambda", "epoch", "error", "operations"), key="lambda"))
    _add_random_points(result, points)
    add_paths(result, ways, row=1, col=2)
    cost = [float(row["operations"]) for row in points] + [value for line in ways for value in line.x]
    error = [float(row["error"]) for row in points] + [value for line in ways for value in line.y]
    result.update_xaxes(log_axis("operations per sample", cost, counts), row=1, col=2)
    result.update_yaxes(log_axis("relative error", error, plain, most=8), row=1, col=2)
    return result


def _last(rows: list[dict[str, Any]], lambda_: float) -> int:
    return max(int(row["epoch"]) for row in rows if row["lambda"] == lambda_)


def _order(lines: list[Line]) -> list[Line]:
    """By lambda, so that both sides have the same colours."""
    return sorted(lines, key=lambda line: float(line.name.rpartition(" ")[2]))


def _add_random_scales(result: go.Figure, rows: list[dict[str, Any]]) -> None:
    """All random vectors as one trace, with gaps between them."""
    vectors: dict[int, list[tuple[str, float]]] = {}
    for row in rows:
        vectors.setdefault(int(row["vector"]), []).append((str(row["name"]), float(row["scale"])))
    gap: list[tuple[str | None, float | None]] = [(None, None)]
    points = [point for vector in vectors.values() for point in [*vector, *gap]]
    result.add_scatter(
        x=[name for name, _ in points],
        y=[scale for _, scale in points],
        mode="lines",
        line={"color": _GREY, "width": 1},
        name="random",
        legendgroup="random",
        showlegend=False,
        hoverinfo="skip",
        row=1,
        col=1,
    )


def _add_random_points(result: go.Figure, rows: list[dict[str, Any]]) -> None:
    result.add_scatter(
        x=[float(row["operations"]) for row in rows],
        y=[float(row["error"]) for row in rows],
        mode="markers",
        marker={"color": _DOT, "size": 4},
        name="random",
        legendgroup="random",
        hovertemplate="random scales<br>%{x:,.0f} operations, error %{y:.3g}<extra></extra>",
        row=1,
        col=2,
    )


TITLES: Final = ("λ", "relative error", "operations per sample", "random vectors that dominate it")


def endpoint_rows(experiment: Experiment) -> list[tuple[str, str, str, str]]:
    """The end of each search in words, under `TITLES`."""
    random = experiment.rows("random_points", "error", "operations")
    ends = sorted(experiment.rows("endpoints", "lambda", "error", "operations"), key=lambda row: float(row["lambda"]))
    return [
        (
            lambda_text(float(end["lambda"])),
            f"{end['error']:.3g}",
            count(end["operations"]),
            str(sum(dominates(row, end) for row in random)),
        )
        for end in ends
    ]


def _numbers(experiment: Experiment) -> Section:
    return Section("ends", "Where the searches end", tables=(make_table(TITLES, endpoint_rows(experiment)),))
