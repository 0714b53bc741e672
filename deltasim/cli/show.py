"""Results in a terminal: tables for people, JSON for machines."""

from __future__ import annotations

import json
from dataclasses import asdict
from math import isinf
from typing import Any, Final

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hwmodels import chip_area, why_no_area
from hwmodels.modes import MODES_TABLE
from reports import (
    PRECISIONS,
    Run,
    agreement_percent,
    fidelities,
    hertz,
    layers_of,
    leaks,
    low_agreement,
    mapping_sentence,
    precision_name,
)
from reports.tables.headline import frames_words
from reports.tables.numbers import column_unit

_COLUMNS: Final = (
    ("operations", "operations", "", 0),
    ("arithmetic_pj", "arithmetic", "J", -12),
    ("energy_at_rate_pj", "system", "J", -12),
    ("latency_ns", "latency", "s", -9),
)
"""Of the summary's columns: name, heading, and in which power of ten of which unit it is."""
_UNITS: Final = {"pj": ("J", -12), "ns": ("s", -9), "mw": ("W", -3)}


def print_json(value: Any) -> None:  # noqa: ANN401 - anything that JSON can hold
    """One JSON document on standard output."""
    print(json.dumps(value, indent=2, allow_nan=False))  # noqa: T201 - this is the output


def summary_json(run: Run) -> dict[str, Any]:
    """What `deltasim run --json` prints: where the run is, one object per network, whether the answers are the same."""
    return {
        "run": str(run.path),
        "dashboard": str(run.directory_for("its dashboard") / "dashboard.html"),
        "frames": run.frame_count,
        "cores": {"used": run.layout.count, "of": len(run.chip.cores)},
        "area_mm2": chip_area(run.accelerator)[-1].mm2,
        "networks": records(run.summary()),
        "agreement": agreement_json(run),
        "identical": {f"{pair.mode} = {pair.partner}": pair.identical for pair in run.equalities},
        "quantisation": [_finite(asdict(each)) for each in fidelities(run)],
        "warnings": run.warnings,
    }


def agreement_json(run: Run) -> dict[str, Any]:
    """How many of the original's answers every network kept (%), and where answers were lost, with the remedy."""
    low = [{**asdict(each), "finding": each.finding} for each in low_agreement(run)]
    return {"percent": agreement_percent(run), "kept": not low, "low": low}


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """JSON has no infinities: what is exact has no signal-to-noise ratio."""
    return {name: None if isinstance(value, float) and isinf(value) else value for name, value in values.items()}


def print_summary(console: Console, run: Run) -> None:
    """The networks side by side, per frame, and whether partners gave the same integers; lost answers before that."""
    print_agreement(console, run)
    summary = run.summary()
    table = Table(
        title=f"{run.name}: {frames_words(run)}, per frame".replace("\u202f", ","),
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
        collapse_padding=True,
    )
    table.add_column("network", no_wrap=True)
    answers = "agreement_percent" if summary["error_percent"].isna().all() else "error_percent"
    last = "agreement\n%" if answers == "agreement_percent" else "test error\n%"
    units = {name: column_unit(summary[name], unit, exponent) for name, _, unit, exponent in _COLUMNS}
    for heading in (*(f"{title}\n{units[name].unit}" for name, title, *_ in _COLUMNS), last):
        table.add_column(heading, justify="right", no_wrap=True)
    for _, row in summary.iterrows():
        table.add_row(
            _title(row["mode"]),
            *(unit.text(row[name]) for name, unit in units.items()),
            "-" if pd.isna(row[answers]) else f"{row[answers]:.2f}",
        )
    console.print(table)
    _print_rates(console, run)
    _print_findings(console, run)


def _print_rates(console: Console, run: Run) -> None:
    """The two energies of a chip that leaks, and which networks do not keep up with the frame rate."""
    rows = run.summary().to_dict("records")
    if any(leaks(row) for row in rows):
        less = "" if all(pace.keeps_up for pace in run.paces.values()) else ", or at what it sustains"
        unit = column_unit([row["total_pj"] for row in rows], "J", -12)
        working = ", ".join(f"{_title(row['mode'])} {unit.text(row['total_pj'])} {unit.unit}" for row in rows)
        text = f"system: energy of a frame at {hertz(run.frame_rate_hz)}{less}, leakage and idle power included; "
        text += f"while working, with leakage only as long as a frame takes: {working}"
        console.print(text, soft_wrap=True, highlight=False, markup=False)
    for mode, pace in run.paces.items():
        if not (pace.keeps_up or pace.late):
            console.print(f"{_title(mode)} {pace.sentence}", soft_wrap=True, highlight=False, markup=False)


def print_agreement(console: Console, run: Run, name: str = "") -> None:
    """Answers that quantisation lost, and how to get them back: nothing below matters more. `name`: of the run."""
    for each in low_agreement(run):
        text = f"Warning: {name}{each.finding} {each.remedy}."
        console.print(text, style="bold yellow", soft_wrap=True, highlight=False, markup=False)


def _print_findings(console: Console, run: Run) -> None:
    """Which cores are used, what is wrong with the frames, if answers are the same, how near integers are to float."""
    mapping = mapping_sentence(run).replace("\u202f", ",")
    console.print(f"{run.accelerator.name}: {mapping}", soft_wrap=True, highlight=False, markup=False)
    if why := why_no_area(run.accelerator):
        console.print(f"area not known: {why}", soft_wrap=True)
    for warning in run.warnings:
        console.print(f"Warning: {warning}", style="bold yellow", soft_wrap=True, highlight=False, markup=False)
    for pair in run.equalities:
        what = "identical" if pair.identical else "DIFFERENT"
        console.print(
            f"{_title(pair.mode)} and {_title(pair.partner)}: {what}, {pair.layer_frames_differing:,} of "
            f"{pair.layer_frames:,} layer-frames differ ({pair.integers:,} integers)",
            soft_wrap=True,
        )
    if run.equalities:
        said = "(identical: partners give the same integers; it says nothing about what quantisation lost)"
        console.print(said, soft_wrap=True, highlight=False, markup=False)
    for each in fidelities(run):
        console.print(
            f"quantised to {precision_name(run, each.precision)} ({each.frames:,} calibration frames): {each.sentence}",
            soft_wrap=True,
            highlight=False,
            markup=False,
        )


def print_layers(console: Console, run: Run) -> None:
    """What quantisation did to every layer, at each precision that a network of the run has."""
    entries = [layers_of(run, each.precision) for each in fidelities(run)]
    names = [PRECISIONS[each.precision].removesuffix(" fixed point") for each in fidelities(run)]
    if not entries:
        console.print("This run does not say what quantisation did: simulate it again.")
        return
    title = "quantisation: signal to noise, clipped activations, bits of the largest sum"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("layer", overflow="fold")
    for heading in ("SNR dB", "clipped %"):
        for name in names:
            table.add_column(f"{heading}\n{name}", justify="right")
    table.add_column("bits\nneeded", justify="right")
    for cores in zip(*entries, strict=True):
        decibels = [f"{entry.signal_to_noise_db:.1f}" for entry in cores]
        clipped = [f"{100 * entry.saturated_share:.3f}" for entry in cores]
        bits = max(entry.bits_needed or 0 for entry in cores)
        table.add_row(Text(cores[0].layer), *decibels, *clipped, str(bits or "-"))
    console.print(table)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows for JSON; what is missing is null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records"))
    return rows


def print_comparison(console: Console, run_a: Run, run_b: Run, comparison: pd.DataFrame) -> None:
    """Whole networks and components of two runs; energies by layer are in the page and in the JSON."""
    console.print(f"A  {run_a.where}  {run_a.accelerator.name}", highlight=False, soft_wrap=True)
    console.print(f"B  {run_b.where}  {run_b.accelerator.name}", highlight=False, soft_wrap=True)
    for run, name in ((run_a, "A: "), (run_b, "B: ")):
        print_agreement(console, run, name)
    shown = comparison[comparison["layer"] == "all"]
    for mode, rows in shown.groupby("mode", sort=False, observed=True):
        table = Table(
            title=f"{_title(mode)}, mean per frame",
            title_justify="left",
            box=SIMPLE_HEAD,
            pad_edge=False,
            collapse_padding=True,
        )
        table.add_column("")
        for heading in ("A", "B", "B - A", "B / A"):
            table.add_column(heading, justify="right")
        suffixes = rows["quantity"].str.rpartition("_")[2]
        units = {
            suffix: column_unit([*own["a"], *own["b"]], *_UNITS.get(str(suffix), ("", 0)))
            for suffix, own in rows.groupby(suffixes)
        }
        for suffix, (_, row) in zip(suffixes, rows.iterrows(), strict=True):
            known, unit = suffix in _UNITS, units[suffix]
            what = row["component"] if row["component"] != "all" else row["quantity"]
            what = what.removesuffix(f"_{suffix}") if known else what
            numbers = (unit.text(row[key]) if known else _number(row[key]) for key in ("a", "b", "difference"))
            table.add_row(f"{what} {unit.unit}".strip(), *numbers, _number(row["ratio"], 3))
        console.print(table)


def _title(mode: object) -> str:
    return MODES_TABLE[str(mode)].short_title


def _number(value: float, digits: int = 2) -> str:
    return "-" if pd.isna(value) else f"{value:,.{digits}f}"
