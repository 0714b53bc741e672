"""Operations layer by layer, and how many of them sending changes saves (paper, Figure 5, fourth and fifth plot)."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from reports.figures.per_layer import across, add_values, extra_height, room_for
from reports.figures.theme import count_axis, figure, network_colour, network_name

_RATIOS: Final = (
    ("operations", "operations for what it receives", "#3A86D0"),
    ("unit_events", "unit events it sends", "#009E73"),
)


def operations_by_layer(layers: pd.DataFrame, frames: int, *, share: bool) -> go.Figure:
    """Additions and multiplications of each layer and network, per frame, or in percent of the network's."""
    receivers = layers[layers["layer_index"] > 0]
    names = receivers.drop_duplicates("layer_index")["layer"].astype(str).tolist()
    axis = {"title": {"text": "share of the network's operations (%)"}, "ticksuffix": "%", "rangemode": "tozero"}
    result = figure(
        height=330 + extra_height(names),
        xaxis=across(names, "layer"),
        meta=room_for(names),
        yaxis=axis if share else count_axis("operations per frame"),
        barmode="group",
        bargroupgap=0.06,
    )
    for mode, group in receivers.groupby("mode", observed=True, sort=False):
        operations = (group["adds_all_frames"] + group["multiplies_all_frames"]).to_numpy(np.float64)
        values = operations * 100 / max(operations.sum(), 1) if share else operations / frames
        name, shown = network_name(str(mode)), "%{y:.2f}%" if share else "%{y:.4s} operations per frame"
        template = f"{name}, %{{customdata}}<br>{shown}<extra></extra>"
        add_values(result, names, values, name=name, colour=network_colour(str(mode)), hovertemplate=template)
    return result


def ratio_by_layer(ratios: pd.DataFrame, mode: str, other: str) -> go.Figure:
    """Network `mode` over `other`, layer by layer: below the line at 1, sending changes saves."""
    names = ratios["layer"].tolist()
    result = figure(
        height=310 + extra_height(names),
        xaxis=across(names, "layer"),
        meta=room_for(names),
        yaxis={"title": {"text": f"{network_name(mode)} over {network_name(other)}"}, "rangemode": "tozero"},
        barmode="group",
        bargroupgap=0.06,
    )
    for column, name, colour in _RATIOS:
        template = f"%{{customdata}}: {name}<br>%{{y:.3f}} of those of {network_name(other)}<extra></extra>"
        add_values(result, names, ratios[column], name=name, colour=colour, hovertemplate=template)
    result.add_hline(y=1, line={"width": 1.2, "dash": "dash", "color": "#78828c"})
    return result
