"""Colours and axes shared by all figures: one colour per network, component and activity, everywhere the same.

The colours are distinguishable with the common colour deficiencies (Okabe & Ito 2008; Tol 2021, "muted") and legible on
white and on near-black, so that switching between light and dark changes the template only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from hwmodels.modes import MODES_TABLE

COMPONENTS: Final[dict[str, str]] = {
    "arithmetic": "#CC6677",
    "weight memory": "#6272C3",
    "state memory": "#88BBE8",
    "off-chip memory": "#882255",
    "neuron": "#44AA99",
    "encoder": "#DDB84D",
    "decoder": "#999933",
    "mesh": "#AA5FA8",
    "leakage": "#9098A0",
}
_MORE_COLOURS: Final = ("#117733", "#661100", "#DDCC77", "#BBBBBB")

ACTIVITIES: Final[dict[str, str]] = {
    "serving messages": "#6272C3",
    "updating neurons": "#44AA99",
    "busy": "#44AA99",
    "starved": "rgba(140,150,160,0.40)",
    "barrier": "#DDB84D",
    "injection": "#CC6677",
    "queue": "#882255",
    "memory": "#D9884A",
}
_WAITING: Final = {
    "starved": "starved",
    "barrier": "at the barrier",
    "injection": "blocked: injection into the mesh",
    "queue": "blocked: receivers' queues",
    "memory": "blocked: off-chip memory",
}

_FEW_FRAMES: Final = 10
TOOLBAR: Final = 26  # pixels that plotly's buttons take at the top
FRAME_MARGIN: Final = {"l": 84, "r": 16, "t": 56 + TOOLBAR, "b": 52}
"""Of figures that stand one below the other with the same frames on their x axes."""

FONT: Final = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


def network_name(mode: str) -> str:
    """How a mode is called in text and legends."""
    return MODES_TABLE[mode].title


def network_colour(mode: str) -> str:
    """The colour of a mode in every figure."""
    return MODES_TABLE[mode].colour


def core_name(core: int, name: str) -> str:
    """How a core is called: by its number and what it holds."""
    return f"core {core}: {name}"


def activity_name(activity: str) -> str:
    """How work, or a kind of waiting, is called in legends."""
    return _WAITING.get(activity, activity)


def component_colours(components: Iterable[str]) -> dict[str, str]:
    """A colour for each component; those not known here get the spare colours in order."""
    spare = iter(_MORE_COLOURS * 4)
    return {name: COMPONENTS.get(name) or next(spare) for name in components}


def template(*, dark: bool) -> dict[str, Any]:
    """The part of a layout that differs between light and dark, as a plotly template."""
    text, grid, line, paper = (
        ("#d7dce2", "#2c333c", "#4a535e", "#1a1f26") if dark else ("#2b323a", "#e6e9ed", "#b9c0c8", "#ffffff")
    )
    axis = {
        "gridcolor": grid,
        "linecolor": line,
        "zerolinecolor": line,
        "tickcolor": "rgba(0,0,0,0)",
        "ticks": "outside",
        "ticklen": 5,
        "title": {"standoff": 10, "font": {"size": 13}},
        "automargin": True,
    }
    return {
        "layout": {
            "font": {"family": FONT, "size": 13, "color": text},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "xaxis": axis,
            "yaxis": axis,
            "hoverlabel": {"bgcolor": paper, "bordercolor": line, "font": {"color": text, "family": FONT, "size": 13}},
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": line, "activecolor": text},
            "colorway": [mode.colour for mode in MODES_TABLE.values()],
        }
    }


def figure(height: int, **layout: Any) -> go.Figure:  # noqa: ANN401 - plotly's layout keys
    """An empty figure in the light theme, with the legend above the plot and the toolbar above the legend."""
    height += TOOLBAR
    result = go.Figure(layout={"template": template(dark=False), "height": height})
    result.update_layout(
        margin={"l": 64, "r": 16, "t": 56 + TOOLBAR, "b": 52},
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1 - TOOLBAR / height,
            "yanchor": "top",
            "yref": "container",
            "traceorder": "normal",
        },
        bargap=0.28,
        hovermode="closest",
        showlegend=True,
    )
    result.update_layout(**layout)
    return result


def least_px(figure: go.Figure) -> int:
    """Pixels across that a figure needs so that labels stay apart, 0 where it does not say; a narrower page scrolls."""
    return int((figure.layout.meta or {}).get("least_px", 0))


def frame_axis(numbers: Sequence[int] | NDArray[np.integer[Any]]) -> dict[str, Any]:
    """An axis of frames with these numbers, whole ones only: of few frames a tick at each."""
    every = np.unique(numbers)
    axis: dict[str, Any] = {"title": {"text": "frame"}, "tickformat": "d"}
    if len(every) <= _FEW_FRAMES:
        axis |= {"tick0": int(every[0]), "dtick": int(every[1] - every[0]) if len(every) > 1 else 1}
    return axis


def energy_axis(title: str) -> dict[str, Any]:
    """An axis in joules, labelled with SI prefixes: 20nJ."""
    return {"title": {"text": f"{title} (J)"}, "tickformat": "~s", "ticksuffix": "J", "rangemode": "tozero"}


def time_axis(title: str) -> dict[str, Any]:
    """An axis in seconds, labelled with SI prefixes: 5µs."""
    return {"title": {"text": f"{title} (s)"}, "tickformat": "~s", "ticksuffix": "s", "rangemode": "tozero"}


def count_axis(title: str) -> dict[str, Any]:
    """An axis of counts, labelled with SI prefixes: 400k."""
    return {"title": {"text": title}, "tickformat": "~s", "rangemode": "tozero"}


def share_axis(title: str) -> dict[str, Any]:
    """An axis in percent of a whole, from 0 to 100 %."""
    return {"title": {"text": f"{title} (%)"}, "range": [0, 101], "dtick": 20, "ticksuffix": "%"}
