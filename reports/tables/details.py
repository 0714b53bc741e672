"""The tables of the dashboard: every number rounded for reading, with all its digits where the pointer rests on it."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from hwmodels.modes import modes_in
from hwmodels.prices.conventions import CONVENTIONS, Convention
from reports.dashboard.page import Cell, Column, Row, Table
from reports.figures.theme import network_colour, network_name
from reports.run.finished import Run
from reports.tables.headline import focus_mode, summary_by_mode
from reports.tables.numbers import NOTHING, count, exact, percent, quantity
from reports.tables.pace import leaks

_COSTS: Final[tuple[tuple[str, str, float, str], ...]] = (
    ("operations", "operations", 1.0, ""),
    ("additions", "adds", 1.0, ""),
    ("multiplications", "multiplies", 1.0, ""),
    ("messages", "messages", 1.0, ""),
    ("arithmetic only", "arithmetic_pj", 1e-12, "J"),
    ("whole system", "energy_at_rate_pj", 1e-12, "J"),
    ("while working", "total_pj", 1e-12, "J"),  # where leakage makes it another number
    ("power", "power_mw", 1e-3, "W"),
)
_TIMES: Final = (
    ("latency", "latency_ns", 1e-9, "s"),
    ("99th percentile", "latency_p99_ns", 1e-9, "s"),
    ("longest", "latency_max_ns", 1e-9, "s"),
    ("clock cycles", "cycles", 1.0, ""),
    ("error", "error_percent", 1.0, "%"),
    ("answers as the original", "agreement_percent", 1.0, "%"),
    ("among its first five", "agreement_top5_percent", 1.0, "%"),
)


def costs_table(run: Run) -> Table:
    """Operations, messages and energy of each network, means per frame."""
    two = any(leaks(row) for row in summary_by_mode(run).values())
    return _networks_table(run, tuple(entry for entry in _COSTS if two or entry[1] != "total_pj"))


def times_table(run: Run) -> Table:
    """Latency and answers of each network; a column without any value is left out."""
    return _networks_table(run, _TIMES)


def _networks_table(run: Run, entries: tuple[tuple[str, str, float, str], ...]) -> Table:
    summary = run.summary()
    shown = [entry for entry in entries if summary[entry[1]].notna().any()]
    rows = []
    for record in summary.to_dict("records"):
        mode = str(record["mode"])
        cells = (value_cell(record[name], name, factor, unit) for _, name, factor, unit in shown)
        name_cell = Cell(network_name(mode), colour=network_colour(mode))
        rows.append(Row((name_cell, *cells), chosen=mode == focus_mode(run)))
    return Table((Column("network"), *(Column(title, number=True) for title, *_ in shown)), tuple(rows))


def equality_table(run: Run) -> Table:
    """Every pair of networks that must agree, with what was compared and what differs."""
    titles = ("integers compared", "layer-frames", "of them different", "outputs", "of them different")
    columns = (Column("networks"), *(Column(title, number=True) for title in titles))
    rows = []
    for equality in run.equalities:
        values = (
            equality.integers,
            equality.layer_frames,
            equality.layer_frames_differing,
            equality.outputs,
            equality.outputs_differing,
        )
        name = f"{network_name(equality.mode)} and {network_name(equality.partner)}"
        rows.append(Row((Cell(name), *(Cell(count(value)) for value in values))))
    return Table(columns, tuple(rows))


def conventions_table(run: Run) -> Table:
    """Operations per frame by each convention of the paper and its code; empty unless the network is a dense chain."""
    columns = (
        Column("convention"),
        Column("what it counts", wide=True),
        Column("messages of"),
        Column("operations per frame", number=True),
        Column("energy, 32-bit integers", number=True),
        Column("from"),
    )
    sizes, rows = run.neurons, []
    dense = all(own == following for own, following in zip(run.fan_outs, sizes[1:], strict=False))
    if not (run.is_chain and dense):
        return Table(columns, ())
    for name, convention in CONVENTIONS.items():
        mode = _counted(convention, run)
        if mode is None:
            continue
        counts = run.layer_counts[run.layer_counts["mode"] == mode]
        nonzero, l1 = (counts[column].to_numpy().reshape(-1, len(sizes))[:, :-1] for column in ("nonzero", "l1_out"))
        operations = convention.operations(sizes, nonzero, l1)
        energy_pj = convention.energy_aj(operations) / 1e6 / run.frame_count
        cells = (
            Cell(name),
            Cell(convention.meaning),
            Cell(network_name(mode)),
            Cell(count(operations / run.frame_count), exact(operations, "in all")),
            Cell(quantity(energy_pj * 1e-12, "J"), exact(energy_pj, "pJ")),
            Cell(convention.source),
        )
        rows.append(Row(cells))
    return Table(columns, tuple(rows))


def _counted(convention: Convention, run: Run) -> str | None:
    """The network of the run whose messages a convention counts, or one that differs from it in the zeros it sends."""
    kind = (convention.precision, convention.rule.delta)
    fitting = [mode for mode in modes_in(run.modes) if mode.exact and (mode.precision, mode.delta) == kind]
    return next((mode.name for mode in sorted(fitting, key=lambda mode: mode.rule != convention.rule)), None)


def parameters_table(run: Run) -> Table:
    """Every number of the resolved accelerator with where it comes from."""
    columns = (
        Column("parameter", path=True),
        Column("value", number=True),
        Column("status"),
        Column("source", wide=True),
        Column("set in"),
    )
    rows = [
        Row((Cell(each.path), Cell(each.value), Cell(str(each.status)), Cell(each.source), Cell(each.file)))
        for each in run.accelerator.provenance
    ]
    return Table(columns, tuple(rows), row_heads=False)


def value_cell(value: Any, column: str, factor: float, unit: str) -> Cell:  # noqa: ANN401 - any number of a table
    """A number of a table's `column`, times `factor` in `unit`; its title has all digits in the column's unit."""
    if pd.isna(value):
        return Cell(NOTHING)
    if unit == "%":
        return Cell(percent(float(value)), exact(float(value), "%"))
    if not unit:
        return Cell(count(float(value)), exact(float(value), ""))
    own_unit = column.rsplit("_", 1)[-1].replace("pj", "pJ").replace("mw", "mW")
    return Cell(quantity(float(value) * factor, unit), exact(float(value), own_unit))
