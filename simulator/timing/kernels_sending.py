"""Compiled inner loops of the fast engine's event queue: a core in its update phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Maps, Slots
from simulator.counts.columns import (
    BARRIER,
    BLOCKED_INJECTION,
    BLOCKED_QUEUE,
    QUEUE_PEAK,
    SERVE_END,
    UPDATE_BUSY,
    UPDATE_END,
    UPDATE_START,
)
from simulator.counts.part_arrays import Parts
from simulator.timing.arrays import TimeState, Timing
from simulator.timing.events import (
    CAME,
    FRAMES_DONE,
    GATHERED,
    NEURON,
    NEVER,
    PIXEL_CLASS,
    READY,
    SENT,
    SERVING,
    SLOT,
    START,
    STOP,
    UPDATING,
    VALUE,
    WAITING,
    EventState,
)
from simulator.timing.kernels_agenda import decide_at, send_at
from simulator.timing.kernels_mesh import deliver, room_from, settle_head
from simulator.timing.kernels_time import NEXT
from simulator.timing.kernels_transfer import pixel_fs
from simulator.timing.way_arrays import Ways
from simulator.wire_table import MESSAGES, PART, RUN
from workloads.compiled import inlined, ix

Int64 = NDArray[np.int64]


@inlined
def frame_received(slots: Slots, timing: Timing, events: EventState, core: int, now: int) -> None:
    """A core has all of a frame at `now`: its update phase begins, or that of all its group once they all have theirs.

    The input's cores may say so in any order once a frame is known, so it is the latest time that counts.
    """
    group = timing.group[ix(core)]
    if group < 0:
        begin_update(slots, timing, events, core, now)
        return
    events.phase[ix(core)] = GATHERED
    events.latest[ix(group)] = max(events.latest[ix(group)], now)
    events.gathered[ix(group)] += 1
    if events.gathered[ix(group)] < timing.group_size[ix(group)]:
        return
    start = events.latest[ix(group)] + timing.release_fs[ix(group)]
    events.gathered[ix(group)] = events.latest[ix(group)] = 0
    for each in range(timing.group.shape[0]):
        if timing.group[each] == group:
            record = slots.record[events.frame[each] % slots.messages.shape[0], each]
            record[BARRIER] = start - record[SERVE_END]
            begin_update(slots, timing, events, each, start)


@inlined
def begin_update(slots: Slots, timing: Timing, events: EventState, core: int, now: int) -> None:
    """The update phase begins; `ready` NEVER says that the next message is still to be found."""
    slot = events.frame[ix(core)] % slots.messages.shape[0]
    events.slot[ix(core)] = slot
    slots.record[slot, core, UPDATE_START] = now
    events.phase[ix(core)], events.ready[ix(core)] = UPDATING, NEVER
    events.message[ix(core)] = events.place[ix(core)] = events.repeat[ix(core)] = events.fired[ix(core)] = 0
    events.scanned[ix(core)] = events.before[ix(core)] = 0
    events.pixel[ix(core)] = -1  # the first one
    send_at(events, core, now + timing.fetch_fs[core])


@inlined
def send(
    maps: Maps,
    parts: Parts,
    ways: Ways,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    core: int,
    now: int,
) -> None:
    """What a core in its update phase does at `now`: find its next message, wait for the way into the mesh, wait for
    its receivers' queues, or send.
    """
    slot = events.slot[ix(core)]
    if events.ready[ix(core)] != NEVER:
        if events.send[ix(core)] < 0:
            send_at(events, core, NEVER)
            _finish(parts, slots, timing, times, events, core, slot, now)
            return
        if not _may_leave(parts, slots, timing, times, events, core, slot, now):
            return
        _leave(maps, parts, ways, slots, timing, times, events, core, slot, now)
        events.ready[ix(core)] = NEVER
    _find_next(maps, parts, ways, slots, timing, times, events, core, slot, now)


@inlined
def _may_leave(
    parts: Parts,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    core: int,
    slot: int,
    now: int,
) -> bool:
    """The way into the mesh is free; is there a place in the queue of every receiver? If not, see to being woken."""
    record = slots.record[slot, core]
    if events.entered[ix(core)] == 0:
        record[BLOCKED_INJECTION] += now - events.ready[ix(core)]
        events.entered[ix(core)], events.since[ix(core)] = 1, now
    way = events.send[ix(core)]
    for place in range(parts.send_links[ix(way)], parts.send_links[ix(way + 1)]):
        link = parts.send_link[ix(place)]
        if times.sent[ix(link)] - events.started[ix(link)] >= timing.depth[ix(link)]:
            events.held_by[ix(core)] = link  # a decision of the receiver wakes it
            send_at(events, core, NEVER)
            return False
    record[BLOCKED_QUEUE] += now - events.since[ix(core)]
    events.held_by[ix(core)], events.entered[ix(core)] = -1, 0
    return True


@inlined
def _find_next(
    maps: Maps,
    parts: Parts,
    ways: Ways,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    core: int,
    slot: int,
    now: int,
) -> None:
    """Scan on to the next message, or to the end, and plan its sending for when it is encoded."""
    layer = parts.layer[ix(core)]
    channels, columns = maps.sent_shape[layer, 2], maps.sent_shape[layer, 1]
    mine = parts.channels[ix(core), 1] - parts.channels[ix(core), 0]
    first = parts.rows[ix(core), 0] * columns
    count, begin = slots.part_messages[ix(slot), ix(core)], slots.part_begin[ix(slot), ix(core)]
    pixel = first if events.pixel[ix(core)] < 0 else events.pixel[ix(core)]
    before, scanned = events.before[ix(core)], events.scanned[ix(core)]
    while events.message[ix(core)] < count:
        m = events.message[ix(core)]
        j = begin + m if mine == channels else np.int64(slots.picked[ix(slot), ix(begin + m)])
        neuron, value = (
            slots.neuron[ix(slot), ix(maps.sent[ix(layer)] + j)],
            slots.value[ix(slot), ix(maps.sent[ix(layer)] + j)],
        )
        while (pixel + 1) * channels <= neuron:
            before += pixel_fs(slots, timing, slot, core, maps.pixel[ix(layer)] + pixel) * mine
            pixel += 1
        if events.fired[ix(core)] <= m:
            cost = pixel_fs(slots, timing, slot, core, maps.pixel[ix(layer)] + pixel)
            reach = before + (neuron - pixel * channels - parts.channels[ix(core), 0] + 1) * cost
            now += reach - scanned + timing.fire_fs[ix(core)]
            scanned = reach
            events.fired[ix(core)] = m + 1
        number = parts.pixel_class[ix(parts.pixel[ix(core)] + pixel - first)]
        if events.repeat[ix(core)] >= timing.wire[ix(abs(np.int64(value))), MESSAGES]:
            events.place[ix(core)] += 1
            events.repeat[ix(core)] = 0
        if parts.class_sends[ix(number)] + events.place[ix(core)] < parts.class_sends[ix(number + 1)]:
            events.send[ix(core)] = parts.class_send[ix(parts.class_sends[ix(number)] + events.place[ix(core)])]
            events.pixel[ix(core)], events.before[ix(core)], events.scanned[ix(core)] = pixel, before, scanned
            events.ready[ix(core)] = now + timing.encode_fs[ix(core)]
            _wait_for_way(ways, times, events, core)
            return
        events.message[ix(core)] += 1
        events.place[ix(core)] = events.repeat[ix(core)] = 0
    if scanned >= 0:  # the rest of the scan, once
        while pixel < parts.rows[ix(core), 1] * columns:
            before += pixel_fs(slots, timing, slot, core, maps.pixel[ix(layer)] + pixel) * mine
            pixel += 1
        now += before - scanned
        events.scanned[ix(core)] = -1
    events.pixel[ix(core)] = pixel
    place = parts.tokens[ix(core)] + events.place[ix(core)]
    events.send[ix(core)] = parts.token_send[ix(place)] if place < parts.tokens[ix(core + 1)] else -1
    events.ready[ix(core)] = now
    if events.send[ix(core)] >= 0:
        _wait_for_way(ways, times, events, core)
    else:
        send_at(events, core, now)


@inlined
def _wait_for_way(ways: Ways, times: TimeState, events: EventState, core: int) -> None:
    """Plan to send when the core's port is free and the router's buffer has room: only this core uses them."""
    free = max(events.ready[ix(core)], times.link_free[ix(core)])
    if ways.shared:
        buffer = ways.hop_fs.shape[0] + core
        room = room_from(ways.room, ways.mask, ways.depth, events.pushed, events.gone, events.left, buffer)
        events.held_by[ix(core)], events.since[ix(core)] = (
            -2 if room == NEVER else -1,
            free,
        )  # if full, who leaves it wakes us
        free = max(free, room)
    send_at(events, core, free)


@inlined
def _leave(
    maps: Maps,
    parts: Parts,
    ways: Ways,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    core: int,
    slot: int,
    now: int,
) -> None:
    """A message or token leaves: takes its places in the receivers' queues, and its way."""
    way, buffer = events.send[ix(core)], ways.hop_fs.shape[0] + core
    for place in range(parts.send_links[ix(way)], parts.send_links[ix(way + 1)]):
        _take_place(parts, ways, slots, timing, times, events, parts.send_link[ix(place)], slot, now)
    item = events.outgoing
    if ways.shared:
        item = events.item[ix(ways.room[ix(buffer)] + (events.pushed[ix(buffer)] & ways.mask[ix(buffer)]))]
        item[STOP], item[CAME] = ways.root[ix(way)], now
    item[SLOT], item[READY], item[SENT], item[PIXEL_CLASS] = slot, events.ready[ix(core)], now, -1
    token = events.message[ix(core)] >= slots.part_messages[ix(slot), ix(core)]
    if token:
        events.place[ix(core)] += 1
    else:
        layer = parts.layer[ix(core)]
        j = slots.part_begin[ix(slot), ix(core)] + events.message[ix(core)]
        if parts.channels[ix(core), 1] - parts.channels[ix(core), 0] < maps.sent_shape[layer, 2]:
            j = np.int64(slots.picked[ix(slot), ix(j)])
        value = np.int64(slots.value[ix(slot), ix(maps.sent[ix(layer)] + j)])
        item[NEURON] = slots.neuron[ix(slot), ix(maps.sent[ix(layer)] + j)]
        part = _part_of(timing, abs(value), events.repeat[ix(core)])
        item[VALUE] = part if value > 0 else -part
        first = parts.rows[ix(core), 0] * maps.sent_shape[layer, 1]
        item[PIXEL_CLASS] = parts.pixel_class[ix(parts.pixel[ix(core)] + events.pixel[ix(core)] - first)]
        events.repeat[ix(core)] += 1
    on_link = timing.token_fs if token else timing.message_fs
    times.link_free[ix(core)] = now + on_link
    if ways.shared:
        events.pushed[ix(buffer)] += 1
        settle_head(parts, ways, timing, events, buffer)
    else:
        for place in range(parts.send_links[ix(way)], parts.send_links[ix(way + 1)]):
            link = parts.send_link[ix(place)]
            deliver(parts, ways, timing, events, link, now + on_link + timing.wire_fs[ix(link)], item)


@inlined
def _part_of(timing: Timing, magnitude: int, number: int) -> int:
    """What message `number`, from 0, of a value of this magnitude carries."""
    rest, before = magnitude, number
    while before >= timing.wire[ix(rest), RUN]:
        before -= timing.wire[ix(rest), RUN]
        rest -= timing.wire[ix(rest), RUN] * timing.wire[ix(rest), PART]
    return timing.wire[ix(rest), PART]


@inlined
def _take_place(
    parts: Parts,
    ways: Ways,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    link: int,
    slot: int,
    now: int,
) -> None:
    """One more message is underway to, or waits in, the queue at the end of a link; note the most there have been.

    A slot that is freed and taken at one time counts once.
    """
    room, mask, sent = ways.queue_room[ix(link)], ways.queue_mask[ix(link)], times.sent[ix(link)]
    left = times.left[ix(link)]
    while left < events.started[ix(link)] and events.queue[ix(room + (left & mask)), START] < now:
        left += 1
    times.left[ix(link)] = max(left, sent + 1 - timing.depth[ix(link)])
    row = slots.record[slot, parts.receiver[ix(link)]]
    row[QUEUE_PEAK] = max(row[QUEUE_PEAK], sent + 1 - times.left[ix(link)])
    times.sent[ix(link)] = sent + 1


@inlined
def _finish(
    parts: Parts,
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
    frame = events.frame[ix(core)]
    record[UPDATE_END] = times.update_end[ix(core)] = times.serve_end[ix(core)] = now
    record[UPDATE_BUSY] = now - record[UPDATE_START] - record[BLOCKED_INJECTION] - record[BLOCKED_QUEUE]
    events.frame[ix(core)] = frame + 1
    events.phase[ix(core)] = WAITING if core < parts.cores[1] else SERVING
    _end_frame(times, events, frame, now)
    if core >= parts.cores[1]:
        events.idle[ix(core)] = events.busy[ix(core)] = events.waited[ix(core)] = 0
        events.first[ix(core)] = -1
        for place in range(parts.incoming[ix(core)], parts.incoming[ix(core + 1)]):
            events.closed[ix(parts.incoming_link[ix(place)])] = 0
        decide_at(events, core, now)


@inlined
def _end_frame(times: TimeState, events: EventState, frame: int, now: int) -> None:
    """One of the cores is done with a frame; with all of them the frame has left the chip."""
    place = frame % times.ends.shape[0]
    times.ends[place] = now if events.cores_done[place] == 0 else max(times.ends[place], now)
    events.cores_done[place] += 1
    if events.cores_done[place] == events.phase.shape[0]:
        events.cores_done[place] = 0
        times.clock[NEXT] = events.clock[FRAMES_DONE] = frame + 1
