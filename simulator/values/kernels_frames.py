"""Compiled inner loops of the fast engine: whole frames through all layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.values.arrays import NetworkArrays, Trace, ValueState
from simulator.values.columns import (
    ADDITIONS_CLIPPED,
    CLIPPED_ALL,
    DIGEST,
    LISTED,
    LISTED_L1,
    PEAK,
    S_DISTANCE,
    S_L1,
    S_PRODUCT,
    S_SQUARE,
    UPDATES,
)
from simulator.values.columns import CLIPPED as CLIPPED_COLUMN
from simulator.values.columns import POSITIONS as POSITIONS_COLUMN
from simulator.values.digest import key_of
from simulator.values.kernels_messages import (
    CHANGED_L1,
    CLIPPED,
    CLIPPED_CHANGE,
    COUNT,
    DIGEST_SUM,
    L1_SUM,
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
from workloads.compiled import inlined, without_refcounts

FRAME, LAYER, PHASE, MADE = 0, 1, 2, 3  # places in ValueState.cursor
FIRST, ALONE = np.int64(0), np.int64(1)  # the only band; literals would be compiled for once more
DONE, PRODUCT, RECEIVE, UPDATE, COMPARE = 0, 1, 2, 3, 4  # what `frame_values` asks its caller for


@without_refcounts
def frame_values(
    net: NetworkArrays,
    state: ValueState,
    trace: Trace,
    frames: NDArray[np.uint8],
    first_frame: int,
) -> int:
    """Run `frames` (n, pixels) through the network; frame k is number first_frame + k and fills slot (that % ring).
    Returns DONE, or a piece of work on layer cursor[LAYER] of frame cursor[FRAME] that is better done outside (by a
    dense product, by several threads): do it, and call again with the same arguments.
    """
    layers = net.shape.shape[0]
    ring = trace.messages.shape[0]
    cursor = state.cursor
    while cursor[FRAME] < frames.shape[0]:
        k = cursor[FRAME]
        slot = (first_frame + k) % ring
        fresh = first_frame + k == 0 or not net.carried
        while cursor[LAYER] < layers:
            asked = _layer(net, state, trace, slot, cursor[LAYER], fresh, frames[k])
            cursor[PHASE] = asked
            if asked != DONE:
                return asked
            cursor[LAYER] += 1
            cursor[MADE] = 0
        kept = trace.integers.shape[1]
        begin = net.sent[layers] - kept
        for i in range(kept):
            trace.integers[slot, i] = state.integers[begin + i]
        cursor[FRAME], cursor[LAYER] = k + 1, 0
    cursor[FRAME] = 0
    return DONE


@inlined
def _layer(
    net: NetworkArrays,
    state: ValueState,
    trace: Trace,
    slot: int,
    layer: int,
    fresh: bool,
    pixels: NDArray[np.uint8],
) -> int:
    """One layer in one frame, from where cursor[PHASE] says that it was left. Returns what is asked for, or DONE."""
    phase, several = state.cursor[PHASE], state.sums.shape[0] > 1
    if layer == 0:
        if phase == DONE:
            _take_in(net, state, pixels)
    elif phase < UPDATE:
        if phase == DONE:
            trace.known[slot, layer, ADDITIONS_CLIPPED] = 0
        bands = receiving_bands(net, state, layer, fresh)
        if phase == DONE and _is_dense(net, state, trace, slot, layer):
            state.cursor[MADE] = 1
            return PRODUCT
        if phase != RECEIVE:
            if several and bands > 1:
                return RECEIVE
            _receive(net, state, trace, slot, layer, fresh, state.cursor[MADE] == 0)
        _note_peak(net, state, layer, fresh, bands)
    if phase != COMPARE:
        bands = updating_bands(net, state, layer)
        if phase != UPDATE:
            if several and bands > 1:
                return UPDATE
            update_band(net, state, trace, slot, layer, fresh or layer == 0, FIRST, ALONE)
        _note_sent(net, state, trace, slot, layer, bands)
    if net.carried and layer < net.shape.shape[0] - 1:
        bands = comparing_bands(net, state)
        if phase != COMPARE:
            if several and bands > 1:
                return COMPARE
            distance_band(net, state, trace, slot, layer, FIRST, ALONE)
        _note_distance(net, state, trace, slot, layer, bands)
    _count_macs(net, state, trace, slot, layer)
    return DONE


@without_refcounts
def receiving_bands(net: NetworkArrays, state: ValueState, layer: int, fresh: bool) -> int:
    """In how many bands a layer's receive phase is done: as many as there are threads if it is worth it."""
    work = np.int64(0)
    for connection in range(net.incoming[layer], net.incoming[layer + 1]):
        work += state.macs[connection]
    many = work > net.macs_to_share or (fresh and net.begin[layer + 1] - net.begin[layer] > net.neurons_to_share)
    return state.sums.shape[0] if many and not net.saturating else 1


@without_refcounts
def updating_bands(net: NetworkArrays, state: ValueState, layer: int) -> int:
    """In how many bands a layer's update phase is done."""
    return state.sums.shape[0] if net.sent[layer + 1] - net.sent[layer] > net.neurons_to_share else 1


@without_refcounts
def comparing_bands(net: NetworkArrays, state: ValueState) -> int:
    """In how many bands a layer's map is compared with that of the frame before."""
    return state.sums.shape[0] if state.sums[0, COUNT] > net.neurons_to_share else 1


@inlined
def _is_dense(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int) -> bool:
    """Is a dense product exact here, and predicted to cost less than the messages?"""
    if net.product[layer] == NONE:
        return False
    by_messages, dense = predicted_costs(net, state, trace, slot, layer)
    return net.product[layer] >= FORCED or by_messages > dense


@without_refcounts
def predicted_costs(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int) -> tuple[float, float]:
    """What the messages into a layer are predicted to cost, and a dense product (see simulator.values.products)."""
    by_messages, dense = np.float64(0.0), np.float64(FIXED_COST)
    factor = SINGLE_COST if net.product[layer] & SINGLE else DOUBLE_COST
    for connection in range(net.incoming[layer], net.incoming[layer + 1]):
        sender = net.sender[connection]
        count, pixels = trace.messages[slot, sender], net.pixel[sender + 1] - net.pixel[sender]
        if count > 0:
            crowded = 1.0 if net.window[connection, 0] == 1 else 1.0 + PIXEL_COST * pixels / count
            by_messages += crowded * state.macs[connection]
        inputs = (net.weight[connection + 1] - net.weight[connection]) // net.outputs[connection]
        dense += factor * (1.0 + WINDOW_COST / max(inputs, 1)) * net.macs[connection]
    return by_messages, dense


@inlined
def _take_in(net: NetworkArrays, state: ValueState, pixels: NDArray[np.uint8]) -> None:
    """The frame's pixels, shifted and offset, as the input layer's accumulators."""
    channels = net.shape[0, 2]
    for pixel in range(net.shape[0, 0] * net.shape[0, 1]):
        for channel in range(channels):
            i = pixel * channels + channel
            state.accumulator[i] = (np.int32(pixels[i]) << net.input_shift) + net.bias[channel]


@inlined
def _receive(
    net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int, fresh: bool, adding: bool
) -> None:
    """The receive phase of one layer, in one piece."""
    if net.saturating:
        receive_saturating(net, state, trace, slot, layer, fresh)
    else:
        receive_band(net, state, trace, slot, layer, fresh, adding, FIRST, ALONE)


@inlined
def _note_peak(net: NetworkArrays, state: ValueState, layer: int, fresh: bool, bands: int) -> None:
    """The largest accumulator of a layer, from those of its pixels, or of its bands of outputs."""
    begin, end = state.touched_begin[layer], state.touched_begin[layer + 1]
    if fully_connected(net, layer) and not net.saturating and (state.touched[begin] or fresh):
        state.pixel_peak[begin] = 0
        for band in range(bands):
            state.pixel_peak[begin] = max(state.pixel_peak[begin], state.band[band])
    peak = np.int64(0)
    for pixel in range(begin, end):
        peak = max(peak, state.pixel_peak[pixel])
    state.peak[layer] = peak


@inlined
def _note_sent(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int, bands: int) -> None:
    """The end of the update phase: the messages of all bands in one list, and what is known of the layer."""
    known = trace.known[slot, layer]
    pack(net, state, trace, slot, layer, bands)
    sums = state.sums[0]
    state.all_clipped[layer] = sums[CLIPPED] if layer == 0 else state.all_clipped[layer] + sums[CLIPPED_CHANGE]
    known[LISTED], known[LISTED_L1] = sums[COUNT], sums[L1_SUM]
    known[UPDATES], known[POSITIONS_COLUMN] = sums[PIXELS] * net.sent_shape[layer, 2], sums[POSITIONS]
    known[CLIPPED_COLUMN], known[CLIPPED_ALL] = sums[CLIPPED], state.all_clipped[layer]
    if layer == net.shape.shape[0] - 1:
        _digest_outputs(net, state, layer)
    else:
        state.digest[layer] = sums[DIGEST_SUM] + (state.digest[layer] if net.carried else 0)
    known[DIGEST], known[PEAK] = state.digest[layer], state.peak[layer]


@inlined
def _digest_outputs(net: NetworkArrays, state: ValueState, layer: int) -> None:
    """Digest of the last layer's accumulators."""
    digest = np.int64(0)
    for i in range(net.sent[layer], net.sent[layer + 1]):
        digest += np.int64(state.integers[i]) * key_of(i)
    state.digest[layer] = digest


@without_refcounts
def _count_macs(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int) -> None:
    """Multiply-accumulates that a layer's messages cause, connection by connection: what predicts their cost."""
    rows, columns = net.sent_shape[layer, 0], net.sent_shape[layer, 1]
    messages = trace.pixel_messages[slot, net.pixel[layer] : net.pixel[layer + 1]]
    for connection in range(net.sender.shape[0]):
        if net.sender[connection] != layer:
            continue
        hits_y, hits_x = net.hits_y[net.hits_y_begin[connection] :], net.hits_x[net.hits_x_begin[connection] :]
        macs = np.int64(0)
        for y in range(rows):
            in_row = np.int64(0)
            for x in range(columns):
                in_row += np.int64(messages[y * columns + x]) * hits_x[x]
            macs += in_row * hits_y[y]
        state.macs[connection] = macs * net.outputs[connection]


@inlined
def _note_distance(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int, bands: int) -> None:
    """How far a layer's map is from that of the frame before, from the changes alone: what did not change has the same
    s.
    """
    sums, known = state.sums[0], trace.known[slot, layer]
    l1 = state.l1[layer] + sums[S_L1_SUM]
    square = state.square[layer] + sums[SQUARE_SUM]
    distance = (l1 - sums[CHANGED_L1]) * abs(sums[S_L1_SUM])
    for band in range(bands):
        distance += state.band[band]
    known[S_L1], known[S_SQUARE], known[S_DISTANCE] = l1, square, distance
    known[S_PRODUCT] = square - sums[PRODUCT_SUM]
    state.l1[layer], state.square[layer] = l1, square


@without_refcounts
def distance_band(
    net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int, band: int, bands: int
) -> None:
    """Part of the distance of a layer's map from the one before: that of a range of its messages."""
    begin, end, count = net.sent[layer], net.sent[layer + 1], state.sums[0, COUNT]
    state.band[band] = distance_of(
        state.integers[begin:end],
        trace.neuron[slot, begin:end],
        trace.value[slot, begin:end],
        count * band // bands,
        count * (band + 1) // bands,
        state.l1[layer] + state.sums[0, S_L1_SUM],
        state.l1[layer],
    )


@without_refcounts
def take_in(net: NetworkArrays, state: ValueState, pixels: NDArray[np.uint8]) -> None:
    """The first phase of a frame alone, for measuring: the pixels become the input layer's accumulators."""
    _take_in(net, state, pixels)


@without_refcounts
def end_receive(net: NetworkArrays, state: ValueState, layer: int, fresh: bool, bands: int) -> None:
    """The end of a receive phase alone, for measuring."""
    _note_peak(net, state, layer, fresh, bands)


@without_refcounts
def end_update(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int, bands: int) -> None:
    """The end of an update phase alone, in one piece, for measuring."""
    _note_sent(net, state, trace, slot, layer, bands)
    if net.carried and layer < net.shape.shape[0] - 1:
        distance_band(net, state, trace, slot, layer, FIRST, ALONE)
        _note_distance(net, state, trace, slot, layer, ALONE)
    _count_macs(net, state, trace, slot, layer)
