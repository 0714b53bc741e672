"""How long things take on a chip, and where time stands, as flat arrays that compiled kernels can take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Maps
from simulator.placement.plan import Plan, port_fs, serving_at
from simulator.timing.limits import LONGEST_FS, counted
from simulator.values.arrays import offsets
from simulator.wire_table import EACH

Int64 = NDArray[np.int64]


class Timing(NamedTuple):
    """Integer latencies (fs) per core in use, or per link between two of them."""

    access_fs: Int64  # (cores,) per accumulator looked at
    update_fs: Int64  # (cores,) more per neuron that is updated
    fire_fs: Int64  # (cores,) more per neuron that sends
    encode_fs: Int64  # (cores,) more per wire message
    looks: Int64  # per pixel sent: accumulator pixels it looks at
    service_fs: Int64  # rows per link and hits, (rows, additions per synapse of one message)
    wire: Int64  # as in Maps
    port_fs: Int64  # per row: time at the off-chip port
    service_row: Int64  # (links,): row of 0 hits
    message_fs: int  # time on a link
    token_fs: int
    wire_fs: Int64  # (links,) hops
    depth: Int64  # (links,) receiver's queue
    ring_begin: Int64  # (links + 1,): the ring of link l in TimeState's arrays
    level: Int64  # (cores,) longest way from the input
    fetch_fs: Int64  # (cores,) to read the frame
    group: Int64  # (cores,) cores of one number wait for each other; -1: for nobody
    group_size: Int64  # (groups,)
    release_fs: Int64  # (groups,) from when all of them are there to when they go on
    tokens: bool  # they end a receive phase; if not, all cores go in steps
    serial: bool  # the next frame enters when the last one has left
    interval_fs: int  # a frame arrives every so often; 0: whenever it is taken


class TimeState(NamedTuple):
    """Where time stands. `starts` holds, per link, when the last `depth` slots' messages left the queue (began
    service).
    """

    update_end: Int64  # (cores,)
    serve_end: Int64  # (cores,)
    link_free: Int64  # (cores,): the core's port into the mesh
    sent: Int64  # (links,) messages and tokens sent so far
    left: Int64  # (links,) of them, those known to have left the queue
    starts: Int64  # (sum of depths,)
    ends: Int64  # (layers,): when the last frames left, a ring
    clock: Int64  # (2,): next frame or (without tokens) step, release of that step
    free_from: Int64  # (cores,): room for update_end of the frame before
    sent_before: Int64  # (cores,): room for `sent` of the frame before
    shared: Int64  # (1,): 1 while threads time the transfers of the next frame


ROOMS = frozenset({"free_from", "sent_before", "shared"})
"""Parts of TimeState that hold nothing from one frame to the next."""


def timing_arrays(plan: Plan, maps: Maps, *, serial: bool, interval_fs: int) -> Timing:
    """The plan's latencies as arrays; `maps` are the plan's; `serial` and `interval_fs` say how frames arrive."""
    cores, links = plan.cores, plan.flows
    rows = [(link, hits) for link in links for hits in range(link.most_hits + 1)]
    additions = range(int(maps.wire[:, EACH].max()) + 1)
    service = np.zeros((len(rows), len(additions)), np.int64)
    for row, (link, hits) in enumerate(rows):
        serving = serving_at(plan, link)
        service[row] = counted(serving.service_fs(hits * link.channels, each) for each in additions)
    return Timing(
        access_fs=counted(core.timing.access_fs for core in cores),
        update_fs=counted(core.timing.update_fs for core in cores),
        fire_fs=counted(core.timing.fire_fs for core in cores),
        encode_fs=counted(core.timing.encode_fs for core in cores),
        looks=maps.looks,
        service_fs=service,
        wire=maps.wire,
        port_fs=counted(port_fs(plan, link, hits) for link, hits in rows),
        service_row=offsets(link.most_hits + 1 for link in links)[:-1],
        message_fs=min(plan.message_fs, LONGEST_FS),
        token_fs=min(plan.token_fs, LONGEST_FS),
        wire_fs=counted(link.wire_fs for link in links),
        depth=np.array([cores[link.receiver].timing.queue_depth for link in links], np.int64),
        ring_begin=offsets(cores[link.receiver].timing.queue_depth for link in links),
        level=np.array([core.level for core in cores], np.int64),
        fetch_fs=counted(core.fetch_fs for core in cores),
        group=np.array(plan.group_of, np.int64),
        group_size=np.bincount(np.array(plan.group_of, np.int64) + 1, minlength=len(plan.release_fs) + 1)[1:].copy(),
        release_fs=counted(plan.release_fs),
        tokens=plan.schedule.sends_tokens,
        serial=serial,
        interval_fs=min(interval_fs, LONGEST_FS),
    )


def new_time_state(plan: Plan, timing: Timing) -> TimeState:
    """Time zero: nothing sent, nothing served."""
    cores, links = len(timing.access_fs), len(timing.depth)
    return TimeState(
        update_end=np.zeros(cores, np.int64),
        serve_end=np.zeros(cores, np.int64),
        link_free=np.zeros(cores, np.int64),
        sent=np.zeros(links, np.int64),
        left=np.zeros(links, np.int64),
        starts=np.zeros(int(timing.ring_begin[-1]), np.int64),
        ends=np.zeros(len(plan.layers), np.int64),
        clock=np.zeros(2, np.int64),
        free_from=np.zeros(cores, np.int64),
        sent_before=np.zeros(cores, np.int64),
        shared=np.zeros(1, np.int64),
    )
