"""Compiled inner loops of the fast engine: one transfer, message by message.

Core c sends its messages of one frame while core c + 1 serves them. With one sender and one receiver, both in order,
every time follows from earlier ones by maxima and sums (docs/machine.md, "Time"), so no event queue is needed:

    sent    = max(encoded, link free, start of the message `depth` slots before)
    arrival = sent + time on the link + hops
    start   = max(arrival, end of the message before, receiver's own update phase)
    end     = start + service
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Maps, Slots
from simulator.counts.columns import (
    BLOCKED_INJECTION,
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
from simulator.timing.arrays import TimeState, Timing
from simulator.wire_table import EACH, MESSAGES, PART, RUN
from workloads.compiled import inlined, ix, without_refcounts

Int64 = NDArray[np.int64]


@inlined
def transfer(
    maps: Maps,
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
    scan = scan_fs(maps, slots, timing, slot, core)
    record[UPDATE_START] = start
    busy = fetch + scan
    now = start + busy
    if core + 1 < timing.access_fs.shape[0]:
        units, now, traced = _send_and_serve(
            maps, slots, timing, times, core, frame, start + fetch, scan, free_from, trace, traced
        )
        busy += slots.messages[slot, core] * timing.fire_fs[core] + units * timing.encode_fs[core]
    record[UPDATE_BUSY] = busy
    record[UPDATE_END] = now
    times.update_end[core] = now
    return traced


@inlined
def scan_fs(maps: Maps, slots: Slots, timing: Timing, slot: int, core: int) -> int:
    """Time to scan all neurons of a core in one frame, without what is sent."""
    begin, end = maps.pixel[core], maps.pixel[core + 1]
    channels = maps.sent_shape[core, 2]
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
    maps: Maps,
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
    neuron, value = slots.neuron[slot, maps.sent[core] :], slots.value[slot, maps.sent[core] :]
    hits = maps.hits[maps.hits_begin[core] :]
    service_row, channels = timing.service_row[core], maps.sent_shape[core, 2]
    starts = times.starts[timing.ring_begin[core] : timing.ring_begin[core + 1]]
    pixel_messages = slots.pixel_messages[slot, maps.pixel[core] : maps.pixel[core + 1]]
    depth = starts.shape[0]
    on_link, wire, encode = timing.message_fs, timing.wire_fs[core], timing.encode_fs[core]
    fire = timing.fire_fs[core]
    link_free, sent, left = times.link_free[core], times.sent[core], times.left[core]
    head, tail = np.uint64(sent % depth), np.uint64(left % depth)  # places in the ring, kept up without dividing
    free, first, busy, peak = free_from, np.int64(-1), np.int64(0), np.int64(0)
    waited_link, waited_queue, units = np.int64(0), np.int64(0), np.int64(0)
    scanned = np.int64(0)  # time of the scan up to and with the last neuron that sent
    before = np.int64(0)  # and up to this pixel
    rest, part = np.int64(0), np.int64(0)  # what is left of a value, and what each message of its run carries
    j = np.uint64(0)
    for pixel in range(pixel_messages.shape[0]):
        cost = pixel_fs(slots, timing, slot, core, maps.pixel[core] + pixel)
        row, base = service_row + hits[pixel], before - (pixel * channels - 1) * cost
        one, reaching = timing.service_fs[row, 1], np.int64(hits[pixel] > 0)
        for _ in range(pixel_messages[pixel]):
            reach = base + neuron[j] * cost
            now += reach - scanned + fire
            scanned = reach
            unsent, run, service = reaching, np.int64(1), one
            if not maps.plain:
                rest = abs(np.int64(value[j]))
                unsent, run = reaching * timing.wire[ix(rest), MESSAGES], np.int64(0)
            units += unsent
            for _ in range(unsent):
                if run == 0:  # a run of equal messages begins
                    part, run = timing.wire[ix(rest), PART], timing.wire[ix(rest), RUN]
                    service = timing.service_fs[row, timing.wire[ix(part), EACH]]
                    rest -= part * run
                run -= 1
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
                    carried = value[j] if maps.plain else (part if value[j] > 0 else -part)
                    arrival = link_free + wire
                    note(trace[traced], frame, core, core + 1, neuron[j], carried, ready, now, arrival, begin, free)
                    traced += 1
            j += np.uint64(1)
        before += cost * channels
    now += scan - scanned
    if timing.tokens:
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
    sender[BLOCKED_INJECTION], sender[BLOCKED_QUEUE] = waited_link, waited_queue
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


@without_refcounts
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
