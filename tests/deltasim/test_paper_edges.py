"""Holistically nested edges: the fetched file, and edges of float and of integer activations."""

from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
from block_graphs import smooth_frames

from deltasim.paper import edges
from workloads import Quantisation, quantise
from workloads.assets import AssetError
from workloads.assets.hed import BLOCKS, convert_hed
from workloads.frames.archives import read_archive
from workloads.graphs.files import load_graph

CHANNELS = (4, 5, 6, 7, 8)


def write_weights(path, without=None):
    """A file of the layers of HED with few channels."""
    random, before = np.random.default_rng(0), 3
    with h5py.File(path, "w") as file:

        def put(layer, *shape):
            if layer != without:
                deviation = (2 / np.prod(shape[:3])) ** 0.5
                file[f"{layer}/vars/0"] = random.normal(0, deviation, shape).astype(np.float32)
                file[f"{layer}/vars/1"] = random.normal(0, 0.1, shape[3]).astype(np.float32)

        for block, (count, channels) in enumerate(zip(BLOCKS, CHANNELS, strict=True), 1):
            for place in range(count):
                put(f"block{block}/layers/conv2d{f'_{place}' if place else ''}", 3, 3, before, channels)
                before = channels
            put(f"dsn{block}", 1, 1, channels, 1)
        put("fuse", 1, 1, 5, 1)
    return path


@pytest.fixture(scope="module")
def converted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hed")
    convert_hed(write_weights(folder / "weights.h5"), folder / "hed.npz")
    return folder


@pytest.fixture
def sides(converted, monkeypatch):
    monkeypatch.setattr(edges, "find_asset", lambda _: converted / "hed.npz")
    return edges.load_sides("hed")


def small(graph, size=32):
    """The same network for smaller frames."""
    return replace(graph, input_shape=(3, size, size))


def test_weights_become_a_graph_and_edge_layers(converted):
    graph = load_graph(converted / "hed.npz")
    with h5py.File(converted / "weights.h5") as file:
        weights = file["block3/layers/conv2d_1/vars/0"][...]
        side = file["dsn2/vars/0"][...]
    assert graph.input_shape == (3, 224, 224)
    assert graph.shapes["block5_conv3_relu"] == (CHANNELS[-1], 14, 14)
    assert np.array_equal(graph.by_name["block3_conv2"].operation.weights, weights.transpose(3, 2, 0, 1))
    assert sum(name.endswith("_pool") for name in graph.by_name) == 4
    arrays = read_archive(converted / "hed.npz")
    assert np.array_equal(arrays["side2_weights"], side[0, 0, :, 0])
    assert arrays["fuse_bias"].shape == ()


def test_the_same_weights_make_the_same_bytes(converted, tmp_path):
    convert_hed(converted / "weights.h5", tmp_path / "again.npz")
    assert read_archive(tmp_path / "again.npz").keys() == read_archive(converted / "hed.npz").keys()
    for name, array in read_archive(tmp_path / "again.npz").items():
        assert np.array_equal(array, read_archive(converted / "hed.npz")[name])


def test_a_file_of_something_else_is_not_converted(tmp_path):
    with pytest.raises(AssetError, match="has not the layers of HED"):
        convert_hed(write_weights(tmp_path / "weights.h5", without="dsn4"), tmp_path / "hed.npz")
    (tmp_path / "text.h5").write_text("no such file")
    with pytest.raises(AssetError, match="has not the layers of HED"):
        convert_hed(tmp_path / "text.h5", tmp_path / "hed.npz")


def test_other_networks_have_no_edges():
    assert edges.load_sides("squeezenet11") is None


def test_edges_by_hand(sides):
    """Constant maps stay constant however they are brought to size."""
    maps = [np.full((size, size, channels), 0.5) for size, channels in zip((16, 8, 4, 2, 1), CHANNELS, strict=True)]
    logits = [0.5 * weights.sum() + bias for weights, bias in zip(sides.weights, sides.biases, strict=True)]
    wanted = 255 / (1 + np.exp(-(np.dot(sides.fuse, logits) + sides.fuse_bias)))
    found = edges.edges_of(maps, sides, (16, 16))
    assert found.shape == (16, 16)
    assert np.abs(found - wanted).max() <= 0.5


def test_bilinear_weights_by_hand():
    weights = edges._bilinear(2, 4)
    assert np.allclose(weights, [[1, 0], [0.75, 0.25], [0.25, 0.75], [0, 1]])
    assert np.array_equal(edges._bilinear(3, 3), np.eye(3))


def test_integers_that_are_fine_enough_see_the_edges_of_float(converted, sides):
    graph = small(load_graph(converted / "hed.npz"))
    frames = smooth_frames(2, 3, 32, 4)
    settings = Quantisation(weight_bits=12, activation_bits=12, levels=5, calibration="largest")
    network = quantise(graph, frames, settings)
    true = edges.float_edges(graph, sides, frames)
    assert true.shape == (2, 32, 32)
    assert edges.difference(true, edges.integer_edges(network.full, sides, frames)) < 0.5
    assert edges.difference(true, edges.integer_edges(network.scaled, sides, frames)) > 0.5
