"""Compiled inner loops of the fast engine: what a network sends, and which core in use sends which of it.

Integers are found layer by layer, for any number of networks and chips. Here one network's messages of a layer in one
frame are listed, and told apart by the core that sends them and by the class of the pixel they come from; all counts
follow from that (simulator.counts.counting).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator.counts.arrays import Listing, Maps, Slots
from simulator.counts.columns import (
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
from simulator.counts.kernels_listing import list_layer
from simulator.counts.part_arrays import Parts
from simulator.values import columns as known_columns
from simulator.values.arrays import Trace
from simulator.wire_table import ADDITIONS, MESSAGES
from workloads.compiled import inlined, ix, without_refcounts

Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]


@without_refcounts
def follow_frames(
    maps: Maps,
    parts: Parts,
    trace: Trace,
    listing: Listing,
    slots: Slots,
    first_frame: int,
    until: int,
    carried: bool,
) -> None:
    """List and count what a network sends in frames first_frame .. until, whose integers the trace holds.

    Fills the slots' messages, the value columns of their record rows, and what their classes send.
    """
    ring, layers = trace.messages.shape[0], maps.sent_shape.shape[0]
    for frame in range(first_frame, until):
        slot = frame % ring
        _clear(slots, slot)
        for layer in range(layers):
            _note_known(maps, trace, listing, slots, slot, layer, carried)
            _count_parts(maps, parts, slots, slot, layer)


@inlined
def _clear(slots: Slots, slot: int) -> None:
    """An empty record of a frame."""
    for core in range(slots.record.shape[1]):
        for column in range(WIDTH):
            slots.record[slot, core, column] = 0
    for link in range(slots.mesh.shape[1]):
        slots.mesh[slot, link, 0] = slots.mesh[slot, link, 1] = 0


@inlined
def _note_known(maps: Maps, trace: Trace, listing: Listing, slots: Slots, slot: int, layer: int, carried: bool) -> None:
    """List what a layer sends, and book what is known of its integers in its first core's row."""
    known, lead = trace.known[slot, layer], maps.lead[layer]
    record = slots.record[slot, lead]
    if listing.integers.shape[0] > 0 and layer < maps.sent_shape.shape[0] - 1:
        record[L1_OUT], record[NONZERO] = list_layer(maps, trace, listing, slots, slot, layer, carried)
    else:
        record[L1_OUT], record[NONZERO] = known[known_columns.LISTED_L1], trace.messages[slot, layer]
    record[VALUES_OUT] = slots.messages[slot, layer]
    record[ACCUMULATOR_CLIPS] = known[known_columns.ADDITIONS_CLIPPED]
    record[ACCUMULATOR_PEAK], record[DIGEST] = known[known_columns.PEAK], known[known_columns.DIGEST]
    if maps.changes:
        record[UPDATES], record[SATURATIONS] = known[known_columns.UPDATES], known[known_columns.CLIPPED]
        slots.positions[slot, lead] = known[known_columns.POSITIONS]
        record[S_L1], record[S_SQUARE] = known[known_columns.S_L1], known[known_columns.S_SQUARE]
        record[S_PRODUCT], record[S_DISTANCE] = known[known_columns.S_PRODUCT], known[known_columns.S_DISTANCE]
    else:  # every frame starts from the bias: all of it is looked at
        record[UPDATES], record[SATURATIONS] = maps.sent[layer + 1] - maps.sent[layer], known[known_columns.CLIPPED_ALL]
        slots.positions[slot, lead] = maps.looks[maps.pixel[layer] : maps.pixel[layer + 1]].sum()


@without_refcounts
def _count_parts(maps: Maps, parts: Parts, slots: Slots, slot: int, layer: int) -> None:
    """Fill what the cores of a layer send in one frame."""
    first, end = parts.cores[layer], parts.cores[layer + 1]
    for number in range(parts.classes[first], parts.classes[end]):
        slots.class_units[slot, number] = slots.class_digits[slot, number] = 0
    bands = parts.bands[layer]
    ranges = (end - first) // bands
    j = np.int64(0)
    for band in range(bands):
        if ranges == 1:
            j = _count_band(maps, parts, slots, slot, layer, first + band, end - first > 1, j)
        else:
            j = _count_ranges(maps, parts, slots, slot, layer, first + band * ranges, ranges, j)


@without_refcounts
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
def _add_to_class(slots: Slots, slot: int, number: int, units: int, digits: int) -> None:
    """Book messages on the wire from one pixel's class, and the additions for each synapse that they make."""
    slots.class_units[slot, number] += units
    slots.class_digits[slot, number] += digits


@inlined
def _count_band(
    maps: Maps,
    parts: Parts,
    slots: Slots,
    slot: int,
    layer: int,
    core: int,
    split: bool,
    j: int,
) -> int:
    """A band of rows with all its channels on one core: its messages are a piece of the layer's list, from `j` on.

    Returns where it ends.
    """
    columns = maps.sent_shape[layer, 1]
    first, begin = parts.rows[core, 0] * columns, maps.pixel[layer]
    value = slots.value[slot, maps.sent[layer] : maps.sent[layer + 1]]
    slots.part_begin[slot, core] = j
    updated, positions, l1_out, nonzero_out = np.int64(0), np.int64(0), np.int64(0), np.int64(0)
    look = split or not maps.plain
    for pixel in range(first, parts.rows[core, 1] * columns):
        if split and slots.updated[slot, begin + pixel]:
            updated += 1
            positions += maps.looks[begin + pixel]
        count = np.int64(slots.pixel_messages[slot, begin + pixel])
        if count == 0:
            continue
        l1, nonzero, units, digits = np.int64(0), np.int64(0), count, count
        if look:
            l1, nonzero, units, digits = _weigh(value, j, j + count, maps.wire, maps.plain)
        number = parts.pixel_class[parts.pixel[core] + pixel - first]
        _add_to_class(slots, slot, number, units, digits)
        l1_out += l1
        nonzero_out += nonzero
        j += count
    slots.part_messages[slot, core] = j - slots.part_begin[slot, core]
    if split:
        record = slots.record[slot, core]
        record[VALUES_OUT], record[L1_OUT], record[NONZERO] = slots.part_messages[slot, core], l1_out, nonzero_out
        record[UPDATES] = updated * maps.sent_shape[layer, 2]
        slots.positions[slot, core] = positions
    return j


@inlined
def _count_ranges(
    maps: Maps,
    parts: Parts,
    slots: Slots,
    slot: int,
    layer: int,
    first_core: int,
    ranges: int,
    j: int,
) -> int:
    """A band of rows cut into channel ranges: the messages of each core are picked out of the layer's list.

    The band's begin at `j`; returns where they end.
    """
    columns, channels = maps.sent_shape[layer, 1], maps.sent_shape[layer, 2]
    first, begin = parts.rows[first_core, 0] * columns, maps.pixel[layer]
    neuron = slots.neuron[slot, maps.sent[layer] : maps.sent[layer + 1]]
    value = slots.value[slot, maps.sent[layer] : maps.sent[layer + 1]]
    updated, positions = np.int64(0), np.int64(0)
    for core in range(first_core, first_core + ranges):
        record = slots.record[slot, core]
        record[VALUES_OUT] = record[L1_OUT] = record[NONZERO] = 0
        slots.part_begin[slot, core], slots.part_messages[slot, core] = parts.picked[core], 0
    for pixel in range(first, parts.rows[first_core, 1] * columns):
        if slots.updated[slot, begin + pixel]:
            updated += 1
            positions += maps.looks[begin + pixel]
        end = j + np.int64(slots.pixel_messages[slot, begin + pixel])
        for core in range(first_core, first_core + ranges):
            m, stop = j, pixel * channels + parts.channels[core, 1]
            place = parts.picked[core] + slots.part_messages[slot, core]
            while j < end and neuron[j] < stop:
                slots.picked[slot, place] = j
                place += 1
                j += 1
            if j > m:
                l1, nonzero, units, digits = _weigh(value, m, j, maps.wire, maps.plain)
                number = parts.pixel_class[parts.pixel[core] + pixel - first]
                _add_to_class(slots, slot, number, units, digits)
                record = slots.record[slot, core]
                record[L1_OUT] += l1
                record[NONZERO] += nonzero
                slots.part_messages[slot, core] += j - m
    for core in range(first_core, first_core + ranges):
        record = slots.record[slot, core]
        record[VALUES_OUT] = slots.part_messages[slot, core]
        record[UPDATES] = updated * (parts.channels[core, 1] - parts.channels[core, 0])
        slots.positions[slot, core] = positions
    return j
