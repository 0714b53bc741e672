"""Requantisers made of real factors."""

import numpy as np

from workloads.integer.checks import activation_range
from workloads.integer.fixedpoint import multiplier_and_shift
from workloads.integer.network import FloatArray, Requantiser
from workloads.integer.quantisation import Quantisation

# Of a requantiser: one accumulator unit is then far beyond the largest activation, as it is with any larger factor.
LARGEST_FACTOR = float(np.nextafter(2.0**30, 0))


def requantiser_of(factors: FloatArray, unsigned: bool, settings: Quantisation) -> Requantiser:
    """The requantiser that multiplies by `factors`, (channels,) or one for every neuron."""
    multiplier, shift = multiplier_and_shift(np.minimum(factors, LARGEST_FACTOR))
    low, high = activation_range(settings.activation_bits, unsigned=unsigned)
    return Requantiser(multiplier, shift, low, high, settings.rounding)
