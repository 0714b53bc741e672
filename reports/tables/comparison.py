"""Run A beside run B: by network, component and layer, and whether their answers are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd

from reports.dashboard.page import Cell, Column, Plot, Row, Table, render
from reports.errors import RunError
from reports.figures.comparison import energy_beside_energy
from reports.figures.theme import network_colour, network_name
from reports.run.atomic import replace_text
from reports.run.finished import Run
from reports.run.outputs import count_differing
from reports.tables.details import value_cell
from reports.tables.headline import Verdict, agreement_verdicts, summary_by_mode
from reports.tables.numbers import count, ratio

ALL: Final = "all"
"""In `component` and `layer`: not of one, but of all of them together."""

_KEYS: Final = ["mode", "component", "layer", "quantity"]
_UNITS: Final = {
    "operations": (1.0, ""),
    "adds": (1.0, ""),
    "multiplies": (1.0, ""),
    "messages": (1.0, ""),
    "arithmetic_pj": (1e-12, "J"),
    "energy_at_rate_pj": (1e-12, "J"),
    "total_pj": (1e-12, "J"),
    "energy_pj": (1e-12, "J"),
    "power_mw": (1e-3, "W"),
    "latency_ns": (1e-9, "s"),
    "error_percent": (1.0, "%"),
    "agreement_percent": (1.0, "%"),
}
"""What is compared, with the factor to the unit in which it is shown."""


def compare(run_a: Run, run_b: Run) -> pd.DataFrame:
    """One row per quantity, means per frame: `mode, component, layer, quantity, a, b, difference, ratio`.

    `difference` is b - a and `ratio` b / a; what only one run has is missing in the other. Rows for a whole network
    have `ALL` as component and layer; energies by component have `ALL` as layer, then come energies by component and
    layer. Raises RunError if the runs have no network in common.
    """
    common = [mode for mode in run_a.modes if mode in run_b.modes]
    if not common:
        modes = f"{run_a.where} has {', '.join(run_a.modes)}; {run_b.where} has {', '.join(run_b.modes)}"
        raise RunError(f"no network in common to compare: {modes}")
    a, b = (_values(run, common).set_index(_KEYS)["value"] for run in (run_a, run_b))
    table = pd.DataFrame({"a": a, "b": b}, index=a.index.union(b.index, sort=False)).reset_index()
    with np.errstate(divide="ignore", invalid="ignore"):
        return table.assign(difference=table["b"] - table["a"], ratio=table["b"] / table["a"])


def outputs_differing(run_a: Run, run_b: Run) -> dict[str, int | None]:
    """For each common network how many output integers differ; None if the runs differ in frames or outputs."""
    result: dict[str, int | None] = {}
    for mode in run_a.modes:
        if mode in run_b.modes:
            a, b = run_a.outputs[mode], run_b.outputs[mode]
            result[mode] = count_differing(a, b) if a.shape == b.shape else None
    return result


def write_comparison(run_a: Run, run_b: Run, path: Path | str) -> Path:
    """Write a page that sets run A beside run B. Returns its path. Raises RunError as `compare` does."""
    path = Path(path)
    table = compare(run_a, run_b)
    text = render(
        "comparison.html.j2",
        _plots(table),
        title=f"{_title(run_a)} beside {_title(run_b)}",
        subtitle="Every number is a mean per frame",
        footer="",
        names={"A": f"{_title(run_a)} ({run_a.accelerator.name})", "B": f"{_title(run_b)} ({run_b.accelerator.name})"},
        verdicts=_verdicts(run_a, run_b),
        overall=_table(table[(table["component"] == ALL)], ["mode", "quantity"]),
        components=_table(table[(table["component"] != ALL) & (table["layer"] == ALL)], ["mode", "component"]),
        layers=_table(table[table["layer"] != ALL], ["mode", "component", "layer"]),
        strip=None,
    )
    replace_text(path, text)
    return path


def _values(run: Run, modes: list[str]) -> pd.DataFrame:
    """The columns of `_KEYS` and `value`, per frame: whole networks, then components, then components by layer."""
    summary = summary_by_mode(run)
    whole = [
        {"mode": mode, "component": ALL, "layer": ALL, "quantity": name, "value": summary[mode][name]}
        for mode in modes
        for name in _UNITS
        if not pd.isna(summary[mode].get(name))
    ]
    energy = run.energy[run.energy["mode"].isin(modes)].assign(
        quantity="energy_pj", value=run.energy["energy_all_frames_pj"] / run.frame_count
    )
    by_component = energy.groupby(["mode", "component"], sort=False, as_index=False)["value"].sum().assign(layer=ALL)
    by_layer = energy.groupby(["mode", "component", "layer"], sort=False, as_index=False)["value"].sum()
    parts = [pd.DataFrame(whole), *(part.assign(quantity="energy_pj") for part in (by_component, by_layer))]
    table = pd.concat(parts, ignore_index=True)
    shown: pd.DataFrame = table.loc[(table["value"] != 0) | (table["component"] == ALL), [*_KEYS, "value"]]
    return shown


def _plots(table: pd.DataFrame) -> list[Plot]:
    energy = table[(table["component"] != ALL) & (table["layer"] == ALL)]
    caption = "Whole-system energy of a frame by component, while working; of each network run A first, then run B."
    return [Plot("energy", caption, {"": energy_beside_energy(energy)})]


def _table(table: pd.DataFrame, keys: list[str]) -> Table:
    columns = (
        Column("network"),
        *(Column(key) for key in keys[1:]),
        *(Column(title, number=True) for title in ("A", "B", "B - A", "B / A")),
    )
    rows = []
    for entry in table.to_dict("records"):
        factor, unit = _UNITS[entry["quantity"]]
        named = [network_name(entry["mode"]), *(_name(key, str(entry[key])) for key in keys[1:])]
        values = (value_cell(entry[name], entry["quantity"], factor, unit) for name in ("a", "b", "difference"))
        head = Cell(named[0], colour=network_colour(entry["mode"]))
        rows.append(Row((head, *(Cell(name) for name in named[1:]), *values, Cell(ratio(entry["ratio"])))))
    return Table(columns, tuple(rows))


def _name(key: str, value: str) -> str:
    """A name as it is shown: a quantity without its unit, which stands beside the number."""
    return value.rsplit("_", 1)[0] if key == "quantity" else value


def _verdicts(run_a: Run, run_b: Run) -> list[Verdict]:
    result = [
        Verdict(each.kind, f"{name}: {each.strong}", each.text)
        for name, run in (("A", run_a), ("B", run_b))
        for each in agreement_verdicts(run)
    ]
    for mode, differing in outputs_differing(run_a, run_b).items():
        name, total = network_name(mode).capitalize(), count(run_a.outputs[mode].size)
        if differing is None:
            shapes = f"{run_a.outputs[mode].shape} and {run_b.outputs[mode].shape}"
            result.append(Verdict("note", f"{name}:", f"outputs (frames, classes) differ in shape, {shapes}."))
        elif differing:
            result.append(Verdict("bad", f"{name}: other outputs,", f"{count(differing)} of {total} integers differ."))
        else:
            result.append(Verdict("good", f"{name}: the same outputs,", f"{total} integers compared, 0 differ."))
    return result


def _title(run: Run) -> str:
    return run.name if run.path is None else run.path.resolve().name
