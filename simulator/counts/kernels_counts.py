"""Compiled inner loops of the fast engine: which core in use sends which messages of a layer, and what they reach.

Values are found layer by layer. Here the messages of a layer in one frame are told apart by the core that sends them
and by the class of the pixel they come from; all counts follow from that (simulator.counts.counting).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.columns import L1_OUT, NONZERO, UPDATES, VALUES_OUT
from simulator.counts.part_arrays import Parts
from simulator.values.arrays import NetworkArrays, Slots, Timing, ValueState
from simulator.wire_table import ADDITIONS, MESSAGES
from workloads.compiled import inlined, ix, uncounted

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]


@uncounted
def count_parts(
    net: NetworkArrays, timing: Timing, parts: Parts, state: ValueState, slots: Slots, slot: int, layer: int
) -> None:
    """Fill what the cores of a layer send in one frame, and the multiply-accumulates that this causes (`macs`)."""
    first, end = parts.cores[layer], parts.cores[layer + 1]
    for number in range(parts.classes[first], parts.classes[end]):
        slots.class_units[slot, number] = slots.class_digits[slot, number] = state.class_counts[number] = 0
    bands = parts.bands[layer]
    ranges = (end - first) // bands
    for band in range(bands):
        if ranges == 1:
            _count_band(net, timing, parts, state, slots, slot, layer, first + band, end - first > 1)
        else:
            _count_ranges(net, timing, parts, state, slots, slot, layer, first + band * ranges, ranges)
    _count_macs(parts, state, first, end)


@uncounted
def _weigh(value: Int32, begin: int, end: int, wire: Int64, plain: bool) -> tuple[int, int, int, int]:
    """Of values begin .. end: sum of magnitudes, how many are not zero, messages on the wire, additions they make."""
    l1, nonzero, units, digits = np.int64(0), np.int64(0), np.int64(end - begin), np.int64(end - begin)
    if not plain:
        units = digits = np.int64(0)
    for j in range(begin, end):
        v = np.int64(value[np.uint64(j)])
        l1 += abs(v)
        nonzero += v != 0
        if not plain:
            units += wire[ix(abs(v)), MESSAGES]
            digits += wire[ix(abs(v)), ADDITIONS]
    return l1, nonzero, units, digits


@inlined
def _add_to_class(state: ValueState, slots: Slots, slot: int, number: int, count: int, units: int, digits: int) -> None:
    """Book `count` values of one pixel's class, their messages on the wire and the additions these make."""
    state.class_counts[number] += count
    slots.class_units[slot, number] += units
    slots.class_digits[slot, number] += digits


@inlined
def _count_band(
    net: NetworkArrays,
    timing: Timing,
    parts: Parts,
    state: ValueState,
    slots: Slots,
    slot: int,
    layer: int,
    core: int,
    split: bool,
) -> None:
    """A band of rows with all its channels on one core: its messages are a piece of the layer's list."""
    columns = net.sent_shape[layer, 1]
    first, begin = parts.rows[core, 0] * columns, net.pixel[layer]
    value = slots.value[slot, net.sent[layer] : net.sent[layer + 1]]
    j = state.row_begin[net.row[layer] + parts.rows[core, 0]]
    slots.part_begin[slot, core] = j
    updated, positions, l1_out, nonzero_out = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    look = split or not net.plain
    for pixel in range(first, parts.rows[core, 1] * columns):
        if split and slots.updated[slot, begin + pixel]:
            updated += 1
            positions += timing.looks[begin + pixel]
        count = np.int64(slots.pixel_messages[slot, begin + pixel])
        if count == 0:
            continue
        l1, nonzero, units, digits = np.int64(0), np.int64(0), count, count
        if look:
            l1, nonzero, units, digits = _weigh(value, j, j + count, net.wire, net.plain)
        number = parts.pixel_class[parts.pixel[core] + pixel - first]
        _add_to_class(state, slots, slot, number, count, units, digits)
        l1_out += l1
        nonzero_out += nonzero
        j += count
    slots.part_messages[slot, core] = j - slots.part_begin[slot, core]
    if split:
        record = slots.record[slot, core]
        record[VALUES_OUT], record[L1_OUT], record[NONZERO] = slots.part_messages[slot, core], l1_out, nonzero_out
        record[UPDATES] = updated * net.sent_shape[layer, 2]
        slots.positions[slot, core] = positions


@inlined
def _count_ranges(
    net: NetworkArrays,
    timing: Timing,
    parts: Parts,
    state: ValueState,
    slots: Slots,
    slot: int,
    layer: int,
    first_core: int,
    ranges: int,
) -> None:
    """A band of rows cut into channel ranges: the messages of each core are picked out of the layer's list."""
    columns, channels = net.sent_shape[layer, 1], net.sent_shape[layer, 2]
    first, begin = parts.rows[first_core, 0] * columns, net.pixel[layer]
    neuron = slots.neuron[slot, net.sent[layer] : net.sent[layer + 1]]
    value = slots.value[slot, net.sent[layer] : net.sent[layer + 1]]
    j = state.row_begin[net.row[layer] + parts.rows[first_core, 0]]
    updated, positions = np.int64(0), np.int64(0)
    for core in range(first_core, first_core + ranges):
        record = slots.record[slot, core]
        record[VALUES_OUT] = record[L1_OUT] = record[NONZERO] = 0
        slots.part_begin[slot, core], slots.part_messages[slot, core] = parts.picked[core], 0
    for pixel in range(first, parts.rows[first_core, 1] * columns):
        if slots.updated[slot, begin + pixel]:
            updated += 1
            positions += timing.looks[begin + pixel]
        end = j + np.int64(slots.pixel_messages[slot, begin + pixel])
        for core in range(first_core, first_core + ranges):
            m, stop = j, pixel * channels + parts.channels[core, 1]
            place = parts.picked[core] + slots.part_messages[slot, core]
            while j < end and neuron[j] < stop:
                slots.picked[slot, place] = j
                place += 1
                j += 1
            if j > m:
                l1, nonzero, units, digits = _weigh(value, m, j, net.wire, net.plain)
                number = parts.pixel_class[parts.pixel[core] + pixel - first]
                _add_to_class(state, slots, slot, number, j - m, units, digits)
                record = slots.record[slot, core]
                record[L1_OUT] += l1
                record[NONZERO] += nonzero
                slots.part_messages[slot, core] += j - m
    for core in range(first_core, first_core + ranges):
        record = slots.record[slot, core]
        record[VALUES_OUT] = slots.part_messages[slot, core]
        record[UPDATES] = updated * (parts.channels[core, 1] - parts.channels[core, 0])
        slots.positions[slot, core] = positions


@inlined
def _count_macs(parts: Parts, state: ValueState, first: int, end: int) -> None:
    """What the messages of a layer's cores cost their receivers, connection by connection."""
    for core in range(first, end):
        for link in range(parts.links[core], parts.links[core + 1]):
            state.macs[parts.connection[link]] = 0
    for core in range(first, end):
        own = parts.links[core]
        for number in range(parts.classes[core], parts.classes[core + 1]):
            count = state.class_counts[number]
            if count > 0:
                for link in range(own, parts.links[core + 1]):
                    reach = parts.hits[parts.hits_begin[number] + link - own] * parts.channels_hit[link]
                    state.macs[parts.connection[link]] += count * reach
