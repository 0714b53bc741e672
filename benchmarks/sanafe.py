"""deltasim beside SANA-FE: the same network, the same messages, the same prices: `python -m benchmarks.sanafe`.

SANA-FE (github.com/SLAM-Lab/SANA-FE, GPL) is installed by pip into an environment of its own, never into deltasim's.
Both simulate networks whose activations are 0 or 1, a frame a time step: SANA-FE its own neurons, whose spikes are
compared with deltasim's messages one by one. Printed are events and energy by kind, time steps, and what simulating
took.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import sanafe_jobs, sanafe_steps
from benchmarks.sanafe_cases import CASES, Case
from benchmarks.sanafe_environment import VERSION, interpreter
from benchmarks.sanafe_jobs import AJ, KINDS
from benchmarks.sanafe_memory import peak_bytes
from benchmarks.sanafe_weaknesses import weaknesses
from hwmodels import Accelerator, chip_of
from hwmodels.pricing import action_prices
from hwmodels.records import ACTIONS
from simulator import Result

SIZES = {"small": (24, 24, 1), "full": (200, 4000, 5)}  # frames compared, frames of the speed table, repeats

Rows = list[dict[str, Any]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sanafe", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full", help="small: a smoke run")
    parser.add_argument(
        "--weaknesses", action="store_true", help="what SANA-FE makes of wrong files, and of convolutions"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--ours", nargs=2, metavar=("CASE", "FRAMES"), help=argparse.SUPPRESS
    )  # the child that is timed
    options = parser.parse_args()
    if options.ours:
        print(json.dumps(_simulated(CASES[options.ours[0]](int(options.ours[1])))))
        return
    python = interpreter()
    results = weaknesses(python) if options.weaknesses else comparison(python, *SIZES[options.size])
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for title, rows in results.items():
        _print(title, rows)


def comparison(python: Path, compared: int, timed: int, repeats: int) -> dict[str, Rows]:
    """All tables: for each case events and energies, steps, and cost of simulating."""
    tables: dict[str, Rows] = {}
    for name, make in CASES.items():
        case = make(compared)
        tables[f"{case.name}: events and energy, {compared} frames"] = energies(case, python)
        tables[f"{case.name}: ns per time step"] = latencies(case, python)
        tables[f"{case.name}: simulating {timed} frames, one thread each"] = speed(name, timed, repeats, python)
    return tables


def energies(case: Case, python: Path) -> Rows:
    """Per kind of event: how many, and their energy; SANA-FE is asked for one kind at a time, all others being free."""
    chip, prices = chip_of(case.accelerator), prices_of(case.accelerator)
    result = sanafe_steps.run(case, chip)
    job = sanafe_jobs.job_of(case, result.plan, timing="simple", threads=1)
    rows: Rows = []
    for kind in KINDS:
        only = {price: value if price == kind.price else 0 for price, value in prices.items()}
        theirs = _theirs(case, python, result, job, only)["energy"]["total"]
        rows.append(
            _energy_row(kind.name, int(sanafe_steps.counted(result, kind.column).sum()), prices[kind.price], theirs)
        )
    total = sum(row["deltasim pJ"] for row in rows)
    theirs = _theirs(case, python, result, job, prices)["energy"]["total"]
    return [*rows, {"event": "all"} | dict.fromkeys(("deltasim", "SANA-FE"), "") | _energies(total, theirs * 1e12)]


def latencies(case: Case, python: Path) -> Rows:
    """Time per step by both, and by deltasim with SANA-FE's rules put in one after the other."""
    chip = chip_of(case.accelerator)
    result = sanafe_steps.run(case, chip)
    job = sanafe_jobs.job_of(case, result.plan, timing="detailed", threads=1, spikes=True)
    answer = _theirs(case, python, result, job, prices_of(case.accelerator))
    same_spikes(case, result, answer)
    theirs, steps = np.array(answer["trace"]["sim_time"]) * 1e9, sanafe_steps.steps_of(case, chip)
    compared = {
        "deltasim": steps.as_run,
        "... with endless queues": steps.without_back_pressure,
        "... and receiving beside the own scan": steps.receiving_beside_scanning,
        "... and without the flit at the port": steps.without_port,
        "SANA-FE, detailed": theirs,
    }
    return [
        {
            "": name,
            "mean": float(values.mean()),
            "least": float(values.min()),
            "most": float(values.max()),
            "largest relative difference from SANA-FE": f"{np.abs(values / theirs - 1).max():.1e}",
        }
        for name, values in compared.items()
    ]


def same_spikes(case: Case, result: Result, answer: dict[str, Any]) -> None:
    """Stop unless SANA-FE's neurons sent, step by step, just the messages that deltasim's did."""
    sizes = [case.network.inputs, *(layer.outputs for layer in case.network.layers[:-1])]
    assert result.integers is not None  # noqa: S101 - the run keeps them
    begin = np.cumsum([0, *sizes])
    fill = len(case.network.layers)
    for number, step in enumerate(answer["spikes"], start=fill):
        sent = {
            (f"layer{layer}", int(neuron))
            for layer in range(len(sizes))
            for neuron in np.flatnonzero(result.integers[number - layer, begin[layer] : begin[layer + 1]])
        }
        if sent != {(group, neuron) for group, neuron in step}:
            raise SystemExit(f"{case.name}: in step {number} SANA-FE's spikes are not deltasim's messages")


def speed(name: str, frames: int, repeats: int, python: Path) -> Rows:
    """Wall time and memory, each simulator in a process of its own, taking turns."""
    case = CASES[name](frames)
    chip, prices = chip_of(case.accelerator), prices_of(case.accelerator)
    result = sanafe_steps.run(case, chip)
    job = sanafe_jobs.job_of(case, result.plan, timing="detailed", threads=1)
    ours, theirs = [], []
    for _ in range(repeats):
        command = [sys.executable, "-m", "benchmarks.sanafe", "--ours", name, str(frames)]
        ours.append(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))
        theirs.append(_theirs(case, python, result, job, prices))
    events = int(sanafe_steps.counted(result, "adds").sum())
    shares = [frames / job["steps"], 1.0]  # deltasim's time is for all frames, SANA-FE's for the steps measured
    rows: Rows = []
    for title, runs, share in zip(("deltasim", f"SANA-FE {VERSION}, detailed"), (ours, theirs), shares, strict=True):
        seconds = median(each["seconds"] for each in runs) / share
        rows.append(
            {
                "": title,
                "loading, s": median(each["load_seconds"] for each in runs),
                "us per frame": 1e6 * seconds / job["steps"],
                "million synaptic events per second": events / seconds / 1e6,
                "peak memory, MiB": median(each["peak_bytes"] for each in runs) / 2**20,
            }
        )
    ratios = [b["seconds"] / (a["seconds"] / shares[0]) for a, b in zip(ours, theirs, strict=True)]
    return [row | {"times faster (median of pairs)": median(ratios) if row is rows[0] else 1.0} for row in rows]


def prices_of(accelerator: Accelerator) -> dict[str, int]:
    """aJ by SANA-FE's name for it; all cores are alike."""
    own = dict(zip((action.column for action in ACTIONS), action_prices(accelerator)[0].tolist(), strict=True))
    return {kind.price: own[kind.column] for kind in KINDS}


def _simulated(case: Case) -> dict[str, float]:
    """What the timed child measures: the second of two runs, for the first may compile."""
    chip = chip_of(case.accelerator)
    begin = time.perf_counter()
    sanafe_steps.timed(case, chip)
    loaded = time.perf_counter()
    sanafe_steps.timed(case, chip)
    return {"load_seconds": loaded - begin, "seconds": time.perf_counter() - loaded, "peak_bytes": peak_bytes()}


def _theirs(case: Case, python: Path, result: Result, job: dict[str, Any], prices: dict[str, int]) -> dict[str, Any]:
    architecture = sanafe_jobs.architecture_of(chip_of(case.accelerator), result.plan, prices, case.network.inputs)
    with TemporaryDirectory() as folder:
        return sanafe_jobs.run(python, Path(folder), job, architecture)


def _energy_row(name: str, count: int, price_aj: int, theirs_joule: float) -> dict[str, Any]:
    events = {"event": name, "deltasim": count, "SANA-FE": round(theirs_joule / (price_aj * AJ), 6)}
    return events | _energies(count * price_aj * 1e-6, theirs_joule * 1e12)


def _energies(ours_pj: float, theirs_pj: float) -> dict[str, Any]:
    return {"deltasim pJ": ours_pj, "SANA-FE pJ": theirs_pj, "ratio - 1": f"{ours_pj / theirs_pj - 1:.1e}"}


def _print(title: str, rows: Rows) -> None:
    table = Table(title=title, title_justify="left")
    for heading in rows[0]:
        table.add_column(heading, justify="left" if heading in {"", "event", "case", "what happened"} else "right")
    for row in rows:
        table.add_row(
            *(
                f"{value:,.2f}" if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
                for value in row.values()
            )
        )
    Console(width=160).print(table)


if __name__ == "__main__":
    main()
