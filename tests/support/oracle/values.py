"""Every integer of every frame, layer by layer, without time: docs/machine.md, "Numbers"."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.maps import places, synapses_of, windows_of
from workloads.integer.unary import Clip, Leaky, Relu, Table

DELTA = {"temporal_difference", "sigma_delta"}
FULL = {"original", "original_sparse", "temporal_difference"}


@dataclass
class Step:
    """One layer in one frame. `updated` and `looks` by neuron; `sent`: {neuron: value} in the order of the scan."""

    integers: list[int]
    updated: list[bool]
    sent: dict[int, int]
    nonzero: set[int]
    saturations: int
    clips: int
    peak: int


@dataclass
class Layer:
    """What does not change: maps, synapses of every sender, windows, and the state that goes on from frame to frame."""

    shape: tuple[int, int, int]
    sent_shape: tuple[int, int, int]
    layer: object  # None: the input
    is_last: bool
    incoming: dict[int, list]  # by sending layer: of each of its neurons [(accumulator, weight)]
    looks: list[list[int]]  # of each pixel sent
    accumulators: list[int]
    last: list[int]
    integers: list[int]


def layers_of(network):
    """All layers, the input first."""
    maps = [network.input_shape]
    out = [_new(network.input_shape, network.input_shape, None, False, {}, None)]
    for place, layer in enumerate(network.layers, start=1):
        is_last = place == len(network.layers)
        pool, sent = (None, layer.shape) if is_last else (layer.pool, layer.sent_shape)
        incoming = {each.source: synapses_of(each, maps[each.source], layer.shape) for each in layer.synapses}
        out.append(_new(layer.shape, sent, layer, is_last, dict(sorted(incoming.items())), pool))
        maps.append(sent)
    return out


def _new(shape, sent, layer, is_last, incoming, pool):
    count = sent[0] * sent[1] * sent[2]
    state = [0] * (shape[0] * shape[1] * shape[2])
    return Layer(shape, sent, layer, is_last, incoming, windows_of(pool, shape, sent), state, [0] * count, [0] * count)


def values_of(network, layers, frames, mode, messages):
    """[frame][layer] Step. `messages(value)` is what goes on the wire for a value."""
    out = []
    for frame, pixels in enumerate(frames.tolist()):
        steps = []
        for number, each in enumerate(layers):
            fresh = number == 0 or frame == 0 or mode not in DELTA
            touched, clips = _receive(network, each, pixels, steps, fresh, messages)
            steps.append(_scan(network, each, fresh, touched, clips, mode))
        out.append(steps)
    return out


def _receive(network, each, pixels, steps, fresh, messages):
    """Pixels of accumulators that a message reached, and how many additions were clipped."""
    if each.layer is None:
        height, width, channels = each.shape
        each.accumulators = [
            pixels[(c * height + y) * width + x] * 2**network.input_shift - int(network.input_offset[c])
            for y, x, c in places(each.shape)
        ]
        return set(), 0
    channels = each.shape[2]
    if fresh:
        each.accumulators = [int(each.layer.bias[i % channels]) for i in range(len(each.accumulators))]
    touched, clips = set(), 0
    for source, reach in each.incoming.items():
        for neuron, value in steps[source].sent.items():
            for carried in messages(value):
                for accumulator, weight in reach[neuron]:
                    total = each.accumulators[accumulator] + carried * weight
                    held = fit(total, network.accumulator_bits, network.overflow)
                    clips += network.overflow == "saturate" and held != total
                    each.accumulators[accumulator] = held
                    touched.add(accumulator // channels)
    return touched, clips


def fit(total, bits, overflow):
    """`total` in an accumulator of so many bits."""
    half = 2 ** (bits - 1)
    if overflow == "saturate":
        return max(-half, min(half - 1, total))
    return total - (total + half) // (2 * half) * 2 * half


def _scan(network, each, fresh, touched, clips, mode):
    channels = each.sent_shape[2]
    step = Step([], [], {}, set(), 0, clips, 0)
    for neuron in range(len(each.last)):
        pixel, channel = divmod(neuron, channels)
        step.updated.append(fresh or any(position in touched for position in each.looks[pixel]))
        if not step.updated[-1]:
            continue
        accumulator = max(each.accumulators[position * channels + channel] for position in each.looks[pixel])
        if each.is_last:
            each.integers[neuron] = accumulator
            continue
        s, clipped = requantise(network, each.layer, accumulator, neuron, channel)
        step.saturations += clipped
        each.integers[neuron] = s
        value = s - each.last[neuron] if mode in DELTA else s
        each.last[neuron] = s
        if value:
            step.nonzero.add(neuron)
        if value or mode == "original":
            step.sent[neuron] = value
    step.integers = list(each.integers)
    if each.layer is not None:
        step.peak = max(abs(value) for value in each.accumulators)
    return step


def requantise(network, layer, accumulator, neuron, channel):
    """(s, was it clipped?) of one neuron; the input where there is no layer."""
    table = network.input_requantiser if layer is None else layer.requantiser
    function = None if layer is None else layer.activation
    if isinstance(function, Relu):
        accumulator = max(0, accumulator)
    elif isinstance(function, Clip):
        low, high = (int(limit[channel]) for limit in function.limits)
        accumulator = max(low, min(high, accumulator))
    elif isinstance(function, Leaky) and accumulator < 0:
        table = function.negative
    place = neuron % len(table.multiplier)
    s = divide(accumulator * int(table.multiplier[place]), 2 ** int(table.shift[place]), table.rounding)
    inside = max(table.low, min(table.high, s))
    if isinstance(function, Table):
        return int(function.entries[inside - table.low]), inside != s
    return inside, inside != s


def divide(a, b, rounding):
    """a / b to the nearest integer, b > 0; ties where `rounding` says."""
    floor, rest = divmod(a, b)
    if 2 * rest != b:
        return floor + (2 * rest > b)
    up = {"half_up": True, "half_even": floor % 2 == 1, "half_away": a > 0}[rounding]
    return floor + up
