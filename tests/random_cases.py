"""Hypothesis strategies: random small integer networks, chips and frames."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import strategies as st

from hwmodels.chip import Chip, CoreTiming, MemoryTiming
from simulator import Arrival
from workloads.integer_network import IntegerLayer, IntegerNetwork, Requantiser

latency = st.integers(0, 40)
multipliers = st.sampled_from([2**30, 3 * 2**29]) | st.integers(2**30, 2**31 - 1)  # the first two make ties


class Case(NamedTuple):
    network: IntegerNetwork
    frames: np.ndarray
    chip: Chip
    mode: str
    arrival: Arrival


@st.composite
def requantisers(draw, channels, bits, rounding, signed, fan_in):
    multiplier = [draw(multipliers) for _ in range(channels)]
    # from "everything saturates" to "nearly everything rounds to zero"
    shift = [draw(st.integers(28, 36 + fan_in.bit_length())) for _ in range(channels)]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return Requantiser(np.array(multiplier, np.int32), np.array(shift, np.int32), low, high, rounding)


@st.composite
def networks(draw, precision):
    sizes = draw(st.lists(st.integers(1, 7), min_size=2, max_size=4))
    weight_bits = draw(st.sampled_from([2, 4, 8, 12]))
    activation_bits = draw(st.sampled_from([2, 4, 8]))
    accumulator_bits = draw(st.sampled_from([8, 12, 24, 32]))
    rounding = draw(st.sampled_from(["half_up", "half_even", "half_away"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    layers = []
    top = 2 ** (weight_bits - 1) - 1
    for number, (fan_in, outputs) in enumerate(pairwise(sizes), start=1):
        relu = draw(st.booleans())
        last = number == len(sizes) - 1
        requantiser = None if last else draw(requantisers(outputs, activation_bits, rounding, not relu, fan_in))
        bias_top = 2 ** (accumulator_bits - 2)
        layers.append(
            IntegerLayer(
                name=f"fc{number}",
                weights=rng.integers(-top, top + 1, (fan_in, outputs)).astype(
                    np.int8 if weight_bits <= 8 else np.int16
                ),
                bias=rng.integers(-bias_top, bias_top, outputs, endpoint=True).astype(np.int32),
                activation="relu" if relu else "identity",
                requantiser=requantiser,
                accumulator_scale=np.ones(outputs),
            )
        )
    multiplier, shift = draw(multipliers), draw(st.integers(30, 38))
    into = Requantiser(
        np.array([multiplier], np.int32), np.array([shift], np.int32), 0, 2**activation_bits - 1, rounding
    )
    return IntegerNetwork(
        name="random",
        precision=precision,
        input_requantiser=into,
        layers=tuple(layers),
        weight_bits=weight_bits,
        activation_bits=activation_bits,
        accumulator_bits=accumulator_bits,
        overflow=draw(st.sampled_from(["wrap", "saturate"])),
        scales=tuple(1.0 for _ in layers),
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
def chips(draw):
    columns, rows, per_tile = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 4))
    count = columns * rows * per_tile
    if count < 4:
        columns = 4
        count = columns * rows * per_tile
    kinds = draw(st.lists(cores(), min_size=1, max_size=3))
    return Chip(
        name="random",
        clock_period_fs=None,
        cores=tuple(kinds[i % len(kinds)] for i in range(count)),
        weight_bits=16,
        activation_bits=16,
        accumulator_bits=32,
        encoding=draw(st.sampled_from(["unary", "graded", "shift_add"])),
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
        synchronisation=draw(st.sampled_from(["dataflow", "barrier"])),
        barrier_fs=tuple((tiles, draw(latency)) for tiles in (1, 3)),
        frame_word_bits=draw(st.sampled_from([0, 32])),
        frame_word_fs=draw(latency),
    )


@st.composite
def cases(draw):
    mode = draw(st.sampled_from(["original", "original_sparse", "temporal_difference", "rounding", "sigma_delta"]))
    precision = "scaled" if mode in ("rounding", "sigma_delta") else "full"
    network = draw(networks(precision))
    count = draw(st.integers(1, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    frames = rng.integers(0, 256, (count, network.inputs)).astype(np.uint8)
    keep = rng.random(frames.shape) < draw(st.sampled_from([0.0, 0.5, 1.0]))  # how much of a frame stays as it was
    for t in range(1, count):
        frames[t] = np.where(keep[t], frames[t - 1], frames[t])
    kind = draw(st.sampled_from(["serial", "pipelined"]))
    arrival = Arrival(kind, draw(st.sampled_from([0, 0, 500, 5000])))
    return Case(network, frames, draw(chips()), mode, arrival)
