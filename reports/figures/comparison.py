"""Two runs in one figure."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from reports.figures.theme import component_colours, energy_axis, figure, network_name


def energy_beside_energy(table: pd.DataFrame) -> go.Figure:
    """For each network a bar of run A and one of run B, stacked by component, joules per frame.

    `table` has one row per mode and component with `a` and `b` in pJ per frame; missing is drawn as nothing.
    """
    result = figure(height=400, barmode="stack", yaxis=energy_axis("energy per frame"))
    for component, colour in component_colours(table["component"].unique()).items():
        rows = table[table["component"] == component]
        names = [network_name(str(mode)) for mode in rows["mode"]]
        values = [*rows["a"].fillna(0), *rows["b"].fillna(0)]
        if not any(values):
            continue
        result.add_bar(
            x=[[*names, *names], ["A"] * len(rows) + ["B"] * len(rows)],
            y=[value * 1e-12 for value in values],
            name=component,
            marker_color=colour,
            hovertemplate=f"%{{x}}<br>{component}: %{{y:.4s}}J per frame<extra></extra>",
        )
    return result
