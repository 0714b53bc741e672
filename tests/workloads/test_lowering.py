"""Lowering: the layers compute what the graph does, exactly; what joins a layer and what becomes one of its own."""

from __future__ import annotations

import numpy as np
import pytest
from block_graphs import STRUCTURES
from hypothesis import assume, given, settings
from lowered_values import layer_values
from random_graphs import graphs

from workloads import Network, WorkloadError
from workloads.graphs.graph import (
    INPUT,
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    Node,
    Softmax,
)
from workloads.graphs.run import run_graph
from workloads.graphs.squeezenet import squeezenet11
from workloads.integer.float_layers import FloatLayer, sent_values
from workloads.integer.lowering import Lowered, lower
from workloads.integer.scales import scale_groups

RELU, POOL = Activation("relu"), MaxPool((2, 2), (2, 2))


def conv(outputs: int = 2, inputs: int = 2, size: int = 1, **fields) -> Convolution:
    random = np.random.default_rng(outputs + inputs)
    weights = random.normal(size=(outputs, inputs, size, size)).astype(np.float32)
    return Convolution(weights, random.normal(size=outputs).astype(np.float32), **fields)


def net(*nodes: tuple, shape=(2, 4, 4)) -> Network:
    """A graph of (name, operation, input, ...) that ends with the last of them."""
    made = tuple(Node(name, operation, tuple(inputs)) for name, operation, *inputs in nodes)
    return Network("net", shape, made, made[-1].name)


def summary(lowered: Lowered) -> list[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    return [(layer.name, layer.nodes, tuple(link.source for link in layer.links)) for layer in lowered.layers]


def check_values(graph: Network, layers: tuple[FloatLayer, ...], seed: int = 0) -> None:
    """Each layer sends what the graph has at its place."""
    frames = np.random.default_rng(seed).normal(size=(3, *graph.input_shape))
    expected = run_graph(graph, frames, dtype=np.float64)
    sent = [frames.transpose(0, 2, 3, 1)]
    for layer in layers:
        values = layer_values(layer, sent)
        assert values.shape[1:] == layer.sent_shape
        wanted = sent_values(layer.place, layer.sent_shape, expected[layer.place.node])
        # Weights from one sender are added up in float32; nothing else differs.
        np.testing.assert_allclose(values.reshape(3, -1), wanted, rtol=0, atol=2e-6 * np.abs(wanted).max(initial=1))
        sent.append(values)


@settings(max_examples=400, deadline=None)
@given(graphs())
def test_layers_compute_what_the_graph_does(graph: Network) -> None:
    try:
        lowered = lower(graph)
    except WorkloadError as error:
        assume("straddle" not in str(error))
        assume("maps of different sizes" not in str(error))
        raise
    check_values(graph, lowered.layers)
    last = lowered.layers[-1]
    assert last.activation is None
    assert last.pool is None
    heard = {link.source for layer in lowered.layers for link in layer.links}
    assert heard == set(range(len(lowered.layers)))


@pytest.mark.parametrize("name", STRUCTURES)
def test_block_structures_lower(name: str) -> None:
    graph = STRUCTURES[name]()
    lowered = lower(graph)
    check_values(graph, lowered.layers)
    assert lowered.left_to_float == (graph.output,)


def test_squeezenet_is_a_layer_per_convolution_and_one_for_the_mean() -> None:
    lowered = lower(squeezenet11(63))
    assert len(lowered.layers) == 27
    assert lowered.left_to_float == ("prob",)
    assert lowered.layers[0].nodes == ("conv1", "conv1.relu", "pool1")
    assert summary(lowered)[5] == ("fire3.expand1x1", ("fire3.expand1x1", "fire3.expand1x1.relu", "pool3"), (5,))
    assert summary(lowered)[7] == ("fire4.squeeze1x1", ("fire4.squeeze1x1", "fire4.squeeze1x1.relu"), (6, 7))


def test_pools_and_activations_join_the_only_layer_they_follow() -> None:
    graph = net(("a", conv(), INPUT), ("p", POOL, "a"), ("r", RELU, "p"), ("b", conv(), "r"))
    lowered = lower(graph)
    assert summary(lowered) == [("a", ("a", "p", "r"), (0,)), ("b", ("b",), (1,))]
    assert lowered.layers[0].sent_shape == (2, 2, 2)


def test_what_others_read_stays_as_it_is() -> None:
    graph = net(("a", conv(), INPUT), ("r", RELU, "a"), ("b", conv(), "r"), ("c", Add(), "a", "b"), ("d", conv(), "c"))
    assert summary(lower(graph)) == [
        ("a", ("a",), (0,)),
        ("r", ("r",), (1,)),
        ("b", ("b",), (2,)),
        ("c", ("c",), (1, 3)),
        ("d", ("d",), (4,)),
    ]


def test_what_follows_a_concatenation_goes_to_each_part_on_its_own() -> None:
    graph = net(
        ("a", conv(), INPUT),
        ("b", conv(3), INPUT),
        ("side", conv(2, 3), "b"),
        ("ab", Concatenate(), "a", "b"),
        ("r", RELU, "ab"),
        ("c", conv(2, 5), "r"),
        ("d", Add(), "c", "side"),
    )
    lowered = lower(graph)
    assert summary(lowered) == [
        ("a", ("a", "r"), (0,)),
        ("b", ("b",), (0,)),
        ("side", ("side",), (2,)),
        ("r.b", ("r",), (2,)),
        ("c", ("c",), (1, 4)),
        ("d", ("d",), (5, 3)),
    ]
    assert scale_groups(lowered.layers) == (0, 1, 2, 3, 1, 3)
    check_values(graph, lowered.layers)


def test_grouped_convolutions_are_cut_where_parts_and_groups_end() -> None:
    graph = net(
        ("a", conv(4), INPUT),
        ("b", conv(2), INPUT),
        ("ab", Concatenate(), "a", "b"),
        ("g", conv(6, 2, 3, groups=3, padding=(1, 1, 1, 1)), "ab"),
        ("c", conv(1, 6), "g"),
    )
    lowered = lower(graph)
    assert summary(lowered)[2:] == [("g.1", ("g",), (1,)), ("g.2", ("g",), (2,)), ("c", ("c",), (3, 4))]
    assert [layer.shape[2] for layer in lowered.layers[2:]] == [4, 2, 1]
    check_values(graph, lowered.layers)


def test_groups_that_straddle_parts_are_refused() -> None:
    graph = net(
        ("a", conv(3), INPUT),
        ("b", conv(3), INPUT),
        ("ab", Concatenate(), "a", "b"),
        ("g", conv(3, 2, groups=3), "ab"),
    )
    with pytest.raises(WorkloadError, match=r"node 'g' \(Convolution\): its 3 groups of 2 .* a \(3 channels\), b \(3"):
        lower(graph)


def test_a_value_read_twice_by_one_layer_has_its_weights_added() -> None:
    graph = net(("a", conv(), INPUT), ("x", Add(), "a", "a"), ("xa", Concatenate(), "x", "x"), ("b", conv(3, 4), "xa"))
    lowered = lower(graph)
    assert summary(lowered) == [("a", ("a",), (0,)), ("x", ("x",), (1,)), ("b", ("b",), (2,))]
    assert (lowered.layers[1].links[0].weights == 2).all()
    check_values(graph, lowered.layers)


def test_sums_of_differently_joined_values() -> None:
    graph = net(
        ("a", conv(3), INPUT),
        ("b", conv(1), INPUT),
        ("ab", Concatenate(), "a", "b"),
        ("c", conv(4), INPUT),
        ("s", Add(), "ab", "c"),
        ("d", conv(1, 4), "s"),
    )
    lowered = lower(graph)
    assert summary(lowered)[3] == ("s", ("s",), (1, 2, 3))
    check_values(graph, lowered.layers)


def test_sums_of_vectors_of_different_maps_are_refused() -> None:
    graph = net(
        ("a", conv(), INPUT),
        ("f", Flatten(), "a"),
        ("d", Dense(np.ones((32, 32), np.float32), np.zeros(32, np.float32)), INPUT),
        ("s", Add(), "f", "d"),
    )
    with pytest.raises(WorkloadError, match=r"node 's' \(Add\): .* maps of different sizes \(1 x 1, 4 x 4\)"):
        lower(graph)


@pytest.mark.parametrize("end", [RELU, POOL, Activation("clip", -1.0, 1.0)])
def test_outputs_that_are_no_plain_sums_are_read_out_by_a_layer(end) -> None:
    graph = net(("a", conv(), INPUT), ("end", end, "a"))
    lowered = lower(graph)
    assert summary(lowered) == [("a", ("a", "end"), (0,)), ("readout", (), (1,))]
    check_values(graph, lowered.layers)


def test_a_joined_output_is_read_out_by_one_layer() -> None:
    graph = net(("a", conv(3), INPUT), ("b", conv(1), INPUT), ("ab", Concatenate(), "a", "b"))
    lowered = lower(graph)
    assert summary(lowered)[2] == ("readout", (), (1, 2))
    assert lowered.layers[2].shape == (4, 4, 4)
    check_values(graph, lowered.layers)


def test_pools_of_unequal_divisors_join_nothing_that_compares_sums() -> None:
    average = AveragePool((2, 2), (1, 1), (1, 1, 1, 1))
    clip = Activation("clip", -1.0, 1.0)
    graph = net(("a", average, INPUT), ("c", clip, "a"), ("m", POOL, "c"), ("b", conv(), "m"))
    assert summary(lower(graph)) == [("a", ("a",), (0,)), ("c", ("c", "m"), (1,)), ("b", ("b",), (2,))]
    even = net(("a", AveragePool((2, 2)), INPUT), ("c", clip, "a"), ("m", POOL, "c"), ("b", conv(), "m"))
    assert summary(lower(even)) == [("a", ("a", "c", "m"), (0,)), ("b", ("b",), (1,))]


def test_sums_of_what_is_never_negative_are_unsigned() -> None:
    graph = net(
        ("a", conv(), INPUT), ("r", RELU, "a"), ("p", AveragePool((2, 2)), "r"), ("b", conv(), "p"), ("c", conv(), "b")
    )
    assert [layer.unsigned for layer in lower(graph).layers] == [True, True, False, False]


def test_activations_that_do_nothing_disappear() -> None:
    nothing = Activation("clip", float("-inf"), float("inf"))
    graph = net(("a", conv(), INPUT), ("n", nothing, "a"), ("r", RELU, "n"), ("b", conv(), "r"))
    assert summary(lower(graph)) == [("a", ("a", "r"), (0,)), ("b", ("b",), (1,))]


def test_falling_activations_are_refused() -> None:
    graph = net(("a", conv(), INPUT), ("l", Activation("leaky", slope=-0.5), "a"), ("s", Softmax(), "l"))
    with pytest.raises(WorkloadError, match=r"network 'net', node 'l' \(Activation\): slope -0.5 falls"):
        lower(graph)
