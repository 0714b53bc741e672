"""Run directories: whole or not at all, resumable to the same bytes, and refused when damaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from reports_branching import make_branching_run
from reports_example import MODES, OUTPUTS, add_chunks, chunk, counts, finish, make_run, manifest, messages

from hwmodels.records import SCHEMA_VERSION
from reports import Chunk, RunError, load_run, open_partial
from reports.run.files import partial_directory

HASH = "a" * 64


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def test_a_run_reads_back_as_written(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run"))
    assert run.modes == list(MODES)
    assert run.frame_count == 2
    assert run.counts["adds"].tolist() == [0, 6, 0, 6, 0, 8, 0, 8, 0, 8, 0, 2]
    assert run.counts["layer"].tolist() == ["input", "output"] * 6
    assert np.asarray(run.outputs["rounding"]).tolist() == [[5, 1], [1, 4]]
    assert run.labels is not None
    assert run.labels.tolist() == [0, 0]
    assert run.sample_frames.shape == (2, 2, 2)
    assert run.experiment_yaml == "name: tiny\n"
    assert not partial_directory(tmp_path / "run").exists()


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    whole = contents(make_run(tmp_path / "whole", record=True))
    first = open_partial(tmp_path / "killed", HASH)
    add_chunks(first, until=1, record=True)
    (first.partial / "chunk-rounding-00001.counts.parquet").write_bytes(
        b"half a chu"
    )  # the kill came while it was written
    assert not (tmp_path / "killed").exists()

    second = open_partial(tmp_path / "killed", HASH)
    assert second.finished_chunks() == 1
    state = second.load_state()
    assert state is not None
    assert state["next"] == 1
    assert open_partial(tmp_path / "new", HASH).load_state() is None
    add_chunks(second, record=True)
    assert contents(finish(second, manifest())) == whole


def test_a_kill_while_finishing_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = contents(make_run(tmp_path / "whole"))
    partial = open_partial(tmp_path / "run", HASH)
    add_chunks(partial)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("reports.run.consolidate.write_manifest", killed)
        with pytest.raises(KeyboardInterrupt):
            finish(partial, manifest())
    assert not (tmp_path / "run").exists()
    assert contents(finish(open_partial(tmp_path / "run", HASH), manifest())) == whole


def test_an_existing_run_is_not_overwritten_unasked(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run")
    before = contents(path)
    with pytest.raises(RunError, match="exists already"):
        open_partial(path, HASH)
    again = open_partial(path, HASH, overwrite=True)
    assert contents(path) == before  # the old run stays until the new one is whole
    add_chunks(again)
    finish(again, manifest(name="new"))
    assert load_run(path).name == "new"


def test_a_directory_that_is_no_run_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(RunError, match="no run directory"):
        open_partial(tmp_path / "photos", HASH, overwrite=True)


def test_a_partial_run_of_another_configuration_is_refused_or_discarded(tmp_path: Path) -> None:
    add_chunks(open_partial(tmp_path / "run", HASH), ["original"])
    with pytest.raises(RunError, match="another configuration"):
        open_partial(tmp_path / "run", "b" * 64)
    fresh = open_partial(tmp_path / "run", "b" * 64, overwrite=True)
    assert fresh.finished_chunks() == 0


def test_chunks_out_of_order_or_malformed_are_refused(tmp_path: Path) -> None:
    partial = open_partial(tmp_path / "run", HASH)
    rows, outputs = counts("original", 0), np.array([[1, 2]])

    def add(columns: Any, given: Any = outputs, mode: str = "original") -> None:
        partial.add_chunk(0, {mode: Chunk(columns, given)}, {})

    with pytest.raises(RunError, match="the next one is 0"):
        partial.add_chunk(1, {"original": Chunk(rows, outputs)}, {})
    with pytest.raises(RunError, match=r"missing columns \['adds'\]"):
        add({name: rows[name] for name in rows if name != "adds"})
    with pytest.raises(RunError, match="float64"):
        add({**rows, "adds": np.zeros(2)})
    with pytest.raises(RunError, match="frame by frame"):
        add({**rows, "core": np.array([1, 0])})
    with pytest.raises(RunError, match="unknown mode 'orginal'"):
        add(rows, mode="orginal")
    with pytest.raises(RunError, match="32 bits"):
        add(rows, np.array([[1, 2**31]]))
    assert partial.finished_chunks() == 0


def test_row_groups_are_small_and_do_not_depend_on_chunks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.run.consolidate.GROUP_ROWS", 3)
    path = make_run(tmp_path / "run", ["rounding", "sigma_delta"], frames=5, record=True)
    for name, rows in (("counts", [3, 3, 3, 1] * 2), ("messages", [3] * 6 + [2] + [3] * 4 + [2])):
        file = pq.ParquetFile(path / f"{name}.parquet")
        assert [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)] == rows
    assert load_run(path).counts["frame"].tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4] * 2

    partial = open_partial(tmp_path / "one", HASH)  # the same frames, all in one chunk
    chunks = {}
    for mode in ("rounding", "sigma_delta"):
        rows, sent = ([part(mode, frame) for frame in range(5)] for part in (counts, messages))
        columns = {name: np.concatenate([each[name] for each in rows]) for name in rows[0]}
        outputs = np.array([OUTPUTS[mode][frame % 2] for frame in range(5)])
        chunks[mode] = Chunk(columns, outputs, pd.concat(sent))
    partial.add_chunk(0, chunks, {})
    assert contents(finish(partial, manifest(["rounding", "sigma_delta"]), frames=5)) == contents(path)


def test_modes_with_different_frames_do_not_become_a_run(tmp_path: Path) -> None:
    partial = open_partial(tmp_path / "run", HASH)
    add_chunks(partial, ["rounding", "sigma_delta"], until=1)
    partial.add_chunk(1, {"rounding": chunk("rounding", 1)}, {})
    with pytest.raises(RunError, match="nothing was simulated for mode sigma_delta"):
        finish(partial, manifest(["rounding", "sigma_delta"]))
    partial = open_partial(tmp_path / "other", HASH)
    both, (first, *_) = [chunk("rounding", frame) for frame in (0, 1)], [chunk("sigma_delta", 0)]
    counted = {name: np.concatenate([each.counts[name] for each in both]) for name in both[0].counts}
    more = Chunk(counted, np.concatenate([each.outputs for each in both]))
    partial.add_chunk(0, {"rounding": more, "sigma_delta": first}, {})
    with pytest.raises(RunError, match="differ in the number of frames"):
        finish(partial, manifest(["rounding", "sigma_delta"]))
    with pytest.raises(RunError, match="nothing was simulated for mode original"):
        finish(partial, manifest())


def test_directories_that_are_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no such run"):
        load_run(tmp_path / "missing")
    with pytest.raises(RunError, match="no run directory"):
        load_run(tmp_path)
    partial = open_partial(tmp_path / "run", HASH)
    with pytest.raises(RunError, match="unfinished run of it exists"):
        load_run(tmp_path / "run")
    with pytest.raises(RunError, match="unfinished"):
        load_run(partial.partial)


@pytest.mark.parametrize(
    "name", ["counts.parquet", "outputs.npz", "layers.json", "accelerator.json", "experiment.yaml"]
)
def test_damaged_files_are_named(tmp_path: Path, name: str) -> None:
    path = make_run(tmp_path / "run")
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[:-1])
    with pytest.raises(RunError, match=f"{name}: has .* bytes"):
        load_run(path)
    (path / name).write_bytes(content[:-1] + b"?")
    with pytest.raises(RunError, match=f"{name}: was changed"):
        load_run(path)
    (path / name).unlink()
    with pytest.raises(RunError, match=f"{name}: cannot be read"):
        load_run(path)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"schema_version": 2', f'{{"schema_version": {SCHEMA_VERSION}, "files": {{}}, "modes": []}}'],
)
def test_damaged_manifests(tmp_path: Path, text: str) -> None:
    path = make_run(tmp_path / "run")
    (path / "manifest.json").write_text(text)
    with pytest.raises(RunError, match=r"manifest\.json"):
        load_run(path)


def test_another_schema_version(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run")
    content = json.loads((path / "manifest.json").read_text())
    (path / "manifest.json").write_text(json.dumps({**content, "schema_version": 99}))
    with pytest.raises(RunError, match=rf"schema version 99, .* --out {path} --overwrite"):
        load_run(path)
    partial = open_partial(path, "a" * 64, overwrite=True)  # what the sentence says works
    add_chunks(partial)
    finish(partial, manifest())
    assert load_run(path).frame_count == 2


def test_messages_only_if_recorded(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", record=True))
    assert run.messages.groupby("mode", observed=True).size().to_dict() == {
        "original": 6,
        "rounding": 8,
        "sigma_delta": 5,
    }
    with pytest.raises(RunError, match="not recorded"):
        _ = load_run(make_run(tmp_path / "bare")).messages


def test_colour_pictures_of_fewer_frames_are_kept(tmp_path: Path) -> None:
    pictures = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    run = load_run(make_branching_run(tmp_path / "run", frames=3, pictures=pictures, warnings=["ended early"]))
    np.testing.assert_array_equal(run.sample_frames, pictures)
    assert run.warnings == ["ended early"]
    assert not run.is_chain
    assert run.sending == set(range(8))


@pytest.mark.parametrize(
    "pictures", [np.zeros((2, 4), np.uint8), np.zeros((2, 4, 4, 4), np.uint8), np.zeros((2, 4, 4), np.float32)]
)
def test_other_pictures_are_refused(tmp_path: Path, pictures: np.ndarray) -> None:
    with pytest.raises(RunError, match="sample frames are"):
        make_branching_run(tmp_path / "run", frames=2, pictures=pictures)
    assert not (tmp_path / "run").exists()
