"""A run in memory beside the same run in a directory: everything that either says is the same."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import reports_branching
import reports_example
import reports_split
from pickled import pickled
from quantisation_content import content

from hwmodels import load_accelerator
from reports import (
    MemoryRun,
    Run,
    RunError,
    RunWriter,
    at_prices,
    compare,
    figures_of,
    open_partial,
    write_dashboard,
    write_priced_copy,
    write_trace,
)
from reports.dashboard.writing import dashboard_html

HASH = "c" * 64


def _plain(writer: RunWriter, *, record: bool) -> Run:
    reports_example.add_chunks(writer, record=record)
    manifest = reports_example.manifest(frame_rate_hz=1000.0, warnings=["late"])
    return reports_example.finished(writer, manifest, quantisation=content())


def _unlabelled(writer: RunWriter) -> Run:
    reports_example.add_chunks(writer, ["sigma_delta"], until=5)
    return reports_example.finished(writer, reports_example.manifest(["sigma_delta"]), frames=5, labels=False)


def _split(writer: RunWriter, *, record: bool) -> Run:
    chip = reports_split.Chip()
    reports_split.add_chunks(writer, chip, record=record)
    return reports_split.finished(writer, chip, frames=6, frame_interval_fs=10**9)


RUNS: dict[str, Callable[[RunWriter], Run]] = {
    "plain": lambda writer: _plain(writer, record=False),
    "plain, messages": lambda writer: _plain(writer, record=True),
    "one mode, no labels": _unlabelled,
    "split over a mesh": lambda writer: _split(writer, record=False),
    "split over a mesh, messages": lambda writer: _split(writer, record=True),
    "branching, features": lambda writer: reports_branching.branching_run(writer, frames=20, classes=None),
}


@pytest.fixture(scope="module", params=RUNS)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run]:
    """The run in memory, and in a directory."""
    path = tmp_path_factory.mktemp("runs") / "run"
    return RUNS[request.param](MemoryRun(HASH)), RUNS[request.param](open_partial(path, HASH))


def _said(run: Run) -> dict[str, Any]:
    """Everything that a run says without being asked for more: its fields, properties and tables."""
    names = [name for name, kind in inspect.getmembers(Run) if isinstance(kind, property | cached_property)]
    chosen = {*names, *(each.name for each in fields(Run))} - {"path", "where", "store", "manifest"}
    return {name: getattr(run, name) for name in sorted(chosen) if name != "messages" or run.has_messages}


def _assert_same(one: Any, other: Any, what: str) -> None:
    """Equal, bit for bit, and of one type of numbers."""
    if isinstance(other, pd.DataFrame):
        pd.testing.assert_frame_equal(one, other, check_exact=True, obj=what)
    elif isinstance(other, pd.api.extensions.ExtensionArray) or getattr(other, "dtype", "") == np.dtype(object):
        pd.testing.assert_series_equal(pd.Series(one), pd.Series(other), check_exact=True, obj=what)
    elif isinstance(other, Mapping):
        assert [*one] == [*other], what
        for name in other:
            _assert_same(one[name], other[name], f"{what}[{name}]")
    elif hasattr(other, "shape"):
        assert one.dtype == other.dtype, what
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other), what)
    elif is_dataclass(other) and not isinstance(other, type):
        _assert_same({each.name: getattr(one, each.name) for each in fields(other)}, vars_of(other), what)
    elif isinstance(other, tuple | list):
        assert type(one) is type(other), what
        assert len(one) == len(other), what
        for number, each in enumerate(other):
            _assert_same(one[number], each, f"{what}[{number}]")
    else:
        assert one == other, what


def vars_of(record: Any) -> dict[str, Any]:
    return {each.name: getattr(record, each.name) for each in fields(record)}


def test_every_field_property_and_table_is_the_same(both: tuple[Run, Run]) -> None:
    kept, stored = both
    _assert_same(_said(kept), _said(stored), "run")
    _assert_same(kept.summary(), stored.summary(), "summary")
    for mode in stored.modes:
        _assert_same(kept.real_outputs(mode), stored.real_outputs(mode), mode)
        _assert_same(kept.changes_of(mode), stored.changes_of(mode), mode)
        _assert_same(kept.link_counts(mode, 1, 3), stored.link_counts(mode, 1, 3), mode)
        if stored.has_messages:
            _assert_same(kept.messages_of(mode, 1), stored.messages_of(mode, 1), mode)
    _assert_same(kept.link_counts(), stored.link_counts(), "links")


def test_the_manifest_is_the_same_but_for_the_files_that_are_not_there(both: tuple[Run, Run]) -> None:
    kept, stored = both
    assert kept.manifest["files"] == {}
    assert [*kept.manifest] == [*stored.manifest]
    assert kept.manifest == {**stored.manifest, "files": {}}


def test_figures_page_and_trace_are_the_same(both: tuple[Run, Run], tmp_path: Path) -> None:
    kept, stored = both
    figures, others = figures_of(kept), figures_of(stored)
    assert [*figures] == [*others]
    assert all(figures[name].to_json() == others[name].to_json() for name in others)
    assert dashboard_html(replace(kept, manifest=stored.manifest)) == dashboard_html(stored)
    traces = [tmp_path / "kept.json", tmp_path / "stored.json"]
    assert [write_trace(run, trace) for run, trace in zip(both, traces, strict=True)] == [
        write_trace(stored, traces[1])
    ] * 2
    assert traces[0].read_bytes() == traces[1].read_bytes()


def test_saved_it_is_the_run_that_the_directory_would_have_been(both: tuple[Run, Run], tmp_path: Path) -> None:
    kept, stored = both
    saved = kept.save(tmp_path / "saved")
    assert (saved.path, saved.manifest) == (tmp_path / "saved", stored.manifest)
    assert _files(tmp_path / "saved") == _files(stored.path)
    assert [each.name for each in tmp_path.iterdir()] == ["saved"]
    stored.save(tmp_path / "copied")
    assert _files(tmp_path / "copied") == _files(stored.path)


def test_a_priced_copy_is_that_of_the_directory(both: tuple[Run, Run], tmp_path: Path) -> None:
    prices = load_accelerator("horowitz-45nm")
    for run, name in zip(both, ("kept", "stored"), strict=True):
        priced = at_prices(run, prices.model_copy(update={"mesh": run.accelerator.mesh}))
        copy = write_priced_copy(priced, tmp_path / name)
        _assert_same(copy.energies, priced.energies, name)
    assert _files(tmp_path / "kept") == _files(tmp_path / "stored")


def _files(path: Path | None) -> dict[str, bytes]:
    assert path is not None
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.fixture
def kept() -> Run:
    return _plain(MemoryRun(HASH), record=False)


def test_saving_asks_before_it_replaces(kept: Run, tmp_path: Path) -> None:
    first = kept.save(tmp_path / "run")
    with pytest.raises(RunError, match="exists already"):
        kept.save(tmp_path / "run")
    other = replace(kept, manifest={**kept.manifest, "name": "other"})
    assert other.save(tmp_path / "run", overwrite=True).name == "other"
    assert first.name == "tiny"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="no run directory"):
        kept.save(tmp_path / "file", overwrite=True)


def test_row_groups_of_a_saved_run_do_not_depend_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reports.run.consolidate.GROUP_ROWS", 3)
    kept = RUNS["split over a mesh, messages"](MemoryRun(HASH))
    stored = RUNS["split over a mesh, messages"](open_partial(tmp_path / "stored", HASH))
    kept.save(tmp_path / "saved")
    assert pq.ParquetFile(tmp_path / "saved" / "links.parquet").num_row_groups > 10
    assert _files(tmp_path / "saved") == _files(stored.path)


def test_it_says_that_it_is_in_memory_and_what_to_do_where_a_directory_is_needed(kept: Run, tmp_path: Path) -> None:
    assert repr(kept).startswith("Run(in memory: 2 frames of data, net on ")
    assert "in memory" in kept._repr_html_()
    with pytest.raises(RunError, match=r"run 'tiny' in memory: has no directory for its dashboard; give a path.*save"):
        write_dashboard(kept)
    (tmp_path / "notes").write_text("mine")
    for wrong in (tmp_path, tmp_path / "notes", tmp_path / "nowhere" / "page.html"):
        with pytest.raises(RunError, match=r"cannot be the dashboard; give a file in a directory that is there"):
            write_dashboard(kept, wrong)
    assert (tmp_path / "notes").read_text() == "mine"
    page = write_dashboard(kept, tmp_path / "page.html")
    assert page.read_text(encoding="utf-8") == dashboard_html(kept)
    with pytest.raises(RunError, match="run 'tiny' in memory: messages were not recorded"):
        _ = kept.messages
    with pytest.raises(RunError, match="run 'tiny' in memory: has no network 'original_sparse'"):
        kept.real_outputs("original_sparse")


def test_two_runs_are_compared_wherever_they_are(kept: Run, tmp_path: Path) -> None:
    saved = kept.save(tmp_path / "saved")
    table = compare(kept, saved)
    assert (table["difference"] == 0).all()
    _assert_same(table.drop(columns="difference"), compare(saved, kept).drop(columns="difference"), "comparison")


def test_what_was_added_is_not_changed_any_more() -> None:
    """An engine may use its arrays again."""
    spoiled, clean = MemoryRun(HASH), MemoryRun(HASH)
    for frame in range(3):
        clean.add_chunk(frame, {"sigma_delta": reports_example.chunk("sigma_delta", frame, record=True)}, {})
        chunk = reports_example.chunk("sigma_delta", frame, record=True)
        spoiled.add_chunk(frame, {"sigma_delta": chunk}, {})
        for array in (*chunk.counts.values(), chunk.outputs):
            array[...] = 7
        chunk.messages[:] = 7
    manifest = reports_example.manifest(["sigma_delta"])
    one, other = (reports_example.finished(each, manifest, frames=3) for each in (spoiled, clean))
    _assert_same(_said(one), _said(other), "run")


def test_chunks_out_of_order_or_missing_are_refused() -> None:
    writer = MemoryRun(HASH)
    chunk = reports_example.chunk("original", 0)
    with pytest.raises(RunError, match="the run in memory: chunk 1 given, but the next one is 0"):
        writer.add_chunk(1, {"original": chunk}, {})
    with pytest.raises(RunError, match="unknown mode 'orginal'"):
        writer.add_chunk(0, {"orginal": chunk}, {})
    with pytest.raises(RunError, match="the run in memory: nothing was simulated for mode original"):
        reports_example.finished(writer, reports_example.manifest())
    writer.add_chunk(0, {"original": chunk}, {})
    writer.add_chunk(1, {"rounding": reports_example.chunk("rounding", 1)}, {})
    with pytest.raises(RunError, match="the run in memory: nothing was simulated for mode original"):
        reports_example.finished(writer, reports_example.manifest(["original"]))


def test_scratch_is_gone_when_the_run_is_done() -> None:
    writer = MemoryRun(HASH)
    reports_example.add_chunks(writer)
    place = writer.scratch()
    (place / "file").write_text("for a while")
    assert writer.scratch() == place
    reports_example.finished(writer, reports_example.manifest())
    assert not place.exists()


def test_it_can_be_pickled(kept: Run, tmp_path: Path) -> None:
    again = pickled(kept)
    _assert_same(_said(again), _said(kept), "run")
    again.save(tmp_path / "again")
    kept.save(tmp_path / "kept")
    assert _files(tmp_path / "again") == _files(tmp_path / "kept")


def test_the_manifest_is_json(kept: Run) -> None:
    assert json.loads(json.dumps(kept.manifest)) == kept.manifest
