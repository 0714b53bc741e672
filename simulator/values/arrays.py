"""The fast engine's data: a network, its state and its messages as flat arrays that compiled kernels can take."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.counts.columns import WIDTH
from simulator.counts.part_arrays import Parts, offsets
from simulator.placement.plan import LayerPlan, Plan, link_macs, port_fs, service_fs
from simulator.timing.limits import LONGEST_FS, counted
from simulator.values.kernels_messages import SUMS
from simulator.values.kernels_requantise import HALF_AWAY, HALF_EVEN, HALF_UP
from simulator.values.products import Products, dense_products
from workloads.integer.network import IntegerLayer, IntegerNetwork, MaxPooling, Requantiser, Synapses, Window
from workloads.integer.unary import Identity

ROUNDINGS = {"half_up": HALF_UP, "half_even": HALF_EVEN, "half_away": HALF_AWAY}

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Bytes = NDArray[np.uint8]

MOST_DIGITS = 65  # a 64-bit value has fewer signed digits
RUN = 2048  # neurons updated at a time
MACS_TO_SHARE, NEURONS_TO_SHARE = 500_000, 20_000  # starting the threads takes as long as some thousand neurons


class NetworkArrays(NamedTuple):
    """What does not change during a run, layer by layer. Maps are flat in (y, x, channel) order.

    Values are found layer by layer, whatever cores hold its parts: here "core" c is layer c, and a link connects two
    layers. Core c owns accumulators begin[c] .. begin[c + 1] of per-accumulator arrays, neurons sent[c] .. and pixels
    pixel[c] .. and rows row[c] .. of what it sends, channels channel[c] .. of the biases. Link l owns weights
    weight[l] .. of all weights. The tables of core c (activation bounds, multipliers, shifts) are entries
    scale[c] .. scale[c + 1]: as many as it has channels, for all pixels alike, or one for every neuron.
    """

    begin: Int64
    sent: Int64
    pixel: Int64
    row: Int64  # one more than there are rows for each core
    channel: Int64
    shape: Int64  # (cores, 3) of accumulators
    sent_shape: Int64  # (cores, 3)
    pool: Int64  # (cores, 8): kernel, stride, padding, dilation (y, x each); kernel 0: none
    input_shift: int
    bias: Int32  # per channel; the input core's: minus its offset
    leaky: NDArray[np.bool_]  # (cores,)
    entries: Int32  # of the cores' tables
    entry: Int64  # (cores + 1,): core c has entries entry[c] .. entry[c + 1], from s_low[c] on; none: no table
    scale: Int64  # (cores + 1,)
    low: Int32  # bounds of the activation
    high: Int32
    multiplier: Int64
    shift: Int64
    leak_multiplier: Int64
    leak_shift: Int64
    s_low: Int64  # (cores,)
    s_high: Int64
    lead: Int64  # (cores,): the first core in use that holds the layer: the record row of its values
    link_sender: Int64  # (links,)
    incoming: Int64  # (cores + 1,): links into core c are incoming[c] .. incoming[c + 1]
    weights: NDArray[Any]
    weight: Int64  # (links + 1,)
    widest: Int64  # (links,): largest magnitude of a weight
    window: Int64  # (links, 9): dense?, kernel, stride, padding, dilation (y, x each); dense: first is 1
    link_channels: Int64  # (links,): neurons reached per pixel hit
    link_groups: Int64
    hits: Int64  # in a chain, per pixel of the sender, link after link: pixels reached
    hits_begin: Int64  # (links + 1,)
    macs: Int64  # (links,): multiply-accumulates if every neuron of the sender sent
    product: Int64  # (cores,): which dense product is exact (see simulator.values.products)
    rounding: int
    delta: bool
    dense: bool
    unary: bool
    count_digits: bool
    saturating: bool
    accumulator_bits: int
    macs_to_share: int  # more work than this is shared out to all threads
    neurons_to_share: int


class ValueState(NamedTuple):
    """What the cores remember between frames."""

    accumulator: Int32  # per accumulator; the input core's hold the frame's pixels
    integers: Int32  # per neuron sent: s after the newest frame, in a delta network what was last sent (the last core:
    # its accumulators)
    touched: Bytes  # per accumulator pixel: reached by a message in this frame
    pixel_peak: Int64  # per accumulator pixel: largest magnitude
    touched_begin: Int64  # (cores + 1,)
    row_begin: Int64  # per row sent: messages of the newest frame in the rows before it
    macs: Int64  # (links,): multiply-accumulates that the messages of the newest frame cause
    class_counts: Int64  # (classes,): values sent from the pixels of each class in the newest frame
    digest: Int64  # (cores,)
    peak: Int64  # (cores,)
    l1: Int64  # (cores,): sum of |s|
    square: Int64  # (cores,): sum of s * s
    band: Int64  # (bands,): one number of each band
    sums: Int64  # (bands, SUMS)
    room: Int32  # (bands, two runs of neurons)
    cursor: Int64  # (4,): frame of the block and core that come next, what was done of it outside, is its product made


ROOMS = {"row_begin", "macs", "class_counts", "band", "sums", "room", "cursor", "free_from", "sent_before", "shared"}
"""Parts of ValueState and TimeState that hold nothing from one frame to the next."""


class Slots(NamedTuple):
    """A ring of frames underway: the messages each core sends in them, and their record rows."""

    neuron: Int32  # (ring, neurons): sending neuron within its core, in scan order
    value: Int32  # (ring, neurons)
    messages: Int64  # (ring, layers): how many values each layer sends
    part_messages: Int64  # (ring, cores in use): how many of them from each core
    part_begin: Int64  # (ring, cores in use): the first of them in its layer's list, or in `picked`
    picked: Int32  # (ring, neurons): where a layer is cut by channels, places in its list, core after core
    pixel_messages: Int32  # (ring, pixels sent): how many of them come from each pixel
    updated: Bytes  # (ring, pixels sent): requantised in this frame
    positions: Int64  # (ring, cores in use): pixels of accumulators looked at for them
    class_units: Int64  # (ring, classes): wire messages to each receiver, from the pixels of a class
    class_digits: Int64  # (ring, classes): additions per synapse for them
    record: Int64  # (ring, cores in use, WIDTH)
    mesh: Int64  # (ring, mesh links, 2): waiting time, queue peak, on shared links


class Timing(NamedTuple):
    """Integer latencies (fs) per core in use, or per link between two of them."""

    access_fs: Int64  # (cores,) per accumulator looked at
    update_fs: Int64  # (cores,) more per neuron that is updated
    fire_fs: Int64  # (cores,) more per neuron that sends
    encode_fs: Int64  # (cores,) more per wire message
    looks: Int64  # per pixel sent: accumulator pixels it looks at
    service_fs: Int64  # rows per link and hits, (rows, MOST_DIGITS)
    count_digits: bool  # it depends on the signed digits of the value
    port_fs: Int64  # per row: time at the off-chip port
    service_row: Int64  # (links,): row of 0 hits
    message_fs: int  # time on a link
    token_fs: int
    wire_fs: Int64  # (links,) hops
    depth: Int64  # (links,) receiver's queue
    ring_begin: Int64  # (links + 1,): the ring of link l in TimeState's arrays
    level: Int64  # (cores,) longest way from the input
    fetch_fs: Int64  # (cores,) to read the frame
    barrier_fs: int
    barrier: bool
    serial: bool  # the next frame enters when the last one has left
    interval_fs: int  # a frame arrives every so often; 0: whenever it is taken


class TimeState(NamedTuple):
    """Where time stands. `starts` holds, per link, when the last `depth` slots' messages left the queue (began
    service).
    """

    update_end: Int64  # (cores,)
    serve_end: Int64  # (cores,)
    link_free: Int64  # (cores,): the core's port into the mesh
    sent: Int64  # (links,) messages and tokens sent so far
    left: Int64  # (links,) of them, those known to have left the queue
    starts: Int64  # (sum of depths,)
    ends: Int64  # (layers,): when the last frames left, a ring
    clock: Int64  # (2,): next frame (dataflow) or step (barrier), release of that step
    free_from: Int64  # (cores,): room for update_end of the frame before
    sent_before: Int64  # (cores,): room for `sent` of the frame before
    shared: Int64  # (1,): 1 while threads time the transfers of the next frame


def network_arrays(network: IntegerNetwork, plan: Plan, products: Products = "auto") -> NetworkArrays:
    """Lay the network out flat."""
    cores, layers = plan.layers, (None, *network.layers)
    requantisers = [network.input_requantiser, *(layer.requantiser for layer in network.layers)]
    tables = [
        _tables(requantiser, layer, core) for requantiser, layer, core in zip(requantisers, layers, cores, strict=True)
    ]
    synapses = [
        next(each for each in network.layers[receiver - 1].synapses if each.source == sender)
        for sender, receiver in plan.connections
    ]
    hits = [np.outer(link.hits_y, link.hits_x).reshape(-1) for link in plan.links] if plan.chain else []
    return NetworkArrays(
        begin=offsets(int(np.prod(core.shape)) for core in cores),
        sent=offsets(core.neurons for core in cores),
        pixel=offsets(core.sent_shape[0] * core.sent_shape[1] for core in cores),
        row=offsets(core.sent_shape[0] + 1 for core in cores),
        channel=offsets(core.shape[2] for core in cores),
        shape=np.array([core.shape for core in cores], np.int64),
        sent_shape=np.array([core.sent_shape for core in cores], np.int64),
        pool=np.array([_pool_row(layer.pool if layer else None) for layer in layers], np.int64),
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
        lead=np.array([layer.cores[0] for layer in cores], np.int64),
        link_sender=np.array([sender for sender, _ in plan.connections], np.int64),
        incoming=offsets(sum(receiver == core for _, receiver in plan.connections) for core in range(len(cores))),
        weights=np.concatenate([_laid_out(each).reshape(-1) for each in synapses]),
        weight=offsets(each.weights.size for each in synapses),
        widest=np.array([np.abs(each.weights.astype(np.int64)).max(initial=0) for each in synapses], np.int64),
        window=np.array([_window_row(each.window, each.weights.shape) for each in synapses], np.int64),
        link_channels=np.array([each.weights.shape[-1] for each in synapses], np.int64),
        link_groups=np.array([each.window.groups if each.window else 1 for each in synapses], np.int64),
        hits=np.concatenate([*hits, np.zeros(0, np.int64)]).astype(np.int64),
        hits_begin=offsets(len(each) for each in hits),
        macs=np.array([_macs(plan, number) for number in range(len(plan.connections))], np.int64),
        product=dense_products(network, products),
        rounding=ROUNDINGS[network.input_requantiser.rounding],
        delta=plan.mode.delta,
        dense=plan.mode.dense,
        unary=plan.encoding.messages == "units",
        count_digits=plan.encoding.additions == "signed_digits",
        saturating=network.overflow == "saturate",
        accumulator_bits=network.accumulator_bits,
        macs_to_share=MACS_TO_SHARE,
        neurons_to_share=NEURONS_TO_SHARE,
    )


def timing_arrays(plan: Plan, *, serial: bool, interval_fs: int) -> Timing:
    """The plan's latencies as arrays; `serial` and `interval_fs` say how frames arrive."""
    cores, links = plan.cores, plan.links
    rows = [(link, hits) for link in links for hits in range(link.most_hits + 1)]
    # a value with d signed digits, for every d that occurs: 1, 0b101, 0b10101, ...
    values = [sum(4**place for place in range(digits)) for digits in range(MOST_DIGITS)]
    several = plan.encoding.additions == "signed_digits"
    service = np.zeros((len(rows), MOST_DIGITS), np.int64)
    for row, (link, hits) in enumerate(rows):
        one = min(service_fs(plan, link, hits, 1), LONGEST_FS)
        service[row] = counted(service_fs(plan, link, hits, value) for value in values) if several else one
    return Timing(
        access_fs=counted(core.timing.access_fs for core in cores),
        update_fs=counted(core.timing.update_fs for core in cores),
        fire_fs=counted(core.timing.fire_fs for core in cores),
        encode_fs=counted(core.timing.encode_fs for core in cores),
        looks=np.concatenate([np.outer(each.window_y, each.window_x).reshape(-1) for each in plan.layers]).astype(
            np.int64
        ),
        service_fs=service,
        count_digits=plan.encoding.additions == "signed_digits",
        port_fs=counted(port_fs(plan, link, hits) for link, hits in rows),
        service_row=offsets(link.most_hits + 1 for link in links)[:-1],
        message_fs=min(plan.message_fs, LONGEST_FS),
        token_fs=min(plan.token_fs, LONGEST_FS),
        wire_fs=counted(link.wire_fs for link in links),
        depth=np.array([cores[link.receiver].timing.queue_depth for link in links], np.int64),
        ring_begin=offsets(cores[link.receiver].timing.queue_depth for link in links),
        level=np.array([core.level for core in cores], np.int64),
        fetch_fs=counted(core.fetch_fs for core in cores),
        barrier_fs=min(plan.barrier_fs, LONGEST_FS),
        barrier=plan.barrier,
        serial=serial,
        interval_fs=min(interval_fs, LONGEST_FS),
    )


def new_value_state(net: NetworkArrays, parts: Parts, bands: int) -> ValueState:
    """All zero: s[-1] = 0, and the accumulators get their bias with the first frame. At most `bands` threads."""
    cores, neurons = len(net.shape), int(net.sent[-1])
    touched = offsets(int(shape[0] * shape[1]) for shape in net.shape)
    return ValueState(
        accumulator=np.zeros(int(net.begin[-1]), np.int32),
        integers=np.zeros(neurons, np.int32),
        touched=np.zeros(int(touched[-1]), np.uint8),
        pixel_peak=np.zeros(int(touched[-1]), np.int64),
        touched_begin=touched,
        row_begin=np.zeros(int(net.row[-1]), np.int64),
        macs=np.zeros(len(net.macs), np.int64),
        class_counts=np.zeros(int(parts.classes[-1]), np.int64),
        digest=np.zeros(cores, np.int64),
        peak=np.zeros(cores, np.int64),
        l1=np.zeros(cores, np.int64),
        square=np.zeros(cores, np.int64),
        band=np.zeros(bands, np.int64),
        sums=np.zeros((bands, SUMS), np.int64),
        room=np.zeros((bands, 2 * max(RUN, int(net.shape[:, 2].max()))), np.int32),
        cursor=np.zeros(4, np.int64),
    )


def new_slots(net: NetworkArrays, parts: Parts, plan: Plan, ring: int) -> Slots:
    """Room for `ring` frames underway."""
    layers, cores, neurons = len(net.shape), len(plan.cores), int(net.sent[-1])
    cut_by_channels = (np.diff(parts.cores) > parts.bands).any()
    picked, classes = neurons if cut_by_channels else 0, int(parts.classes[-1])
    return Slots(
        neuron=np.zeros((ring, neurons), np.int32),
        value=np.zeros((ring, neurons), np.int32),
        messages=np.zeros((ring, layers), np.int64),
        part_messages=np.zeros((ring, cores), np.int64),
        part_begin=np.zeros((ring, cores), np.int64),
        picked=np.zeros((ring, picked), np.int32),
        pixel_messages=np.zeros((ring, int(net.pixel[-1])), np.int32),
        updated=np.zeros((ring, int(net.pixel[-1])), np.uint8),
        positions=np.zeros((ring, cores), np.int64),
        class_units=np.zeros((ring, classes), np.int64),
        class_digits=np.zeros((ring, classes), np.int64),
        record=np.zeros((ring, cores, WIDTH), np.int64),
        mesh=np.zeros((ring, len(plan.mesh), 2), np.int64),
    )


def new_time_state(plan: Plan, timing: Timing) -> TimeState:
    """Time zero: nothing sent, nothing served."""
    cores, links = len(timing.access_fs), len(timing.depth)
    return TimeState(
        update_end=np.zeros(cores, np.int64),
        serve_end=np.zeros(cores, np.int64),
        link_free=np.zeros(cores, np.int64),
        sent=np.zeros(links, np.int64),
        left=np.zeros(links, np.int64),
        starts=np.zeros(int(timing.ring_begin[-1]), np.int64),
        ends=np.zeros(len(plan.layers), np.int64),
        clock=np.zeros(2, np.int64),
        free_from=np.zeros(cores, np.int64),
        sent_before=np.zeros(cores, np.int64),
        shared=np.zeros(1, np.int64),
    )


def _macs(plan: Plan, connection: int) -> int:
    return sum(link_macs(plan, link) for link in plan.links if link.connection == connection)


class _Tables(NamedTuple):
    low: Int32
    high: Int32
    multiplier: Int64
    shift: Int64
    leak_multiplier: Int64
    leak_shift: Int64


def _tables(requantiser: Requantiser | None, layer: IntegerLayer | None, core: LayerPlan) -> _Tables:
    """One entry per channel, or per neuron: of the input core, and where a requantiser differs from pixel to pixel."""
    channels = core.shape[2]
    low, high = (layer.activation if layer is not None else Identity()).bounds(channels)
    ones = np.ones(1, np.int32)
    multiplier, shift = (requantiser.multiplier, requantiser.shift) if requantiser else (ones, ones)
    leak = layer.activation.leak if layer is not None else None
    leak_multiplier, leak_shift = (leak.multiplier, leak.shift) if leak else (multiplier, shift)
    per_neuron = layer is None or max(len(multiplier), len(leak_multiplier)) > channels
    size = core.neurons if per_neuron else channels
    wide = [np.resize(each, size).astype(np.int64) for each in (multiplier, shift, leak_multiplier, leak_shift)]
    return _Tables(np.resize(low, size), np.resize(high, size), *wide)


def _laid_out(synapses: Synapses) -> NDArray[Any]:
    """Weights with the kernel's columns reversed: in the order of the pixels that a message reaches in a row."""
    return synapses.weights if synapses.window is None else synapses.weights[:, :, ::-1]


def _pool_row(pool: MaxPooling | None) -> list[int]:
    return [0] * 8 if pool is None else [*pool.kernel, *pool.stride, *pool.padding, *pool.dilation]


def _window_row(window: Window | None, shape: tuple[int, ...]) -> list[int]:
    if window is None:
        return [1, *[0] * 8]
    return [0, shape[1], shape[2], *window.stride, *window.padding, *window.dilation]
