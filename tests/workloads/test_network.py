"""Float networks: from arrays, forward, and on disk."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workloads import (
    Network,
    Preprocessing,
    WorkloadError,
    activations,
    forward,
    list_networks,
    load_network,
    network_from_arrays,
    save_network,
)

RANDOM = np.random.default_rng(1)
FIRST = RANDOM.standard_normal((4, 3)).astype(np.float32)
SECOND = RANDOM.standard_normal((3, 2)).astype(np.float32)
BIASES = [np.array([0.5, -0.5, 0.0], np.float32), np.array([1.0, -1.0], np.float32)]


def small() -> Network:
    return network_from_arrays([FIRST, SECOND], BIASES, name="small", input_shape=(2, 2), classes=("no", "yes"))


def test_forward_is_relu_of_sums_then_sums() -> None:
    frames = RANDOM.integers(0, 256, (5, 4), dtype=np.uint8)
    hidden = np.maximum(frames / 255 @ FIRST + BIASES[0], 0)
    np.testing.assert_allclose(forward(small(), frames), hidden @ SECOND + BIASES[1], rtol=1e-5, atol=1e-6)
    values = activations(small(), frames)
    assert [array.shape for array in values] == [(5, 4), (5, 3), (5, 2)]
    assert {array.dtype for array in values} == {np.dtype(np.float32)}


def test_defaults_of_arrays() -> None:
    network = network_from_arrays([FIRST.astype(np.float64), SECOND])
    assert [layer.activation for layer in network.layers] == ["relu", "identity"]
    assert [layer.name for layer in network.layers] == ["layer1", "layer2"]
    assert network.layers[0].weights.dtype == np.float32
    assert not network.layers[0].bias.any()
    assert (network.input_shape, network.inputs, network.outputs) == ((4,), 4, 2)


def spoilt(array: np.ndarray, value: float) -> np.ndarray:
    copy = array.copy()
    copy[1, 2] = value
    return copy


@pytest.mark.parametrize(
    ("weights", "options", "message"),
    [
        ([], {}, "has no layers"),
        ([FIRST, FIRST], {}, "layer1 gives 3 values but layer2 takes 4"),
        ([FIRST.T, SECOND.T], {}, r"Weights are \(inputs, outputs\); transpose"),
        ([spoilt(FIRST, np.nan), SECOND], {}, r"layer1: weights have nan at \(1, 2\)"),
        ([spoilt(FIRST.astype(np.float64), 1e300), SECOND], {}, "reach 1e[+]300, beyond float32"),
        ([FIRST.astype(np.int64), SECOND], {}, "weights are int64; needed floats"),
        ([FIRST[0], SECOND], {}, r"weights have shape \(3,\); needed \(inputs, outputs\)"),
        ([FIRST, SECOND], {"biases": BIASES[:1]}, "2 weight matrices but 1 biases"),
        ([FIRST, SECOND], {"biases": BIASES[::-1]}, r"layer1: bias has shape \(2,\); needed \(3,\)"),
        ([FIRST, SECOND], {"activations": ["rleu", "identity"]}, "no activation 'rleu'. Did you mean 'relu'"),
        ([FIRST, SECOND], {"activations": ["relu", "relu"]}, "must be 'identity'. Apply the last ReLU"),
        ([FIRST, SECOND], {"activations": []}, "but 0 activations"),
        ([FIRST, SECOND], {"input_scale": 0}, "input_scale is 0"),
        ([FIRST, SECOND], {"input_shape": (2, 3)}, r"input_shape \(2, 3\) does not hold the 4 inputs"),
        ([FIRST, SECOND], {"classes": ["one"]}, "1 class names for 2 outputs"),
    ],
)
def test_wrong_arrays_are_refused(weights: list[np.ndarray], options: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        network_from_arrays(weights, **options)


@pytest.mark.parametrize(
    "frames",
    [np.zeros((3, 4), np.float32), np.zeros((3, 5), np.uint8), np.zeros(4, np.uint8), np.zeros((1, 2, 2), np.uint8)],
)
def test_wrong_frames_are_refused(frames: np.ndarray) -> None:
    with pytest.raises(WorkloadError, match=r"takes \(n, 4\) uint8"):
        forward(small(), frames)


def test_a_saved_network_comes_back_the_same(tmp_path: Path) -> None:
    save_network(small(), tmp_path / "a.npz")
    save_network(load_network(tmp_path / "a.npz"), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    network = load_network(str(tmp_path / "b.npz"))
    assert (network.name, network.classes, network.input_shape) == ("small", ("no", "yes"), (2, 2))
    assert np.array_equal(network.layers[0].weights, FIRST)
    assert network.sha256() == small().sha256() != network_from_arrays([-FIRST, SECOND], BIASES).sha256()


def test_every_listed_network_loads() -> None:
    for name in list_networks():
        assert load_network(name).name == name


def test_unknown_names_get_a_suggestion() -> None:
    with pytest.raises(WorkloadError, match="Did you mean 'mnist-784-200-200-10'"):
        load_network("mnist-784-200-10")


def file_with(path: Path, **changes: Any) -> Path:
    save_network(small(), path)
    with np.load(path) as archive:
        arrays: dict[str, Any] = dict(archive)
    arrays.update(changes)
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": None}, "has no array 'format'. A network file has"),
        ({"format": "other-2"}, "format is 'other-2'; this version reads 'deltasim-network-1'"),
        ({"bias_2": None}, "has no array 'bias_2'"),
        ({"weights_1": np.full((4, 3), np.inf)}, "layer1: weights have inf at"),
        ({"input_scale": "wide"}, "could not convert"),
        ({"input_scale": np.ones(2)}, "broken.npz"),
        ({"layers": np.array(["one", "two", "three"])}, "has no array 'weights_3'"),
        ({"weights_1": np.array([{"a": 1}], dtype=object)}, "hold Python objects, which are never loaded"),
        ({"weights_1": np.ones((2, 2, 2))}, "weights have shape"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    path = file_with(tmp_path / "broken.npz", **changes)
    with pytest.raises(WorkloadError, match=message) as caught:
        load_network(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("keep", [0, 10, 500, -30])
def test_truncated_files_are_refused(tmp_path: Path, keep: int) -> None:
    path = file_with(tmp_path / "cut.npz")
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WorkloadError, match=r"cut\.npz cannot be read"):
        load_network(path)


def test_every_flipped_byte_is_refused_or_harmless(tmp_path: Path) -> None:
    path = tmp_path / "flipped.npz"
    save_network(small(), path)
    content = path.read_bytes()
    for position in range(0, len(content), 7):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :])
        try:
            load_network(path)
        except WorkloadError as error:
            assert "flipped.npz" in str(error)  # noqa: PT017 - a flip in unused header bytes may go unnoticed


def test_files_that_are_no_archives_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkloadError, match="does not exist"):
        load_network(tmp_path / "missing.npz")
    with (tmp_path / "array.npz").open("wb") as file:
        np.save(file, FIRST)
    with pytest.raises(WorkloadError, match="single array"):
        load_network(tmp_path / "array.npz")
    (tmp_path / "folder.npz").mkdir()
    with pytest.raises(WorkloadError, match=r"folder\.npz cannot be read"):
        load_network(tmp_path / "folder.npz")
    (tmp_path / "text.npz").write_text("weights: 1 2 3")
    with pytest.raises(WorkloadError, match=r"text\.npz cannot be read"):
        load_network(tmp_path / "text.npz")


def test_a_chain_is_a_graph_and_says_so() -> None:
    network = small()
    assert [node.name for node in network.nodes] == ["layer1", "layer1.relu", "layer2"]
    assert (network.input_shape, network.input_map) == ((2, 2), (1, 2, 2))
    assert network_from_arrays([FIRST, SECOND]).input_map == (1, 1, 4)
    assert network.chain is not None
    assert load_network("squeezenet11").chain is None
    with pytest.raises(WorkloadError, match="no chain of fully connected layers, so it has no layers"):
        _ = load_network("squeezenet11").layers


def test_forward_is_for_networks_that_are_no_chain_too() -> None:
    network = load_network("squeezenet11", input_shape=(3, 35, 37))
    frames = RANDOM.integers(0, 256, (2, network.inputs), dtype=np.uint8)
    assert forward(network, frames).shape == (2, network.outputs) == (2, 1000)


@pytest.mark.parametrize("changed", ["relu's name", "mean"])
def test_a_chain_that_matrices_do_not_say_is_saved_as_a_graph(tmp_path: Path, changed: str) -> None:
    network = small()
    if changed == "mean":
        network = replace(network, preprocessing=Preprocessing("gray", (1.0,), (0.5,)))
    else:
        dense, relu, last = network.nodes
        network = replace(network, nodes=(dense, replace(relu, name="r"), replace(last, inputs=("r",))))
    save_network(network, tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as archive:
        assert str(archive["format"]) == "deltasim-graph-1"
    assert load_network(tmp_path / "a.npz").sha256() == network.sha256() != small().sha256()
