"""The paper's network on all 10,000 test images: what its section 5.2 and its counting claim, to the digit."""

from __future__ import annotations

import numpy as np
import pytest

from hwmodels import chip_of, load_accelerator
from hwmodels.prices.conventions import (
    INT32_ADD_AJ,
    INT32_MULTIPLY_AJ,
    code_dense,
    dense_int32_aj,
    eq22_dense,
    eq23_sparse,
    eq24_rounding,
    eq25_sigma_delta,
    macs,
)
from hwmodels.records import COLUMNS
from simulator import simulate
from workloads import Quantisation, forward, integer_forward, load_frames, load_network, quantise

SIZES = (784, 200, 200, 10)
MODES = ("original", "original_sparse", "temporal_difference", "rounding", "sigma_delta")


@pytest.fixture(scope="module")
def float_network():
    return load_network("mnist-784-200-200-10")


@pytest.fixture(scope="module")
def quantised(float_network):
    calibration = load_frames("mnist", split="train").read(0, 1000)
    return quantise(float_network, calibration, Quantisation(levels=7))


@pytest.fixture(scope="module")
def chip():
    return chip_of(load_accelerator("oconnor2017-int32"))


@pytest.fixture(scope="module")
def frames():
    return load_frames("temporal-mnist")


@pytest.fixture(scope="module")
def results(quantised, chip, frames):
    images = frames.read(0, frames.count)
    return {mode: simulate(network_of(quantised, mode), images, chip, mode, keep_integers=True) for mode in MODES}


def network_of(quantised, mode):
    return quantised.scaled if mode in ("rounding", "sigma_delta") else quantised.full


def column(result, name):
    return result.counts[..., COLUMNS.index(name)]


def wrong(network, result, labels):
    """Images whose largest output (in real units) is not their label."""
    return int(((result.outputs * network.layers[-1].accumulator_scale).argmax(axis=1) != labels).sum())


def test_the_float_network_reaches_the_papers_accuracy(float_network):
    frames = load_frames("mnist")
    outputs = forward(float_network, frames.read(0, frames.count))
    assert (outputs.argmax(axis=1) == frames.labels).mean() >= 0.979


@pytest.mark.parametrize(
    ("mode", "partner"),
    [("sigma_delta", "rounding"), ("temporal_difference", "original"), ("original_sparse", "original")],
)
def test_no_integer_of_any_layer_differs_from_the_partners(results, mode, partner):
    a, b = results[mode], results[partner]
    assert a.integers.shape == (10_000, 784 + 200 + 200 + 10)
    assert np.count_nonzero(a.integers != b.integers) == 0
    assert np.count_nonzero(a.outputs != b.outputs) == 0
    np.testing.assert_array_equal(column(a, "digest"), column(b, "digest"))


@pytest.mark.parametrize("mode", ["rounding", "original"])
def test_the_integers_are_those_of_a_plain_forward_pass(results, quantised, frames, mode):
    trace = integer_forward(network_of(quantised, mode), frames.read(0, frames.count))
    np.testing.assert_array_equal(results[mode].outputs, trace.outputs)
    np.testing.assert_array_equal(results[mode].integers[:, :784], trace.activations[0])
    np.testing.assert_array_equal(results[mode].integers[:, 784:984], trace.activations[1])


def test_the_error_does_not_depend_on_the_order_of_the_frames(results, quantised, chip, frames):
    for dataset, seed in (("mnist", None), ("shuffled-mnist", 1)):
        other = load_frames(dataset, seed=seed)
        for mode in ("rounding", "sigma_delta", "original"):
            network = network_of(quantised, mode)
            shuffled = simulate(network, other.read(0, other.count), chip, mode)
            assert wrong(network, shuffled, other.labels) == wrong(network, results[mode], frames.labels)


def test_dense_counts_to_the_digit(results):
    assert macs(SIZES) == 198_800
    assert eq22_dense(SIZES) == 397_600
    assert code_dense(SIZES) == 397_190
    assert dense_int32_aj(eq22_dense(SIZES)) == 636_160_000_000  # 636.16 nJ
    assert dense_int32_aj(code_dense(SIZES)) == 635_504_000_000  # 635.504 nJ, printed as 636
    original = results["original"]
    for name in ("adds", "multiplies"):
        assert (column(original, name).sum(axis=1) == 198_800).all()
    energy_aj = 198_800 * (INT32_ADD_AJ + INT32_MULTIPLY_AJ)
    assert energy_aj == 636_160_000_000


def test_counted_messages_obey_equations_23_to_25(results):
    fan_out_sum = sum(SIZES[1:])
    for mode in ("original_sparse", "temporal_difference"):
        sent = column(results[mode], "nonzero")[:, :-1]
        operations = (column(results[mode], "adds") + column(results[mode], "multiplies")).sum(axis=1)
        np.testing.assert_array_equal(operations, eq23_sparse(SIZES, sent))
    adds = {mode: column(results[mode], "adds").sum(axis=1) for mode in ("rounding", "sigma_delta")}
    magnitudes = {mode: column(results[mode], "l1_out")[:, :-1] for mode in adds}
    np.testing.assert_array_equal(adds["sigma_delta"], eq25_sigma_delta(SIZES, magnitudes["sigma_delta"]))
    # Eq. 24 adds the bias in every pass; a core presets its accumulators instead
    np.testing.assert_array_equal(adds["rounding"] + fan_out_sum, eq24_rounding(SIZES, magnitudes["rounding"]))


def test_sigma_delta_adds_less_than_rounding_at_equal_error(results, quantised, frames):
    rounding, sigma_delta = results["rounding"], results["sigma_delta"]
    errors = {wrong(quantised.scaled, result, frames.labels) for result in (rounding, sigma_delta)}
    assert len(errors) == 1
    assert column(sigma_delta, "adds").sum() < column(rounding, "adds").sum()


def test_without_redundancy_the_saving_is_smaller(results, quantised, chip):
    """On shuffled MNIST sigma-delta need not save anything; it saves less than on Temporal-MNIST."""
    frames = load_frames("shuffled-mnist", seed=1)
    images = frames.read(0, frames.count)
    adds = {
        mode: column(simulate(quantised.scaled, images, chip, mode), "adds").sum()
        for mode in ("rounding", "sigma_delta")
    }
    temporal = {mode: column(results[mode], "adds").sum() for mode in adds}
    assert adds["rounding"] == temporal["rounding"]  # frame by frame: the same images, the same sum
    assert adds["sigma_delta"] > temporal["sigma_delta"]
