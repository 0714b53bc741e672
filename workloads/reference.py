"""A whole integer network on a batch of frames, frame by frame: the plain meaning of its integers.

No deltas, no order of messages: each sum is made whole and meets the accumulator's width once. Where the static bound
fits the accumulator, and always with wrapping accumulators, any other order of the same additions gives the same
integers. Accumulators that saturate may clip on the way in another order; here only the final sum is clipped.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.bounds import largest_inputs, static_bound
from workloads.fixedpoint import rescale
from workloads.integer_network import IntArray, IntegerLayer, IntegerNetwork, Overflow
from workloads.network import check_frames


@dataclass(frozen=True, eq=False)
class IntegerTrace:
    """What a batch of n frames makes of each layer.

    `activations`: s_0 to s_{L-1}, each (n, neurons) int32. `outputs`: (n, outputs) int32, accumulators of the last
    layer, before any activation. `saturated`: per activation layer, how many values requantisation clipped. `peaks`:
    per layer, the largest magnitude of a sum before the accumulator's width was applied.
    """

    activations: tuple[IntArray, ...]
    outputs: IntArray
    saturated: tuple[int, ...]
    peaks: tuple[int, ...]


def integer_forward(network: IntegerNetwork, frames: NDArray[np.uint8]) -> IntegerTrace:
    """Run `frames` (n, inputs) uint8 through `network`; exact for all widths."""
    check_frames(frames, network.inputs, network.name)
    activations: list[IntArray] = []
    saturated: list[int] = []
    peaks: list[int] = []
    values = frames.astype(np.int32)
    requantiser = network.input_requantiser
    for layer, largest in zip(network.layers, largest_inputs(network), strict=True):
        wide = rescale(values, requantiser)
        activations.append(np.clip(wide, requantiser.low, requantiser.high).astype(np.int32))
        saturated.append(int(((wide < requantiser.low) | (wide > requantiser.high)).sum()))
        sums = _exact_sums(activations[-1], layer, largest)
        peaks.append(int(np.abs(sums).max(initial=0)))
        values = fit_accumulator(sums, network.accumulator_bits, network.overflow)
        if layer.requantiser is not None:
            requantiser = layer.requantiser
            values = np.maximum(values, 0) if layer.activation == "relu" else values
    return IntegerTrace(tuple(activations), values, tuple(saturated), tuple(peaks))


def fit_accumulator(sums: NDArray[np.int64], bits: int, overflow: Overflow) -> IntArray:
    """What an accumulator of `bits` bits holds of `sums`: the value modulo 2**bits, or the nearest value that fits."""
    half = 1 << (bits - 1)
    if overflow == "saturate":
        return np.clip(sums, -half, half - 1).astype(np.int32)
    return (((sums + half) & (2 * half - 1)) - half).astype(np.int32)


def _exact_sums(s: IntArray, layer: IntegerLayer, largest: int) -> NDArray[np.int64]:
    # Below 2**53 float64 holds every partial sum, in any order, and its matrix product is much faster than int64's.
    if static_bound(layer, largest).max() < 2**53:
        products = s.astype(np.float64) @ layer.weights.astype(np.float64)
        return products.astype(np.int64) + layer.bias
    return s.astype(np.int64) @ layer.weights.astype(np.int64) + layer.bias
