"""One self-contained HTML page: plots, tables, and everything they need inside one file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from reports.figures.theme import least_px, template
from reports.tables.numbers import count

_TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Plot:
    """A place for a figure on the page, with plain words under it.

    `variants` has one figure, or several by label that a reader chooses among by `choose`; `first` is the label shown
    first (none: the first one). `pictures` is the number of frames whose pictures go under the plot, or None for no
    strip. A plot that `follows` shows the frames that the plot with the strip shows.
    """

    id: str
    caption: str
    variants: dict[str, go.Figure]
    choose: str = "Network"
    first: str | None = None
    pictures: int | None = None
    follows: bool = False

    @property
    def figures(self) -> dict[str, str]:
        """Label of each figure by its name on the page."""
        return {f"{self.id}-{number}": label for number, label in enumerate(self.variants)}

    @property
    def least_px(self) -> int:
        """How wide it must be for all labels to stay apart; a narrower page scrolls it."""
        return max(map(least_px, self.variants.values()), default=0)

    @property
    def shown(self) -> str:
        """Name of the figure shown first."""
        return next((name for name, label in self.figures.items() if label == self.first), f"{self.id}-0")


@dataclass(frozen=True)
class Column:
    """A column of a table: numbers are aligned to the right, paths in a fixed-width font, wide ones hold sentences."""

    title: str
    number: bool = False
    path: bool = False
    wide: bool = False


@dataclass(frozen=True)
class Cell:
    """The text of a cell, what a pointer resting on it shows, and a colour key for the first cell of a row."""

    text: str
    title: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Row:
    """The cells of a row; a chosen row stands out."""

    cells: tuple[Cell, ...]
    chosen: bool = False


@dataclass(frozen=True)
class Table:
    """A table; with `row_heads` the first cell of every row is its heading."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    row_heads: bool = True


def render(template_name: str, plots: list[Plot], **values: Any) -> str:  # noqa: ANN401 - whatever the template shows
    """The page made from a template. All `values` are escaped; figures become JSON that cannot end its script."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["script_json"] = script_json
    environment.filters["count_text"] = count
    return environment.get_template(template_name).render(
        css=(_TEMPLATES / "page.css").read_text(encoding="utf-8"),
        page_js=(_TEMPLATES / "page.js").read_text(encoding="utf-8"),
        plotly_js=_plotly_js(),
        plots={plot.id: plot for plot in plots},
        templates={"light": template(dark=False), "dark": template(dark=True)},
        figures={
            name: _figure_json(figure)
            for plot in plots
            for name, figure in zip(plot.figures, plot.variants.values(), strict=True)
        },
        **values,
    )


def script_json(content: object) -> Markup:
    """JSON for the inside of a script element: no character in it can close the element or open a comment."""
    text = json.dumps(content, allow_nan=False, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - escaped for a script above; HTML escapes do not count there


def _figure_json(figure: go.Figure) -> Mapping[str, Any]:
    """The figure without its template, which the page has once for all; arrays of numbers stay binary (base64)."""
    bare = go.Figure(figure)
    bare.layout.template = None
    content: dict[str, Any] = json.loads(bare.to_json())
    content["layout"].pop("template", None)
    return content


@cache
def _plotly_js() -> str:
    return str(get_plotlyjs())
