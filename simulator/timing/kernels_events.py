"""Compiled inner loops of the fast engine: time where messages of several cores meet, by an event queue.

Where a core hears from several, or links are shared, times no longer follow link by link. What is left as events: a
core *decides* what to serve next, a core *sends* its next message, a mesh link (or the off-chip port) is *given* to the
next message. The simulation pauses where the input wants a frame that is not known yet, later events still due.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Maps, Slots
from simulator.counts.columns import BARRIER, SERVE_END, SERVE_FIRST, STARVED
from simulator.counts.part_arrays import Parts
from simulator.timing.arrays import TimeState, Timing
from simulator.timing.events import ENTRY, FRAMES_DONE, NEVER, OPEN, STEP, UPDATING, WAITING, EventState
from simulator.timing.kernels_mesh import give_link
from simulator.timing.kernels_sending import begin_update, frame_received, send
from simulator.timing.kernels_serving import close_receiving, decide, give_port
from simulator.timing.kernels_time import RELEASE
from simulator.timing.way_arrays import Ways
from workloads.compiled import inlined, without_refcounts

Int64 = NDArray[np.int64]


@without_refcounts
def run_events(
    maps: Maps,
    parts: Parts,
    ways: Ways,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    events: EventState,
    known: int,
    last: bool,
    trace: Int64,
    traced: int,
) -> int:
    """Simulate until the input wants frame `known`, or to the end if that is the `last`. Returns rows traced."""
    cores, mesh = events.phase.shape[0], ways.hop_fs.shape[0]
    stale = True  # the input may be able to take a frame in
    while True:
        if stale and timing.tokens:
            _admit(parts, slots, timing, times, events, known)
        entrant = events.winner[1]
        now = events.due[entrant]
        if not timing.tokens and now == NEVER:
            if not _next_step(parts, slots, timing, times, events, known, last):
                return traced
            continue
        if now == NEVER or (timing.tokens and not last and now >= events.clock[ENTRY]):
            return traced
        stale = False
        if entrant < cores:
            traced = decide(parts, ways, slots, timing, times, events, entrant, now, trace, traced)
        elif entrant < 2 * cores:
            core = entrant - cores
            send(maps, parts, ways, slots, timing, times, events, core, now)
            stale = events.phase[core] != UPDATING
        elif entrant < 2 * cores + mesh:
            give_link(parts, ways, slots, timing, events, entrant - 2 * cores, now)
        else:
            traced = give_port(parts, times, events, now, trace, traced)


@inlined
def _admit(parts: Parts, slots: Slots, timing: Timing, times: TimeState, events: EventState, known: int) -> None:
    """Let the input's cores begin their next frame if there is room for it in the chip.

    Notes when a frame that is not known yet would enter, NEVER where none could.
    """
    layers = times.ends.shape[0]
    events.clock[ENTRY] = NEVER
    for core in range(parts.cores[1]):
        frame = events.frame[core]
        before = frame - (1 if timing.serial else layers)
        if events.phase[core] != WAITING or (before >= 0 and events.clock[FRAMES_DONE] <= before):
            continue
        ready = times.update_end[core]
        entered = max(ready, frame * timing.interval_fs)
        if before >= 0:
            entered = max(entered, times.ends[before % layers])
        if frame >= known:
            events.clock[ENTRY] = min(events.clock[ENTRY], entered)
            continue
        record = slots.record[frame % slots.messages.shape[0], core]
        record[SERVE_FIRST] = record[SERVE_END] = entered
        record[STARVED] = entered - ready
        frame_received(slots, timing, events, core, entered)


@inlined
def _next_step(
    parts: Parts, slots: Slots, timing: Timing, times: TimeState, events: EventState, known: int, last: bool
) -> bool:
    """Nothing is underway: close the step, and open the next one unless it wants a frame that is not known."""
    cores = events.phase.shape[0]
    levels, step = timing.level[cores - 1] + 1, events.clock[STEP]
    if events.clock[OPEN] == 1:
        reached = times.clock[RELEASE]
        for core in range(cores):
            reached = max(reached, times.update_end[core], times.serve_end[core])
            frame = events.frame[core]
            if core >= parts.cores[1] and frame < known and _frame_sent(timing, step, levels, core, 1) == frame:
                close_receiving(slots, times, events, core)
                events.phase[core] = WAITING
        times.clock[RELEASE] = reached + timing.release_fs[0]
        events.clock[STEP] += 1
        events.clock[OPEN] = 0
    step = events.clock[STEP]
    newest = step // levels if timing.serial else step
    if newest >= known and (timing.serial or not last or known == 0 or step >= known + levels - 1):
        return False
    events.clock[OPEN] = 1
    for core in range(cores):
        frame = _frame_sent(timing, step, levels, core, 0)
        if 0 <= frame < known and frame == events.frame[core]:
            record = slots.record[frame % slots.messages.shape[0], core]
            start = times.clock[RELEASE]
            record[BARRIER] = start - times.serve_end[core]
            if core < parts.cores[1]:
                record[SERVE_FIRST] = record[SERVE_END] = times.serve_end[core]
                there = max(start, frame * timing.interval_fs)
                record[STARVED] = there - start
                start = there
            begin_update(slots, timing, events, core, start)
    return True


@inlined
def _frame_sent(timing: Timing, step: int, levels: int, core: int, before: int) -> int:
    """The frame that a core, or (`before` 1) the level before it, sends in a step; -1 for none."""
    level = timing.level[core] - before
    if not timing.serial:
        return step - level
    return step // levels if step % levels == level else -1
