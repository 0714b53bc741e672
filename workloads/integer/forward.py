"""A whole integer network on a batch of frames, frame by frame: the plain meaning of its integers.

No deltas, no order of messages: each sum is made whole and meets the accumulator's width once. Where the static bound
fits the accumulator, and always with wrapping accumulators, any other order of the same additions gives the same
integers. Accumulators that saturate may clip on the way in another order; here only the final sum is clipped.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from workloads.graphs.network import check_frames
from workloads.integer.bounds import largest_inputs
from workloads.integer.fixedpoint import rescale
from workloads.integer.network import (
    FloatArray,
    IntArray,
    IntegerLayer,
    IntegerNetwork,
    MaxPooling,
    Overflow,
    Requantiser,
)
from workloads.integer.products import exact_sums
from workloads.integer.unary import bounded
from workloads.integer.windows import at_tap, padding_after, pool_axis

Number = TypeVar("Number", bound=np.generic)

_BATCH_BYTES = 64 << 20


@dataclass(frozen=True, eq=False)
class IntegerTrace:
    """What a batch of n frames makes of each layer. Maps are flattened in (y, x, channel) order.

    `activations`: s_0 to s_{L-1}, each (n, neurons) int32. `outputs`: (n, outputs) int32, accumulators of the last
    layer, before any activation. `saturated`: per activation layer, how many values requantisation clipped. `peaks`:
    per layer, the largest magnitude of a sum before the accumulator's width was applied.
    """

    activations: tuple[IntArray, ...]
    outputs: IntArray
    saturated: tuple[int, ...]
    peaks: tuple[int, ...]


def integer_forward(network: IntegerNetwork, frames: NDArray[np.uint8]) -> IntegerTrace:
    """Run `frames` (n, inputs) uint8, each in (channel, y, x) order, through `network`; exact for all widths."""
    check_frames(frames, network.inputs, network.name)
    widest = max(network.inputs, *(layer.accumulators for layer in network.layers))
    batch = max(1, _BATCH_BYTES // (8 * widest))
    traces = [_forward(network, frames[first : first + batch]) for first in range(0, max(len(frames), 1), batch)]
    if len(traces) == 1:
        return traces[0]
    return IntegerTrace(
        tuple(map(np.concatenate, zip(*(trace.activations for trace in traces), strict=True))),
        np.concatenate([trace.outputs for trace in traces]),
        tuple(map(sum, zip(*(trace.saturated for trace in traces), strict=True))),
        tuple(map(max, zip(*(trace.peaks for trace in traces), strict=True))),
    )


def real_outputs(network: IntegerNetwork, outputs: IntArray) -> FloatArray:
    """The real values (n, outputs) float64 of accumulators (n, outputs) of the last layer, in (y, x, channel) order."""
    scale = network.layers[-1].accumulator_scale
    units: FloatArray = np.tile(scale, outputs.shape[1] // scale.size)
    return units * outputs


def own_order(network: IntegerNetwork, outputs: NDArray[Number]) -> NDArray[Number]:
    """Outputs (n, outputs) of the last layer, given in (y, x, channel) order as everything inside is, in the float
    network's own: (channel, y, x), which its class names, labels and flattened vectors follow.
    """
    height, width, channels = network.layers[-1].shape
    maps = outputs.reshape(len(outputs), height, width, channels)
    return np.ascontiguousarray(maps.transpose(0, 3, 1, 2)).reshape(outputs.shape)


def fit_accumulator(sums: NDArray[np.int64], bits: int, overflow: Overflow) -> IntArray:
    """What an accumulator of `bits` bits holds of `sums`: the value modulo 2**bits, or the nearest value that fits."""
    half = 1 << (bits - 1)
    if overflow == "saturate":
        return np.clip(sums, -half, half - 1).astype(np.int32)
    return (((sums + half) & (2 * half - 1)) - half).astype(np.int32)


def normalised_pixels(network: IntegerNetwork, frames: NDArray[np.uint8]) -> IntArray:
    """frame * 2**input_shift - input_offset, (n, H, W, C) int32, of `frames` (n, inputs) in (channel, y, x) order."""
    height, width, channels = network.input_shape
    pixels = frames.reshape(len(frames), channels, height, width).transpose(0, 2, 3, 1).astype(np.int32)
    normalised: IntArray = (pixels << network.input_shift) - network.input_offset
    return normalised


def _forward(network: IntegerNetwork, frames: NDArray[np.uint8]) -> IntegerTrace:
    peaks: list[int] = []
    pixels = normalised_pixels(network, frames).reshape(frames.shape)
    first, clipped = _clipped(rescale(pixels, network.input_requantiser), network.input_requantiser)
    sent, saturated = [first], [clipped]
    outputs = first
    for layer, largest in zip(network.layers, largest_inputs(network), strict=True):
        maps = [
            sent[synapses.source].reshape(len(frames), *network.sent_shape(synapses.source))
            for synapses in layer.synapses
        ]
        sums = exact_sums(layer, maps, largest)
        peaks.append(int(np.abs(sums).max(initial=0)))
        flat = sums.reshape(len(frames), layer.accumulators)
        outputs = fit_accumulator(flat, network.accumulator_bits, network.overflow)
        if layer.requantiser is not None:
            values, clipped = _clipped(_rescaled(layer, outputs, layer.requantiser), layer.requantiser)
            sent.append(layer.activation.sent(values, layer.requantiser))
            saturated.append(clipped)
    return IntegerTrace(tuple(sent), outputs, tuple(saturated), tuple(peaks))


def _rescaled(layer: IntegerLayer, accumulators: IntArray, requantiser: Requantiser) -> NDArray[np.int64]:
    """Accumulators (n, neurons) pooled, activated and at the scale of s, not yet clipped: (n, neurons sent)."""
    values = accumulators
    if layer.pool is not None:
        values = _pooled(values.reshape(len(values), *layer.shape), layer.pool, layer.sent_shape)
        values = values.reshape(len(values), layer.outputs)
    values = bounded(layer.activation, values, layer.shape[2])
    wide, leak = rescale(values, requantiser), layer.activation.leak
    return wide if leak is None else np.where(values < 0, rescale(values, leak), wide)


def _pooled(maps: NDArray[Any], pool: MaxPooling, shape: tuple[int, int, int]) -> IntArray:
    """Largest value of each window of maps (n, H, W, C)."""
    down, across = pool_axis(pool, 0), pool_axis(pool, 1)
    sides = [
        (each.padding, padding_after(each, outputs, size))
        for each, outputs, size in zip((down, across), shape[:2], maps.shape[1:3], strict=True)
    ]
    padded = np.pad(maps, ((0, 0), *sides, (0, 0)), constant_values=np.iinfo(np.int32).min)
    largest = np.full((len(maps), *shape), np.iinfo(np.int32).min, np.int32)
    for y, x in np.ndindex(pool.kernel):
        seen = padded[:, at_tap(down, y, shape[0]), at_tap(across, x, shape[1])]
        np.maximum(largest, seen, out=largest)
    return largest


def _clipped(wide: NDArray[np.int64], requantiser: Requantiser) -> tuple[IntArray, int]:
    """What is sent, and how many of its values were clipped."""
    outside = int(((wide < requantiser.low) | (wide > requantiser.high)).sum())
    return np.clip(wide, requantiser.low, requantiser.high).astype(np.int32), outside
