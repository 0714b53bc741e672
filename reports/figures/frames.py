"""Cost frame by frame: exact over time, binned for long runs, and how often a frame costs how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.figures.theme import (
    FRAME_MARGIN,
    count_axis,
    energy_axis,
    figure,
    frame_axis,
    network_colour,
    network_name,
    time_axis,
)
from reports.tables.numbers import quantity


@dataclass(frozen=True)
class Cost:
    """A cost of a frame: its column of the frames table, the factor to SI base units, and how it is written."""

    column: str
    title: str
    factor: float
    unit: str

    def axis(self) -> dict[str, object]:
        """The axis it is drawn on."""
        kinds = {"J": energy_axis, "s": time_axis}
        return kinds.get(self.unit, count_axis)(self.title)

    @property
    def hover(self) -> str:
        """The value in a hover label, for the y axis."""
        return f"%{{y:.4s}}{self.unit}" if self.unit else "%{y:,.0f}"


COSTS: Final[dict[str, Cost]] = {
    "whole system": Cost("total_pj", "whole-system energy per frame, while working", 1e-12, "J"),
    "arithmetic only": Cost("arithmetic_pj", "arithmetic energy per frame", 1e-12, "J"),
    "operations": Cost("operations", "operations per frame", 1.0, ""),
    "latency": Cost("latency_ns", "latency of a frame", 1e-9, "s"),
}


def cost_per_frame(frames: pd.DataFrame, cost: Cost) -> go.Figure:
    """A line per network through every frame of the run: exact values, in 32-bit floats for the size of the page."""
    result = figure(
        height=320,
        xaxis=frame_axis(frames["frame"].to_numpy()),
        yaxis={**cost.axis(), "automargin": False},
        hovermode="x unified",
        margin=FRAME_MARGIN,
    )
    for mode, group in frames.groupby("mode", observed=True, sort=False):
        result.add_scatter(
            x=group["frame"].to_numpy(np.int32),
            y=(group[cost.column].to_numpy() * cost.factor).astype(np.float32),
            mode="lines+markers" if len(group) == 1 else "lines",
            name=network_name(str(mode)),
            line={"color": network_colour(str(mode)), "width": 1.6},
            hovertemplate=f"{cost.hover}<extra>{network_name(str(mode))}</extra>",
        )
    return result


def cost_overview(frames: pd.DataFrame, cost: Cost, bins: int = 400) -> go.Figure:
    """The whole run in at most `bins` bins of equally many frames: the mean as a line, least and largest as a band."""
    result = figure(height=280, xaxis=frame_axis(frames["frame"].to_numpy()), yaxis=cost.axis())
    for mode, group in frames.groupby("mode", observed=True, sort=False):
        values = group[cost.column].to_numpy() * cost.factor
        starts = np.unique(np.linspace(0, len(values), bins, endpoint=False).astype(int))
        sizes = np.diff(np.append(starts, len(values)))
        least, largest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        mean = np.add.reduceat(values, starts) / sizes
        numbers = group["frame"].to_numpy()
        first, last = numbers[starts], numbers[starts + sizes - 1]
        middle = (first + last) / 2
        name, colour = network_name(str(mode)), network_colour(str(mode))
        result.add_scatter(
            x=np.concatenate([middle, middle[::-1]]).astype(np.float32),
            y=np.concatenate([largest, least[::-1]]).astype(np.float32),
            fill="toself",
            fillcolor=colour,
            opacity=0.22,
            line={"width": 0},
            mode="lines",
            hoverinfo="skip",
            legendgroup=str(mode),
            showlegend=False,
        )
        result.add_scatter(
            x=middle.astype(np.float32),
            y=mean.astype(np.float32),
            customdata=np.stack([least, largest, first, last], axis=1).astype(np.float32),
            mode="lines",
            name=name,
            legendgroup=str(mode),
            line={"color": colour, "width": 1.6},
            hovertemplate=(
                f"{name}, frames %{{customdata[2]:.0f}} to %{{customdata[3]:.0f}}<br>mean {cost.hover}<br>"
                f"least %{{customdata[0]:.4s}}{cost.unit}, largest %{{customdata[1]:.4s}}{cost.unit}<extra></extra>"
            ),
        )
    return result


def cost_distribution(frames: pd.DataFrame, cost: Cost, points: int = 201) -> go.Figure:
    """The share of frames that cost at most so much, a curve per network; logarithmic, to compare networks."""
    low, high = np.log10(frames[cost.column].clip(lower=1e-6).agg(["min", "max"]) * cost.factor)
    margin = max(0.03 * (high - low), 0.01)
    axis = {**cost.axis(), "type": "log", "range": [low - margin, high + margin], **_ticks(low, high, cost.unit)}
    result = figure(
        height=320, xaxis=axis, yaxis={"title": {"text": "share of frames (%)"}, "range": [0, 101], "ticksuffix": "%"}
    )
    for mode, group in frames.groupby("mode", observed=True, sort=False):
        values = np.sort(group[cost.column].to_numpy()) * cost.factor
        chosen = np.unique(np.linspace(0, len(values) - 1, points).round().astype(int))
        name = network_name(str(mode))
        result.add_scatter(
            x=np.concatenate([values[:1], values[chosen]]),
            y=np.concatenate([[0], (chosen + 1) / len(values) * 100]),
            mode="lines",
            name=name,
            line={"color": network_colour(str(mode)), "width": 2, "shape": "hv"},
            hovertemplate=f"{name}<br>%{{y:.1f}} of frames cost at most %{{x:.4s}}{cost.unit}<extra></extra>",
        )
    return result


def _ticks(low: float, high: float, unit: str) -> dict[str, object]:
    """Round numbers from 10**low to 10**high for a logarithmic axis, fewer of them the more decades it spans."""
    decades = high - low
    steps = (1.0,) if decades > 3 else (1.0, 2.0, 5.0) if decades > 1 else (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
    powers = range(math.floor(low) - 1, math.ceil(high) + 1)
    values = [(step * 10.0**power, 1 if step.is_integer() else 2) for power in powers for step in steps]
    return {
        "tickvals": [value for value, _ in values],
        "ticktext": [quantity(value, unit, digits) for value, digits in values],
        "ticksuffix": "",
    }
