"""The fast engine's data: a network, its state and its messages as flat arrays that compiled kernels can take."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.columns import WIDTH
from simulator.digest import digest_keys
from simulator.kernels_values import HALF_AWAY, HALF_EVEN, HALF_UP
from simulator.plan import Plan, service_fs
from workloads import IntegerNetwork

ROUNDINGS = {"half_up": HALF_UP, "half_even": HALF_EVEN, "half_away": HALF_AWAY}
ENCODINGS = {"unary": 0, "graded": 1, "shift_add": 2}

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]


class NetworkArrays(NamedTuple):
    """What does not change during a run. Core c owns neurons offset[c] .. offset[c + 1] of every per-neuron array."""

    offset: Int64  # (cores + 1,)
    weights: NDArray[Any]  # (all synapses,) int8 or int16, layer after layer, row-major (input, output)
    weight_offset: Int64  # (cores,): where the weights INTO core c begin
    bias: Int32  # (neurons,)
    multiplier: Int64  # (neurons,)
    shift: Int64  # (neurons,)
    low: Int64  # (cores,)
    high: Int64  # (cores,)
    relu: NDArray[np.bool_]  # (cores,)
    keys: Int64  # (neurons,) for the digest
    rounding: int
    delta: bool
    dense: bool
    unary: bool
    count_digits: bool
    saturating: bool
    accumulator_bits: int


class ValueState(NamedTuple):
    """What the cores remember between frames."""

    accumulator: Int32  # (neurons,): the input core's part holds the frame's pixels
    last: Int32  # (neurons,): value last sent
    integers: Int32  # (neurons,): s of each core after the newest frame (the last core: its accumulators)
    digest: Int64  # (cores,)
    peak: Int64  # (cores,)


class Slots(NamedTuple):
    """A ring of frames underway: the messages each core sends in them, and their record rows."""

    neuron: Int32  # (ring, neurons): sending neuron within its core, in scan order
    value: Int32  # (ring, neurons)
    messages: Int64  # (ring, cores): how many of them hold
    digits: Int64  # (ring, cores): signed digits in them (shift_add only)
    record: Int64  # (ring, cores, WIDTH)


class Timing(NamedTuple):
    """Integer latencies (fs) per core or per link (link c runs from core c to core c + 1)."""

    scan_fs: Int64  # (cores,) per neuron scanned
    update_fs: Int64  # (cores,) more per neuron when the core was touched
    fire_fs: Int64  # (cores,) more per neuron that sends
    encode_fs: Int64  # (cores,) more per wire message
    service_fs: Int64  # (cores, 65): by signed digits of the message's value (column 1 where it does not matter)
    message_fs: Int64  # (links,) time on the link
    token_fs: Int64
    wire_fs: Int64  # (links,) hops
    depth: Int64  # (links,) receiver's queue
    ring_offset: Int64  # (links,) where link c's ring begins in TimeState.starts
    fetch_fs: int
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
    link_free: Int64  # (links,)
    sent: Int64  # (links,) messages and tokens sent so far
    left: Int64  # (links,) of them, those known to have left the queue
    starts: Int64  # (sum of depths,)
    clock: Int64  # (3,): next frame (dataflow) or step (barrier), release of that step, end of the last frame


def network_arrays(network: IntegerNetwork, plan: Plan) -> NetworkArrays:
    """Lay the network out flat. The first layer's requantiser is the input's, spread over all pixels."""
    sizes = [core.neurons for core in plan.cores]
    offset = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    requantisers = [network.input_requantiser, *(layer.requantiser for layer in network.layers)]
    neurons, cores = int(offset[-1]), len(sizes)
    multiplier, shift = np.zeros(neurons, np.int64), np.ones(neurons, np.int64)
    low, high = np.zeros(cores, np.int64), np.zeros(cores, np.int64)
    bias = np.zeros(neurons, np.int32)
    for core, requantiser in enumerate(requantisers):
        part = slice(offset[core], offset[core + 1])
        if core:
            bias[part] = network.layers[core - 1].bias
        if requantiser is not None:
            multiplier[part], shift[part] = requantiser.multiplier, requantiser.shift
            low[core], high[core] = requantiser.low, requantiser.high
    weights = np.concatenate([layer.weights.reshape(-1) for layer in network.layers])
    ends = np.cumsum([layer.weights.size for layer in network.layers])
    return NetworkArrays(
        offset=offset,
        weights=np.ascontiguousarray(weights),
        weight_offset=np.concatenate([[0, 0], ends[:-1]]).astype(np.int64),
        bias=bias,
        multiplier=multiplier,
        shift=shift,
        low=low,
        high=high,
        relu=np.array([False, *(layer.activation == "relu" for layer in network.layers)]),
        keys=digest_keys(neurons),
        rounding=ROUNDINGS[network.input_requantiser.rounding],
        delta=plan.mode.delta,
        dense=plan.mode.dense,
        unary=plan.encoding == "unary",
        count_digits=plan.encoding == "shift_add",
        saturating=network.overflow == "saturate",
        accumulator_bits=network.accumulator_bits,
    )


def timing_arrays(plan: Plan, *, serial: bool, interval_fs: int) -> Timing:
    """The plan's latencies as arrays; `serial` and `interval_fs` say how frames arrive."""
    cores, links = plan.cores, plan.links
    depths = [core.timing.queue_depth for core in cores[1:]]
    service = np.zeros((len(cores), 65), np.int64)
    for index, core in enumerate(cores[1:], start=1):
        # a value with d signed digits, for every d that occurs: 1, 0b101, 0b10101, ...
        service[index] = [service_fs(core, plan.encoding, _value_with_digits(digits)) for digits in range(65)]
    return Timing(
        scan_fs=np.array([core.timing.access_fs for core in cores], np.int64),
        update_fs=np.array([core.timing.update_fs for core in cores], np.int64),
        fire_fs=np.array([core.timing.fire_fs for core in cores], np.int64),
        encode_fs=np.array([core.timing.encode_fs for core in cores], np.int64),
        service_fs=service,
        message_fs=np.array([link.message_fs for link in links], np.int64),
        token_fs=np.array([link.token_fs for link in links], np.int64),
        wire_fs=np.array([link.wire_fs for link in links], np.int64),
        depth=np.array(depths, np.int64),
        ring_offset=np.concatenate([[0], np.cumsum(depths)[:-1]]).astype(np.int64),
        fetch_fs=plan.frame_fetch_fs,
        barrier_fs=plan.barrier_fs,
        barrier=plan.barrier,
        serial=serial,
        interval_fs=interval_fs,
    )


def _value_with_digits(digits: int) -> int:
    return sum(4**place for place in range(digits))


def new_value_state(net: NetworkArrays) -> ValueState:
    """All zero: s[-1] = 0, and the accumulators get their bias with the first frame."""
    neurons, cores = int(net.offset[-1]), len(net.offset) - 1
    return ValueState(
        accumulator=np.zeros(neurons, np.int32),
        last=np.zeros(neurons, np.int32),
        integers=np.zeros(neurons, np.int32),
        digest=np.zeros(cores, np.int64),
        peak=np.zeros(cores, np.int64),
    )


def new_slots(net: NetworkArrays, ring: int) -> Slots:
    """Room for `ring` frames underway."""
    neurons, cores = int(net.offset[-1]), len(net.offset) - 1
    return Slots(
        neuron=np.zeros((ring, neurons), np.int32),
        value=np.zeros((ring, neurons), np.int32),
        messages=np.zeros((ring, cores), np.int64),
        digits=np.zeros((ring, cores), np.int64),
        record=np.zeros((ring, cores, WIDTH), np.int64),
    )


def new_time_state(timing: Timing) -> TimeState:
    """Time zero: nothing sent, nothing served."""
    cores, links = len(timing.scan_fs), len(timing.depth)
    return TimeState(
        update_end=np.zeros(cores, np.int64),
        serve_end=np.zeros(cores, np.int64),
        link_free=np.zeros(links, np.int64),
        sent=np.zeros(links, np.int64),
        left=np.zeros(links, np.int64),
        starts=np.zeros(int(timing.depth.sum()), np.int64),
        clock=np.zeros(3, np.int64),
    )
