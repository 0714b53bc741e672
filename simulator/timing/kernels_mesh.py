"""Compiled inner loops of the fast engine's event queue: messages from router to router over shared links.

A buffer is served in order. Its first message asks for all links that it leaves by as soon as it is there and the one
before has left; a link that is free, and whose buffer at the other end has room, is given to the message that asked
first (of equals the one in the lower-numbered buffer). When all its links are given, and the time that the message
takes on a link has passed, it has left: its place is free and the next message is at the head.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Slots
from simulator.counts.part_arrays import Parts
from simulator.timing.arrays import Timing
from simulator.timing.events import (
    ARRIVAL,
    CAME,
    ENTRY_WIDTH,
    NEURON,
    NEVER,
    PEAK,
    PIXEL_CLASS,
    PORT,
    READY,
    SENT,
    SERVICE,
    SERVING,
    SLOT,
    STOP,
    VALUE,
    WAIT,
    EventState,
)
from simulator.timing.kernels_agenda import decide_at, give_link_at, send_at
from simulator.timing.way_arrays import Ways
from simulator.wire_table import EACH
from workloads.compiled import inlined, ix, without_refcounts

Int64 = NDArray[np.int64]


@inlined
def deliver(parts: Parts, ways: Ways, timing: Timing, events: EventState, link: int, arrival: int, item: Int64) -> None:
    """Put a message or token into the receiver's queue, where it will be at `arrival`; wake a receiver that waits."""
    entry = events.queue[ix(ways.queue_room[ix(link)] + (events.delivered[ix(link)] & ways.queue_mask[ix(link)]))]
    events.delivered[ix(link)] += 1
    entry[ARRIVAL], entry[SERVICE] = arrival, -1
    if item[PIXEL_CLASS] >= 0:
        number = item[PIXEL_CLASS]
        reach = parts.hits[ix(parts.hits_begin[ix(number)] + link - parts.links[ix(parts.sender[ix(link)])])]
        row = timing.service_row[ix(link)] + reach
        entry[SERVICE] = timing.service_fs[row, timing.wire[ix(abs(item[VALUE])), EACH]]
        entry[PORT] = timing.port_fs[ix(row)]
        entry[NEURON], entry[VALUE], entry[READY], entry[SENT] = item[NEURON], item[VALUE], item[READY], item[SENT]
    receiver = parts.receiver[ix(link)]
    if events.phase[ix(receiver)] == SERVING and events.idle[ix(receiver)] == 1 and arrival < events.due[ix(receiver)]:
        decide_at(events, receiver, arrival)


@inlined
def settle_head(parts: Parts, ways: Ways, timing: Timing, events: EventState, buffer: int) -> None:
    """Let the messages of a buffer whose head has just come, or left, ask for their links; those that end here leave.

    Nothing that happens meanwhile can change when the head is there, so what follows from it is done ahead of its time.
    """
    mesh = ways.hop_fs.shape[0]
    while events.gone[ix(buffer)] < events.pushed[ix(buffer)] and events.unsent[ix(buffer)] == 0:
        item = events.item[ix(ways.room[ix(buffer)] + (events.gone[ix(buffer)] & ways.mask[ix(buffer)]))]
        at = max(item[CAME], events.last_left[ix(buffer)])
        stop = item[STOP]
        on_link = timing.message_fs if item[PIXEL_CLASS] >= 0 else timing.token_fs
        for place in range(ways.deliver[ix(stop)], ways.deliver[ix(stop + 1)]):
            link = ways.deliver_link[ix(place)]
            deliver(parts, ways, timing, events, link, at + max(on_link + ways.last_fs[ix(link)], 1), item)
        for place in range(ways.leave[ix(stop)], ways.leave[ix(stop + 1)]):
            link = ways.leave_link[ix(place)]
            asking = ways.leave_input[ix(place)]
            events.asks[ix(asking)], events.wants[ix(asking)] = at, ways.leave_stop[ix(place)]
            events.unsent[ix(buffer)] += 1
            soonest = max(at, free_from(ways, events, link))
            if soonest < events.due[ix(2 * events.phase.shape[0] + link)]:
                give_link_at(events, link, soonest)
        if events.unsent[ix(buffer)] == 0:
            _leave(ways, events, buffer, mesh, at, on_link)


@inlined
def _leave(ways: Ways, events: EventState, buffer: int, mesh: int, now: int, on_link: int) -> None:
    """The head of a buffer has been given all its links: note when its place is free, and wake who waits for that."""
    place = ways.room[ix(buffer)] + (events.gone[ix(buffer)] & ways.mask[ix(buffer)])
    full = events.pushed[ix(buffer)] - events.gone[ix(buffer)] == ways.depth[ix(buffer)]
    events.left[ix(place)] = events.last_left[ix(buffer)] = now + max(on_link, 1)
    events.gone[ix(buffer)] += 1
    if not full:
        return
    if buffer >= mesh:
        if events.held_by[ix(buffer - mesh)] == -2:
            events.held_by[ix(buffer - mesh)] = -1
            send_at(events, buffer - mesh, max(events.left[ix(place)], events.since[ix(buffer - mesh)]))
    else:
        arm(ways, events, buffer)


@inlined
def free_from(ways: Ways, events: EventState, link: int) -> int:
    """When a mesh link can be given: it is free, and the buffer at its end has room; NEVER if that is unknown."""
    room = room_from(ways.room, ways.mask, ways.depth, events.pushed, events.gone, events.left, link)
    return max(events.link_free[ix(link)], room)


@without_refcounts
def room_from(room: Int64, mask: Int64, depth: Int64, pushed: Int64, gone: Int64, left: Int64, buffer: int) -> int:
    """When the next place in a buffer is free; NEVER if it is taken by a message that has not been given its links."""
    if pushed[buffer] < depth[buffer]:
        return np.int64(0)
    if pushed[buffer] - gone[buffer] >= depth[buffer]:
        return NEVER
    return left[room[buffer] + ((pushed[buffer] - depth[buffer]) & mask[buffer])]


@inlined
def arm(ways: Ways, events: EventState, link: int) -> None:
    """Work out anew when a mesh link is given to a message."""
    _, asked = first_asked(events.asks, ways.inputs[ix(link)], ways.inputs[ix(link + 1)])
    give_link_at(events, link, max(asked, free_from(ways, events, link)))


@without_refcounts
def first_asked(asks: Int64, begin: int, end: int) -> tuple[int, int]:
    """The place of who asks for a link first, of equals the first, and since when."""
    chosen, first = np.int64(begin), np.int64(NEVER)
    for n in range(begin, end):
        at = asks[ix(n)]
        chosen = np.int64(n) if at < first else chosen
        first = min(first, at)
    return chosen, first


@inlined
def give_link(parts: Parts, ways: Ways, slots: Slots, timing: Timing, events: EventState, link: int, now: int) -> None:
    """Give a mesh link to the message that asked first; its head is at the next router one hop later."""
    place, asked = first_asked(events.asks, ways.inputs[ix(link)], ways.inputs[ix(link + 1)])
    source = ways.input_buffer[ix(place)]
    item = events.item[ix(ways.room[ix(source)] + (events.gone[ix(source)] & ways.mask[ix(source)]))]
    on_link = timing.message_fs if item[PIXEL_CLASS] >= 0 else timing.token_fs
    _note_crossing(ways, slots, events, link, source, item[SLOT], now - asked, now)
    target = events.item[ix(ways.room[ix(link)] + (events.pushed[ix(link)] & ways.mask[ix(link)]))]
    for column in range(ENTRY_WIDTH):
        target[column] = item[column]
    target[STOP], target[CAME] = events.wants[ix(place)], now + ways.hop_fs[ix(link)]
    events.asks[ix(place)] = NEVER
    events.unsent[ix(source)] -= 1
    events.link_free[ix(link)] = now + on_link
    was_empty = events.pushed[ix(link)] == events.gone[ix(link)]
    events.pushed[ix(link)] += 1
    left = events.unsent[ix(source)] == 0
    if left:
        _leave(ways, events, source, ways.hop_fs.shape[0], now, on_link)
    for turn in range(2):  # written once, for both: every call is a copy of the code
        if (turn == 0 and was_empty) or (turn == 1 and left):
            settle_head(parts, ways, timing, events, link if turn == 0 else source)
    arm(ways, events, link)  # once, when all have asked


@inlined
def _note_crossing(
    ways: Ways, slots: Slots, events: EventState, link: int, source: int, slot: int, wait: int, now: int
) -> None:
    """Book the wait for a link, and how many messages are in the buffer that this one leaves, itself included."""
    come, room, mask = (
        max(events.come[ix(source)], events.gone[ix(source)]),
        ways.room[ix(source)],
        ways.mask[ix(source)],
    )
    while come < events.pushed[ix(source)] and events.item[ix(room + (come & mask)), CAME] <= now:
        come += 1
    events.come[ix(source)] = come
    row = slots.mesh[slot, link]
    row[WAIT] += wait
    row[PEAK] = max(row[PEAK], come - events.gone[ix(source)])
