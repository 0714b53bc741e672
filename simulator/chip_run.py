"""One network of Figure 1 on a chip: from frames whose integers are known to exact counts and times, both compiled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwmodels.records import MESSAGE_COLUMNS
from simulator.blocks import Arrival, Block
from simulator.bundles import bundle
from simulator.counts.arrays import Listing, Maps, Slots, lists_as_traced, map_arrays, new_listing, new_slots
from simulator.counts.counting import Factors, complete_counts, factors_of, flow_messages, mesh_counts
from simulator.counts.kernels_counts import follow_frames
from simulator.counts.part_arrays import Parts, part_arrays
from simulator.errors import SimulationError
from simulator.placement.plan import Plan
from simulator.sharing import Team
from simulator.timing.arrays import ROOMS, TimeState, Timing, new_time_state, timing_arrays
from simulator.timing.events import EventState, new_event_state
from simulator.timing.kernels_events import run_events
from simulator.timing.kernels_time import NEXT, RELEASE, SHARE, barrier_steps, dataflow_frames, transfers_band
from simulator.timing.longest import Costs, costs_of, fits, frame_costs, too_long
from simulator.timing.waiting import who_waits
from simulator.timing.way_arrays import Ways, way_arrays
from simulator.values.arrays import Trace


@dataclass
class ChipRun:
    """Everything that changes is in the arrays."""

    plan: Plan
    trace: Trace
    carried: bool
    maps: Maps
    parts: Parts
    factors: Factors
    timing: Timing
    listing: Listing
    slots: Slots
    times: TimeState
    progress: NDArray[np.int64]  # (2,): frames listed and counted; frames handed over
    ways: Ways
    events: EventState  # used where the plan is no chain
    underway: int  # frames that may be in the chip besides those of a block
    interval_fs: int  # between arrivals, of any length
    costs: Costs  # of what frames do, to see before they are timed that no time will pass the limit
    team: Team

    def changing(self) -> Iterator[tuple[str, NDArray[np.generic]]]:
        """Every array that what comes next depends on, by name; the listed integers are those of the source."""
        yield "progress", self.progress
        for part in ("times", "events", *(("slots",) if self.underway else ())):
            for name, array in getattr(self, part)._asdict().items():
                if name not in ROOMS:
                    yield f"{part}.{name}", array


def frames_underway(plan: Plan, arrival: Arrival) -> int:
    """Frames in the chip besides those of a block. A chain that sends tokens is timed frame by frame, whatever
    overlaps.
    """
    return len(plan.layers) if arrival.kind == "pipelined" and not (plan.chain and plan.schedule.sends_tokens) else 0


def start_on_chip(plan: Plan, arrival: Arrival, trace: Trace, *, largest: int, carried: bool, team: Team) -> ChipRun:
    """Time zero. `trace` is where the integers will be found, `carried` what it lists (see `Trace`), `largest` a
    magnitude that no value sent exceeds.

    Raises SimulationError where frames can't arrive so.
    """
    if not plan.schedule.sends_tokens and not plan.layered and arrival.kind != "serial":
        raise SimulationError(
            f"a network that skips layers, on a chip with {plan.schedule.title}, takes one frame at a time: "
            "use arrival: serial"
        )
    maps, parts, ways = map_arrays(plan, largest), part_arrays(plan), way_arrays(plan)
    timing = timing_arrays(plan, maps, serial=arrival.kind == "serial", interval_fs=arrival.interval_fs)
    as_traced = lists_as_traced(plan, carried=carried)
    return ChipRun(
        plan=plan,
        trace=trace,
        carried=carried,
        maps=bundle(maps),
        parts=bundle(parts),
        factors=factors_of(plan, parts),
        timing=bundle(timing),
        listing=bundle(new_listing(maps, as_traced=as_traced)),
        slots=bundle(new_slots(maps, parts, plan, trace, carried=carried)),
        times=bundle(new_time_state(plan, timing)),
        progress=np.zeros(2, np.int64),
        ways=bundle(ways),
        events=bundle(new_event_state(plan, parts, ways)),
        underway=frames_underway(plan, arrival),
        interval_fs=arrival.interval_fs,
        costs=costs_of(plan, parts, serial=timing.serial),
        team=team,
    )


def advance_chip(run: ChipRun, found: int, *, last: bool, record_messages: bool = False) -> Block:
    """Go on with the frames up to number `found` (not included), whose integers the trace holds by now.

    `last` lets the pipeline run dry.
    """
    known = int(run.progress[0])
    follow(run, found)
    messages = find_times(run, last=last, room=_room_for_messages(run, known) if record_messages else 0)
    if last and not run.plan.chain:
        _check_all_done(run)
    return hand_over(run, last=last, messages=messages if record_messages else None)


def follow(run: ChipRun, found: int) -> None:
    """List and count what is sent in the frames up to number `found` (not included)."""
    follow_frames(run.maps, run.parts, run.trace, run.listing, run.slots, int(run.progress[0]), found, run.carried)
    run.progress[0] = found


def _check_all_done(run: ChipRun) -> None:
    waiting = who_waits(run.plan, run.parts, run.events, int(run.progress[0]))
    if waiting:
        lines = "".join(f"\n  - {line}" for line in waiting)
        raise SimulationError(f"deadlock: cores wait for each other:{lines}")


def find_times(run: ChipRun, *, last: bool, room: int = 0) -> NDArray[np.int64]:
    """Time all frames whose integers are known, as far as that goes. Returns up to `room` message rows.

    Raises SimulationError, before it happens, where a time could pass 2**63 fs.
    """
    messages = np.empty((room, len(MESSAGE_COLUMNS)), np.int64)
    done, known = int(run.progress[1]), int(run.progress[0])
    frames = frame_costs(run.costs, run.slots, np.arange(done, known) % len(run.trace.messages))
    if fits(run.costs, frames, _time_reached(run, known)):
        return messages[: _advance_time(run, known, last=last, messages=messages)]
    traced, oldest = 0, done
    begun = int(run.times.clock[NEXT]) + run.underway if run.underway else done + 1
    for until in range(min(max(done + 1, begun), known), known + 1):  # frame by frame less is left, so more may fit
        left, now_fs = frames[oldest - done : until - done], _time_reached(run, until)
        if not fits(run.costs, left, now_fs):
            raise too_long(run.costs, left, now_fs, until - 1)
        traced = _advance_time(run, until, last=last and until == known, messages=messages, traced=traced)
        oldest = max(oldest, _finished(run, until, last=False))
    return messages[:traced]


def _time_reached(run: ChipRun, known: int) -> int:
    """The latest time (fs) in the run so far, or the last arrival of the frames that are known."""
    times = run.times
    reached = (times.update_end, times.serve_end, times.link_free, times.ends, times.clock[RELEASE:])
    arrival_fs = max(known - 1, 0) * run.interval_fs
    return max(arrival_fs, *(int(each.max()) for each in reached))


def _advance_time(run: ChipRun, known: int, *, last: bool, messages: NDArray[np.int64], traced: int = 0) -> int:
    """Time the frames up to number `known` (not included). Returns the message rows written so far."""
    if not run.plan.chain:
        arrays = (run.maps, run.parts, run.ways, run.slots, run.timing, run.times, run.events)
        return int(run_events(*arrays, known, last or run.timing.serial, messages, traced))
    if run.timing.tokens:
        chip = (run.maps, run.slots, run.timing, run.times)
        while (rows := int(dataflow_frames(*chip, known, messages, traced, run.team.size))) == SHARE:
            run.team.share(transfers_band, *chip, messages)
        return rows
    cores = len(run.plan.layers)
    until = known * cores if run.timing.serial else known + (cores - 1 if last and known else 0)
    return int(barrier_steps(run.maps, run.slots, run.timing, run.times, known, until, messages, traced))


def _room_for_messages(run: ChipRun, known: int) -> int:
    """At most this many messages can be served now: those of the new frames and of the ones still underway."""
    oldest = max(0, known - run.underway)
    slots = np.arange(oldest, int(run.progress[0])) % len(run.trace.messages)
    return int(flow_messages(run.slots, slots, run.plan, run.factors).sum())


def hand_over(run: ChipRun, *, last: bool, messages: NDArray[np.int64] | None = None) -> Block:
    """The frames that are finished, with all their counts."""
    known, done = (int(n) for n in run.progress)
    finished = _finished(run, known, last=last)
    slots = np.arange(done, finished) % len(run.trace.messages)
    integers = run.trace.integers[slots]
    classes = run.plan.layers[-1].neurons
    run.progress[1] = finished
    keeps = run.trace.integers.shape[1] != classes
    return Block(
        first=done,
        counts=complete_counts(run.slots, slots, done, run.plan, run.factors),
        mesh=mesh_counts(run.slots, slots, run.plan, run.factors),
        outputs=integers[:, -classes:],
        integers=integers if keeps else None,
        messages=messages,
    )


def _finished(run: ChipRun, known: int, *, last: bool) -> int:
    """How many of the first `known` frames have left the chip, at least."""
    if not run.underway or last:
        return known
    begun = len(run.plan.layers) - 1 if run.plan.chain else 0
    return max(int(run.progress[1]), min(known, int(run.times.clock[NEXT]) - begun))
