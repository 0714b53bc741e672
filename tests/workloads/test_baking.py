"""Unit scales folded into weights: exact in fractions, bit for bit in integers where products are exact."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optimised_nets import branches, chain, frames

from workloads import Network, Quantisation, WorkloadError, forward, integer_forward, quantise
from workloads.graphs.graph import INPUT, Activation, Add, Convolution, Dense, Flatten, GlobalAveragePool, MaxPool, Node
from workloads.graphs.run import run_graph
from workloads.integer.baking import bake_scales, baked_weights
from workloads.integer.calibration import float_batches
from workloads.integer.lowering import lower

POSITIVE = st.fractions(Fraction(1, 50), 50, max_denominator=50)
NUMBER = st.fractions(-5, 5, max_denominator=20)


def drawn(draw, numbers, *shape: int) -> np.ndarray:
    flat = draw(st.lists(numbers, min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    array = np.empty(len(flat), object)
    array[:] = flat
    return array.reshape(shape)


def rounded(x: np.ndarray) -> np.ndarray:
    result = np.empty(x.size, object)
    result[:] = [Fraction((value + Fraction(1, 2)).__floor__()) for value in x.ravel()]
    return result.reshape(x.shape)


@given(st.data(), st.fractions(0, 1, max_denominator=8))
def test_baked_weights_compute_what_unit_scales_do_exactly(data, slope: Fraction) -> None:
    """Eqs. 26 and 27: rounding with a scale per unit, and rounding at 1 with baked weights, in exact arithmetic."""
    sizes = (3, 4, 2, 2)
    weights = [drawn(data.draw, NUMBER, out, size) for size, out in pairwise(sizes)]
    biases = [drawn(data.draw, NUMBER, out) for out in sizes[1:]]
    scales = [drawn(data.draw, POSITIVE, size) for size in sizes[:-1]]
    x = drawn(data.draw, NUMBER, sizes[0])
    one = np.array([Fraction(1)] * sizes[-1])

    values = x
    for w, b, k in zip(weights, biases, scales, strict=True):
        values = leaky(w @ (rounded(k * values) / k) + b, slope)

    sent = scales[0] * x
    for w, b, k_in, k_out in zip(weights, biases, scales, [*scales[1:], one], strict=True):
        matrix, bias = baked_weights(w, b, k_in[None], k_out)
        sent = leaky(matrix @ rounded(sent) + bias, slope)
    assert (sent == values).all()


def leaky(values: np.ndarray, slope: Fraction) -> np.ndarray:
    return np.array([value if value >= 0 else slope * value for value in values], object)


def unit_scales(graph: Network, only: set[str] | None = None, powers: bool = False, seed: int = 0) -> list:
    """Random scales for every hidden layer, or those in `only`."""
    random = np.random.default_rng(seed)
    scales: list = [None]
    for layer in lower(graph).layers[:-1]:
        exponents = random.integers(-3, 4, layer.shape[2]) if powers else random.normal(0, 1, layer.shape[2])
        scales.append(2.0**exponents if only is None or layer.name in only else None)
    return scales


def test_a_chain_computes_the_same() -> None:
    network, shown = chain(), frames(20, 12)
    baked = bake_scales(network, unit_scales(network))
    assert type(baked) is type(network)
    assert baked.name == network.name
    assert baked.layers[0].weights.dtype == np.float32
    assert not np.allclose(baked.layers[1].weights, network.layers[1].weights)
    np.testing.assert_allclose(forward(baked, shown), forward(network, shown), rtol=1e-4, atol=1e-5)
    exact = bake_scales(network, unit_scales(network, powers=True))
    for layer, other in zip(exact.layers, network.layers, strict=True):
        mantissas = np.frexp(layer.weights)[0], np.frexp(other.weights)[0]
        np.testing.assert_array_equal(*mantissas)


def test_a_graph_computes_the_same_and_sends_scaled_values() -> None:
    """Through max-pools, flattening, groups and concatenations, to convolutions and fully connected layers."""
    graph = with_parts()
    scales = unit_scales(graph)
    baked = bake_scales(graph, scales)
    _, real = next(float_batches(graph, frames(3, 3 * 81)))
    values, scaled = run_graph(graph, real), run_graph(baked, real)
    np.testing.assert_allclose(scaled["out"], values["out"], rtol=1e-3, atol=1e-4)
    for layer, given_scales in zip(lower(graph).layers[:-1], scales[1:], strict=True):
        name = layer.nodes[-1]
        shape = (1, -1, 1, 1)
        np.testing.assert_allclose(scaled[name], values[name] * given_scales.reshape(shape), rtol=1e-3, atol=1e-4)


def with_parts() -> Network:
    """`branches` without what adds up values, and a fully connected layer on a map."""
    graph = branches(Activation("leaky", slope=0.1), addition=False)
    nodes = [node for node in graph.nodes if node.name not in {"mean", "out"}]
    random = np.random.default_rng(1)
    end = Dense(random.normal(size=(4 * 2, 5)).astype(np.float32), np.zeros(5, np.float32))
    nodes += [
        Node("small", MaxPool((2, 1)), ("last",)),
        Node("flat", Flatten(), ("small",)),
        Node("out", end, ("flat",)),
    ]
    return Network("parts", graph.input_shape, tuple(nodes), "out", preprocessing=graph.preprocessing)


@pytest.mark.parametrize("weight_bits", [8, 16])
def test_scales_of_layers_are_the_same_baked_or_given(weight_bits: int) -> None:
    """Powers of two, one per layer: weights and their scales keep their mantissas, so all integers are equal.

    Scales that differ from unit to unit change how the next layer's weights compare with each other, hence what they
    are in 8 bits; and other numbers round in float32.
    """
    network, shown, scales = chain(), frames(30, 12), (16.0, 32.0, 8.0)
    bits = {"weight_bits": weight_bits, "activation_bits": 16}
    given_scales = quantise(network, shown, Quantisation(scales=scales, **bits)).scaled
    by_unit = [None, np.full(8, scales[1]), np.full(7, scales[2])]
    baked = quantise(bake_scales(network, by_unit), shown, Quantisation(scales=(scales[0], 1.0, 1.0), **bits)).scaled
    one, other = integer_forward(given_scales, shown), integer_forward(baked, shown)
    assert all(np.ptp(each) > 3 for each in one.activations)
    for left, right in zip(one.activations, other.activations, strict=True):
        np.testing.assert_array_equal(left, right)
    np.testing.assert_array_equal(one.outputs, other.outputs)
    for left, right in zip(given_scales.layers, baked.layers, strict=True):
        np.testing.assert_array_equal(left.synapses[0].weights, right.synapses[0].weights)


def test_the_integers_of_a_baked_network_have_the_scale_of_their_unit() -> None:
    network, shown, k = chain(), frames(30, 12), 64.0
    factors = np.array([0.25, 0.5, 1, 2, 4, 1, 1, 0.5])
    bits = Quantisation(weight_bits=16, activation_bits=16, scales=(4096.0, k, k))
    plain = quantise(network, shown, bits).scaled
    baked = quantise(bake_scales(network, [None, factors, None]), shown, bits).scaled
    sent = [integer_forward(each, shown).activations[1] for each in (plain, baked)]
    assert (np.abs(sent[1] - sent[0] * factors) <= 0.5 * (factors + 1) + 0.01).all()
    assert (sent[1] != sent[0]).any()


def conv_net(*nodes: Node) -> Network:
    weights = np.ones((2, 1, 1, 1), np.float32)
    first = Node("a", Convolution(weights, np.zeros(2, np.float32)), (INPUT,))
    return Network("net", (1, 2, 2), (first, *nodes), nodes[-1].name)


OUT = Convolution(np.ones((1, 2, 1, 1), np.float32), np.zeros(1, np.float32))
TWO = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("graph", "scales", "told"),
    [
        (conv_net(Node("c", Activation("clip", 0, 6), ("a",)), Node("o", OUT, ("c",))), [None, TWO], "'c' clips"),
        (
            conv_net(Node("m", GlobalAveragePool(), ("a",)), Node("f", Flatten(), ("m",))),
            [None, TWO],
            "would change it; give None",
        ),
        (conv_net(Node("o", OUT, ("a",))), [TWO, None], "unit scales for the input"),
        (conv_net(Node("o", OUT, ("a",))), [None], "unit scales for 1 senders of network 'net'; needed 2"),
        (conv_net(Node("o", OUT, ("a",))), [None, np.ones(3)], "needed 2 positive finite numbers"),
        (conv_net(Node("o", OUT, ("a",))), [None, np.array([1.0, 0.0])], "needed 2 positive finite numbers"),
        (
            conv_net(Node("r", Activation("relu"), ("a",)), Node("s", Add(), ("a", "r")), Node("o", OUT, ("s",))),
            [None, None, TWO, None],
            "net', r: unit scales for a layer without weights",
        ),
    ],
)
def test_scales_that_cannot_be_folded_are_refused(graph: Network, scales: list, told: str) -> None:
    with pytest.raises(WorkloadError) as caught:
        bake_scales(graph, scales)
    assert told in str(caught.value)


def test_values_that_are_added_up_need_the_same_scales() -> None:
    same = Convolution(np.ones((2, 2, 1, 1), np.float32), np.zeros(2, np.float32))
    graph = conv_net(Node("b", same, ("a",)), Node("s", Add(), ("a", "b")), Node("o", OUT, ("s",)))
    with pytest.raises(WorkloadError, match="'s' adds up a, b, whose unit scales differ"):
        bake_scales(graph, [None, TWO, None, None])
    baked = bake_scales(graph, [None, TWO, TWO, None])
    real = np.random.default_rng(0).normal(size=(2, 1, 2, 2)).astype(np.float32)
    np.testing.assert_allclose(run_graph(baked, real)["o"], run_graph(graph, real)["o"], rtol=1e-5)
