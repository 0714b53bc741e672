"""Where a network spends: energy by layer and component, sparsity, time of the cores, queues."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from reports.figures.per_layer import across, add_values, extra_height, rows_height
from reports.figures.theme import (
    ACTIVITIES,
    component_colours,
    core_name,
    count_axis,
    energy_axis,
    figure,
    network_colour,
    network_name,
    share_axis,
)

_SHARES: Final = ("busy", "starved", "blocked", "barrier")


def energy_by_layer(energy: pd.DataFrame, mode: str, frames: int) -> go.Figure:
    """Stacked bars of one network: joules per frame by layer and component; `energy_pj` sums over `frames` frames."""
    order = energy["layer"].unique().tolist()
    result = figure(
        height=350 + extra_height(order),
        barmode="stack",
        yaxis=energy_axis("energy per frame"),
        xaxis=across(order, "layer"),
    )
    chosen = energy[(energy["mode"] == mode) & (energy["energy_pj"] > 0)]
    for component, colour in component_colours(energy["component"].unique()).items():
        group = chosen[chosen["component"] == component]
        if group.empty:
            continue
        joules = group.groupby("layer", sort=False)["energy_pj"].sum() * 1e-12 / frames
        result.add_bar(
            x=joules.index,
            y=joules.to_numpy(),
            name=component,
            marker_color=colour,
            hovertemplate=f"%{{x}}<br>{component}: %{{y:.4s}}J per frame<extra></extra>",
        )
    return result


def sparsity(layers: pd.DataFrame, sending: Collection[int]) -> go.Figure:
    """Per layer that sends and network, the share of values that were zero and need not be sent."""
    senders = layers[layers["core"].isin(sending)]
    names = senders.drop_duplicates("core")["layer"].astype(str).tolist()
    result = figure(
        height=330 + extra_height(names),
        yaxis=share_axis("zero values"),
        xaxis=across(names, "layer that sends"),
        barmode="group",
        bargroupgap=0.06,
    )
    for mode, group in senders.groupby("mode", observed=True, sort=False):
        name = network_name(str(mode))
        template = f"{name}, %{{x}}<br>%{{y:.2f}} of its values are zero<extra></extra>"
        values = group["sparsity"] * 100
        add_values(result, names, values, name=name, colour=network_colour(str(mode)), hovertemplate=template)
    return result


def time_shares(layers: pd.DataFrame, mode: str) -> go.Figure:
    """One network: how each core's time divides into busy, starved, blocked and barrier; in percent."""
    chosen = layers[layers["mode"] == mode]
    result = figure(height=140 + rows_height(len(chosen)), barmode="stack", xaxis=share_axis("time"))
    for share in _SHARES:
        values = chosen[f"{share}_share"] * 100
        if not values.any():
            continue
        result.add_bar(
            x=values,
            y=core_names(chosen),
            orientation="h",
            name=share,
            marker_color=ACTIVITIES[share],
            hovertemplate=f"%{{y}}<br>{share} %{{x:.2f}} of the time<extra></extra>",
        )
    result.update_yaxes(autorange="reversed")
    return result


def queue_peaks(layers: pd.DataFrame, depths: list[int]) -> go.Figure:
    """Most messages ever in or underway to each core's input queue, per network; the line is the queue's depth."""
    receivers = layers[layers["core"] > 0]
    first = receivers.drop_duplicates("core")
    names = core_names(first)
    result = figure(
        height=310 + extra_height(names),
        yaxis=count_axis("messages"),
        xaxis=across(names, "core that receives"),
        barmode="group",
    )
    for mode, group in receivers.groupby("mode", observed=True, sort=False):
        name = network_name(str(mode))
        template = f"{name}, %{{x}}<br>at most %{{y}} messages<extra></extra>"
        values = group["queue_peak"]
        add_values(result, names, values, name=name, colour=network_colour(str(mode)), hovertemplate=template)
    result.add_scatter(
        x=names,
        y=[depths[core] for core in first["core"]],
        mode="markers",
        marker={"symbol": "line-ew", "size": min(60, 400 // len(names)), "line": {"width": 3, "color": "#78828c"}},
        name="depth",
        hovertemplate="%{x}<br>room for %{y} messages<extra></extra>",
    )
    return result


def core_names(layers: pd.DataFrame) -> list[str]:
    """Labels such as "core 1: hidden"."""
    return [core_name(core, layer) for core, layer in zip(layers["core"], layers["layer"], strict=True)]
