"""Scales by layer, and the way a search for them went: a line per lambda."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from deltasim.paper.pages.axes import counts, log_axis, plain
from deltasim.paper.pages.words import in_order, lambda_text, setting_name, shades
from reports.figures.per_layer import across, extra_height, room_for
from reports.figures.theme import figure


@dataclass(frozen=True)
class Line:
    """A line of a figure: its name, and x and y of its points."""

    name: str
    x: tuple[Any, ...]
    y: tuple[float, ...]


def scale_lines(rows: list[dict[str, Any]], key: str = "setting") -> list[Line]:
    """A line per value of `key` from a table with `layer`, `name` and `scale`."""
    lines = []
    for value in in_order(row[key] for row in rows):
        chosen = sorted((row for row in rows if row[key] == value), key=lambda row: int(row["layer"]))
        names, scales = tuple(str(row["name"]) for row in chosen), tuple(float(row["scale"]) for row in chosen)
        lines.append(Line(setting_name(value if isinstance(value, str) else lambda_text(float(value))), names, scales))
    return lines


def scales_by_layer(lines: list[Line]) -> go.Figure:
    """Every line's scale for the values that each layer sends; logarithmic."""
    names = in_order(name for line in lines for name in line.x)
    result = figure(
        height=360 + extra_height(names),
        xaxis=across(names, "sender"),
        meta=room_for(names),
        yaxis=log_axis("scale k", [value for line in lines for value in line.y], plain),
    )
    add_scales(result, lines)
    return result


def add_scales(result: go.Figure, lines: list[Line], **place: int) -> None:
    """Add a line of scales for each; `place` is `row` and `col` of a subplot."""
    for line, colour in zip(lines, shades(len(lines)), strict=True):
        result.add_scatter(
            x=list(line.x),
            y=list(line.y),
            mode="lines+markers",
            name=line.name,
            legendgroup=line.name,
            line={"color": colour, "width": 2},
            marker={"size": 7},
            hovertemplate=f"%{{x}}, {line.name}<br>scale %{{y:.4g}}<extra></extra>",
            **place,
        )


def search_lines(rows: list[dict[str, Any]], key: str = "setting") -> list[Line]:
    """Operations and error of every epoch, from a table with `epoch`, `operations` and `error`."""
    lines = []
    for value in in_order(row[key] for row in rows):
        chosen = sorted((row for row in rows if row[key] == value), key=lambda row: int(row["epoch"]))
        cost, error = (tuple(float(row[name]) for row in chosen) for name in ("operations", "error"))
        lines.append(Line(setting_name(value if isinstance(value, str) else lambda_text(float(value))), cost, error))
    return lines


def search_paths(lines: list[Line], error: str) -> go.Figure:
    """The way of each search from its start (a dot) to its end (a cross)."""
    result = figure(
        height=440,
        xaxis=log_axis("operations per sample", [value for line in lines for value in line.x], counts, most=8),
        yaxis=log_axis(error, [value for line in lines for value in line.y], plain),
    )
    add_paths(result, lines)
    return result


def add_paths(result: go.Figure, lines: list[Line], **place: int) -> None:
    """Add each line with a dot where it starts and a cross where it ends; `place` is `row` and `col` of a subplot.

    In a subplot lines are not named again: they are hidden and shown with those of the same name.
    """
    for line, colour in zip(lines, shades(len(lines)), strict=True):
        hover = f"{line.name}, %{{customdata}}<br>%{{x:,.0f}} operations, error %{{y:.3g}}<extra></extra>"
        shared = {"name": line.name, "legendgroup": line.name, "hovertemplate": hover}
        result.add_scatter(
            x=list(line.x),
            y=list(line.y),
            customdata=[f"step {step} of {len(line.x) - 1}" for step in range(len(line.x))],
            mode="lines",
            line={"color": colour, "width": 1.8},
            showlegend=not place,
            **shared,
            **place,
        )
        result.add_scatter(
            x=[line.x[0], line.x[-1]],
            y=[line.y[0], line.y[-1]],
            customdata=["start", "end"],
            mode="markers",
            marker={"color": colour, "size": [8, 10], "symbol": ["circle", "x"]},
            showlegend=False,
            **shared,
            **place,
        )
