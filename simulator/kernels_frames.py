"""Compiled inner loops of the fast engine, part two: whole frames through all cores, integers and messages only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import NetworkArrays, Slots, Timing, ValueState
from simulator.columns import (
    ACCUMULATOR_CLIPS,
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
from simulator.kernels_update import update_pixels
from simulator.kernels_values import (
    add_kernels,
    add_pixel,
    add_saturating,
    digest_of,
    fold,
    peak_of,
    signed_digits,
)
from workloads.compiled import inlined, uncounted


@uncounted
def frame_values(
    net: NetworkArrays,
    timing: Timing,
    state: ValueState,
    slots: Slots,
    frames: NDArray[np.uint8],
    first_frame: int,
    integers_out: NDArray[np.int32],
) -> None:
    """Run `frames` (n, pixels) through the network; frame k is number first_frame + k and fills slot (that % ring).

    Fills the slots' messages and the value columns of their record rows. integers_out: (n, neurons) int32 takes every
    core's integers of every frame, or (n, outputs) only the last core's.
    """
    cores = net.shape.shape[0]
    ring = slots.messages.shape[0]
    everything = integers_out.shape[1] == net.sent[cores]
    for k in range(frames.shape[0]):
        slot = (first_frame + k) % ring
        for core in range(cores):
            for column in range(WIDTH):
                slots.record[slot, core, column] = 0
        fresh = first_frame + k == 0 or not net.delta
        for core in range(cores):
            if core == 0:
                _take_in(net, state, frames[k])
            else:
                _receive(net, state, slots, slot, core, fresh)
            _send(net, timing, state, slots, slot, core, fresh)
        begin = 0 if everything else net.sent[cores - 1]
        for i in range(integers_out.shape[1]):
            integers_out[k, i] = state.integers[begin + i]


@inlined
def _take_in(net: NetworkArrays, state: ValueState, pixels: NDArray[np.uint8]) -> None:
    """The frame's pixels, shifted and offset, as the input core's accumulators."""
    channels = net.shape[0, 2]
    for i in range(net.begin[1]):
        state.accumulator[i] = (np.int32(pixels[i]) << net.input_shift) + net.bias[i % channels]


@inlined
def _receive(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, fresh: bool) -> None:
    """The receive phase of one core: bias where the accumulators start afresh, then the synapses of all messages."""
    begin, end = net.begin[core], net.begin[core + 1]
    accumulator = state.accumulator[begin:end]
    touched = state.touched[state.touched_begin[core] : state.touched_begin[core + 1]]
    for pixel in range(touched.shape[0]):
        touched[pixel] = 0
    channels = net.shape[core, 2]
    if fresh:
        bias = net.bias[net.channel[core] : net.channel[core + 1]]
        for pixel in range(touched.shape[0]):
            for channel in range(channels):
                accumulator[pixel * channels + channel] = bias[channel]
    top = (np.int64(1) << (net.accumulator_bits - 1)) - 1
    for link in range(net.incoming[core], net.incoming[core + 1]):
        sender = net.link_sender[link]
        count = slots.messages[slot, sender]
        if count == 0:
            continue
        neuron = slots.neuron[slot, net.sent[sender] : net.sent[sender + 1]]
        value = slots.value[slot, net.sent[sender] : net.sent[sender + 1]]
        weights = net.weights[net.weight[link] : net.weight[link + 1]]
        window, outputs, groups = net.window[link], net.link_channels[link], net.link_groups[link]
        sent, shape = net.sent_shape[sender], net.shape[core]
        if net.saturating:
            slots.record[slot, core, ACCUMULATOR_CLIPS] += add_saturating(
                weights,
                window,
                groups,
                outputs,
                sent,
                shape,
                neuron,
                value,
                count,
                accumulator,
                touched,
                net.unary,
                -top - 1,
                top,
            )
        elif window[0]:
            touched[0] = 1
            add_pixel(weights, outputs, outputs, neuron[:count], value[:count], 0, accumulator)
        else:
            add_kernels(weights, window, groups, outputs, sent, shape, neuron, value, count, accumulator, touched)
    if net.accumulator_bits < 32 and not net.saturating:
        fold(accumulator, net.accumulator_bits)


@inlined
def _send(
    net: NetworkArrays, timing: Timing, state: ValueState, slots: Slots, slot: int, core: int, fresh: bool
) -> None:
    """The update phase of one core: requantise what was touched, list the messages, fill the value columns."""
    begin, end = net.sent[core], net.sent[core + 1]
    record = slots.record[slot, core]
    last_core = core == net.shape.shape[0] - 1
    accumulator = state.accumulator[net.begin[core] : net.begin[core + 1]]
    integers = state.integers[begin:end]
    neuron, value = slots.neuron[slot, begin:end], slots.value[slot, begin:end]
    updated = slots.updated[slot, net.pixel[core] : net.pixel[core + 1]]
    touched = state.touched[state.touched_begin[core] : state.touched_begin[core + 1]]
    count, nonzero, l1, saturations, pixels = update_pixels(
        net,
        core,
        fresh or core == 0,
        last_core,
        accumulator,
        touched,
        integers,
        state.last[begin:end],
        neuron,
        value,
        updated,
        state.scratch,
    )
    positions = np.int64(0)
    looks = timing.looks[net.pixel[core] : net.pixel[core + 1]]
    for pixel in range(updated.shape[0]):
        positions += looks[pixel] * updated[pixel]
    slots.messages[slot, core], slots.positions[slot, core] = count, positions
    record[UPDATES], record[SATURATIONS] = pixels * net.sent_shape[core, 2], saturations
    record[NONZERO], record[VALUES_OUT], record[L1_OUT] = nonzero, count, l1
    if pixels > 0:
        state.digest[core] = digest_of(integers, net.keys[begin:end])
        state.peak[core] = peak_of(accumulator) if core > 0 else 0
    record[DIGEST], record[ACCUMULATOR_PEAK] = state.digest[core], state.peak[core]
    if net.delta and not last_core:
        _compare_with_before(state, record, core, integers, neuron, value, count)
    for number in range(net.outgoing[core], net.outgoing[core + 1]):
        _count_link(net, timing, slots, slot, core, net.outgoing_links[number], neuron, value, count)


@inlined
def _compare_with_before(
    state: ValueState,
    record: NDArray[np.int64],
    core: int,
    integers: NDArray[np.int32],
    neuron: NDArray[np.int32],
    value: NDArray[np.int32],
    count: int,
) -> None:
    """How far a core's map is from that of the frame before, from the changes alone: what did not change has the same
    s.
    """
    l1, square = state.l1[core], state.square[core]
    changed_l1, product = np.int64(0), np.int64(0)
    for j in range(count):
        s, change = np.int64(integers[neuron[j]]), np.int64(value[j])
        before = s - change
        changed_l1 += abs(s)
        l1 += abs(s) - abs(before)
        square += s * s - before * before
        product += s * change
    distance = (l1 - changed_l1) * abs(l1 - state.l1[core])
    for j in range(count):
        s, change = np.int64(integers[neuron[j]]), np.int64(value[j])
        distance += abs(s * state.l1[core] - (s - change) * l1)
    record[S_L1], record[S_SQUARE], record[S_PRODUCT], record[S_DISTANCE] = l1, square, square - product, distance
    state.l1[core], state.square[core] = l1, square


@inlined
def _count_link(
    net: NetworkArrays,
    timing: Timing,
    slots: Slots,
    slot: int,
    core: int,
    link: int,
    neuron: NDArray[np.int32],
    value: NDArray[np.int32],
    count: int,
) -> None:
    """What the messages of one frame make the receiver at the end of one link do."""
    hits = net.hits[net.hits_begin[link] : net.hits_begin[link + 1]]
    channels, row = net.sent_shape[core, 2], timing.service_row[link]
    messages, adds, synapses = np.int64(0), np.int64(0), np.int64(0)
    weight_words, state_words = np.int64(0), np.int64(0)
    for j in range(count):
        reach = hits[neuron[j] // channels]
        if reach > 0:
            units = abs(np.int64(value[j])) if net.unary else np.int64(1)
            digits = signed_digits(value[j]) if net.count_digits else units
            messages += units
            adds += digits * reach
            synapses += units * reach
            weight_words += units * timing.weight_words[row + reach]
            state_words += units * timing.state_words[row + reach]
    slots.link_messages[slot, link] = messages
    slots.link_adds[slot, link] = adds * net.link_channels[link]
    slots.link_synapses[slot, link] = synapses * net.link_channels[link]
    slots.link_weight_words[slot, link], slots.link_state_words[slot, link] = weight_words, state_words
