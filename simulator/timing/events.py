"""Where every core, link and buffer stands, for the event queue of simulator.timing.kernels_events."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.counts.part_arrays import Parts
from simulator.placement.plan import Plan
from simulator.timing.way_arrays import Ways

Int64 = NDArray[np.int64]

SERVING: Final = 0
WAITING: Final = 1
UPDATING: Final = 2
GATHERED: Final = 3  # has its frame, and waits for others of its group
NEVER: Final = 2**63 - 1  # later than any time that a run reaches, see simulator.timing.longest

# columns of the entries of a core's input queues
ARRIVAL, SERVICE, SLOT, NEURON, VALUE, READY, SENT, PORT = range(8)  # SERVICE is -1 for a token
START = NEURON  # once it is served: when that began
# columns of the items in a router's buffer: `SLOT` (of its frame) to `SENT` as above
STOP, CAME, PIXEL_CLASS = 0, 1, 7  # the stop it is at, when its head came; -1 for a token
ENTRY_WIDTH: Final = 8
# places in `clock`
STEP, OPEN, ENTRY, FRAMES_DONE = 0, 1, 2, 3
# columns of Slots.mesh
WAIT, PEAK = 0, 1


class EventState(NamedTuple):
    """All int64. Per core unless it says otherwise.

    The agenda: `due` says when each core decides, then when each sends, then when each mesh link and at last the
    off-chip port is given to the next message; NEVER for not at all. `winner` is a tournament over them.
    """

    due: Int64  # (entrants,), a power of two
    winner: Int64  # (2 * entrants,): [1] is the one that is due first, of equals the first
    phase: Int64
    frame: Int64  # that is received or sent
    slot: Int64  # of the frame that is sent
    idle: Int64  # 1 while nothing is served
    busy: Int64  # time spent serving in this frame
    waited: Int64  # and waiting for the off-chip port
    first: Int64  # start of the first service, -1 before
    ready: Int64  # since when the message wants to leave
    entered: Int64  # 1 once it has the way into the mesh, and waits for its receivers' queues
    since: Int64  # and since when
    held_by: Int64  # what will wake it: a link, -1 nothing, -2 room in the buffer
    send: Int64  # how it leaves
    message: Int64  # next message of the frame
    place: Int64  # of its sends, the one it is at
    repeat: Int64  # messages of its value that have gone out by that
    fired: Int64  # messages whose neuron has been scanned
    scanned: Int64  # time of the scan up to that neuron; -1 after the last
    pixel: Int64  # that neuron's pixel in the layer's map
    before: Int64  # time of the scan before that pixel
    asked: Int64  # since when it waits for the off-chip port, NEVER if it does not
    serving: Int64  # and with the message of which link
    taken: Int64  # (cores, 8) that message
    closed: Int64  # (links,) 1 where this frame's token has been served
    started: Int64  # (links,) messages and tokens whose service has begun
    delivered: Int64  # (links,) that have been put into the receiver's queue
    queue: Int64  # (places of all links, 8): rings, link after link
    pushed: Int64  # (buffers,) messages that came
    gone: Int64  # (buffers,) and left
    come: Int64  # (buffers,) those known to be there by now
    left: Int64  # (places of all buffers,): when the last messages' tails had left
    last_left: Int64  # (buffers,)
    unsent: Int64  # (buffers,): links that it still waits for
    asks: Int64  # (places of Ways.input_buffer,): since when that buffer's first message asks for that link, or NEVER
    wants: Int64  # the stop that it goes to by that
    item: Int64  # (places of all buffers, 8)
    outgoing: Int64  # (8,) the message that leaves, where there are no buffers
    link_free: Int64  # (mesh links,)
    port_free: Int64  # (1,)
    gathered: Int64  # (groups,) cores of it that have their frame and wait for the others
    latest: Int64  # (groups,) when the last of them had it
    cores_done: Int64  # (layers,) a ring of frames: cores that are done
    clock: Int64  # (4,)


PER_CORE: Final = EventState._fields[2 : EventState._fields.index("taken")]


def new_event_state(plan: Plan, parts: Parts, ways: Ways) -> EventState:
    """Time zero: all cores wait for messages, the input's for their first frame."""
    cores, links, mesh, buffers = len(plan.cores), len(plan.flows), len(plan.mesh), len(ways.depth)
    entrants = 2 ** (2 * cores + mesh).bit_length()
    winner = np.zeros(2 * entrants, np.int64)
    winner[entrants:] = np.arange(entrants)
    for node in range(entrants - 1, 0, -1):
        winner[node] = winner[2 * node]
    state = EventState(
        due=np.full(entrants, NEVER, np.int64),
        winner=winner,
        **{name: np.zeros(cores, np.int64) for name in PER_CORE},
        taken=np.zeros((cores, ENTRY_WIDTH), np.int64),
        closed=np.zeros(links, np.int64),
        started=np.zeros(links, np.int64),
        delivered=np.zeros(links, np.int64),
        queue=np.zeros((int(ways.queue_room[-1]), ENTRY_WIDTH), np.int64),
        **{name: np.zeros(buffers, np.int64) for name in ("pushed", "gone", "come", "last_left", "unsent")},
        left=np.zeros(int(ways.room[-1]), np.int64),
        asks=np.full(len(ways.input_buffer), NEVER, np.int64),
        wants=np.zeros(len(ways.input_buffer), np.int64),
        item=np.zeros((int(ways.room[-1]), ENTRY_WIDTH), np.int64),
        outgoing=np.zeros(ENTRY_WIDTH, np.int64),
        link_free=np.zeros(mesh, np.int64),
        port_free=np.zeros(1, np.int64),
        gathered=np.zeros(len(plan.release_fs), np.int64),
        latest=np.zeros(len(plan.release_fs), np.int64),
        cores_done=np.zeros(len(plan.layers), np.int64),
        clock=np.zeros(4, np.int64),
    )
    state.phase[: parts.cores[1]] = WAITING
    state.idle[:] = 1
    state.first[:] = state.held_by[:] = -1
    state.asked[:] = NEVER
    return state
