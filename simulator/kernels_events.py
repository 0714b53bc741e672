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
    SERVE_END,
    SERVE_FIRST,
    STARVED,
    UPDATE_BUSY,
    UPDATE_END,
    UPDATE_START,
)
from simulator.events import ARRIVAL, FRAME, NEURON, NEVER, READY, SENT, SERVICE, SERVING, VALUE, WAITING, EventState
from simulator.kernels_messages import signed_digits
from simulator.kernels_phases import begin_update, decide_at, send_at, step_on
from simulator.kernels_serving import decide
from simulator.kernels_time import RELEASE, pixel_fs, scan_fs
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
            traced = decide(net, slots, timing, times, events, first, now, trace, traced)
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
    begin_update(slots, timing, events, 0, entered)
    return NEVER


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
            send_at(events, core, times.link_free[link])
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
                send_at(events, core, events.ready[core])
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
    send_at(events, core, now)


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
        decide_at(events, receiver, arrival)


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
        decide_at(events, core, now)
    if timing.barrier:
        for number in range(net.outgoing[core], net.outgoing[core + 1]):
            receiver = events.receiver[net.outgoing_links[number]]
            if events.phase[receiver] == SERVING and events.idle[receiver] == 1 and now < events.due[receiver]:
                decide_at(events, receiver, now)  # it may have been waiting for this
        step_on(slots, timing, times, events, now)
