"""How large accumulators can get, known before any frame is seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workloads.integer.checks import PIXEL_MAX
from workloads.integer.fixedpoint import requantise
from workloads.integer.linear import magnitudes
from workloads.integer.network import IntegerLayer, IntegerNetwork


def static_bound(layer: IntegerLayer, largest: Sequence[int]) -> NDArray[np.int64]:
    """Largest magnitude the accumulators of each channel can reach, (channels,) int64.

    |bias| + sum over the layer's synapses of sum of |w| times `largest`, the sender's largest |s| (see largest_inputs).
    Places at the border, where a window sees padding, reach less. It holds at every moment, also between the messages
    of a frame, when some inputs are still those of the last frame: any mixture of two frames' inputs is itself within
    the range of inputs.
    """
    bound = np.abs(layer.bias.astype(np.int64))
    for synapses, most in zip(layer.synapses, largest, strict=True):
        bound = bound + magnitudes(synapses.linear) * most
    return bound


def bits_needed(bound: int) -> int:
    """Width of a two's complement accumulator that holds -bound .. bound."""
    return int(bound).bit_length() + 1


def largest_inputs(network: IntegerNetwork) -> tuple[tuple[int, ...], ...]:
    """Largest |s| each layer can be sent, for static_bound: per layer, one number per synapse.

    Of the input the darkest and brightest pixels requantised, of a layer the end of its range.
    """
    sent = [_largest_pixel(network)]
    for layer in network.layers[:-1]:
        requantiser = layer.requantiser
        low, high = layer.activation.ends(requantiser) if requantiser is not None else (0, 0)
        sent.append(max(-low, high))
    return tuple(tuple(sent[synapses.source] for synapses in layer.synapses) for layer in network.layers)


def _largest_pixel(network: IntegerNetwork) -> int:
    pixels = np.array([[0], [PIXEL_MAX]], np.int64) << network.input_shift
    return int(np.abs(requantise(pixels - network.input_offset, network.input_requantiser)).max())
