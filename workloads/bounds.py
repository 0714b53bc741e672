"""How large accumulators can get, known before any frame is seen."""

import numpy as np
from numpy.typing import NDArray

from workloads.fixedpoint import requantise
from workloads.integer_network import IntegerLayer, IntegerNetwork

PIXEL_MAX = 255


def static_bound(layer: IntegerLayer, max_abs_input: int) -> NDArray[np.int64]:
    """Largest magnitude each accumulator can reach, (outputs,) int64: |bias| + sum of |w| times the largest |s_in|.

    It holds at every moment, also between the messages of a frame, when some inputs are still those of the last frame:
    any mixture of two frames' inputs is itself within the range of inputs.
    """
    magnitudes = np.abs(layer.weights.astype(np.int64)).sum(axis=0)
    bound: NDArray[np.int64] = np.abs(layer.bias.astype(np.int64)) + magnitudes * max_abs_input
    return bound


def bits_needed(bound: int) -> int:
    """Width of a two's complement accumulator that holds -bound .. bound."""
    return int(bound).bit_length() + 1


def largest_inputs(network: IntegerNetwork) -> tuple[int, ...]:
    """Largest |s_in| of each layer, for static_bound: the brightest pixel requantised, then the activation ranges."""
    brightest = int(requantise(np.array([[PIXEL_MAX]]), network.input_requantiser)[0, 0])
    ranges = (layer.requantiser for layer in network.layers[:-1])
    return (brightest, *(max(-r.low, r.high) for r in ranges if r is not None))
