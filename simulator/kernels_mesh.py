"""Compiled inner loops of the fast engine's event queue: messages from router to router over shared links.

A buffer is served in order. Its first message asks for all links that it leaves by as soon as it is there and the one
before has left; a link that is free, and whose buffer at the other end has room, is given to the message that asked
first (of equals the one in the lower-numbered buffer). When all its links are given, and the time that the message
takes on a link has passed, it has left: its place is free and the next message is at the head.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import Slots, Timing
from simulator.events import (
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
from simulator.kernels_agenda import decide_at, give_link_at, send_at
from simulator.kernels_messages import signed_digits
from simulator.part_arrays import Parts
from simulator.way_arrays import Ways
from workloads.compiled import inlined, uncounted

Int64 = NDArray[np.int64]


@inlined
def deliver(parts: Parts, ways: Ways, timing: Timing, events: EventState, link: int, arrival: int, item: Int64) -> None:
    """Put a message or token into the receiver's queue, where it will be at `arrival`; wake a receiver that waits."""
    entry = events.queue[ways.queue_room[link] + (events.delivered[link] & ways.queue_mask[link])]
    events.delivered[link] += 1
    entry[ARRIVAL], entry[SERVICE] = arrival, -1
    if item[PIXEL_CLASS] >= 0:
        number = item[PIXEL_CLASS]
        reach = parts.hits[parts.hits_begin[number] + link - parts.links[parts.sender[link]]]
        row = timing.service_row[link] + reach
        entry[SERVICE] = timing.service_fs[row, signed_digits(item[VALUE]) if timing.count_digits else 1]
        entry[PORT] = timing.port_fs[row]
        entry[NEURON], entry[VALUE], entry[READY], entry[SENT] = item[NEURON], item[VALUE], item[READY], item[SENT]
    receiver = parts.receiver[link]
    if events.phase[receiver] == SERVING and events.idle[receiver] == 1 and arrival < events.due[receiver]:
        decide_at(events, receiver, arrival)


@inlined
def settle_head(parts: Parts, ways: Ways, timing: Timing, events: EventState, buffer: int) -> None:
    """Let the messages of a buffer whose head has just come, or left, ask for their links; those that end here leave.

    Nothing that happens meanwhile can change when the head is there, so what follows from it is done ahead of its time.
    """
    mesh = ways.hop_fs.shape[0]
    while events.gone[buffer] < events.pushed[buffer] and events.unsent[buffer] == 0:
        item = events.item[ways.room[buffer] + (events.gone[buffer] & ways.mask[buffer])]
        at = max(item[CAME], events.last_left[buffer])
        stop = item[STOP]
        on_link = timing.message_fs if item[PIXEL_CLASS] >= 0 else timing.token_fs
        for place in range(ways.deliver[stop], ways.deliver[stop + 1]):
            link = ways.deliver_link[place]
            deliver(parts, ways, timing, events, link, at + max(on_link + ways.last_fs[link], 1), item)
        for place in range(ways.leave[stop], ways.leave[stop + 1]):
            link = ways.leave_link[place]
            asking = ways.leave_input[place]
            events.asks[asking], events.wants[asking] = at, ways.leave_stop[place]
            events.unsent[buffer] += 1
            soonest = max(at, free_from(ways, events, link))
            if soonest < events.due[2 * events.phase.shape[0] + link]:
                give_link_at(events, link, soonest)
        if events.unsent[buffer] == 0:
            _leave(ways, events, buffer, mesh, at, on_link)


@inlined
def _leave(ways: Ways, events: EventState, buffer: int, mesh: int, now: int, on_link: int) -> None:
    """The head of a buffer has been given all its links: note when its place is free, and wake who waits for that."""
    place = ways.room[buffer] + (events.gone[buffer] & ways.mask[buffer])
    full = events.pushed[buffer] - events.gone[buffer] == ways.depth[buffer]
    events.left[place] = events.last_left[buffer] = now + max(on_link, 1)
    events.gone[buffer] += 1
    if not full:
        return
    if buffer >= mesh:
        if events.held_by[buffer - mesh] == -2:
            events.held_by[buffer - mesh] = -1
            send_at(events, buffer - mesh, max(events.left[place], events.since[buffer - mesh]))
    else:
        arm(ways, events, buffer)


@inlined
def free_from(ways: Ways, events: EventState, link: int) -> int:
    """When a mesh link can be given: it is free, and the buffer at its end has room; NEVER if that is unknown."""
    room = room_from(ways.room, ways.mask, ways.depth, events.pushed, events.gone, events.left, link)
    return max(events.link_free[link], room)


@uncounted
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
    _, asked = first_asked(events.asks, ways.inputs[link], ways.inputs[link + 1])
    give_link_at(events, link, max(asked, free_from(ways, events, link)))


@uncounted
def first_asked(asks: Int64, begin: int, end: int) -> tuple[int, int]:
    """The place of who asks for a link first, of equals the first, and since when."""
    chosen, first = np.int64(begin), np.int64(NEVER)
    for n in range(begin, end):
        at = asks[np.uint64(n)]
        chosen = np.int64(n) if at < first else chosen
        first = min(first, at)
    return chosen, first


@inlined
def give_link(parts: Parts, ways: Ways, slots: Slots, timing: Timing, events: EventState, link: int, now: int) -> None:
    """Give a mesh link to the message that asked first; its head is at the next router one hop later."""
    place, asked = first_asked(events.asks, ways.inputs[link], ways.inputs[link + 1])
    source = ways.input_buffer[place]
    item = events.item[ways.room[source] + (events.gone[source] & ways.mask[source])]
    on_link = timing.message_fs if item[PIXEL_CLASS] >= 0 else timing.token_fs
    _note_crossing(ways, slots, events, link, source, item[SLOT], now - asked, now)
    target = events.item[ways.room[link] + (events.pushed[link] & ways.mask[link])]
    for column in range(ENTRY_WIDTH):
        target[column] = item[column]
    target[STOP], target[CAME] = events.wants[place], now + ways.hop_fs[link]
    events.asks[place] = NEVER
    events.unsent[source] -= 1
    events.link_free[link] = now + on_link
    was_empty = events.pushed[link] == events.gone[link]
    events.pushed[link] += 1
    left = events.unsent[source] == 0
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
    come, room, mask = max(events.come[source], events.gone[source]), ways.room[source], ways.mask[source]
    while come < events.pushed[source] and events.item[room + (come & mask), CAME] <= now:
        come += 1
    events.come[source] = come
    row = slots.mesh[slot, link]
    row[WAIT] += wait
    row[PEAK] = max(row[PEAK], come - events.gone[source])
