"""Figure 4: error against operations and against energy, on MNIST in its own order and reordered."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deltasim.paper.pages.axes import counts, joules, log_axis, percents
from deltasim.paper.pages.points import DATASETS, PAPERS_COST, SHUFFLED, TEMPORAL, Point, Points
from deltasim.paper.pages.words import cost_name, mode_colour, mode_name, setting_name
from reports.figures.theme import figure

_NETWORKS: Final = ("rounding", "sigma_delta")
_SUBJECTS: Final = [(SHUFFLED, "operations"), (TEMPORAL, "operations"), (SHUFFLED, "energy"), (TEMPORAL, "energy")]
_TITLES: Final = {"operations": "operations per frame", "energy": "energy of int32 arithmetic per frame (J)"}


def trade_offs(points: Points, cost: str = PAPERS_COST, *, training: bool = False) -> go.Figure:
    """The paper's four plots; `training` shows errors on the samples the network was trained on."""
    titles = [f"Plot {number}: {DATASETS[name]}, {what}" for number, (name, what) in enumerate(_SUBJECTS, start=1)]
    result = make_subplots(
        rows=2,
        cols=2,
        subplot_titles=titles,
        horizontal_spacing=0.09,
        vertical_spacing=0.16,
        figure=figure(height=760),
    )
    for place, (dataset, what) in enumerate(_SUBJECTS):
        row, column = place // 2 + 1, place % 2 + 1
        for trace in _traces(points, dataset, cost, what, training):
            trace.showlegend = bool(trace.showlegend) and place == 0
            result.add_trace(trace, row=row, col=column)
        result.update_xaxes(_x_axis(points, what), row=row, col=column)
        result.update_yaxes(_y_axis(points, training), row=row, col=column)
    result.update_annotations(font_size=14)
    return result


def _traces(points: Points, dataset: str, cost: str, what: str, training: bool) -> list[go.Scatter]:
    lines = [_line(points.line(dataset, mode, cost), mode, what, training) for mode in _NETWORKS]
    starts = [_unoptimised(points.unoptimised(dataset, mode), mode, what, training) for mode in _NETWORKS]
    return [*_original(points, dataset, what, training), *lines, *(each for each in starts if each is not None)]


def _original(points: Points, dataset: str, what: str, training: bool) -> list[go.Scatter]:
    """A line at the error of the float network, with a dot where it costs all and one where it leaves zeros out."""
    point = points.original(dataset)
    error = _error(point, training)
    dense, sparse = _costs(point, what)
    every = [value for each in points.points for value in _costs(each, what) if value > 0]
    colour, name = mode_colour("original"), mode_name("original")
    line = go.Scatter(
        x=[min(every) / 10, max(every) * 10],
        y=[error, error],
        mode="lines",
        line={"color": colour, "width": 1.6},
        name=f"{name} (dots: zeros left out, all)",
        legendgroup="original",
        showlegend=True,
        hoverinfo="skip",
    )
    dots = go.Scatter(
        x=[sparse, dense],
        y=[error, error],
        mode="markers",
        marker={"color": colour, "size": 10},
        customdata=["zeros left out", "all of it"],
        name=name,
        legendgroup="original",
        showlegend=False,
        hovertemplate=f"{name}, %{{customdata}}<br>{_hover(what)}<extra></extra>",
    )
    return [line, dots]


def _line(line: list[Point], mode: str, what: str, training: bool) -> go.Scatter:
    return go.Scatter(
        x=[_costs(point, what)[0] for point in line],
        y=[_error(point, training) for point in line],
        customdata=[setting_name(point.setting) for point in line],
        mode="lines+markers",
        line={"color": mode_colour(mode), "width": 2},
        marker={"size": 7},
        name=mode_name(mode),
        legendgroup=mode,
        showlegend=True,
        hovertemplate=f"{mode_name(mode)}, %{{customdata}}<br>{_hover(what)}<extra></extra>",
    )


def _unoptimised(point: Point | None, mode: str, what: str, training: bool) -> go.Scatter | None:
    if point is None:
        return None
    return go.Scatter(
        x=[_costs(point, what)[0]],
        y=[_error(point, training)],
        mode="markers",
        marker={"color": mode_colour(mode), "size": 11, "symbol": "diamond-open", "line": {"width": 2}},
        name=f"{mode_name(mode)}, all scales 1",
        legendgroup=f"{mode} unoptimised",
        showlegend=True,
        hovertemplate=f"{mode_name(mode)}, all scales 1<br>{_hover(what)}<extra></extra>",
    )


def _error(point: Point, training: bool) -> float:
    return point.train_error if training else point.test_error


def _costs(point: Point, what: str) -> tuple[float, float]:
    """What a frame costs, and with zeros left out (NaN except for the original), in operations or J."""
    if what == "operations":
        return point.operations, point.operations_sparse
    return point.energy_nj * 1e-9, point.energy_sparse_nj * 1e-9


def _hover(what: str) -> str:
    return ("%{x:,.0f} operations" if what == "operations" else "%{x:.4s}J") + " per frame<br>error %{y:.2f} %"


def _x_axis(points: Points, what: str) -> dict[str, object]:
    values = [value for point in points.points for value in _costs(point, what)]
    return log_axis(_TITLES[what], values, counts if what == "operations" else joules, most=5)


def _y_axis(points: Points, training: bool) -> dict[str, object]:
    errors = [_error(point, training) for point in points.points]
    return log_axis(f"{'training' if training else 'test'} error (%)", errors, percents, most=9)


def shares_of_rounding(points: Points) -> go.Figure:
    """Sigma-delta's operations in percent of rounding's, for each lambda and order of frames."""
    result = figure(
        height=330,
        xaxis={"title": {"text": "λ"}, "type": "category"},
        yaxis={"title": {"text": "sigma-delta ÷ rounding (%)"}, "ticksuffix": "%", "rangemode": "tozero"},
    )
    for dataset, colour in ((SHUFFLED, "#9098a0"), (TEMPORAL, mode_colour("sigma_delta"))):
        both = zip(points.line(dataset, "rounding"), points.line(dataset, "sigma_delta"), strict=True)
        shares = [(b.setting, 100 * b.operations / a.operations) for a, b in both if a.operations]
        result.add_bar(
            x=[setting for setting, _ in shares],
            y=[share for _, share in shares],
            name=DATASETS[dataset],
            marker_color=colour,
            hovertemplate=f"{DATASETS[dataset]}, λ = %{{x}}<br>%{{y:.1f}} % of rounding's operations<extra></extra>",
        )
    return result


def searches(points: Points) -> go.Figure:
    """Sigma-delta on Temporal-MNIST with scales that were searched for on different costs."""
    lines = {cost: points.line(TEMPORAL, "sigma_delta", cost) for cost in points.costs}
    every = [point for line in lines.values() for point in line]
    result = figure(
        height=420,
        xaxis=log_axis("sigma-delta's operations per frame", [each.operations for each in every], counts, most=9),
        yaxis=log_axis("test error (%)", [each.test_error for each in every], percents, most=8),
    )
    colours = (mode_colour("sigma_delta"), "#B679C7", "#E69F00", "#3A86D0", "#CC6677")
    for number, (cost, line) in enumerate(lines.items()):
        result.add_scatter(
            x=[point.operations for point in line],
            y=[point.test_error for point in line],
            customdata=[setting_name(point.setting) for point in line],
            mode="lines+markers",
            name=f"scales for {cost_name(cost)}",
            line={"color": colours[number % len(colours)], "width": 2},
            marker={"size": 8, "symbol": number},
            hovertemplate=f"scales for {cost_name(cost)}, %{{customdata}}<br>{_hover('operations')}<extra></extra>",
        )
    return result
