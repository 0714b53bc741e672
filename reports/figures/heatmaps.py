"""Layers over frames as a heat map, with the mean of each layer beside it (paper, Figure 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from reports.figures.names import literal
from reports.figures.per_layer import down, rows_height
from reports.figures.theme import figure, frame_axis

MOST_COLUMNS: Final = 1000
"""A longer run is shown in means of neighbouring frames."""
_BAR: Final = "#78828c"


@dataclass(frozen=True)
class Shade:
    """What the colours of a heat map mean: a column of a table with one row per frame and layer.

    `bright` says which end of the scale is bright; `suffix` follows every number.
    """

    column: str
    title: str
    bright: str = "high"
    suffix: str = ""


DISTANCE: Final = Shade("l1_distance", "L1 distance")
COSINE: Final = Shade("cosine", "cosine similarity", bright="low")
SHARE: Final = Shade("share_percent", "share of operations", suffix="%")


def layers_over_frames(table: pd.DataFrame, shade: Shade) -> go.Figure:
    """Rows are the layers that have any value, in their order; columns frames, or means of equally many of them.

    `table` has `frame`, `layer_index`, `layer` and the shade's column, frame by frame and layer by layer, for any of
    the layers.
    """
    layers = int(table["layer_index"].nunique())
    values = table[shade.column].to_numpy(np.float64).reshape(-1, layers)
    known = ~np.isnan(values).all(axis=0)
    names = [name for name, shown in zip(table["layer"].iloc[:layers].astype(str), known, strict=True) if shown]
    values = values[:, known]
    result = make_subplots(
        rows=1,
        cols=2,
        shared_yaxes=True,
        column_widths=[0.8, 0.2],
        horizontal_spacing=0.05,
        figure=figure(height=150 + max(rows_height(len(names)), 140), showlegend=False),
    )
    result.update_layout(margin={"t": 30})
    _add_shades(result, table["frame"].to_numpy()[::layers], values, names, shade)
    _add_means(result, values, names, shade)
    result.update_yaxes(**down(names))
    result.update_yaxes(showticklabels=False, row=1, col=2)
    return result


def _add_shades(
    result: go.Figure, frames: NDArray[np.int64], values: NDArray[np.float64], names: list[str], shade: Shade
) -> None:
    starts = np.unique(np.linspace(0, len(values), MOST_COLUMNS, endpoint=False).astype(int))
    ends = np.append(starts[1:], len(values)) - 1
    middle = (frames[starts] + frames[ends]) / 2
    half = (frames[1] - frames[0]) / 2 if len(frames) > 1 else 0.5
    exact = len(starts) == len(values)
    frame = "frame %{x:d}" if exact else f"about {int(ends[0] - starts[0]) + 1} frames around %{{x:d}}"
    result.add_heatmap(
        z=_means(values, starts).T.astype(np.float32),
        x=middle.astype(np.int32 if exact else np.float32),
        y=names,
        colorscale="Viridis",
        reversescale=shade.bright == "low",
        ygap=1,
        colorbar=_colour_bar(shade),
        hovertemplate=f"%{{y}}, {frame}<br>{shade.title} %{{z:.3g}}{shade.suffix}<extra></extra>",
        row=1,
        col=1,
    )
    shown = [frames[0] - half, frames[-1] + half]
    result.update_xaxes(**frame_axis(frames), nticks=8, showgrid=False, range=shown, col=1)


def _add_means(result: go.Figure, values: NDArray[np.float64], names: list[str], shade: Shade) -> None:
    sums, counts = np.nansum(values, axis=0), (~np.isnan(values)).sum(axis=0)
    result.add_bar(
        x=sums / counts,
        y=names,
        orientation="h",
        marker_color=_BAR,
        customdata=[literal(name) for name in names],
        hovertemplate=f"%{{customdata}}<br>mean {shade.title} %{{x:.3g}}{shade.suffix}<extra></extra>",
        row=1,
        col=2,
    )
    result.update_xaxes(
        title_text="mean over frames", ticksuffix=shade.suffix, rangemode="tozero", nticks=4, row=1, col=2
    )


def _means(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Means of the rows of (frames, layers) `values` from each start to the next, of those that are known."""
    sums = np.add.reduceat(np.nan_to_num(values), starts, axis=0)
    counts = np.add.reduceat((~np.isnan(values)).astype(np.int64), starts, axis=0)
    result = np.full(sums.shape, np.nan)
    np.divide(sums, counts, out=result, where=counts > 0)
    return result


def _colour_bar(shade: Shade) -> dict[str, Any]:
    return {
        "title": {"text": shade.title, "font": {"size": 13}, "side": "right"},
        "ticksuffix": shade.suffix,
        "thickness": 12,
        "outlinewidth": 0,
        "x": 1.01,
    }
