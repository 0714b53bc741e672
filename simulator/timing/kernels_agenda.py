"""Compiled inner loops of the fast engine's event queue: what is due when.

Every core, link and port has at most one thing due. A tournament over their times says which is first: at one time
cores decide what to serve before cores send, and cores send before links are given to messages, since what is sent or
given at one time has an effect on others 1 fs later at the soonest, but for a place in a queue that a decision frees.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.timing.events import EventState
from workloads.compiled import inlined, without_refcounts

Int64 = NDArray[np.int64]


@without_refcounts
def put_due(due: Int64, winner: Int64, entrant: int, time: int) -> None:
    """Note when an entrant is due, and play its matches anew as far as the outcome may have changed."""
    due[entrant] = time
    node = (np.uint64(due.shape[0]) + np.uint64(entrant)) >> np.uint64(1)
    while node > np.uint64(0):
        a, b = winner[node * np.uint64(2)], winner[node * np.uint64(2) + np.uint64(1)]
        first = a if due[np.uint64(a)] <= due[np.uint64(b)] else b
        if winner[node] == first and first != entrant:
            return
        winner[node] = first
        node >>= np.uint64(1)


@inlined
def decide_at(events: EventState, core: int, time: int) -> None:
    """When the core decides next."""
    put_due(events.due, events.winner, core, time)


@inlined
def send_at(events: EventState, core: int, time: int) -> None:
    """When the core sends next."""
    put_due(events.due, events.winner, events.phase.shape[0] + core, time)


@inlined
def give_link_at(events: EventState, link: int, time: int) -> None:
    """When a mesh link is given to the next message."""
    put_due(events.due, events.winner, 2 * events.phase.shape[0] + link, time)


@inlined
def give_port_at(events: EventState, time: int) -> None:
    """When the off-chip port is given to the next core."""
    put_due(events.due, events.winner, 2 * events.phase.shape[0] + events.link_free.shape[0], time)
