"""Rounding by fractions."""

import math
from fractions import Fraction

from workloads.integer.network import Rounding

ROUNDINGS: tuple[Rounding, ...] = ("half_up", "half_even", "half_away")


def exact_round(value: Fraction, rounding: Rounding) -> int:
    if rounding == "half_up":
        return math.floor(value + Fraction(1, 2))
    if rounding == "half_even":
        return round(value)
    magnitude = math.floor(abs(value) + Fraction(1, 2))
    return magnitude if value >= 0 else -magnitude
