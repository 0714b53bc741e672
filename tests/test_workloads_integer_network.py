"""Random integer networks: the batch executor against plain Python integers, the static bound, and the check."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_workloads_fixedpoint import ROUNDINGS, exact_round

from workloads import (
    IntegerLayer,
    IntegerNetwork,
    Requantiser,
    WorkloadError,
    bits_needed,
    check_integer_network,
    integer_forward,
    largest_inputs,
    static_bound,
)
from workloads.integer_network import activation_range


def random_requantiser(random: np.random.Generator, channels: int, **fields: Any) -> Requantiser:
    multiplier = random.integers(2**30, 2**31, channels).astype(np.int32)
    multiplier[random.random(channels) < 0.1] = 0
    return Requantiser(multiplier, random.integers(30, 40, channels).astype(np.int32), **fields)


@st.composite
def networks(draw: st.DrawFn) -> tuple[IntegerNetwork, np.ndarray]:
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = draw(st.lists(st.integers(1, 6), min_size=2, max_size=5))
    weight_bits, activation_bits = draw(st.integers(2, 16)), draw(st.integers(2, 16))
    accumulator_bits, rounding = draw(st.integers(8, 32)), draw(st.sampled_from(ROUNDINGS))
    most, bias_most = 2 ** (weight_bits - 1), 2 ** (accumulator_bits - 1)
    layers = []
    for index in range(len(sizes) - 1):
        inputs, outputs = sizes[index : index + 2]
        activation = draw(st.sampled_from(("relu", "identity")))
        low, high = activation_range(activation, activation_bits)
        last = index == len(sizes) - 2
        layers.append(
            IntegerLayer(
                name=f"layer{index + 1}",
                weights=random.integers(-most, most, (inputs, outputs)).astype(
                    np.int8 if weight_bits <= 8 else np.int16
                ),
                bias=random.integers(-bias_most, bias_most, outputs).astype(np.int32),
                activation=activation,
                requantiser=None
                if last
                else random_requantiser(random, outputs, low=low, high=high, rounding=rounding),
                accumulator_scale=np.ones(outputs),
            )
        )
    first = random_requantiser(random, 1, low=0, high=2**activation_bits - 1, rounding=rounding)
    overflow = draw(st.sampled_from(("wrap", "saturate")))
    scales = (1.0,) * len(layers)
    network = IntegerNetwork(
        "random", "full", first, tuple(layers), weight_bits, activation_bits, accumulator_bits, overflow, scales
    )
    return network, random.integers(0, 256, (4, sizes[0]), dtype=np.uint8)


def slow_requantise(value: int, requantiser: Requantiser, channel: int) -> int:
    channel = min(channel, requantiser.multiplier.size - 1)
    exact = Fraction(value * int(requantiser.multiplier[channel]), 2 ** int(requantiser.shift[channel]))
    return min(max(exact_round(exact, requantiser.rounding), requantiser.low), requantiser.high)


def slow_accumulator(value: int, bits: int, overflow: str) -> int:
    half = 2 ** (bits - 1)
    if overflow == "saturate":
        return min(max(value, -half), half - 1)
    value %= 2**bits
    return value - 2**bits if value >= half else value


def slow_forward(network: IntegerNetwork, frame: np.ndarray) -> tuple[list[list[int]], list[int]]:
    """One frame in plain Python integers: every s, and the output accumulators."""
    s = [slow_requantise(int(pixel), network.input_requantiser, 0) for pixel in frame]
    activations = []
    for layer in network.layers:
        activations.append(s)
        weights, bias = layer.weights.tolist(), layer.bias.tolist()
        sums = [bias[o] + sum(s[i] * weights[i][o] for i in range(len(s))) for o in range(len(bias))]
        accumulators = [slow_accumulator(value, network.accumulator_bits, network.overflow) for value in sums]
        if layer.requantiser is not None:
            rectified = [max(a, 0) for a in accumulators] if layer.activation == "relu" else accumulators
            s = [slow_requantise(a, layer.requantiser, o) for o, a in enumerate(rectified)]
    return activations, accumulators


@settings(max_examples=200, deadline=None)
@given(networks())
def test_batch_executor_equals_plain_integers(case: tuple[IntegerNetwork, np.ndarray]) -> None:
    network, frames = case
    check_integer_network(network)
    trace = integer_forward(network, frames)
    for number, frame in enumerate(frames):
        activations, outputs = slow_forward(network, frame)
        assert [s[number].tolist() for s in trace.activations] == activations
        assert trace.outputs[number].tolist() == outputs


@settings(max_examples=200, deadline=None)
@given(networks())
def test_static_bound_is_never_exceeded(case: tuple[IntegerNetwork, np.ndarray]) -> None:
    network, frames = case
    trace = integer_forward(network, frames)
    for index, (layer, largest) in enumerate(zip(network.layers, largest_inputs(network), strict=True)):
        bound = static_bound(layer, largest)
        s = trace.activations[index]
        assert np.abs(s).max() <= largest
        assert (np.abs(layer.bias + s.astype(np.int64) @ layer.weights.astype(np.int64)) <= bound).all()
        assert trace.peaks[index] <= bound.max()
        assert -(2 ** (bits_needed(int(bound.max())) - 1)) <= -bound.max()


def test_static_bound_is_reached_by_the_worst_input() -> None:
    layer = IntegerLayer(
        name="layer1",
        weights=np.array([[3, -1], [-2, -4]], np.int8),
        bias=np.array([5, -7], np.int32),
        activation="identity",
        requantiser=None,
        accumulator_scale=np.ones(2),
    )
    assert static_bound(layer, 10).tolist() == [5 + 50, 7 + 50]
    assert (layer.bias + np.array([10, 10]) @ layer.weights).tolist() == [15, -57]


@pytest.mark.parametrize(("bound", "bits"), [(0, 1), (1, 2), (127, 8), (128, 9), (2**31 - 1, 32), (2**31, 33)])
def test_bits_needed(bound: int, bits: int) -> None:
    assert bits_needed(bound) == bits


def small_network(**changes: Any) -> IntegerNetwork:
    unit = Requantiser(np.array([2**30], np.int32), np.array([30], np.int32), 0, 255, "half_up")
    layers = tuple(
        IntegerLayer(f"layer{number}", np.eye(3, dtype=np.int8), np.zeros(3, np.int32), "relu", requantiser, np.ones(3))
        for number, requantiser in ((1, unit), (2, None))
    )
    return replace(IntegerNetwork("small", "full", unit, layers, 8, 8, 32, "wrap", (1.0, 1.0)), **changes)


def with_layer(**changes: Any) -> IntegerNetwork:
    network = small_network()
    return replace(network, layers=(replace(network.layers[0], **changes), network.layers[1]))


def with_requantiser(**changes: Any) -> IntegerNetwork:
    requantiser = small_network().layers[0].requantiser
    assert requantiser is not None
    return with_layer(requantiser=replace(requantiser, **changes))


def test_a_sound_network_passes() -> None:
    check_integer_network(small_network())


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (small_network(layers=()), "no layers"),
        (small_network(scales=(1.0,)), "has 1 scales; needs 2"),
        (small_network(scales=(1.0, float("nan"))), "scale nan is not a positive"),
        (small_network(accumulator_bits=33), "accumulator_bits is 33; allowed 8 to 32"),
        (small_network(overflow="ignore"), "overflow is 'ignore'; allowed wrap, saturate"),
        (with_layer(weights=np.eye(3, dtype=np.int16)), "layer 1.*weights are int16"),
        (with_layer(weights=np.asfortranarray(np.arange(9, dtype=np.int8).reshape(3, 3))), "not C-contiguous"),
        (with_layer(weights=np.zeros((3, 0), np.int8)), r"shape \(3, 0\)"),
        (with_layer(weights=np.zeros((3, 2), np.int8), bias=np.zeros(2, np.int32)), "accumulator_scale is"),
        (with_layer(bias=np.zeros(3, np.int64)), "bias is .* int64; needed .* int32"),
        (with_layer(activation="tanh"), "activation is 'tanh'"),
        (with_layer(requantiser=None), "last layer, and only it"),
        (with_requantiser(high=300), "clips to 0 .. 300; relu in 8 bits is 0 .. 255"),
        (with_requantiser(multiplier=np.array([-1], np.int32)), "multiplier -1 is negative"),
        (with_requantiser(shift=np.array([63], np.int32)), "allowed 1 to 62"),
        (with_requantiser(shift=np.array([3, 3], np.int32)), "needed 1 or 3 int32"),
        (with_requantiser(rounding="up"), "rounding is 'up'"),
    ],
)
def test_unsound_networks_are_refused(network: IntegerNetwork, message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        check_integer_network(network)


def test_clipped_activations_are_counted() -> None:
    double = Requantiser(np.array([2**30], np.int32), np.array([29], np.int32), 0, 255, "half_up")
    trace = integer_forward(small_network(input_requantiser=double), np.array([[127, 128, 200]], np.uint8))
    assert trace.activations[0].tolist() == [[254, 255, 255]]
    assert trace.saturated == (2, 0)  # 255 passes the second layer unchanged: the end of the range is within it
    assert trace.peaks == (255, 255)


def test_weights_beyond_their_bits_are_refused() -> None:
    network = replace(with_layer(weights=2 * np.eye(3, dtype=np.int8)), weight_bits=2)
    low = replace(with_layer(weights=-3 * np.eye(3, dtype=np.int8)), weight_bits=2)
    with pytest.raises(WorkloadError, match=r"weights span -3 \.\. 0"):
        check_integer_network(low)
    with pytest.raises(WorkloadError, match=r"weights span 0 \.\. 2; 2 bits hold -2 \.\. 1"):
        check_integer_network(network)


def test_a_bias_beyond_the_accumulator_is_refused() -> None:
    network = replace(with_layer(bias=np.array([0, 128, 0], np.int32)), accumulator_bits=8)
    with pytest.raises(WorkloadError, match=r"bias spans 0 \.\. 128, beyond 8 accumulator bits"):
        check_integer_network(network)
