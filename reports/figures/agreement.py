"""Does a network answer as the original does? The share of frames so far (paper, Figure 5, third plot)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from hwmodels.modes import MODES_TABLE
from reports.figures.names import literal
from reports.figures.theme import FRAME_MARGIN, figure, frame_axis, network_colour, network_name

MOST_MARKS = 500


def agreement_so_far(frames: pd.DataFrame, focus: str, classes: list[str], points: int = 1000) -> go.Figure:
    """Per network the share of the frames up to each with the original's answer (a line), and with one of its first
    five (dashed, where known). Crosses are frames on which network `focus` answers something else.
    """
    result = figure(
        height=260,
        xaxis=frame_axis(frames["frame"].to_numpy()),
        yaxis={"title": {"text": "agreement so far (%)"}, "ticksuffix": "%", "automargin": False},
        margin=FRAME_MARGIN,
    )
    for mode, group in frames.groupby("mode", observed=True, sort=False):
        if MODES_TABLE[str(mode)].is_original:
            continue
        numbers = group["frame"].to_numpy(np.int32)
        name, colour = network_name(str(mode)), network_colour(str(mode))
        for column, which, dash in (("agrees", "", "solid"), ("agrees_top5", ", first five", "dot")):
            if group[column].isna().any():
                continue
            share = _so_far(group[column])
            chosen = np.unique(np.linspace(0, len(share) - 1, points).round().astype(np.int32))
            result.add_scatter(
                x=numbers[chosen],
                y=share[chosen].astype(np.float32),
                mode="lines+markers" if len(group) == 1 else "lines",
                name=f"{name}{which}",
                legendgroup=name,
                showlegend=not which,  # the caption says what is dotted: a long legend would leave no room
                line={"color": colour, "width": 1.8, "dash": dash},
                hovertemplate=f"{name}{which}<br>%{{y:.2f}} of frames {numbers[0]} to %{{x}}<extra></extra>",
            )
    _add_marks(result, frames, focus, classes)
    return result


def _add_marks(result: go.Figure, frames: pd.DataFrame, focus: str, classes: list[str]) -> None:
    chosen = frames[frames["mode"] == focus]
    other = np.flatnonzero(~chosen["agrees"].to_numpy(bool))[:MOST_MARKS]
    if not len(other):
        return
    answers = [classes[int(answer)] for answer in chosen["prediction"].to_numpy()[other]]
    result.add_scatter(
        x=chosen["frame"].to_numpy(np.int32)[other],
        y=_so_far(chosen["agrees"])[other].astype(np.float32),
        mode="markers",
        name="another answer",
        marker={"symbol": "x-thin", "size": 7, "line": {"width": 1.5, "color": "#D55E00"}},
        customdata=[literal(answer) for answer in answers],
        hovertemplate=f"frame %{{x}}: {network_name(focus)} answers<br>%{{customdata}}<extra></extra>",
    )


def _so_far(agrees: pd.Series[bool]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """In percent, for each frame: the share of it and the frames before that agree."""
    values = agrees.to_numpy(bool)
    return np.asarray(np.cumsum(values) / np.arange(1, len(values) + 1) * 100)
