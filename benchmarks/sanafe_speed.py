"""What simulating costs, SANA-FE beside deltasim: `python -m benchmarks.sanafe_speed CASE FRAMES LINKS` is timed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import sanafe_jobs, sanafe_steps
from benchmarks.sanafe_cases import CASES, Case
from benchmarks.sanafe_environment import VERSION
from benchmarks.sanafe_memory import peak_bytes

OURS = {"deltasim, shared links": "shared", "deltasim, links of their own": "private"}
RUNS = 3  # timed in one process
THEIRS = f"SANA-FE {VERSION}, detailed"

Measured = dict[str, float]


def main() -> None:
    """Measure deltasim alone and print JSON."""
    name, frames, links = sys.argv[1:]
    case = CASES[name](int(frames))
    print(json.dumps(_simulated(case if links == "shared" else replace(case, chip=sanafe_steps.private(case.chip)))))


def speed(name: str, frames: int, repeats: int, python: Path) -> list[dict[str, Any]]:
    """Wall time and memory, each simulator in a process of its own and on one thread, taking turns."""
    case = CASES[name](frames)
    result = sanafe_steps.run(case, case.chip)
    job = sanafe_jobs.job_of(case, result.plan, timing="detailed", threads=1)
    prices = sanafe_jobs.prices_of(case.accelerator)
    for links in OURS.values():
        _in_own_process(name, frames, links)  # compiles, once and for all
    runs: dict[str, list[Measured]] = {title: [] for title in (*OURS, THEIRS)}
    for _ in range(repeats):
        for title, links in OURS.items():
            runs[title].append(_in_own_process(name, frames, links))
        answer = sanafe_jobs.answer_of(case, python, result.plan, job, prices)
        # SANA-FE's time is that of the steps measured, deltasim's that of all frames.
        runs[THEIRS].append({**answer, "seconds": answer["seconds"] * frames / job["steps"]})
    events = int(sanafe_steps.counted(result, "adds").sum()) * frames / job["steps"]
    messages = int(sanafe_steps.counted(result, "messages_out").sum()) * frames / job["steps"]
    return [_row(title, each, runs[THEIRS], frames, events, messages) for title, each in runs.items()]


def _row(
    title: str, runs: list[Measured], theirs: list[Measured], frames: int, events: float, messages: float
) -> dict[str, Any]:
    seconds = median(each["seconds"] for each in runs)
    ratios = [b["seconds"] / a["seconds"] for a, b in zip(runs, theirs, strict=True)]
    return {
        "": title,
        "loading, s": median(each["load_seconds"] for each in runs),
        "us per frame": 1e6 * seconds / frames,
        "million messages per second": messages / seconds / 1e6,
        "million synaptic events per second": events / seconds / 1e6,
        "times SANA-FE (median of pairs)": median(ratios),
        "peak memory, MiB": median(each["peak_bytes"] for each in runs) / 2**20,
    }


def _in_own_process(name: str, frames: int, links: str) -> Measured:
    command = [sys.executable, "-m", "benchmarks.sanafe_speed", name, str(frames), links]
    measured: Measured = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return measured


def _simulated(case: Case) -> Measured:
    """The first run, which loads what was compiled, and the median of some more."""
    seconds = []
    for _ in range(1 + RUNS):
        begin = time.perf_counter()
        sanafe_steps.timed(case, case.chip)
        seconds.append(time.perf_counter() - begin)
    return {"load_seconds": seconds[0], "seconds": median(seconds[1:]), "peak_bytes": peak_bytes()}


if __name__ == "__main__":
    main()
