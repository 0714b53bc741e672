"""Scales files: what `deltasim optimise` writes is what `deltasim run` takes, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from deltasim.experiment.files import Experiment, load_experiment
from deltasim.experiment.scales_file import ScalesFile, SenderScale, apply_scales, network_hash, write_scales
from hwmodels import ConfigError
from workloads import Network, integer_forward, load_frames, load_network, network_from_arrays

NETWORK = "mnist-784-200-200-10"


def _file(network: Network, units: tuple[tuple[float, ...] | None, ...] = (None, None, None)) -> ScalesFile:
    names = ("the input", *(layer.name for layer in network.layers[:-1]))
    return ScalesFile(
        network=network.name,
        network_sha256=network_hash(network),
        found={"lambda": 1e-8},
        scales=tuple(
            SenderScale(sender=name, scale=scale, units=unit)
            for name, scale, unit in zip(names, (8.0, 2.5, 0.75), units, strict=True)
        ),
    )


def test_an_experiment_runs_at_the_scales_of_a_file(tmp_path: Path) -> None:
    network = load_network(NETWORK)
    assert isinstance(network, Network)
    write_scales(tmp_path / "found.yaml", _file(network))
    by_file = Experiment.model_validate({"quantisation": {"scales": "found.yaml"}, "frames": {"range": "0:20"}})
    by_hand = Experiment.model_validate({"quantisation": {"scales": [8.0, 2.5, 0.75]}, "frames": {"range": "0:20"}})
    frames = load_frames("temporal-mnist").read(0, 20)
    outputs = [
        integer_forward(load_experiment(each, tmp_path).quantised.scaled, frames).outputs for each in (by_file, by_hand)
    ]
    assert np.array_equal(*outputs)


def test_scales_of_channels_are_baked_into_the_weights(tmp_path: Path) -> None:
    """By powers of two, so that the float network is the same to the last bit."""
    network = load_network(NETWORK)
    assert isinstance(network, Network)
    random = np.random.default_rng(1)
    units = tuple(float(2.0**power) for power in random.integers(-2, 3, 200))
    write_scales(tmp_path / "found.yaml", _file(network, (None, units, None)))
    scaled = apply_scales(tmp_path / "found.yaml", network)
    assert scaled.scales == (8.0, 2.5, 0.75)
    assert isinstance(scaled.network, Network)
    hidden, following = scaled.network.layers[0], scaled.network.layers[1]
    assert np.array_equal(hidden.weights, network.layers[0].weights * np.array(units, np.float32))
    assert np.array_equal(following.weights, network.layers[1].weights / np.array(units, np.float32)[:, None])


def test_a_file_for_another_network_is_refused(tmp_path: Path) -> None:
    network = load_network(NETWORK)
    assert isinstance(network, Network)
    other = network_from_arrays([layer.weights * 2 for layer in network.layers], name=network.name)
    write_scales(tmp_path / "found.yaml", _file(network))
    with pytest.raises(ConfigError, match=r"found\.yaml.*network_sha256.*of another network.*deltasim optimise"):
        apply_scales(tmp_path / "found.yaml", other)


def test_a_missing_layer_is_named(tmp_path: Path) -> None:
    network = load_network(NETWORK)
    assert isinstance(network, Network)
    file = _file(network)
    write_scales(tmp_path / "found.yaml", file.model_copy(update={"scales": file.scales[:2]}))
    with pytest.raises(ConfigError, match=r"scales.*needed, in this order: the input, layer1, layer2"):
        apply_scales(tmp_path / "found.yaml", network)


@pytest.mark.parametrize("scale", ["0", "-1", ".inf", "much"])
def test_a_scale_that_is_none_is_told_with_its_line(tmp_path: Path, scale: str) -> None:
    network = load_network(NETWORK)
    assert isinstance(network, Network)
    write_scales(tmp_path / "found.yaml", _file(network))
    text = (tmp_path / "found.yaml").read_text().replace("0.75", scale)
    (tmp_path / "found.yaml").write_text(text)
    with pytest.raises(ConfigError, match=rf"scales.*scale.*{scale.strip('.')}"):
        apply_scales(tmp_path / "found.yaml", network)
