"""Random integer networks: the batch executor against plain Python integers, the static bound, and the check."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from random_integers import integer_networks, slow_forward, slow_sum

from workloads import (
    IntegerLayer,
    IntegerNetwork,
    MaxPooling,
    Requantiser,
    Synapses,
    Window,
    WorkloadError,
    bits_needed,
    check_integer_network,
    dense_layer,
    integer_forward,
    largest_inputs,
    static_bound,
)
from workloads.integer.unary import Clip, Identity, Leaky, Relu, Table


@settings(max_examples=300, deadline=None)
@given(integer_networks())
def test_batch_executor_equals_plain_integers(case: tuple[IntegerNetwork, np.ndarray]) -> None:
    network, frames = case
    check_integer_network(network)
    trace = integer_forward(network, frames)
    clipped = 0
    for number, frame in enumerate(frames):
        activations, outputs, more = slow_forward(network, frame)
        assert [s[number].tolist() for s in trace.activations] == activations
        assert trace.outputs[number].tolist() == outputs
        clipped += more
    assert sum(trace.saturated) == clipped


@settings(max_examples=200, deadline=None)
@given(integer_networks())
def test_static_bound_is_never_exceeded(case: tuple[IntegerNetwork, np.ndarray]) -> None:
    network, frames = case
    trace = integer_forward(network, frames)
    for index, (layer, largest) in enumerate(zip(network.layers, largest_inputs(network), strict=True)):
        bound = static_bound(layer, largest)
        for synapses, most in zip(layer.synapses, largest, strict=True):
            assert np.abs(trace.activations[synapses.source]).max() <= most
        s = [activations[0].tolist() for activations in trace.activations]
        for place in np.ndindex(layer.shape):
            assert abs(slow_sum(network, layer, s, place)) <= bound[place[2]]
        assert trace.peaks[index] <= bound.max()
        assert -(2 ** (bits_needed(int(bound.max())) - 1)) <= -bound.max()


def test_sums_beyond_float64_are_exact() -> None:
    """2**22 inputs of 2**16 - 1 times weights of 2**15 - 1 reach 2**53, which float64 would round."""
    layer = dense_layer(
        "wide",
        np.full((2**22 + 1024, 1), 2**15 - 1, np.int16),
        np.array([1], np.int32),
        Identity(),
        None,
        np.ones(1),
        source=0,
    )
    count = 2**22 + 1024
    unit = Requantiser(np.array([257 * 2**22], np.int32), np.array([22], np.int32), 0, 2**16 - 1, "half_up")
    network = IntegerNetwork(
        "wide", "full", (1, count, 1), unit, (layer,), 16, 16, 32, "saturate", (1.0,), np.zeros(1, np.int32)
    )
    trace = integer_forward(network, np.full((1, count), 255, np.uint8))
    assert trace.peaks[0] == count * (2**15 - 1) * (2**16 - 1) + 1 > 2**53


def test_frames_do_not_depend_on_those_beside_them() -> None:
    """Large batches go through in parts."""
    count = 3 << 20
    window = Window(stride=(1, 3), groups=1)
    layer = IntegerLayer(
        "thin",
        (1, count // 3, 1),
        (Synapses(0, np.array([[[[3]]]], np.int8), window),),
        np.zeros(1, np.int32),
        Identity(),
        None,
        np.ones(1),
        (1, count // 3, 1),
    )
    network = replace(small_network(), input_shape=(1, count, 1), layers=(layer,), scales=(1.0,))
    network = replace(network, input_offset=np.zeros(1, np.int32))
    frames = np.random.default_rng(0).integers(0, 256, (4, count), dtype=np.uint8)
    trace = integer_forward(network, frames)
    assert np.array_equal(trace.activations[0], frames)
    assert np.array_equal(trace.outputs, 3 * frames[:, ::3].astype(np.int32))
    assert trace.peaks == (int(frames[:, ::3].max()) * 3,)
    assert trace.saturated == (0,)


def test_static_bound_is_reached_by_the_worst_input() -> None:
    weights, bias = np.array([[3, -1], [-2, -4]], np.int8), np.array([5, -7], np.int32)
    layer = dense_layer("layer1", weights, bias, Identity(), None, np.ones(2), source=0)
    assert static_bound(layer, (10,)).tolist() == [5 + 50, 7 + 50]
    assert (bias + np.array([10, 10]) @ weights).tolist() == [15, -57]


def test_static_bound_adds_up_all_senders_and_the_whole_window() -> None:
    grouped = Synapses(0, np.arange(-8, 8, dtype=np.int8).reshape(2, 2, 2, 2), Window(groups=2))
    single = Synapses(2, np.array([[[[1, -2, 3, -4]]]], np.int8), Window())
    layer = IntegerLayer(
        "layer1", (3, 3, 4), (grouped, single), np.ones(4, np.int32), Relu(), None, np.ones(4), (3, 3, 4)
    )
    sums = [8 + 6 + 4 + 2, 7 + 5 + 3 + 1, 0 + 2 + 4 + 6, 1 + 3 + 5 + 7]
    assert static_bound(layer, (10, 100)).tolist() == [
        1 + 10 * sums[0] + 100,
        1 + 10 * sums[1] + 200,
        1 + 10 * sums[2] + 300,
        1 + 10 * sums[3] + 400,
    ]


@pytest.mark.parametrize(("bound", "bits"), [(0, 1), (1, 2), (127, 8), (128, 9), (2**31 - 1, 32), (2**31, 33)])
def test_bits_needed(bound: int, bits: int) -> None:
    assert bits_needed(bound) == bits


def small_network(**changes: Any) -> IntegerNetwork:
    unit = Requantiser(np.array([2**30], np.int32), np.array([30], np.int32), 0, 255, "half_up")
    layers = tuple(
        dense_layer(
            f"layer{core}", np.eye(3, dtype=np.int8), np.zeros(3, np.int32), Relu(), requantiser, np.ones(3), core - 1
        )
        for core, requantiser in ((1, unit), (2, None))
    )
    network = IntegerNetwork(
        "small", "full", (1, 3, 1), unit, layers, 8, 8, 32, "wrap", (1.0, 1.0), np.zeros(1, np.int32)
    )
    return replace(network, **changes)


def with_layer(**changes: Any) -> IntegerNetwork:
    network = small_network()
    return replace(network, layers=(replace(network.layers[0], **changes), network.layers[1]))


def with_weights(weights: np.ndarray, **changes: Any) -> IntegerNetwork:
    return with_layer(synapses=(Synapses(0, weights, **changes),))


def with_requantiser(**changes: Any) -> IntegerNetwork:
    requantiser = small_network().layers[0].requantiser
    assert requantiser is not None
    return with_layer(requantiser=replace(requantiser, **changes))


def tabled(entries: list[int]) -> IntegerNetwork:
    network = with_requantiser(low=-1, high=0)
    layer = replace(network.layers[0], activation=Table(np.array(entries, np.int32)))
    return replace(network, layers=(layer, network.layers[1]))


def second_reads(source: int) -> IntegerNetwork:
    network = small_network()
    second = replace(network.layers[1], synapses=(Synapses(source, np.eye(3, dtype=np.int8)),))
    return replace(network, layers=(network.layers[0], second))


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
        (small_network(input_shape=(3, 1)), r"input_shape is \(3, 1\); needed \(height, width, channels\)"),
        (small_network(input_shape=(1, 4, 1)), "layer 1.*core 0: weights take 3 inputs but the sender's map .* 4"),
        (small_network(input_offset=np.zeros(2, np.int32)), r"input_offset is \(2,\) int32; needed \(1,\) int32"),
        (small_network(input_offset=np.ones(1, np.int32)), "input: clips to 0 .. 255; .* spans -128 .. 127"),
        (small_network(input_offset=np.array([-(2**31)], np.int32)), "pixels span 2147483648 .. 2147483903, beyond 32"),
        (small_network(input_shift=17), "input_shift is 17; allowed 0 to 16"),
        (with_weights(np.eye(3, dtype=np.int16)), "layer 1.*weights are int16"),
        (with_weights(np.asfortranarray(np.arange(9, dtype=np.int8).reshape(3, 3))), "not C-contiguous"),
        (with_weights(np.zeros((3, 0), np.int8)), r"shape \(3, 0\)"),
        (with_weights(np.zeros((3, 2), np.int8)), r"give 2 outputs, but shape is \(1, 1, 3\)"),
        (
            with_weights(np.ones((3, 1, 1), np.int8), window=Window()),
            r"shape \(3, 1, 1\); needed \(channels in, kernel",
        ),
        (
            with_weights(np.ones((3, 1, 1, 3), np.int8), window=Window()),
            "take 3 channels but the sender's map .* has 1",
        ),
        (with_weights(np.ones((1, 1, 1, 2), np.int8), window=Window()), "1 groups of 2 outputs are 2 channels"),
        (with_weights(np.ones((1, 1, 1, 3), np.int8), window=Window(groups=2)), "1 input channels .* 2 groups"),
        (with_weights(np.ones((1, 1, 1, 3), np.int8), window=Window(stride=(0, 1))), r"stride is \(0, 1\)"),
        (with_weights(np.ones((1, 1, 1, 3), np.int8), window=Window(padding=(0, -1))), r"padding is \(0, -1\)"),
        (with_layer(synapses=()), r"from cores \[\]; needed one or more"),
        (
            with_layer(synapses=(Synapses(1, np.eye(3, dtype=np.int8)),)),
            "from core 1; senders have lower numbers, 0 to 0",
        ),
        (with_layer(synapses=(Synapses(0, np.eye(3, dtype=np.int8)),) * 2), r"cores \[0, 0\]; .* each core once"),
        (second_reads(0), "no layer has synapses from layer 1 \\('layer1'\\); leave it out"),
        (with_layer(shape=(1, 3)), r"shape is \(1, 3\); needed \(height, width, channels\)"),
        (with_layer(sent_shape=(1, 1, 2)), "has no pool, so sends its shape"),
        (with_layer(pool=MaxPooling((1, 1)), sent_shape=(1, 1, 2)), "pools 3 channels but sends 2"),
        (with_layer(pool=MaxPooling((1, 0))), r"pool kernel is \(1, 0\)"),
        (with_layer(pool=MaxPooling((1, 2), padding=(0, 2))), "pool window 0 along x sees nothing of the map"),
        (
            with_layer(activation=Clip(np.zeros((2, 2), np.int32))),
            r"limits is \(2, 2\) int32; needed \(2, 3\)",
        ),
        (
            with_layer(activation=Clip(np.array([[0, 1, 0], [2, 0, 2]], np.int32))),
            "lower one is above its upper",
        ),
        (with_layer(activation=Leaky(small_network().input_requantiser)), "clips to 0 .. 255; .* spans -128 .. 127"),
        (with_layer(activation=Table(np.zeros(3, np.int32))), r"entries are \(3,\) int32; needed .* even number"),
        (with_layer(activation=Table(np.zeros(4, np.int32))), "clips to 0 .. 255; its activation spans -2 .. 1"),
        (tabled([0, 256]), "sends 0 .. 256; 8 activation bits hold 0 .. 255"),
        (tabled([-129, 0]), "sends -129 .. 0; 8 activation bits hold -128 .. 127"),
        (with_layer(accumulator_scale=np.ones(2)), "accumulator_scale is"),
        (with_layer(weight_bits=4), "layer 1.*weight_bits is 4; needed 8, the network's"),
        (with_layer(accumulator_bits=16), "layer 1.*accumulator_bits is 16; needed 32, the network's"),
        (with_layer(zero_point=1), "layer 1.*zero_point is 1; needed 0"),
        (with_weights(np.eye(3, dtype=np.int8), delay=1), "core 0: delay is 1; needed 0"),
        (with_layer(bias=np.zeros(3, np.int64)), "bias is .* int64; needed .* int32"),
        (with_layer(activation="tanh"), "activation is 'tanh'"),
        (with_layer(requantiser=None), "last layer, and only it"),
        (with_requantiser(high=300), "clips to 0 .. 300; its activation spans 0 .. 255"),
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
    network = replace(with_weights(2 * np.eye(3, dtype=np.int8)), weight_bits=2)
    low = replace(with_weights(-3 * np.eye(3, dtype=np.int8)), weight_bits=2)
    with pytest.raises(WorkloadError, match=r"weights span -3 \.\. 0"):
        check_integer_network(low)
    with pytest.raises(WorkloadError, match=r"weights span 0 \.\. 2; 2 bits hold -2 \.\. 1"):
        check_integer_network(network)


def test_a_bias_beyond_the_accumulator_is_refused() -> None:
    network = replace(with_layer(bias=np.array([0, 128, 0], np.int32)), accumulator_bits=8)
    with pytest.raises(WorkloadError, match=r"bias spans 0 \.\. 128, beyond 8 accumulator bits"):
        check_integer_network(network)
