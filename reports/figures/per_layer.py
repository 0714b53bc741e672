"""Axes and marks of figures with one place per layer, readable from 3 short names to 60 long ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import plotly.graph_objects as go

from reports.figures.names import literal, shortened

_FEW: Final = 9
"""Up to so many layers there is room for a bar per network and for upright text; more become points on lines."""
LONGEST: Final = 28
_SHORT: Final = 8
_LETTER_PX: Final = 8
_AROUND_PX: Final = 110
"""Pixels for what stands left and right of an axis."""


def across(names: Sequence[str], title: str) -> dict[str, Any]:
    """An x axis with a place for each name, all of them written, turned where they would not fit side by side."""
    turned = len(names) > _FEW or (len(names) > 4 and max(map(len, names)) > _SHORT)
    angle = -90 if len(names) > 30 else -45 if turned else 0
    size = 11 if len(names) > 30 else 12 if turned else 13
    return {**_places(names), "title": {"text": title}, "tickangle": angle, "tickfont": {"size": size}}


def down(names: Sequence[str]) -> dict[str, Any]:
    """A y axis with a place for each name, the first at the top."""
    return {**_places(names), "autorange": "reversed", "showgrid": False}


def _places(names: Sequence[str]) -> dict[str, Any]:
    # The order of layers, with a place for layers without a value.
    order = {"type": "category", "categoryorder": "array", "categoryarray": list(names)}
    return {**order, "tickvals": list(names), "ticktext": [literal(name) for name in shortened(names, LONGEST)]}


def extra_height(names: Sequence[str]) -> int:
    """Pixels that turned names need under the plot, more than one line of text does."""
    axis = across(names, "")
    longest = max(map(len, shortened(names, LONGEST)), default=0)
    return {0: 0, -45: 5 * longest, -90: 7 * longest}[axis["tickangle"]]


def room_for(names: Sequence[str]) -> dict[str, int]:
    """The layout's `meta` of a figure with such an x axis: what `least_px` reads."""
    axis = across(names, "")
    longest = max(map(len, shortened(names, LONGEST)), default=0)
    each = {0: _LETTER_PX * longest + 10, -45: 20, -90: 15}[axis["tickangle"]]
    return {"least_px": len(names) * each + _AROUND_PX}


def rows_height(count: int, few: int = 34, many: int = 19) -> int:
    """Pixels for `count` rows, one below the other."""
    return count * (few if count <= _FEW else many)


def add_values(result: go.Figure, names: Sequence[str], values: Iterable[float], **options: Any) -> None:  # noqa: ANN401 - plotly's trace keys
    """A value for each name, in the figure's order: bars for few names, else points on a line.

    `options` are `name`, `colour`, `hovertemplate` (in which `%{customdata}` is the name in full) and others that both
    kinds of trace know.
    """
    colour = options.pop("colour")
    shared = {"x": list(names), "y": list(values), "customdata": [literal(name) for name in names], **options}
    if len(names) <= _FEW:
        result.add_bar(marker_color=colour, **shared)
        return
    line = {"color": colour, "width": 1.6}
    result.add_scatter(mode="lines+markers", line=line, marker={"size": 6, "color": colour}, **shared)
