"""Energy as areas: component, in it layers, in them actions."""

from __future__ import annotations

import json

import pandas as pd
import plotly.graph_objects as go

from reports.figures.names import literal
from reports.figures.theme import component_colours, figure
from reports.tables.numbers import quantity

_ROOT = "whole system"


def energy_treemap(energy: pd.DataFrame, mode: str, frames: int) -> go.Figure:
    """One network: joules per frame by component, layer and action; `energy` sums over `frames` frames."""
    chosen = energy[(energy["mode"] == mode) & (energy["energy_all_frames_pj"] > 0)]
    colours = component_colours(energy["component"].unique())
    keys = ["component", "layer", "action"]
    # Values of inner boxes are made of their parts by plotly; what is written on them is summed here.
    leaves = chosen.groupby(keys, sort=False)["energy_all_frames_pj"].sum() * 1e-12 / frames
    boxes: dict[tuple[str, ...], float] = {(): float(leaves.sum())}
    for depth in (1, 2, 3):
        for key, joules in leaves.groupby(keys[:depth], sort=False).sum().items():
            boxes[key if isinstance(key, tuple) else (str(key),)] = float(joules)
    whole = boxes[()] or 1.0
    result = figure(height=460, showlegend=False, margin={"l": 4, "r": 4, "t": 34, "b": 4})
    result.add_treemap(
        ids=[_id(key) for key in boxes],
        labels=[_label(key, value, whole) for key, value in boxes.items()],
        parents=[_id(key[:-1]) if key else "" for key in boxes],
        values=[value if len(key) == 3 else 0.0 for key, value in boxes.items()],
        branchvalues="remainder",
        text=[_amount(value, whole) if len(key) == 3 else "" for key, value in boxes.items()],
        textinfo="label+text",
        textfont={"size": 13},
        hovertext=[
            f"{literal(', '.join(key)) or _ROOT}<br>{quantity(value, 'J', 4)} per frame, {value / whole:.2%} of all"
            for key, value in boxes.items()
        ],
        hoverinfo="text",
        marker={
            "colors": [colours[key[0]] if key else "rgba(140,150,160,0.25)" for key in boxes],
            "line": {"width": 1, "color": "rgba(20,25,31,0.35)"},
            "pad": {"t": 19, "l": 2, "r": 2, "b": 2},
        },
        pathbar={"visible": True, "thickness": 20},
        tiling={"packing": "squarify", "pad": 1},
    )
    return result


def _id(key: tuple[str, ...]) -> str:
    """No two boxes have one: names may have slashes in them."""
    return json.dumps((_ROOT, *key))


def _label(key: tuple[str, ...], value: float, whole: float) -> str:
    """A box that holds others has one line for its name and what it costs."""
    name = key[-1] if key else _ROOT
    return literal(name if len(key) == 3 else f"{name}: {_amount(value, whole)}")


def _amount(value: float, whole: float) -> str:
    return f"{quantity(value, 'J')}, {value / whole:.1%}"
