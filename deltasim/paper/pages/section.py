"""What a page of the paper's experiments is made of."""

from __future__ import annotations

from dataclasses import dataclass

from reports.dashboard.page import Plot, Table


@dataclass(frozen=True)
class Pictures:
    """A picture (a data URL) with its words; `width` in pixels on a wide screen."""

    url: str
    caption: str
    width: int


@dataclass(frozen=True)
class Fold:
    """A table to be opened by who wants it."""

    summary: str
    table: Table


@dataclass(frozen=True)
class Section:
    """A part of a page under its own heading: text, then pictures, plots, tables, and tables to be opened."""

    id: str
    title: str
    text: str = ""
    pictures: tuple[Pictures, ...] = ()
    plots: tuple[Plot, ...] = ()
    tables: tuple[Table, ...] = ()
    folds: tuple[Fold, ...] = ()
