"""Compiled inner loops of the fast engine: time where every core sends to the next one only, frame by frame.

The unit is a *transfer* (simulator.timing.kernels_transfer): core c sends its messages of one frame while core c + 1
serves them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Maps, Slots
from simulator.counts.columns import (
    BARRIER,
    SERVE_END,
    SERVE_FIRST,
    STARVED,
    UPDATE_END,
    UPDATE_START,
)
from simulator.timing.arrays import TimeState, Timing
from simulator.timing.kernels_transfer import transfer
from workloads.compiled import inlined, without_refcounts

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]

NEXT, RELEASE = 0, 1  # places in TimeState.clock
SHARE = -1  # what `dataflow_frames` asks its caller for: see `transfers_band`


@without_refcounts
def dataflow_frames(
    maps: Maps,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    until: int,
    trace: Int64,
    traced: int,
    threads: int,
) -> int:
    """Time all frames up to number `until` (not included). Returns the message rows written to `trace`; or SHARE, where
    the transfers of frame clock[NEXT] are better timed by several threads: do that, and call again.
    """
    ring, cores = slots.messages.shape[0], timing.access_fs.shape[0]
    alone = timing.serial and trace.shape[0] == 0 and cores > 1 and timing.token_fs + timing.wire_fs[0] > 0
    for frame in range(times.clock[NEXT], until):
        slot = frame % ring
        if times.shared[0] > 0:
            _put_in_place(slots, timing, times, frame)
        else:
            start = _admit(timing, times, frame)
            record = slots.record[slot, 0]
            record[SERVE_FIRST] = record[SERVE_END] = start
            record[STARVED] = start - times.update_end[0]
            if threads > 1 and alone and slots.messages[slot].sum() > maps.neurons_to_share:
                _prepare_sharing(times, cores)
                times.clock[NEXT] = frame
                return SHARE
            for core in range(cores):
                start = start if core == 0 else times.serve_end[core]
                free_from = times.update_end[core + 1] if core + 1 < cores else np.int64(0)
                traced = transfer(maps, slots, timing, times, core, frame, start, free_from, trace, traced)
        times.ends[frame % cores] = times.update_end[cores - 1]
    times.clock[NEXT] = max(until, times.clock[NEXT])
    return traced


@inlined
def _prepare_sharing(times: TimeState, cores: int) -> None:
    """Note where time stands before a frame whose transfers are timed side by side."""
    for core in range(cores):
        times.free_from[core] = times.update_end[core]
        times.sent_before[core] = times.sent[min(core, cores - 2)]
    times.shared[0] = 1


@inlined
def _put_in_place(slots: Slots, timing: Timing, times: TimeState, frame: int) -> None:
    """Move the transfers of a frame that has the chip to itself from where `transfers_band` began them to their place.

    All that happened before did so by the frame's start, so a transfer that really begins later goes just as one that
    begins at start + 1, only later.
    """
    cores = timing.access_fs.shape[0]
    slot = frame % slots.messages.shape[0]
    start = slots.record[slot, 0, SERVE_FIRST]
    times.shared[0] = 0
    for core in range(1, cores):
        later = times.serve_end[core] - start - 1
        record = slots.record[slot, core]
        record[UPDATE_START] += later
        record[UPDATE_END] += later
        times.update_end[core] += later
        if core + 1 < cores:
            times.link_free[core] += later
            times.serve_end[core + 1] += later
            receiver = slots.record[slot, core + 1]
            receiver[SERVE_FIRST] += later
            receiver[SERVE_END] += later
            receiver[STARVED] += later
            starts = times.starts[timing.ring_begin[core] : timing.ring_begin[core + 1]]
            for number in range(max(times.sent_before[core], times.sent[core] - starts.shape[0]), times.sent[core]):
                starts[number % starts.shape[0]] += later


@without_refcounts
def transfers_band(
    maps: Maps,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    trace: Int64,
    band: int,
    bands: int,
) -> None:
    """A band of the transfers of frame clock[NEXT]: that of core 0 from its start on, the others from start + 1 on."""
    frame = times.clock[NEXT]
    start = slots.record[frame % slots.messages.shape[0], 0, SERVE_FIRST]
    for core in range(timing.access_fs.shape[0]):
        if _band_of(slots, frame, core, bands) == band:
            begin = start if core == 0 else start + 1
            free_from = times.free_from[min(core + 1, timing.access_fs.shape[0] - 1)]
            transfer(maps, slots, timing, times, core, frame, begin, free_from, trace, 0)


@without_refcounts
def _band_of(slots: Slots, frame: int, core: int, bands: int) -> int:
    """Which band times a core's transfer: cores are cut, in order, into parts of about equally many messages."""
    slot = frame % slots.messages.shape[0]
    total, before = np.int64(0), np.int64(0)
    for each in range(slots.messages.shape[1]):
        total += slots.messages[slot, each]
        before += slots.messages[slot, each] if each < core else 0
    return min((before + slots.messages[slot, core] // 2) * bands // max(total, 1), bands - 1)


@without_refcounts
def barrier_steps(
    maps: Maps,
    slots: Slots,
    timing: Timing,
    times: TimeState,
    frames: int,
    until: int,
    trace: Int64,
    traced: int,
) -> int:
    """Time the steps up to number `until` (not included) of which `frames` frames are known: all cores start together.

    In step n core c sends its messages of frame n - c (all frames in a row when `serial`: then one core sends a step)
    and core c + 1 serves them; when all have been served, and the release time later, the next step begins.
    """
    ring, cores = slots.messages.shape[0], timing.access_fs.shape[0]
    for step in range(times.clock[NEXT], until):
        reached = times.clock[RELEASE]
        for back in range(cores):
            core = cores - 1 - back  # a receiver's own update phase comes before it serves, so later cores go first
            frame = _frame_in_step(step, core, cores, timing.serial)
            if frame < 0 or frame >= frames:
                continue
            record = slots.record[frame % ring, core]
            start = _enter_step(timing, times, record, core, frame)
            free_from = times.update_end[core + 1] if core + 1 < cores else np.int64(0)
            traced = transfer(maps, slots, timing, times, core, frame, start, free_from, trace, traced)
            reached = max(reached, times.update_end[core])
            if core + 1 < cores:
                reached = max(reached, times.serve_end[core + 1])
        times.clock[RELEASE] = reached + timing.release_fs[0]
    times.clock[NEXT] = max(until, times.clock[NEXT])
    return traced


@inlined
def _admit(timing: Timing, times: TimeState, frame: int) -> int:
    """When the input core takes a frame in: it is free, the frame is there, and there is room for it.

    At most one frame per core is in the chip, or (serial) one at all.
    """
    start = max(times.update_end[0], frame * timing.interval_fs)
    before = frame - (1 if timing.serial else times.ends.shape[0])
    return max(start, times.ends[before % times.ends.shape[0]]) if before >= 0 else start


@inlined
def _frame_in_step(step: int, core: int, cores: int, serial: bool) -> int:
    """Which frame core sends in this step; -1 for none."""
    if not serial:
        return step - core
    return step // cores if step % cores == core else -1


@inlined
def _enter_step(timing: Timing, times: TimeState, record: Int64, core: int, frame: int) -> int:
    """Start of an update phase under barriers, with the waiting booked to the barrier or to the frame not there yet."""
    ready = times.serve_end[core] if core > 0 else times.update_end[0]
    start = max(ready, times.clock[RELEASE])
    record[BARRIER] = start - ready
    if core == 0:
        record[SERVE_FIRST] = record[SERVE_END] = ready
        there = max(start, frame * timing.interval_fs)
        record[STARVED] = there - start
        start = there
    return start
