"""Closed forms of the paper and of hardware tables that a simulation has to meet.

The algorithms alone (herding, sums of events, |phi| <= 1/2) are in test_simulator_algorithms.py, the paper's operation
counts in test_hwmodels_conventions.py and test_temporal_mnist.py, energies without a run in
test_hwmodels_closed_forms.py, and that a constant input sends nothing after the first frame in
test_simulator_timing.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest
from small_chips import chain, frames

from hwmodels import chip_of, load_accelerator, price
from simulator import simulate
from simulator.placement.mapping import Placement
from workloads import IntegerNetwork, Quantisation, load_frames, load_network, quantise

FRAMES = 30
LEVELS = (3, 15)


@dataclass(frozen=True)
class Changes:
    """A sigma-delta run of the bundled network, unit by unit; lists have an entry per layer that sends."""

    network: IntegerNetwork
    sent: list[np.ndarray]  # (frames, units): ds, from the recorded messages
    exact: list[np.ndarray]  # (frames, units): k x, not rounded yet


@pytest.fixture(scope="module", params=LEVELS)
def changes(request):
    calibration = load_frames("mnist", split="train").read(0, 500)
    quantised = quantise(load_network("mnist-784-200-200-10"), calibration, Quantisation(levels=request.param))
    network, pixels = quantised.scaled, load_frames("temporal-mnist").read(0, FRAMES)
    chip = replace(chip_of(load_accelerator("horowitz-45nm")), encoding="graded")
    run = simulate(network, pixels, chip, "sigma_delta", record_messages=True)
    sent = [np.zeros((FRAMES, units), np.int64) for units in (784, 200, 200)]
    for message in run.messages_table().itertuples(index=False):
        sent[message.sender][message.frame, message.neuron] += message.value
    return Changes(network, sent, _before_rounding(network, pixels, sent))


def _before_rounding(network, pixels, sent):
    """k x of every unit, from the integers its senders have sent so far."""
    values = (pixels.astype(np.int64) << network.input_shift) - np.tile(network.input_offset, 784)
    exact = [_scaled(values, network.input_requantiser)]
    for layer, deltas in zip(network.layers[:-1], sent, strict=False):
        sums = np.cumsum(deltas, axis=0) @ layer.synapses[0].weights.astype(np.int64) + layer.bias
        exact.append(_scaled(np.maximum(sums, 0), layer.requantiser))
    return exact


def _scaled(values, requantiser):
    scaled = values * requantiser.multiplier.astype(np.float64) / 2.0**requantiser.shift
    return np.minimum(scaled, requantiser.high)


def test_a_unit_sends_at_most_its_scaled_change_plus_one(changes):
    for sent, exact in zip(changes.sent, changes.exact, strict=True):
        change = np.diff(exact, axis=0, prepend=0)
        assert (np.abs(sent) <= np.abs(change) + 1).all()
        assert (np.abs(sent) > np.abs(change)).any()  # the bound is not loose by one everywhere


def test_what_a_unit_has_sent_adds_up_to_its_rounded_value(changes):
    for sent, exact in zip(changes.sent, changes.exact, strict=True):
        np.testing.assert_array_equal(np.cumsum(sent, axis=0), np.floor(exact + 0.5))


def test_a_unit_whose_scaled_value_moves_by_less_than_a_half_sends_at_most_one(changes):
    for sent, exact in zip(changes.sent, changes.exact, strict=True):
        little = np.abs(np.diff(exact, axis=0, prepend=0)) < 0.5
        assert little.any()
        assert np.abs(sent[little]).max() <= 1


def test_dense_operations_of_vgg19():
    # Simonyan & Zisserman 2015, configuration E, on 224 x 224 x 3: 16 convolutions 3 x 3 that keep the size, 3 dense.
    blocks = ((224, (3, 64, 64)), (112, (64, 128, 128)), (56, (128, *[256] * 4)), (28, (256, *[512] * 4)))
    blocks += ((14, (512, *[512] * 4)),)
    convolutions = sum(side**2 * 9 * a * b for side, channels in blocks for a, b in pairwise(channels))
    dense = sum(a * b for a, b in pairwise((7 * 7 * 512, 4096, 4096, 1000)))
    assert sum(len(channels) - 1 for _, channels in blocks) == 16
    assert round((convolutions + dense) / 1e9, 3) == 19.632
    assert round(2 * (convolutions + dense) / 1e9, 2) == 39.26


@pytest.mark.parametrize("engine", ["fast", "reference"])
@pytest.mark.parametrize("shared", [False, True], ids=["links of their own", "shared links"])
def test_a_message_of_three_hops_east_and_two_north_takes_25_3_ns(engine, shared):
    # SANA-FE's fitted hops of Loihi 1: 3 x 4.1 + 2 x 6.5 ns, 3 x 3.0 + 2 x 4.2 pJ. A flit leaves the port in 0.291 ns.
    accelerator = load_accelerator("loihi1-sanafe")
    chip = replace(chip_of(accelerator), shared_links=shared)
    tile = 2 * chip.columns + 3  # of row 2, which the snake fills from the left
    mapping = (Placement("input", (0,)), Placement("fc1", (tile * chip.cores_per_tile,)))
    network = replace(chain(1, 1), accumulator_bits=24)
    run = simulate(network, frames([1]), chip, mapping=mapping, engine=engine, record_messages=True)
    message = run.messages_table().iloc[0]
    assert message["arrival_fs"] - message["sent_fs"] == 25_300_000 + 291_000
    counts = run.counts_table()
    assert counts[["flit_hops_ew", "flit_hops_ns"]].sum().tolist() == [3, 2]
    energies = price(counts, accelerator, [core.position for core in run.plan.cores])
    assert energies[["mesh_hop_east_west_aj", "mesh_hop_north_south_aj"]].sum().tolist() == [9_000_000, 8_400_000]
    # With the axon's 111 pJ the 128.4 pJ of a message; the profile's encoder has the soma's spike out, 69.3 pJ, too.
    message_aj = energies[["mesh_hop_east_west_aj", "mesh_hop_north_south_aj", "encoder_encode_aj"]].sum().sum()
    assert message_aj == 128_400_000 + 69_300_000
