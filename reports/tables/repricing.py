"""A finished run at other prices: counts, times and answers are those simulated, energies are computed anew."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pandas as pd

from hwmodels import ENERGY_COLUMNS, Accelerator, totals
from hwmodels.records import ACTIONS
from reports.dashboard.writing import write_dashboard
from reports.errors import RunError
from reports.run.atomic import sync
from reports.run.finished import Run, load_run
from reports.run.records import PricedRecord
from reports.run.saving import write_files
from reports.tables.pace import leaks
from reports.tables.summary import AJ_PER_PJ, COMPONENTS
from workloads.naming import naming

ARITHMETIC: Final = "arithmetic only"
WHOLE: Final = "whole system"
AT_RATE: Final = "whole system at the frame rate"


def used_actions(run: Run) -> frozenset[str]:
    """The columns of actions that happened at least once in the run: what needs a price."""
    return frozenset(action.column for action in ACTIONS if run.counts[action.column].any())


def at_prices(run: Run, accelerator: Accelerator, warnings: tuple[str, ...] = ()) -> Run:
    """The run with its energies at the prices of `accelerator`; its directory stays as it is.

    `warnings` join those of the run.
    """
    said = f"energies are those of {accelerator.name}; counts and times were simulated on {run.accelerator.name}"
    manifest = run.manifest.copy()
    manifest["name"] = f"{run.name}, {accelerator.name}"
    manifest["warnings"] = [*run.warnings, said, *warnings]
    manifest["priced"] = PricedRecord(
        accelerator=accelerator.name, simulated_on=run.accelerator.name, run=run.manifest["config_hash"]
    )
    return replace(run, accelerator=accelerator, manifest=manifest)


def repricing_table(before: Run, after: Run) -> pd.DataFrame:
    """Energy per frame of one run at two prices: columns `mode, component, before_pj, after_pj, ratio`.

    Per mode first arithmetic only, then the whole system, then every component that costs anything; `ratio` is after
    over before, missing where that was 0. Sums are exact until they are divided by the number of frames. Energies are
    those while frames are worked on; where leakage or idle power makes it another number, the whole system has a second
    row, for a whole interval of the frame rate (see `reports.tables.pace`).
    """
    rows = []
    two = any(leaks(row) for run in (before, after) for row in run.summary().to_dict("records"))
    sums = [_by_component(run) for run in (before, after)]
    for mode in before.modes:
        for component in (ARITHMETIC, WHOLE, *([AT_RATE] if two else []), *COMPONENTS):
            if component == AT_RATE:
                a, b = (run.at_rate[mode]["energy_at_rate_pj"] for run in (before, after))
            else:
                a, b = (each[mode][component] / (AJ_PER_PJ * before.frame_count) for each in sums)
            if a or b or component in {ARITHMETIC, WHOLE}:
                row = {"mode": mode, "component": component, "before_pj": a, "after_pj": b}
                rows.append({**row, "ratio": b / a if a else float("nan")})
    return pd.DataFrame(rows)


def write_priced_copy(run: Run, path: Path | str) -> Run:
    """Write a run from `at_prices` as a run directory of its own, with its dashboard, and return it.

    The run that it was made from is only read. Raises RunError if `path` exists.
    """
    path = Path(path).absolute()
    if path.exists():
        raise RunError(f"{path}: exists already; choose another directory for the priced copy")
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.priced")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        with naming(path):
            _fill(run, partial)
        partial.rename(path)
        sync(path.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    copy = load_run(path)
    write_dashboard(copy)
    return copy


def _fill(run: Run, folder: Path) -> None:
    """All files of the run but the accelerator, which is the new one, and the manifest, which says so."""
    manifest = run.manifest.copy()
    manifest["config_hash"] = _priced_hash(run, json.loads(run.accelerator.model_dump_json(by_alias=True)))
    write_files(replace(run, manifest=manifest), folder)
    sync(folder)


def _priced_hash(run: Run, accelerator: Any) -> str:  # noqa: ANN401 - JSON
    """A hash of its own, so that nobody takes the copy for the run that was simulated."""
    text = json.dumps([run.manifest["config_hash"], accelerator], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _by_component(run: Run) -> dict[str, dict[str, int]]:
    """Per mode, in aJ and exact: each component, arithmetic only, the whole."""
    columns = {name: [each.name for each in ENERGY_COLUMNS if each.component == name] for name in COMPONENTS}
    return {
        str(entry["mode"]): {
            ARITHMETIC: entry["arithmetic_aj"],
            WHOLE: entry["total_aj"],
            **{name: sum(entry[column] for column in of) for name, of in columns.items()},
        }
        for entry in totals(run.energies).to_dict("records")
    }
