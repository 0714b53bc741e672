"""Is the answer good? Error as frames go by, and which class is taken for which."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from reports.figures.names import literal
from reports.figures.theme import figure, frame_axis, network_colour, network_name
from reports.tables.answers import reference_mode

MOST_CLASSES: Final = 20
_SHADES: Final = [[0, "rgba(58,134,208,0.04)"], [0.05, "rgba(58,134,208,0.35)"], [1, "rgba(58,134,208,1)"]]
_COLOUR_BAR: Final = {
    "title": {"text": "share of row", "font": {"size": 13}},
    "ticksuffix": "%",
    "thickness": 12,
    "outlinewidth": 0,
}


def running_error(frames: pd.DataFrame, points: int = 1000) -> go.Figure:
    """Share of answers other than the label in the frames up to each."""
    result = figure(
        height=300,
        xaxis=frame_axis(frames["frame"].to_numpy()),
        yaxis={"title": {"text": "wrong so far (%)"}, "ticksuffix": "%", "rangemode": "tozero"},
        hovermode="x unified",
    )
    for mode, group in frames.groupby("mode", observed=True, sort=False):
        wrong = ~group["correct"].to_numpy(dtype=bool)
        share = np.cumsum(wrong) / np.arange(1, len(wrong) + 1) * 100
        chosen = np.unique(np.linspace(0, len(wrong) - 1, points).round().astype(np.int32))
        result.add_scatter(
            x=group["frame"].to_numpy(np.int32)[chosen],
            y=share[chosen].astype(np.float32),
            mode="lines+markers" if len(group) == 1 else "lines",
            name=network_name(str(mode)),
            line={"color": network_colour(str(mode)), "width": 1.8},
            hovertemplate=f"%{{y:.2f}}<extra>{network_name(str(mode))}</extra>",
        )
    return result


def confusion(frames: pd.DataFrame, mode: str, classes: list[str]) -> go.Figure:
    """How often network `mode` answers which class, against the labels, or against the original network without labels.

    Colours are shares of a row, so that rare classes are seen too; the numbers are frames.
    """
    truth, title = _truth(frames, mode)
    table = _frames_by_answer(truth, frames.loc[frames["mode"] == mode, "prediction"].to_numpy(int), len(classes))
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1) * 100
    result = figure(
        height=440,
        xaxis={"title": {"text": f"answer of {network_name(mode)}"}, "showgrid": False, "type": "category"},
        yaxis={"title": {"text": title}, "showgrid": False, "type": "category", "autorange": "reversed"},
    )
    numbers = list(range(len(classes)))  # two classes may have one name
    places = {"tickvals": numbers, "ticktext": [literal(name) for name in classes]}
    result.update_xaxes(**places)
    result.update_yaxes(**places)
    result.add_heatmap(
        z=share.astype(np.float32),
        x=numbers,
        y=numbers,
        customdata=table,
        text=np.where(table > 0, table.astype(str), ""),
        texttemplate="%{text}",
        colorscale=_SHADES,
        zmin=0,
        zmax=100,
        xgap=1,
        ygap=1,
        colorbar=_COLOUR_BAR,
        hovertemplate=f"{title} %{{y}}, answer %{{x}}<br>%{{customdata}} frames, %{{z:.2f}}% of the row<extra></extra>",
    )
    return result


def _truth(frames: pd.DataFrame, mode: str) -> tuple[NDArray[np.int64], str]:
    """What network `mode` should answer to each frame, and what to call it: the labels, else the original's answers."""
    chosen = frames[frames["mode"] == mode]
    if chosen["label"].notna().all():
        return chosen["label"].to_numpy(int), "label"
    originals = frames.loc[frames["mode"] == reference_mode(frames["mode"].unique()), "prediction"].to_numpy(int)
    return originals[: len(chosen)], "answer of the original"


def _frames_by_answer(truth: NDArray[np.int64], answers: NDArray[np.int64], classes: int) -> NDArray[np.int64]:
    """(classes, classes): how many frames of each true class got each answer. A label may be none of the classes."""
    table = np.zeros((classes, classes), np.int64)
    known = (truth >= 0) & (truth < classes)
    np.add.at(table, (truth[known], answers[known]), 1)
    return table
