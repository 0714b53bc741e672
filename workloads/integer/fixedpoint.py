"""Fixed-point arithmetic on arrays: a real factor as multiplier and shift, rounding shifts, requantisation."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workloads.errors import WorkloadError
from workloads.integer.network import MAX_SHIFT, IntArray, Requantiser, Rounding

MULTIPLIER_BITS = 31


def multiplier_and_shift(factors: ArrayLike) -> tuple[IntArray, IntArray]:
    """Write real `factors` as multiplier / 2**shift, two arrays of their shape, int32.

    The multiplier is normalised to 2**30 .. 2**31 - 1, so the relative error is at most 2**-31; factors below 2**-32
    keep the largest shift, 62, and a smaller multiplier, and zero has multiplier 0. (The form of Jacob et al.,
    "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018, eq. 6.)
    Raises WorkloadError for factors that are negative, not finite, or 2**30 and more.
    """
    factors = np.asarray(factors, np.float64)
    wrong = ~((factors >= 0) & (factors < 2.0 ** (MULTIPLIER_BITS - 1)))
    if wrong.any():
        raise WorkloadError(f"requantisation factor {factors[wrong].flat[0]} is not in 0 .. 2**30; check the scales")
    fraction, exponent = np.frexp(factors)
    multiplier = np.rint(np.ldexp(fraction, MULTIPLIER_BITS)).astype(np.int64)
    shift = MULTIPLIER_BITS - exponent.astype(np.int64)
    carried = multiplier == 2**MULTIPLIER_BITS  # a fraction just below 1 was rounded to 1
    multiplier, shift = np.where(carried, multiplier // 2, multiplier), np.where(carried, shift - 1, shift)
    excess = np.maximum(shift - MAX_SHIFT, 0)
    multiplier = np.where(excess > 0, np.rint(np.ldexp(multiplier.astype(np.float64), -excess)), multiplier)
    # The largest factors below 2**30 may round up to it; a multiplier one step smaller keeps the shift at 1.
    multiplier, shift = np.where(shift < 1, 2**MULTIPLIER_BITS - 1, multiplier), np.clip(shift, 1, MAX_SHIFT)
    return multiplier.astype(np.int32), shift.astype(np.int32)


def round_shift(values: NDArray[np.int64], shift: NDArray[Any] | int, rounding: Rounding) -> NDArray[np.int64]:
    """`values / 2**shift` rounded to integers, exactly: |values| <= 2**62, shift 1 to 62, broadcast together.

    Ties go up (`half_up`, floor(x + 1/2)), to the even neighbour (`half_even`) or away from zero (`half_away`). Only
    the first commutes with adding integers, which the residue form of herding needs (paper, Algorithm 3).
    """
    shift = np.asarray(shift, np.int64)
    half = np.int64(1) << (shift - 1)
    rounded: NDArray[np.int64]
    if rounding == "half_up":
        rounded = (values + half) >> shift
    elif rounding == "half_away":
        rounded = np.sign(values) * ((np.abs(values) + half) >> shift)
    else:
        floor = values >> shift
        rest = values - (floor << shift)
        rounded = floor + ((rest > half) | ((rest == half) & (floor & 1 == 1)))
    return rounded


def rescale(values: NDArray[Any], requantiser: Requantiser) -> NDArray[np.int64]:
    """Integers (n, neurons) of at most 32 bits at the scale of s, rounded but not yet clipped.

    Neuron i has multiplier i % their number: neurons are in (y, x, channel) order, multipliers one for all, one per
    channel or one per neuron.
    """
    size = requantiser.multiplier.size
    per_channel = values.reshape(len(values), values.shape[1] // size, size).astype(np.int64)
    rounded = round_shift(per_channel * requantiser.multiplier, requantiser.shift, requantiser.rounding)
    return rounded.reshape(values.shape)


def requantise(values: NDArray[Any], requantiser: Requantiser) -> IntArray:
    """`clip(round(a * multiplier / 2**shift), low, high)` of `values` (n, neurons); the same shape, int32."""
    return np.clip(rescale(values, requantiser), requantiser.low, requantiser.high).astype(np.int32)
