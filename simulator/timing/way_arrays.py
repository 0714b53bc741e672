"""The fast engine's data: the routers' buffers, the mesh links between them, and every send's stops, as flat arrays."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.placement.plan import Plan
from simulator.placement.routes import ROOT, Send, Stop
from simulator.timing.limits import counted
from simulator.values.arrays import offsets

Int64 = NDArray[np.int64]


class Ways(NamedTuple):
    """What does not change during a run. Without shared links there are no buffers, and messages go straight.

    Buffer m, for mesh link m, is at that link's end; buffer (mesh links + c) is where core c's messages enter the mesh.
    Stops are numbered over all sends. Buffer b has room for depth[b] messages: message n is item
    room[b] + (n & mask[b]). Entry n of the queue at the end of link l is queue_room[l] + (n & queue_mask[l]).
    """

    shared: bool
    hop_fs: Int64  # (mesh links,)
    inputs: Int64  # (mesh links + 1,) into input_buffer
    input_buffer: Int64  # buffers whose messages may leave by each link
    depth: Int64  # (buffers,)
    room: Int64  # (buffers + 1,)
    mask: Int64  # (buffers,)
    queue_room: Int64  # (links + 1,)
    queue_mask: Int64  # (links,)
    root: Int64  # (sends,): first stop
    deliver: Int64  # (stops + 1,) into deliver_link
    deliver_link: Int64
    leave: Int64  # (stops + 1,) into leave_link, leave_stop
    leave_link: Int64
    leave_stop: Int64
    leave_input: Int64  # the place of the buffer in input_buffer
    last_fs: Int64  # (links,): inside the last tile


def way_arrays(plan: Plan) -> Ways:
    """Lay all sends out flat."""
    shared = plan.shared and not plan.chain
    stops = [stop for send in plan.sends for stop in send.stops]
    first = offsets(len(send.stops) for send in plan.sends)
    leaves = [(_buffer(plan, send, each), link, first[number] + stop) for number, send in enumerate(plan.sends)
              for each in send.stops for link, stop in each.leave_by]  # fmt: skip
    passing = _passing(plan) if shared else []
    inputs = [[b for b, (leaving, _) in enumerate(passing) if link in leaving] for link in range(len(plan.mesh))]
    places = {(buffer, link): place for place, (link, buffer) in enumerate(
        (link, buffer) for link, own in enumerate(inputs) for buffer in own)}  # fmt: skip
    depth = [_depth(plan, links) for _, links in passing]
    queues = [] if plan.chain else [plan.cores[link.receiver].timing.queue_depth for link in plan.flows]
    return Ways(
        shared=shared,
        hop_fs=counted(link.hop_fs for link in plan.mesh),
        inputs=offsets(len(each) for each in inputs),
        input_buffer=np.array([*chain.from_iterable(inputs)], np.int64),
        depth=np.array(depth, np.int64),
        room=offsets(_ring(each) for each in depth),
        mask=np.array([_ring(each) - 1 for each in depth], np.int64),
        queue_room=offsets(_ring(each) for each in queues),
        queue_mask=np.array([_ring(each) - 1 for each in queues], np.int64),
        root=first[:-1],
        deliver=offsets(len(stop.deliver) for stop in stops),
        deliver_link=np.array([link for stop in stops for link in stop.deliver], np.int64),
        leave=offsets(len(stop.leave_by) for stop in stops),
        leave_link=np.array([link for _, link, _ in leaves], np.int64),
        leave_stop=np.array([stop for _, _, stop in leaves], np.int64),
        leave_input=np.array([places[buffer, link] for buffer, link, _ in leaves] if shared else [], np.int64),
        last_fs=counted(link.last_fs for link in plan.flows),
    )


def _buffer(plan: Plan, send: Send, stop: Stop) -> int:
    """Where messages wait at a stop: at the end of the link that they came by, or where they enter the mesh."""
    return len(plan.mesh) + plan.flows[send.links[0]].sender if stop.came_by == ROOT else stop.came_by


def _passing(plan: Plan) -> list[tuple[set[int], set[int]]]:
    """Of every buffer: the mesh links that its messages may leave by, and the plan's links whose messages pass."""
    passing: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in range(len(plan.mesh) + len(plan.cores))]
    for send in plan.sends:
        for stop in send.stops:
            leaving, links = passing[_buffer(plan, send, stop)]
            leaving.update(link for link, _ in stop.leave_by)
            links.update(send.links)
    return passing


def _depth(plan: Plan, links: set[int]) -> int:
    """Places in a buffer: no more can ever be taken than there are places in the queues of all its receivers, and one
    by the message that waits for such a place.
    """
    most = 1 + sum(plan.cores[plan.flows[link].receiver].timing.queue_depth for link in links)
    return most if plan.router_depth is None else min(plan.router_depth, most)


def _ring(depth: int) -> int:
    """Entries of a ring for so many messages: a power of two, so that a place in it takes no division."""
    return int(1 << (depth - 1).bit_length())
