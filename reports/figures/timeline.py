"""What every core does when, for a few frames.

The counts table knows the phases of a frame exactly and how much of a phase was what, but not in which order: such a
phase is drawn over its whole length in bands, each as thick as its share of the time, work at the bottom. With recorded
messages the segments of serving and of being blocked are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from reports.figures.names import literal, shortened
from reports.figures.per_layer import LONGEST, rows_height
from reports.figures.theme import ACTIVITIES, activity_name, figure
from reports.tables.numbers import quantity
from reports.tables.phases import PHASES

FULL: Final = 0.76
"""Thickness of a lane, where the distance between cores is 1."""
MOST_LABELS: Final = 48
"""With more cores than this only layers have a label, and lanes are thin."""
_MOST_PIXELS: Final = 2400
_ORDER: Final = ("starved", "barrier", "serving messages", "updating neurons", "injection", "queue", "memory")
_PER_CORE: Final = 11

Segments = pd.DataFrame
"""Columns activity, core, frame, start_fs, end_fs, top and thickness (of the lane, 0 to 1), note (for the hover label).
"""


def timeline(phases: pd.DataFrame, first: int, names: Sequence[str], layers: Sequence[str] | None = None) -> go.Figure:
    """Some frames of one network, from frame `first` on: what `reports.tables.phases` makes of its counts, whole or in
    pieces.

    `names` has one name per core, `layers` (unless every core has one of its own) the layer of each. Time starts where
    the first of the input's cores starts on frame `first`.
    """
    updates = phases.loc[phases["phase"] == "update", "start_fs"]
    starts = updates if len(updates) else phases["start_fs"]  # where updating takes no time there are none
    origin = int(starts.min()) if len(starts) else 0
    segments = _bands(phases)
    segments = segments.assign(start_fs=segments["start_fs"].clip(lower=origin))
    segments = segments[(segments["end_fs"] > segments["start_fs"]) & (segments["thickness"] > 0)]
    result = figure(
        height=130 + _lanes_height(len(names)),
        barmode="overlay",
        xaxis={"title": {"text": f"time since the start of frame {first} (s)"}, "tickformat": "~s", "ticksuffix": "s"},
        yaxis={**_labels(names, layers), "range": [len(names) - 0.5, -0.5], "showgrid": False, "zeroline": False},
    )
    for activity in _ORDER:
        part = segments[segments["activity"] == activity]
        if len(part):
            _add_bars(result, part, activity, origin, names)
    if layers is not None and len(names) > len(set(layers)):
        ends = [core - 0.5 for core in range(1, len(names)) if layers[core] != layers[core - 1]]
        line = {"width": 0.6, "color": "#8a949e"}
        for end in ends:
            result.add_shape(type="line", xref="paper", x0=0, x1=1, y0=end, y1=end, line=line)
    return result


def _add_bars(result: go.Figure, part: Segments, activity: str, origin: int, names: Sequence[str]) -> None:
    length = (part["end_fs"] - part["start_fs"]).to_numpy() * 1e-15
    core = part["core"].to_numpy(np.int32)
    result.add_bar(
        base=(part["start_fs"].to_numpy() - origin) * 1e-15,
        x=length,
        y=core,
        offset=(part["top"].to_numpy() - 0.5) * FULL,
        width=part["thickness"].to_numpy() * FULL,
        orientation="h",
        name=activity_name(activity),
        marker={"color": ACTIVITIES[activity], "line": {"width": 0}},
        customdata=np.stack(
            [part["frame"].astype(str), [literal(names[each]) for each in core], part["note"].astype(str)], axis=1
        ),
        hovertemplate=f"%{{customdata[1]}}, frame %{{customdata[0]}}: {activity_name(activity)}<br>%{{customdata[2]}}"
        "<extra></extra>",
    )


def _bands(phases: pd.DataFrame) -> Segments:
    """Every phase, or piece of one, over its whole length, its activities above one another."""
    found = []
    for phase, activities in PHASES.items():
        rows = phases[phases["phase"] == phase]
        shares = _shares(rows, activities)
        tops = np.cumsum(shares, axis=1) - shares
        length = (rows["end_fs"] - rows["start_fs"]).to_numpy()
        for number, activity in enumerate(activities):
            spent = rows[activity].to_numpy()
            notes = [
                _note(own, whole, phase, count)
                for own, whole, count in zip(spent, length, rows["messages"], strict=True)
            ]
            found.append(_segment(rows, activity, top=tops[:, number], thickness=shares[:, number], note=notes))
    return pd.concat(found, ignore_index=True)


def _note(spent: int, whole: int, phase: str, messages: int) -> str:
    counted = {"receive": f", {messages:,} messages served", "update": f", {messages:,} messages sent"}.get(phase, "")
    share = "" if spent == whole else f", {spent / whole:.1%} of the {_time(whole)} of its phase"
    return f"{_time(spent)}{share}{counted}"


def _time(span_fs: int) -> str:
    return quantity(span_fs * 1e-15, "s", 4)


def _shares(rows: pd.DataFrame, activities: Sequence[str]) -> NDArray[np.float64]:
    """(rows, activities): the share of each in their sum."""
    spent = rows[list(activities)].to_numpy(np.float64)
    return np.asarray(spent / np.maximum(spent.sum(axis=1, keepdims=True), 1))


def _segment(
    rows: pd.DataFrame,
    activity: str,
    *,
    top: NDArray[np.float64] | float = 0.0,
    thickness: NDArray[np.float64] | float = 1.0,
    note: list[str],
) -> Segments:
    columns = {name: rows[name].to_numpy() for name in ("core", "frame", "start_fs", "end_fs")}
    return pd.DataFrame({**columns, "activity": activity, "top": top, "thickness": thickness, "note": note})


def _labels(names: Sequence[str], layers: Sequence[str] | None) -> dict[str, Any]:
    """Ticks for every core; for very many of them one in the middle of each layer."""
    if layers is None or len(names) <= MOST_LABELS:
        return {"tickvals": list(range(len(names))), "ticktext": _ticks(names)}
    cores = pd.Series(range(len(layers))).groupby(np.array(layers), sort=False)
    middle, sizes = cores.mean(), cores.size()
    text = [str(name) if size == 1 else f"{name}, {size} cores" for name, size in sizes.items()]
    return {"tickvals": middle.tolist(), "ticktext": _ticks(text)}


def _ticks(names: Sequence[str]) -> list[str]:
    return [literal(name) for name in shortened(names, LONGEST)]


def _lanes_height(count: int) -> int:
    if count <= MOST_LABELS:
        return rows_height(count, few=44)
    return min(count * _PER_CORE, _MOST_PIXELS)
