"""A network, what it remembers between frames and what it did in them, as flat arrays for compiled kernels."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.values.columns import WIDTH
from simulator.values.cuts import cut_table
from simulator.values.function import IntegerFunction, largest_sent
from simulator.values.kernels_messages import SUMS
from simulator.values.kernels_requantise import HALF_AWAY, HALF_EVEN, HALF_UP
from simulator.values.products import Products, dense_products
from workloads.integer.network import IntegerLayer, IntegerNetwork, Map, MaxPooling, Requantiser, Synapses, Window
from workloads.integer.unary import Identity
from workloads.integer.windows import hits, kernel_axis, looks, pool_axis

ROUNDINGS = {"half_up": HALF_UP, "half_even": HALF_EVEN, "half_away": HALF_AWAY}

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Bytes = NDArray[np.uint8]

RUN = 2048  # neurons updated at a time
MACS_TO_SHARE, NEURONS_TO_SHARE = 500_000, 20_000  # starting the threads takes as long as some thousand neurons


class NetworkArrays(NamedTuple):
    """What does not change during a run, layer by layer. Maps are flat in (y, x, channel) order; layer 0 is the input.

    Layer l owns accumulators begin[l] .. begin[l + 1] of per-accumulator arrays, neurons sent[l] .. and pixels
    pixel[l] .. and rows row[l] .. of what it sends, channels channel[l] .. of the biases. Connection c owns weights
    weight[c] .. of all weights. The tables of layer l (activation bounds, multipliers, shifts) are entries
    scale[l] .. scale[l + 1]: as many as it has channels, for all pixels alike, or one for every neuron.
    """

    begin: Int64
    sent: Int64
    pixel: Int64
    row: Int64  # one more than there are rows for each layer
    channel: Int64
    shape: Int64  # (layers, 3) of accumulators
    sent_shape: Int64  # (layers, 3)
    pool: Int64  # (layers, 8): kernel, stride, padding, dilation (y, x each); kernel 0: none
    looks: Int64  # per pixel sent: accumulator pixels it looks at
    input_shift: int
    bias: Int32  # per channel; the input's: minus its offset
    leaky: NDArray[np.bool_]  # (layers,)
    entries: Int32  # of the layers' tables
    entry: Int64  # (layers + 1,): layer l has entries entry[l] .. entry[l + 1], from s_low[l] on; none: no table
    scale: Int64  # (layers + 1,)
    low: Int32  # bounds of the activation
    high: Int32
    multiplier: Int64
    shift: Int64
    leak_multiplier: Int64
    leak_shift: Int64
    s_low: Int64  # (layers,)
    s_high: Int64
    sender: Int64  # (connections,)
    incoming: Int64  # (layers + 1,): connections into layer l are incoming[l] .. incoming[l + 1]
    weights: NDArray[Any]
    weight: Int64  # (connections + 1,)
    widest: Int64  # (connections,): largest magnitude of a weight
    window: Int64  # (connections, 9): dense?, kernel, stride, padding, dilation (y, x each); dense: first is 1
    outputs: Int64  # (connections,): neurons reached per pixel hit
    groups: Int64
    hits_y: Int64  # per row of the sender, connection after connection: rows of the receiver that it meets
    hits_x: Int64
    hits_y_begin: Int64  # (connections + 1,)
    hits_x_begin: Int64
    macs: Int64  # (connections,): multiply-accumulates if every neuron of the sender sent
    product: Int64  # (layers,): which dense product is exact (see simulator.values.products)
    rounding: int
    carried: bool  # accumulators go on from frame to frame, and changes are listed; else values that are not zero
    saturating: bool
    cuts: Int64  # (magnitudes, columns): the pieces in which a value is added, see simulator.values.cuts
    accumulator_bits: int
    macs_to_share: int  # more work than this is shared out to all threads
    neurons_to_share: int


class ValueState(NamedTuple):
    """What the layers remember between frames."""

    accumulator: Int32  # per accumulator; the input's hold the frame's pixels
    integers: Int32  # per neuron sent: s after the newest frame (the last layer's: its accumulators)
    touched: Bytes  # per accumulator pixel: reached by a message in this frame
    pixel_peak: Int64  # per accumulator pixel: largest magnitude
    clipped: Int32  # per pixel sent: activations that are clipped
    touched_begin: Int64  # (layers + 1,)
    row_begin: Int64  # per row sent: messages of the newest frame in the rows before it
    macs: Int64  # (connections,): multiply-accumulates that the messages of the newest frame cause
    digest: Int64  # (layers,)
    peak: Int64  # (layers,)
    l1: Int64  # (layers,): sum of |s|
    square: Int64  # (layers,): sum of s * s
    all_clipped: Int64  # (layers,): activations that are clipped
    band: Int64  # (bands,): one number of each band
    sums: Int64  # (bands, SUMS)
    room: Int32  # (bands, two runs of neurons)
    cursor: Int64  # (4,): frame of the block and layer that come next, what was done of it outside, is its product made


ROOMS = frozenset({"touched", "touched_begin", "row_begin", "macs", "band", "sums", "room", "cursor"})
"""Parts of ValueState that hold nothing from one frame to the next."""


class Trace(NamedTuple):
    """A ring of frames: what every layer's integers did in each, whatever chip they are found for.

    `neuron`, `value`: the changes of its integers, or (accumulators that are not carried from frame to frame) its
    integers that are not zero, layer after layer in scan order.
    """

    neuron: Int32  # (ring, neurons): within its layer
    value: Int32  # (ring, neurons)
    messages: Int64  # (ring, layers): how many there are
    pixel_messages: Int32  # (ring, pixels sent): how many of them are of each pixel
    updated: Bytes  # (ring, pixels sent): 1 where requantised in this frame
    known: Int64  # (ring, layers, WIDTH), see simulator.values.columns
    integers: Int32  # (ring, outputs): the last layer's accumulators; or of all neurons, if they are kept


def network_arrays(network: IntegerNetwork, function: IntegerFunction, products: Products = "auto") -> NetworkArrays:
    """Lay the network out flat."""
    layers = (None, *network.layers)
    shapes = [network.input_shape, *(layer.shape for layer in network.layers)]
    sent = [network.sent_shape(number) for number in range(len(layers))]
    requantisers = [network.input_requantiser, *(layer.requantiser for layer in network.layers)]
    tables = [
        _tables(requantiser, layer, shape, prod(map_sent))
        for requantiser, layer, shape, map_sent in zip(requantisers, layers, shapes, sent, strict=True)
    ]
    connections = connections_of(network)
    synapses = [each for each, _ in connections]
    met = [
        [_hits(each, sent[each.source], shapes[receiver], axis) for each, receiver in connections] for axis in (0, 1)
    ]
    outputs = np.array([each.weights.shape[-1] for each in synapses], np.int64)
    return NetworkArrays(
        begin=offsets(prod(shape) for shape in shapes),
        sent=offsets(prod(shape) for shape in sent),
        pixel=offsets(shape[0] * shape[1] for shape in sent),
        row=offsets(shape[0] + 1 for shape in sent),
        channel=offsets(shape[2] for shape in shapes),
        shape=np.array(shapes, np.int64),
        sent_shape=np.array(sent, np.int64),
        pool=np.array([_pool_row(layer.pool if layer else None) for layer in layers], np.int64),
        looks=np.concatenate([_looks(layer, *both) for layer, *both in zip(layers, shapes, sent, strict=True)]),
        input_shift=network.input_shift,
        bias=np.concatenate([-network.input_offset, *(layer.bias for layer in network.layers)]).astype(np.int32),
        leaky=np.array([layer is not None and layer.activation.leak is not None for layer in layers]),
        entries=np.concatenate([layer.activation.looked_up for layer in network.layers]),
        entry=offsets(len(layer.activation.looked_up) if layer else 0 for layer in layers),
        scale=offsets(len(table.low) for table in tables),
        low=np.concatenate([table.low for table in tables]),
        high=np.concatenate([table.high for table in tables]),
        multiplier=np.concatenate([table.multiplier for table in tables]),
        shift=np.concatenate([table.shift for table in tables]),
        leak_multiplier=np.concatenate([table.leak_multiplier for table in tables]),
        leak_shift=np.concatenate([table.leak_shift for table in tables]),
        s_low=np.array([each.low if each else 0 for each in requantisers], np.int64),
        s_high=np.array([each.high if each else 0 for each in requantisers], np.int64),
        sender=np.array([each.source for each in synapses], np.int64),
        incoming=offsets(sum(receiver == layer for _, receiver in connections) for layer in range(len(layers))),
        weights=np.concatenate([_laid_out(each).reshape(-1) for each in synapses]),
        weight=offsets(each.weights.size for each in synapses),
        widest=np.array([np.abs(each.weights.astype(np.int64)).max(initial=0) for each in synapses], np.int64),
        window=np.array([_window_row(each.window, each.weights.shape) for each in synapses], np.int64),
        outputs=outputs,
        groups=np.array([each.window.groups if each.window else 1 for each in synapses], np.int64),
        hits_y=np.concatenate(met[0]),
        hits_x=np.concatenate(met[1]),
        hits_y_begin=offsets(len(each) for each in met[0]),
        hits_x_begin=offsets(len(each) for each in met[1]),
        macs=np.array(
            [
                y.sum() * x.sum() * sent[each.source][2] * n
                for each, y, x, n in zip(synapses, *met, outputs, strict=True)
            ],
            np.int64,
        ),
        product=dense_products(network, products),
        rounding=ROUNDINGS[network.input_requantiser.rounding],
        carried=function.carried,
        saturating=network.overflow == "saturate",
        cuts=cut_table(function.cut, largest_sent(network) if network.overflow == "saturate" else 0),
        accumulator_bits=network.accumulator_bits,
        macs_to_share=MACS_TO_SHARE,
        neurons_to_share=NEURONS_TO_SHARE,
    )


def new_value_state(net: NetworkArrays, bands: int) -> ValueState:
    """All zero: s[-1] = 0, and the accumulators get their bias with the first frame. At most `bands` threads."""
    layers, neurons = len(net.shape), int(net.sent[-1])
    touched = offsets(int(shape[0] * shape[1]) for shape in net.shape)
    return ValueState(
        accumulator=np.zeros(int(net.begin[-1]), np.int32),
        integers=np.zeros(neurons, np.int32),
        touched=np.zeros(int(touched[-1]), np.uint8),
        pixel_peak=np.zeros(int(touched[-1]), np.int64),
        clipped=np.zeros(int(net.pixel[-1]), np.int32),
        touched_begin=touched,
        row_begin=np.zeros(int(net.row[-1]), np.int64),
        macs=np.zeros(len(net.macs), np.int64),
        digest=np.zeros(layers, np.int64),
        peak=np.zeros(layers, np.int64),
        l1=np.zeros(layers, np.int64),
        square=np.zeros(layers, np.int64),
        all_clipped=np.zeros(layers, np.int64),
        band=np.zeros(bands, np.int64),
        sums=np.zeros((bands, SUMS), np.int64),
        room=np.zeros((bands, 2 * max(RUN, int(net.shape[:, 2].max()))), np.int32),
        cursor=np.zeros(4, np.int64),
    )


def new_trace(network: IntegerNetwork, ring: int, *, keep_integers: bool = False) -> Trace:
    """Room for `ring` frames."""
    sent = [network.sent_shape(number) for number in range(len(network.layers) + 1)]
    neurons, pixels = sum(map(prod, sent)), sum(shape[0] * shape[1] for shape in sent)
    return Trace(
        neuron=np.zeros((ring, neurons), np.int32),
        value=np.zeros((ring, neurons), np.int32),
        messages=np.zeros((ring, len(sent)), np.int64),
        pixel_messages=np.zeros((ring, pixels), np.int32),
        updated=np.zeros((ring, pixels), np.uint8),
        known=np.zeros((ring, len(sent), WIDTH), np.int64),
        integers=np.zeros((ring, neurons if keep_integers else network.outputs), np.int32),
    )


def connections_of(network: IntegerNetwork) -> list[tuple[Synapses, int]]:
    """All synapses with the number of the layer that they lead to, by it and then by the sender."""
    return [
        (synapses, number)
        for number, layer in enumerate(network.layers, start=1)
        for synapses in sorted(layer.synapses, key=lambda each: each.source)
    ]


def offsets(sizes: Iterable[int]) -> Int64:
    """0, then running sums: where each of things of these sizes begins, and the end of all."""
    return np.concatenate([[0], np.cumsum([*sizes])]).astype(np.int64)


class _Tables(NamedTuple):
    low: Int32
    high: Int32
    multiplier: Int64
    shift: Int64
    leak_multiplier: Int64
    leak_shift: Int64


def _tables(requantiser: Requantiser | None, layer: IntegerLayer | None, shape: Map, neurons: int) -> _Tables:
    """One entry per channel, or per neuron: of the input, and where a requantiser differs from pixel to pixel."""
    channels = shape[2]
    low, high = (layer.activation if layer is not None else Identity()).bounds(channels)
    ones = np.ones(1, np.int32)
    multiplier, shift = (requantiser.multiplier, requantiser.shift) if requantiser else (ones, ones)
    leak = layer.activation.leak if layer is not None else None
    leak_multiplier, leak_shift = (leak.multiplier, leak.shift) if leak else (multiplier, shift)
    per_neuron = layer is None or max(len(multiplier), len(leak_multiplier)) > channels
    size = neurons if per_neuron else channels
    wide = [np.resize(each, size).astype(np.int64) for each in (multiplier, shift, leak_multiplier, leak_shift)]
    return _Tables(np.resize(low, size), np.resize(high, size), *wide)


def _hits(synapses: Synapses, sender: Map, receiver: Map, axis: int) -> Int64:
    """Along one axis: how many positions of the receiver each of the sender meets, (positions of the sender,)."""
    if synapses.window is None:
        return np.full(sender[axis], receiver[axis], np.int64)
    windows = kernel_axis(synapses.window, synapses.weights.shape[1 + axis], axis)
    return hits(windows, np.arange(receiver[axis]), sender[axis])


def _looks(layer: IntegerLayer | None, shape: Map, sent: Map) -> Int64:
    """Per pixel sent: how many pixels of accumulators it looks at."""
    if layer is None or layer.pool is None:
        return np.ones(sent[0] * sent[1], np.int64)
    counts = [looks(pool_axis(layer.pool, axis), np.arange(sent[axis]), shape[axis]) for axis in (0, 1)]
    return np.outer(*counts).reshape(-1)


def _laid_out(synapses: Synapses) -> NDArray[Any]:
    """Weights with the kernel's columns reversed: in the order of the pixels that a message reaches in a row."""
    return synapses.weights if synapses.window is None else synapses.weights[:, :, ::-1]


def _pool_row(pool: MaxPooling | None) -> list[int]:
    return [0] * 8 if pool is None else [*pool.kernel, *pool.stride, *pool.padding, *pool.dilation]


def _window_row(window: Window | None, shape: tuple[int, ...]) -> list[int]:
    if window is None:
        return [1, *[0] * 8]
    return [0, shape[1], shape[2], *window.stride, *window.padding, *window.dilation]
