"""What goes into a run and what comes out, in the network's own order: every way in, every answer."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx_models import Model, run_onnxruntime

import deltasim as ds
from deltasim.experiment.job import plan_job
from deltasim.paper.measure import measure
from hwmodels import chip_of
from simulator import Arrival, SimulationError, advance, mode_named, plan_network, simulate, start
from simulator.reference.engine import run_reference
from workloads import Network, Preprocessing, integer_forward, own_order
from workloads.graphs.graph import INPUT, Convolution, Flatten, Node, Softmax
from workloads.graphs.run import normalise, run_graph

CHIP = ds.load_accelerator("oconnor2017-int32")
ORDERS = {1: "gray", 3: "rgb"}


def convolution(shape, outputs, seed=0, *, end="flatten") -> Network:
    """A 2 x 2 convolution of stride 2 with weights that tell every output apart, and what may come after it."""
    channels = shape[0]
    weights = np.random.default_rng(seed).normal(0, 1, (outputs, channels, 2, 2)).astype(np.float32)
    nodes = [Node("conv", Convolution(weights, np.zeros(outputs, np.float32), stride=(2, 2)), (INPUT,))]
    if end != "map":
        nodes.append(Node("flat", Flatten(), ("conv",)))
    if end == "softmax":
        nodes.append(Node("prob", Softmax(), ("flat",)))
    how = Preprocessing(ORDERS[channels], (0.0,) * channels, (1 / 255,) * channels)
    return Network("net", shape, tuple(nodes), nodes[-1].name, preprocessing=how)


def pictures(shape, count=4, seed=1) -> NDArray[np.uint8]:
    array = np.random.default_rng(seed).integers(0, 256, (count, *shape), dtype=np.uint8)
    array[0].flat[0] = 255
    return array


WIDE = ds.Quantisation(weight_bits=16, activation_bits=8, levels=255, calibration="largest")


@settings(max_examples=15)
@given(
    st.tuples(st.sampled_from([1, 3]), st.integers(2, 7), st.integers(2, 7)),
    st.integers(1, 4),
    st.sampled_from(["map", "flatten", "softmax"]),
    st.sampled_from(["fast", "reference"]),
)
def test_outputs_of_a_run_are_in_the_networks_own_order(tmp_path_factory, shape, outputs, end, engine):
    graph, frames = convolution(shape, outputs, end=end), pictures(shape)
    quantised = ds.quantise(graph, frames, WIDE)
    out = tmp_path_factory.mktemp("run") / "r"
    run = ds.simulate(quantised, frames.reshape(4, -1), CHIP, modes=["original", "sigma_delta"], out=out, engine=engine)
    made = (outputs, shape[1] // 2, shape[2] // 2)
    assert run.output_shape == (made if end == "map" else (prod(made),))
    inside = integer_forward(quantised.full, frames.reshape(4, -1)).outputs.reshape(4, *made[1:], outputs)
    assert np.array_equal(run.outputs["original"], inside.transpose(0, 3, 1, 2).reshape(4, -1))
    exact = run_graph(graph, normalise(graph.preprocessing, frames), ["conv"], np.float64)["conv"].reshape(4, -1)
    for mode in run.modes:
        real = np.asarray(run.outputs[mode]) * np.array(run.manifest["output_scales"][mode])
        assert np.abs(real - exact).max() <= 2e-3 * np.abs(exact).max()
    if run.classifies:
        answers = np.asarray(run.frames.loc[run.frames["mode"] == "original", "prediction"], np.int64)
        assert answers.tolist() == exact.argmax(axis=1).tolist()


def test_classes_and_labels_of_a_map_at_the_end_are_onnxruntimes(tmp_path):
    m = Model((1, 4, 6), opset=13)
    value = m.add("Conv", "frames", m.constant(np.stack([np.ones((1, 2, 2)), -np.ones((1, 2, 2))]).astype(np.float32)),
                  strides=[2, 2])  # fmt: skip
    m.add("Softmax", m.add("Flatten", value), axis=1)
    m.save(tmp_path / "net.onnx")
    frames = np.zeros((6, 4, 6), np.uint8)
    for index in range(6):
        y, x = divmod(index, 3)
        frames[index, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2] = 250
    labels = run_onnxruntime(tmp_path / "net.onnx", (frames / 255).astype(np.float32)[:, None]).argmax(axis=1)
    np.savez(tmp_path / "frames.npz", frames=frames, labels=labels)
    experiment = tmp_path / "e.yaml"
    experiment.write_text(
        "schema: deltasim/experiment/1\nname: t\naccelerator: oconnor2017-int32\nnetwork: net.onnx\n"
        "normalisation: unit-gray\nframes: {dataset: frames.npz}\nmodes: [original, sigma_delta]\n"
    )
    run = ds.run(experiment, out=tmp_path / "run")
    assert labels.tolist() == list(range(6))
    assert run.summary()["error_percent"].tolist() == [0, 0]
    assert run.frames["prediction"].tolist() == [*range(6)] * 2


def test_channels_last_give_the_same_run_and_are_said(tmp_path):
    shape = (3, 4, 6)
    frames, quantised = pictures(shape), ds.quantise(convolution(shape, 2), pictures(shape))
    ways = {"own": frames, "flat": frames.reshape(4, -1), "last": frames.transpose(0, 2, 3, 1)}
    runs = {name: ds.simulate(quantised, each, CHIP, out=tmp_path / name) for name, each in ways.items()}
    for run in runs.values():
        for mode in run.modes:
            assert np.array_equal(run.outputs[mode], np.asarray(runs["own"].outputs[mode]))
    assert runs["own"].warnings == runs["flat"].warnings == []
    (warning,) = runs["last"].warnings
    assert "channels last, (4, 6, 3)" in warning
    assert np.array_equal(runs["last"].sample_frames, runs["own"].sample_frames)


def ways_in(quantised, frames, tmp_path):
    """Every way that frames come to a kernel."""
    chip, network = chip_of(CHIP), quantised.scaled
    plan = plan_network(network, chip, mode_named("sigma_delta"))
    lying = replace(ds.frames("mnist", frames="0:2"), shape=quantised.input_shape, read=lambda *_: frames)
    return {
        "ds.simulate": lambda: ds.simulate(quantised, frames, CHIP, out=tmp_path / "a"),
        "plan_job": lambda: plan_job(quantised, replace(lying, shape=frames.shape[1:]), CHIP),
        "a source that lies": lambda: ds.simulate(quantised, lying, CHIP, out=tmp_path / "b"),
        "simulate": lambda: simulate(network, frames, chip),
        "simulate, a stream": lambda: simulate(network, iter([frames]), chip),
        "simulate, reference": lambda: simulate(network, frames, chip, engine="reference"),
        "run_reference": lambda: run_reference(network, plan, frames, Arrival()),
        "advance": lambda: advance(start(network, plan, Arrival(), block=4), frames),
        "measure": lambda: measure(quantised, frames, chip, "sigma_delta"),
        "integer_forward": lambda: integer_forward(network, frames),
        "quantise": lambda: ds.quantise(convolution((3, 4, 6), 2), frames),
    }


WRONG = {
    "too few": np.zeros((2, 3, 4, 5), np.uint8),
    "too many": np.zeros((2, 3, 4, 7), np.uint8),
    "too few, flat": np.zeros((2, 71), np.uint8),
    "turned": np.zeros((2, 3, 6, 4), np.uint8),
    "int64": np.zeros((2, 72), np.int64),
    "floats": np.zeros((2, 3, 4, 6), np.float32),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_frames_that_do_not_fit_come_to_no_kernel(tmp_path, wrong):
    quantised = ds.quantise(convolution((3, 4, 6), 2), pictures((3, 4, 6)))
    for name, way in ways_in(quantised, WRONG[wrong], tmp_path).items():
        if name == "plan_job" and WRONG[wrong].dtype != np.uint8:
            continue  # it sees no pixels
        if name == "a source that lies" and wrong == "turned":
            continue  # it says that it has the network's shape, and its values are as many
        with pytest.raises((ds.WorkloadError, SimulationError)):
            way()


def test_a_source_that_gives_too_few_frames_is_refused(tmp_path):
    quantised = ds.quantise(convolution((3, 4, 6), 2), pictures((3, 4, 6)))
    frames = replace(ds.frames("mnist", frames="0:4"), shape=(3, 4, 6), read=lambda *_: np.zeros((1, 72), np.uint8))
    with pytest.raises(SimulationError, match=r"read\(0, 4\) gave 1, not 4"):
        ds.simulate(quantised, replace(frames, source="x"), CHIP, out=tmp_path / "r")


@pytest.mark.parametrize("top", [1, 2, 3, 6, 15, 100, 127, 128, 200, 254, 255])
def test_the_inputs_range_is_that_of_the_bits_that_calibration_sees(top):
    network = ds.network_from_arrays([np.ones((6, 1), np.float32), np.ones((1, 1), np.float32)], input_scale=0.5)
    frames = np.minimum(pictures((6,), 50), top)
    frames[0, 0] = top
    whole = 2 ** int(top).bit_length() - 1
    for calibration in ("percentile", "largest", "mse"):
        made = ds.quantise(network, frames, ds.Quantisation(calibration=calibration))
        assert made.full.scales[0] == float(f"{255 / (whole * 0.5):.6g}")
        assert made.scaled.scales[0] == float(f"{15 / (whole * 0.5):.6g}")
        sent = integer_forward(made.full, np.full((1, 6), whole, np.uint8)).activations[0]
        assert set(sent.ravel().tolist()) == {255}


def events_run(tmp_path, calibration, shown):
    rng = np.random.default_rng(1)
    weights = [rng.normal(0, 0.05, (128, 32)).astype("f4"), rng.normal(0, 0.1, (32, 4)).astype("f4")]
    network = ds.network_from_arrays(weights, name="events", input_scale=1.0, input_shape=(2, 8, 8))
    return ds.simulate(ds.quantise(network, calibration), shown, CHIP, out=tmp_path / "run")


def test_events_of_one_are_sent(tmp_path):
    events = (np.random.default_rng(1).random((40, 2, 8, 8)) < 0.05).astype(np.uint8)
    run = events_run(tmp_path, events, events)
    first = run.counts[(run.counts["core"] == 0) & (run.counts["mode"] == "rounding")]
    assert first["values_out"].tolist() == events.reshape(40, -1).sum(axis=1).tolist()
    assert run.warnings == []


def test_pixels_beyond_the_calibrated_range_are_said(tmp_path):
    events = (np.random.default_rng(1).random((40, 2, 8, 8)) < 0.05).astype(np.uint8)
    (warning,) = events_run(tmp_path, events, 255 * events).warnings
    assert warning.startswith(f"input: {int(events.sum())} pixels (")
    assert "beyond the range" in warning


def test_events_lost_beside_bright_calibration_frames_are_a_warning(tmp_path):
    events = (np.random.default_rng(1).random((40, 2, 8, 8)) < 0.05).astype(np.uint8)
    run = events_run(tmp_path, 255 * events, events)
    assert any(text.startswith("input sends nothing in any of the 40 frames") for text in run.warnings)


def test_own_order_is_a_permutation_of_channels_and_places():
    network = ds.quantise(convolution((3, 4, 6), 2), pictures((3, 4, 6))).full
    inside = np.arange(12).reshape(1, 12)
    assert own_order(network, inside).tolist() == [[0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11]]
