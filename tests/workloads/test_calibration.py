"""Calibration: exact percentiles and the range of least squared error, in bounded memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workloads import Network, Preprocessing, Quantisation, WorkloadError, quantise
from workloads.graphs.graph import INPUT, Activation, Convolution, Dense, Node
from workloads.graphs.run import normalise, run_graph
from workloads.integer import calibration as calibration_module
from workloads.integer.calibration import Magnitudes, calibrated_range, measure
from workloads.integer.lowering import lower

GRAY = Preprocessing("gray", (100.0,), (0.01,))


def small_graph(seed: int, preprocessing: Preprocessing | None = GRAY) -> Network:
    random = np.random.default_rng(seed)

    def conv(outputs: int, inputs: int) -> Convolution:
        weights = random.standard_t(2, size=(outputs, inputs, 2, 2)).astype(np.float32)
        return Convolution(weights, random.normal(size=outputs).astype(np.float32))

    nodes = (
        Node("a", conv(3, 1), (INPUT,)),
        Node("r", Activation("relu"), ("a",)),
        Node("b", conv(2, 3), ("r",)),
        Node("c", conv(2, 2), ("b",)),
    )
    return Network("small", (1, 6, 6), nodes, "c", preprocessing=preprocessing)


def frames_of(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 36), dtype=np.uint8)


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.floats(0.001, 100) | st.just(100.0))
def test_percentiles_are_exact(seed: int, count: int, percentile: float) -> None:
    graph, frames = small_graph(seed), frames_of(seed, count)
    layers = lower(graph).layers[:-1]
    real = normalise(GRAY, frames.reshape(-1, 1, 6, 6))
    values = run_graph(graph, real, dtype=np.float64)
    for layer, found in zip(layers, measure(graph, layers, frames, percentile), strict=True):
        magnitudes = np.abs(values[layer.place.node]).astype(np.float32).astype(np.float64)
        assert found.quantile == pytest.approx(np.percentile(magnitudes, percentile), rel=1e-12, abs=1e-300)
        assert found.counts.sum() == magnitudes.size


def test_batches_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    graph, frames = small_graph(1), frames_of(1, 30)
    layers = lower(graph).layers[:-1]
    whole = measure(graph, layers, frames, 99.0)
    monkeypatch.setattr(calibration_module, "_BATCH_BYTES", 2000)
    parts = measure(graph, layers, frames, 99.0)
    for one, other in zip(whole, parts, strict=True):
        assert np.array_equal(one.counts, other.counts)
        assert one.quantile == other.quantile


def magnitudes_of(values: np.ndarray) -> Magnitudes:
    return Magnitudes(np.bincount(np.abs(values).astype(np.float32).view(np.uint32) >> 16, minlength=1 << 15), None)


def squared_error(values: np.ndarray, span: float, levels: int) -> float:
    k = levels / span
    return float(((np.abs(values) - np.minimum(np.rint(np.abs(values) * k), levels) / k) ** 2).mean())


@pytest.mark.parametrize("levels", [3, 15, 127, 255])
@pytest.mark.parametrize("tail", ["normal", "laplace", "heavy"])
def test_least_squared_error_is_found(tail: str, levels: int) -> None:
    random = np.random.default_rng(levels)
    draws = {"normal": random.normal, "laplace": random.laplace, "heavy": lambda size: random.standard_t(3, size)}
    values = draws[tail](size=200_000)
    span = calibrated_range(magnitudes_of(values), levels)
    best = min(squared_error(values, np.abs(values).max() * 2.0**-step, levels) for step in np.linspace(0, 8, 400))
    assert squared_error(values, span, levels) <= 1.02 * best


def test_least_squared_error_of_equal_values_spans_them() -> None:
    assert calibrated_range(magnitudes_of(np.full(10, 3.0)), 15) == pytest.approx(3.0, rel=0.05)
    assert calibrated_range(magnitudes_of(np.zeros(10)), 15) == 0


def test_each_way_of_calibrating_spans_its_range() -> None:
    graph, frames = small_graph(3), frames_of(3, 50)
    values = run_graph(graph, normalise(GRAY, frames.reshape(-1, 1, 6, 6)), dtype=np.float64)["r"]
    scales = {
        kind: quantise(graph, frames, Quantisation(calibration=kind, percentile=99)).full.scales[1]
        for kind in ("percentile", "largest", "mse")
    }
    assert scales["largest"] == pytest.approx(255 / values.max(), rel=1e-5)
    assert scales["percentile"] == pytest.approx(255 / np.percentile(values, 99), rel=1e-5)
    errors = {kind: squared_error(values, 255 / scale, 255) for kind, scale in scales.items()}
    assert errors["mse"] <= 1.02 * min(errors.values())


def test_a_network_that_does_not_say_how_pixels_enter_is_refused() -> None:
    with pytest.raises(WorkloadError, match="network 'small' does not say how pixels become its input"):
        quantise(small_graph(4, None), frames_of(4, 5))


def test_activations_beyond_float32_are_refused() -> None:
    big = np.full((36, 2), 3e38, np.float32)
    nodes = (
        Node("a", Dense(big, np.zeros(2, np.float32)), (INPUT,)),
        Node("b", Dense(np.ones((2, 2), np.float32), np.zeros(2, np.float32)), ("a",)),
    )
    graph = Network("big", (1, 6, 6), nodes, "b", preprocessing=GRAY)
    with pytest.raises(WorkloadError, match="network 'big', a: its activations are not finite in float32"):
        quantise(graph, frames_of(5, 5))


@pytest.mark.parametrize(("mean", "shift"), [(0.0, 0), (-3.0, 0), (127.5, 1), (103.939, 15), (0.1, 15), (2**-16, 16)])
def test_means_are_exact_to_a_fraction_of_a_pixel(mean: float, shift: int) -> None:
    graph = small_graph(6, Preprocessing("gray", (mean,), (0.01,)))
    network = quantise(graph, frames_of(6, 20)).full
    assert network.input_shift == shift
    assert abs(network.input_offset[0] / 2**shift - mean) <= 2**-17
    assert network.input_requantiser.low == (-128 if mean > 0 else 0)


def test_means_far_outside_the_pixels_are_refused() -> None:
    with pytest.raises(WorkloadError, match="network 'small' subtracts mean"):
        quantise(small_graph(7, Preprocessing("gray", (1e6,), (0.01,))), frames_of(7, 5))
