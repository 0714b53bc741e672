"""The command as a user types it: exit codes, messages, files left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import deltasim, refused
from wrong_yaml import WRONG_FILES

import deltasim as ds

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = "schema: deltasim/experiment/1\nname: quick\nframes: {dataset: mnist, range: '0:40'}\n"


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A folder with a finished run of 40 frames."""
    folder = tmp_path_factory.mktemp("quick")
    (folder / "quick.yaml").write_text(QUICK)
    result = deltasim("run", "quick.yaml", "--out", "a", cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder, result


def test_run_ends_with_a_table_and_the_path_of_the_dashboard(quick):
    folder, result = quick
    for words in (
        "4 layers on 4 of 16 cores",
        "sigma-delta",
        "397,600",
        "identical, 0 of 160 layer-frames differ",
        "Dashboard:",
    ):
        assert words in result.stdout
    path = Path(result.stdout.split("Dashboard:")[1].split("\n")[0].strip())
    assert path == folder / "a" / "dashboard.html"
    assert path.stat().st_size > 1_000_000
    assert {entry.name for entry in (folder / "a").iterdir()} == {
        "accelerator.json",
        "counts.parquet",
        "dashboard.html",
        "experiment.yaml",
        "layers.json",
        "links.parquet",
        "manifest.json",
        "mesh.json",
        "outputs.npz",
        "quantisation.json",
        "sample_frames.npz",
    }


def test_the_same_run_is_not_repeated_and_another_not_overwritten(quick):
    folder, _ = quick
    before = (folder / "a" / "counts.parquet").stat().st_mtime_ns
    assert deltasim("run", "quick.yaml", "--out", "a", cwd=folder).returncode == 0
    assert (folder / "a" / "counts.parquet").stat().st_mtime_ns == before
    other = refused(deltasim("run", "quick.yaml", "--out", "a", "--frames", "0:20", cwd=folder))
    assert "holds another run" in other
    assert "--overwrite" in other


def test_json_for_machines(quick):
    folder, _ = quick
    result = deltasim("run", "quick.yaml", "--out", "a", "--json", cwd=folder)
    summary = json.loads(result.stdout)
    assert summary["frames"] == 40
    assert summary["cores"] == {"used": 4, "of": 16}
    assert [row["mode"] for row in summary["networks"]] == list(ds.MODES)
    assert all(summary["identical"].values())


def test_both_engines_leave_the_same_bytes(quick):
    folder, _ = quick
    for engine in ("fast", "reference"):
        options = ["--frames", "0:3", "--engine", engine, "--out", engine]
        assert deltasim("run", "quick.yaml", *options, cwd=folder).returncode == 0
    for name in ("counts.parquet", "outputs.npz"):
        assert (folder / "fast" / name).read_bytes() == (folder / "reference" / name).read_bytes()


def test_any_number_of_threads_leaves_the_same_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("simulator.values.arrays.MACS_TO_SHARE", 0)  # small work is shared out as if it were large
    monkeypatch.setattr("simulator.values.arrays.NEURONS_TO_SHARE", 0)
    (tmp_path / "quick.yaml").write_text(QUICK)
    for threads in (1, 2, 3):
        options = ["--modes", "original,sigma_delta", "--threads", threads, "-o", f"run-{threads}"]
        result = deltasim("run", "quick.yaml", *options, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
    for file in (tmp_path / "run-1").iterdir():
        for threads in (2, 3):
            assert file.read_bytes() == (tmp_path / f"run-{threads}" / file.name).read_bytes(), file.name


def test_what_is_going_on_is_said_on_standard_error(quick):
    folder, result = quick
    assert result.stderr.startswith("quantising mnist-784-200-200-10 on 1,000 calibration frames\n")
    assert "sigma-delta" in result.stderr
    assert "quantising" in deltasim("validate", "quick.yaml", cwd=folder).stderr


def test_an_interrupted_run_goes_on_and_ends_with_the_same_bytes(tmp_path):
    """Killed in the middle of its chunks, started again: every file is the same as without the kill."""
    (tmp_path / "long.yaml").write_text("name: long\nframes: {dataset: mnist}\nmodes: [rounding, sigma_delta]\n")
    whole = deltasim("run", "long.yaml", "--out", "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr
    command = [sys.executable, "-m", "deltasim", "run", "long.yaml", "--out", "killed"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and not list(tmp_path.glob(".killed.partial/chunk-rounding-00002.*")):
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    assert not (tmp_path / "killed").exists()
    assert (tmp_path / ".killed.partial").exists()
    again = deltasim("run", "long.yaml", "--out", "killed", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert not (tmp_path / ".killed.partial").exists()
    for file in (tmp_path / "whole").iterdir():
        assert file.read_bytes() == (tmp_path / "killed" / file.name).read_bytes(), file.name


def test_report_compare_and_list(quick):
    folder, _ = quick
    (folder / "a" / "dashboard.html").unlink()
    assert deltasim("report", "a", cwd=folder).returncode == 0
    assert (folder / "a" / "dashboard.html").exists()
    assert deltasim("run", "quick.yaml", "--accelerator", "oconnor2017-int32", "--out", "b", cwd=folder).returncode == 0
    compared = deltasim("compare", "a", "b", "--html", "ab.html", cwd=folder)
    assert compared.returncode == 0, compared.stderr
    assert (folder / "ab.html").exists()
    assert json.loads(deltasim("compare", "a", "b", "--json", cwd=folder).stdout)["rows"]
    listed = json.loads(deltasim("list", "--json", cwd=folder).stdout)
    assert {"horowitz-45nm", "oconnor2017-int32"} <= listed["profiles"].keys()
    assert "mnist-784-200-200-10" in deltasim("list", cwd=folder).stdout


def test_a_trace_of_a_run(quick):
    folder, _ = quick
    written = deltasim("trace", "a", "--mode", "rounding", "--frames", "2:5", "-o", "t.json", cwd=folder)
    assert written.returncode == 0, written.stderr
    assert "rounding, frames 2 to 4 of 40" in written.stdout
    trace = json.loads((folder / "t.json").read_text())
    assert {event["ph"] for event in trace["traceEvents"]} == {"M", "B", "E", "X", "C"}
    found = json.loads(deltasim("trace", "a", "--json", cwd=folder).stdout)
    assert (found["trace"], found["network"], found["frames"]) == ("a/trace.json.gz", "sigma_delta", [0, 20])
    assert "did you mean 'sigma_delta'?" in refused(deltasim("trace", "a", "--mode", "sigma", cwd=folder))
    assert "no frames 40:" in refused(deltasim("trace", "a", "--frames", "40:", cwd=folder))
    assert "not a range" in refused(deltasim("trace", "a", "--frames", "3", cwd=folder))
    assert "no such run directory" in refused(deltasim("trace", "missing", cwd=folder))


def test_validate_says_how_many_cores_are_used(quick):
    folder, _ = quick
    assert "4 of 16 cores" in deltasim("validate", "quick.yaml", cwd=folder).stdout
    found = json.loads(deltasim("validate", "quick.yaml", "--json", cwd=folder).stdout)
    assert (found["valid"], found["cores_used"], found["cores"]) == (True, 4, 16)


def test_the_command_is_installed_and_exits_as_main_does(tmp_path):
    (tmp_path / "x.yaml").write_text("network: none\n")
    command = [Path(sys.executable).with_name("deltasim"), "run", "x.yaml"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert refused(result).startswith("deltasim: ")


@pytest.mark.parametrize("kind", ["accelerator", "experiment"])
def test_schema_is_json_schema(kind, tmp_path):
    schema = json.loads(deltasim("schema", kind, cwd=tmp_path).stdout)
    assert schema["type"] == "object"
    assert "name" in schema["properties"]


def test_help_teaches(tmp_path):
    text = deltasim("--help", cwd=tmp_path).stdout
    for command in ("run", "validate", "list", "schema", "report", "open", "compare", "price", "trace"):
        assert command in text
    assert "Examples:" in deltasim("run", "--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("wrong", WRONG_FILES.values(), ids=WRONG_FILES.keys())
def test_a_wrong_accelerator_is_refused_with_one_message(wrong, tmp_path):
    path = wrong.write(tmp_path)
    message = refused(deltasim("validate", path, cwd=tmp_path))
    assert message.startswith("deltasim: ")
    assert message.count("\n") == 1
    assert path.name in message or "second.yaml" in message
    for words in wrong.says:
        assert words in message


WRONG_EXPERIMENTS = {
    "unknown field": ("name: x\nframess: {}\n", ["x.yaml:2: framess", "did you mean 'frames'"]),
    "unknown profile": ("accelerator: horowitz\n", ["horowitz", "did you mean 'horowitz-45nm'"]),
    "missing accelerator file": ("accelerator: there-is-none.yaml\n", ["there-is-none.yaml", "no such file"]),
    "unknown network": ("network: mnist-784-200-200\n", ["mnist-784-200-200", "mnist-784-200-200-10"]),
    "unknown data set": ("frames: {dataset: temporal-mnits}\n", ["temporal-mnits", "temporal-mnist"]),
    "range beyond the end": ("frames: {range: '0:20000'}\n", ["0:20000", "10000"]),
    "unknown mode": ("modes: [sigma-dleta]\n", ["x.yaml:1: modes[0]: sigma-dleta", "did you mean 'sigma_delta'"]),
    "mode twice": ("modes: [rounding, rounding]\n", ["named twice: rounding"]),
    "zero rate": ("frame_rate_hz: 0\n", ["x.yaml:1: frame_rate_hz: 0", "greater than 0"]),
    "name of a path": ("name: ../../etc/x\n", ["x.yaml:1: name"]),
    "too wide weights": ("quantisation: {weight_bits: 12}\n", ["weight_bits of 12 bits", "has 8"]),
    "multiplier needed": ("accelerator: loihi1-sanafe\nmodes: [original]\n", ["original", "multiplier"]),
    "does not fit": (
        "accelerator: loihi1-sanafe\nquantisation: {weight_bits: 8}\nmapping: {cores: 4}\n",
        ["need at least 5 cores", "has 4 to use, 1 too few", "layer1 takes 2", "core.weight_memory.capacity: 154 KiB"],
    ),
    "too long": ("arrival: paced\nframe_rate_hz: 0.1\n", ["10000 frames at 0.1 Hz", "2.5 hours"]),
    "an accelerator": ("schema: deltasim/accelerator/1\n", ["is an accelerator, not an experiment"]),
}


@pytest.mark.parametrize(("text", "says"), WRONG_EXPERIMENTS.values(), ids=WRONG_EXPERIMENTS.keys())
def test_a_wrong_experiment_is_refused_with_one_message(text, says, tmp_path):
    (tmp_path / "x.yaml").write_text(text)
    message = refused(deltasim("run", "x.yaml", cwd=tmp_path))
    for words in says:
        assert words in message
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.yaml"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["report", "nowhere"], "no such run directory"),
        (["open", "."], "is no run directory"),
        (["compare", "nowhere", "nowhere"], "no such run directory"),
        (["run", "nowhere.yaml"], "no such file"),
        (["run", "--modes", "sigma"], "sigma_delta"),
        (["run", "--frames", "5"], "start:stop"),
        (["run", "--no-such-option"], "No such option"),
        (["run", "--threads", "0"], "--threads"),
        (["schema", "chip"], "accelerator"),
    ],
)
def test_wrong_arguments_are_refused(arguments, says, tmp_path):
    assert says in refused(deltasim(*arguments, cwd=tmp_path))


def test_a_damaged_run_is_refused(quick, tmp_path):
    folder, _ = quick
    shutil.copytree(folder / "a", tmp_path / "a")
    file = tmp_path / "a" / "counts.parquet"
    file.write_bytes(file.read_bytes()[:-100])
    assert "counts.parquet" in refused(deltasim("report", "a", cwd=tmp_path))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_example_is_valid(example, tmp_path, monkeypatch):
    monkeypatch.setenv("DELTASIM_CACHE", str(tmp_path / "cache"))  # nothing has been fetched
    result = deltasim("validate", example, cwd=tmp_path)
    if example.name == "vgg16-bikes.yaml":
        assert "deltasim data fetch vgg16-convolutions" in refused(result)
    else:
        assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("example", ["my-chip-experiment.yaml", "loihi1.yaml", "seneca.yaml", "paper-accounting.yaml"])
def test_examples_run(example, tmp_path):
    result = deltasim("run", EXAMPLES / example, "--frames", "0:50", "--out", "run", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert "identical, 0 of 200" in result.stdout


def test_the_python_example_runs(tmp_path):
    result = subprocess.run(
        [sys.executable, EXAMPLES / "own_network.py"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "sigma_delta" in result.stdout
    assert Path(result.stdout.strip().splitlines()[-1]).name == "dashboard.html"
