"""What a layer computes, in JAX: its linear operations, pool and activation on maps (rows, height, width, channels)."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import lax

from workloads.graphs.activations import function_of
from workloads.graphs.operations import Activation, Float32Array
from workloads.integer.float_layers import FloatLayer, Link
from workloads.integer.network import Map, MaxPooling, Window

Array: TypeAlias = Any  # a jax.Array or a tracer; JAX's own types are not checked here
LayerArrays: TypeAlias = dict[str, Any]


def layer_arrays(layer: FloatLayer) -> LayerArrays:
    """The numbers of a layer as `layer_map` takes them: links' weights (None where all are one number), bias."""
    arrays: LayerArrays = {
        "weights": [None if _only_sums(layer, link) else _kernel(link) for link in layer.links],
        "bias": layer.bias,
    }
    if layer.divisors is not None:
        arrays["divisors"] = layer.divisors[:, :, None].astype(np.float32)
    return arrays


def layer_map(layer: FloatLayer, arrays: LayerArrays, sent: Sequence[Array]) -> Array:
    """What `layer` sends (rows, *sent_shape), or its sums if it is the last; `sent`: its senders' maps."""
    sums = arrays["bias"]
    for link, weights, values in zip(layer.links, arrays["weights"], sent, strict=True):
        sums = sums + _linear(link, weights, values, layer.shape)
    if layer.divisors is not None:
        sums = sums / arrays["divisors"]
    if layer.pool is not None:  # before the activation, which never falls: the same values, fewer to activate
        sums = _largest(sums, layer.pool, layer.sent_shape)
    return _activated(layer.activation, sums)


def _only_sums(layer: FloatLayer, link: Link) -> bool:
    """Whether a link adds up each channel's window: XLA's depthwise convolutions are slow, its window sums are not."""
    window = link.window
    same = bool((link.weights == link.weights.flat[0]).all())
    return layer.counts and same and window is not None and window.groups == link.weights.shape[0] == layer.shape[2]


def _kernel(link: Link) -> Float32Array:
    """Weights as XLA wants them: (inputs, outputs), or (y, x, channels in a group, channels out)."""
    if link.window is None:
        return link.weights
    channels, *kernel, outputs = link.weights.shape
    grouped = link.weights.reshape(link.window.groups, channels // link.window.groups, *kernel, outputs)
    return np.ascontiguousarray(grouped.transpose(2, 3, 1, 0, 4).reshape(*kernel, -1, link.window.groups * outputs))


def _linear(link: Link, weights: Array | None, values: Array, shape: Map) -> Array:
    if link.window is None:
        product = jnp.matmul(values.reshape(len(values), -1), weights, precision=lax.Precision.HIGHEST)
        return product.reshape(len(values), *shape)
    kernel = link.weights.shape[1:3]
    padding = _padding(link.window, kernel, values.shape[1:3], shape)
    if weights is None:
        times = link.weights.flat[0]
        if kernel == (1, 1) and link.window.stride == (1, 1) and not any(map(any, padding)):
            return values * times
        return times * _window_sums(values, link.window, kernel, padding)
    return lax.conv_general_dilated(
        values,
        weights,
        link.window.stride,
        padding,
        rhs_dilation=link.window.dilation,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=link.window.groups,
        precision=lax.Precision.HIGHEST,
    )


def _window_sums(values: Array, window: Window, kernel: tuple[int, ...], padding: list[tuple[int, int]]) -> Array:
    return lax.reduce_window(
        values,
        values.dtype.type(0),
        lax.add,
        (1, *kernel, 1),
        (1, *window.stride, 1),
        [(0, 0), *padding, (0, 0)],
        window_dilation=(1, *window.dilation, 1),
    )


def _padding(
    window: Window | MaxPooling, kernel: tuple[int, ...], size: tuple[int, ...], shape: Map
) -> list[tuple[int, int]]:
    """Rows and columns before and after a map; negative after it where the last ones are not read."""
    sides = []
    for axis in range(2):
        reach = (shape[axis] - 1) * window.stride[axis] + (kernel[axis] - 1) * window.dilation[axis] + 1
        sides.append((window.padding[axis], reach - window.padding[axis] - size[axis]))
    return sides


def _largest(maps: Array, pool: MaxPooling, shape: Map) -> Array:
    """Largest value of each window: the maximum of shifted maps, whose gradient is quick and knows dilation."""
    sides = _padding(pool, pool.kernel, maps.shape[1:3], shape)
    padded = lax.pad(maps, maps.dtype.type(-np.inf), [(0, 0, 0), *((*side, 0) for side in sides), (0, 0, 0)])
    largest = None
    for y, x in np.ndindex(pool.kernel):
        top, left = y * pool.dilation[0], x * pool.dilation[1]
        ends = (top + (shape[0] - 1) * pool.stride[0] + 1, left + (shape[1] - 1) * pool.stride[1] + 1)
        seen = padded[:, top : ends[0] : pool.stride[0], left : ends[1] : pool.stride[1]]
        largest = seen if largest is None else jnp.maximum(largest, seen)
    return largest


def _activated(activation: Activation | None, values: Array) -> Array:
    return values if activation is None else function_of(activation).value(activation, values, jnp)
