"""Where a network spends: energy by layer and component, sparsity, time of the cores, queues."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd
import plotly.graph_objects as go

from reports.figures.names import literal
from reports.figures.per_layer import across, add_values, down, extra_height, room_for, rows_height
from reports.figures.theme import (
    ACTIVITIES,
    activity_name,
    component_colours,
    count_axis,
    energy_axis,
    figure,
    network_colour,
    network_name,
    share_axis,
)
from reports.tables.summary import TIME_SHARES


def energy_by_layer(energy: pd.DataFrame, mode: str, frames: int) -> go.Figure:
    """Stacked bars of one network: joules per frame by layer and component; `energy` sums over `frames` frames."""
    order = energy["layer"].unique().tolist()
    result = figure(
        height=350 + extra_height(order),
        barmode="stack",
        yaxis=energy_axis("energy per frame"),
        xaxis=across(order, "layer"),
        meta=room_for(order),
    )
    chosen = energy[(energy["mode"] == mode) & (energy["energy_all_frames_pj"] > 0)]
    for component, colour in component_colours(energy["component"].unique()).items():
        group = chosen[chosen["component"] == component]
        if group.empty:
            continue
        joules = group.groupby("layer", sort=False)["energy_all_frames_pj"].sum() * 1e-12 / frames
        result.add_bar(
            x=joules.index,
            y=joules.to_numpy(),
            name=component,
            marker_color=colour,
            customdata=[literal(name) for name in joules.index],
            hovertemplate=f"%{{customdata}}<br>{component}: %{{y:.4s}}J per frame<extra></extra>",
        )
    return result


def sparsity(layers: pd.DataFrame, sending: Collection[int]) -> go.Figure:
    """Per layer that sends and network, the share of values that were zero and need not be sent."""
    senders = layers[layers["layer_index"].isin(sending)]
    names = senders.drop_duplicates("layer_index")["layer"].astype(str).tolist()
    result = figure(
        height=330 + extra_height(names),
        yaxis=share_axis("zero values"),
        xaxis=across(names, "layer that sends"),
        meta=room_for(names),
        barmode="group",
        bargroupgap=0.06,
    )
    for mode, group in senders.groupby("mode", observed=True, sort=False):
        name = network_name(str(mode))
        template = f"{name}, %{{customdata}}<br>%{{y:.2f}} of its values are zero<extra></extra>"
        values = group["sparsity"] * 100
        add_values(result, names, values, name=name, colour=network_colour(str(mode)), hovertemplate=template)
    return result


def time_shares(table: pd.DataFrame, mode: str, names: list[str]) -> go.Figure:
    """One network: how the time of each row of `table` (cores, or layers) divides into work and kinds of waiting.

    In percent; `names` has one for each row.
    """
    chosen = table[table["mode"] == mode]
    result = figure(height=140 + rows_height(len(chosen)), barmode="stack", xaxis=share_axis("time"))
    for share in TIME_SHARES:
        values = chosen[f"{share}_share"].to_numpy() * 100
        if not values.any():
            continue
        result.add_bar(
            x=values,
            y=names,
            orientation="h",
            name=activity_name(share),
            marker_color=ACTIVITIES[share],
            customdata=[literal(name) for name in names],
            hovertemplate=f"%{{customdata}}<br>{activity_name(share)} %{{x:.2f}} of the time<extra></extra>",
        )
    result.update_yaxes(**down(names))
    return result


def queue_peaks(layers: pd.DataFrame, depths: list[int]) -> go.Figure:
    """Most messages ever in or underway to the input queue of a layer's core, per network; the mark is its depth.

    Of a layer on several cores the fullest queue counts; `depths` has the least depth for each layer.
    """
    receivers = layers[layers["layer_index"] > 0]
    first = receivers.drop_duplicates("layer_index")
    names = first["layer"].astype(str).tolist()
    result = figure(
        height=310 + extra_height(names),
        yaxis=count_axis("messages"),
        xaxis=across(names, "layer that receives"),
        meta=room_for(names),
        barmode="group",
    )
    for mode, group in receivers.groupby("mode", observed=True, sort=False):
        name = network_name(str(mode))
        template = f"{name}, %{{customdata}}<br>at most %{{y}} messages<extra></extra>"
        values = group["queue_peak"]
        add_values(result, names, values, name=name, colour=network_colour(str(mode)), hovertemplate=template)
    result.add_scatter(
        x=names,
        y=[depths[layer] for layer in first["layer_index"]],
        mode="markers",
        marker={"symbol": "line-ew", "size": min(60, 400 // len(names)), "line": {"width": 3, "color": "#78828c"}},
        name="depth",
        customdata=[literal(name) for name in names],
        hovertemplate="%{customdata}<br>room for %{y} messages<extra></extra>",
    )
    return result
