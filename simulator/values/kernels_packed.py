"""Compiled inner loops for traces on disk: what a layer lists, as a bit for each neuron and narrow values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.values.arrays import Trace
from simulator.values.columns import LISTED
from simulator.values.vectors import lowest
from workloads.compiled import without_refcounts

Int32 = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Words = NDArray[np.int64]


class LayoutArrays(NamedTuple):
    """Where the layers' neurons, pixels and words of bits begin, and how many channels each has."""

    sent: Words
    pixel: Words
    word: Words
    channels: Words


@without_refcounts
def pack_frames(
    layout: LayoutArrays,
    trace: Trace,
    first_frame: int,
    count: int,
    listed: Words,
    widths: Bytes,
    values: Bytes,
    value_end: Words,
    updated: Bytes,
) -> None:
    """Write frames first_frame .. first_frame + count, which are in the ring: a row of each array for each.

    listed: (count, words), widths: (count, layers), updated: (count, bytes of bits of the pixels); values: of all
    frames, those of frame k end at value_end[k].
    """
    ring, end = trace.messages.shape[0], np.int64(0)
    for k in range(count):
        slot = (first_frame + k) % ring
        for layer in range(layout.channels.shape[0]):
            a, b = layout.sent[layer], layout.sent[layer + 1]
            widths[k, layer], end = _pack_layer(
                trace.neuron[slot, a:b],
                trace.value[slot, a:b],
                trace.messages[slot, layer],
                listed[k, layout.word[layer] : layout.word[layer + 1]],
                values,
                end,
            )
        value_end[k] = end
        for place in range(updated.shape[1]):
            updated[k, place] = 0
        for pixel in range(trace.updated.shape[1]):
            updated[k, pixel >> 3] |= trace.updated[slot, pixel] << (pixel & 7)


@without_refcounts
def unpack_frames(
    layout: LayoutArrays,
    trace: Trace,
    first_frame: int,
    first_row: int,
    count: int,
    listed: Words,
    widths: Bytes,
    values: Bytes,
    value_begin: Words,
    updated: Bytes,
) -> int:
    """Read back frames first_frame .. first_frame + count from rows first_row .. of what `pack_frames` wrote.

    The values of row k begin at value_begin[k]. Returns the frames that are as they should be.
    """
    ring = trace.messages.shape[0]
    for k in range(count):
        slot, row = (first_frame + k) % ring, first_row + k
        end = value_begin[row]
        for layer in range(layout.channels.shape[0]):
            a, b = layout.sent[layer], layout.sent[layer + 1]
            listed_there, end = _unpack_layer(
                listed[row, layout.word[layer] : layout.word[layer + 1]],
                values,
                end,
                widths[row, layer],
                layout.channels[layer],
                trace.neuron[slot, a:b],
                trace.value[slot, a:b],
                trace.pixel_messages[slot, layout.pixel[layer] : layout.pixel[layer + 1]],
            )
            if listed_there != trace.known[slot, layer, LISTED]:
                return k
            trace.messages[slot, layer] = listed_there
        if end != value_begin[row + 1]:
            return k
        for pixel in range(trace.updated.shape[1]):
            trace.updated[slot, pixel] = (updated[row, pixel >> 3] >> (pixel & 7)) & 1
    return count


@without_refcounts
def _pack_layer(neuron: Int32, value: Int32, count: int, listed: Words, values: Bytes, place: int) -> tuple[int, int]:
    """Write `count` entries of a layer's list: a bit for each neuron into `listed`, values from values[place] on.

    Values are little-endian, as wide as the widest of the layer. Returns the width in bytes (1, 2 or 4) and the place
    behind them.
    """
    lowest_value, highest_value = np.int32(0), np.int32(0)
    for j in range(count):
        v = value[np.uint64(j)]
        lowest_value, highest_value = min(lowest_value, v), max(highest_value, v)
    width = 4
    if lowest_value >= -128 and highest_value <= 127:
        width = 1
    elif lowest_value >= -32768 and highest_value <= 32767:
        width = 2
    for word in range(listed.shape[0]):
        listed[word] = 0
    at = np.uint64(place)
    for j in range(count):
        i = np.uint64(neuron[np.uint64(j)])
        listed[i >> np.uint64(6)] |= np.int64(1) << np.int64(i & np.uint64(63))
        v = np.uint64(np.int64(value[np.uint64(j)]))
        values[at] = np.uint8(v)
        if width > 1:
            values[at + np.uint64(1)] = np.uint8(v >> np.uint64(8))
        if width > 2:
            values[at + np.uint64(2)] = np.uint8(v >> np.uint64(16))
            values[at + np.uint64(3)] = np.uint8(v >> np.uint64(24))
        at += np.uint64(width)
    return width, np.int64(at)


@without_refcounts
def _unpack_layer(
    listed: Words,
    values: Bytes,
    place: int,
    width: int,
    channels: int,
    neuron: Int32,
    value: Int32,
    pixel_messages: Int32,
) -> tuple[int, int]:
    """Read back what `_pack_layer` wrote, and count the entries of each pixel. Returns their number, and the place
    behind their values; -1 if there are more bits than values, or one for a neuron that is not there.
    """
    for pixel in range(pixel_messages.shape[0]):
        pixel_messages[pixel] = 0
    count, at, pixel, beyond = np.int64(0), np.uint64(place), np.int64(0), np.int64(channels)
    for word in range(listed.shape[0]):
        bits = listed[np.uint64(word)]
        while bits != 0:
            n = np.int64(word) * 64 + np.int64(lowest(bits))
            bits &= bits - 1
            if n >= neuron.shape[0] or np.int64(at) + width > values.shape[0]:
                return np.int64(-1), np.int64(at)
            while n >= beyond:
                pixel += 1
                beyond += channels
            pixel_messages[pixel] += 1
            neuron[np.uint64(count)] = n
            value[np.uint64(count)] = _value(values, at, width)
            at += np.uint64(width)
            count += 1
    return count, np.int64(at)


@without_refcounts
def _value(values: Bytes, at: int, width: int) -> int:
    one = np.uint64(1)
    if width == 1:
        return np.int32(np.int8(values[at]))
    low = np.int32(values[at]) | (np.int32(values[at + one]) << np.int32(8))
    if width == 2:
        return np.int32(np.int16(low))
    high = np.int32(values[at + one + one]) | (np.int32(values[at + one + one + one]) << np.int32(8))
    return np.int32(low | (high << np.int32(16)))
