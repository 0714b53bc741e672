"""Compiled inner loops of the fast engine: messages times weights, added to a run of accumulators.

Messages are added eight at a pass, so that an accumulator is read and written once for eight products. Where the
eight values are small their products are summed in 16 bits, twice as many at a time, which is exact because the sum of
their magnitudes times the largest weight fits. Indices are unsigned: numba would test signed ones for being negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from workloads.compiled import compiled

Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
Weights = NDArray[Any]
Bytes = NDArray[np.uint8]

NARROW = 32767  # largest sum that 16 bits hold


def _plus_product(context: Any, total: Any, value: Any, weight: Any) -> Any:
    """total + value * weight in 16 bits: numba itself would compute it in 64."""
    signature = types.int16(types.int16, types.int16, weight)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        total, value, weight = arguments
        narrow = total.type
        widen = builder.sext if weight.type.width < narrow.width else builder.trunc
        factor = weight if weight.type.width == narrow.width else widen(weight, narrow)
        return builder.add(total, builder.mul(value, factor))

    return signature, generate


plus_product = cast("Callable[[int, int, int], int]", intrinsic(_plus_product))


@compiled
def add_messages(
    weights: Weights,
    offset: int,
    step: int,
    widest: int,
    first: int,
    neuron: Int32,
    value: Int32,
    begin: int,
    end: int,
    accumulator: Int32,
    place: int,
    size: int,
    room: Int16,
) -> None:
    """Accumulators place .. place + size += sum over messages begin .. end of value * weights, modulo 2**32.

    The weights of a message are `size` entries from (neuron - first) * step + offset on; `widest` is the largest
    magnitude among all weights. room: (>= size,) int16, overwritten.
    """
    j = begin
    last = end - 1
    while end - j > 4:  # five to seven are eight with values of 0
        a0, a1 = (neuron[j] - first) * step + offset, (neuron[j + 1] - first) * step + offset
        a2, a3 = (neuron[j + 2] - first) * step + offset, (neuron[j + 3] - first) * step + offset
        a4 = (neuron[j + 4] - first) * step + offset
        a5 = (neuron[min(j + 5, last)] - first) * step + offset
        a6 = (neuron[min(j + 6, last)] - first) * step + offset
        a7 = (neuron[min(j + 7, last)] - first) * step + offset
        v0, v1, v2, v3, v4 = value[j], value[j + 1], value[j + 2], value[j + 3], value[j + 4]
        v5 = value[j + 5] if j + 5 < end else np.int32(0)
        v6 = value[j + 6] if j + 6 < end else np.int32(0)
        v7 = value[j + 7] if j + 7 < end else np.int32(0)
        _add_eight(
            weights, a0, a1, a2, a3, a4, a5, a6, a7, v0, v1, v2, v3, v4, v5, v6, v7, widest,
            accumulator, place, size, room,
        )  # fmt: skip
        j += 8
    if end - j > 2:
        a0, a1 = (neuron[j] - first) * step + offset, (neuron[j + 1] - first) * step + offset
        a2, a3 = (neuron[j + 2] - first) * step + offset, (neuron[last] - first) * step + offset
        v3 = value[j + 3] if j + 3 < end else np.int32(0)
        _add_four(weights, a0, a1, a2, a3, value[j], value[j + 1], value[j + 2], v3, accumulator, place, size)
    elif j < end:
        a0, a1 = (neuron[j] - first) * step + offset, (neuron[last] - first) * step + offset
        v1 = value[last] if j < last else np.int32(0)
        _add_two(weights, a0, a1, value[j], v1, accumulator, place, size)


@compiled
def _add_eight(
    weights: Weights,
    a0: int, a1: int, a2: int, a3: int, a4: int, a5: int, a6: int, a7: int,
    v0: int, v1: int, v2: int, v3: int, v4: int, v5: int, v6: int, v7: int,
    widest: int,
    accumulator: Int32,
    place: int,
    size: int,
    room: Int16,
) -> None:  # fmt: skip
    """Accumulators place .. place + size += v0 * weights from a0 on + ... + v7 * weights from a7 on."""
    u0, u1, u2, u3 = np.uint64(a0), np.uint64(a1), np.uint64(a2), np.uint64(a3)
    u4, u5, u6, u7 = np.uint64(a4), np.uint64(a5), np.uint64(a6), np.uint64(a7)
    target = np.uint64(place)
    magnitude = np.int64(0)
    for each in (v0, v1, v2, v3, v4, v5, v6, v7):
        magnitude += abs(np.int64(each))
    if magnitude * widest <= NARROW:
        n0, n1, n2, n3 = np.int16(v0), np.int16(v1), np.int16(v2), np.int16(v3)
        n4, n5, n6, n7 = np.int16(v4), np.int16(v5), np.int16(v6), np.int16(v7)
        for i in range(size):
            o = np.uint64(i)
            total = plus_product(np.int16(0), n0, weights[u0 + o])
            total = plus_product(total, n1, weights[u1 + o])
            total = plus_product(total, n2, weights[u2 + o])
            total = plus_product(total, n3, weights[u3 + o])
            total = plus_product(total, n4, weights[u4 + o])
            total = plus_product(total, n5, weights[u5 + o])
            total = plus_product(total, n6, weights[u6 + o])
            room[o] = plus_product(total, n7, weights[u7 + o])
        for i in range(size):  # a loop of its own: in one, LLVM widens all of it to 32 bits
            o = np.uint64(i)
            accumulator[target + o] += room[o]
    else:
        for i in range(size):
            o = np.uint64(i)
            accumulator[target + o] += (
                v0 * weights[u0 + o] + v1 * weights[u1 + o] + v2 * weights[u2 + o] + v3 * weights[u3 + o]
                + v4 * weights[u4 + o] + v5 * weights[u5 + o] + v6 * weights[u6 + o] + v7 * weights[u7 + o]
            )  # fmt: skip


@compiled
def _add_four(
    weights: Weights,
    a0: int, a1: int, a2: int, a3: int,
    v0: int, v1: int, v2: int, v3: int,
    accumulator: Int32,
    place: int,
    size: int,
) -> None:  # fmt: skip
    """As _add_eight, for the last three or four messages."""
    u0, u1, u2, u3 = np.uint64(a0), np.uint64(a1), np.uint64(a2), np.uint64(a3)
    target = np.uint64(place)
    for i in range(size):
        o = np.uint64(i)
        accumulator[target + o] += (
            v0 * weights[u0 + o] + v1 * weights[u1 + o] + v2 * weights[u2 + o] + v3 * weights[u3 + o]
        )


@compiled
def _add_two(weights: Weights, a0: int, a1: int, v0: int, v1: int, accumulator: Int32, place: int, size: int) -> None:
    """As _add_eight, for the last one or two messages."""
    u0, u1, target = np.uint64(a0), np.uint64(a1), np.uint64(place)
    for i in range(size):
        o = np.uint64(i)
        accumulator[target + o] += v0 * weights[u0 + o] + v1 * weights[u1 + o]


@compiled
def add_grouped(
    weights: Weights,
    offset: int,
    step: int,
    share: int,
    outputs: int,
    first: int,
    neuron: Int32,
    value: Int32,
    begin: int,
    end: int,
    accumulator: Int32,
    place: int,
) -> None:
    """As add_messages where `share` input channels make a group and reach only the group's `outputs` of the pixel."""
    for j in range(begin, end):
        channel = neuron[j] - first
        source, target = np.uint64(channel * step + offset), np.uint64(place + channel // share * outputs)
        for i in range(outputs):
            o = np.uint64(i)
            accumulator[target + o] += value[j] * weights[source + o]


@compiled
def add_saturating(
    weights: Weights,
    window: Int64,
    groups: int,
    outputs: int,
    sender: Int64,
    receiver: Int64,
    neuron: Int32,
    value: Int32,
    count: int,
    accumulator: Int32,
    touched: Bytes,
    unary: bool,
    low: int,
    high: int,
) -> int:
    """Any synapses, one wire message after the other, each sum clipped to low..high; returns additions clipped.

    weights: flat (channels in, kernel y, kernel x reversed, outputs of a group); window: see NetworkArrays; sender,
    receiver: shapes (height, width, channels).
    """
    clips = 0
    channels = sender[2]
    for j in range(count):
        repeats = abs(value[j]) if unary else 1
        step = np.int64(np.sign(value[j])) if unary else np.int64(value[j])
        pixel, channel = neuron[j] // channels, neuron[j] % channels
        rows = 1 if window[0] else window[1]
        columns = 1 if window[0] else window[2]
        for i in range(rows):
            for k in range(columns):
                place, source = 0, neuron[j] * outputs
                if not window[0]:
                    row_y = reached(pixel // sender[1], i, window[3], window[5], window[7], receiver[0])
                    row_x = reached(pixel % sender[1], k, window[4], window[6], window[8], receiver[1])
                    if row_y < 0 or row_x < 0:
                        continue
                    place = row_y * receiver[1] + row_x
                    source = ((channel * window[1] + i) * window[2] + window[2] - 1 - k) * outputs
                touched[place] = 1
                target = place * receiver[2] + channel // (channels // groups) * outputs
                if window[0]:
                    target = 0
                for o in range(outputs):
                    for _ in range(repeats):
                        total = np.int64(accumulator[target + o]) + step * np.int64(weights[source + o])
                        within = min(max(total, low), high)
                        clips += within != total
                        accumulator[target + o] = within
    return clips


@compiled
def reached(position: int, place: int, stride: int, padding: int, dilation: int, size: int) -> int:
    """Where along one axis place `place` of a kernel takes an input position to; -1 for nowhere."""
    shifted = position + padding - dilation * place
    if shifted < 0 or shifted % stride != 0:
        return -1
    target = shifted // stride
    return target if target < size else -1
