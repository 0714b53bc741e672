"""The fast engine: the integers of a block of frames first, then all times by exact recurrences, both compiled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hwmodels.records import MESSAGE_COLUMNS
from simulator.blocks import Arrival, Block, check_block
from simulator.bundles import bundle
from simulator.counts.counting import Factors, complete_counts, factors_of, link_messages, mesh_counts
from simulator.counts.part_arrays import Parts, part_arrays
from simulator.errors import SimulationError
from simulator.placement.plan import Plan
from simulator.sharing import Team, usable_cores
from simulator.timing.events import EventState, new_event_state
from simulator.timing.kernels_events import run_events
from simulator.timing.kernels_time import NEXT, RELEASE, SHARE, barrier_steps, dataflow_frames, transfers_band
from simulator.timing.longest import Costs, costs_of, fits, frame_costs, too_long
from simulator.timing.waiting import who_waits
from simulator.timing.way_arrays import Ways, way_arrays
from simulator.values.arrays import (
    ROOMS,
    NetworkArrays,
    Slots,
    TimeState,
    Timing,
    ValueState,
    network_arrays,
    new_slots,
    new_time_state,
    new_value_state,
    timing_arrays,
)
from simulator.values.finding import find_integers
from simulator.values.products import DenseLayer, Products
from workloads.integer.network import IntegerNetwork

Frames = NDArray[np.uint8]
PARTS = ("values", "slots", "times", "events")


@dataclass
class FastState:
    """A run underway. Everything that changes is in the arrays, so that `checkpoint` and `restore` are copies of
    them.
    """

    network: IntegerNetwork
    plan: Plan
    net: NetworkArrays
    timed: NetworkArrays  # the same without weights: the kernels of time are compiled once, whatever their type
    parts: Parts
    factors: Factors
    timing: Timing
    values: ValueState
    slots: Slots
    times: TimeState
    outputs: NDArray[np.int32]  # (ring, outputs or neurons): integers of the frames underway
    progress: NDArray[np.int64]  # (2,): frames whose integers are known; frames handed over
    ways: Ways
    events: EventState  # used where the plan is no chain
    underway: int  # frames that may be in the chip besides those of a block
    interval_fs: int  # between arrivals, of any length
    costs: Costs  # of what frames do, to see before they are timed that no time will pass the limit
    team: Team
    dense: dict[int, DenseLayer] = field(default_factory=dict)  # float weights of the cores that needed them

    def in_map_order(self, frames: Frames) -> Frames:
        """Frames (n, pixels) given in (channel, y, x) order, as the cores hold them, in (y, x, channel) order."""
        height, width, channels = self.plan.layers[0].shape
        if channels == 1:
            return np.ascontiguousarray(frames)
        maps = frames.reshape(len(frames), channels, height, width)
        return np.ascontiguousarray(maps.transpose(0, 2, 3, 1)).reshape(len(frames), -1)


def frames_underway(plan: Plan, arrival: Arrival) -> int:
    """Frames in the chip besides those of a block. A chain without barriers is timed frame by frame, whatever
    overlaps.
    """
    return len(plan.layers) if arrival.kind == "pipelined" and (plan.barrier or not plan.chain) else 0


def start(
    network: IntegerNetwork,
    plan: Plan,
    arrival: Arrival,
    *,
    block: int,
    keep_integers: bool = False,
    threads: int | None = None,
    products: Products = "auto",
) -> FastState:
    """A run at time zero that will be fed at most `block` frames at a time.

    threads: how many share the work, all cores by default. products: whether sums are made message by message or by
    dense products; `auto` takes what is predicted to be faster. Neither changes any result.
    """
    if plan.barrier and not plan.layered and arrival.kind != "serial":
        raise SimulationError(
            "a network that skips layers, on a chip with barriers, takes one frame at a time: use arrival: serial"
        )
    net, parts = network_arrays(network, plan, products), part_arrays(plan)
    ways, team = way_arrays(plan), Team(threads or usable_cores())
    timing = timing_arrays(plan, net.wire, serial=arrival.kind == "serial", interval_fs=arrival.interval_fs)
    ring = block + frames_underway(plan, arrival)
    width = int(net.sent[-1]) if keep_integers else network.outputs
    return FastState(
        network=network,
        plan=plan,
        net=bundle(net),
        timed=bundle(net._replace(weights=np.zeros(0, np.int8))),
        parts=bundle(parts),
        factors=factors_of(plan, parts),
        timing=bundle(timing),
        values=bundle(new_value_state(net, parts, team.size)),
        slots=bundle(new_slots(net, parts, plan, ring)),
        times=bundle(new_time_state(plan, timing)),
        outputs=np.zeros((ring, width), np.int32),
        progress=np.zeros(2, np.int64),
        ways=bundle(ways),
        events=bundle(new_event_state(plan, parts, ways)),
        underway=frames_underway(plan, arrival),
        interval_fs=arrival.interval_fs,
        costs=costs_of(plan, parts, serial=timing.serial),
        team=team,
    )


def advance(state: FastState, frames: Frames, *, last: bool = False, trace: bool = False) -> Block:
    """Simulate `frames` (n, pixels) uint8 and return the frames finished; `last` lets the pipeline run dry."""
    room = len(state.outputs) - state.underway
    if len(frames) > room:
        raise SimulationError(f"a block of {len(frames)} frames, the run was started for {room} at a time")
    known = int(state.progress[0])
    if len(frames):
        find_values(state, frames)
    messages = find_times(state, last=last, room=_room_for_messages(state, known) if trace else 0)
    if last and not state.plan.chain:
        _check_all_done(state)
    return hand_over(state, last=last, messages=messages if trace else None)


def _check_all_done(state: FastState) -> None:
    waiting = who_waits(state.plan, state.parts, state.events, int(state.progress[0]))
    if waiting:
        lines = "".join(f"\n  - {line}" for line in waiting)
        raise SimulationError(f"the chip has come to a stop, its cores wait for each other:{lines}")


def find_values(state: FastState, frames: Frames) -> None:
    """Find the integers and messages of the next `frames` (n, pixels) uint8, in (channel, y, x) order, dense products
    wherever they are predicted to be faster. Raises SimulationError for other frames: the kernels do not look.
    """
    check_block(frames, state.network)
    known = int(state.progress[0])
    integers = np.empty((len(frames), state.outputs.shape[1]), np.int32)
    find_integers(state, state.in_map_order(frames), known, integers)
    state.outputs[(known + np.arange(len(frames))) % len(state.outputs)] = integers
    state.progress[0] += len(frames)


def find_times(state: FastState, *, last: bool, room: int = 0) -> NDArray[np.int64]:
    """Time all frames whose integers are known, as far as that goes. Returns up to `room` message rows.

    Raises SimulationError, before it happens, where a time could pass 2**63 fs.
    """
    messages = np.empty((room, len(MESSAGE_COLUMNS)), np.int64)
    done, known = int(state.progress[1]), int(state.progress[0])
    frames = frame_costs(state.costs, state.slots, np.arange(done, known) % len(state.outputs))
    if fits(state.costs, frames, _time_reached(state, known)):
        return messages[: _advance_time(state, known, last=last, messages=messages)]
    traced, oldest = 0, done
    begun = int(state.times.clock[NEXT]) + state.underway if state.underway else done + 1
    for until in range(min(max(done + 1, begun), known), known + 1):  # frame by frame less is left, so more may fit
        left, now_fs = frames[oldest - done : until - done], _time_reached(state, until)
        if not fits(state.costs, left, now_fs):
            raise too_long(state.costs, left, now_fs, until - 1)
        traced = _advance_time(state, until, last=last and until == known, messages=messages, traced=traced)
        oldest = max(oldest, _finished(state, until, last=False))
    return messages[:traced]


def _time_reached(state: FastState, known: int) -> int:
    """The latest time (fs) in the run so far, or the last arrival of the frames that are known."""
    times = state.times
    reached = (times.update_end, times.serve_end, times.link_free, times.ends, times.clock[RELEASE:])
    arrival_fs = max(known - 1, 0) * state.interval_fs
    return max(arrival_fs, *(int(each.max()) for each in reached))


def checkpoint(state: FastState) -> dict[str, NDArray[np.generic]]:
    """All that changes, by name, copied; the same for any number of threads."""
    arrays = {name: array.copy() for name, array in _changing(state)}
    return arrays | {"outputs": state.outputs.copy(), "progress": state.progress.copy()}


def restore(state: FastState, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Bring a freshly started run back to where `checkpoint` left it; raises SimulationError where they don't match."""
    for name, target in checkpoint(state).items():
        if name not in arrays or arrays[name].shape != target.shape or arrays[name].dtype != target.dtype:
            raise SimulationError(f"checkpoint does not belong to this run: {name} is missing or of another shape")
    for name, array in _changing(state):
        array[...] = arrays[name]
    state.outputs[...] = arrays["outputs"]
    state.progress[...] = arrays["progress"]


def _changing(state: FastState) -> Iterator[tuple[str, NDArray[np.generic]]]:
    for part in PARTS:
        for name, array in getattr(state, part)._asdict().items():
            if name not in ROOMS:
                yield f"{part}.{name}", array


def blocks_of(frames: Iterable[Frames], size: int) -> Iterator[Frames]:
    """Cut a stream of frame arrays into arrays of at most `size` frames."""
    for array in frames:
        for begin in range(0, len(array), size):
            yield array[begin : begin + size]


def _advance_time(state: FastState, known: int, *, last: bool, messages: NDArray[np.int64], traced: int = 0) -> int:
    """Time the frames up to number `known` (not included). Returns the message rows written so far."""
    if not state.plan.chain:
        arrays = (state.timed, state.parts, state.ways, state.slots, state.timing, state.times, state.events)
        return int(run_events(*arrays, known, last or state.timing.serial, messages, traced))
    if not state.plan.barrier:
        chip = (state.timed, state.slots, state.timing, state.times)
        while (rows := int(dataflow_frames(*chip, known, messages, traced, state.team.size))) == SHARE:
            state.team.share(transfers_band, *chip, messages)
        return rows
    cores = len(state.plan.layers)
    until = known * cores if state.timing.serial else known + (cores - 1 if last and known else 0)
    return int(barrier_steps(state.timed, state.slots, state.timing, state.times, known, until, messages, traced))


def _room_for_messages(state: FastState, known: int) -> int:
    """At most this many messages can be served now: those of the new frames and of the ones still underway."""
    oldest = max(0, known - state.underway)
    slots = np.arange(oldest, int(state.progress[0])) % len(state.outputs)
    return int(link_messages(state.slots, slots, state.plan, state.factors).sum())


def hand_over(state: FastState, *, last: bool, messages: NDArray[np.int64] | None = None) -> Block:
    """The frames that are finished, with all their counts."""
    known, done = (int(n) for n in state.progress)
    finished = _finished(state, known, last=last)
    slots = np.arange(done, finished) % len(state.outputs)
    integers = state.outputs[slots]
    classes = state.plan.layers[-1].neurons
    state.progress[1] = finished
    keeps = state.outputs.shape[1] != classes
    return Block(
        first=done,
        counts=complete_counts(state.slots, slots, done, state.plan, state.factors),
        mesh=mesh_counts(state.slots, slots, state.plan, state.factors),
        outputs=integers[:, -classes:],
        integers=integers if keeps else None,
        messages=messages,
    )


def _finished(state: FastState, known: int, *, last: bool) -> int:
    """How many of the first `known` frames have left the chip, at least."""
    if not state.underway or last:
        return known
    begun = len(state.plan.layers) - 1 if state.plan.chain else 0
    return max(int(state.progress[1]), min(known, int(state.times.clock[NEXT]) - begun))
