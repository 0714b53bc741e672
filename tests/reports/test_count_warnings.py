"""Warnings that follow from the counts: silence, stillness, and what is beyond the calibrated range."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from reports_example import make_run
from typer.testing import CliRunner

from deltasim.cli.app import app
from reports import load_run, write_dashboard
from reports.tables.count_warnings import count_warnings


def table(sent, clipped=None):
    """Counts of layers `input` and `hidden`: by mode, frame by frame, the magnitudes that each sends."""
    rows = [
        {"mode": mode, "frame": frame, "layer": layer, "l1_out": l1, "saturations": (clipped or {}).get(mode, 0)}
        for mode, frames in sent.items()
        for frame, pair in enumerate(frames)
        for layer, l1 in zip(("input", "hidden", "output"), (*pair, 0), strict=True)
    ]
    frame = pd.DataFrame(rows)
    frame.loc[frame["layer"] != "input", "saturations"] = 0
    return frame.astype({"mode": "category", "layer": "category"})


def said(sent, clipped=None):
    return count_warnings(table(sent, clipped), [100, 5, 2], {0, 1})


def test_nothing_is_said_where_all_layers_send():
    assert said({"original": [(3, 1), (3, 0)], "sigma_delta": [(3, 1), (0, 0)]}) == []


def test_a_layer_that_never_sends_is_named_with_its_networks():
    (text,) = said({"original": [(3, 1)] * 2, "rounding": [(3, 0)] * 2, "sigma_delta": [(3, 0)] * 2})
    assert text.startswith("hidden sends nothing in any of the 2 frames (rounding, sigma-delta)")


def test_an_input_that_never_changes_is_named_only_beside_a_network_in_which_it_does():
    still = {"temporal_difference": [(9, 1), (4, 1)], "sigma_delta": [(9, 1), (0, 1)]}
    (text,) = said(still)
    assert text.startswith("input sends nothing after the first frame (sigma-delta)")
    assert said({mode: [(9, 1), (0, 1)] for mode in still}) == []


def test_clipped_pixels_are_counted():
    (text,) = said({"rounding": [(9, 1), (9, 1)]}, {"rounding": 5})
    assert text.startswith("input: 10 pixels (5 %) are beyond the range")


def test_warnings_of_a_run_are_shown_everywhere(tmp_path: Path, monkeypatch):
    path = make_run(tmp_path / "run", warnings=["the clip was cut off"])
    assert load_run(path).warnings == ["the clip was cut off"]
    silent = {"rounding": [(2, 2, 0, 0, 0), (2, 2, 0, 0, 0)]}
    monkeypatch.setattr("reports_example.TRAFFIC", silent)
    path = make_run(tmp_path / "silent", ("rounding",), warnings=["the clip was cut off"])
    first, second = load_run(path).warnings
    assert first == "the clip was cut off"
    assert second.startswith("input sends nothing in any of the 2 frames (rounding)")
    assert second in write_dashboard(load_run(path)).read_text(encoding="utf-8")
    shown = CliRunner().invoke(app, ["report", str(path), "--json"])
    assert second in json.loads(shown.stdout)["warnings"]
    assert np.all(load_run(path).counts["saturations"] == 0)
