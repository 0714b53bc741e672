"""The fast engine's data: the routers' buffers, the mesh links between them, and every send's stops, as flat arrays."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.part_arrays import offsets
from simulator.plan import Plan
from simulator.routes import ROOT

Int64 = NDArray[np.int64]


class Ways(NamedTuple):
    """What does not change during a run. Without shared links there are no buffers, and messages go straight.

    Buffer m, for mesh link m, is at that link's end; buffer (mesh links + c) is where core c's messages enter the mesh.
    Stops are numbered over all sends. Buffer b has room for depth[b] messages, items room[b] .. of the queues.
    """

    shared: bool
    hop_fs: Int64  # (mesh links,)
    side: Int64  # (mesh links,): which of its tile's four sides a link leaves by
    inputs: Int64  # (mesh links + 1,) into input_buffer
    input_buffer: Int64  # buffers whose messages may leave by each link
    depth: Int64  # (buffers,)
    room: Int64  # (buffers + 1,)
    root: Int64  # (sends,): first stop
    deliver: Int64  # (stops + 1,) into deliver_link
    deliver_link: Int64
    leave: Int64  # (stops + 1,) into leave_link, leave_stop
    leave_link: Int64
    leave_stop: Int64
    last_fs: Int64  # (links,): inside the last tile


def way_arrays(plan: Plan) -> Ways:
    """Lay all sends out flat."""
    shared = plan.shared and not plan.chain
    stops = [stop for send in plan.sends for stop in send.stops]
    first = offsets(len(send.stops) for send in plan.sends)
    leaves = [(link, first[number] + stop) for number, send in enumerate(plan.sends)
              for each in send.stops for link, stop in each.leave_by]  # fmt: skip
    passing = _passing(plan) if shared else []
    inputs = [[b for b, (leaving, _) in enumerate(passing) if link in leaving] for link in range(len(plan.mesh))]
    depth = [_depth(plan, links) for _, links in passing]
    return Ways(
        shared=shared,
        hop_fs=np.array([link.hop_fs for link in plan.mesh], np.int64),
        side=np.array([_side(*link.begin, *link.end) for link in plan.mesh], np.int64),
        inputs=offsets(len(each) for each in inputs),
        input_buffer=np.array([*chain.from_iterable(inputs)], np.int64),
        depth=np.array(depth, np.int64),
        room=offsets(depth),
        root=first[:-1],
        deliver=offsets(len(stop.deliver) for stop in stops),
        deliver_link=np.array([link for stop in stops for link in stop.deliver], np.int64),
        leave=offsets(len(stop.leave_by) for stop in stops),
        leave_link=np.array([link for link, _ in leaves], np.int64),
        leave_stop=np.array([stop for _, stop in leaves], np.int64),
        last_fs=np.array([link.last_fs for link in plan.links], np.int64),
    )


def _passing(plan: Plan) -> list[tuple[set[int], set[int]]]:
    """Of every buffer: the mesh links that its messages may leave by, and the plan's links whose messages pass."""
    passing: list[tuple[set[int], set[int]]] = [(set(), set()) for _ in range(len(plan.mesh) + len(plan.cores))]
    for send in plan.sends:
        sender = plan.links[send.links[0]].sender
        for stop in send.stops:
            leaving, links = passing[len(plan.mesh) + sender if stop.came_by == ROOT else stop.came_by]
            leaving.update(link for link, _ in stop.leave_by)
            links.update(send.links)
    return passing


def _depth(plan: Plan, links: set[int]) -> int:
    """Places in a buffer: no more can ever be taken than there are places in the queues of all its receivers, and one
    by the message that waits for such a place.
    """
    most = 1 + sum(plan.cores[plan.links[link].receiver].timing.queue_depth for link in links)
    return most if plan.router_depth is None else min(plan.router_depth, most)


def _side(x: int, y: int, to_x: int, to_y: int) -> int:
    return (0 if to_x > x else 1) if to_x != x else (2 if to_y > y else 3)
