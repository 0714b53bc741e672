"""Compiled inner loops of the fast engine, part two: whole frames through all cores, integers and messages only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.arrays import NetworkArrays, Slots, ValueState
from simulator.columns import (
    ACCUMULATOR_CLIPS,
    ACCUMULATOR_PEAK,
    DIGEST,
    L1_OUT,
    NONZERO,
    SATURATIONS,
    UPDATES,
    VALUES_OUT,
)
from simulator.kernels_values import (
    add_rows,
    add_rows_saturating,
    digest_of,
    fold,
    peak_of,
    requantise,
    send_changes,
    send_values,
    signed_digits,
)
from workloads.compiled import compiled


@compiled
def frame_values(
    net: NetworkArrays,
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
    cores = net.offset.shape[0] - 1
    ring = slots.messages.shape[0]
    everything = integers_out.shape[1] == net.offset[cores]
    for k in range(frames.shape[0]):
        slot = (first_frame + k) % ring
        slots.record[slot] = 0
        for i in range(net.offset[1]):
            state.accumulator[i] = frames[k, i]
        fresh = first_frame + k == 0 or not net.delta
        for core in range(cores):
            if core > 0:
                _receive(net, state, slots, slot, core, fresh)
            _send(net, state, slots, slot, core, fresh)
        if everything:
            integers_out[k] = state.integers
        else:
            integers_out[k] = state.integers[net.offset[cores - 1] :]


@compiled
def _receive(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, fresh: bool) -> None:
    """The receive phase of one core: bias where the accumulators start afresh, then the weight rows of all messages."""
    begin, end = net.offset[core], net.offset[core + 1]
    accumulator = state.accumulator[begin:end]
    if fresh:
        accumulator[:] = net.bias[begin:end]
    sender = net.offset[core - 1]
    count = slots.messages[slot, core - 1]
    neuron, value = slots.neuron[slot, sender:], slots.value[slot, sender:]
    weights = net.weights[net.weight_offset[core] :]
    if net.saturating:
        top = (np.int64(1) << (net.accumulator_bits - 1)) - 1
        slots.record[slot, core, ACCUMULATOR_CLIPS] = add_rows_saturating(
            weights, end - begin, neuron, value, count, accumulator, net.unary, -top - 1, top
        )
    else:
        add_rows(weights, end - begin, neuron, value, count, accumulator)
        if net.accumulator_bits < 32:
            fold(accumulator, net.accumulator_bits)


@compiled
def _send(net: NetworkArrays, state: ValueState, slots: Slots, slot: int, core: int, fresh: bool) -> None:
    """The update phase of one core: requantise what was touched, list the messages, fill the value columns."""
    begin, end = net.offset[core], net.offset[core + 1]
    record = slots.record[slot, core]
    touched = fresh or core == 0 or slots.messages[slot, core - 1] > 0
    accumulator, integers = state.accumulator[begin:end], state.integers[begin:end]
    last_core = core == net.offset.shape[0] - 2
    count = 0
    if touched:
        record[UPDATES] = end - begin
        if last_core:
            integers[:] = accumulator
        else:
            record[SATURATIONS] = requantise(
                accumulator,
                net.relu[core],
                net.multiplier[begin:end],
                net.shift[begin:end],
                net.rounding,
                net.low[core],
                net.high[core],
                integers,
            )
        state.digest[core] = digest_of(integers, net.keys[begin:end])
        state.peak[core] = peak_of(accumulator) if core > 0 else 0
        if not last_core:
            neuron, value = slots.neuron[slot, begin:end], slots.value[slot, begin:end]
            if net.delta:
                count, l1 = send_changes(integers, state.last[begin:end], neuron, value)
                nonzero = count
            else:
                count, nonzero, l1 = send_values(integers, net.dense, neuron, value)
            record[NONZERO], record[VALUES_OUT], record[L1_OUT] = nonzero, count, l1
    slots.messages[slot, core] = count
    if net.count_digits:
        slots.digits[slot, core] = 0
        for j in range(count):
            slots.digits[slot, core] += signed_digits(slots.value[slot, begin + j])
    record[DIGEST], record[ACCUMULATOR_PEAK] = state.digest[core], state.peak[core]
