"""Message-hops per second of the timing phase: with shared links, full buffers and full queues, and with neither.

`python -m benchmarks.mesh [--size small]`. The network is four layers of maps whose values change at random, each split
over four cores of an 8 x 4 mesh. Only time is measured: integers and counts are found before the clock starts. A hop is
one message crossing one link between two tiles.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np

from hwmodels import chip_of, load_accelerator
from hwmodels.chip import Chip
from simulator import Arrival, Placement, mode_named, plan_network, start
from simulator.chip_run import find_times, follow, hand_over
from simulator.fast import find
from workloads.integer.network import IntegerLayer, IntegerNetwork, Requantiser, Synapses, Window
from workloads.integer.unary import Relu

LAYERS = 4
FRAMES = 8


def network(size: int, channels: int) -> IntegerNetwork:
    """Maps of size x size x channels, each channel passed on by a weight of 1: as many messages as values change."""
    same = Requantiser(np.array([2**30], np.int32), np.array([30], np.int32), 0, 255, "half_up")
    eye = np.eye(channels, dtype=np.int8).reshape(channels, 1, 1, channels)
    shape = (size, size, channels)
    layers = tuple(
        IntegerLayer(
            name=f"layer{number}",
            shape=shape,
            synapses=(Synapses(number - 1, eye, Window()),),
            bias=np.zeros(channels, np.int32),
            activation=Relu(),
            requantiser=same if number < LAYERS else None,
            accumulator_scale=np.ones(channels),
            sent_shape=shape,
        )
        for number in range(1, LAYERS + 1)
    )
    return IntegerNetwork(
        name="mesh",
        precision="scaled",
        input_shape=shape,
        input_requantiser=same,
        layers=layers,
        weight_bits=8,
        activation_bits=8,
        accumulator_bits=32,
        overflow="wrap",
        scales=(1.0,) * LAYERS,
        input_offset=np.zeros(channels, np.int32),
    )


def chip(*, shared: bool) -> Chip:
    """Cores that serve about as fast as they are sent to; shallow buffers and queues, or ideal links."""
    base = chip_of(load_accelerator("vgg-class"))
    depth = 8 if shared else 4096
    cores = tuple(replace(core, queue_depth=depth) for core in base.cores)
    return replace(base, cores=cores, shared_links=shared, router_depth=4 if shared else None)


def hops_per_second(size: int, channels: int, *, shared: bool, split: bool) -> tuple[float, float, int]:
    """(hops per second, share of hops that waited at their link's router or at the sender, hops)."""
    made = network(size, channels)
    names = ["input", *(layer.name for layer in made.layers)]
    # layer after layer over the rows of the mesh, two columns apart, so that ways cross
    mapping = tuple(
        Placement(
            name,
            tuple((4 * i + k) if split else 2 * i for k in range(4 if split else 1)),
            *((2, 2) if split else (1, 1)),
        )
        for i, name in enumerate(names)
    )
    plan = plan_network(made, chip(shared=shared), mode_named("sigma_delta"), mapping)
    state = start(made, plan, Arrival(), block=FRAMES)
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (FRAMES, made.inputs)).astype(np.uint8)
    (run,) = state.runs
    find(state, frames[:1])
    follow(run, state.found)
    find_times(run, last=False)
    find(state, frames[1:])
    follow(run, state.found)
    begin = time.perf_counter()
    find_times(run, last=True)
    seconds = time.perf_counter() - begin
    block = hand_over(run, last=True)
    hops = int(block.mesh[1:, :, 0].sum())
    return hops / seconds, seconds, hops


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=["small", "full"], default="full")
    small = parser.parse_args().size == "small"
    size, channels = (16, 8) if small else (64, 16)
    print("| links | layers | message-hops | s | M message-hops/s |\n| --- | --- | ---: | ---: | ---: |")
    for shared, split in ((True, True), (False, True), (False, False)):
        best = max(hops_per_second(size, channels, shared=shared, split=split) for _ in range(1 if small else 3))
        rate, seconds, hops = best
        print(f"| {'shared' if shared else 'private'} | {'2 x 2 cores' if split else 'one core'} | {hops:,} | "
              f"{seconds:.3f} | {rate / 1e6:.1f} |")  # fmt: skip


if __name__ == "__main__":
    main()
