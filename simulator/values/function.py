"""Which function of the frames a network's integers are: what has to be found anew, and what several networks share.

With accumulators that wrap the integers of a frame depend on that frame alone, however they are summed (machine.md,
"Exactness"): every network of one precision has the same, whatever it sends. Accumulators that saturate remember the
order of their sums, so frame by frame is one function and changes another, and so is each way of adding a value.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulator.values.cuts import WHOLE, Cut
from workloads.integer.network import IntegerNetwork


@dataclass(frozen=True)
class IntegerFunction:
    """`carried`: accumulators go on from frame to frame, by changes; else each frame starts from the bias. `cut`: the
    pieces in which a value is added.
    """

    precision: str
    carried: bool
    cut: Cut


def function_of(network: IntegerNetwork, *, changes: bool, cut: Cut) -> IntegerFunction:
    """The function that a network computes, which sends changes or values."""
    if network.overflow == "wrap":
        return IntegerFunction(network.precision, carried=True, cut=WHOLE)
    return IntegerFunction(network.precision, carried=changes, cut=cut)


def largest_sent(network: IntegerNetwork) -> int:
    """The largest magnitude that any layer can send: of a value, or of a change, which spans at most their range."""
    requantisers = [network.input_requantiser, *(layer.requantiser for layer in network.layers)]
    return max(max(each.high - each.low, each.high, -each.low) for each in requantisers if each)
