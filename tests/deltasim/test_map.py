"""`deltasim map`: the mapping of an experiment, and the same written out to be changed by hand."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from deltasim.api import job_of
from deltasim.cli.app import app
from deltasim.experiment.files import read_experiment

TILED = str(Path(__file__).parents[2] / "examples" / "tiled-array.yaml")


def mapped(*arguments: str):
    result = CliRunner().invoke(app, ["map", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_one_core_for_each_layer_where_that_fits():
    shown = json.loads(mapped("--json"))
    assert [layer["cores"] for layer in shown["layers"]] == [[0], [1], [2], [3]]
    assert shown["cores"] == 4


def test_what_is_written_out_gives_the_same_mapping(tmp_path):
    file = tmp_path / "mapped.yaml"
    shown = json.loads(
        mapped("--accelerator", TILED, "--strategy", "balance", "--cores", "12", "-o", str(file), "--json")
    )
    assert 4 < shown["cores"] <= 12
    experiment, folder = read_experiment(file)
    job = job_of(experiment, folder)
    assert [list(each.cores) for each in job.mapping] == [layer["cores"] for layer in shown["layers"]]


def test_the_table_names_layers_cores_and_cuts():
    text = mapped("--accelerator", TILED, "--strategy", "balance")
    assert "of 256 cores" in text
    assert "1 x 7" in text
