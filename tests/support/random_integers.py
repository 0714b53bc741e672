"""Small random integer networks of all layer kinds, and what they compute in plain Python integers."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np
from exact_rounding import ROUNDINGS, exact_round
from hypothesis import strategies as st

from workloads import IntegerLayer, IntegerNetwork, MaxPooling, Requantiser, Synapses, Window
from workloads.integer.unary import Clip, Identity, Leaky, Relu, Table

_PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))
_KINDS = ["convolution", "depthwise", "grouped", "average", "add", "concatenation", "dense"]
_NO_PADDING = (0, 0)


@st.composite
def integer_networks(draw, most_layers: int = 5) -> tuple[IntegerNetwork, np.ndarray]:
    """A network and three frames (3, inputs) uint8 for it."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    widths = {"weights": draw(st.integers(2, 16)), "activations": draw(st.integers(2, 16))}
    widths |= {"accumulator": draw(st.integers(8, 32)), "rounding": draw(st.sampled_from(ROUNDINGS))}
    shapes = [(draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 4)))]
    unread, layers = {0}, []
    for number in range(1, draw(st.integers(0, most_layers)) + 1):
        layer = draw(_layers(f"layer{number}", shapes, random, widths))
        unread = (unread - {synapses.source for synapses in layer.synapses}) | {number}
        shapes.append(layer.sent_shape)
        layers.append(layer)
    outputs = draw(st.integers(1, 4))
    layers.append(_last(sorted(unread), shapes, outputs, random, widths))
    shift = draw(st.sampled_from([0, 0, 1, 16]))
    offset = random.integers(-300, 300, shapes[0][2]) << shift if draw(st.booleans()) else np.zeros(shapes[0][2], int)
    size = draw(st.sampled_from([1, shapes[0][2]]))
    network = IntegerNetwork(
        name="random",
        precision="full",
        input_shape=shapes[0],
        input_requantiser=_requantiser(random, size, bool(offset.max() <= 0), widths, 30 + shift, 40 + shift),
        layers=tuple(layers),
        weight_bits=widths["weights"],
        activation_bits=widths["activations"],
        accumulator_bits=widths["accumulator"],
        overflow=draw(st.sampled_from(["wrap", "saturate"])),
        scales=(1.0,) * len(layers),
        input_offset=offset.astype(np.int32),
        input_shift=shift,
    )
    return network, random.integers(0, 256, (3, prod(shapes[0])), dtype=np.uint8)


@st.composite
def _layers(draw, name, shapes, random, widths) -> IntegerLayer:
    source = draw(st.integers(0, len(shapes) - 1))
    kind = draw(st.sampled_from(_KINDS))
    sources, window, kernel, shape = [source], Window(), (1, 1), shapes[source]
    if kind in {"add", "concatenation"}:
        skip = 3 if kind == "add" else 2
        partners = [core for core, other in enumerate(shapes) if other[:skip] == shape[:skip] and core != source]
        if partners:
            sources += draw(st.lists(st.sampled_from(partners), max_size=2, unique=True))
    if kind not in {"add", "dense"}:
        window, kernel, shape = draw(_windows(shapes[source]))
    channels = shapes[source][2]
    groups = {"depthwise": channels, "average": channels, "add": channels}.get(kind, 1)
    if kind == "grouped":
        groups = draw(st.sampled_from([g for g in range(1, channels + 1) if channels % g == 0]))
    per_group = 1 if kind in {"average", "add"} else draw(st.integers(1, 3))
    window = Window(window.stride, window.padding, window.dilation, groups)
    if kind == "dense":
        outputs = draw(st.integers(1, 5))
        links = tuple(Synapses(core, _weights(random, (prod(shapes[core]), outputs), widths)) for core in sources)
        shape = (1, 1, outputs)
    else:
        made = [_weights(random, (shapes[core][2], *kernel, per_group), widths) for core in sources]
        made = [np.ones_like(weights) for weights in made] if kind in {"average", "add"} else made
        links = tuple(Synapses(core, weights, window) for core, weights in zip(sources, made, strict=True))
        shape = (*shape[:2], groups * per_group)
    return draw(_activated(name, links, shape, random, widths))


@st.composite
def _windows(draw, shape):
    """A window that fits a map with random padding on each side, its kernel, and the map that comes out."""
    stride, dilation = draw(_PAIR), draw(_PAIR)
    kernel, before, sides = [], [], []
    for axis in range(2):
        top, bottom = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        room = shape[axis] + top + bottom
        fitting = [size for size in (1, 2, 3) if (size - 1) * dilation[axis] + 1 <= room]
        kernel.append(draw(st.sampled_from(fitting)))
        before.append(top)
        sides.append((room - (kernel[axis] - 1) * dilation[axis] - 1) // stride[axis] + 1)
    return Window(stride, tuple(before), dilation), tuple(kernel), (*sides, shape[2])


@st.composite
def _activated(draw, name, links, shape, random, widths) -> IntegerLayer:
    channels, bits = shape[2], widths["accumulator"]
    kind = draw(st.sampled_from([Relu, Identity, Clip, Leaky, Table]))
    activation = kind() if kind in {Relu, Identity} else None
    if kind is Clip:
        limits = np.sort(random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (2, channels)), axis=0).astype(np.int32)
        activation = Clip(np.maximum(limits, 0) if draw(st.booleans()) else limits)
    pool, sent = draw(_pools(shape)) if draw(st.booleans()) else (None, shape)
    unsigned = kind is Relu or (kind is Clip and bool(activation.limits[0].min() >= 0))
    size = draw(st.sampled_from([1, channels, channels if pool else prod(sent)]))
    low = 28 + draw(st.integers(0, bits))
    if kind is Leaky:
        activation = Leaky(_requantiser(random, size, unsigned, widths, low + 1, low + 6))
    requantiser = _requantiser(random, size, unsigned, widths, low, low + 4)
    if kind is Table:
        half, most = draw(st.sampled_from([1, 2, 8, 300])), 2 ** (widths["activations"] - 1)
        activation = Table(random.integers(-most, most, 2 * half).astype(np.int32))
        requantiser = replace(requantiser, low=-half, high=half - 1)
    return IntegerLayer(
        name=name,
        shape=shape,
        synapses=links,
        bias=_bias(random, channels, bits),
        activation=activation,
        requantiser=requantiser,
        accumulator_scale=np.ones(channels),
        sent_shape=sent,
        pool=pool,
    )


@st.composite
def _pools(draw, shape) -> tuple[MaxPooling | None, tuple[int, int, int]]:
    """A pool every window of which sees the map, and what it sends; none if such cannot be had."""
    kernel, stride = draw(_PAIR), draw(_PAIR)
    padding = (draw(st.integers(0, kernel[0] - 1)), draw(st.integers(0, kernel[1] - 1)))
    sides = [draw(st.integers(1, (shape[axis] - 1 + padding[axis]) // stride[axis] + 1)) for axis in range(2)]
    dilation = draw(st.sampled_from([(1, 1), (1, 1), (1, 2), (2, 1)]))
    pool = MaxPooling(kernel, stride, padding, dilation)
    for axis in range(2):
        for place in range(sides[axis]):
            if not _seen(pool, axis, place, shape[axis]):
                return None, shape
    return pool, (*sides, shape[2])


def _last(sources, shapes, outputs, random, widths) -> IntegerLayer:
    links = tuple(Synapses(core, _weights(random, (prod(shapes[core]), outputs), widths)) for core in sources)
    bias, scale, shape = _bias(random, outputs, widths["accumulator"]), np.ones(outputs), (1, 1, outputs)
    return IntegerLayer("last", shape, links, bias, Identity(), None, scale, shape)


def _weights(random, shape, widths) -> np.ndarray:
    most = 2 ** (widths["weights"] - 1)
    return random.integers(-most, most, shape).astype(np.int8 if widths["weights"] <= 8 else np.int16)


def _bias(random, channels, bits) -> np.ndarray:
    return random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), channels).astype(np.int32)


def _requantiser(random, channels, unsigned, widths, least_shift, most_shift) -> Requantiser:
    multiplier = random.integers(2**30, 2**31, channels).astype(np.int32)
    multiplier[random.random(channels) < 0.1] = 0
    multiplier[random.random(channels) < 0.3] = 2**30  # makes ties
    shift = random.integers(least_shift, min(most_shift, 62) + 1, channels).astype(np.int32)
    bits = widths["activations"]
    low, high = (0, 2**bits - 1) if unsigned else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return Requantiser(multiplier, shift, low, high, widths["rounding"])


def slow_forward(network: IntegerNetwork, frame: np.ndarray) -> tuple[list[list[int]], list[int], int]:
    """One frame in plain Python integers: every s, flattened, the output accumulators, and how many s were clipped."""
    height, width, channels = network.input_shape
    pixels = frame.tolist()
    clipped = 0

    def sent(value: int, requantiser: Requantiser, index: int) -> int:
        nonlocal clipped
        size = requantiser.multiplier.size
        factor = Fraction(int(requantiser.multiplier[index % size]), 2 ** int(requantiser.shift[index % size]))
        rounded = exact_round(value * factor, requantiser.rounding)
        clipped += not requantiser.low <= rounded <= requantiser.high
        return min(max(rounded, requantiser.low), requantiser.high)

    s = [[]]
    for y, x, c in np.ndindex(height, width, channels):
        value = pixels[(c * height + y) * width + x] * 2**network.input_shift - int(network.input_offset[c])
        s[0].append(sent(value, network.input_requantiser, len(s[0])))
    accumulators: list[int] = []
    for layer in network.layers:
        accumulators = slow_accumulators(network, layer, s)
        if layer.requantiser is None:
            break
        values = []
        for index, value in enumerate(_slow_pool(layer, accumulators)):
            leaks = isinstance(layer.activation, Leaky) and value < 0
            requantiser = layer.activation.negative if leaks else layer.requantiser
            result = sent(_slow_activation(layer, value, index), requantiser, index)
            tabled = isinstance(layer.activation, Table)
            values.append(int(layer.activation.entries[result - requantiser.low]) if tabled else result)
        s.append(values)
    return s, accumulators, clipped


def slow_accumulators(network: IntegerNetwork, layer: IntegerLayer, s: list[list[int]]) -> list[int]:
    """Accumulators of a layer, in (y, x, channel) order, as wide as they are."""
    return [
        _slow_width(slow_sum(network, layer, s, place), network.accumulator_bits, network.overflow)
        for place in np.ndindex(layer.shape)
    ]


def slow_sum(network: IntegerNetwork, layer: IntegerLayer, s: list[list[int]], place: tuple[int, ...]) -> int:
    """Bias and weights times inputs of one neuron (y, x, channel)."""
    total = int(layer.bias[place[2]])
    for synapses in layer.synapses:
        sender, weights = s[synapses.source], synapses.weights
        if synapses.window is None:
            total += sum(sender[i] * int(weights[i, place[2]]) for i in range(len(sender)))
            continue
        shape, window = network.sent_shape(synapses.source), synapses.window
        taken, per_group = weights.shape[0] // window.groups, weights.shape[3]
        group, output = divmod(place[2], per_group)
        for i, j, k in np.ndindex(weights.shape[1], weights.shape[2], taken):
            y = place[0] * window.stride[0] - window.padding[0] + i * window.dilation[0]
            x = place[1] * window.stride[1] - window.padding[1] + j * window.dilation[1]
            channel = group * taken + k
            if 0 <= y < shape[0] and 0 <= x < shape[1]:
                total += sender[(y * shape[1] + x) * shape[2] + channel] * int(weights[channel, i, j, output])
    return total


def _slow_width(value: int, bits: int, overflow: str) -> int:
    half = 2 ** (bits - 1)
    if overflow == "saturate":
        return min(max(value, -half), half - 1)
    value %= 2**bits
    return value - 2**bits if value >= half else value


def _slow_pool(layer: IntegerLayer, accumulators: list[int]) -> list[int]:
    pool = layer.pool
    if pool is None:
        return accumulators
    _, width, channels = layer.shape
    return [
        max(
            accumulators[(row * width + column) * channels + c]
            for row in _seen(pool, 0, y, layer.shape[0])
            for column in _seen(pool, 1, x, layer.shape[1])
        )
        for y, x, c in np.ndindex(layer.sent_shape)
    ]


def _seen(pool: MaxPooling, axis: int, place: int, size: int) -> list[int]:
    """Positions in the map that one window sees along an axis."""
    start = place * pool.stride[axis] - pool.padding[axis]
    steps = range(pool.kernel[axis])
    return [start + step * pool.dilation[axis] for step in steps if 0 <= start + step * pool.dilation[axis] < size]


def _slow_activation(layer: IntegerLayer, value: int, index: int) -> int:
    if isinstance(layer.activation, Relu):
        return max(value, 0)
    if isinstance(layer.activation, Clip):
        low, high = layer.activation.limits[:, index % layer.shape[2]].tolist()
        return min(max(value, low), high)
    return value
