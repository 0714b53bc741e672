"""What every core does when, for a few frames.

The counts table knows the phases of a frame exactly and how much of a phase was work, but not in which order: such a
phase is drawn over its whole length in the colour of waiting, with a bar of work in it that is the thicker the more was
worked. With recorded messages the segments of serving and of being blocked are exact.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from reports.figures.per_layer import rows_height
from reports.figures.theme import ACTIVITIES, figure

_FULL = 0.72
"""Thickness of a bar, where the distance between cores is 1."""

Segments = pd.DataFrame
"""Columns activity, core, frame, start_fs, end_fs, fill (thickness, 0 to 1), note (for the hover label)."""


def timeline(
    counts: pd.DataFrame, first: int, last: int, names: list[str], messages: pd.DataFrame | None = None
) -> go.Figure:
    """Frames `first` to `last` of one network; `counts` and `messages` hold that network only, `names` one name per
    core.

    Time starts where the input core starts on frame `first`.
    """
    rows = _with_previous_end(counts, first, last)
    segments = pd.concat([_waiting(rows), _serving(rows, messages), _updating(rows, messages)], ignore_index=True)
    segments = segments[segments["end_fs"] > segments["start_fs"]]
    origin = int(rows["update_start_fs"].min())
    segments["start_fs"] = segments["start_fs"].clip(lower=origin)
    segments = segments[segments["end_fs"] > segments["start_fs"]]
    result = figure(
        height=130 + rows_height(len(names), few=44),
        barmode="overlay",
        xaxis={"title": {"text": f"time since the start of frame {first} (s)"}, "tickformat": "~s", "ticksuffix": "s"},
        yaxis={
            "tickvals": list(range(len(names))),
            "ticktext": names,
            "range": [len(names) - 0.5, -0.5],
            "showgrid": False,
        },
    )
    # What is exact lies on top; a phase in which only the share of work is known shows its work on top.
    on_top = ("updating neurons", "blocked") if messages is not None else ("blocked", "updating neurons")
    for activity in ("starved", "barrier", "serving messages", *on_top):
        part = segments[segments["activity"] == activity]
        if len(part):
            _add_bars(result, part, activity, origin)
    return result


def _add_bars(result: go.Figure, part: Segments, activity: str, origin: int) -> None:
    length = (part["end_fs"] - part["start_fs"]).to_numpy() * 1e-15
    result.add_bar(
        base=(part["start_fs"].to_numpy() - origin) * 1e-15,
        x=length,
        y=part["core"].to_numpy(np.int32),
        width=part["fill"].to_numpy() * _FULL,
        orientation="h",
        name=activity,
        marker={"color": ACTIVITIES[activity], "line": {"width": 0}},
        customdata=np.stack(
            [part["frame"].astype(str), [f"{value:.4g}" for value in length * 1e9], part["note"]], axis=1
        ),
        hovertemplate=f"frame %{{customdata[0]}}: {activity}<br>%{{customdata[1]}} ns%{{customdata[2]}}<extra></extra>",
    )


def _with_previous_end(counts: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """The rows of frames `first` to `last` with `before_fs`, the end of the core's last frame (0 before the first)."""
    chosen = counts[(counts["frame"] >= first - 1) & (counts["frame"] <= last)].copy()
    chosen["before_fs"] = chosen.groupby("core")["update_end_fs"].shift(1, fill_value=0)
    return chosen[chosen["frame"] >= first]


def _waiting(rows: pd.DataFrame) -> Segments:
    barrier_end = rows["serve_end_fs"] + rows["barrier_fs"]
    return pd.concat(
        [
            _segments("starved", rows, rows["before_fs"], rows["serve_end_fs"]),
            _segments("barrier", rows, rows["serve_end_fs"], barrier_end),
            _segments("starved", rows, barrier_end, rows["update_start_fs"]),
        ]
    )


def _serving(rows: pd.DataFrame, messages: pd.DataFrame | None) -> Segments:
    receivers = rows[rows["core"] > 0]
    if messages is not None:
        chosen = messages[messages["frame"].isin(receivers["frame"])]
        return _merged("serving messages", chosen["receiver"], chosen["frame"], chosen["start_fs"], chosen["end_fs"])
    served = [f"<br>{count:,} messages" for count in receivers["messages_in"]]
    return _phase("serving messages", receivers, "serve_first_fs", "serve_end_fs", "serve_busy_fs", served)


def _updating(rows: pd.DataFrame, messages: pd.DataFrame | None) -> Segments:
    sent = [f"<br>{count:,} messages sent" for count in rows["messages_out"]]
    if messages is not None:
        chosen = messages[messages["frame"].isin(rows["frame"])]
        blocked = _merged("blocked", chosen["sender"], chosen["frame"], chosen["ready_fs"], chosen["sent_fs"])
        updating = _segments("updating neurons", rows, rows["update_start_fs"], rows["update_end_fs"], note=sent)
        return pd.concat([updating, blocked])
    held = rows[(rows["blocked_link_fs"] > 0) | (rows["blocked_queue_fs"] > 0)]
    causes = [
        f"<br>of it {link * 1e-6:.4g} ns for the link, {queue * 1e-6:.4g} ns for the receiver's queue"
        for link, queue in zip(held["blocked_link_fs"], held["blocked_queue_fs"], strict=True)
    ]
    blocked = _segments("blocked", held, held["update_start_fs"], held["update_end_fs"], note=causes)
    return pd.concat(
        [blocked, _phase("updating neurons", rows, "update_start_fs", "update_end_fs", "update_busy_fs", sent)]
    )


def _phase(activity: str, rows: pd.DataFrame, start: str, end: str, busy: str, notes: list[str]) -> Segments:
    """Segments as long as the phase and as thick as the share of it that was work."""
    length = (rows[end] - rows[start]).to_numpy()
    share = rows[busy].to_numpy() / np.maximum(length, 1)
    notes = [f" long, {part:.1%} of it work{note}" for part, note in zip(share, notes, strict=True)]
    return _segments(activity, rows, rows[start], rows[end], fill=share, note=notes)


def _segments(
    activity: str,
    rows: pd.DataFrame,
    start: pd.Series[int],
    end: pd.Series[int],
    fill: NDArray[np.float64] | float = 1.0,
    note: list[str] | str = "",
) -> Segments:
    columns: dict[str, Any] = {"core": rows["core"], "frame": rows["frame"], "start_fs": start, "end_fs": end}
    return pd.DataFrame(columns).assign(activity=activity, fill=fill, note=note)


def _merged(
    activity: str, core: pd.Series[int], frame: pd.Series[int], start: pd.Series[int], end: pd.Series[int]
) -> Segments:
    """Segments of single messages, those that touch joined into one."""
    table = pd.DataFrame({"core": core, "frame": frame, "start_fs": start, "end_fs": end})
    table = table[table["end_fs"] > table["start_fs"]].sort_values(["core", "frame", "start_fs"], kind="stable")
    keys = table[["core", "frame"]]
    new = (keys != keys.shift()).any(axis=1) | (table["start_fs"] > table["end_fs"].shift(fill_value=0))
    grouped = table.groupby(new.cumsum())
    joined = grouped.agg({"core": "first", "frame": "first", "start_fs": "first", "end_fs": "last"})
    notes = [f"<br>{count:,} messages" for count in grouped.size()]
    return joined.assign(activity=activity, fill=1.0, note=notes).reset_index(drop=True)
