"""Compiled inner loops of the fast engine, part three: when each message is sent, arrives, is served.

For networks that are a chain. The unit is a *transfer*: core c sends its messages of one frame while core c + 1
serves them. With one sender and one receiver, both in order, every time follows from earlier ones by maxima and sums
(DESIGN section 6), so no event queue is needed:

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
)
from simulator.kernels_messages import signed_digits
from workloads.compiled import inlined, prange, threaded, uncounted

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

NEXT, RELEASE = 0, 1  # places in TimeState.clock


@uncounted
def dataflow_frames(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    until: int,
    trace: Int64,
    traced: int,
    threads: int,
) -> int:
    """Time all frames up to number `until` (not included). Returns the message rows written to `trace`."""
    ring, cores = slots.messages.shape[0], timing.access_fs.shape[0]
    alone = timing.serial and trace.shape[0] == 0 and cores > 1 and timing.token_fs + timing.wire_fs[0] > 0
    for frame in range(times.clock[NEXT], until):
        slot = frame % ring
        record = slots.record[slot, 0]
        start = _admit(timing, times, frame)
        record[SERVE_FIRST] = record[SERVE_END] = start
        record[STARVED] = start - times.update_end[0]
        if threads > 1 and alone and slots.messages[slot].sum() > net.neurons_to_share:
            _shared_frame(net, slots, timing, times, frame, start, trace, threads)
        else:
            for core in range(cores):
                start = start if core == 0 else times.serve_end[core]
                free_from = times.update_end[core + 1] if core + 1 < cores else np.int64(0)
                traced = transfer(net, slots, timing, times, core, frame, start, free_from, trace, traced)
        times.ends[frame % cores] = times.update_end[cores - 1]
    times.clock[NEXT] = max(until, times.clock[NEXT])
    return traced


@inlined
def _shared_frame(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    frame: int,
    start: int,
    trace: Int64,
    threads: int,
) -> None:
    """One frame that has the chip to itself, its transfers timed side by side.

    All that happened before did so by `start`, so a transfer that really begins later goes just as one that begins at
    start + 1, only later: all are timed from there, then put where they belong.
    """
    cores = timing.access_fs.shape[0]
    slot = frame % slots.messages.shape[0]
    for core in range(cores):
        times.free_from[core] = times.update_end[core]
        times.sent_before[core] = times.sent[min(core, cores - 2)]
    transfers_in_bands(net, slots, timing, times, frame, start, trace, threads)
    for core in range(1, cores):
        later = times.serve_end[core] - start - 1
        record = slots.record[slot, core]
        record[UPDATE_START] += later
        record[UPDATE_END] += later
        times.update_end[core] += later
        if core + 1 < cores:
            times.link_free[core] += later
            times.serve_end[core + 1] += later
            receiver = slots.record[slot, core + 1]
            receiver[SERVE_FIRST] += later
            receiver[SERVE_END] += later
            receiver[STARVED] += later
            starts = times.starts[timing.ring_begin[core] : timing.ring_begin[core + 1]]
            for number in range(max(times.sent_before[core], times.sent[core] - starts.shape[0]), times.sent[core]):
                starts[number % starts.shape[0]] += later


@threaded
def transfers_in_bands(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    frame: int,
    start: int,
    trace: Int64,
    threads: int,
) -> None:
    """All transfers of a frame, that of core 0 from `start` on and the others from start + 1 on."""
    for band in prange(threads):
        for core in range(timing.access_fs.shape[0]):
            if _band_of(slots, frame, core, threads) == band:
                begin = start if core == 0 else start + 1
                free_from = times.free_from[min(core + 1, timing.access_fs.shape[0] - 1)]
                _transfer(net, slots, timing, times, core, frame, begin, free_from, trace, 0)


@uncounted
def _band_of(slots: Slots, frame: int, core: int, bands: int) -> int:
    """Which band times a core's transfer: cores are cut, in order, into parts of about equally many messages."""
    slot = frame % slots.messages.shape[0]
    total, before = np.int64(0), np.int64(0)
    for each in range(slots.messages.shape[1]):
        total += slots.messages[slot, each]
        before += slots.messages[slot, each] if each < core else 0
    return min((before + slots.messages[slot, core] // 2) * bands // max(total, 1), bands - 1)


@uncounted
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
    ring, cores = slots.messages.shape[0], timing.access_fs.shape[0]
    for step in range(times.clock[NEXT], until):
        reached = times.clock[RELEASE]
        for back in range(cores):
            core = cores - 1 - back  # a receiver's own update phase comes before it serves, so later cores go first
            frame = _frame_in_step(step, core, cores, timing.serial)
            if frame < 0 or frame >= frames:
                continue
            record = slots.record[frame % ring, core]
            start = _enter_step(timing, times, record, core, frame)
            free_from = times.update_end[core + 1] if core + 1 < cores else np.int64(0)
            traced = transfer(net, slots, timing, times, core, frame, start, free_from, trace, traced)
            reached = max(reached, times.update_end[core])
            if core + 1 < cores:
                reached = max(reached, times.serve_end[core + 1])
        times.clock[RELEASE] = reached + timing.barrier_fs
    times.clock[NEXT] = max(until, times.clock[NEXT])
    return traced


@inlined
def _admit(timing: Timing, times: TimeState, frame: int) -> int:
    """When the input core takes a frame in: it is free, the frame is there, and there is room for it.

    At most one frame per core is in the chip, or (serial) one at all.
    """
    start = max(times.update_end[0], frame * timing.interval_fs)
    before = frame - (1 if timing.serial else times.ends.shape[0])
    return max(start, times.ends[before % times.ends.shape[0]]) if before >= 0 else start


@inlined
def _frame_in_step(step: int, core: int, cores: int, serial: bool) -> int:
    """Which frame core sends in this step; -1 for none."""
    if not serial:
        return step - core
    return step // cores if step % cores == core else -1


@inlined
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


@uncounted
def _transfer(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    core: int,
    frame: int,
    start: int,
    free_from: int,
    trace: Int64,
    traced: int,
) -> int:
    """`transfer` as a function of its own, for threads."""
    return transfer(net, slots, timing, times, core, frame, start, free_from, trace, traced)


@inlined
def transfer(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    core: int,
    frame: int,
    start: int,
    free_from: int,
    trace: Int64,
    traced: int,
) -> int:
    """Core `core` scans and sends from `start` on; core + 1, free from `free_from` on, serves.

    Fills both record rows; returns rows traced.
    """
    slot = frame % slots.messages.shape[0]
    record = slots.record[slot, core]
    fetch = timing.fetch_fs[core]
    scan = scan_fs(net, slots, timing, slot, core)
    record[UPDATE_START] = start
    busy = fetch + scan
    now = start + busy
    if core + 1 < timing.access_fs.shape[0]:
        units, now, traced = _send_and_serve(
            net, slots, timing, times, core, frame, start + fetch, scan, free_from, trace, traced
        )
        busy += slots.messages[slot, core] * timing.fire_fs[core] + units * timing.encode_fs[core]
    record[UPDATE_BUSY] = busy
    record[UPDATE_END] = now
    times.update_end[core] = now
    return traced


@inlined
def scan_fs(net: NetworkArrays, slots: Slots, timing: Timing, slot: int, core: int) -> int:
    """Time to scan all neurons of a core in one frame, without what is sent."""
    begin, end = net.pixel[core], net.pixel[core + 1]
    channels = net.sent_shape[core, 2]
    total = np.int64(0)
    for pixel in range(begin, end):
        total += pixel_fs(slots, timing, slot, core, pixel)
    return total * channels


@inlined
def pixel_fs(slots: Slots, timing: Timing, slot: int, core: int, pixel: int) -> int:
    """Time to scan one neuron of a pixel (numbered over all cores)."""
    return timing.looks[pixel] * timing.access_fs[core] + slots.updated[slot, pixel] * timing.update_fs[core]


@inlined
def _send_and_serve(
    net: NetworkArrays,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    core: int,
    frame: int,
    now: int,
    scan: int,
    free_from: int,
    trace: Int64,
    traced: int,
) -> tuple[int, int, int]:
    """The messages of one transfer, then the token. Returns (wire messages, end of sending, rows traced)."""
    slot = frame % slots.messages.shape[0]
    sender, receiver = slots.record[slot, core], slots.record[slot, core + 1]
    neuron, value = slots.neuron[slot, net.sent[core] :], slots.value[slot, net.sent[core] :]
    hits = net.hits[net.hits_begin[core] :]
    service_row, channels = timing.service_row[core], net.sent_shape[core, 2]
    starts = times.starts[timing.ring_begin[core] : timing.ring_begin[core + 1]]
    pixel_messages = slots.pixel_messages[slot, net.pixel[core] : net.pixel[core + 1]]
    depth = starts.shape[0]
    on_link, wire, encode = timing.message_fs, timing.wire_fs[core], timing.encode_fs[core]
    fire = timing.fire_fs[core]
    link_free, sent, left = times.link_free[core], times.sent[core], times.left[core]
    head, tail = np.uint64(sent % depth), np.uint64(left % depth)  # places in the ring, kept up without dividing
    free, first, busy, peak = free_from, np.int64(-1), np.int64(0), np.int64(0)
    waited_link, waited_queue, units = np.int64(0), np.int64(0), np.int64(0)
    scanned = np.int64(0)  # time of the scan up to and with the last neuron that sent
    before = np.int64(0)  # and up to this pixel
    j = np.uint64(0)
    for pixel in range(pixel_messages.shape[0]):
        cost = pixel_fs(slots, timing, slot, core, net.pixel[core] + pixel)
        row, base = service_row + hits[pixel], before - (pixel * channels - 1) * cost
        one = timing.service_fs[row, 1]
        for _ in range(pixel_messages[pixel]):
            reach = base + neuron[j] * cost
            now += reach - scanned + fire
            scanned = reach
            repeats = abs(np.int64(value[j])) if net.unary else np.int64(1)
            repeats = repeats if hits[pixel] > 0 else np.int64(0)
            service = timing.service_fs[row, signed_digits(value[j])] if net.count_digits else one
            units += repeats
            for _ in range(repeats):
                ready = now + encode
                at = max(ready, link_free)
                now = max(at, starts[head]) if sent >= depth else at
                waited_link += at - ready
                waited_queue += now - at
                left, tail = _have_left(starts, now, sent, left, tail)
                peak = max(peak, sent - left + 1)
                link_free = now + on_link
                begin = max(link_free + wire, free)
                free = begin + service
                busy += service
                first = begin if first < 0 else first
                starts[head] = begin
                sent += 1
                head = _next_place(head, depth)
                if traced < trace.shape[0]:
                    carried = value[j] // repeats if net.unary else value[j]
                    arrival = link_free + wire
                    note(trace[traced], frame, core, core + 1, neuron[j], carried, ready, now, arrival, begin, free)
                    traced += 1
            j += np.uint64(1)
        before += cost * channels
    now += scan - scanned
    if not timing.barrier:
        at = max(now, link_free)
        waited_link += at - now
        now = max(at, starts[head]) if sent >= depth else at
        waited_queue += now - at
        left, tail = _have_left(starts, now, sent, left, tail)
        peak = max(peak, sent - left + 1)
        link_free = now + timing.token_fs
        free = max(link_free + wire, free)
        starts[head] = free
        sent += 1
    times.link_free[core], times.sent[core], times.left[core] = link_free, sent, left
    times.serve_end[core + 1] = free
    sender[BLOCKED_LINK], sender[BLOCKED_QUEUE] = waited_link, waited_queue
    receiver[SERVE_FIRST] = first if first >= 0 else free
    receiver[SERVE_END], receiver[SERVE_BUSY] = free, busy
    receiver[STARVED], receiver[QUEUE_PEAK] = free - free_from - busy, peak
    return units, now, traced


@inlined
def _have_left(starts: Int64, now: int, sent: int, left: int, tail: int) -> tuple[int, int]:
    """How many messages are known to have left the queue when number `sent` enters it at `now`, and their next place.

    `starts` is the ring of when the last messages began service and so freed their slots. A slot that is freed and
    taken at one time counts once.
    """
    depth = starts.shape[0]
    while left < sent and starts[tail] < now:
        left += 1
        tail = _next_place(tail, depth)
    if left < sent + 1 - depth:
        left += 1
        tail = _next_place(tail, depth)
    return left, tail


@inlined
def _next_place(place: int, depth: int) -> int:
    """The place after `place` in a ring."""
    return place + np.uint64(1) if place + np.uint64(1) < np.uint64(depth) else np.uint64(0)


@uncounted
def note(
    row: Int64,
    frame: int,
    sender: int,
    receiver: int,
    neuron: int,
    value: int,
    ready: int,
    sent: int,
    arrival: int,
    begin: int,
    end: int,
) -> None:
    """One row of the message record, in the order of hwmodels.records.MESSAGE_COLUMNS."""
    row[0], row[1], row[2], row[3], row[4] = frame, sender, receiver, neuron, value
    row[5], row[6], row[7], row[8], row[9] = ready, sent, arrival, begin, end
