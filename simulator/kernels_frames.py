"""Compiled inner loops of the fast engine: whole frames through all cores, integers and messages only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import NetworkArrays, Slots, Timing, ValueState
from simulator.columns import (
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
from simulator.digest import key_of
from simulator.kernels_counts import count_parts
from simulator.kernels_messages import (
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
from simulator.kernels_receive import fully_connected, receive_band, receive_in_bands, receive_saturating
from simulator.kernels_update import pack, update_band, update_in_bands
from simulator.part_arrays import Parts
from simulator.products import DOUBLE_COST, FIXED_COST, FORCED, NONE, PIXEL_COST, SINGLE, SINGLE_COST, WINDOW_COST
from workloads.compiled import inlined, prange, threaded, uncounted

FRAME, CORE, PRODUCT_MADE = 0, 1, 2  # places in ValueState.cursor
DONE = -1


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
    core's integers of every frame, or (n, outputs) only the last core's. Returns DONE, or a core whose accumulators
    are better made by a dense product: make it, and call again with the same arguments.
    """
    cores = net.shape.shape[0]
    ring, bands = slots.messages.shape[0], state.sums.shape[0]
    cursor = state.cursor
    while cursor[FRAME] < frames.shape[0]:
        k = cursor[FRAME]
        slot = (first_frame + k) % ring
        fresh = first_frame + k == 0 or not net.delta
        if cursor[CORE] == 0:
            for core in range(slots.record.shape[1]):
                for column in range(WIDTH):
                    slots.record[slot, core, column] = 0
            for link in range(slots.mesh.shape[1]):
                slots.mesh[slot, link, 0] = slots.mesh[slot, link, 1] = 0
        while cursor[CORE] < cores:
            core = cursor[CORE]
            if core == 0:
                _take_in(net, state, frames[k])
            else:
                if cursor[PRODUCT_MADE] == 0 and _is_dense(net, state, slots, slot, core):
                    return core
                _receive(net, state, slots, slot, core, fresh, cursor[PRODUCT_MADE] == 0, bands)
                cursor[PRODUCT_MADE] = 0
            _send(net, timing, parts, state, slots, slot, core, fresh, bands)
            cursor[CORE] += 1
        begin = 0 if integers_out.shape[1] == net.sent[cores] else net.sent[cores - 1]
        for i in range(integers_out.shape[1]):
            integers_out[k, i] = state.integers[begin + i]
        cursor[FRAME], cursor[CORE] = k + 1, 0
    cursor[FRAME] = 0
    return DONE


@inlined
def _is_dense(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int) -> bool:
    """Is a dense product exact here, and predicted to cost less than the messages?"""
    if net.product[core] == NONE:
        return False
    by_messages, dense = predicted_costs(net, state, slots, slot, core)
    return net.product[core] >= FORCED or by_messages > dense


@uncounted
def predicted_costs(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int) -> tuple[float, float]:
    """What the messages into a core are predicted to cost, and a dense product (see simulator.products)."""
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
    net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, fresh: bool, adding: bool, bands: int
) -> None:
    """The receive phase of one core, on all threads if it is worth it."""
    work = np.int64(0)
    for link in range(net.incoming[core], net.incoming[core + 1]):
        work += state.macs[link]
    many = work > net.macs_to_share or (fresh and net.begin[core + 1] - net.begin[core] > net.neurons_to_share)
    shared = bands if many else 1
    if net.saturating:
        receive_saturating(net, state, slots, slot, core, fresh)
    elif shared > 1:
        receive_in_bands(net, state, slots, slot, core, fresh, adding, shared)
    else:
        receive_band(net, state, slots, slot, core, fresh, adding, 0, 1)
    begin, end = state.touched_begin[core], state.touched_begin[core + 1]
    if fully_connected(net, core) and not net.saturating and (state.touched[begin] or fresh):
        state.pixel_peak[begin] = 0
        for band in range(shared):
            state.pixel_peak[begin] = max(state.pixel_peak[begin], state.band[band])
    peak = np.int64(0)
    for pixel in range(begin, end):
        peak = max(peak, state.pixel_peak[pixel])
    state.peak[core] = peak


@inlined
def _send(
    net: NetworkArrays,
    timing: Timing,
    parts: Parts,
    state: ValueState,
    slots: Slots,
    slot: int,
    core: int,
    fresh: bool,
    bands: int,
) -> None:
    """The update phase of one core: requantise what was touched, list the messages, fill the value columns."""
    record = slots.record[slot, net.lead[core]]
    last_core = core == net.shape.shape[0] - 1
    all_of_them = fresh or core == 0
    shared = bands if net.sent[core + 1] - net.sent[core] > net.neurons_to_share else 1
    if shared > 1:
        update_in_bands(net, timing, state, slots, slot, core, all_of_them, shared)
    else:
        update_band(net, timing, state, slots, slot, core, all_of_them, 0, 1)
    pack(net, state, slots, slot, core, shared)
    sums = state.sums[0]
    slots.positions[slot, net.lead[core]] = sums[POSITIONS]
    record[UPDATES], record[SATURATIONS] = sums[PIXELS] * net.sent_shape[core, 2], sums[CLIPPED]
    record[NONZERO], record[VALUES_OUT], record[L1_OUT] = sums[NONZERO_SUM], sums[COUNT], sums[L1_SUM]
    if last_core:
        _digest_outputs(net, state, core)
    else:
        state.digest[core] = sums[DIGEST_SUM] + (state.digest[core] if net.delta else 0)
    record[DIGEST], record[ACCUMULATOR_PEAK] = state.digest[core], state.peak[core]
    if net.delta and not last_core:
        _compare_with_before(net, state, slots, slot, core, bands)
    count_parts(net, timing, parts, state, slots, slot, core)


@inlined
def _digest_outputs(net: NetworkArrays, state: ValueState, core: int) -> None:
    """Digest of the last core's accumulators."""
    digest = np.int64(0)
    for i in range(net.sent[core], net.sent[core + 1]):
        digest += np.int64(state.integers[i]) * key_of(i)
    state.digest[core] = digest


@inlined
def _compare_with_before(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, bands: int) -> None:
    """How far a core's map is from that of the frame before, from the changes alone: what did not change has the same
    s.
    """
    sums, record = state.sums[0], slots.record[slot, net.lead[core]]
    l1_before, count = state.l1[core], sums[COUNT]
    l1 = l1_before + sums[S_L1_SUM]
    square = state.square[core] + sums[SQUARE_SUM]
    distance = (l1 - sums[CHANGED_L1]) * abs(l1 - l1_before)
    product = square - sums[PRODUCT_SUM]
    shared = bands if count > net.neurons_to_share else 1
    if shared > 1:
        distances_in_bands(net, state, slots, slot, core, l1, l1_before, count, shared)
    else:
        _distance(net, state, slots, slot, core, l1, l1_before, count, 0, 1)
    for band in range(shared):
        distance += state.band[band]
    record[S_L1], record[S_SQUARE], record[S_PRODUCT], record[S_DISTANCE] = l1, square, product, distance
    state.l1[core], state.square[core] = l1, square


@threaded
def distances_in_bands(
    net: NetworkArrays,
    state: ValueState,
    slots: Slots,
    slot: int,
    core: int,
    l1: int,
    l1_before: int,
    count: int,
    bands: int,
) -> None:
    """The bands of `distance_band`, on as many threads as there are."""
    for band in prange(bands):
        distance_band(net, state, slots, slot, core, l1, l1_before, count, band, bands)


@uncounted
def distance_band(
    net: NetworkArrays,
    state: ValueState,
    slots: Slots,
    slot: int,
    core: int,
    l1: int,
    l1_before: int,
    count: int,
    band: int,
    bands: int,
) -> None:
    """`_distance` as a function of its own, for threads."""
    _distance(net, state, slots, slot, core, l1, l1_before, count, band, bands)


@inlined
def _distance(
    net: NetworkArrays,
    state: ValueState,
    slots: Slots,
    slot: int,
    core: int,
    l1: int,
    l1_before: int,
    count: int,
    band: int,
    bands: int,
) -> None:
    """Part of the distance of a core's map from the one before: that of a range of its messages."""
    begin, end = net.sent[core], net.sent[core + 1]
    state.band[band] = distance_of(
        state.integers[begin:end],
        slots.neuron[slot, begin:end],
        slots.value[slot, begin:end],
        count * band // bands,
        count * (band + 1) // bands,
        l1,
        l1_before,
    )


@uncounted
def take_in(net: NetworkArrays, state: ValueState, pixels: NDArray[np.uint8]) -> None:
    """The first phase of a frame alone, for measuring: the pixels become the input core's accumulators."""
    _take_in(net, state, pixels)


@uncounted
def receive_core(
    net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, fresh: bool, adding: bool, bands: int
) -> None:
    """The receive phase of one core alone, for measuring."""
    _receive(net, state, slots, slot, core, fresh, adding, bands)


@uncounted
def send_core(
    net: NetworkArrays,
    timing: Timing,
    parts: Parts,
    state: ValueState,
    slots: Slots,
    slot: int,
    core: int,
    fresh: bool,
    bands: int,
) -> None:
    """The update phase of one core alone, for measuring."""
    _send(net, timing, parts, state, slots, slot, core, fresh, bands)
