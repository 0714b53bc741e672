"""How many synapses each neuron of each sender has: its fan-out, by place in the map."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workloads.integer.float_layers import FloatLayer, Link
from workloads.integer.network import Map
from workloads.integer.windows import hits, kernel_axis


def fan_outs(layers: Sequence[FloatLayer], input_shape: Map) -> tuple[NDArray[np.int64], ...]:
    """For the input and each layer but the last, synapses per neuron at each place, (height, width) int64.

    All channels of a place have as many. A neuron that several layers hear has the synapses of all of them; windows
    over the border and strides are counted as they are.
    """
    shapes = [input_shape, *(layer.sent_shape for layer in layers[:-1])]
    counts = [np.zeros(shape[:2], np.int64) for shape in shapes]
    for layer in layers:
        for link in layer.links:
            counts[link.source] += _synapses(link, shapes[link.source], layer.shape)
    return tuple(counts)


def _synapses(link: Link, sent: Map, shape: Map) -> NDArray[np.int64]:
    outputs = link.weights.shape[-1]
    if link.window is None:
        return np.full(sent[:2], outputs, np.int64)
    down, across = (
        hits(kernel_axis(link.window, link.weights.shape[1 + axis], axis), np.arange(shape[axis]), sent[axis])
        for axis in range(2)
    )
    counts: NDArray[np.int64] = outputs * np.multiply.outer(down, across)
    return counts
