"""The fast engine against the reference engine, and synaptic events per second of the whole simulation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from statistics import median

import numpy as np

from benchmarks.cases import Case, changing_inputs
from hwmodels.records import COLUMNS
from simulator import simulate

SHARE = 0.10


def events_per_second(count: int, repeats: int) -> list[dict[str, object]]:
    """Whole simulation (integers, messages, counts, times, records) on one thread, per encoding and synchronisation.

    A synaptic event is one message reaching one synapse (messages times fan-out, unit events counted one by one when
    unary).
    """
    rows = []
    for encoding in ("graded", "shift_add", "unary"):
        for synchronisation in ("dataflow", "barrier"):
            case = changing_inputs(count, SHARE, encoding)
            chip = replace(case.chip, synchronisation=synchronisation, barrier_fs=((1, 0),))
            seconds = _median_seconds(lambda case=case, chip=chip: simulate(case.network, case.frames, chip), repeats)
            values, events = _events(case, chip)
            rows.append(
                {
                    "encoding": encoding,
                    "synchronisation": synchronisation,
                    "inputs changing": f"{SHARE:.0%}",
                    "us per frame": 1e6 * seconds / count,
                    "G synaptic events/s": events / seconds / 1e9,
                    "G value-synapses/s": values / seconds / 1e9,
                }
            )
    return rows


def fast_against_reference(count: int, repeats: int) -> list[dict[str, object]]:
    """Both engines on the same frames, taking turns; the same counts come out, or the benchmark fails."""
    case = changing_inputs(count, SHARE)
    fast, slow = [], []
    for _ in range(repeats):
        fast.append(_seconds(lambda: simulate(case.network, case.frames, case.chip)))
        slow.append(_seconds(lambda: simulate(case.network, case.frames, case.chip, engine="reference")))
    a, b = (simulate(case.network, case.frames, case.chip, engine=engine) for engine in ("fast", "reference"))
    np.testing.assert_array_equal(a.counts, b.counts)
    ratios = [s / f for s, f in zip(slow, fast, strict=True)]
    return [
        {
            "frames": count,
            "reference ms per frame": 1e3 * median(slow) / count,
            "fast ms per frame": 1e3 * median(fast) / count,
            "times faster (median of pairs)": median(ratios),
        }
    ]


def _events(case: Case, chip: object) -> tuple[int, int]:
    """(values times fan-out, wire messages times fan-out) over all frames."""
    result = simulate(case.network, case.frames, chip)  # type: ignore[arg-type]
    fan_out = np.array([*(link.channels for link in result.plan.flows), 0])
    per_core = result.counts.sum(axis=0)
    columns = (COLUMNS.index("values_out"), COLUMNS.index("messages_out"))
    values, messages = (int((per_core[:, column] * fan_out).sum()) for column in columns)
    return values, messages


def _median_seconds(work: Callable[[], object], repeats: int) -> float:
    work()  # compiles, or loads what was compiled
    return median(_seconds(work) for _ in range(repeats))


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
