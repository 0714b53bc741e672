"""`deltasim optimise` from the command line to a run at the scales it found."""

import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ruamel.yaml import YAML

from deltasim.cli.app import main
from deltasim.experiment.files import Experiment
from deltasim.experiment.optimise_job import OptimiseJob, optimise_job, run_optimise
from hwmodels import ConfigError
from workloads import WorkloadError, network_from_arrays
from workloads.graphs.network_files import save_network

pytest.importorskip("jax")

SMALL = ("optimise", "digits.yaml", "--frames", "0:200", "--lambda", "1e-9", "--lambda", "1e-5", "--epochs", "3")


def _run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    monkeypatch.setattr("sys.argv", ["deltasim", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    assert not ended.value.code, captured.err
    return json.loads(captured.out)


def test_scales_found_are_scales_that_run_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("digits.yaml").write_text("name: digits\nframes: {dataset: mnist, split: test}\n")
    found = _run(monkeypatch, capsys, *SMALL, "--rate", "0.02", "--json")["found"]
    assert [each["lambda"] for each in found] == [1e-9, 1e-5]
    assert found[1]["cost_last"] < found[0]["cost_last"]
    scales = YAML(typ="safe").load(Path(found[1]["file"]))
    assert scales["found"]["lambda"] == 1e-5
    assert scales["found"]["frames"] == "200 of mnist train"  # never the images that a run is judged on
    assert [each["scale"] for each in scales["scales"]] == list(found[1]["scales"].values())
    trajectory = pd.read_parquet(Path(found[0]["file"]).parent / "trajectory.parquet")
    assert list(trajectory["epoch"]) == [0, 1, 2, 3] * 2

    options = ("--frames", "0:50", "--scales", found[1]["file"], "--modes", "rounding", "--json")
    ran = _run(monkeypatch, capsys, "run", "digits.yaml", *options)
    manifest = json.loads((Path(ran["run"]) / "manifest.json").read_text())
    assert manifest["quantisation"]["scales"]["scaled"] == list(found[1]["scales"].values())


def _job(tmp_path: Path, **changes: object) -> OptimiseJob:
    given = {
        "lambdas": (1e-7,),
        "minimise": "operations",
        "cost": "rounding",
        "loss": None,
        "training": None,
        "per": "layer",
        "epochs": 3,
        "learning_rate": 0.01,
        "minibatch": 10,
        "seed": 7,
        "from_levels": False,
    }
    experiment = Experiment.model_validate({"frames": {"dataset": "mnist", "range": "0:100"}})
    return optimise_job(experiment, tmp_path, **{**given, **changes})


def test_one_seed_gives_one_file(tmp_path: Path) -> None:
    files = [run_optimise(_job(tmp_path), tmp_path / name)[1][0].read_bytes() for name in ("first", "second")]
    assert files[0] == files[1]
    assert run_optimise(_job(tmp_path, seed=8), tmp_path / "third")[1][0].read_bytes() != files[0]


def test_an_interrupted_search_ends_with_the_same_bytes(tmp_path: Path) -> None:
    def stop(_: str, done: int, count: int) -> None:
        if done > count // 2:
            raise KeyboardInterrupt

    whole = run_optimise(_job(tmp_path), tmp_path / "whole")[1][0].read_bytes()
    with pytest.raises(KeyboardInterrupt):
        run_optimise(_job(tmp_path), tmp_path / "stopped", progress=stop)
    assert not list((tmp_path / "stopped").glob("*.yaml"))
    assert run_optimise(_job(tmp_path), tmp_path / "stopped")[1][0].read_bytes() == whole


def test_energy_is_counted_in_picojoules_of_the_accelerator(tmp_path: Path) -> None:
    job = _job(tmp_path, minimise="energy", cost="sigma_delta", lambdas=(1e-4,))
    assert (job.unit, job.accelerator) == ("pJ", "horowitz-45nm")
    assert job.costs is not None
    assert all(cost.per_unit == 0 and cost.per_value > 1 and cost.message_per_value > 0 for cost in job.costs)
    result, _ = run_optimise(job, tmp_path / "found")
    assert result.trajectory["operations"][-1] < result.trajectory["operations"][0]


def test_scales_that_are_there_are_not_replaced(tmp_path: Path) -> None:
    run_optimise(_job(tmp_path), tmp_path / "found")
    with pytest.raises(Exception, match=r"found holds scales already.*--overwrite"):
        run_optimise(_job(tmp_path, seed=9), tmp_path / "found")
    run_optimise(_job(tmp_path, seed=9), tmp_path / "found", overwrite=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"lambdas": (0.0,)}, r"lambda.*greater than 0|lambda.*0\.0"),
        ({"cost": "sigma_delta", "minibatch": 1}, "minibatch must be 2 or more"),
    ],
)
def test_wrong_settings_are_told(tmp_path: Path, changes: dict, message: str) -> None:
    with pytest.raises((ConfigError, WorkloadError), match=message):
        _job(tmp_path, **changes)


def test_every_search_has_a_directory_and_every_lambda_a_file_of_its_own(tmp_path: Path) -> None:
    job = _job(tmp_path)
    other = job.frames.copy()
    other[0, 0] ^= 1
    (first, *rest) = job.network.nodes
    shifted = replace(first, operation=replace(first.operation, bias=first.operation.bias + 1))
    jobs = [
        job,
        _job(tmp_path, lambdas=(1e-7, 2e-7)),
        _job(tmp_path, seed=8),
        replace(job, frames=other),
        replace(job, network=replace(job.network, nodes=(shifted, *rest))),
    ]
    assert len({each.default_path for each in jobs}) == len(jobs)
    assert _job(tmp_path).default_path == job.default_path
    near = _job(tmp_path, lambdas=(1e-7, 1.0000001e-7))
    paths = run_optimise(replace(near, settings=near.settings.model_copy(update={"epochs": 1})), tmp_path / "near")[1]
    assert [path.name for path in paths] == ["lambda-1e-07.yaml", "lambda-1.0000001e-07.yaml"]


def test_the_command_that_is_proposed_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the network that was searched on, from a path with a space; progress counts what it says it counts."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(4)
    weights = [random.normal(0, 0.3, size).astype(np.float32) for size in ((12, 6), (6, 3))]
    biases = [np.full(each.shape[1], 0.1, np.float32) for each in weights]
    save_network(network_from_arrays(weights, biases, input_shape=(3, 4)), tmp_path / "my net.npz")
    np.save(tmp_path / "my frames.npy", random.integers(0, 256, (20, 3, 4), dtype=np.uint8))
    options = ("--network", "my net.npz", "--lambda", "1e-9", "--epochs", "2", "-o", "found here")
    monkeypatch.setattr("sys.argv", ["deltasim", "optimise", "my frames.npy", *options])
    with pytest.raises(SystemExit):
        main()
    told = capsys.readouterr()
    assert "6/6 steps" in told.err  # twice 20 frames in steps of 10, and once to look at the end
    (command,) = [line.removeprefix("Try:") for line in told.out.splitlines() if line.startswith("Try:")]
    words = shlex.split(command)
    assert words[:5] == ["deltasim", "run", "my frames.npy", "--network", "my net.npz"]
    found = _run(monkeypatch, capsys, *words[1:], "--modes", "rounding", "--json")
    scales = YAML(typ="safe").load(Path("found here/lambda-1e-09.yaml"))["scales"]
    manifest = json.loads((Path(found["run"]) / "manifest.json").read_text())
    assert manifest["quantisation"]["scales"]["scaled"] == [each["scale"] for each in scales]
