"""Float graphs: checks, shapes, the executor by hand, files, SqueezeNet."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from random_graphs import graphs

from workloads.content_hash import content_sha256
from workloads.errors import WorkloadError
from workloads.graphs.files import load_graph, save_graph
from workloads.graphs.graph import (
    INPUT,
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    MaxPool,
    Network,
    Node,
    Preprocessing,
    Softmax,
    cut_graph,
)
from workloads.graphs.run import normalise, run_graph, walk_graph
from workloads.graphs.shapes import output_shape, window_divisors
from workloads.graphs.squeezenet import squeezenet11


def convolution(outputs=2, inputs=1, **fields) -> Convolution:
    return Convolution(np.ones((outputs, inputs, 3, 3), np.float32), np.zeros(outputs, np.float32), **fields)


def graph_of(*nodes, output=None, shape=(1, 6, 6), **fields) -> Network:
    return Network("net", shape, nodes, output or nodes[-1].name, **fields)


RELU = Activation("relu")

WRONG = {
    "no nodes": (lambda: Network("net", (1, 6, 6), (), "a"), "has no nodes"),
    "frame": (lambda: graph_of(Node("a", RELU, (INPUT,)), shape=(6, 6)), "input_shape is (6, 6)"),
    "twice": (lambda: graph_of(Node("a", RELU, (INPUT,)), Node("a", RELU, ("a",))), "node 'a': 2 nodes have this name"),
    "taken": (lambda: graph_of(Node(INPUT, RELU, (INPUT,))), "node 'input': this name is taken"),
    "order": (lambda: graph_of(Node("a", RELU, ("b",)), Node("b", RELU, ("a",))), "node 'a' reads 'b'"),
    "unread": (lambda: graph_of(Node("a", RELU, (INPUT,)), Node("b", RELU, (INPUT,))), "node 'a': nothing reads it"),
    "output": (lambda: graph_of(Node("a", RELU, (INPUT,)), output="b"), "its output 'b' is no node"),
    "channels": (lambda: graph_of(Node("a", convolution(inputs=3), (INPUT,))), "takes 3 channels"),
    "groups": (lambda: graph_of(Node("a", convolution(outputs=3, groups=2), (INPUT,))), "shared by 2 groups"),
    "window": (lambda: graph_of(Node("a", MaxPool((7, 7)), (INPUT,))), "larger than the map 6 x 6"),
    "padding": (lambda: graph_of(Node("a", MaxPool((2, 2), padding=(2, 0, 0, 0)), (INPUT,))), "not smaller than"),
    "blind": (
        lambda: graph_of(Node("a", MaxPool((2, 1), padding=(2, 0, 2, 0), dilation=(4, 1)), (INPUT,)), shape=(1, 1, 1)),
        "sees padding only",
    ),
    "stride": (lambda: graph_of(Node("a", MaxPool((2, 2), (0, 1)), (INPUT,))), "stride is (0, 1)"),
    "add": (
        lambda: graph_of(Node("a", convolution(), (INPUT,)), Node("b", Add(), ("a", INPUT))),
        "must have one shape",
    ),
    "one": (lambda: graph_of(Node("a", Concatenate(), (INPUT,))), "has 1 inputs; needed two or more"),
    "softmax": (
        lambda: graph_of(Node("a", Softmax(), (INPUT,)), Node("b", RELU, ("a",))),
        "only supported as the last",
    ),
    "classes": (lambda: graph_of(Node("a", convolution(), (INPUT,)), classes=("cat",)), "1 class names for an output"),
    "pixels": (
        lambda: graph_of(Node("a", RELU, (INPUT,)), preprocessing=Preprocessing("rgb", (0,) * 3, (1,) * 3)),
        "needs 3 channels",
    ),
    "clip": (lambda: graph_of(Node("a", Activation("clip", 1, 0), (INPUT,))), "low must not be above high"),
    "kind": (lambda: graph_of(Node("a", Activation("relo"), (INPUT,))), "Did you mean 'relu'?"),
    "float64": (
        lambda: graph_of(Node("a", Dense(np.ones((36, 2)), np.ones(2, np.float32)), (INPUT,))),
        "weights are float64; needed float32",
    ),
    "nan": (
        lambda: graph_of(Node("a", Dense(np.ones((36, 1), np.float32), np.float32([np.nan])), (INPUT,))),
        "node 'a' (Dense): bias have nan at (0,)",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_graphs_are_refused_by_node(name):
    build, message = WRONG[name]
    with pytest.raises(WorkloadError) as caught:
        build()
    assert message in str(caught.value)
    assert "network 'net'" in str(caught.value)


def test_a_convolution_by_its_definition():
    rng = np.random.default_rng(0)
    layer = Convolution(
        rng.integers(-3, 4, (4, 2, 2, 3)).astype(np.float32),
        rng.integers(-3, 4, 4).astype(np.float32),
        stride=(2, 1),
        padding=(1, 0, 2, 3),
        dilation=(2, 1),
        groups=2,
    )
    frames = rng.integers(-3, 4, (2, 4, 7, 5)).astype(np.float32)
    graph = graph_of(Node("a", layer, (INPUT,)), shape=(4, 7, 5))
    ours = run_graph(graph, frames)["a"]
    padded = np.pad(frames, ((0, 0), (0, 0), (1, 2), (0, 3)))
    for n, o, y, x in np.ndindex(ours.shape):
        seen = padded[n, o // 2 * 2 : o // 2 * 2 + 2, 2 * y : 2 * y + 3 : 2, x : x + 3]
        assert ours[n, o, y, x] == (seen * layer.weights[o]).sum() + layer.bias[o]


def test_pools_by_hand():
    frames = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5) - 30
    pools = {
        "down": (MaxPool((2, 2), (2, 2)), [[-24, -22], [-14, -12]]),
        "up": (MaxPool((2, 2), (2, 2), ceil=True), [[-24, -22, -21], [-14, -12, -11], [-9, -7, -6]]),
        "padded": (MaxPool((2, 2), (3, 3), padding=(1, 1, 0, 0)), [[-30, -27], [-15, -12]]),
        "mean": (AveragePool((2, 2), (4, 4), padding=(1, 1, 0, 0), ceil=True), [[-30, -26.5], [-12.5, -9]]),
        "counted": (
            AveragePool((2, 2), (4, 4), padding=(1, 1, 0, 0), ceil=True, count_padding=True),
            [[-7.5, -13.25], [-6.25, -9]],
        ),
    }
    for pool, expected in pools.values():
        graph = graph_of(Node("a", pool, (INPUT,)), shape=(1, 5, 5))
        assert np.array_equal(run_graph(graph, frames)["a"][0, 0], np.array(expected, np.float32))


def test_a_ceil_window_may_not_begin_in_the_padding_after_the_map():
    assert output_shape(MaxPool((2, 2), (3, 3), (0, 0, 1, 1), ceil=True), [(1, 6, 5)]) == (1, 2, 2)
    assert output_shape(MaxPool((1, 1), (3, 3), ceil=True), [(1, 7, 8)]) == (1, 3, 3)
    assert window_divisors(AveragePool((3, 3), (2, 2), (1, 1, 1, 1), ceil=True), (1, 6, 6))[-1].tolist() == [2, 3, 3, 1]


@settings(max_examples=60, deadline=None)
@given(graph=graphs())
def test_batches_keep_and_precision_do_not_change_values(graph):
    frames = np.random.default_rng(0).normal(size=(3, *graph.input_shape))
    whole = run_graph(graph, frames, dtype=np.float64)
    assert list(whole) == list(graph.shapes)
    for name, values in whole.items():
        assert values.shape == (3, *graph.shapes[name])
    last = run_graph(graph, frames[1:2], [graph.output], np.float64)
    assert list(last) == [graph.output]
    assert np.allclose(last[graph.output], whole[graph.output][1:2], rtol=1e-12, atol=1e-12)
    small = run_graph(graph, frames, [graph.output])[graph.output]
    assert small.dtype == np.float32
    assert np.abs(small - whole[graph.output]).max() <= 1e-4 * max(1, np.abs(whole[graph.output]).max())
    assert [node.name for node, _ in walk_graph(graph, frames)] == [node.name for node in graph.nodes]


@settings(max_examples=60, deadline=None)
@given(graph=graphs())
def test_files_give_the_same_bits_back(tmp_path_factory, graph):
    folder = tmp_path_factory.mktemp("graphs")
    save_graph(graph, folder / "a.npz")
    again = load_graph(folder / "a.npz")
    assert content_sha256(again) == content_sha256(graph)
    save_graph(again, folder / "b.npz")
    assert (folder / "a.npz").read_bytes() == (folder / "b.npz").read_bytes()


def test_infinite_bounds_classes_and_preprocessing_survive_a_file(tmp_path):
    graph = graph_of(
        Node("a", Activation("clip", -np.inf, 0.1), (INPUT,)),
        classes=("cat",),
        preprocessing=Preprocessing("gray", (1.5,), (1 / 3,)),
    )
    save_graph(graph, tmp_path / "net.npz")
    again = load_graph(tmp_path / "net.npz")
    assert (again.nodes[0].operation, again.classes) == (graph.nodes[0].operation, ("cat",))
    assert again.preprocessing == graph.preprocessing


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s["nodes"][0].update(operation="Convolve"), "Did you mean 'Convolution'?"),
        (lambda s: s["nodes"][0].update(stride=[1.5, 1]), "node 'a' (Convolution): 1.5 is no integer"),
        (lambda s: s["nodes"][0].pop("groups"), "has no 'groups'"),
        (lambda s: s.update(nodes=3), "not iterable"),
        (lambda s: s["nodes"][0].update(inputs=["b"]), "reads 'b'"),
        (lambda s: s.update(input_shape=[1, -6, 6]), "each 1 or more"),
    ],
)
def test_wrong_graph_files_are_refused(tmp_path, change, said):
    path = tmp_path / "net.npz"
    save_graph(graph_of(Node("a", convolution(), (INPUT,))), path)
    arrays = dict(np.load(path))
    structure = json.loads(str(arrays["structure"]))
    change(structure)
    np.savez(path, **{**arrays, "structure": np.array(json.dumps(structure))})
    with pytest.raises(WorkloadError) as caught:
        load_graph(path)
    assert said in str(caught.value)
    assert "net.npz" in str(caught.value)


def test_cutting_drops_what_is_not_needed():
    graph = squeezenet11()
    part = cut_graph(graph, "pool3")
    assert part.output == "pool3"
    assert part.classes == ()
    assert len(part.nodes) == 3 + 7 + 7 + 1
    with pytest.raises(WorkloadError, match="Did you mean 'pool3'"):
        cut_graph(graph, "pool33")


def products(graph) -> int:
    """Multiply-accumulates per frame, borders counted as if they were inside."""
    layers = [node for node in graph.nodes if isinstance(node.operation, Convolution)]
    return sum(layer.operation.weights.size * int(np.prod(graph.shapes[layer.name][1:])) for layer in layers)


def test_squeezenet_has_its_size_and_shapes():
    graph = squeezenet11()
    layers = [node for node in graph.nodes if isinstance(node.operation, Convolution)]
    assert len(layers) == 26
    assert sum(layer.operation.weights.size + layer.operation.bias.size for layer in layers) == 1_235_496
    assert {size: products(squeezenet11(size)) for size in (224, 227)} == {224: 349_151_936, 227: 387_747_520}
    assert graph.shapes["prob"] == (1000,)
    assert graph.shapes["pool5"] == (256, 14, 14)
    assert squeezenet11(224, softmax=False).output == "scores"
    with pytest.raises(WorkloadError, match="needed 35 or more"):
        squeezenet11(34)


def test_pixels_become_real_by_mean_and_scale():
    pixels = np.full((1, 3, 2, 2), 128, np.uint8)
    real = normalise(Preprocessing("bgr", (8, 28, 128), (0.5, 1, 2)), pixels)
    assert real[0, :, 0, 0].tolist() == [60, 100, 0]
    assert real.dtype == np.float32
    with pytest.raises(WorkloadError, match=r"needed \(n, 3, H, W\) uint8"):
        normalise(Preprocessing("bgr", (0,) * 3, (1,) * 3), pixels[:, :2])
