"""Integer networks from outside, which have one precision only: nothing asks for the other."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltasim as ds
from workloads import IntegerLayer, Requantiser, Synapses, Window, dense_layer, integer_forward, own_order
from workloads.integer.unary import Identity, Relu

FRAMES = np.random.default_rng(3).integers(0, 256, (4, 2, 5, 4), dtype=np.uint8)
MODES = {
    "full": ("original", "original_sparse", "temporal_difference"),
    "scaled": ("rounding", "sigma_delta"),
}


def requantiser(multiplier: int, shift: int) -> Requantiser:
    return Requantiser(np.array([multiplier], np.int32), np.array([shift], np.int32), 0, 255, "half_up")


def outsider(precision: Any, **changes: Any) -> ds.IntegerNetwork:
    """A convolution and a fully connected layer, of nobody's float network."""
    random = np.random.default_rng(1)
    kernel = random.integers(-20, 21, (2, 3, 3, 3)).astype(np.int8)
    convolution = IntegerLayer(
        name="conv",
        shape=(3, 2, 3),
        synapses=(Synapses(0, kernel, Window()),),
        bias=np.array([5, -7, 100], np.int32),
        activation=Relu(),
        requantiser=requantiser(1, 6),
        accumulator_scale=np.ones(3),
        sent_shape=(3, 2, 3),
    )
    weights = random.integers(-9, 10, (18, 4)).astype(np.int8)
    last = dense_layer("out", weights, np.zeros(4, np.int32), Identity(), None, np.ones(4), 1)
    network = ds.IntegerNetwork(
        name="outsider",
        precision=precision,
        input_shape=(5, 4, 2),
        input_requantiser=requantiser(1, 4) if precision == "scaled" else requantiser(2, 1),
        layers=(convolution, last),
        weight_bits=8,
        activation_bits=8,
        accumulator_bits=32,
        overflow="wrap",
        scales=(1.0, 1.0),
        input_offset=np.zeros(2, np.int32),
    )
    return replace(network, **changes)


@pytest.mark.parametrize("precision", ["full", "scaled"])
def test_a_network_of_one_precision_runs_in_its_modes_to_the_dashboard(
    precision: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    network = outsider(precision)
    run = ds.simulate(network, FRAMES, "horowitz-45nm", out=tmp_path / "run")
    assert tuple(run.modes) == MODES[precision]
    assert set(run.manifest["quantisation"]["scales"]) == {precision}
    assert run.quantisation is None
    pixels = FRAMES.reshape(4, -1)
    expected = own_order(network, integer_forward(network, pixels).outputs)
    for mode in run.modes:
        assert np.array_equal(run.outputs[mode][:], expected)
    assert [each.identical for each in run.equalities] == [True] * (len(run.modes) - 1)
    assert ds.dashboard(run).read_text().count("outsider")
    assert len(run.summary()) == len(run.modes)
    assert ds.compare(run, ds.load_run(run.path)) is not None
    assert set(ds.figures(run)) >= {"four-networks"}


def test_both_engines_run_it(tmp_path: Path) -> None:
    network = ds.QuantisedNetwork.of(outsider("scaled"))
    runs = [
        ds.simulate(network, FRAMES, "horowitz-45nm", engine=engine, out=tmp_path / engine)
        for engine in ("fast", "reference")
    ]
    assert runs[0].layers.equals(runs[1].layers)


def test_modes_of_the_other_precision_are_refused_with_those_there_are() -> None:
    with pytest.raises(ds.SimulationError, match=r"modes rounding: .*full fixed point only; choose from original, or"):
        ds.simulate(outsider("full"), FRAMES, "horowitz-45nm", modes=["original", "rounding"])
    with pytest.raises(ds.SimulationError, match=r"modes original: .*scale k only; choose from rounding, sigma_delta"):
        ds.simulate(outsider("scaled"), FRAMES, "horowitz-45nm", modes="original")


def test_an_accelerator_without_a_multiplier_says_that_nothing_is_left() -> None:
    chip = ds.load_accelerator("horowitz-45nm")
    plain = chip.model_copy(update={"core": chip.core.model_copy(update={"multiply": None})})
    with pytest.raises(ds.SimulationError, match=r"has no multiplier.*no integers at scale k"):
        ds.simulate(outsider("full"), FRAMES, plain)


def test_what_is_not_there_is_a_sentence() -> None:
    network = ds.QuantisedNetwork.of(outsider("full"))
    assert network.full is network.either
    with pytest.raises(ds.WorkloadError, match="at full fixed point only, none at scale k"):
        _ = network.scaled
    assert repr(network) == "QuantisedNetwork('outsider': 2 layers; integers at full precision)"
    assert network._repr_html_().count("<th>") == 5
    assert (network.input_shape, network.output_shape) == ((2, 5, 4), (4,))


def test_both_precisions_from_outside_are_one_network() -> None:
    network = ds.QuantisedNetwork.of(outsider("scaled"), outsider("full"))
    assert list(network.networks) == ["full", "scaled"]
    assert network.at("scaled").precision == "scaled"


@pytest.mark.parametrize(
    ("networks", "told"),
    [
        ((), "precision none; needed one"),
        ((outsider("full"), outsider("full")), "precision full, full; needed one"),
        ((outsider("full"), outsider("scaled", name="other")), "'outsider' and 'other' are not one network"),
        ((outsider("full"), outsider("scaled", accumulator_bits=24)), "are not one network"),
        ((outsider("full", scales=(1.0,)),), "has 1 scales; needs 2"),
    ],
)
def test_what_is_no_network_is_refused(networks: tuple[ds.IntegerNetwork, ...], told: str) -> None:
    with pytest.raises(ds.WorkloadError, match=told):
        ds.QuantisedNetwork.of(*networks)
