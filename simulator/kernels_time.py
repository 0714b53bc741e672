"""Compiled inner loops of the fast engine, part three: when each message is sent, arrives, is served.

The unit is a *transfer*: core c sends its messages of one frame while core c + 1 serves them. With one sender and one
receiver, both in order, every time follows from earlier ones by maxima and sums (DESIGN section 6), so no event queue
is needed:

    sent    = max(encoded, link free, start of the message `depth` slots before)
    arrival = sent + time on the link + hops
    start   = max(arrival, end of the message before, receiver's own update phase)
    end     = start + service
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
    UPDATES,
)
from simulator.kernels_values import signed_digits
from workloads.compiled import compiled

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

NEXT, RELEASE, FRAME_END = 0, 1, 2  # places in TimeState.clock


@compiled
def dataflow_frames(
    net: NetworkArrays, slots: Slots, timing: Timing, times: TimeState, until: int, trace: Int64, traced: int
) -> int:
    """Time all frames up to number `until` (not included), core after core. Returns the message rows written to
    `trace`.
    """
    ring, cores = slots.messages.shape[0], timing.scan_fs.shape[0]
    for frame in range(times.clock[NEXT], until):
        slot = frame % ring
        for core in range(cores):
            record = slots.record[slot, core]
            if core == 0:
                start = _admit(timing, times, frame)
                record[SERVE_FIRST] = record[SERVE_END] = start
                record[STARVED] = start - times.update_end[0]
            else:
                start = times.serve_end[core]
            traced = _transfer(net, slots, timing, times, core, frame, start, trace, traced)
        times.clock[FRAME_END] = times.update_end[cores - 1]
    times.clock[NEXT] = max(until, times.clock[NEXT])
    return traced


@compiled
def barrier_steps(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    frames: int,
    until: int,
    trace: Int64,
    traced: int,
) -> int:
    """Time the steps up to number `until` (not included) of which `frames` frames are known: all cores start together.

    In step n core c sends its messages of frame n - c (all frames in a row when `serial`: then one core sends a step)
    and core c + 1 serves them; when all have been served, and `barrier_fs` later, the next step begins.
    """
    ring, cores = slots.messages.shape[0], timing.scan_fs.shape[0]
    for step in range(times.clock[NEXT], until):
        reached = times.clock[RELEASE]
        for back in range(cores):
            core = cores - 1 - back  # a receiver's own update phase comes before it serves, so later cores go first
            frame = _frame_in_step(step, core, cores, timing.serial)
            if frame < 0 or frame >= frames:
                continue
            record = slots.record[frame % ring, core]
            start = _enter_step(timing, times, record, core, frame)
            traced = _transfer(net, slots, timing, times, core, frame, start, trace, traced)
            reached = max(reached, times.update_end[core])
            if core + 1 < cores:
                reached = max(reached, times.serve_end[core + 1])
        times.clock[RELEASE] = reached + timing.barrier_fs
    times.clock[NEXT] = max(until, times.clock[NEXT])
    return traced


@compiled
def _admit(timing: Timing, times: TimeState, frame: int) -> int:
    """When the input core takes a frame in: it is free, the frame is there, and (serial) the last one has left."""
    start = max(times.update_end[0], frame * timing.interval_fs)
    return max(start, times.clock[FRAME_END]) if timing.serial else start


@compiled
def _frame_in_step(step: int, core: int, cores: int, serial: bool) -> int:
    """Which frame core sends in this step; -1 for none."""
    if not serial:
        return step - core
    return step // cores if step % cores == core else -1


@compiled
def _enter_step(timing: Timing, times: TimeState, record: Int64, core: int, frame: int) -> int:
    """Start of an update phase under barriers, with the waiting booked to the barrier or to the frame not there yet."""
    ready = times.serve_end[core] if core > 0 else times.update_end[0]
    start = max(ready, times.clock[RELEASE])
    record[BARRIER] = start - ready
    if core == 0:
        record[SERVE_FIRST] = record[SERVE_END] = ready
        there = max(start, frame * timing.interval_fs)
        record[STARVED] = there - start
        start = there
    return start


@compiled
def _transfer(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    core: int,
    frame: int,
    start: int,
    trace: Int64,
    traced: int,
) -> int:
    """Core `core` scans and sends from `start` on; core + 1 serves. Fills both record rows; returns rows traced."""
    slot = frame % slots.messages.shape[0]
    record = slots.record[slot, core]
    begin, end = net.offset[core], net.offset[core + 1]
    per_neuron = timing.scan_fs[core] + (timing.update_fs[core] if record[UPDATES] > 0 else 0)
    fetch = timing.fetch_fs if core == 0 else 0
    record[UPDATE_START] = start
    now = start + fetch
    busy = fetch + (end - begin) * per_neuron
    if core + 1 == timing.scan_fs.shape[0]:
        now = start + busy
    else:
        count = slots.messages[slot, core]
        neuron, value = slots.neuron[slot, begin:end], slots.value[slot, begin:end]
        units, now, traced = _send_and_serve(
            net, timing, times, slots.record[slot], core, frame, now, per_neuron, neuron, value, count, trace, traced
        )
        busy += count * timing.fire_fs[core] + units * timing.encode_fs[core]
    record[UPDATE_BUSY] = busy
    record[UPDATE_END] = now
    times.update_end[core] = now
    return traced


@compiled
def _send_and_serve(
    net: NetworkArrays,
    timing: Timing,
    times: TimeState,
    records: Int64,
    core: int,
    frame: int,
    now: int,
    per_neuron: int,
    neuron: Int32,
    value: Int32,
    count: int,
    trace: Int64,
    traced: int,
) -> tuple[int, int, int]:
    """The messages of one transfer, then the token. Returns (wire messages, end of sending, rows traced)."""
    sender, receiver = records[core], records[core + 1]
    ring = timing.ring_offset[core]
    starts = times.starts[ring : ring + timing.depth[core]]
    on_link, wire = timing.message_fs[core], timing.wire_fs[core]
    link_free, sent, left = times.link_free[core], times.sent[core], times.left[core]
    free_from = times.update_end[core + 1]
    free, first, busy, peak = free_from, np.int64(-1), np.int64(0), np.int64(0)
    waited_link, waited_queue, units, scanned = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    for j in range(count):
        now += (neuron[j] + 1 - scanned) * per_neuron + timing.fire_fs[core]
        scanned = neuron[j] + 1
        repeats = abs(np.int64(value[j])) if net.unary else np.int64(1)
        digits = signed_digits(value[j]) if net.count_digits else np.int64(1)
        service = timing.service_fs[core + 1, digits]
        units += repeats
        for _ in range(repeats):
            ready = now + timing.encode_fs[core]
            now, for_link, for_queue, left = _leave(ready, link_free, starts, sent, left)
            waited_link += for_link
            waited_queue += for_queue
            peak = max(peak, sent - left + 1)
            link_free = now + on_link
            arrival = link_free + wire
            begin = max(arrival, free)
            free = begin + service
            busy += service
            first = begin if first < 0 else first
            starts[sent % starts.shape[0]] = begin
            sent += 1
            if traced < trace.shape[0]:
                carried = value[j] // repeats if net.unary else value[j]
                _note(trace[traced], frame, core, neuron[j], carried, ready, now, arrival, begin, free)
                traced += 1
    now += (net.offset[core + 1] - net.offset[core] - scanned) * per_neuron
    if not timing.barrier:
        now, for_link, for_queue, left = _leave(now, link_free, starts, sent, left)
        waited_link += for_link
        waited_queue += for_queue
        peak = max(peak, sent - left + 1)
        link_free = now + timing.token_fs[core]
        free = max(link_free + wire, free)
        starts[sent % starts.shape[0]] = free
        sent += 1
    times.link_free[core], times.sent[core], times.left[core] = link_free, sent, left
    times.serve_end[core + 1] = free
    sender[BLOCKED_LINK], sender[BLOCKED_QUEUE] = waited_link, waited_queue
    receiver[SERVE_FIRST] = first if first >= 0 else free
    receiver[SERVE_END], receiver[SERVE_BUSY] = free, busy
    receiver[STARVED], receiver[QUEUE_PEAK] = free - free_from - busy, peak
    return units, now, traced


@compiled
def _leave(ready: int, link_free: int, starts: Int64, sent: int, left: int) -> tuple[int, int, int, int]:
    """When message number `sent`, `ready` to go, leaves: first the link has to be free, then a slot in the queue.

    `starts` is the ring of when the last messages began service and so freed their slots; `left` of all sent so far are
    known to have done so. Returns (time, waited for the link, waited for the queue, `left` by then).
    """
    depth = starts.shape[0]
    now = max(ready, link_free)
    for_link = now - ready
    for_queue = np.int64(0)
    if sent >= depth and starts[sent % depth] > now:
        for_queue = starts[sent % depth] - now
        now += for_queue
    while left < sent and starts[left % depth] <= now:
        left += 1
    return now, for_link, for_queue, left


@compiled
def _note(
    row: Int64,
    frame: int,
    core: int,
    neuron: int,
    value: int,
    ready: int,
    sent: int,
    arrival: int,
    begin: int,
    end: int,
) -> None:
    """One row of the message record, in the order of hwmodels.records.MESSAGE_COLUMNS."""
    row[0], row[1], row[2], row[3] = frame, core, neuron, value
    row[4], row[5], row[6], row[7], row[8] = ready, sent, arrival, begin, end
