"""The networks of the paper's Figure 1 side by side; arithmetic alone beside the whole system."""

from __future__ import annotations

from typing import Final

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from reports.figures.theme import component_colours, figure, network_colour, network_name

_PANELS: Final = (
    ("operations", "operations per frame", 1.0, ""),
    ("arithmetic_pj", "arithmetic only, per frame (J)", 1e-12, "J"),
    ("energy_at_rate_pj", "whole system at the frame rate, per frame (J)", 1e-12, "J"),
    ("latency_ns", "latency of a frame, mean (s)", 1e-9, "s"),
)


def four_networks(summary: pd.DataFrame) -> go.Figure:
    """A panel of bars for operations, arithmetic energy, whole energy and latency; `summary` has a row per mode."""
    result = make_subplots(rows=2, cols=2, horizontal_spacing=0.08, vertical_spacing=0.24, figure=figure(height=460))
    for number, (column, title, factor, unit) in enumerate(_PANELS):
        row, col = divmod(number, 2)
        for mode, value in zip(summary["mode"], summary[column], strict=True):
            result.add_bar(
                x=[value * factor],
                y=[network_name(mode)],
                orientation="h",
                name=network_name(mode),
                legendgroup=mode,
                showlegend=number == 0,
                marker_color=network_colour(mode),
                texttemplate="%{x:.3s}" + unit,
                textposition="auto",
                hovertemplate=f"%{{y}}<br>%{{x:.4s}}{unit or ' operations'}<extra></extra>",
                row=row + 1,
                col=col + 1,
            )
        result.update_xaxes(
            title_text=title, tickformat="~s", ticksuffix=unit, rangemode="tozero", nticks=6, row=row + 1, col=col + 1
        )
        result.update_yaxes(showticklabels=False, autorange="reversed", row=row + 1, col=col + 1)
    return result


def arithmetic_and_whole(energy: pd.DataFrame, frames: int) -> go.Figure:
    """Per network two bars: arithmetic only, and the whole system stacked by component. Joules per frame, each on its
    own axis.

    `energy` is the energy table: `mode`, `component` and `energy_all_frames_pj`, the sum over `frames` frames.
    """
    modes, components = energy["mode"].unique(), energy["component"].unique()
    result = make_subplots(
        rows=1,
        cols=2,
        horizontal_spacing=0.04,
        shared_yaxes=True,
        figure=figure(height=130 + 46 * len(modes), barmode="stack"),
    )
    column = "energy_all_frames_pj"
    summed = energy.pivot_table(index="component", columns="mode", values=column, aggfunc="sum", observed=True)
    joules = summed * 1e-12 / frames
    for component, colour in component_colours(components).items():
        values = [joules.loc[component, mode] for mode in modes]
        for col in (1, 2) if component == "arithmetic" else (2,):
            result.add_bar(
                x=values,
                y=[network_name(mode) for mode in modes],
                orientation="h",
                name=component,
                legendgroup=component,
                showlegend=col == 2 and any(values),
                marker_color=colour,
                hovertemplate=f"%{{y}}<br>{component}: %{{x:.4s}}J per frame<extra></extra>",
                row=1,
                col=col,
            )
    for col, title in ((1, "arithmetic only, per frame (J)"), (2, "whole system, per frame (J)")):
        result.update_xaxes(
            title_text=title, tickformat="~s", ticksuffix="J", rangemode="tozero", nticks=6, row=1, col=col
        )
    result.update_yaxes(autorange="reversed")
    return result
