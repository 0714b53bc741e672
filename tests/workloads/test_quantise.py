"""Quantisation: the bundled network keeps its accuracy, and each rule holds on random networks."""

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from block_graphs import IMAGENET, STRUCTURES, smooth_frames
from hypothesis import assume, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from lowered_values import layer_values
from pydantic import ValidationError
from random_graphs import graphs

from workloads import (
    IntegerLayer,
    IntegerNetwork,
    Network,
    Preprocessing,
    Quantisation,
    Requantiser,
    WorkloadError,
    activations,
    forward,
    integer_forward,
    largest_inputs,
    load_frames,
    load_network,
    network_from_arrays,
    quantise,
    real_outputs,
    static_bound,
)
from workloads.graphs.graph import INPUT, Activation, Concatenate, Convolution, Node
from workloads.graphs.squeezenet import squeezenet11
from workloads.integer.lowering import lower

GRAY = Preprocessing("gray", (100.5,), (0.02,))


def random_network(seed: int, sizes: list[int]) -> Network:
    random = np.random.default_rng(seed)
    weights = [random.standard_normal((i, o)) for i, o in pairwise(sizes)]
    biases = [random.standard_normal(size) for size in sizes[1:]]
    return network_from_arrays(weights, biases)


def random_frames(seed: int, count: int, pixels: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, pixels), dtype=np.uint8)


def real_values(network: IntegerNetwork, frames: np.ndarray) -> np.ndarray:
    return real_outputs(network, integer_forward(network, frames).outputs)


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
    assert accuracy(real_values(result.full, frames)) >= 0.979
    assert accuracy(real_values(result.scaled, frames)) >= 0.977
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


def dequantised(layer: IntegerLayer, k_in: float) -> list[np.ndarray]:
    """Real values of a layer's integer weights; those of a sum or mean are counts."""
    scale = np.resize(layer.accumulator_scale * k_in, layer.shape[2])
    return [
        synapses.weights * scale
        if synapses.window is None
        else synapses.weights
        * np.repeat(
            scale.reshape(synapses.window.groups, 1, 1, -1), len(synapses.weights) // synapses.window.groups, axis=0
        )
        for synapses in layer.synapses
    ]


def check_each_layer_is_its_equation(graph: Network, integers: IntegerNetwork, frames: np.ndarray) -> None:
    """Given the integers before it, a layer differs from real arithmetic by the rounding of s and of the bias only."""
    trace, lowered = integer_forward(integers, frames), lower(graph).layers
    sent = [
        s.reshape(len(frames), *integers.sent_shape(core)) / integers.scales[core]
        for core, s in enumerate(trace.activations)
    ]
    for core, (layer, source) in enumerate(zip(integers.layers, lowered, strict=True), start=1):
        k_in = integers.scales[layer.synapses[0].source]
        real = layer_values(source, sent, None if source.counts else dequantised(layer, k_in))
        if layer.requantiser is None:
            outputs = real_outputs(integers, trace.outputs).reshape(real.shape)
            assert (np.abs(outputs - real) <= layer.accumulator_scale.max() / 2 * 1.0001).all()
            continue
        steps = np.clip(real * integers.scales[core], layer.requantiser.low, layer.requantiser.high)
        slope = max(1, getattr(source.activation, "slope", 0))
        step = np.resize(layer.accumulator_scale, layer.sent_shape) * integers.scales[core] * slope
        difference = np.abs(trace.activations[core].reshape(real.shape) - steps)
        assert (difference <= 0.5 + step / 2 + 1e-6 * integers.layers[core - 1].requantiser.high).all()


@hypothesis_settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32), st.lists(st.integers(1, 20), min_size=2, max_size=4), st.integers(4, 8))
def test_each_layer_of_a_chain_is_its_equation_to_half_a_step(seed: int, sizes: list[int], bits: int) -> None:
    network, frames = random_network(seed, sizes), random_frames(seed, 8, sizes[0])
    try:
        result = quantise(network, frames, Quantisation(weight_bits=bits, percentile=100))
    except WorkloadError as error:
        assert "activations are 0" in str(error)  # noqa: PT017 - a random network may be dead
        return
    for integers in (result.full, result.scaled):
        check_each_layer_is_its_equation(network, integers, frames)


@hypothesis_settings(max_examples=200, deadline=None)
@given(graphs(), st.integers(0, 2**32 - 1), st.integers(4, 8), st.sampled_from(["percentile", "largest", "mse"]))
def test_each_layer_of_a_graph_is_its_equation_to_half_a_step(graph: Network, seed: int, bits: int, kind: str) -> None:
    assume(graph.input_shape[0] in {1, 3})
    graph = replace(graph, preprocessing=GRAY if graph.input_shape[0] == 1 else IMAGENET)
    frames = random_frames(seed, 3, int(np.prod(graph.input_shape)))
    try:
        result = quantise(graph, frames, Quantisation(weight_bits=bits, calibration=kind))
    except WorkloadError as error:
        assert any(why in str(error) for why in ("activations are 0", "straddle", "maps of different sizes"))  # noqa: PT017
        return
    for integers in (result.full, result.scaled):
        check_each_layer_is_its_equation(graph, integers, frames)


def exact_weights(weights: np.ndarray, bits: int) -> tuple[list[int], Fraction]:
    """Integers of one output's float32 weights and the real value of 1, in exact fractions."""
    exact = [Fraction(float(weight)) for weight in weights.ravel()]
    unit = max(map(abs, exact)) / (2 ** (bits - 1) - 1)
    return [round(weight / unit) for weight in exact], unit


def check_factor(requantiser: Requantiser, channel: int, factor: Fraction) -> None:
    multiplier, shift = int(requantiser.multiplier[channel]), int(requantiser.shift[channel])
    assert 2**30 <= multiplier < 2**31
    assert abs(Fraction(multiplier, 2**shift) / factor - 1) <= Fraction(1, 2**31) + Fraction(1, 2**49)


def test_the_bundled_network_in_exact_fractions() -> None:
    """Weights, biases and multipliers of the MNIST network, from its float weights and the scales alone."""
    network = load_network("mnist-784-200-200-10")
    calibration = load_frames("mnist", split="train", frames="0:1000").read(0, 1000)
    result = quantise(network, calibration)
    hidden = activations(network, calibration, np.float64)[1:-1]
    peaks = [1.0, *(float(np.percentile(np.abs(values), 99.9)) for values in hidden)]
    for integers, steps in ((result.full, 255), (result.scaled, 15)):
        assert integers.scales == tuple(float(f"{steps / peak:.6g}") for peak in peaks)
        assert (integers.input_shape, integers.input_shift, integers.input_offset.tolist()) == ((28, 28, 1), 0, [0])
        scales = [Fraction(scale) for scale in integers.scales]
        check_factor(integers.input_requantiser, 0, scales[0] * Fraction(network.input_scale))
        for index, (layer, real) in enumerate(zip(integers.layers, network.layers, strict=True)):
            for output in range(0, len(layer.bias), 7):
                weights, unit = exact_weights(real.weights[:, output], 8)
                assert layer.synapses[0].weights[:, output].tolist() == weights
                assert layer.bias[output] == round(Fraction(float(real.bias[output])) * scales[index] / unit)
                if layer.requantiser is not None:
                    check_factor(layer.requantiser, output, unit * scales[index + 1] / scales[index])


def test_a_grouped_convolution_in_exact_fractions() -> None:
    random = np.random.default_rng(11)
    weights = random.normal(size=(4, 3, 2, 3)).astype(np.float32)
    convolution = Convolution(weights, random.normal(size=4).astype(np.float32), groups=2)
    nodes = (
        Node("six", Concatenate(), (INPUT, INPUT)),
        Node("a", convolution, ("six",)),
        Node("r", Activation("leaky", slope=0.125), ("a",)),
        Node("b", Convolution(np.ones((1, 4, 1, 1), np.float32), np.zeros(1, np.float32)), ("r",)),
    )
    graph = Network("grouped", (3, 4, 5), nodes, "b", preprocessing=IMAGENET)
    frames = random_frames(11, 20, 60)
    network = quantise(graph, frames, Quantisation(weight_bits=5)).full
    first, second, k = network.layers[0], network.layers[1], [Fraction(scale) for scale in network.scales]
    for channel, scale in enumerate(IMAGENET.scale):
        check_factor(network.input_requantiser, channel, Fraction(scale) * k[0] / 2**network.input_shift)
    made = [*zip((first, second), (0, 1), strict=True)]
    assert [layer.name for layer, _ in made] == ["a.1", "a.2"]
    for layer, group in made:
        for output in range(2):
            wanted, unit = exact_weights(weights[2 * group + output], 5)
            got = layer.synapses[0].weights[:, :, :, output]
            # The group sees the whole frame once: its three channels.
            assert got.ravel().tolist() == wanted
            check_factor(layer.requantiser, output, unit * k[1] / k[0])
            check_factor(layer.activation.leak, output, unit * k[1] / k[0] / 8)


@pytest.mark.parametrize("name", STRUCTURES)
def test_block_structures_agree_with_float_at_eight_bits(name: str) -> None:
    # Measured: agreement 0.98 (VGG) to 1; signal to noise of outputs 34.6 to 40.7 dB, of the worst layer 24.1 dB.
    report = quantise(STRUCTURES[name](), smooth_frames(48, 3, 32), Quantisation(calibration="largest")).report
    assert report.agreement["full"] >= 0.95
    assert report.fits
    full = [layer for layer in report.layers if layer.precision == "full"]
    assert full[-1].signal_to_noise_db >= 30
    assert min(layer.signal_to_noise_db for layer in full) >= 20
    assert len(report.left_to_float) == 1


def test_squeezenet_agrees_with_float() -> None:
    graph = squeezenet11(131)
    report = quantise(graph, smooth_frames(4, 3, 131), Quantisation(calibration="mse", levels=64)).report
    assert report.agreement["full"] == 1
    ends = {layer.precision: layer.signal_to_noise_db for layer in report.layers if layer.scale is None}
    assert ends["full"] >= 30
    assert ends["scaled"] >= 20


def test_frames_are_read_in_channel_order() -> None:
    """A map that leaves the frame as it is gives it back in (y, x, channel) order."""
    eye = np.eye(3, dtype=np.float32)[:, :, None, None]
    nodes = (Node("same", Convolution(eye, np.zeros(3, np.float32)), (INPUT,)),)
    graph = Network("same", (3, 2, 5), nodes, "same", preprocessing=Preprocessing("rgb", (0.0,) * 3, (1 / 255,) * 3))
    frames = random_frames(12, 4, 30)
    network = quantise(graph, frames).full
    trace = integer_forward(network, frames)
    assert np.array_equal(trace.activations[0], frames.reshape(4, 3, 2, 5).transpose(0, 2, 3, 1).reshape(4, 30))
    np.testing.assert_allclose(real_outputs(network, trace.outputs), trace.activations[0] / 255, rtol=1e-6)


def test_senders_of_one_layer_share_their_scale() -> None:
    result = quantise(STRUCTURES["resnet"](), smooth_frames(8, 3, 32))
    for network in (result.full, result.scaled):
        sums = [layer for layer in network.layers if len(layer.synapses) > 1]
        assert len(sums) == 4
        for layer in sums:
            assert len({network.scales[synapses.source] for synapses in layer.synapses}) == 1
            assert all((synapses.weights == 1).all() for synapses in layer.synapses)


def test_given_scales_must_be_equal_where_they_are_shared() -> None:
    graph, frames = STRUCTURES["resnet"](), smooth_frames(8, 3, 32)
    scales = list(quantise(graph, frames).scaled.scales)
    assert quantise(graph, frames, Quantisation(scales=tuple(scales))).scaled.scales == tuple(scales)
    scales[4] *= 2
    with pytest.raises(WorkloadError, match=r"are added up or concatenated, so they share one scale, but scales has"):
        quantise(graph, frames, Quantisation(scales=tuple(scales)))


def test_finer_integers_are_nearer_to_float() -> None:
    network, frames = random_network(3, [30, 20, 5]), random_frames(3, 200, 30)
    exact = forward(network, frames)
    errors = []
    for bits in (4, 6, 8, 10):
        settings = Quantisation(weight_bits=bits, activation_bits=bits, levels=2 ** (bits - 2), percentile=100)
        errors.append(np.abs(real_values(quantise(network, frames, settings).scaled, frames) - exact).mean())
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < errors[0] / 20


def test_both_networks_share_weights_and_levels_are_spanned() -> None:
    network, frames = random_network(4, [10, 8, 6, 3]), random_frames(4, 100, 10)
    result = quantise(network, frames, Quantisation(levels=15, percentile=100))
    for full, scaled in zip(result.full.layers, result.scaled.layers, strict=True):
        assert np.array_equal(full.synapses[0].weights, scaled.synapses[0].weights)
        assert full.synapses[0].weights.min() >= -127
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
    assert not result.full.layers[0].synapses[0].weights[:, 1:].any()
    np.testing.assert_allclose(real_values(result.full, frames)[:, 1:], [[2.0, 0.5]] * 100, atol=0.02)


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
        (random_network(9, [4, 3, 2]), {"accumulator_bits": 8}, "beyond 8 bits, .* raise accumulator_bits"),
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


EXPONENTS = st.integers(-30, 3)


@given(
    st.integers(0, 2**32 - 1),
    st.lists(EXPONENTS, min_size=4, max_size=4),
    st.sampled_from([0, 1e-6, 1e-3, 1.0, 1e6, 1e12]),
    st.sampled_from([(8, 8), (16, 8), (8, 16), (16, 16)]),
)
def test_a_bias_of_any_size_beside_weights_of_any_size_fits(
    seed: int, exponents: list[int], bias: float, widths: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    weights = random.standard_normal((6, 4)) * 10.0 ** np.array(exponents)
    weights[:, random.random(4) < 0.3] = 0  # dead channels, as pruning leaves them
    biases = bias * np.array([1.0, 0.9, -1.0, 0])
    network = network_from_arrays([weights, random.standard_normal((4, 3))], [biases, np.zeros(3)])
    frames = random_frames(seed, 5, 6)
    assume((activations(network, frames)[1] > 0).any())
    both = quantise(
        network, frames, Quantisation(weight_bits=widths[0], activation_bits=widths[1], calibration="largest")
    )
    exact = network.layers[0].bias.astype(np.float64)
    for part in (both.full, both.scaled):
        layer = part.layers[0]
        assert np.array_equal(layer.synapses[0].weights, both.full.layers[0].synapses[0].weights)
        coarsest = np.abs(exact) / 2**30 * max(both.full.scales[0], both.scaled.scales[0]) / part.scales[0]
        usual = np.maximum(np.abs(network.layers[0].weights).max(axis=0), 2.0**-12 * np.abs(weights).max())
        usual = (usual if usual.any() else np.ones(4)) / (2 ** (widths[0] - 1) - 1) / part.scales[0]
        assert (layer.accumulator_scale <= np.maximum(usual, coarsest) * (1 + 1e-6)).all()
        assert (np.abs(layer.bias * layer.accumulator_scale - exact) <= layer.accumulator_scale * 0.500001).all()
        assert (np.abs(layer.bias.astype(np.int64)) < 2**31).all()
        real = layer.synapses[0].weights * layer.accumulator_scale * part.scales[0]
        assert (np.abs(real - network.layers[0].weights) <= layer.accumulator_scale * part.scales[0] * 0.500001).all()


@pytest.mark.parametrize("size", [1, 1e-3, 1e-5, 1e-9, 0])
def test_tiny_weights_and_an_ordinary_bias_keep_their_answer(size: float) -> None:
    random = np.random.default_rng(0)
    weights = random.standard_normal((6, 4)) * size
    network = network_from_arrays([weights, random.standard_normal((4, 3))], [[5, 4.5, 4, 0.1], np.zeros(3)])
    frames = random_frames(1, 20, 6)
    both = quantise(network, frames, Quantisation(calibration="largest"))
    real = forward(network, frames)
    error = real_values(both.full, frames) - real
    assert np.abs(error).max() < 0.02 * np.abs(real).max()


def test_units_too_coarse_for_the_weights_are_refused_and_the_remedy_serves() -> None:
    network = network_from_arrays([np.full((6, 4), 0.9), np.eye(4)], [np.full(4, 3.0), np.zeros(4)])
    narrow = [Quantisation(accumulator_bits=bits) for bits in range(8, 33)]
    told = [_refusal(network, random_frames(1, 20, 6), settings) for settings in narrow]
    assert 0 < told.count(None) < len(told)
    assert told == sorted(told, key=lambda each: each is None)  # more bits never harm
    assert all("raise accumulator_bits" in each for each in told if each is not None)

    random = np.random.default_rng(2)
    wide = network_from_arrays([random.uniform(0, 18, (80_000, 1)), np.eye(1)], [[3e5], np.zeros(1)])
    frames = random_frames(1, 1, 80_000)
    most = Quantisation(weight_bits=16, activation_bits=16)
    assert "lower activation_bits" in str(_refusal(wide, frames, most))
    assert _refusal(wide, frames, most.model_copy(update={"activation_bits": 12})) is None


def _refusal(network: Network, frames: np.ndarray, settings: Quantisation) -> str | None:
    try:
        quantise(network, frames, settings)
    except WorkloadError as error:
        return str(error)
    return None
