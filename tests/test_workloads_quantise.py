"""Quantisation: the bundled network keeps its accuracy, and each rule holds on random networks."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from workloads import (
    IntegerNetwork,
    Network,
    Quantisation,
    WorkloadError,
    activations,
    forward,
    integer_forward,
    largest_inputs,
    load_frames,
    load_network,
    network_from_arrays,
    quantise,
    static_bound,
)
from workloads.quantise import quantise_weights


def random_network(seed: int, sizes: list[int]) -> Network:
    random = np.random.default_rng(seed)
    weights = [random.standard_normal((i, o)) for i, o in pairwise(sizes)]
    biases = [random.standard_normal(size) for size in sizes[1:]]
    return network_from_arrays(weights, biases)


def random_frames(seed: int, count: int, pixels: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, pixels), dtype=np.uint8)


def real_outputs(network: IntegerNetwork, frames: np.ndarray) -> np.ndarray:
    return integer_forward(network, frames).outputs * network.layers[-1].accumulator_scale


def test_mnist_accuracy_in_float_and_integers() -> None:
    network = load_network("mnist-784-200-200-10")
    calibration = load_frames("mnist", split="train", frames="0:1000")
    test = load_frames("mnist")
    frames = test.read(0, test.count)
    result = quantise(network, calibration.read(0, 1000))

    def accuracy(outputs: np.ndarray) -> float:
        return float((outputs.argmax(axis=1) == test.labels).mean())

    # Measured: 98.08 % in float, 98.09 % in 8 bits, 98.00 % at 15 levels.
    assert accuracy(forward(network, frames)) >= 0.979
    assert accuracy(real_outputs(result.full, frames)) >= 0.979
    assert accuracy(real_outputs(result.scaled, frames)) >= 0.977
    assert result.report.fits
    assert min(result.report.agreement.values()) >= 0.995
    for integers in (result.full, result.scaled):
        trace = integer_forward(integers, frames)
        bounds = map(static_bound, integers.layers, largest_inputs(integers))
        assert all(peak <= bound.max() for peak, bound in zip(trace.peaks, bounds, strict=True))


def test_pixels_pass_unchanged_at_eight_bits() -> None:
    frames = np.arange(256, dtype=np.uint8).reshape(-1, 1)
    full = quantise(random_network(0, [1, 3, 2]), frames).full
    assert integer_forward(full, frames).activations[0][:, 0].tolist() == list(range(256))


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 20), min_size=2, max_size=4), st.integers(4, 8))
def test_each_layer_is_its_equation_to_half_a_step(seed: int, sizes: list[int], bits: int) -> None:
    """Given the integers before it, a layer differs from real arithmetic by the rounding of s and of the bias only."""
    network, frames = random_network(seed, sizes), random_frames(seed, 8, sizes[0])
    try:
        result = quantise(network, frames, Quantisation(weight_bits=bits, percentile=100))
    except WorkloadError as error:
        assert "activations are 0" in str(error)  # noqa: PT017 - a random network may be dead
        return
    for integers in (result.full, result.scaled):
        trace = integer_forward(integers, frames)
        for index, layer in enumerate(integers.layers[:-1]):
            weights, weight_scale = quantise_weights(network.layers[index].weights, bits)
            real = trace.activations[index] / integers.scales[index] @ (weights * weight_scale)
            real = np.maximum(real + network.layers[index].bias, 0) * integers.scales[index + 1]
            assert layer.requantiser is not None
            real = np.minimum(real, layer.requantiser.high)
            bias_step = layer.accumulator_scale * integers.scales[index + 1] / 2
            assert (np.abs(trace.activations[index + 1] - real) <= 0.5 + bias_step + 1e-6).all()


def test_finer_integers_are_nearer_to_float() -> None:
    network, frames = random_network(3, [30, 20, 5]), random_frames(3, 200, 30)
    exact = forward(network, frames)
    errors = []
    for bits in (4, 6, 8, 10):
        settings = Quantisation(weight_bits=bits, activation_bits=bits, levels=2 ** (bits - 2), percentile=100)
        errors.append(np.abs(real_outputs(quantise(network, frames, settings).scaled, frames) - exact).mean())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 20


def test_both_networks_share_weights_and_levels_are_spanned() -> None:
    network, frames = random_network(4, [10, 8, 6, 3]), random_frames(4, 100, 10)
    result = quantise(network, frames, Quantisation(levels=15, percentile=100))
    for full, scaled in zip(result.full.layers, result.scaled.layers, strict=True):
        assert np.array_equal(full.weights, scaled.weights)
        assert full.weights.min() >= -127
    hidden = activations(network, frames)[1:-1]
    for k, values in zip(result.scaled.scales[1:], hidden, strict=True):
        assert k == pytest.approx(15 / values.max(), rel=1e-5)
    assert result.scaled.scales[0] == pytest.approx(15)
    assert [int(s.max()) for s in integer_forward(result.scaled, frames).activations] == [15, 15, 15]


def test_the_papers_scales_are_taken_as_they_are() -> None:
    network, frames = random_network(5, [6, 5, 4]), random_frames(5, 50, 6)
    result = quantise(network, frames, Quantisation(scales=(20.0, 3.5)))
    assert result.scaled.scales == (20.0, 3.5)
    first = integer_forward(result.scaled, frames).activations[0]
    assert np.array_equal(first, np.floor(frames / 255 * 20 + 0.5))


def test_dead_and_tiny_channels_are_handled() -> None:
    weights = np.random.default_rng(6).standard_normal((5, 3))
    weights[:, 1] = 0
    weights[:, 2] *= 1e-12
    network = network_from_arrays([weights, np.eye(3)], [np.array([0.1, 2.0, 0.5]), np.zeros(3)])
    frames = random_frames(6, 100, 5)
    result = quantise(network, frames)
    assert not result.full.layers[0].weights[:, 1:].any()
    np.testing.assert_allclose(real_outputs(result.full, frames)[:, 1:], [[2.0, 0.5]] * 100, atol=0.02)


def test_identity_layers_are_signed() -> None:
    network = network_from_arrays([np.array([[-1.0, 1.0]]), np.eye(2)], activations=["identity", "identity"])
    result = quantise(network, random_frames(7, 50, 1), Quantisation(percentile=100))
    s = integer_forward(result.full, random_frames(7, 50, 1)).activations[1]
    assert (s[:, 0] == -s[:, 1]).all()
    assert s.min() < -100
    requantiser = result.full.layers[0].requantiser
    assert requantiser is not None
    assert (requantiser.low, requantiser.high) == (-128, 127)


def test_report_counts_saturation_and_widths() -> None:
    network, frames = random_network(8, [10, 8, 3]), random_frames(8, 300, 10)
    settings = Quantisation(percentile=75, accumulator_bits=16, weight_bits=6, activation_bits=6)
    report = quantise(network, frames, settings).report
    full = next(layer for layer in report.layers if layer.precision == "full")
    assert 0.1 < full.saturated_share < 0.5
    assert full.static_bound >= full.peak > 0
    assert (full.weight_low, full.accumulator_bits) == (-31, 16)
    assert report.fits == all(layer.bits_needed <= 16 for layer in report.layers)
    assert [(layer.precision, layer.layer) for layer in report.layers] == [
        ("full", 1),
        ("full", 2),
        ("scaled", 1),
        ("scaled", 2),
    ]


DEAD = network_from_arrays([-np.ones((4, 3)), np.ones((3, 2))], name="dead")


@pytest.mark.parametrize(
    ("network", "settings", "message"),
    [
        (DEAD, {}, "network 'dead', layer1: 99.9 % of its activations are 0 on the 10 calibration frames"),
        (random_network(9, [4, 3, 2]), {"scales": (1.0,)}, "1 scales for network 'network'; needed 2"),
        (random_network(9, [4, 3, 2]), {"levels": 300}, "levels is 300, but 8-bit activations .* reach 255"),
        (random_network(9, [4, 3, 2]), {"accumulator_bits": 8}, "beyond 8 bits; raise accumulator_bits"),
    ],
)
def test_impossible_quantisations_are_refused(network: Network, settings: dict[str, object], message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        quantise(network, random_frames(9, 10, 4), Quantisation.model_validate(settings))


def test_wrong_calibration_frames_are_refused() -> None:
    with pytest.raises(WorkloadError, match="no calibration frames"):
        quantise(DEAD, np.zeros((0, 4), np.uint8))
    with pytest.raises(WorkloadError, match=r"takes \(n, 4\) uint8"):
        quantise(DEAD, np.zeros((5, 4), np.float32))


@pytest.mark.parametrize(
    "settings",
    [{"weight_bits": 1}, {"levels": 0}, {"percentile": 101}, {"rounding": "up"}, {"scales": [-1.0]}, {"bits": 8}],
)
def test_wrong_settings_are_refused_by_name(settings: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match=next(iter(settings))):
        Quantisation.model_validate(settings)
