"""deltasim beside SANA-FE: the same network, the same messages, the same prices: `python -m benchmarks.sanafe`.

SANA-FE (github.com/SLAM-Lab/SANA-FE, GPL) is installed by pip into an environment of its own, never into deltasim's.
Both simulate networks whose activations are 0 or 1, a frame a time step: SANA-FE its own neurons, whose spikes are
compared with deltasim's messages one by one. Printed are events and energy by kind, time steps, and what simulating
took.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from benchmarks import sanafe_jobs, sanafe_steps
from benchmarks.sanafe_cases import CASES, Case
from benchmarks.sanafe_environment import interpreter
from benchmarks.sanafe_jobs import ATTOJOULE, KINDS, answer_of, prices_of
from benchmarks.sanafe_speed import speed
from benchmarks.sanafe_weaknesses import weaknesses
from deltasim.cli.terminal import plain_console
from simulator import Result

SIZES = {"small": (24, 24, 1), "full": (200, 1000, 3)}  # frames compared, frames of the speed table, repeats

Rows = list[dict[str, Any]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.sanafe", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full", help="small: a smoke run")
    parser.add_argument(
        "--weaknesses", action="store_true", help="what SANA-FE makes of wrong files, and of convolutions"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
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
    chip, prices = case.chip, prices_of(case.accelerator)
    result = sanafe_steps.run(case, chip)
    job = sanafe_jobs.job_of(case, result.plan, timing="simple", threads=1)
    rows: Rows = []
    for kind in KINDS:
        only = {price: value if price == kind.price else 0 for price, value in prices.items()}
        theirs = answer_of(case, python, result.plan, job, only)["energy"]["total"]
        rows.append(
            _energy_row(kind.name, int(sanafe_steps.counted(result, kind.column).sum()), prices[kind.price], theirs)
        )
    total = sum(row["deltasim pJ"] for row in rows)
    theirs = answer_of(case, python, result.plan, job, prices)["energy"]["total"]
    return [*rows, {"event": "all"} | dict.fromkeys(("deltasim", "SANA-FE"), "") | _energies(total, theirs * 1e12)]


def latencies(case: Case, python: Path) -> Rows:
    """Time per step by both, and in between deltasim with SANA-FE's rules put in one after the other."""
    chip = case.chip
    result = sanafe_steps.run(case, chip)
    job = sanafe_jobs.job_of(case, result.plan, timing="detailed", threads=1, spikes=True)
    answer = answer_of(case, python, result.plan, job, prices_of(case.accelerator))
    same_spikes(case, result, answer)
    theirs, steps = np.array(answer["trace"]["sim_time"]) * 1e9, sanafe_steps.steps_of(case, chip)
    compared = {
        "deltasim": steps.as_run,
        "... with links of their own": steps.links_of_their_own,
        "... and endless queues": steps.without_back_pressure,
        "... and receiving beside the own scan": steps.receiving_beside_scanning,
        "... and without the flit at the port": steps.without_port,
        "... and SANA-FE's entry of the barrier's table": steps.with_their_barrier,
        "SANA-FE without its estimate of congestion": sanafe_steps.without_congestion(answer["messages"], chip, result),
        "SANA-FE, detailed": theirs,
    }
    below = [*list(compared.values())[1:], theirs]
    return [
        {
            "": name,
            "mean": float(values.mean()),
            "least": float(values.min()),
            "most": float(values.max()),
            "from the row below, at most": f"{np.abs(values / next_values - 1).max():.1e}",
        }
        for (name, values), next_values in zip(compared.items(), below, strict=True)
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


def _energy_row(name: str, count: int, price_aj: int, theirs_joule: float) -> dict[str, Any]:
    events = {"event": name, "deltasim": count, "SANA-FE": round(theirs_joule / (price_aj * ATTOJOULE), 6)}
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
    plain_console(width=160).print(table)


if __name__ == "__main__":
    main()
