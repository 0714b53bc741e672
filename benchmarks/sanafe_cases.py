"""Networks that SANA-FE and deltasim can both run, message for message.

A SANA-FE neuron sends at most one spike in a time step, without a sign. So activations are cut to 0 or 1: a frame is a
time step, a value one unit event, and the rounding network what both compute. Quantised to the 6 bits a weight that let
the first layer of 784-200-200-10 fit a core of Loihi 1. Flows share the links between tiles, whose routers hold as many
messages as SANA-FE's link buffers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwmodels import Accelerator, Chip, chip_of, load_accelerator
from simulator.placement.mapping import Mapping, Placement, layer_names, one_core_each
from simulator.placement.placing import tile_of
from workloads import (
    IntegerLayer,
    IntegerNetwork,
    Quantisation,
    Requantiser,
    Synapses,
    Window,
    load_frames,
    load_network,
    quantise,
)
from workloads.integer.unary import Relu

ACCELERATOR = Path(__file__).parent / "sanafe-chip.yaml"
SEED = 20170424
WEIGHT_BITS, ACCUMULATOR_BITS = 6, 24
SIDE = 16  # of the map that the convolutions look at; a core of SANA-FE has at most 1,024 such neurons


@dataclass(frozen=True)
class Case:
    """A network of activations 0 and 1, the chip, which cores hold which layer, and frames (n, pixels) uint8."""

    name: str
    network: IntegerNetwork
    accelerator: Accelerator
    chip: Chip
    mapping: Mapping
    frames: NDArray[np.uint8]


def dense(frames: int) -> Case:
    """784-200-200-10 on Temporal-MNIST, a core for each layer."""
    network = _binary_mnist()
    return _case(network.name, network, _mnist(frames), _chip(2, 2), one_core_each(network))


def dense_split(frames: int) -> Case:
    """The same with the input on 2 cores and each hidden layer on 6, whose flows cross each other."""
    network, chip = _binary_mnist(), _chip(4, 4)
    return _case(f"{network.name} on 15 cores", network, _mnist(frames), chip, _split(network, chip, 2, 6, 6))


def _split(network: IntegerNetwork, chip: Chip, rows: int, *parts: int) -> Mapping:
    """The input on `rows` cores, each hidden layer on `parts` cores by its channels, the last layer on one."""
    # SANA-FE numbers tiles column by column, and a core sends to others in their order.
    cores = iter(sorted(range(len(chip.cores)), key=lambda core: tile_of(chip, core)))
    cuts = [(rows, 1), *((1, each) for each in parts), (1, 1)]
    return tuple(
        Placement(name, tuple(islice(cores, down * across)), down, across)
        for name, (down, across) in zip(layer_names(network), cuts, strict=True)
    )


def _binary_mnist() -> IntegerNetwork:
    calibration = load_frames("mnist", split="train").read(0, 1000)
    settings = Quantisation(levels=3, weight_bits=WEIGHT_BITS, accumulator_bits=ACCUMULATOR_BITS)
    network = quantise(load_network("mnist-784-200-200-10"), calibration, settings).scaled
    return replace(_zero_or_one(network), name="784-200-200-10")


def _mnist(frames: int) -> NDArray[np.uint8]:
    return load_frames("temporal-mnist").read(0, frames)


def wide(frames: int) -> Case:
    """784-1000-1000-10 of random weights: about as many neurons as a core of Loihi 1 takes, and synapses a spike."""
    network = _wide_network(1000)
    return _case(network.name, network, _mnist(frames), _chip(2, 2), one_core_each(network))


def wide_split(frames: int) -> Case:
    """784-2000-2000-10, such cores again, but two for the input and each hidden layer: their flows cross each other."""
    network, chip = _wide_network(2000), _chip(3, 3)
    return _case(f"{network.name} on 7 cores", network, _mnist(frames), chip, _split(network, chip, 2, 2, 2))


def _wide_network(hidden: int) -> IntegerNetwork:
    random = np.random.default_rng(SEED)
    layers = (
        _layer("hidden1", random, (784, hidden), (1, 1, hidden), None, threshold=128),
        _layer("hidden2", random, (hidden, hidden), (1, 1, hidden), None, threshold=256),
        _layer("output", random, (hidden, 10), (1, 1, 10), None, threshold=None),
    )
    return _network(f"784-{hidden}-{hidden}-10", (28, 28, 1), layers)


def convolutions(frames: int) -> Case:
    """Two convolutions with borders and a stride, and a dense layer, of random weights, on random pictures."""
    random = np.random.default_rng(SEED)
    layers = (
        _layer("conv1", random, (1, 3, 3, 4), (SIDE, SIDE, 4), Window(padding=(1, 1)), threshold=32),
        _layer("conv2", random, (4, 3, 3, 8), (SIDE // 2, SIDE // 2, 8), Window((2, 2), (1, 1)), threshold=32),
        _layer("dense", random, (SIDE * SIDE * 2, 10), (1, 1, 10), None, threshold=None),
    )
    network = _network("two convolutions", (SIDE, SIDE, 1), layers)
    pictures = random.integers(0, 160, (frames, SIDE * SIDE), dtype=np.uint8)
    return _case(network.name, network, pictures, _chip(2, 2), one_core_each(network))


CASES: dict[str, Callable[[int], Case]] = {
    "dense": dense,
    "split": dense_split,
    "wide": wide,
    "wide-split": wide_split,
    "convolutions": convolutions,
}


def _case(name: str, network: IntegerNetwork, frames: NDArray[np.uint8], chip: Chip, mapping: Mapping) -> Case:
    return Case(name, network, load_accelerator(ACCELERATOR), chip, mapping, frames)


def _chip(columns: int, rows: int) -> Chip:
    chip = chip_of(load_accelerator(ACCELERATOR))
    core = chip.cores[0]
    return replace(
        chip,
        columns=columns,
        rows=rows,
        cores=(core,) * (columns * rows),
        shared_links=True,
        router_depth=core.queue_depth,
    )


def _zero_or_one(network: IntegerNetwork) -> IntegerNetwork:
    return replace(
        network,
        input_requantiser=replace(network.input_requantiser, high=1),
        layers=tuple(
            replace(layer, requantiser=None if layer.requantiser is None else replace(layer.requantiser, high=1))
            for layer in network.layers
        ),
    )


def _network(name: str, input_shape: tuple[int, int, int], layers: tuple[IntegerLayer, ...]) -> IntegerNetwork:
    return IntegerNetwork(
        name=name,
        precision="scaled",
        input_shape=input_shape,
        input_requantiser=_step(128),
        layers=tuple(
            replace(layer, synapses=(replace(layer.synapses[0], source=number),)) for number, layer in enumerate(layers)
        ),
        weight_bits=WEIGHT_BITS,
        activation_bits=8,
        accumulator_bits=ACCUMULATOR_BITS,
        overflow="wrap",
        scales=(1.0,) * len(layers),
        input_offset=np.zeros(1, np.int32),
    )


def _step(threshold: int) -> Requantiser:
    """1 from `threshold`, a power of two, on: round(a / (2 * threshold)), cut to 1."""
    shift = 30 + (2 * threshold).bit_length() - 1
    return Requantiser(np.array([2**30], np.int32), np.array([shift], np.int32), low=0, high=1, rounding="half_up")


def _layer(
    name: str,
    random: np.random.Generator,
    weights: tuple[int, ...],
    shape: tuple[int, int, int],
    window: Window | None,
    threshold: int | None,
) -> IntegerLayer:
    most = 2 ** (WEIGHT_BITS - 1)
    return IntegerLayer(
        name=name,
        shape=shape,
        synapses=(Synapses(0, random.integers(-most, most, weights).astype(np.int8), window),),
        bias=random.integers(-8, 8, shape[2]).astype(np.int32),
        activation=Relu(),
        requantiser=None if threshold is None else _step(threshold),
        accumulator_scale=np.ones(shape[2]),
        sent_shape=shape,
    )
