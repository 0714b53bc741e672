"""The reference engine's arithmetic: one plain Python integer at a time, no width but the ones written down."""

from __future__ import annotations

from fractions import Fraction
from math import floor

from workloads.integer.network import IntegerLayer, IntegerNetwork, Requantiser
from workloads.integer.unary import Clip, Identity, Leaky, Relu, Table

_HALF = Fraction(1, 2)


def round_exactly(x: Fraction, rounding: str) -> int:
    """The integer nearest to x; ties go up (`half_up`), to the even one (`half_even`) or away from zero
    (`half_away`).
    """
    if rounding == "half_even":
        return round(x)
    if rounding == "half_away" and x < 0:
        return -floor(-x + _HALF)
    return floor(x + _HALF)


def requantise_exactly(activated: int, entry: int, requantiser: Requantiser) -> tuple[int, bool]:
    """(s, clipped?) of one activation: scale, round, clip. Entry number `entry` (wrapping) of the tables holds."""
    place = entry % len(requantiser.multiplier)
    scale = Fraction(int(requantiser.multiplier[place]), 2 ** int(requantiser.shift[place]))
    s = round_exactly(activated * scale, requantiser.rounding)
    within = min(max(s, requantiser.low), requantiser.high)
    return within, within != s


def activate_and_requantise(
    accumulator: int, neuron: int, channel: int, network: IntegerNetwork, layer: IntegerLayer | None
) -> tuple[int, bool]:
    """(s, clipped?) of one accumulator of a layer, or (layer None) of the input core."""
    requantiser = layer.requantiser if layer is not None else network.input_requantiser
    if requantiser is None:
        raise ValueError("the last layer is not requantised")
    match layer.activation if layer is not None else Identity():
        case Relu():
            accumulator = max(accumulator, 0)
        case Clip(limits):
            accumulator = min(max(accumulator, int(limits[0][channel])), int(limits[1][channel]))
        case Leaky(negative) if accumulator < 0:
            requantiser = negative
        case Table(entries):
            place, beyond = requantise_exactly(accumulator, neuron, requantiser)
            return int(entries[place - requantiser.low]), beyond
    return requantise_exactly(accumulator, neuron, requantiser)


def accumulate_exactly(total: int, network: IntegerNetwork) -> tuple[int, bool]:
    """(accumulator, clipped?) holding `total` in the network's accumulator width: wrapped or clipped."""
    top = 2 ** (network.accumulator_bits - 1)
    if network.overflow == "saturate":
        within = min(max(total, -top), top - 1)
        return within, within != total
    return (total + top) % (2 * top) - top, False
