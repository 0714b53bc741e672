"""Networks and chips small enough to work their times out by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from hwmodels.chip import Chip, CoreTiming, MemoryTiming
from workloads.integer.network import IntegerNetwork, Requantiser, dense_layer
from workloads.integer.unary import Relu

NO_MEMORY = MemoryTiming(capacity_bits=None, word_bits=64, ports=1, access_fs=0)

# every latency is a different power of two or a prime, so that a sum tells what it is made of
CORE = CoreTiming(
    name="core",
    add_lanes=1,
    add_fs=100,
    multiply_lanes=1,
    multiply_fs=1000,
    pipelined=False,
    decode_fs=10_000,
    encode_fs=200_000,
    access_fs=1_000_000,
    update_fs=0,
    fire_fs=30_000_000,
    queue_depth=1000,
    weight_memory=NO_MEMORY,
    state_memory=NO_MEMORY,
)

CHIP = Chip(
    name="by hand",
    clock_period_fs=None,
    cores=(CORE,) * 8,
    weight_bits=8,
    activation_bits=8,
    accumulator_bits=32,
    encoding="unary",
    payload_bits=16,
    header_bits=16,
    link_bits=16,
    flit_fs=7,
    columns=4,
    rows=2,
    cores_per_tile=1,
    local_fs=0,
    hop_ew_fs=3,
    hop_ns_fs=5,
    synchronisation="dataflow",
    barrier_fs=(),
    frame_word_bits=0,
    frame_word_fs=0,
)


def with_core(chip: Chip = CHIP, **changes) -> Chip:
    """The chip with every core changed so."""
    return replace(chip, cores=tuple(replace(core, **changes) for core in chip.cores))


def identity(channels: int = 1) -> Requantiser:
    """s = a, clipped to 0..255."""
    return Requantiser(
        np.full(channels, 2**30, np.int32), np.full(channels, 30, np.int32), low=0, high=255, rounding="half_up"
    )


def chain(*sizes: int, weight: int = 1, precision: str = "scaled", overflow: str = "wrap") -> IntegerNetwork:
    """A network of those sizes whose weights are all `weight`, without bias, and whose requantisers change nothing."""
    pairs = list(pairwise(sizes))
    layers = tuple(
        dense_layer(
            f"fc{number}",
            np.full((fan_in, outputs), weight, np.int8),
            np.zeros(outputs, np.int32),
            Relu(),
            identity(outputs) if number < len(pairs) else None,
            np.ones(outputs),
            source=number - 1,
        )
        for number, (fan_in, outputs) in enumerate(pairs, start=1)
    )
    return IntegerNetwork(
        name="chain",
        precision=precision,
        input_shape=(1, 1, sizes[0]),
        input_offset=np.zeros(sizes[0], np.int32),
        input_requantiser=identity(),
        layers=layers,
        weight_bits=8,
        activation_bits=8,
        accumulator_bits=32,
        overflow=overflow,
        scales=(1.0,) * len(layers),
    )


def frames(*rows) -> np.ndarray:
    """Frames as (n, pixels) uint8."""
    return np.array(rows, np.uint8)
