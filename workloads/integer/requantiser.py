"""How integers at one scale become integers at another, as data."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

Rounding = Literal["half_up", "half_even", "half_away"]
IntArray: TypeAlias = NDArray[np.int32]

MAX_SHIFT = 62  # |accumulator * multiplier| < 2**62 and half of 2**62 more still fit a signed 64-bit integer


@dataclass(frozen=True, eq=False)
class Requantiser:
    """Turns integers at one scale into integers at another: `s = clip(round(a * multiplier / 2**shift), low, high)`.

    `multiplier`: (entries,) int32, not negative. `shift`: (entries,) int32, 1 to 62. Entry i % entries belongs to
    neuron i in (y, x, channel) order: one for all, one per channel, or one per neuron (behind an average over cut
    windows). `low`, `high`: range of s, both included. `rounding`: what becomes of ties: `half_up` is floor(x + 1/2),
    `half_even` goes to the even neighbour, `half_away` away from zero. The product of an int32 and the multiplier
    stays below 2**62 in magnitude, so int64 arithmetic is exact.
    """

    multiplier: IntArray
    shift: IntArray
    low: int
    high: int
    rounding: Rounding
