"""The latency of one frame as steps from its arrival to its end."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.figures.names import literal
from reports.figures.per_layer import down, rows_height
from reports.figures.theme import ACTIVITIES, activity_name, figure
from reports.tables.numbers import quantity
from reports.tables.waterfall import STEPS

_COLOURS = {**ACTIVITIES, "waiting": ACTIVITIES["starved"]}


def waterfall(table: pd.DataFrame) -> go.Figure:
    """A row for each core on the way, from left to right; see `reports.tables.waterfall.waterfall_table`."""
    names = table["name"].tolist()
    arrival = int(table["start_fs"].iloc[0])
    latency = int(table["end_fs"].iloc[-1]) - arrival
    result = figure(
        height=130 + rows_height(len(names), few=38),
        barmode="overlay",
        xaxis={"title": {"text": "time since the frame arrived (s)"}, "tickformat": "~s", "ticksuffix": "s"},
        yaxis=down(names),
    )
    reached = table["start_fs"].to_numpy(np.int64) - arrival
    for step in STEPS:
        spent = table[step].to_numpy(np.int64)
        if spent.any():
            shown = spent > 0
            result.add_bar(
                base=reached[shown] * 1e-15,
                x=spent[shown] * 1e-15,
                y=[name for name, some in zip(names, shown, strict=True) if some],
                orientation="h",
                name=activity_name(step),
                marker={"color": _COLOURS[step], "line": {"width": 0}},
                customdata=[
                    (literal(name), _time(each), f"{each / latency:.2%}")
                    for name, each in zip(names, spent, strict=True)
                    if each > 0
                ],
                hovertemplate=f"%{{customdata[0]}}: {activity_name(step)}<br>%{{customdata[1]}}, %{{customdata[2]}} "
                "of the latency<extra></extra>",
            )
        reached = reached + spent
    return result


def _time(span_fs: int) -> str:
    return quantity(span_fs * 1e-15, "s", 6)
