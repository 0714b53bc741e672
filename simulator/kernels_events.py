"""Compiled inner loops of the fast engine, part four: time in networks that branch, by an event queue.

A core with several senders serves in order of arrival, so times no longer follow link by link. Two kinds of event are
left, and every core has at most one of each due: it *decides* what to serve next, or it *sends* its next message. At
one time all decisions come before all sendings; messages take at least 1 fs to arrive, so a decision knows all that
has arrived by its time. The simulation pauses where the input core wants a frame that is not known yet, later events
still due.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import NetworkArrays, Slots, TimeState, Timing
from simulator.columns import (
    BARRIER,
    BLOCKED_LINK,
    BLOCKED_QUEUE,
    QUEUE_PEAK,
    SERVE_BUSY,
    SERVE_END,
    SERVE_FIRST,
    STARVED,
    UPDATE_BUSY,
    UPDATE_END,
    UPDATE_START,
)
from simulator.events import (
    ARRIVAL,
    FRAME,
    NEURON,
    NEVER,
    READY,
    SENT,
    SERVICE,
    SERVING,
    UPDATING,
    VALUE,
    WAITING,
    EventState,
)
from simulator.kernels_time import RELEASE, note, pixel_fs, scan_fs
from simulator.kernels_values import signed_digits
from workloads.compiled import inlined, uncounted

Int64 = NDArray[np.int64]


@uncounted
def run_events(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    known: int,
    last: bool,
    trace: Int64,
    traced: int,
) -> int:
    """Simulate until the input core wants frame `known`, or to the end if that is the `last`. Returns rows traced."""
    cores = timing.level.shape[0]
    while True:
        entry = _admit(slots, timing, times, events, known)
        first = 0  # of equals the first: decisions before sendings, lower cores before higher
        for place in range(1, 2 * cores):
            first = place if events.due[place] < events.due[first] else first
        now = events.due[first]
        if now == NEVER or (not last and now >= entry):
            return traced
        events.due[first] = NEVER
        if first < cores:
            traced = _decide(net, slots, timing, times, events, first, now, trace, traced)
        else:
            _send(net, slots, timing, times, events, first - cores, now)


@inlined
def _admit(slots: Slots, timing: Timing, times: TimeState, events: EventState, known: int) -> int:
    """Let the input core begin its next frame if there is room for it in the chip.

    Returns when a frame that is not known yet would enter, NEVER where none could.
    """
    frame, cores = events.frame[0], times.ends.shape[0]
    before = frame - (1 if timing.serial else cores)
    if events.phase[0] != WAITING or (before >= 0 and events.sent_done[cores - 1] <= before):
        return NEVER
    if timing.barrier and events.step[0] != 0:
        return NEVER
    ready = times.update_end[0]
    start = max(ready, times.clock[RELEASE]) if timing.barrier else ready
    entered = max(start, frame * timing.interval_fs)
    if before >= 0 and not timing.barrier:
        entered = max(entered, times.ends[before % cores])
    if frame >= known:
        return entered
    record = slots.record[frame % slots.messages.shape[0], 0]
    record[BARRIER], record[STARVED] = start - ready, entered - start
    record[SERVE_FIRST] = record[SERVE_END] = ready if timing.barrier else entered
    _begin_update(slots, timing, events, 0, entered)
    return NEVER


@inlined
def _begin_update(slots: Slots, timing: Timing, events: EventState, core: int, now: int) -> None:
    """The update phase begins; `ready` NEVER says that the next message is still to be found."""
    slots.record[events.frame[core] % slots.messages.shape[0], core, UPDATE_START] = now
    events.phase[core], events.ready[core] = UPDATING, NEVER
    events.message[core] = events.place[core] = events.repeat[core] = 0
    events.scanned[core] = events.pixel[core] = events.before[core] = events.units[core] = 0
    fetch = timing.fetch_fs if core == 0 else 0
    _send_at(events, core, now + fetch)


@inlined
def _send(
    net: NetworkArrays, slots: Slots, timing: Timing, times: TimeState, events: EventState, core: int, now: int
) -> None:
    """What a core in its update phase does at `now`: find its next message, wait for the link, for the queue, or
    send.
    """
    slot = events.frame[core] % slots.messages.shape[0]
    if events.ready[core] == NEVER:
        _find_next(net, slots, timing, events, core, slot, now)
        return
    own = net.outgoing[core + 1] - net.outgoing[core]
    if events.message[core] == slots.messages[slot, core] and events.place[core] == own:
        _finish(net, slots, timing, times, events, core, slot, now)
        return
    link = net.outgoing_links[net.outgoing[core] + events.place[core]]
    record = slots.record[slot, core]
    if events.queueing[core] == 0:
        if times.link_free[link] > now:
            _send_at(events, core, times.link_free[link])
            return
        record[BLOCKED_LINK] += now - events.ready[core]
        if times.sent[link] - events.started[link] >= timing.depth[link]:
            events.queueing[core], events.since[core] = 1, now  # a decision of the receiver wakes it
            return
    else:
        record[BLOCKED_QUEUE] += now - events.since[core]
        events.queueing[core] = 0
    _leave(net, slots, timing, times, events, core, link, slot, now)
    events.ready[core] = NEVER
    _find_next(net, slots, timing, events, core, slot, now)


@inlined
def _find_next(
    net: NetworkArrays, slots: Slots, timing: Timing, events: EventState, core: int, slot: int, now: int
) -> None:
    """Scan on to the next message, or to the end, and plan its sending for when it is encoded."""
    own = net.outgoing[core + 1] - net.outgoing[core]
    count, channels = slots.messages[slot, core], net.sent_shape[core, 2]
    while events.message[core] < count:
        j = events.message[core]
        neuron, value = slots.neuron[slot, net.sent[core] + j], slots.value[slot, net.sent[core] + j]
        pixel = neuron // channels
        while events.pixel[core] < pixel:
            cost = pixel_fs(slots, timing, slot, core, net.pixel[core] + events.pixel[core])
            events.before[core] += cost * channels
            events.pixel[core] += 1
        if events.place[core] == 0 and events.repeat[core] == 0 and events.fired[core] <= j:
            cost = pixel_fs(slots, timing, slot, core, net.pixel[core] + pixel)
            reach = events.before[core] + (neuron - pixel * channels + 1) * cost
            now += reach - events.scanned[core] + timing.fire_fs[core]
            events.scanned[core] = reach
            events.fired[core] = j + 1
        while events.place[core] < own:
            link = net.outgoing_links[net.outgoing[core] + events.place[core]]
            repeats = abs(value) if net.unary else 1
            if net.hits[net.hits_begin[link] + pixel] > 0 and events.repeat[core] < repeats:
                events.ready[core] = now + timing.encode_fs[core]
                _send_at(events, core, events.ready[core])
                return
            events.place[core] += 1
            events.repeat[core] = 0
        events.message[core] += 1
        events.place[core] = 0
    if events.scanned[core] >= 0:  # the rest of the scan, once
        now += scan_fs(net, slots, timing, slot, core) - events.scanned[core]
        events.scanned[core] = -1
        if timing.barrier:
            events.place[core] = own
    events.ready[core] = now
    _send_at(events, core, now)


@inlined
def _leave(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    core: int,
    link: int,
    slot: int,
    now: int,
) -> None:
    """A message or token goes out on a link, into the receiver's queue, and wakes a receiver that waits."""
    receiver = events.receiver[link]
    ring, depth = timing.ring_begin[link], timing.depth[link]
    sent = times.sent[link]
    while times.left[link] < events.started[link] and times.starts[ring + times.left[link] % depth] < now:
        times.left[link] += 1
    times.left[link] = max(times.left[link], sent + 1 - depth)
    peak = slots.record[slot, receiver]
    peak[QUEUE_PEAK] = max(peak[QUEUE_PEAK], sent + 1 - times.left[link])
    token = events.message[core] == slots.messages[slot, core]
    on_link = timing.token_fs[link] if token else timing.message_fs[link]
    times.link_free[link] = now + on_link
    arrival = now + on_link + timing.wire_fs[link]
    entry = events.queue[ring + sent % depth]
    entry[ARRIVAL], entry[SERVICE], entry[FRAME] = arrival, -1, events.frame[core]
    if not token:
        place = net.sent[core] + events.message[core]
        neuron, value = slots.neuron[slot, place], slots.value[slot, place]
        digits = signed_digits(value) if net.count_digits else 1
        reach = net.hits[net.hits_begin[link] + neuron // net.sent_shape[core, 2]]
        entry[SERVICE] = timing.service_fs[timing.service_row[link] + reach, digits]
        entry[NEURON], entry[VALUE] = neuron, (1 if value > 0 else -1) if net.unary else value
        entry[READY], entry[SENT] = events.ready[core], now
        events.units[core] += 1
        events.repeat[core] += 1
    else:
        events.place[core] += 1
    times.sent[link] = sent + 1
    if events.phase[receiver] == SERVING and events.idle[receiver] == 1 and arrival < events.due[receiver]:
        _decide_at(events, receiver, arrival)


@inlined
def _decide_at(events: EventState, core: int, time: int) -> None:
    """When the core decides next."""
    events.due[core] = time


@inlined
def _send_at(events: EventState, core: int, time: int) -> None:
    """When the core sends next."""
    events.due[events.phase.shape[0] + core] = time


@inlined
def _finish(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    core: int,
    slot: int,
    now: int,
) -> None:
    """The update phase is over: close the row and begin to receive the next frame."""
    record = slots.record[slot, core]
    frame, cores = events.frame[core], times.ends.shape[0]
    record[UPDATE_END] = times.update_end[core] = times.serve_end[core] = now
    record[UPDATE_BUSY] = now - record[UPDATE_START] - record[BLOCKED_LINK] - record[BLOCKED_QUEUE]
    events.sent_done[core] = frame + 1
    events.frame[core] = frame + 1
    events.fired[core] = 0
    if core == cores - 1:
        times.ends[frame % cores] = now
        times.clock[0] = frame + 1
    if core == 0:
        events.phase[0] = WAITING
    else:
        events.phase[core], events.idle[core] = SERVING, 0
        events.served[core], events.busy[core], events.first[core] = 0, 0, -1
        for link in range(net.incoming[core], net.incoming[core + 1]):
            events.closed[link] = 0
        _decide_at(events, core, now)
    if timing.barrier:
        for number in range(net.outgoing[core], net.outgoing[core + 1]):
            receiver = events.receiver[net.outgoing_links[number]]
            if events.phase[receiver] == SERVING and events.idle[receiver] == 1 and now < events.due[receiver]:
                _decide_at(events, receiver, now)  # it may have been waiting for this
        _step_on(slots, timing, times, events, now)


@inlined
def _decide(
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
            _decide_at(events, core, soonest)
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
            _send_at(events, sender, now)
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
            _decide_at(events, core, end)
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
        _step_on(slots, timing, times, events, now)
    else:
        _begin_update(slots, timing, events, core, now)


@inlined
def _step_on(slots: Slots, timing: Timing, times: TimeState, events: EventState, now: int) -> None:
    """One more core is done with its part of the step; after the last one the barrier opens for the next level."""
    cores = timing.level.shape[0]
    if events.pending[0] == 0:  # the first report of a step: count who has to report
        for core in range(cores):
            events.pending[0] += timing.level[core] == events.step[0] or timing.level[core] == events.step[0] + 1
    events.pending[0] -= 1
    if events.pending[0] > 0:
        return
    times.clock[RELEASE] = now + timing.barrier_fs
    events.step[0] += 1
    if events.step[0] > timing.level[cores - 1]:
        events.step[0] = 0
        return
    for core in range(cores):
        if timing.level[core] == events.step[0]:
            record = slots.record[events.frame[core] % slots.messages.shape[0], core]
            record[BARRIER] = times.clock[RELEASE] - times.serve_end[core]
            _begin_update(slots, timing, events, core, times.clock[RELEASE])
