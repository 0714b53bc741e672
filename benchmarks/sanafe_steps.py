"""How long a time step takes, by deltasim's rules, by SANA-FE's, and by the rules in between.

All start from the same messages. `SANA-FE's rules` are those of its detailed model where its estimate of congestion
does not bind: a core receives beside its own scan and whatever is sent finds room.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from operator import itemgetter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.sanafe_cases import Case
from hwmodels import Chip
from simulator import Arrival, Result, simulate

ENDLESS = 2**20  # a queue that is never full
PIPELINED = Arrival("pipelined")
SERVED = ("adds", "messages_in")  # counted where a message is served: a step's belong to the frame its sender sends


@dataclass(frozen=True)
class Steps:
    """ns per step measured, (steps,) each: the run itself, and with one rule after the other replaced by SANA-FE's."""

    as_run: NDArray[np.float64]
    links_of_their_own: NDArray[np.float64]
    without_back_pressure: NDArray[np.float64]
    receiving_beside_scanning: NDArray[np.float64]
    without_port: NDArray[np.float64]
    with_their_barrier: NDArray[np.float64]


def run(case: Case, chip: Chip, *, record_messages: bool = False) -> Result:
    """The rounding network, one frame a step."""
    return simulate(
        case.network,
        case.frames,
        chip,
        "rounding",
        arrival=PIPELINED,
        mapping=case.mapping,
        keep_integers=True,
        record_messages=record_messages,
    )


def timed(case: Case, chip: Chip) -> Result:
    """The same, with nothing kept but counts and times."""
    return simulate(case.network, case.frames, chip, "rounding", arrival=PIPELINED, mapping=case.mapping)


def counted(result: Result, column: str) -> NDArray[np.int64]:
    """(steps,): what was counted in each time step in which every layer has a frame: layer l sends frame step - l."""
    table, layers = result.counts_table(), level_of(result)
    step = table["frame"].to_numpy() + layers[table["core"].to_numpy()] - (1 if column in SERVED else 0)
    fill = int(layers.max())
    steps = np.zeros(int(step.max()) + 1, np.int64)
    np.add.at(steps, step[step >= 0], table[column].to_numpy()[step >= 0])
    return steps[fill : len(result.counts)]


def level_of(result: Result) -> NDArray[np.int64]:
    """(cores,): the layer each core holds; networks here are chains of layers."""
    return np.array([core.layer_index for core in result.plan.cores])


def private(chip: Chip) -> Chip:
    """The chip whose connections have links of their own."""
    return replace(chip, shared_links=False, router_depth=None)


def steps_of(case: Case, chip: Chip) -> Steps:
    """Simulate as it is, without shared links, and with endless queues as well, and time the last by hand."""
    endless = replace(private(chip), cores=tuple(replace(core, queue_depth=ENDLESS) for core in chip.cores))
    as_run, own_links, free = run(case, chip), run(case, private(chip)), run(case, endless, record_messages=True)
    return Steps(
        as_run=_durations(as_run),
        links_of_their_own=_durations(own_links),
        without_back_pressure=_durations(free),
        receiving_beside_scanning=_by_hand(free, 0),
        without_port=_by_hand(free, chip.flit_fs),
        with_their_barrier=_by_hand(free, chip.flit_fs)
        + (_their_barrier_ns(chip, free) - free.plan.release_fs[0] * 1e-6),
    )


def without_congestion(messages: list[list[list[float | None]]], chip: Chip, result: Result) -> NDArray[np.float64]:
    """ns per step by SANA-FE's own record of messages (`sanafe_child._message`), whose way takes just its hops.

    In its record the messages of a sender are in order of sending; what is left of its scan after them stands first.
    """
    barrier_ns = _their_barrier_ns(chip, result)
    return np.array([_step_without_congestion(step, chip) + barrier_ns for step in messages])


def _step_without_congestion(messages: list[list[float | None]], chip: Chip) -> float:
    made: dict[float | None, float] = defaultdict(float)
    sent = []
    for sender, receiver, making, serving, hops_ew, hops_ns in sorted(messages, key=lambda each: each[1] is None):
        made[sender] += making or 0.0
        way = ((hops_ew or 0) * chip.hop_ew_fs + (hops_ns or 0) * chip.hop_ns_fs) * 1e-6
        if receiver is not None:
            sent.append((made[sender], receiver, way, serving or 0.0))
    free: dict[float, float] = defaultdict(float)
    for at, receiver, way, serving in sorted(sent, key=itemgetter(0)):
        free[receiver] = max(free[receiver], at + way) + serving
    return max([*made.values(), *free.values()])


def _their_barrier_ns(chip: Chip, result: Result) -> float:
    """SANA-FE takes the largest entry of the table that is not above the tiles in use, deltasim the next above."""
    tiles = len({core.tile for core in result.plan.cores})
    return max((most, latency) for most, latency in chip.barrier_fs if most <= tiles)[1] * 1e-6


def _starts(result: Result) -> NDArray[np.int64]:
    """(steps + 1,): when each step begins: all update phases begin together."""
    table, layers = result.counts_table(), level_of(result)
    step = table["frame"].to_numpy() + layers[table["core"].to_numpy()]
    starts = np.zeros(int(step.max()) + 1, np.int64)
    starts[step] = table["update_start_fs"].to_numpy()
    return starts[int(layers.max()) : len(result.counts) + 1]


def _durations(result: Result) -> NDArray[np.float64]:
    durations: NDArray[np.float64] = np.diff(_starts(result)) * 1e-6
    return durations


def _by_hand(free: Result, port_fs: int) -> NDArray[np.float64]:
    """ns per step if every core receives from the step's start on, in order of sending; a run without back-pressure."""
    counts, messages, layers = free.counts_table(), free.messages_table(), level_of(free)
    starts = _starts(free)
    fill = int(layers.max())
    scan = (counts["update_end_fs"] - counts["update_start_fs"]).to_numpy()
    longest = _longest(counts["frame"].to_numpy() + layers[counts["core"].to_numpy()] - fill, scan, len(starts))
    step = messages["frame"].to_numpy() + layers[messages["sender"].to_numpy()] - fill
    for at, within in messages.groupby(step):
        if 0 <= int(at) < len(starts):
            for _, received in within.groupby("receiver"):
                longest[int(at)] = max(longest[int(at)], _served(received, int(starts[int(at)]), port_fs))
    durations: NDArray[np.float64] = np.asarray((longest[:-1] + free.plan.release_fs[0]) * 1e-6, np.float64)
    return durations


def _longest(step: NDArray[np.int64], duration: NDArray[np.int64], steps: int) -> NDArray[np.int64]:
    result = np.zeros(steps, np.int64)
    inside = (step >= 0) & (step < steps)
    np.maximum.at(result, step[inside], duration[inside])
    return result


def _served(messages: pd.DataFrame, start_fs: int, port_fs: int) -> int:
    """When the last of one receiver's messages is served, counted from the step's start."""
    ordered = messages.sort_values("sent_fs", kind="stable")
    free = 0
    for arrival, begin, end in ordered[["arrival_fs", "start_fs", "end_fs"]].itertuples(index=False):
        free = max(free, int(arrival) - start_fs - port_fs) + int(end) - int(begin)
    return free
