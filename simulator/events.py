"""Where every core and link of a branching network stands, for the event queue of simulator.kernels_events."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import Timing
from simulator.plan import Plan

Int64 = NDArray[np.int64]

SERVING: Final = 0
WAITING: Final = 1
UPDATING: Final = 2
NEVER: Final = 2**62

# columns of a queue's entries
ARRIVAL: Final = 0
SERVICE: Final = 1  # -1 for a token
FRAME: Final = 2
NEURON: Final = 3
VALUE: Final = 4
READY: Final = 5
SENT: Final = 6


class EventState(NamedTuple):
    """All int64. Per core unless it says otherwise."""

    due: Int64  # (2 * cores,): when each core decides, then when each sends; NEVER for not at all
    phase: Int64
    frame: Int64  # that is received or sent
    idle: Int64  # 1 while nothing is served
    served: Int64  # wire messages of this frame
    busy: Int64  # time spent on them
    first: Int64  # start of the first, -1 before
    sent_done: Int64  # frames whose update phase is over
    ready: Int64  # since when the message wants to leave
    queueing: Int64  # 1 while it waits for a free slot
    since: Int64  # and since when
    message: Int64  # next message of the frame
    place: Int64  # of the core's own links, the one it goes to
    repeat: Int64  # unit events of it that have gone there
    fired: Int64  # messages whose neuron has been scanned
    scanned: Int64  # time of the scan up to that neuron; -1 after the last
    pixel: Int64  # that neuron's pixel
    before: Int64  # time of the scan before that pixel
    units: Int64  # wire messages sent in this frame
    closed: Int64  # (links,) 1 where this frame's token has been served
    started: Int64  # (links,) messages and tokens whose service has begun
    receiver: Int64  # (links,)
    queue: Int64  # (slots of all links, 7): rings, link after link
    pending: Int64  # (1,) reports still missing before the barrier opens
    step: Int64  # (1,) level that sends


PER_CORE: Final = EventState._fields[1 : EventState._fields.index("closed")]


def new_event_state(plan: Plan, timing: Timing) -> EventState:
    """Time zero: all cores wait for messages, the input core for its first frame."""
    cores, links = len(plan.cores), len(plan.links)
    state = EventState(
        due=np.full(2 * cores, NEVER, np.int64),
        **{name: np.zeros(cores, np.int64) for name in PER_CORE},
        closed=np.zeros(links, np.int64),
        started=np.zeros(links, np.int64),
        receiver=np.array([link.receiver for link in plan.links], np.int64),
        queue=np.zeros((int(timing.ring_begin[-1]), 7), np.int64),
        pending=np.zeros(1, np.int64),
        step=np.zeros(1, np.int64),
    )
    state.phase[0] = WAITING
    state.idle[:] = 1
    state.first[:] = -1
    return state
