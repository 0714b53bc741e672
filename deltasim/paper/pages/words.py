"""Words and numbers that several of the paper's experiments share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from plotly.colors import sample_colorscale

from hwmodels.modes import MODES_TABLE
from reports.dashboard.page import Cell, Column, Row, Table
from reports.figures.theme import network_colour, network_name
from reports.tables.numbers import quantity, ratio

UNOPTIMISED: Final = "unoptimised"

_HYPHEN: Final = "\u2011"
"""One that breaks no line."""
_COSTS: Final = {
    "rounding": "rounding's operations",
    "sigma_delta": "sigma-delta's operations",
    "none": "nothing",
}


def is_known(value: object) -> bool:
    """False for None, NaN and pandas' NA."""
    return not bool(pd.isna(value))  # type: ignore[call-overload]


def setting_name(setting: str) -> str:
    """A setting as it is written in legends and sentences: λ = 1e-10."""
    return setting if setting in {UNOPTIMISED, ""} else f"λ = {setting}"


def lambda_text(value: float) -> str:
    """A value of λ as settings are called: "3.59e-10", "1e-05"."""
    digits, exponent = f"{value:.2e}".split("e")
    return f"{digits.rstrip('0').rstrip('.')}e{exponent}"


def cost_name(cost: str) -> str:
    """What the search for scales made small."""
    kind, _, accelerator = cost.partition(":")
    return f"energy on {accelerator}" if accelerator else _COSTS.get(kind, kind)


def mode_name(mode: str) -> str:
    """How a network is called; one that deltasim does not know keeps its name."""
    return network_name(mode) if mode in MODES_TABLE else mode


def mode_colour(mode: str) -> str:
    """The colour of a network in every figure."""
    return network_colour(mode) if mode in MODES_TABLE else "#78828c"


def in_order(values: Iterable[Any]) -> list[Any]:
    """Each value once, in the order of their first appearance."""
    return list(dict.fromkeys(values))


def listed(names: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else "none"


def shortened(names: Sequence[str], most: int = 4) -> str:
    """`listed`, with at most so many names: "a, b, c, d and 7 more"."""
    return listed(names if len(names) <= most + 1 else [*names[:most], f"{len(names) - most} more"])


def span(values: Iterable[float], write: Any = ratio) -> str:  # noqa: ANN401 - any function of a number to its text
    """The least and the largest of some values: "3.2× to 11×"."""
    known = [value for value in values if is_known(value)]
    if not known:
        return "not known"
    least, largest = write(min(known)), write(max(known))
    return least if least == largest else f"{least} to {largest}"


def shades(count: int) -> list[str]:
    """Colours for `count` values in order, from dark to light, legible on white and on near-black."""
    places = np.linspace(0.15, 0.85, count) if count > 1 else np.array([0.5])
    return [str(colour) for colour in sample_colorscale("Turbo", [float(place) for place in places])]


def operations(value: float) -> str:
    """Operations with an SI prefix: "397 k"."""
    return quantity(value, "")


def make_table(titles: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> Table:
    """A table of texts whose first `words` columns hold words, unbroken at hyphens, and the others numbers."""
    columns = tuple(Column(title, number=place >= words) for place, title in enumerate(titles))
    return Table(columns, tuple(Row(tuple(Cell(text.replace("-", _HYPHEN)) for text in row)) for row in rows))
