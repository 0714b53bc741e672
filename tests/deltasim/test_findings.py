"""What a user is told while a run goes and when it ends: progress, warnings, what quantisation did."""

from __future__ import annotations

import json
from io import StringIO
from math import inf

import numpy as np
import pytest
from clips import scene, write_clip
from rich.console import Console

import deltasim as ds
from deltasim.cli.show import print_layers, print_summary, summary_json
from deltasim.experiment.execute import run_job
from deltasim.experiment.files import Experiment
from deltasim.experiment.job import plan_job
from deltasim.experiment.settings import Settings
from reports import fidelities

NETWORK = "mnist-784-200-200-10"


@pytest.fixture(scope="module")
def quantised():
    images = ds.frames("mnist", split="train", frames="0:30")
    return ds.quantise(ds.load_network(NETWORK), images.read(0, 30))


def job(quantised, frames, modes=("rounding", "sigma_delta"), engine="fast"):
    settings = Settings(modes=modes, engine=engine)
    return plan_job(quantised, ds.frames("mnist", frames=f"0:{frames}"), ds.load_accelerator("horowitz-45nm"), settings)


def printed(run, show):
    out = StringIO()
    show(Console(file=out, width=100), run)
    return out.getvalue()


def test_the_run_holds_the_report_of_quantisation(quantised, tmp_path):
    run = run_job(job(quantised, 3, modes=("original", "sigma_delta")), tmp_path / "run")
    content = json.loads((tmp_path / "run" / "quantisation.json").read_text())
    assert content["frames"] == 30
    assert content["agreement"] == quantised.report.agreement
    found = {(each["precision"], each["core"]): each for each in content["layers"]}
    assert len(found) == 8
    for layer in quantised.report.layers:
        kept = found[layer.precision, layer.layer]
        assert kept["signal_to_noise_db"] == round(layer.signal_to_noise_db, 3)
        for name in ("saturated_share", "static_bound", "bits_needed", "peak", "scale"):
            assert kept[name] == getattr(layer, name)
    worst = min(
        (each for each in quantised.report.layers if each.precision == "scaled"),
        key=lambda each: each.signal_to_noise_db,
    )
    coarse, _ = fidelities(run)
    assert (coarse.noisiest, coarse.signal_to_noise_db) == (worst.name, round(worst.signal_to_noise_db, 3))
    text = printed(run, print_summary)
    assert f"quantised to scale k (30 calibration frames): {coarse.sentence}" in text
    layers = printed(run, print_layers).splitlines()
    (line,) = [line.split() for line in layers if line.split()[:1] == [worst.name]]
    assert line[1] == f"{worst.signal_to_noise_db:.1f}"
    (written, _) = summary_json(run)["quantisation"]
    assert written["noisiest"] == worst.name
    json.dumps(summary_json(run), allow_nan=False)


def test_progress_begins_before_the_first_frame_and_follows_the_blocks(quantised, tmp_path):
    seen = []
    run_job(job(quantised, 600), tmp_path / "run", progress=lambda *each: seen.append(each))
    for mode in ("rounding", "sigma_delta"):
        done = [finished for name, finished, count in seen if name == mode]
        assert done[0] == 0
        assert done[-1] == 600
        assert done == sorted(done)
        assert len(set(done)) >= 3


def test_progress_of_the_reference_engine(quantised, tmp_path):
    seen = []
    run_job(
        job(quantised, 2, ("sigma_delta",), "reference"), tmp_path / "run", progress=lambda *each: seen.append(each)
    )
    assert seen == [("sigma_delta", 0, 2), ("sigma_delta", 2, 2)]


def test_warnings_of_a_video_that_was_cut_off_are_seen(tmp_path):
    whole = write_clip(tmp_path / "whole.avi", "mjpeg", scene(40), "yuvj420p")
    cut = tmp_path / "cut.avi"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    experiment = Experiment.model_validate(
        {
            "network": "squeezenet11",
            "accelerator": "oconnor2017-int32",
            "quantisation": {"calibration_frames": 1},
            "frames": {"dataset": str(cut)},
            "modes": ["sigma_delta"],
        }
    )
    run = ds.run(experiment, out=tmp_path / "run")
    assert run.frame_count < 40
    (warning, *_) = [text for text in run.warnings if "announces 40 frames" in text]
    assert f"Warning: {warning}" in " ".join(printed(run, print_summary).split("\n"))
    assert summary_json(run)["warnings"] == run.warnings
    assert "announces 40 frames" in ds.dashboard(run).read_text()


def test_what_is_exact_has_no_ratio_in_json(tmp_path):
    """An identity of black and white pixels: every activation is exact."""
    network = ds.network_from_arrays([np.eye(4, dtype=np.float32)], name="identity")
    pixels = np.array([[0, 255, 255, 0], [255, 0, 0, 0]], np.uint8)
    settings = ds.Quantisation(calibration="largest", levels=127)
    quantised = ds.quantise(network, pixels, settings)
    run = ds.simulate(quantised, pixels, ds.load_accelerator("horowitz-45nm"), out=tmp_path / "run")
    assert [each.signal_to_noise_db for each in fidelities(run)] == [inf, inf]
    assert "every activation exact" in printed(run, print_summary)
    summary = summary_json(run)
    assert [each["signal_to_noise_db"] for each in summary["quantisation"]] == [None, None]
    json.dumps(summary, allow_nan=False)
