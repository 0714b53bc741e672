"""The chip from above: its tiles in their places, coloured by what their cores do; and the links between them.

Both are heat maps on a grid whose lines are not equally far apart, so that a chip of a thousand cores is drawn as fast
as one of four.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from reports.figures.names import literal, shortened
from reports.figures.theme import figure
from reports.run.records import MeshRecord

_WIDTH: Final = 850
"""Pixels that the plan has on a page; on a narrow screen it is scrolled."""
_AROUND: Final = 150
"""Pixels for what stands left and right of a plan."""
_MARGIN: Final = 0.05
_FAINT: Final = [[0.0, "rgba(140,150,160,0.10)"], [1.0, "rgba(140,150,160,0.30)"]]
_LETTER: Final = 0.6
"""Width of a letter over the size of its font."""


@dataclass(frozen=True)
class Shade:
    """What colours mean: the title beside the colour bar, and how its numbers are written."""

    title: str
    tickformat: str = "~s"
    suffix: str = ""
    largest: float | None = None


@dataclass(frozen=True)
class Cell:
    """A core in use on the floor plan: where it stands, its value, the lines written on it, and its hover label."""

    column: int
    row: int
    slot: int
    value: float
    lines: tuple[str, ...]
    hover: str


@dataclass(frozen=True)
class Strip:
    """A link of the mesh: from tile to tile (column, row), its value (None: not used), its hover label."""

    begin: tuple[int, int]
    end: tuple[int, int]
    value: float | None
    hover: str


def floor_plan(mesh: MeshRecord, cells: Sequence[Cell], shade: Shade) -> go.Figure:
    """Every core in its place, row 0 on top; cores that hold nothing are grey."""
    columns, rows, each = int(mesh["columns"]), int(mesh["rows"]), int(mesh["cores_per_tile"])
    across = math.ceil(math.sqrt(each))
    down = math.ceil(each / across)
    x, y = _tile_edges(columns, across), _tile_edges(rows, down)
    shape = (len(y) - 1, len(x) - 1)
    values, texts, hovers = np.full(shape, np.nan), np.full(shape, "", object), np.full(shape, "", object)
    unused, positions = np.full(shape, np.nan), np.full(shape, "", object)
    for column in range(columns):
        for row in range(rows):
            for slot in range(each):
                at = row * (down + 1) + slot // across, column * (across + 1) + slot % across
                unused[at] = 0
                positions[at] = f"position {position_of(mesh, column, row, slot)}, tile ({column}, {row})<br>not used"
    size = _Size.of(columns * across, rows * down)
    names = shortened([cell.lines[0] for cell in cells], size.letters)
    for cell, name in zip(cells, names, strict=True):
        at = cell.row * (down + 1) + cell.slot // across, cell.column * (across + 1) + cell.slot % across
        unused[at] = np.nan
        values[at], texts[at], hovers[at] = cell.value, size.fitting((name, *cell.lines[1:])), cell.hover
    result = _plan(columns, rows, size.height)
    _add_faint(result, x, y, unused, positions)
    _add_values(result, x, y, values, texts, hovers, shade, size.font)
    if each > 1:
        _add_outlines(result, columns, rows)
    return result


def link_map(
    mesh: MeshRecord, strips: Sequence[Strip], tiles: Mapping[tuple[int, int], Sequence[str]], shade: Shade
) -> go.Figure:
    """Every link between neighbouring tiles, in both directions; `tiles` has the names of the cores in use on each."""
    columns, rows = int(mesh["columns"]), int(mesh["rows"])
    size = _Size.of(columns, rows, share=0.62)
    result = _plan(columns, rows, size.height)
    _add_tiles(result, columns, rows, tiles)
    x, y = _link_edges(columns), _link_edges(rows)
    shape = (len(y) - 1, len(x) - 1)
    values, texts, hovers = np.full(shape, np.nan), np.full(shape, "", object), np.full(shape, "", object)
    unused = np.full(shape, np.nan)
    for strip in strips:
        at = _strip_at(strip.begin, strip.end)
        if strip.value is None:
            unused[at] = 0
        else:
            values[at], texts[at], hovers[at] = strip.value, _arrow(strip), strip.hover
    _add_faint(result, x, y, unused, None)
    _add_values(result, x, y, values, texts, hovers, shade, max(min(size.font, 13), 8))
    _add_tile_labels(result, tiles, size)
    return result


def _add_tiles(result: go.Figure, columns: int, rows: int, tiles: Mapping[tuple[int, int], Sequence[str]]) -> None:
    edges = _LANES[[0, -1]]
    x, y = (np.concatenate([tile + edges for tile in range(count)]) for count in (columns, rows))
    faint, hovers = (
        np.full((2 * rows - 1, 2 * columns - 1), np.nan),
        np.full((2 * rows - 1, 2 * columns - 1), "", object),
    )
    for column in range(columns):
        for row in range(rows):
            names = tiles.get((column, row), ())
            faint[2 * row, 2 * column] = float(bool(names))
            hovers[2 * row, 2 * column] = f"tile ({column}, {row})<br>{'<br>'.join(map(literal, names)) or 'not used'}"
    _add_faint(result, x, y, faint, hovers)


def position_of(mesh: MeshRecord, column: int, row: int, slot: int) -> int:
    """The number in mesh order of a core: tile by tile, row by row in a snake."""
    columns = int(mesh["columns"])
    return (row * columns + (columns - 1 - column if row % 2 else column)) * int(mesh["cores_per_tile"]) + slot


@dataclass(frozen=True)
class _Size:
    """Pixels: height of the whole plan, size of letters, letters that fit side by side, lines one below another."""

    height: int
    font: int
    letters: int
    lines: int

    @classmethod
    def of(cls, columns: int, rows: int, share: float = 1 - 2 * _MARGIN) -> _Size:
        """For so many cores side by side and one below another, which take a `share` of the way to the next."""
        width = _WIDTH / columns
        height = min(max(0.62 * width, 34), 120)
        font = int(min(max(width / 8, 8), 13))
        letters, lines = int((width * share - 4) / (_LETTER * font)), int((height * share - 2) / (1.3 * font))
        return cls(int(height * rows), font, letters, lines)

    def fitting(self, lines: Sequence[str]) -> str:
        """As many of the lines as fit, which is one at least; nothing where not even a few letters fit."""
        if self.letters < 3 or not self.lines:
            return ""
        shown = [lines[0], *(line for line in lines[1 : self.lines] if len(line) <= self.letters)]
        return "<br>".join(map(literal, shown))

    def listed(self, names: Sequence[str]) -> str:
        """As many of the names as fit below one another, and how many more there are."""
        if self.letters < 3 or not self.lines:
            return ""
        if len(names) > self.lines:
            shown = names[: self.lines - 1]
            more = f"+{len(names) - len(shown)} more"
            names = [*shown, more[: self.letters]] if shown else names[:1]
        return "<br>".join(map(literal, names))


def _plan(columns: int, rows: int, height: int) -> go.Figure:
    """An empty plan with numbers of columns and rows at its edge."""
    margin = {"l": 44, "r": 16, "t": 34, "b": 44}
    result = figure(height=height + 96, showlegend=False, margin=margin, meta={"least_px": _WIDTH + _AROUND})
    common = {"showgrid": False, "zeroline": False, "automargin": False}
    result.update_xaxes(
        **common, range=[0, columns], title_text="column", **_numbers(columns), showline=False, constrain="domain"
    )
    result.update_yaxes(**common, range=[rows, 0], title_text="row", **_numbers(rows), showline=False)
    return result


def _numbers(count: int) -> dict[str, Any]:
    step = max(1, count // 16)
    return {
        "tickvals": [each + 0.5 for each in range(0, count, step)],
        "ticktext": [str(each) for each in range(0, count, step)],
    }


def _tile_edges(tiles: int, cores: int) -> NDArray[np.float64]:
    """Lines of the grid along one axis: the cores of each tile, and the gap to the next."""
    inside = np.linspace(_MARGIN, 1 - _MARGIN, cores + 1)
    return np.concatenate([tile + inside for tile in range(tiles)])


_LANES: Final = np.array([0.19, 0.29, 0.46, 0.54, 0.71, 0.81])
"""Edges of a tile, and of the two lanes that go on between it and the next."""


def _link_edges(tiles: int) -> NDArray[np.float64]:
    return np.concatenate([tile + _LANES for tile in range(tiles)])


def _strip_at(begin: tuple[int, int], end: tuple[int, int]) -> tuple[int, int]:
    """Row and column on the grid: traffic keeps to the right."""
    (x0, y0), (x1, y1) = begin, end
    if y0 == y1:
        return 6 * y0 + (3 if x1 > x0 else 1), 6 * min(x0, x1) + 5
    return 6 * min(y0, y1) + 5, 6 * x0 + (1 if y1 > y0 else 3)


def _arrow(strip: Strip) -> str:
    (x0, y0), (x1, y1) = strip.begin, strip.end
    return ("→" if x1 > x0 else "←") if y0 == y1 else ("↓" if y1 > y0 else "↑")


def _add_faint(
    result: go.Figure,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    hovers: NDArray[Any] | None,
) -> None:
    result.add_heatmap(
        z=z,
        x=x,
        y=y,
        zmin=0,
        zmax=1,
        colorscale=_FAINT,
        showscale=False,
        hoverinfo="skip" if hovers is None else "text",
        hovertext=hovers,
        hoverongaps=False,
    )


def _add_values(
    result: go.Figure,
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    z: NDArray[np.float64],
    texts: NDArray[Any],
    hovers: NDArray[Any],
    shade: Shade,
    font: int,
) -> None:
    largest = float(np.nanmax(z)) if np.isfinite(z).any() else 1.0
    result.add_heatmap(
        z=z,
        x=x,
        y=y,
        zmin=0,
        zmax=max(shade.largest or 0, largest) or 1,
        colorscale="Viridis",
        text=texts,
        texttemplate="%{text}",
        textfont={"size": font},
        hoverinfo="text",
        hovertext=hovers,
        hoverongaps=False,
        xgap=1,
        ygap=1,
        colorbar={
            "title": {"text": shade.title, "font": {"size": 13}, "side": "right"},
            "tickformat": shade.tickformat,
            "ticksuffix": shade.suffix,
            "thickness": 12,
            "outlinewidth": 0,
            "x": 1.01,
        },
    )


def _add_outlines(result: go.Figure, columns: int, rows: int) -> None:
    """The border of every tile that has several cores, as one line."""
    low, high = 0.02, 0.98
    xs: list[float | None] = []
    ys: list[float | None] = []
    for column in range(columns):
        for row in range(rows):
            xs += [column + low, column + high, column + high, column + low, column + low, None]
            ys += [row + low, row + low, row + high, row + high, row + low, None]
    line = {"color": "rgba(140,150,160,0.7)", "width": 1}
    result.add_scatter(x=xs, y=ys, mode="lines", line=line, hoverinfo="skip")


def _add_tile_labels(result: go.Figure, tiles: Mapping[tuple[int, int], Sequence[str]], size: _Size) -> None:
    names = list(dict.fromkeys(name for listed in tiles.values() for name in listed))
    short = dict(zip(names, shortened(names, size.letters), strict=True))
    shown = {place: size.listed([short[name] for name in listed]) for place, listed in tiles.items()}
    shown = {place: text for place, text in shown.items() if text}
    result.add_scatter(
        x=[column + 0.5 for column, _ in shown],
        y=[row + 0.5 for _, row in shown],
        mode="text",
        text=list(shown.values()),
        textfont={"size": size.font},
        hoverinfo="skip",
    )


def names_by_tile(cores: pd.DataFrame) -> dict[tuple[int, int], list[str]]:
    """The names of the cores on each tile in use."""
    tiles: dict[tuple[int, int], list[str]] = {}
    for column, row, name in zip(cores["column"], cores["row"], cores["name"], strict=True):
        tiles.setdefault((int(column), int(row)), []).append(str(name))
    return tiles
