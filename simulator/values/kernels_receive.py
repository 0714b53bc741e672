"""Compiled inner loops of the fast engine: the receive phase of one layer in one frame, in bands that threads share.

Every band owns its accumulators: every so many rows of the map, or, where all senders are fully connected, a range of
the outputs. Sums are modulo 2**32, so nothing depends on how many bands there are.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulator.values.arrays import NetworkArrays, Trace, ValueState
from simulator.values.columns import ADDITIONS_CLIPPED
from simulator.values.kernels_products import add_grouped, add_messages, add_saturating
from workloads.compiled import inlined, without_refcounts

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Weights = NDArray[Any]
ZERO = np.int64(0)  # as an argument: for a literal the function called would be compiled once more


@without_refcounts
def receive_band(
    net: NetworkArrays,
    state: ValueState,
    trace: Trace,
    slot: int,
    layer: int,
    fresh: bool,
    adding: bool,
    band: int,
    bands: int,
) -> None:
    """Bias where the accumulators start afresh, then the synapses of all messages, then peaks; marks pixels reached.

    Without `adding` the sums are there already, and only the marks and peaks are made.
    """
    if fully_connected(net, layer):
        _receive_outputs(net, state, trace, slot, layer, fresh, adding, band, bands)
    else:
        for row in range(band, net.shape[layer, 0], bands):
            _receive_row(net, state, trace, slot, layer, fresh, adding, row)


@inlined
def fully_connected(net: NetworkArrays, layer: int) -> bool:
    """True where all that reaches a layer comes from fully connected synapses."""
    dense = True
    for connection in range(net.incoming[layer], net.incoming[layer + 1]):
        dense = dense and net.window[connection, 0] == 1
    return dense


@inlined
def _receive_outputs(
    net: NetworkArrays,
    state: ValueState,
    trace: Trace,
    slot: int,
    layer: int,
    fresh: bool,
    adding: bool,
    band: int,
    bands: int,
) -> None:
    """A range of the outputs of a fully connected layer."""
    outputs = net.shape[layer, 2]
    begin, end = outputs * band // bands, outputs * (band + 1) // bands
    accumulator = state.accumulator[net.begin[layer] : net.begin[layer + 1]]
    bias = net.bias[net.channel[layer] : net.channel[layer + 1]]
    hit = False
    if fresh and adding:
        for o in range(begin, end):
            accumulator[o] = bias[o]
    for connection in range(net.incoming[layer], net.incoming[layer + 1]):
        sender = net.sender[connection]
        hit = hit or trace.messages[slot, sender] > 0
        _add_outputs(net, state, trace, slot, connection, accumulator, begin, end, adding)
    if hit or fresh:
        state.band[band] = wrap_to_width(accumulator, begin, end, net.accumulator_bits)
    state.touched[state.touched_begin[layer]] = hit  # all bands write the same


@inlined
def _add_outputs(
    net: NetworkArrays,
    state: ValueState,
    trace: Trace,
    slot: int,
    connection: int,
    accumulator: Int32,
    begin: int,
    end: int,
    adding: bool,
) -> None:
    """What the messages of one fully connected connection add to outputs begin .. end."""
    sender = net.sender[connection]
    if adding:
        add_messages(
            net.weights[net.weight[connection] : net.weight[connection + 1]],
            begin,
            net.outputs[connection],
            net.widest[connection],
            ZERO,
            trace.neuron[slot, net.sent[sender] : net.sent[sender + 1]],
            trace.value[slot, net.sent[sender] : net.sent[sender + 1]],
            ZERO,
            trace.messages[slot, sender],
            accumulator,
            begin,
            end - begin,
        )


@inlined
def _start_row(net: NetworkArrays, layer: int, row: int, fresh: bool, accumulator: Int32, touched: Bytes) -> None:
    """No pixel of the row is touched yet, and (fresh) its accumulators take their bias."""
    columns, channels = net.shape[layer, 1], net.shape[layer, 2]
    bias = net.bias[net.channel[layer] : net.channel[layer + 1]]
    for pixel in range(row * columns, (row + 1) * columns):
        touched[pixel] = 0
        if fresh:
            for channel in range(channels):
                accumulator[pixel * channels + channel] = bias[channel]


@inlined
def _receive_row(
    net: NetworkArrays,
    state: ValueState,
    trace: Trace,
    slot: int,
    layer: int,
    fresh: bool,
    adding: bool,
    row: int,
) -> None:
    """One row of a layer's map."""
    columns, channels = net.shape[layer, 1], net.shape[layer, 2]
    accumulator = state.accumulator[net.begin[layer] : net.begin[layer + 1]]
    touched = state.touched[state.touched_begin[layer] : state.touched_begin[layer + 1]]
    _start_row(net, layer, row, fresh and adding, accumulator, touched)
    for connection in range(net.incoming[layer], net.incoming[layer + 1]):
        sender = net.sender[connection]
        if trace.messages[slot, sender] == 0:
            continue
        if net.window[connection, 0] == 1:
            _add_outputs(net, state, trace, slot, connection, accumulator, ZERO, channels, adding)
            touched[0] = 1
            continue
        _add_row(
            net.weights[net.weight[connection] : net.weight[connection + 1]],
            net.window[connection],
            net.widest[connection],
            net.groups[connection],
            net.outputs[connection],
            net.sent_shape[sender],
            net.shape[layer],
            row,
            state.row_begin[net.row[sender] : net.row[sender + 1]],
            trace.pixel_messages[slot, net.pixel[sender] : net.pixel[sender + 1]],
            trace.neuron[slot, net.sent[sender] : net.sent[sender + 1]],
            trace.value[slot, net.sent[sender] : net.sent[sender + 1]],
            accumulator,
            touched,
            adding,
        )
    peak = state.pixel_peak[state.touched_begin[layer] : state.touched_begin[layer + 1]]
    for pixel in range(row * columns, (row + 1) * columns):
        if touched[pixel] or fresh:
            peak[pixel] = wrap_to_width(accumulator, pixel * channels, (pixel + 1) * channels, net.accumulator_bits)


@without_refcounts
def _add_row(
    weights: Weights,
    window: Int64,
    widest: int,
    groups: int,
    outputs: int,
    sender: Int64,
    receiver: Int64,
    row: int,
    row_begin: Int64,
    pixel_messages: Int32,
    neuron: Int32,
    value: Int32,
    accumulator: Int32,
    touched: Bytes,
    adding: bool,
) -> None:
    """What the messages of one connection add to row `row` of the receiver's map.

    weights: flat (channels in, kernel y, kernel x reversed, outputs of a group): with stride 1 the pixels that a
    message reaches in a row, and its weights for them, are then one run each. window: see NetworkArrays.
    """
    width, channels = sender[1], sender[2]
    together = groups == 1 and window[4] == 1 and window[8] == 1
    for i in range(window[1]):
        y = row * window[3] + window[7] * i - window[5]
        if y < 0 or y >= sender[0]:
            continue
        j = row_begin[y]
        for x in range(width):
            count = pixel_messages[y * width + x]
            if count == 0:
                continue
            first = (y * width + x) * channels
            if together:
                _add_run(
                    weights, window, widest, outputs, receiver, row, i, x, first, neuron, value, j, j + count,
                    accumulator, touched, adding,
                )  # fmt: skip
            else:
                _add_places(
                    weights, window, widest, groups, outputs, channels, receiver, row, i, x, first, neuron, value, j,
                    j + count, accumulator, touched, adding,
                )  # fmt: skip
            j += count


@without_refcounts
def _add_run(
    weights: Weights,
    window: Int64,
    widest: int,
    outputs: int,
    receiver: Int64,
    row: int,
    i: int,
    x: int,
    first: int,
    neuron: Int32,
    value: Int32,
    begin: int,
    end: int,
    accumulator: Int32,
    touched: Bytes,
    adding: bool,
) -> None:
    """Messages begin .. end of one pixel, for row i of the kernel: to neighbouring pixels of a row, all at once."""
    kernel = window[2]
    left = x + window[6] - kernel + 1
    inside_begin, inside_end = max(0, -left), min(kernel, receiver[1] - left)
    if inside_begin >= inside_end:
        return
    place = row * receiver[1] + left + inside_begin
    size = inside_end - inside_begin
    for pixel in range(place, place + size):
        touched[pixel] = 1
    if adding:
        offset, step = (i * kernel + inside_begin) * outputs, window[1] * kernel * outputs
        add_messages(
            weights, offset, step, widest, first, neuron, value, begin, end, accumulator, place * outputs,
            size * outputs,
        )  # fmt: skip


@without_refcounts
def _add_places(
    weights: Weights,
    window: Int64,
    widest: int,
    groups: int,
    outputs: int,
    channels: int,
    receiver: Int64,
    row: int,
    i: int,
    x: int,
    first: int,
    neuron: Int32,
    value: Int32,
    begin: int,
    end: int,
    accumulator: Int32,
    touched: Bytes,
    adding: bool,
) -> None:
    """As _add_run, pixel after pixel: with strides, dilation or groups."""
    kernel = window[2]
    step = window[1] * kernel * outputs
    for reverse in range(kernel):
        shifted = x + window[6] - window[8] * (kernel - 1 - reverse)
        if shifted < 0 or shifted % window[4] != 0 or shifted // window[4] >= receiver[1]:
            continue
        pixel = row * receiver[1] + shifted // window[4]
        touched[pixel] = 1
        if not adding:
            continue
        offset, place = (i * kernel + reverse) * outputs, pixel * receiver[2]
        if groups == 1:
            add_messages(weights, offset, step, widest, first, neuron, value, begin, end, accumulator, place, outputs)
        else:
            add_grouped(
                weights, offset, step, channels // groups, outputs, first, neuron, value, begin, end, accumulator, place
            )


@without_refcounts
def receive_saturating(net: NetworkArrays, state: ValueState, trace: Trace, slot: int, layer: int, fresh: bool) -> None:
    """The receive phase of a layer whose accumulators saturate: in the order of the messages, so in one piece."""
    begin, end = net.begin[layer], net.begin[layer + 1]
    accumulator = state.accumulator[begin:end]
    touched = state.touched[state.touched_begin[layer] : state.touched_begin[layer + 1]]
    channels = net.shape[layer, 2]
    for row in range(net.shape[layer, 0]):
        _start_row(net, layer, row, fresh, accumulator, touched)
    top = (np.int64(1) << (net.accumulator_bits - 1)) - 1
    for connection in range(net.incoming[layer], net.incoming[layer + 1]):
        sender = net.sender[connection]
        trace.known[slot, layer, ADDITIONS_CLIPPED] += add_saturating(
            net.weights[net.weight[connection] : net.weight[connection + 1]],
            net.window[connection],
            net.groups[connection],
            net.outputs[connection],
            net.sent_shape[sender],
            net.shape[layer],
            trace.neuron[slot, net.sent[sender] : net.sent[sender + 1]],
            trace.value[slot, net.sent[sender] : net.sent[sender + 1]],
            trace.messages[slot, sender],
            accumulator,
            touched,
            net.cuts,
            -top - 1,
            top,
        )
    peak = state.pixel_peak[state.touched_begin[layer] : state.touched_begin[layer + 1]]
    for pixel in range(touched.shape[0]):
        if touched[pixel] or fresh:
            peak[pixel] = wrap_to_width(accumulator, pixel * channels, (pixel + 1) * channels, 32)


@without_refcounts
def wrap_to_width(accumulator: Int32, begin: int, end: int, bits: int) -> int:
    """Wrap accumulators begin .. end to `bits` bits, two's complement; returns the largest magnitude among them."""
    if bits < 32:
        left = np.int32(32 - bits)
        for o in range(begin, end):
            accumulator[o] = np.int32(accumulator[o] << left) >> left
    lowest, highest = np.int32(0), np.int32(0)
    for n in range(begin, end):
        a = accumulator[np.uint64(n)]
        lowest, highest = min(lowest, a), max(highest, a)
    return max(np.int64(highest), -np.int64(lowest))
