"""Compiled inner loops of the fast engine's event queue: a core in its receive phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import NetworkArrays, Slots, TimeState, Timing
from simulator.columns import SERVE_BUSY, SERVE_END, SERVE_FIRST, STARVED
from simulator.events import ARRIVAL, FRAME, NEURON, NEVER, READY, SENT, SERVICE, VALUE, WAITING, EventState
from simulator.kernels_phases import begin_update, decide_at, send_at, step_on
from simulator.kernels_time import note
from workloads.compiled import inlined

Int64 = NDArray[np.int64]


@inlined
def decide(
    net: NetworkArrays,
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
        chosen, soonest = _first_arrived(net, timing, times, events, core, now)
        if chosen < 0:
            if timing.barrier and _all_served(net, slots, events, core):
                _received(net, slots, timing, times, events, core, now)
                return traced
            events.idle[core] = 1
            decide_at(events, core, soonest)
            return traced
        events.idle[core] = 0
        ring, depth, started = timing.ring_begin[chosen], timing.depth[chosen], events.started[chosen]
        entry = events.queue[ring + started % depth]
        times.starts[ring + started % depth] = now
        events.started[chosen] = started + 1
        sender = net.link_sender[chosen]
        waits_here = (
            net.outgoing_links[net.outgoing[sender] + events.place[sender]] if events.queueing[sender] == 1 else -1
        )
        if waits_here == chosen:
            send_at(events, sender, now)
        if entry[SERVICE] >= 0:
            end = now + entry[SERVICE]
            events.first[core] = now if events.first[core] < 0 else events.first[core]
            events.busy[core] += entry[SERVICE]
            events.served[core] += 1
            times.serve_end[core] = end
            if traced < trace.shape[0]:
                note(
                    trace[traced],
                    entry[FRAME],
                    sender,
                    core,
                    entry[NEURON],
                    entry[VALUE],
                    entry[READY],
                    entry[SENT],
                    entry[ARRIVAL],
                    now,
                    end,
                )
                traced += 1
            decide_at(events, core, end)
            return traced
        events.closed[chosen] = 1
        times.serve_end[core] = now
        if _all_closed(net, events, core):
            _received(net, slots, timing, times, events, core, now)
            return traced


@inlined
def _first_arrived(
    net: NetworkArrays, timing: Timing, times: TimeState, events: EventState, core: int, now: int
) -> tuple[int, int]:
    """The open link whose first message arrived first and has arrived (-1: none), and when the next one will."""
    chosen, earliest, soonest = np.int64(-1), NEVER, NEVER
    for link in range(net.incoming[core], net.incoming[core + 1]):
        if events.closed[link] == 0 and events.started[link] < times.sent[link]:
            arrival = events.queue[timing.ring_begin[link] + events.started[link] % timing.depth[link], ARRIVAL]
            if arrival <= now and arrival < earliest:
                chosen, earliest = link, arrival
            soonest = min(soonest, arrival)
    return chosen, soonest


@inlined
def _all_closed(net: NetworkArrays, events: EventState, core: int) -> bool:
    """Has the token of this frame been served on every link?"""
    for link in range(net.incoming[core], net.incoming[core + 1]):
        if events.closed[link] == 0:
            return False
    return True


@inlined
def _all_served(net: NetworkArrays, slots: Slots, events: EventState, core: int) -> bool:
    """Under barriers: have all senders sent this frame, and has all of it been served?"""
    slot = events.frame[core] % slots.messages.shape[0]
    sent = np.int64(0)
    for link in range(net.incoming[core], net.incoming[core + 1]):
        if events.sent_done[net.link_sender[link]] <= events.frame[core]:
            return False
        sent += slots.link_messages[slot, link]
    return events.served[core] == sent


@inlined
def _received(
    net: NetworkArrays, slots: Slots, timing: Timing, times: TimeState, events: EventState, core: int, now: int
) -> None:
    """The receive phase is over: fill the row, and update at once (dataflow) or when the barrier opens."""
    record = slots.record[events.frame[core] % slots.messages.shape[0], core]
    end = times.serve_end[core]
    record[SERVE_FIRST] = events.first[core] if events.first[core] >= 0 else end
    record[SERVE_END], record[SERVE_BUSY] = end, events.busy[core]
    record[STARVED] = end - times.update_end[core] - events.busy[core]
    if timing.barrier:
        events.phase[core] = WAITING
        step_on(slots, timing, times, events, now)
    else:
        begin_update(slots, timing, events, core, now)
