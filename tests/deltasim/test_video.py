"""A clip from the command line to the dashboard: convolutions that branch, in colour."""

from __future__ import annotations

import numpy as np
import pytest
from browser_checks import check_page, missing_browser
from clips import scene, write_clip
from hypothesis import HealthCheck, given, settings
from random_graphs import graphs

import deltasim as ds
from deltasim.api import job_of
from deltasim.experiment.execute import run_job
from deltasim.experiment.files import Experiment
from hwmodels import chip_of, load_accelerator
from simulator import simulate
from workloads import WorkloadError, integer_forward, quantise
from workloads.graphs.operations import INPUT
from workloads.graphs.squeezenet import squeezenet11

SIZE = 67  # SqueezeNet takes any size; a small one keeps the test short


@pytest.fixture(scope="module")
def chip():
    return chip_of(load_accelerator("oconnor2017-int32"))


@pytest.fixture(scope="module")
def squeezenet():
    rng = np.random.default_rng(3)
    frames = rng.integers(0, 256, (4, 3, SIZE, SIZE)).astype(np.uint8)
    frames[1:, :, : SIZE // 2] = frames[0, :, : SIZE // 2]
    return quantise(squeezenet11(SIZE), frames.reshape(4, -1)), frames.reshape(4, -1)


@pytest.mark.parametrize(("mode", "partner"), [("sigma_delta", "rounding"), ("temporal_difference", "original")])
def test_squeezenet_gives_the_integers_of_its_partner_and_of_a_plain_pass(squeezenet, chip, mode, partner):
    quantised, frames = squeezenet
    network = quantised.scaled if mode == "sigma_delta" else quantised.full
    a, b = (simulate(network, frames, chip, each, keep_integers=True) for each in (mode, partner))
    np.testing.assert_array_equal(a.integers, b.integers)
    trace = integer_forward(network, frames)
    np.testing.assert_array_equal(a.outputs, trace.outputs)
    np.testing.assert_array_equal(a.integers, np.concatenate([*trace.activations, trace.outputs], axis=1))


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(graphs(most_nodes=7, softmax=False))
def test_random_graphs_of_all_layer_kinds_give_the_integers_of_a_plain_pass(chip, graph):
    rng = np.random.default_rng(1)
    pixels = int(np.prod(graph.shapes[INPUT]))
    frames = rng.integers(0, 256, (3, pixels)).astype(np.uint8)
    frames[2] = frames[1]
    try:
        network = quantise(graph, frames).scaled
    except WorkloadError:
        return  # says what it can't take; tests of workloads look at that
    result = simulate(network, frames, chip, "sigma_delta", keep_integers=True)
    trace = integer_forward(network, frames)
    np.testing.assert_array_equal(result.integers, np.concatenate([*trace.activations, trace.outputs], axis=1))


@pytest.fixture(scope="module")
def clip_run(tmp_path_factory):
    """A finished run of a short clip, three networks."""
    folder = tmp_path_factory.mktemp("clip")
    clip = write_clip(folder / "clip.avi", "mpeg4", scene(5))
    experiment = Experiment.model_validate(
        {
            "network": "squeezenet11",
            "accelerator": "oconnor2017-int32",
            "quantisation": {"levels": 15, "calibration_frames": 2},
            "frames": {"dataset": str(clip), "range": "0:4"},
            "modes": ["original_sparse", "rounding", "sigma_delta"],
        }
    )
    return run_job(job_of(experiment), folder / "run")


def test_a_clip_runs_through_squeezenet(clip_run):
    assert clip_run.sample_frames.shape == (4, 227, 227, 3)
    assert len(clip_run.manifest["classes"]) == 1000
    assert [pair.identical for pair in clip_run.equalities] == [True]
    later = clip_run.frames[clip_run.frames["frame"] > 0].groupby("mode", observed=True)["operations"].sum()
    assert later["sigma_delta"] < later["rounding"]


@pytest.mark.browser
@pytest.mark.skipif(bool(missing_browser()), reason=str(missing_browser()))
def test_the_dashboard_of_a_clip(clip_run):
    check_page(ds.dashboard(clip_run))
