"""The plots of Figure 5, one below the other as in the paper."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from deltasim.paper.figure5.video import MOVING, STATIC, Video
from deltasim.paper.pages.axes import log_axis
from deltasim.paper.pages.words import in_order, mode_colour, mode_name, setting_name, shades
from reports.figures.names import literal
from reports.figures.per_layer import across, add_values, extra_height, room_for
from reports.figures.theme import FRAME_MARGIN, count_axis, energy_axis, figure

_CLIPS: Final = {STATIC: "#3A86D0", MOVING: "#D55E00"}
_SPLICE: Final = {"color": "#8a949f", "width": 1.5, "dash": "dash"}
_PAPERS_LEAST: Final = 0.2


def _over_frames(video: Video, height: int, yaxis: dict[str, Any]) -> go.Figure:
    """An empty figure with the frames across and the splice marked."""
    result = figure(
        height=height,
        xaxis={"title": {"text": "frame"}, "tickformat": "d", "range": [-0.5, video.count - 0.5]},
        yaxis={**yaxis, "automargin": False},
        hovermode="x unified",
        margin=FRAME_MARGIN,
    )
    if video.splice is not None:
        result.add_vline(
            x=video.splice - 0.5,
            line=_SPLICE,
            annotation={"text": " moving clip", "showarrow": False, "font": {"size": 12}, "yref": "paper", "y": 1},
            annotation_position="top right",
        )
    return result


def cost_per_frame(video: Video, setting: str, column: str = "operations") -> go.Figure:
    """What every frame costs in each network: operations, or J."""
    is_energy = column == "energy_pj"
    axis = energy_axis("energy per frame") if is_energy else count_axis("operations per frame")
    result = _over_frames(video, 340, axis)
    for mode in video.modes():
        values = video.per_frame(mode, setting, column) * (1e-12 if is_energy else 1)
        result.add_scatter(
            x=np.arange(len(values), dtype=np.int32),
            y=values.astype(np.float32),
            mode="lines",
            name=mode_name(mode),
            line={"color": mode_colour(mode), "width": 1.8},
            hovertemplate=f"%{{y:.4s}}{'J' if is_energy else ''}<extra>{mode_name(mode)}</extra>",
        )
    return result


def error_so_far(video: Video, setting: str) -> go.Figure:
    """How many of the frames so far got another answer than the original's, the paper's cumulative mean error."""
    result = _over_frames(
        video, 300, {"title": {"text": "of the frames so far (%)"}, "ticksuffix": "%", "rangemode": "tozero"}
    )
    names = {"top1": "not the original's first answer", "top5": "not among its first five"}
    for (column, name), dash in zip(names.items(), ("solid", "dot"), strict=True):
        values = video.agrees(setting, column)
        if values is None:
            continue
        result.add_scatter(
            x=np.arange(len(values), dtype=np.int32),
            y=100 * (1 - np.cumsum(values) / np.arange(1, len(values) + 1)),
            mode="lines",
            name=name,
            line={"color": mode_colour("sigma_delta"), "width": 2, "dash": dash},
            hovertemplate=f"%{{y:.1f}} %<extra>{name}</extra>",
        )
    return result


def feature_errors(video: Video) -> go.Figure:
    """How far the last layer's features are from the original's, frame by frame, a line per setting."""
    result = _over_frames(
        video, 300, {"title": {"text": "relative error (%)"}, "ticksuffix": "%", "rangemode": "tozero"}
    )
    for setting, colour in zip(video.settings, shades(len(video.settings)), strict=True):
        values = video.agrees(setting, "feature_error")
        if values is None:
            continue
        result.add_scatter(
            x=np.arange(len(values), dtype=np.int32),
            y=100 * values,
            mode="lines",
            name=setting_name(setting),
            line={"color": colour, "width": 1.8},
            hovertemplate=f"%{{y:.3g}} %<extra>{setting_name(setting)}</extra>",
        )
    return result


def cost_by_layer(video: Video, clip: str) -> go.Figure:
    """Operations of each layer in each network."""
    modes = [mode for mode in ("original", "rounding", "sigma_delta") if video.has(mode)]
    costs = {mode: video.by_layer(clip, mode, video.chosen) for mode in modes}
    names = in_order(name for cost in costs.values() for name, value in cost.items() if value)
    every = [cost[name] for cost in costs.values() for name in names if name in cost]
    result = figure(
        height=380 + extra_height(names),
        xaxis=across(names, "layer"),
        meta=room_for(names),
        yaxis={**count_axis("operations per frame"), "range": [0, 1.05 * max(every, default=1.0)]},
    )
    for mode, cost in costs.items():
        result.add_bar(
            x=names,
            y=[cost.get(name, 0.0) for name in names],
            name=mode_name(mode),
            marker_color=mode_colour(mode),
            customdata=[literal(name) for name in names],
            hovertemplate=f"%{{customdata}}, {mode_name(mode)}<br>%{{y:.4s}} operations per frame<extra></extra>",
        )
    return result


def ratio_by_layer(video: Video, setting: str) -> go.Figure:
    """Sigma-delta's operations over rounding's, a line per clip, and the least ratio in the paper."""
    found = {clip: video.ratios(clip, setting) for clip in video.clips}
    names = in_order(name for ratios in found.values() for name in ratios)
    axis = {"title": {"text": "sigma-delta ÷ rounding"}, "rangemode": "tozero"}
    result = figure(height=340 + extra_height(names), xaxis=across(names, "layer"), yaxis=axis, meta=room_for(names))
    for clip, ratios in found.items():
        add_values(
            result,
            list(ratios),
            ratios.values(),
            name=f"{clip} clip",
            colour=_CLIPS.get(clip, "#9098a0"),
            hovertemplate=f"%{{x}}, {clip} clip<br>%{{y:.3f}} of rounding's operations<extra></extra>",
        )
    note = {"text": "the paper's least, about 0.2", "font": {"size": 12}}
    result.add_hline(y=_PAPERS_LEAST, line=_SPLICE, annotation=note, annotation_position="top right")
    return result


def saving_and_agreement(video: Video) -> go.Figure:
    """How many times less sigma-delta computes than the original at every setting."""
    every = [video.factor(clip, name) for clip in video.clips for name in video.settings]
    axis = log_axis("times less than the original", [*every, 1.0], lambda value: f"{value:g}×", most=9)  # noqa: RUF001
    names = [setting_name(name) for name in video.settings]
    result = figure(height=340, xaxis={"type": "category", "title": {"text": "scales"}}, yaxis=axis)
    for clip in video.clips:
        result.add_scatter(
            x=names,
            y=[video.factor(clip, name) for name in video.settings],
            mode="lines+markers",
            name=f"{clip} clip",
            line={"color": _CLIPS.get(clip, "#9098a0"), "width": 2},
            marker={"size": 8},
            hovertemplate=f"%{{x}}, {clip} clip<br>%{{y:.2f}} times fewer operations<extra></extra>",
        )
    return result
