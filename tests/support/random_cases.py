"""Hypothesis strategies: random small integer networks, chips and frames."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from hwmodels.chip import Chip, CoreTiming, MemoryTiming
from hwmodels.encodings import ENCODINGS
from simulator import Arrival, Mapping, Placement
from simulator.placement.mapping import is_grouped, layer_names, sent_map
from workloads.integer.network import IntegerLayer, IntegerNetwork, MaxPooling, Requantiser, Synapses, Window
from workloads.integer.unary import Clip, Identity, Leaky, Relu, Table

latency = st.integers(0, 40) | st.sampled_from([0, 10, 10, 20])  # of any length, or whole cycles: many at one time
multipliers = st.sampled_from([2**30, 3 * 2**29]) | st.integers(2**30, 2**31 - 1)  # the first two make ties


class Case(NamedTuple):
    network: IntegerNetwork
    frames: np.ndarray
    chip: Chip
    mode: str
    arrival: Arrival
    mapping: Mapping | None = None


@st.composite
def requantisers(draw, entries, bits, rounding, signed, fan_in):
    multiplier = [draw(multipliers) for _ in range(entries)]
    # from "everything saturates" to "nearly everything rounds to zero"
    shift = [draw(st.integers(28, 36 + fan_in.bit_length())) for _ in range(entries)]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return Requantiser(np.array(multiplier, np.int32), np.array(shift, np.int32), low, high, rounding)


class Widths(NamedTuple):
    weight_bits: int
    activation_bits: int
    accumulator_bits: int
    rounding: str


def random_weights(rng, shape, widths):
    top = 2 ** (widths.weight_bits - 1) - 1
    return rng.integers(-top, top + 1, shape).astype(np.int8 if widths.weight_bits <= 8 else np.int16)


pairs = st.tuples(st.integers(1, 2), st.integers(1, 2))


@st.composite
def synapses(draw, source, sender, shape, widths, rng):
    """Any linear operation from a sender's map to a layer's: dense where the layer has one pixel, or a convolution."""
    if shape[:2] == (1, 1) and draw(st.booleans()):
        return Synapses(source, random_weights(rng, (prod(sender), shape[2]), widths))
    groups = draw(st.sampled_from([g for g in (1, 2, 3) if sender[2] % g == 0 and shape[2] % g == 0]))
    kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    padding = (draw(st.integers(0, 2)), draw(st.integers(0, 2)))
    window = Window(draw(pairs), padding, draw(pairs), groups)
    return Synapses(source, random_weights(rng, (sender[2], *kernel, shape[2] // groups), widths), window)


@st.composite
def pools(draw, shape):
    kernel, stride = (draw(st.integers(1, 3)), draw(st.integers(1, 3))), draw(pairs)
    padding = tuple(draw(st.integers(0, k - 1)) for k in kernel)
    sizes = [(size + 2 * p - k) // s + 1 for size, p, k, s in zip(shape[:2], padding, kernel, stride, strict=True)]
    if min(sizes) < 1:
        return None, shape
    return MaxPooling(kernel, stride, padding), (*sizes, shape[2])


@st.composite
def layers(draw, name, senders, maps, widths, rng, last):
    shape = draw(
        st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)) | st.tuples(*map(st.just, (1, 1, 6)))
    )
    channels = shape[2]
    pool, sent = (None, shape) if last or draw(st.booleans()) else draw(pools(shape))
    activation = draw(st.sampled_from([Relu, Identity, Clip, Leaky, Table]))
    limits = np.sort(rng.integers(-500, 500, (2, channels)), axis=0).astype(np.int32)
    entries = draw(st.sampled_from([1, channels] if pool else [1, channels, prod(shape)]))
    ranges = (widths.activation_bits, widths.rounding, activation is not Relu, prod(maps[senders[0]]))
    bias_top = 2 ** (widths.accumulator_bits - 2)
    function = draw(unary(activation, limits, requantisers(entries, *ranges)))
    requantiser = None if last else draw(requantisers(entries, *ranges))
    if activation is Table:
        half = draw(st.sampled_from([1, 2, 8, 300]))
        most = 2 ** (widths.activation_bits - 1)
        function = Table(rng.integers(-most, most, 2 * half).astype(np.int32))
        requantiser = requantiser and replace(requantiser, low=-half, high=half - 1)
    return IntegerLayer(
        name=name,
        shape=shape,
        synapses=tuple(draw(synapses(sender, maps[sender], shape, widths, rng)) for sender in senders),
        bias=rng.integers(-bias_top, bias_top, channels, endpoint=True).astype(np.int32),
        activation=function,
        requantiser=requantiser,
        accumulator_scale=np.ones(channels),
        sent_shape=sent,
        pool=pool,
    )


def unary(kind, limits, leaks):
    """A function of that kind."""
    return (
        leaks.map(Leaky)
        if kind is Leaky
        else st.just(Clip(limits) if kind is Clip else Identity() if kind is Table else kind())
    )


@st.composite
def networks(draw, precision, branches):
    widths = Widths(
        draw(st.sampled_from([2, 4, 8, 12])),
        draw(st.sampled_from([2, 4, 8])),
        draw(st.sampled_from([8, 12, 24, 32])),
        draw(st.sampled_from(["half_up", "half_even", "half_away"])),
    )
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    maps = [draw(st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3)))]
    count = draw(st.integers(1, 4))
    made, unused = [], {0}
    for number in range(1, count + 1):
        last = number == count
        senders = {number - 1}
        if branches:
            senders = draw(st.sets(st.integers(0, number - 1), min_size=1, max_size=3)) | (unused if last else set())
        made.append(draw(layers(f"layer{number}", sorted(senders), maps, widths, rng, last)))
        maps.append(made[-1].sent_shape)
        unused = (unused - senders) | {number}
    multiplier, shift = draw(multipliers), draw(st.integers(30, 38))
    into = Requantiser(
        np.array([multiplier], np.int32), np.array([shift], np.int32), 0, 2**widths.activation_bits - 1, widths.rounding
    )
    offset = draw(st.sampled_from([0, 0, 100]))
    return IntegerNetwork(
        name="random",
        precision=precision,
        input_shape=maps[0],
        input_requantiser=into,
        layers=tuple(made),
        weight_bits=widths.weight_bits,
        activation_bits=widths.activation_bits,
        accumulator_bits=widths.accumulator_bits,
        overflow="wrap" if branches else draw(st.sampled_from(["wrap", "saturate"])),
        scales=tuple(1.0 for _ in made),
        input_offset=np.full(maps[0][2], offset, np.int32),
        input_shift=draw(st.sampled_from([0, 3])),
    )


@st.composite
def memories(draw):
    word, ports = draw(st.sampled_from([8, 32, 64])), draw(st.integers(1, 2))
    return MemoryTiming(None, word, ports, draw(latency))


@st.composite
def cores(draw):
    return CoreTiming(
        name="core",
        add_lanes=draw(st.integers(1, 4)),
        add_fs=draw(latency),
        multiply_lanes=draw(st.integers(1, 4)),
        multiply_fs=draw(latency),
        pipelined=draw(st.booleans()),
        decode_fs=draw(latency),
        encode_fs=draw(latency),
        access_fs=draw(latency),
        update_fs=draw(latency),
        fire_fs=draw(latency),
        queue_depth=draw(st.sampled_from([1, 2, 3, 8, 1000])),
        weight_memory=draw(memories()),
        state_memory=draw(memories()),
    )


@st.composite
def chips(draw, least=5):
    columns, rows, per_tile = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    columns = max(columns, -(-least // (rows * per_tile)))
    count = columns * rows * per_tile
    kinds = draw(st.lists(cores(), min_size=1, max_size=3))
    return Chip(
        name="random",
        clock_period_fs=None,
        cores=tuple(kinds[i % len(kinds)] for i in range(count)),
        weight_bits=16,
        activation_bits=16,
        accumulator_bits=32,
        encoding=draw(st.sampled_from(list(ENCODINGS))),
        payload_bits=16,
        header_bits=draw(st.integers(1, 40)),
        link_bits=draw(st.sampled_from([8, 16, 64])),
        flit_fs=draw(latency),
        columns=columns,
        rows=rows,
        cores_per_tile=per_tile,
        local_fs=draw(latency),
        hop_ew_fs=draw(latency),
        hop_ns_fs=draw(latency),
        synchronisation=draw(st.sampled_from(["dataflow", "barrier", "group_barrier"])),
        barrier_fs=tuple((tiles, draw(latency)) for tiles in (1, 3)),
        frame_word_bits=draw(st.sampled_from([0, 32])),
        frame_word_fs=draw(latency),
        shared_links=draw(st.booleans()),
        router_depth=draw(st.sampled_from([1, 1, 2, 5, None])),
        multicast=draw(st.booleans()),
        stream_word_bits=32,
        stream_word_fs=draw(latency),
        stream_latency_fs=draw(latency),
        groups=tuple(draw(st.lists(st.integers(1, 6), max_size=4))),
    )


@st.composite
def mappings(draw, network):
    """Every layer on one to four cores, wherever they are."""
    placements, taken = [], 0
    for layer, name in enumerate(layer_names(network)):
        height, _, channels = sent_map(network, layer)
        splits = network.overflow == "wrap"
        rows = draw(st.integers(1, min(height, 3))) if splits else 1
        ranges = draw(st.integers(1, min(channels, 3))) if splits and not is_grouped(network, layer) else 1
        placements.append(Placement(name, tuple(range(taken, taken + rows * ranges)), rows, ranges))
        taken += rows * ranges
    order = draw(st.permutations(range(taken + draw(st.integers(0, 2)))))
    return tuple(
        Placement(each.layer, tuple(order[core] for core in each.cores), each.rows, each.channels)
        for each in placements
    )


@st.composite
def some_stream(draw, chip):
    """The chip with some cores' weight memories too small for any weight."""
    small = [draw(st.booleans()) for _ in chip.cores]
    return replace(
        chip,
        cores=tuple(
            replace(core, weight_memory=replace(core.weight_memory, capacity_bits=1)) if is_small else core
            for core, is_small in zip(chip.cores, small, strict=True)
        ),
    )


@st.composite
def cases(draw, branches=False, splits=False):
    mode = draw(st.sampled_from(["original", "original_sparse", "temporal_difference", "rounding", "sigma_delta"]))
    precision = "scaled" if mode in ("rounding", "sigma_delta") else "full"
    network = draw(networks(precision, branches))
    count = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames = rng.integers(0, 256, (count, network.inputs)).astype(np.uint8)
    keep = rng.random(frames.shape) < draw(st.sampled_from([0.0, 0.5, 1.0]))  # how much of a frame stays as it was
    for t in range(1, count):
        frames[t] = np.where(keep[t], frames[t - 1], frames[t])
    mapping = draw(mappings(network)) if splits else None
    least = max(core for each in mapping for core in each.cores) + 1 if mapping else 5
    chip = draw(chips(least))
    chip = draw(some_stream(chip)) if splits else chip
    kinds = ["serial"] if branches and chip.synchronisation == "barrier" else ["serial", "pipelined"]
    arrival = Arrival(draw(st.sampled_from(kinds)), draw(st.sampled_from([0, 0, 500, 5000])))
    return Case(network, frames, chip, mode, arrival, mapping)
