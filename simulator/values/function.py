"""Which function of the frames a network's integers are: what has to be found anew, and what several networks share.

With accumulators that wrap the integers of a frame depend on that frame alone, however they are summed (machine.md,
"Exactness"): every network of one precision has the same, whatever it sends. Accumulators that saturate remember the
order of their sums, so frame by frame is one function and changes another, and so is each way of adding a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from workloads.integer.network import IntegerNetwork


class Addition(Enum):
    """How the value of a message comes to an accumulator: at once, or one unit after the other."""

    WHOLE = "whole"
    UNITS = "units"


@dataclass(frozen=True)
class IntegerFunction:
    """`carried`: accumulators go on from frame to frame, by changes; else each frame starts from the bias."""

    precision: str
    carried: bool
    addition: Addition


def function_of(network: IntegerNetwork, *, changes: bool, addition: Addition) -> IntegerFunction:
    """The function that a network computes, which sends changes or values."""
    if network.overflow == "wrap":
        return IntegerFunction(network.precision, carried=True, addition=Addition.WHOLE)
    return IntegerFunction(network.precision, carried=changes, addition=addition)
