"""Outputs on disk: what numpy would have, in little memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from reports_example import make_run

from reports import RunError, load_run
from reports.run.outputs import StoredOutputs, count_differing, in_step, read_outputs, write_outputs
from workloads import WorkloadError

FRAMES, CLASSES = 400, 25_000  # 38 MiB


def outputs(seed: int) -> NDArray[np.int32]:
    return np.random.default_rng(seed).integers(-9, 9, (7, 5), dtype=np.int32)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> dict[str, StoredOutputs]:
    file = tmp_path_factory.mktemp("outputs") / "outputs.npz"
    parts = {"rounding": iter([outputs(1)]), "sigma_delta": iter([outputs(2)])}
    write_outputs(file, parts, 7, np.arange(7))
    found, labels = read_outputs(file, ["rounding", "sigma_delta"], 7)
    assert labels is not None
    assert labels.tolist() == list(range(7))
    return found


@given(st.lists(st.integers(0, 7)))
def test_parts_leave_no_trace(tmp_path_factory: pytest.TempPathFactory, cuts: list[int]) -> None:
    folder = tmp_path_factory.mktemp("parts")
    write_outputs(folder / "whole.npz", {"rounding": iter([outputs(1)])}, 7, None)
    write_outputs(folder / "parts.npz", {"rounding": iter(np.split(outputs(1), sorted(cuts)))}, 7, None)
    assert (folder / "whole.npz").read_bytes() == (folder / "parts.npz").read_bytes()
    with np.load(folder / "parts.npz") as archive:
        np.testing.assert_array_equal(archive["outputs__rounding"], outputs(1))


@pytest.mark.parametrize("parts", [[7], [7, 1], [6]], ids=str)
def test_parts_that_are_no_whole(tmp_path: Path, parts: list[int]) -> None:
    arrays = [np.zeros((rows, 5 if rows != 1 else 4), np.int32) for rows in parts]
    with pytest.raises(RunError, match="outputs__rounding has"):
        write_outputs(tmp_path / "o.npz", {"rounding": iter(arrays)}, 8, None)


@given(st.slices(7))
def test_slices_are_those_of_an_array(stored: dict[str, StoredOutputs], frames: slice) -> None:
    np.testing.assert_array_equal(stored["rounding"][frames], outputs(1)[frames])


def test_what_numpy_does_with_the_whole(stored: dict[str, StoredOutputs]) -> None:
    one, other = stored["rounding"], stored["sigma_delta"]
    assert (len(one), one.shape, one.size, one.dtype) == (7, (7, 5), 35, np.int32)
    np.testing.assert_array_equal(one * 2 - other, outputs(1) * 2 - outputs(2))
    assert np.count_nonzero(one != other) == count_differing(one, other) == np.count_nonzero(outputs(1) != outputs(2))
    assert np.argmax(one, axis=1).tolist() == outputs(1).argmax(axis=1).tolist()
    assert np.asarray(one, np.float64).dtype == np.float64


def test_in_step(stored: dict[str, StoredOutputs], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.run.outputs.BLOCK_BYTES", 8 * 2 * 5 * 3)
    blocks = list(in_step({1: stored["rounding"], 2: outputs(2)}))
    assert [len(block[1]) for block in blocks] == [3, 3, 1]
    for key in (1, 2):
        np.testing.assert_array_equal(np.concatenate([block[key] for block in blocks]), outputs(key))


def test_no_more_than_some_frames_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.run.outputs.BLOCK_BYTES", 2**20)
    parts = {mode: (np.full((4, CLASSES), part, np.int32) for part in range(FRAMES // 4)) for mode in ("a", "b")}
    tracemalloc.start()
    try:
        write_outputs(tmp_path / "o.npz", parts, FRAMES, None)
        found, _ = read_outputs(tmp_path / "o.npz", ["a", "b"], FRAMES)
        assert count_differing(found["a"], found["b"]) == 0
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 2**20 < 4 * FRAMES * CLASSES


def test_a_file_that_is_changed_under_a_run_is_refused(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run"))
    (run.path / "outputs.npz").write_bytes(b"no archive")
    with pytest.raises(WorkloadError, match=r"outputs\.npz"):
        _ = run.equalities


@pytest.mark.parametrize(("modes", "frames"), [(["original"], 7), (["rounding"], 6)], ids=["mode", "frames"])
def test_another_file(stored: dict[str, StoredOutputs], modes: list[str], frames: int) -> None:
    with pytest.raises((KeyError, ValueError)):
        read_outputs(stored["rounding"].path, modes, frames)
