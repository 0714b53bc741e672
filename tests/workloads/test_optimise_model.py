"""The network that scales are optimised on: its values, fan-outs, and operations against those of integers."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given, settings
from lowered_values import layer_values
from optimised_nets import branches, chain, frames
from random_graphs import graphs

from workloads import Network, Quantisation, WorkloadError, integer_forward, quantise
from workloads.graphs.graph import INPUT, Convolution, Dense, Flatten, MaxPool, Node, Preprocessing
from workloads.integer.float_layers import map_of
from workloads.integer.lowering import lower
from workloads.integer.network import Synapses
from workloads.integer.products import apply_synapses
from workloads.optimise import SenderCost, cost_and_error
from workloads.optimise.fan_out import fan_outs

jax = pytest.importorskip("jax")

from workloads.optimise.maps import layer_arrays, layer_map  # noqa: E402 - needs JAX


def lowered(graph: Network):
    try:
        return lower(graph).layers
    except WorkloadError as error:
        assume("straddle" not in str(error))
        assume("maps of different sizes" not in str(error))
        raise


@settings(max_examples=20)
@given(graphs(softmax=False))
def test_layers_compute_what_they_do_in_numpy(graph: Network) -> None:
    """Whatever kind of layer: windows of all strides, paddings and dilations, groups, means, pools, activations."""
    sent = [np.random.default_rng(0).normal(size=(2, *map_of(graph.input_shape)))]
    for layer in lowered(graph):
        expected = layer_values(layer, sent)
        heard = [sent[link.source].astype(np.float32) for link in layer.links]
        found = layer_map(layer, layer_arrays(layer), heard)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-5 * np.abs(expected).max(initial=1))
        sent.append(expected)


@given(graphs(softmax=False))
def test_fan_outs_are_the_synapses_there_are(graph: Network) -> None:
    layers = lowered(graph)
    shapes = [map_of(graph.input_shape), *(layer.sent_shape for layer in layers[:-1])]
    counted = [np.zeros(shape[:2], np.int64) for shape in shapes]
    for layer in layers:
        for link in layer.links:
            ones = Synapses(link.source, np.ones(link.weights.shape, np.int8), link.window)
            height, width, channels = shapes[link.source]
            for y, x in np.ndindex(height, width):
                event = np.zeros((1, height, width, channels))
                event[0, y, x, channels - 1] = 1
                counted[link.source][y, x] += int(apply_synapses(ones, event, layer.shape, np.float64).sum())
    for found, expected in zip(fan_outs(layers, shapes[0]), counted, strict=True):
        np.testing.assert_array_equal(found, expected)


def eighths(random, *shape: int) -> np.ndarray:
    """Weights n / 8, n integers of up to 127, which is reached in each output (the first axis)."""
    weights = random.integers(-127, 128, shape)
    weights.reshape(len(weights), -1)[:, 0] = 127
    return (weights / 8).astype(np.float32)


def exact_network() -> Network:
    """A network whose float weights are its integer weights times a power of two."""
    random = np.random.default_rng(0)
    nodes = (
        Node("a", Convolution(eighths(random, 4, 1, 3, 3), np.zeros(4, np.float32), padding=(1, 0, 1, 2)), (INPUT,)),
        Node("pool", MaxPool((2, 2), (2, 2)), ("a",)),
        Node("b", Convolution(eighths(random, 3, 4, 3, 3), np.ones(3, np.float32), stride=(2, 1)), ("pool",)),
        Node("flat", Flatten(), ("b",)),
        Node("out", Dense(eighths(random, 5, 18).T.copy(), np.zeros(5, np.float32)), ("flat",)),
    )
    return Network("exact", (1, 11, 11), nodes, "out", preprocessing=Preprocessing("gray", (100.0,), (1.0,)))


def per_sender(graph: Network, sent: list[np.ndarray], cost) -> np.ndarray:
    """Sum over neurons of cost(n, fan-out), (frames, senders), from integers (frames, neurons) in (y, x, c) order."""
    layers = lower(graph).layers
    shapes = [map_of(graph.input_shape), *(layer.sent_shape for layer in layers[:-1])]
    counts = fan_outs(layers, shapes[0])
    return np.stack(
        [
            cost(np.abs(n.astype(np.int64)), np.repeat(fan_out.ravel(), shape[2])).sum(axis=1)
            for n, fan_out, shape in zip(sent, counts, shapes, strict=True)
        ],
        axis=1,
    )


def csd(n: np.ndarray) -> np.ndarray:
    return np.bitwise_count(n ^ (3 * n))


COSTS = [
    (SenderCost(), lambda n, fan_out: n * fan_out),
    (SenderCost(per_unit=0, per_value=1), lambda n, fan_out: (n != 0) * fan_out),
    (SenderCost(per_unit=0, per_digit=1), lambda n, fan_out: csd(n) * fan_out),
    (SenderCost(0, 0, 0, message_per_unit=1), lambda n, _: n),
    (SenderCost(0, 0, 0, message_per_value=1), lambda n, _: n != 0),
]


@pytest.mark.parametrize("part", range(len(COSTS)))
@pytest.mark.parametrize("cost", ["rounding", "sigma_delta"])
def test_operations_are_those_of_the_integers_to_the_last_one(cost: str, part: int) -> None:
    graph, scales = exact_network(), (1 / 16, 1 / 512, 1 / 4096)
    shown = frames(7, 121)
    wide = Quantisation(weight_bits=8, activation_bits=16, scales=scales)
    sent = list(integer_forward(quantise(graph, shown, wide).scaled, shown).activations)
    if cost == "sigma_delta":
        sent = [np.diff(each, axis=0, prepend=0) for each in sent]
    weights, formula = COSTS[part]
    expected = per_sender(graph, sent, formula)
    assert (expected.sum(axis=0) > 0).all()
    _, operations = cost_and_error(graph, shown, scales, cost=cost, costs=[weights] * 3)
    assert operations[0] * 7 == pytest.approx(float(expected.sum()), rel=1e-12)


def test_errors_fall_with_scales_and_mean_what_they_say() -> None:
    network, shown = chain(), frames(50, 12)
    scales = np.array([[1.0] * 3, [8.0] * 3, [64.0] * 3, [1e5] * 3])
    for loss in ("kl", "l2", "l1", "relative"):
        errors, operations = cost_and_error(network, shown, scales, loss=loss)
        assert (np.diff(errors) < 0).all()
        assert (np.diff(operations) > 0).all()
        assert abs(errors[-1]) < 1e-3
    graph = network
    exact, outputs = (forward(graph, shown, k) for k in (None, 8.0))
    softmax = [np.exp(each) / np.exp(each).sum(axis=1, keepdims=True) for each in (outputs, exact)]
    kl = (softmax[0] * np.log(softmax[0] / softmax[1])).sum(axis=1).mean()
    magnitude = np.abs(outputs - exact)
    wanted = {
        "kl": kl,
        "l2": (magnitude**2).sum(axis=1).mean(),
        "l1": magnitude.sum(axis=1).mean(),
        "relative": magnitude.mean() / np.abs(exact).mean(),
    }
    for loss, expected in wanted.items():
        assert cost_and_error(network, shown, scales[1], loss=loss)[0][0] == pytest.approx(expected, rel=1e-4)


def forward(graph: Network, shown: np.ndarray, k: float | None) -> np.ndarray:
    """Outputs (n, 5) of the chain, rounded at scale k."""
    values = shown / 255
    for node in graph.nodes:
        if isinstance(node.operation, Dense):
            sent = values if k is None else np.floor(k * values + 0.5) / k
            values = sent @ node.operation.weights.astype(float) + node.operation.bias
        else:
            values = np.maximum(values, 0)
    return values


def test_frames_go_through_in_batches_with_the_same_result(monkeypatch) -> None:
    from workloads.optimise import evaluation  # noqa: PLC0415 - to bound its memory

    graph, shown, scales = branches(), frames(23, 243), np.random.default_rng(0).uniform(0.5, 4, (3, 1)) + np.zeros(7)
    for cost in ("rounding", "sigma_delta"):
        whole = cost_and_error(graph, shown, scales, cost=cost)
        with monkeypatch.context() as patch:
            patch.setattr(evaluation, "BATCH_BYTES", 20_000)
            parts = cost_and_error(graph, shown, scales, cost=cost)
        np.testing.assert_allclose(parts, whole, rtol=1e-5)


def test_wrong_scales_and_costs_are_refused() -> None:
    network, shown = chain(), frames(3, 12)
    with pytest.raises(WorkloadError, match="2 scales for network 'network'; needed 3"):
        cost_and_error(network, shown, (1.0, 1.0))
    with pytest.raises(WorkloadError, match="2 costs for network 'network'; needed 3"):
        cost_and_error(network, shown, (1.0, 1.0, 1.0), costs=[SenderCost()] * 2)
    with pytest.raises(WorkloadError, match=r"network 'network' takes \(n, 12\) uint8"):
        cost_and_error(network, frames(3, 13), (1.0, 1.0, 1.0))
    with pytest.raises(WorkloadError, match="no frames"):
        cost_and_error(network, frames(0, 12), (1.0, 1.0, 1.0))
    with pytest.raises(WorkloadError, match="share one scale"):
        cost_and_error(branches(), frames(1, 243), np.arange(1.0, 8.0))


def test_the_package_comes_without_jax_until_it_is_needed() -> None:
    code = (
        "import sys, numpy, workloads.optimise as o, workloads\n"
        "assert 'jax' not in sys.modules\n"
        "sys.modules['jax'] = None\n"
        "net = workloads.network_from_arrays([numpy.ones((2, 2))])\n"
        "try: o.cost_and_error(net, numpy.zeros((1, 2), numpy.uint8), (1.0,))\n"
        "except workloads.WorkloadError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "JAX is not installed; pip install 'deltasim[optimise]'" in done.stdout
