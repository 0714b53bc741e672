"""The table of what quantisation did to every layer."""

from __future__ import annotations

from math import isinf
from typing import Final

from reports.dashboard.page import Cell, Column, Row, Table
from reports.run.finished import Run
from reports.tables.headline import focus_mode
from reports.tables.numbers import NOTHING, count, exact, percent, significant
from reports.tables.quantisation import PRECISIONS, QuantisedCore, layers_of, precision_of, precisions_of

_LIMITS: Final = ("largest sum", "largest possible", "bits needed")


def quantisation_table(run: Run) -> Table:
    """Layer by layer: scale k, signal-to-noise and clipped activations at each precision of the run's networks, and the
    limits of the focus's accumulators. Empty if the run does not say.
    """
    precisions = precisions_of(run.modes)
    named = [PRECISIONS[precision] for precision in precisions]
    titles = ("k", "weights", *(f"{what}, {name}" for what in ("signal-to-noise", "clipped") for name in named))
    columns = (Column("layer"), *(Column(title, number=True) for title in (*titles, *_LIMITS)))
    focus = precisions.index(precision_of(focus_mode(run)))
    cores = zip(*(layers_of(run, precision) for precision in precisions), strict=True)
    return Table(columns, tuple(_row(entries, entries[focus]) for entries in cores))


def _row(entries: tuple[QuantisedCore, ...], shown: QuantisedCore) -> Row:
    """One core at each precision; what is shown for one of them only is that of `shown`."""
    return Row(
        (
            Cell(shown.layer),
            Cell(NOTHING) if shown.scale is None else Cell(significant(shown.scale, 4), exact(shown.scale, "")),
            Cell(NOTHING) if shown.weights is None else Cell(f"{shown.weights[0]} to {shown.weights[1]}"),
            *(_decibels_cell(entry.signal_to_noise_db) for entry in entries),
            *(_share_cell(entry.saturated_share) for entry in entries),
            *(Cell(count(number)) for number in (shown.peak, shown.static_bound, shown.bits_needed)),
        )
    )


def _decibels_cell(decibels: float) -> Cell:
    """Often the input is exact: pixels are integers."""
    if isinf(decibels):
        return Cell("exact" if decibels > 0 else NOTHING)
    return Cell(
        f"{decibels:.1f} dB", f"noise is {significant(100 * 10 ** (-decibels / 20))} % of the signal's amplitude"
    )


def _share_cell(share: float) -> Cell:
    return Cell(percent(100 * share, 3), exact(100 * share, "%"))
