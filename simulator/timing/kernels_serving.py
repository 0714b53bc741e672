"""Compiled inner loops of the fast engine's event queue: a core in its receive phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Slots
from simulator.counts.columns import BLOCKED_MEMORY, SERVE_BUSY, SERVE_END, SERVE_FIRST, STARVED
from simulator.counts.part_arrays import Parts
from simulator.timing.arrays import TimeState, Timing
from simulator.timing.events import (
    ARRIVAL,
    ENTRY_WIDTH,
    NEURON,
    NEVER,
    PORT,
    READY,
    SENT,
    SERVICE,
    START,
    VALUE,
    EventState,
)
from simulator.timing.kernels_agenda import decide_at, give_port_at, send_at
from simulator.timing.kernels_sending import begin_update
from simulator.timing.kernels_transfer import note
from simulator.timing.way_arrays import Ways
from workloads.compiled import inlined, ix

Int64 = NDArray[np.int64]


@inlined
def decide(
    parts: Parts,
    ways: Ways,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    core: int,
    now: int,
    trace: Int64,
    traced: int,
) -> int:
    """A free core in its receive phase: serve what arrived first, or wait, or close the phase. Returns rows traced."""
    while True:
        chosen, soonest = _first_arrived(parts, ways, events, core, now)
        if chosen < 0:
            events.idle[ix(core)] = 1
            decide_at(events, core, soonest)
            return traced
        events.idle[ix(core)] = 0
        place = ways.queue_room[ix(chosen)] + (events.started[ix(chosen)] & ways.queue_mask[ix(chosen)])
        events.started[ix(chosen)] += 1
        sender = parts.sender[ix(chosen)]
        if events.held_by[ix(sender)] == chosen:
            events.held_by[ix(sender)] = -1
            send_at(events, sender, now)
        if events.queue[ix(place), SERVICE] >= 0:
            events.first[ix(core)] = now if events.first[ix(core)] < 0 else events.first[ix(core)]
            if not parts.streams[ix(core)]:
                traced = _serve(parts, times, events, core, chosen, events.queue[ix(place)], now, now, trace, traced)
                events.queue[ix(place), START] = now
                return traced
            events.asked[ix(core)], events.serving[ix(core)] = now, chosen
            for column in range(ENTRY_WIDTH):  # its place in the queue may be taken before it is served
                events.taken[ix(core), ix(column)] = events.queue[ix(place), ix(column)]
            events.queue[ix(place), START] = now
            free = max(now, events.port_free[0])
            if free < events.due[ix(2 * events.phase.shape[0] + events.link_free.shape[0])]:
                give_port_at(events, free)
            decide_at(events, core, NEVER)
            return traced
        events.closed[ix(chosen)], events.queue[ix(place), START] = 1, now
        times.serve_end[ix(core)] = now
        if _all_closed(parts, events, core):
            decide_at(events, core, NEVER)
            close_receiving(slots, times, events, core)
            begin_update(parts, slots, timing, events, core, now)
            return traced


@inlined
def _serve(
    parts: Parts,
    times: TimeState,
    events: EventState,
    core: int,
    link: int,
    entry: Int64,
    start: int,
    now: int,
    trace: Int64,
    traced: int,
) -> int:
    """Serve a message, `entry` of the queue of `link`, from `now` on; it was chosen at `start`. Returns rows traced."""
    end = now + entry[SERVICE]
    events.busy[ix(core)] += entry[SERVICE]
    events.waited[ix(core)] += now - start
    times.serve_end[ix(core)] = end
    decide_at(events, core, end)
    if traced < trace.shape[0]:
        note(
            trace[traced],
            events.frame[ix(core)],
            parts.sender[ix(link)],
            core,
            entry[NEURON],
            entry[VALUE],
            entry[READY],
            entry[SENT],
            entry[ARRIVAL],
            start,
            end,
        )
        return traced + 1
    return traced


@inlined
def give_port(parts: Parts, times: TimeState, events: EventState, now: int, trace: Int64, traced: int) -> int:
    """Give the off-chip port to the core that asked first, of equals the lower-numbered. Returns rows traced."""
    chosen, waiting = np.int64(0), np.int64(0)
    for core in range(events.asked.shape[0]):
        waiting += events.asked[ix(core)] != NEVER
        chosen = core if events.asked[ix(core)] < events.asked[ix(chosen)] else chosen
    start, entry = events.asked[ix(chosen)], events.taken[ix(chosen)]
    events.port_free[0] = now + entry[PORT]
    events.asked[ix(chosen)] = NEVER
    give_port_at(events, events.port_free[0] if waiting > 1 else NEVER)
    return _serve(parts, times, events, chosen, events.serving[ix(chosen)], entry, start, now, trace, traced)


@inlined
def _first_arrived(parts: Parts, ways: Ways, events: EventState, core: int, now: int) -> tuple[int, int]:
    """The open link whose first message arrived first and has arrived (-1: none), and when the next one will."""
    chosen, earliest, soonest = np.int64(-1), NEVER, NEVER
    for number in range(parts.incoming[ix(core)], parts.incoming[ix(core + 1)]):
        link = parts.incoming_link[ix(number)]
        if events.closed[ix(link)] == 0 and events.started[ix(link)] < events.delivered[ix(link)]:
            place = ways.queue_room[ix(link)] + (events.started[ix(link)] & ways.queue_mask[ix(link)])
            arrival = events.queue[ix(place), ARRIVAL]
            if arrival <= now and arrival < earliest:
                chosen, earliest = link, arrival
            soonest = min(soonest, arrival)
    return chosen, soonest


@inlined
def _all_closed(parts: Parts, events: EventState, core: int) -> bool:
    """Has the token of this frame been served on every link?"""
    for place in range(parts.incoming[ix(core)], parts.incoming[ix(core + 1)]):
        if events.closed[ix(parts.incoming_link[ix(place)])] == 0:
            return False
    return True


@inlined
def close_receiving(slots: Slots, times: TimeState, events: EventState, core: int) -> None:
    """The receive phase is over: fill the row."""
    record = slots.record[events.frame[ix(core)] % slots.messages.shape[0], core]
    end = times.serve_end[ix(core)]
    record[SERVE_FIRST] = events.first[ix(core)] if events.first[ix(core)] >= 0 else end
    record[SERVE_END], record[SERVE_BUSY], record[BLOCKED_MEMORY] = end, events.busy[ix(core)], events.waited[ix(core)]
    record[STARVED] = end - times.update_end[ix(core)] - events.busy[ix(core)] - events.waited[ix(core)]
