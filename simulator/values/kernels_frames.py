"""Compiled inner loops of the fast engine: whole frames through all cores, integers and messages only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.columns import (
    ACCUMULATOR_PEAK,
    DIGEST,
    L1_OUT,
    NONZERO,
    S_DISTANCE,
    S_L1,
    S_PRODUCT,
    S_SQUARE,
    SATURATIONS,
    UPDATES,
    VALUES_OUT,
    WIDTH,
)
from simulator.counts.kernels_counts import count_parts
from simulator.counts.part_arrays import Parts
from simulator.values.arrays import NetworkArrays, Slots, Timing, ValueState
from simulator.values.digest import key_of
from simulator.values.kernels_messages import (
    CHANGED_L1,
    CLIPPED,
    COUNT,
    DIGEST_SUM,
    L1_SUM,
    NONZERO_SUM,
    PIXELS,
    POSITIONS,
    PRODUCT_SUM,
    S_L1_SUM,
    SQUARE_SUM,
    distance_of,
)
from simulator.values.kernels_receive import fully_connected, receive_band, receive_saturating
from simulator.values.kernels_update import pack, update_band
from simulator.values.products import (
    DOUBLE_COST,
    FIXED_COST,
    FORCED,
    NONE,
    PIXEL_COST,
    SINGLE,
    SINGLE_COST,
    WINDOW_COST,
)
from workloads.compiled import inlined, uncounted

FRAME, CORE, PHASE, MADE = 0, 1, 2, 3  # places in ValueState.cursor
FIRST, ALONE = np.int64(0), np.int64(1)  # the only band; literals would be compiled for once more
DONE, PRODUCT, RECEIVE, UPDATE, COMPARE = 0, 1, 2, 3, 4  # what `frame_values` asks its caller for


@uncounted
def frame_values(
    net: NetworkArrays,
    timing: Timing,
    parts: Parts,
    state: ValueState,
    slots: Slots,
    frames: NDArray[np.uint8],
    first_frame: int,
    integers_out: NDArray[np.int32],
) -> int:
    """Run `frames` (n, pixels) through the network; frame k is number first_frame + k and fills slot (that % ring).

    Fills the slots' messages and the value columns of their record rows. integers_out: (n, neurons) int32 takes every
    core's integers of every frame, or (n, outputs) only the last core's. Returns DONE, or a piece of work on core
    cursor[CORE] of frame cursor[FRAME] that is better done outside (by a dense product, by several threads): do it,
    and call again with the same arguments.
    """
    cores = net.shape.shape[0]
    ring = slots.messages.shape[0]
    cursor = state.cursor
    while cursor[FRAME] < frames.shape[0]:
        k = cursor[FRAME]
        slot = (first_frame + k) % ring
        fresh = first_frame + k == 0 or not net.delta
        if cursor[CORE] == 0 and cursor[PHASE] == DONE:
            _clear(slots, slot)
        while cursor[CORE] < cores:
            asked = _layer(net, timing, parts, state, slots, slot, cursor[CORE], fresh, frames[k])
            cursor[PHASE] = asked
            if asked != DONE:
                return asked
            cursor[CORE] += 1
            cursor[MADE] = 0
        begin = 0 if integers_out.shape[1] == net.sent[cores] else net.sent[cores - 1]
        for i in range(integers_out.shape[1]):
            integers_out[k, i] = state.integers[begin + i]
        cursor[FRAME], cursor[CORE] = k + 1, 0
    cursor[FRAME] = 0
    return DONE


@inlined
def _clear(slots: Slots, slot: int) -> None:
    """An empty record of a frame."""
    for core in range(slots.record.shape[1]):
        for column in range(WIDTH):
            slots.record[slot, core, column] = 0
    for link in range(slots.mesh.shape[1]):
        slots.mesh[slot, link, 0] = slots.mesh[slot, link, 1] = 0


@inlined
def _layer(
    net: NetworkArrays,
    timing: Timing,
    parts: Parts,
    state: ValueState,
    slots: Slots,
    slot: int,
    core: int,
    fresh: bool,
    pixels: NDArray[np.uint8],
) -> int:
    """One core in one frame, from where cursor[PHASE] says that it was left. Returns what is asked for, or DONE."""
    phase, several = state.cursor[PHASE], state.sums.shape[0] > 1
    if core == 0:
        if phase == DONE:
            _take_in(net, state, pixels)
    elif phase < UPDATE:
        bands = receiving_bands(net, state, core, fresh)
        if phase == DONE and _is_dense(net, state, slots, slot, core):
            state.cursor[MADE] = 1
            return PRODUCT
        if phase != RECEIVE:
            if several and bands > 1:
                return RECEIVE
            _receive(net, state, slots, slot, core, fresh, state.cursor[MADE] == 0)
        _note_peak(net, state, core, fresh, bands)
    if phase != COMPARE:
        bands = updating_bands(net, state, core)
        if phase != UPDATE:
            if several and bands > 1:
                return UPDATE
            update_band(net, timing, state, slots, slot, core, fresh or core == 0, FIRST, ALONE)
        _note_sent(net, state, slots, slot, core, bands)
    if net.delta and core < net.shape.shape[0] - 1:
        bands = comparing_bands(net, state)
        if phase != COMPARE:
            if several and bands > 1:
                return COMPARE
            distance_band(net, state, slots, slot, core, FIRST, ALONE)
        _note_distance(net, state, slots, slot, core, bands)
    count_parts(net, timing, parts, state, slots, slot, core)
    return DONE


@uncounted
def receiving_bands(net: NetworkArrays, state: ValueState, core: int, fresh: bool) -> int:
    """In how many bands a core's receive phase is done: as many as there are threads if it is worth it."""
    work = np.int64(0)
    for link in range(net.incoming[core], net.incoming[core + 1]):
        work += state.macs[link]
    many = work > net.macs_to_share or (fresh and net.begin[core + 1] - net.begin[core] > net.neurons_to_share)
    return state.sums.shape[0] if many and not net.saturating else 1


@uncounted
def updating_bands(net: NetworkArrays, state: ValueState, core: int) -> int:
    """In how many bands a core's update phase is done."""
    return state.sums.shape[0] if net.sent[core + 1] - net.sent[core] > net.neurons_to_share else 1


@uncounted
def comparing_bands(net: NetworkArrays, state: ValueState) -> int:
    """In how many bands a core's map is compared with that of the frame before."""
    return state.sums.shape[0] if state.sums[0, COUNT] > net.neurons_to_share else 1


@inlined
def _is_dense(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int) -> bool:
    """Is a dense product exact here, and predicted to cost less than the messages?"""
    if net.product[core] == NONE:
        return False
    by_messages, dense = predicted_costs(net, state, slots, slot, core)
    return net.product[core] >= FORCED or by_messages > dense


@uncounted
def predicted_costs(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int) -> tuple[float, float]:
    """What the messages into a core are predicted to cost, and a dense product (see simulator.values.products)."""
    by_messages, dense = np.float64(0.0), np.float64(FIXED_COST)
    factor = SINGLE_COST if net.product[core] & SINGLE else DOUBLE_COST
    for link in range(net.incoming[core], net.incoming[core + 1]):
        sender = net.link_sender[link]
        count, pixels = slots.messages[slot, sender], net.pixel[sender + 1] - net.pixel[sender]
        if count > 0:
            crowded = 1.0 if net.window[link, 0] == 1 else 1.0 + PIXEL_COST * pixels / count
            by_messages += crowded * state.macs[link]
        inputs = (net.weight[link + 1] - net.weight[link]) // net.link_channels[link]
        dense += factor * (1.0 + WINDOW_COST / max(inputs, 1)) * net.macs[link]
    return by_messages, dense


@inlined
def _take_in(net: NetworkArrays, state: ValueState, pixels: NDArray[np.uint8]) -> None:
    """The frame's pixels, shifted and offset, as the input core's accumulators."""
    channels = net.shape[0, 2]
    for pixel in range(net.shape[0, 0] * net.shape[0, 1]):
        for channel in range(channels):
            i = pixel * channels + channel
            state.accumulator[i] = (np.int32(pixels[i]) << net.input_shift) + net.bias[channel]


@inlined
def _receive(
    net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, fresh: bool, adding: bool
) -> None:
    """The receive phase of one core, in one piece."""
    if net.saturating:
        receive_saturating(net, state, slots, slot, core, fresh)
    else:
        receive_band(net, state, slots, slot, core, fresh, adding, FIRST, ALONE)


@inlined
def _note_peak(net: NetworkArrays, state: ValueState, core: int, fresh: bool, bands: int) -> None:
    """The largest accumulator of a core, from those of its pixels, or of its bands of outputs."""
    begin, end = state.touched_begin[core], state.touched_begin[core + 1]
    if fully_connected(net, core) and not net.saturating and (state.touched[begin] or fresh):
        state.pixel_peak[begin] = 0
        for band in range(bands):
            state.pixel_peak[begin] = max(state.pixel_peak[begin], state.band[band])
    peak = np.int64(0)
    for pixel in range(begin, end):
        peak = max(peak, state.pixel_peak[pixel])
    state.peak[core] = peak


@inlined
def _note_sent(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, bands: int) -> None:
    """The end of the update phase: the messages of all bands in one list, and the value columns."""
    record = slots.record[slot, net.lead[core]]
    pack(net, state, slots, slot, core, bands)
    sums = state.sums[0]
    slots.positions[slot, net.lead[core]] = sums[POSITIONS]
    record[UPDATES], record[SATURATIONS] = sums[PIXELS] * net.sent_shape[core, 2], sums[CLIPPED]
    record[NONZERO], record[VALUES_OUT], record[L1_OUT] = sums[NONZERO_SUM], sums[COUNT], sums[L1_SUM]
    if core == net.shape.shape[0] - 1:
        _digest_outputs(net, state, core)
    else:
        state.digest[core] = sums[DIGEST_SUM] + (state.digest[core] if net.delta else 0)
    record[DIGEST], record[ACCUMULATOR_PEAK] = state.digest[core], state.peak[core]


@inlined
def _digest_outputs(net: NetworkArrays, state: ValueState, core: int) -> None:
    """Digest of the last core's accumulators."""
    digest = np.int64(0)
    for i in range(net.sent[core], net.sent[core + 1]):
        digest += np.int64(state.integers[i]) * key_of(i)
    state.digest[core] = digest


@inlined
def _note_distance(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, bands: int) -> None:
    """How far a core's map is from that of the frame before, from the changes alone: what did not change has the same
    s.
    """
    sums, record = state.sums[0], slots.record[slot, net.lead[core]]
    l1 = state.l1[core] + sums[S_L1_SUM]
    square = state.square[core] + sums[SQUARE_SUM]
    distance = (l1 - sums[CHANGED_L1]) * abs(sums[S_L1_SUM])
    for band in range(bands):
        distance += state.band[band]
    record[S_L1], record[S_SQUARE], record[S_DISTANCE] = l1, square, distance
    record[S_PRODUCT] = square - sums[PRODUCT_SUM]
    state.l1[core], state.square[core] = l1, square


@uncounted
def distance_band(
    net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, band: int, bands: int
) -> None:
    """Part of the distance of a core's map from the one before: that of a range of its messages."""
    begin, end, count = net.sent[core], net.sent[core + 1], state.sums[0, COUNT]
    state.band[band] = distance_of(
        state.integers[begin:end],
        slots.neuron[slot, begin:end],
        slots.value[slot, begin:end],
        count * band // bands,
        count * (band + 1) // bands,
        state.l1[core] + state.sums[0, S_L1_SUM],
        state.l1[core],
    )


@uncounted
def take_in(net: NetworkArrays, state: ValueState, pixels: NDArray[np.uint8]) -> None:
    """The first phase of a frame alone, for measuring: the pixels become the input core's accumulators."""
    _take_in(net, state, pixels)


@uncounted
def end_receive(net: NetworkArrays, state: ValueState, core: int, fresh: bool, bands: int) -> None:
    """The end of a receive phase alone, for measuring."""
    _note_peak(net, state, core, fresh, bands)


@uncounted
def end_update(
    net: NetworkArrays,
    timing: Timing,
    parts: Parts,
    state: ValueState,
    slots: Slots,
    slot: int,
    core: int,
    bands: int,
) -> None:
    """The end of an update phase alone, in one piece, for measuring."""
    _note_sent(net, state, slots, slot, core, bands)
    if net.delta and core < net.shape.shape[0] - 1:
        distance_band(net, state, slots, slot, core, FIRST, ALONE)
        _note_distance(net, state, slots, slot, core, ALONE)
    count_parts(net, timing, parts, state, slots, slot, core)
