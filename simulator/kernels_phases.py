"""Compiled inner loops of the fast engine's event queue: what is due when, and from phase to phase."""

from __future__ import annotations

from simulator.arrays import Slots, TimeState, Timing
from simulator.columns import BARRIER, UPDATE_START
from simulator.events import NEVER, UPDATING, EventState
from simulator.kernels_time import RELEASE
from workloads.compiled import inlined


@inlined
def begin_update(slots: Slots, timing: Timing, events: EventState, core: int, now: int) -> None:
    """The update phase begins; `ready` NEVER says that the next message is still to be found."""
    slots.record[events.frame[core] % slots.messages.shape[0], core, UPDATE_START] = now
    events.phase[core], events.ready[core] = UPDATING, NEVER
    events.message[core] = events.place[core] = events.repeat[core] = 0
    events.scanned[core] = events.pixel[core] = events.before[core] = events.units[core] = 0
    fetch = timing.fetch_fs if core == 0 else 0
    send_at(events, core, now + fetch)


@inlined
def decide_at(events: EventState, core: int, time: int) -> None:
    """When the core decides next."""
    events.due[core] = time


@inlined
def send_at(events: EventState, core: int, time: int) -> None:
    """When the core sends next."""
    events.due[events.phase.shape[0] + core] = time


@inlined
def step_on(slots: Slots, timing: Timing, times: TimeState, events: EventState, now: int) -> None:
    """One more core is done with its part of the step; after the last one the barrier opens for the next level."""
    cores = timing.level.shape[0]
    if events.pending[0] == 0:  # the first report of a step: count who has to report
        for core in range(cores):
            events.pending[0] += timing.level[core] == events.step[0] or timing.level[core] == events.step[0] + 1
    events.pending[0] -= 1
    if events.pending[0] > 0:
        return
    times.clock[RELEASE] = now + timing.barrier_fs
    events.step[0] += 1
    if events.step[0] > timing.level[cores - 1]:
        events.step[0] = 0
        return
    for core in range(cores):
        if timing.level[core] == events.step[0]:
            record = slots.record[events.frame[core] % slots.messages.shape[0], core]
            record[BARRIER] = times.clock[RELEASE] - times.serve_end[core]
            begin_update(slots, timing, events, core, times.clock[RELEASE])
