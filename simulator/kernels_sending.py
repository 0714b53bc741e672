"""Compiled inner loops of the fast engine's event queue: a core in its update phase."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import NetworkArrays, Slots, TimeState, Timing
from simulator.columns import BLOCKED_LINK, BLOCKED_QUEUE, QUEUE_PEAK, UPDATE_BUSY, UPDATE_END, UPDATE_START
from simulator.events import (
    CAME,
    FRAMES_DONE,
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
from simulator.kernels_agenda import decide_at, send_at
from simulator.kernels_mesh import deliver, room_from, settle_head
from simulator.kernels_time import NEXT
from simulator.kernels_transfer import pixel_fs
from simulator.part_arrays import Parts
from simulator.way_arrays import Ways
from workloads.compiled import inlined

Int64 = NDArray[np.int64]


@inlined
def begin_update(parts: Parts, slots: Slots, timing: Timing, events: EventState, core: int, now: int) -> None:
    """The update phase begins; `ready` NEVER says that the next message is still to be found."""
    slot = events.frame[core] % slots.messages.shape[0]
    events.slot[core] = slot
    slots.record[slot, core, UPDATE_START] = now
    events.phase[core], events.ready[core] = UPDATING, NEVER
    events.message[core] = events.place[core] = events.repeat[core] = events.fired[core] = 0
    events.scanned[core] = events.before[core] = 0
    events.pixel[core] = -1  # the first one
    send_at(events, core, now + timing.fetch_fs[core])


@inlined
def send(
    net: NetworkArrays,
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
    slot = events.slot[core]
    if events.ready[core] != NEVER:
        if events.send[core] < 0:
            send_at(events, core, NEVER)
            _finish(parts, slots, timing, times, events, core, slot, now)
            return
        if not _may_leave(parts, slots, timing, times, events, core, slot, now):
            return
        _leave(net, parts, ways, slots, timing, times, events, core, slot, now)
        events.ready[core] = NEVER
    _find_next(net, parts, ways, slots, timing, times, events, core, slot, now)


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
    if events.entered[core] == 0:
        record[BLOCKED_LINK] += now - events.ready[core]
        events.entered[core], events.since[core] = 1, now
    way = events.send[core]
    for place in range(parts.send_links[way], parts.send_links[way + 1]):
        link = parts.send_link[place]
        if times.sent[link] - events.started[link] >= timing.depth[link]:
            events.held_by[core] = link  # a decision of the receiver wakes it
            send_at(events, core, NEVER)
            return False
    record[BLOCKED_QUEUE] += now - events.since[core]
    events.held_by[core], events.entered[core] = -1, 0
    return True


@inlined
def _find_next(
    net: NetworkArrays,
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
    layer = parts.layer[core]
    channels, columns = net.sent_shape[layer, 2], net.sent_shape[layer, 1]
    mine = parts.channels[core, 1] - parts.channels[core, 0]
    first = parts.rows[core, 0] * columns
    count, begin = slots.part_messages[slot, core], slots.part_begin[slot, core]
    pixel = first if events.pixel[core] < 0 else events.pixel[core]
    before, scanned = events.before[core], events.scanned[core]
    while events.message[core] < count:
        m = events.message[core]
        j = begin + m if mine == channels else np.int64(slots.picked[slot, begin + m])
        neuron, value = slots.neuron[slot, net.sent[layer] + j], slots.value[slot, net.sent[layer] + j]
        while (pixel + 1) * channels <= neuron:
            before += pixel_fs(slots, timing, slot, core, net.pixel[layer] + pixel) * mine
            pixel += 1
        if events.fired[core] <= m:
            cost = pixel_fs(slots, timing, slot, core, net.pixel[layer] + pixel)
            reach = before + (neuron - pixel * channels - parts.channels[core, 0] + 1) * cost
            now += reach - scanned + timing.fire_fs[core]
            scanned = reach
            events.fired[core] = m + 1
        number = parts.pixel_class[parts.pixel[core] + pixel - first]
        repeats = abs(np.int64(value)) if net.unary else np.int64(1)
        if events.repeat[core] >= repeats:
            events.place[core] += 1
            events.repeat[core] = 0
        if parts.class_sends[number] + events.place[core] < parts.class_sends[number + 1]:
            events.send[core] = parts.class_send[parts.class_sends[number] + events.place[core]]
            events.pixel[core], events.before[core], events.scanned[core] = pixel, before, scanned
            events.ready[core] = now + timing.encode_fs[core]
            _wait_for_way(ways, times, events, core)
            return
        events.message[core] += 1
        events.place[core] = events.repeat[core] = 0
    if scanned >= 0:  # the rest of the scan, once
        while pixel < parts.rows[core, 1] * columns:
            before += pixel_fs(slots, timing, slot, core, net.pixel[layer] + pixel) * mine
            pixel += 1
        now += before - scanned
        events.scanned[core] = -1
    events.pixel[core] = pixel
    place = parts.tokens[core] + events.place[core]
    events.send[core] = parts.token_send[place] if place < parts.tokens[core + 1] else -1
    events.ready[core] = now
    if events.send[core] >= 0:
        _wait_for_way(ways, times, events, core)
    else:
        send_at(events, core, now)


@inlined
def _wait_for_way(ways: Ways, times: TimeState, events: EventState, core: int) -> None:
    """Plan to send when the core's port is free and the router's buffer has room: only this core uses them."""
    free = max(events.ready[core], times.link_free[core])
    if ways.shared:
        buffer = ways.hop_fs.shape[0] + core
        room = room_from(ways.room, ways.mask, ways.depth, events.pushed, events.gone, events.left, buffer)
        events.held_by[core], events.since[core] = -2 if room == NEVER else -1, free  # if full, who leaves it wakes us
        free = max(free, room)
    send_at(events, core, free)


@inlined
def _leave(
    net: NetworkArrays,
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
    way, buffer = events.send[core], ways.hop_fs.shape[0] + core
    for place in range(parts.send_links[way], parts.send_links[way + 1]):
        _take_place(parts, ways, slots, timing, times, events, parts.send_link[place], slot, now)
    item = events.outgoing
    if ways.shared:
        item = events.item[ways.room[buffer] + (events.pushed[buffer] & ways.mask[buffer])]
        item[STOP], item[CAME] = ways.root[way], now
    item[SLOT], item[READY], item[SENT], item[PIXEL_CLASS] = slot, events.ready[core], now, -1
    token = events.message[core] >= slots.part_messages[slot, core]
    if token:
        events.place[core] += 1
    else:
        layer = parts.layer[core]
        j = slots.part_begin[slot, core] + events.message[core]
        if parts.channels[core, 1] - parts.channels[core, 0] < net.sent_shape[layer, 2]:
            j = np.int64(slots.picked[slot, j])
        value = np.int64(slots.value[slot, net.sent[layer] + j])
        item[NEURON] = slots.neuron[slot, net.sent[layer] + j]
        item[VALUE] = (1 if value > 0 else -1) if net.unary else value
        first = parts.rows[core, 0] * net.sent_shape[layer, 1]
        item[PIXEL_CLASS] = parts.pixel_class[parts.pixel[core] + events.pixel[core] - first]
        events.repeat[core] += 1
    on_link = timing.token_fs if token else timing.message_fs
    times.link_free[core] = now + on_link
    if ways.shared:
        events.pushed[buffer] += 1
        settle_head(parts, ways, timing, events, buffer)
    else:
        for place in range(parts.send_links[way], parts.send_links[way + 1]):
            link = parts.send_link[place]
            deliver(parts, ways, timing, events, link, now + on_link + timing.wire_fs[link], item)


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
    room, mask, sent = ways.queue_room[link], ways.queue_mask[link], times.sent[link]
    left = times.left[link]
    while left < events.started[link] and events.queue[room + (left & mask), START] < now:
        left += 1
    times.left[link] = max(left, sent + 1 - timing.depth[link])
    row = slots.record[slot, parts.receiver[link]]
    row[QUEUE_PEAK] = max(row[QUEUE_PEAK], sent + 1 - times.left[link])
    times.sent[link] = sent + 1


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
    frame = events.frame[core]
    record[UPDATE_END] = times.update_end[core] = times.serve_end[core] = now
    record[UPDATE_BUSY] = now - record[UPDATE_START] - record[BLOCKED_LINK] - record[BLOCKED_QUEUE]
    events.frame[core] = frame + 1
    events.phase[core] = WAITING if core < parts.cores[1] else SERVING
    _end_frame(times, events, frame, now)
    if core >= parts.cores[1]:
        events.idle[core] = events.busy[core] = events.waited[core] = 0
        events.first[core] = -1
        for place in range(parts.incoming[core], parts.incoming[core + 1]):
            events.closed[parts.incoming_link[place]] = 0
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
