"""A run in a notebook: its summary as a table, and the figures of its dashboard one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pandas as pd
import plotly.graph_objects as go

from reports.figures.plots import run_plots
from reports.figures.theme import network_name
from reports.run.finished import Run
from reports.tables.headline import frames_words
from reports.tables.numbers import column_unit
from workloads.html_table import html_table

_COLUMNS: Final = (
    ("operations", "operations", "", 0),
    ("arithmetic_pj", "arithmetic", "J", -12),
    ("energy_at_rate_pj", "system", "J", -12),
    ("latency_ns", "latency", "s", -9),
)
"""Of the summary's columns: name, heading, and in which power of ten of which unit it is."""


def summary_html(run: Run) -> str:
    """The networks side by side, means per frame, and the run's warnings, as HTML; all names are escaped."""
    summary = run.summary()
    answers = "agreement_percent" if summary["error_percent"].isna().all() else "error_percent"
    last = "agreement %" if answers == "agreement_percent" else "test error %"
    units = {name: column_unit(summary[name], unit, exponent) for name, _, unit, exponent in _COLUMNS}
    headings = ("network", *(f"{title} {units[name].unit}".strip() for name, title, *_ in _COLUMNS), last)
    rows = [
        (
            network_name(str(row["mode"])),
            *(unit.text(row[name]) for name, unit in units.items()),
            "-" if pd.isna(row[answers]) else f"{row[answers]:.2f}",
        )
        for row in summary.to_dict("records")
    ]
    place = ", in memory" if run.path is None else ""
    title = f"{run.name}: {frames_words(run)} on {run.accelerator.name}, per frame{place}"
    return html_table(title, headings, rows, [f"Warning: {each}" for each in run.warnings])


def figures_of(run: Run) -> Mapping[str, go.Figure]:
    """The figures of the run's dashboard by name, such as `four-networks`; where a reader of the page can choose, also
    by what is chosen: `energy-by-layer: sigma-delta`.

    Each is a plotly figure of its own, on white: a notebook shows it inline (extra `notebook`), and it may be changed.
    """
    found = {}
    for plot in run_plots(run):
        for label, figure in plot.variants.items():
            name = f"{plot.id}: {label}" if label else plot.id
            found[name] = go.Figure(figure).update_layout(paper_bgcolor="white", plot_bgcolor="white")
    return found
