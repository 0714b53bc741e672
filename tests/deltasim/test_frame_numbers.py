"""Frames keep the numbers that they have in their source; memories show what is demanded of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import deltasim
from hypothesis import given
from hypothesis import strategies as st

import deltasim as ds
from reports import write_dashboard, write_trace
from reports.dashboard.strip import film_strip
from reports.figures.plots import run_plots
from workloads import Frames, frames_of_array
from workloads.frames.source import take_range, take_stride


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> ds.Run:
    """Frames 40 to 58 of MNIST, every sixth."""
    folder = tmp_path_factory.mktemp("numbers")
    images = ds.frames("mnist", frames="0:60").read(0, 60).reshape(60, 28, 28)
    np.save(folder / "digits.npy", images)
    (folder / "part.yaml").write_text(
        "schema: deltasim/experiment/1\nname: part\nframes: {dataset: digits.npy, range: '40:60', stride: 6}\n"
        "record_messages: true\n"
    )
    return ds.run(folder / "part.yaml", out=folder / "run")


@given(st.integers(1, 60), st.lists(st.one_of(st.integers(1, 4), st.tuples(st.integers(0, 20), st.integers(1, 20)))))
def test_numbers_are_those_of_the_source(count: int, steps: list[Any]) -> None:
    """Whatever ranges and strides are taken of one another, frame n is frame `first + step * n` of the source."""
    pixels = np.arange(count, dtype=np.uint8)[:, None]
    frames: Frames = frames_of_array("a", pixels)
    for step in steps:
        if isinstance(step, int):
            frames = take_stride(frames, step)
        elif step[0] < frames.count:
            frames = take_range(frames, step[0], min(step[0] + step[1], frames.count))
    numbers = frames.first + frames.step * np.arange(frames.count)
    assert numbers.tolist() == frames.read(0, frames.count)[:, 0].tolist()


def test_figures_count_as_the_source_does(run: ds.Run) -> None:
    assert run.frame_numbers.tolist() == [40, 46, 52, 58]
    plots = {plot.id: plot for plot in run_plots(run)}
    for name in ("cost-per-frame", "agreement", "layer-shares", "changes"):
        if name in plots:
            figure = next(iter(plots[name].variants.values()))
            assert list(figure.data[0].x) == [40, 46, 52, 58], name
    assert list(plots["layer-shares"].variants["sigma-delta"].layout.xaxis.range) == [37, 61]
    assert {title.rsplit(", ", 1)[1] for title in plots["timeline"].variants} == {"40 to 52", "40 to 40"}
    assert "sigma-delta, first: 40" in plots["waterfall"].variants
    assert {title.rsplit(" ", 1)[1] for title in plots["waterfall"].variants} <= {"40", "46", "52", "58"}
    strip = film_strip(run)
    assert (strip["first"], strip["step"], strip["frames"]) == (40, 6, 4)
    page = write_dashboard(run).read_text(encoding="utf-8")
    assert "4 frames, 40 to 58, one in 6" in page


def test_a_trace_is_asked_for_and_written_in_those_numbers(run: ds.Run, tmp_path: Path) -> None:
    assert write_trace(run, tmp_path / "t.json", None, (46, 53)) == ("sigma_delta", 46, 52)
    document = json.loads((tmp_path / "t.json").read_text())
    found = {event["args"]["frame"] for event in document["traceEvents"] if "frame" in event.get("args", {})}
    assert found == {46, 52}
    assert document["otherData"]["frames"] == "46:53"
    with pytest.raises(ds.RunError, match="no frames 0:4; it has 4, from 40 to 58"):
        write_trace(run, tmp_path / "t.json", None, (0, 4))


def test_the_terminal_says_which(run: ds.Run, tmp_path: Path) -> None:
    result = deltasim("report", run.path, cwd=tmp_path)
    assert "part: 4 frames, 40 to 58, one in 6, per frame" in result.stdout


def test_memories_hold_what_the_network_that_needs_most_demands(run: ds.Run) -> None:
    """Values last sent, which networks that send changes keep, are state too: also those of the input."""
    assert [part["state_kib"] * 8192 for part in run.parts] == [784 * 8, 200 * (32 + 8), 200 * (32 + 8), 10 * 32]
