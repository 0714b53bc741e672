"""The check that a quantised network fits together."""

from collections.abc import Iterator
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.integer.network import (
    MAX_SHIFT,
    IntegerLayer,
    IntegerNetwork,
    MaxPooling,
    Overflow,
    Precision,
    Requantiser,
    Rounding,
    Synapses,
)
from workloads.integer.unary import UNARY
from workloads.integer.windows import looks, pool_axis

PIXEL_MAX = 255
WIDEST_INPUT_SHIFT = 16


def check_integer_network(network: IntegerNetwork) -> None:
    """Raise WorkloadError unless every array has the shape, dtype and range its docstring promises."""
    problem = next(_problems(network), None)
    if problem is not None:
        raise WorkloadError(f"integer network {network.name!r}: {problem}")


def activation_range(bits: int, *, unsigned: bool) -> tuple[int, int]:
    """Smallest and largest integer activation: unsigned after a ReLU, two's complement otherwise."""
    return (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def input_range(network: IntegerNetwork) -> tuple[int, int]:
    """Smallest and largest integer of s_0: unsigned unless some channel's offset makes dark pixels negative."""
    return activation_range(network.activation_bits, unsigned=bool(network.input_offset.max() <= 0))


def sent_range(layer: IntegerLayer, bits: int) -> tuple[int, int]:
    """Smallest and largest integer a layer sends: unsigned after a ReLU, or a clip whose lower limits are 0 or more."""
    return activation_range(bits, unsigned=layer.activation.unsigned)


def fits(values: NDArray[np.signedinteger[Any]], bits: int) -> bool:
    """Whether every value is representable in `bits` bits of two's complement."""
    return bool(values.min() >= -(2 ** (bits - 1)) and values.max() < 2 ** (bits - 1))


def _problems(network: IntegerNetwork) -> Iterator[str]:
    yield from _setting_problems(network)
    if not network.layers:
        yield "has no layers; a network needs at least one"
        return
    if len(network.scales) != len(network.layers):
        yield f"has {len(network.scales)} scales; needs {len(network.layers)}: the input's and each hidden layer's"
    yield from _input_problems(network)
    for core, layer in enumerate(network.layers, start=1):
        last = core == len(network.layers)
        for problem in _layer_problems(layer, core, network, last):
            yield f"layer {core} ({layer.name!r}): {problem}"
    heard = {synapses.source for layer in network.layers for synapses in layer.synapses}
    for core in range(len(network.layers)):
        if core not in heard:
            name = f"layer {core} ({network.layers[core - 1].name!r})" if core else "the input"
            yield f"no layer has synapses from {name}; leave it out"


def _setting_problems(network: IntegerNetwork) -> Iterator[str]:
    ranges = (
        ("weight_bits", 2, 16),
        ("activation_bits", 2, 16),
        ("accumulator_bits", 8, 32),
        ("input_shift", 0, WIDEST_INPUT_SHIFT),
    )
    for name, low, high in ranges:
        value = getattr(network, name)
        if not low <= value <= high:
            yield f"{name} is {value}; allowed {low} to {high}"
    for name, allowed in (("overflow", get_args(Overflow)), ("precision", get_args(Precision))):
        value = getattr(network, name)
        if value not in allowed:
            yield f"{name} is {value!r}; allowed {', '.join(allowed)}"
    for scale in network.scales:
        if not (np.isfinite(scale) and scale > 0):
            yield f"scale {scale} is not a positive finite number"


def _input_problems(network: IntegerNetwork) -> Iterator[str]:
    shape, offset = network.input_shape, network.input_offset
    if len(shape) != 3 or min(shape) < 1:
        yield f"input_shape is {shape}; needed (height, width, channels), each 1 or more"
        return
    yield from _array_problems("input_offset", offset, (shape[2],), np.int32)
    if offset.shape != (shape[2],):
        return
    ends = np.array([0, PIXEL_MAX << network.input_shift]) - offset.astype(np.int64)[:, None]
    if not fits(ends, 32):
        yield f"its normalised pixels span {ends.min()} .. {ends.max()}, beyond 32 bits; lower input_shift"
    sizes = {1, shape[2]}
    for problem in _requantiser_problems(network.input_requantiser, input_range(network), sizes):
        yield f"input: {problem}"


def _layer_problems(layer: IntegerLayer, core: int, network: IntegerNetwork, last: bool) -> Iterator[str]:
    for name in ("shape", "sent_shape"):
        shape = getattr(layer, name)
        if len(shape) != 3 or min(shape) < 1:
            yield f"{name} is {shape}; needed (height, width, channels), each 1 or more"
            return
    sources = [synapses.source for synapses in layer.synapses]
    if not sources or len(set(sources)) != len(sources):
        yield f"has synapses from cores {sources}; needed one or more, each core once"
    for synapses in layer.synapses:
        if not 0 <= synapses.source < core:
            yield f"has synapses from core {synapses.source}; senders have lower numbers, 0 to {core - 1}"
            continue
        for problem in _synapse_problems(synapses, layer, network):
            yield f"synapses from core {synapses.source}: {problem}"
    channels = layer.shape[2]
    yield from _array_problems("bias", layer.bias, (channels,), np.int32)
    if layer.accumulator_scale.shape != (layer.accumulators,):  # one each where divisors differ from place to place
        yield from _array_problems("accumulator_scale", layer.accumulator_scale, (channels,), np.float64)
    if not fits(layer.bias, network.accumulator_bits):
        yield f"bias spans {layer.bias.min()} .. {layer.bias.max()}, beyond {network.accumulator_bits} accumulator bits"
    yield from _own_problems(layer, network)
    if not isinstance(layer.activation, UNARY):
        yield f"activation is {layer.activation!r}; allowed {', '.join(kind.__name__ for kind in UNARY)}"
        return
    yield from layer.activation.problems(channels, network.accumulator_bits)
    yield from _pool_problems(layer)
    yield from _sending_problems(layer, network.activation_bits, last)


def _synapse_problems(synapses: Synapses, layer: IntegerLayer, network: IntegerNetwork) -> Iterator[str]:
    weights, linear = synapses.weights, synapses.linear
    if synapses.delay:
        yield f"delay is {synapses.delay}; needed 0: no engine keeps what was sent in the frame before yet"
    if weights.ndim != linear.axes.count(",") + 1 or 0 in weights.shape:
        yield f"weights have shape {weights.shape}; needed {linear.axes}, none of them 0"
        return
    width = np.int8 if network.weight_bits <= 8 else np.int16
    if weights.dtype != width:
        yield f"weights are {weights.dtype}; {network.weight_bits} weight bits are stored as {np.dtype(width)}"
    if not weights.flags.c_contiguous:
        yield "weights are not C-contiguous; a row must be one run in memory"
    most = 2 ** (network.weight_bits - 1)
    least, largest = weights.min(), weights.max()
    if least < -most or largest >= most:
        yield f"weights span {least} .. {largest}; {network.weight_bits} bits hold -{most} .. {most - 1}"
    yield from linear.problems(network.sent_shape(synapses.source), layer.shape)


def _own_problems(layer: IntegerLayer, network: IntegerNetwork) -> Iterator[str]:
    """What a layer asks for that differs from its network, and that no engine computes yet."""
    for name in ("weight_bits", "accumulator_bits"):
        own, common = getattr(layer, name), getattr(network, name)
        if own not in {None, common}:
            yield f"{name} is {own}; needed {common}, the network's, or None: no engine has widths by layer yet"
    if layer.zero_point:
        yield f"zero_point is {layer.zero_point}; needed 0: no engine has zero points yet"


def _pool_problems(layer: IntegerLayer) -> Iterator[str]:
    pool = layer.pool
    if pool is None:
        if layer.sent_shape != layer.shape:
            yield f"has no pool, so sends its shape {layer.shape}, but sent_shape is {layer.sent_shape}"
        return
    if layer.sent_shape[2] != layer.shape[2]:
        yield f"pools {layer.shape[2]} channels but sends {layer.sent_shape[2]}; a pool keeps the channels"
    pairs = (("kernel", 1), ("stride", 1), ("dilation", 1), ("padding", 0))
    for name, least in pairs:
        pair = getattr(pool, name)
        if len(pair) != 2 or min(pair) < least:
            yield f"pool {name} is {pair}; needed (y, x), each {least} or more"
            return
    for axis in range(2):
        blind = _blind_window(pool, axis, layer.shape[axis], layer.sent_shape[axis])
        if blind is not None:
            yield f"pool window {blind} along {'yx'[axis]} sees nothing of the map {layer.shape}"


def _blind_window(pool: MaxPooling, axis: int, size: int, windows: int) -> int | None:
    blind = looks(pool_axis(pool, axis), np.arange(windows), size) == 0
    return int(blind.argmax()) if blind.any() else None


def _sending_problems(layer: IntegerLayer, bits: int, last: bool) -> Iterator[str]:
    """What is wrong with how a layer turns its accumulators into what it sends."""
    if (layer.requantiser is None) != last:
        yield "the last layer, and only it, has requantiser None"
        return
    if layer.requantiser is None:
        if layer.pool is not None:
            yield "is the last layer, whose accumulators are the output, so it cannot pool; pool in a layer before it"
        return
    sizes = {1, layer.shape[2], *([layer.outputs] if layer.pool is None else [])}
    allowed, ends = sent_range(layer, bits), layer.activation.ends(layer.requantiser)
    yield from _requantiser_problems(layer.requantiser, layer.activation.places or allowed, sizes)
    if ends[0] < allowed[0] or ends[1] > allowed[1]:
        yield f"sends {ends[0]} .. {ends[1]}; {bits} activation bits hold {allowed[0]} .. {allowed[1]}"
    leak = layer.activation.leak
    if leak is not None:
        yield from (f"leak: {problem}" for problem in _requantiser_problems(leak, sent_range(layer, bits), sizes))


def _requantiser_problems(requantiser: Requantiser, allowed: tuple[int, int], sizes: set[int]) -> Iterator[str]:
    for name in ("multiplier", "shift"):
        array = getattr(requantiser, name)
        if array.dtype != np.int32 or array.ndim != 1 or array.size not in sizes:
            counts = " or ".join(str(count) for count in sorted(sizes))
            yield f"{name} is {array.shape} {array.dtype}; needed {counts} int32 values"
    if requantiser.multiplier.shape != requantiser.shift.shape:
        yield f"{requantiser.multiplier.size} multipliers but {requantiser.shift.size} shifts"
    if (requantiser.multiplier < 0).any():
        yield f"multiplier {requantiser.multiplier.min()} is negative"
    if (requantiser.shift < 1).any() or (requantiser.shift > MAX_SHIFT).any():
        yield f"shifts span {requantiser.shift.min()} .. {requantiser.shift.max()}; allowed 1 to {MAX_SHIFT}"
    if (requantiser.low, requantiser.high) != allowed:
        yield f"clips to {requantiser.low} .. {requantiser.high}; its activation spans {allowed[0]} .. {allowed[1]}"
    if requantiser.rounding not in get_args(Rounding):
        yield f"rounding is {requantiser.rounding!r}; allowed {', '.join(get_args(Rounding))}"


def _array_problems(name: str, array: NDArray[Any], shape: tuple[int, ...], dtype: type[np.generic]) -> Iterator[str]:
    if array.shape != shape or array.dtype != dtype:
        yield f"{name} is {array.shape} {array.dtype}; needed {shape} {np.dtype(dtype)}"
