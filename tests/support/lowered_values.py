"""What layers before quantisation compute, in float64, for tests of lowering and quantisation."""

from __future__ import annotations

import numpy as np

from workloads.graphs.operations import MaxPool
from workloads.graphs.pool import max_pool
from workloads.graphs.run import evaluate
from workloads.integer.float_layers import FloatLayer
from workloads.integer.network import Synapses
from workloads.integer.products import apply_synapses


def layer_values(layer: FloatLayer, sent: list[np.ndarray], weights: list[np.ndarray] | None = None) -> np.ndarray:
    """What `layer` sends, (n, H, W, C), for the maps of all cores before it; `weights` replace its own."""
    weights = [link.weights for link in layer.links] if weights is None else weights
    sums = np.zeros((len(sent[0]), *layer.shape)) + layer.bias
    for link, each in zip(layer.links, weights, strict=True):
        sums += apply_synapses(Synapses(link.source, each, link.window), sent[link.source], layer.shape, np.float64)
    if layer.divisors is not None:
        sums /= layer.divisors[:, :, None]
    values = sums.transpose(0, 3, 1, 2)
    if layer.activation is not None:
        values = evaluate(layer.activation, [values])
    if layer.pool is not None:
        values = _pooled(layer, values)
    return values.transpose(0, 2, 3, 1)


def _pooled(layer: FloatLayer, values: np.ndarray) -> np.ndarray:
    """Max-pooling of (n, C, H, W), with whatever padding below and right gives as many windows as the layer sends."""
    pool, sides = layer.pool, []
    for axis in range(2):
        reach = (layer.sent_shape[axis] - 1) * pool.stride[axis] + (pool.kernel[axis] - 1) * pool.dilation[axis] + 1
        sides.append(reach - pool.padding[axis] - layer.shape[axis])
    values = values[:, :, : layer.shape[0] + min(sides[0], 0), : layer.shape[1] + min(sides[1], 0)]
    padding = (*pool.padding, max(sides[0], 0), max(sides[1], 0))
    values = np.pad(
        values, ((0, 0), (0, 0), (padding[0], padding[2]), (padding[1], padding[3])), constant_values=-np.inf
    )
    return max_pool(MaxPool(pool.kernel, pool.stride, dilation=pool.dilation), values)
