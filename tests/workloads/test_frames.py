"""Frames of the bundled data sets and of files."""

import contextlib
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from workloads import Frames, WorkloadError, frames_of_array, list_datasets, load_frames, temporal_order
from workloads.frames.mnist import load_mnist

STACK = np.random.default_rng(2).integers(0, 256, (7, 3, 2), dtype=np.uint8)


def everything(frames: Frames, size: int = 1000) -> np.ndarray:
    return np.concatenate(list(frames.blocks(size)))


def test_mnist_is_as_published() -> None:
    test, train = load_frames("mnist"), load_frames("mnist", split="train")
    assert (test.count, train.count, test.shape, test.pixels) == (10_000, 60_000, (28, 28), 784)
    assert test.labels is not None
    assert train.labels is not None
    assert test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert everything(test).sum(dtype=np.int64) == load_mnist("test").images.sum(dtype=np.int64)


def test_temporal_mnist_is_mnist_in_temporal_order() -> None:
    data = load_mnist("test")
    order = temporal_order(data.images)
    frames = load_frames()
    assert frames.labels is not None
    assert np.array_equal(frames.labels, data.labels[order])
    assert np.array_equal(everything(frames), data.images[order])


def test_shuffled_mnist_repeats_with_its_seed() -> None:
    one, same, other = (load_frames("shuffled-mnist", seed=seed) for seed in (1, 1, 2))
    assert one.sha256() == same.sha256() != other.sha256()
    assert one.labels is not None
    assert one.labels[:8].tolist() == [6, 9, 2, 6, 7, 6, 1, 4]  # and so for any version of NumPy
    assert np.array_equal(np.sort(one.labels), np.sort(load_mnist("test").labels))


def test_blocks_cover_every_frame_once() -> None:
    frames = frames_of_array("stack", STACK)
    assert [len(block) for block in frames.blocks(3)] == [3, 3, 1]
    assert [len(block) for block in frames.blocks(3, start=5)] == [2]
    assert np.array_equal(everything(frames, 2), STACK.reshape(7, 6))
    with pytest.raises(WorkloadError, match="blocks of 0 frames"):
        next(frames.blocks(0))


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_files_of_frames(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    if suffix == "npy":
        np.save(path, STACK)
    else:
        np.savez(path, frames=STACK, labels=np.arange(7, dtype=np.uint8))
    frames = load_frames(path, frames="2:6")
    assert (frames.name, frames.count, frames.shape) == ("clip", 4, (3, 2))
    assert np.array_equal(everything(frames, 3), STACK[2:6].reshape(4, 6))
    assert (frames.labels is None) == (suffix == "npy")
    if frames.labels is not None:
        assert frames.labels.tolist() == [2, 3, 4, 5]


def test_a_file_is_not_read_into_memory(tmp_path: Path) -> None:
    """A sparse file of 4 GB: opening it and reading its end takes neither the memory nor the time."""
    path = tmp_path / "long.npy"
    np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=(4000, 1000, 1000)).flush()
    frames = load_frames(path)
    assert next(frames.blocks(2, start=3998)).shape == (2, 1_000_000)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_an_archive_is_read_anywhere_as_it_was_saved(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / "clip.npz"
    save(path, frames=STACK, labels=np.arange(7))
    frames = load_frames(path)
    for start, stop in ((0, 7), (2, 4), (4, 7), (0, 1), (6, 7), (3, 3), (5, 100)):
        assert np.array_equal(frames.read(start, stop), STACK[start:stop].reshape(-1, 6))


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_stack_stored_with_its_first_axis_fastest_is_the_same(tmp_path: Path, suffix: str) -> None:
    path, turned = tmp_path / f"clip.{suffix}", np.asfortranarray(STACK)
    np.save(path, turned) if suffix == "npy" else np.savez_compressed(path, frames=turned)
    frames = load_frames(path)
    assert np.array_equal(frames.read(3, 6), STACK[3:6].reshape(3, 6))
    assert frames.sha256() == frames_of_array("clip", STACK).sha256()


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_memory_is_bounded_by_the_block(tmp_path: Path, save: Callable[..., None]) -> None:
    stack = np.zeros((1000, 100_000), np.uint8)
    stack[:, ::97] = np.arange(1000)[:, None] % 251
    path = tmp_path / ("long.npy" if save is np.save else "long.npz")
    save(path, stack) if save is np.save else save(path, frames=stack)
    tracemalloc.start()
    frames = load_frames(path)
    total = sum(int(block.sum(dtype=np.int64)) for block in frames.blocks(10))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == stack.sum(dtype=np.int64)
    assert peak < 10_000_000


def test_a_block_that_no_machine_holds_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wide.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "|u1", "fortran_order": False, "shape": (2, 10**12)})
        file.truncate(file.tell() + 2 * 10**12)
    said = r"wide\.npy: an array of shape \(1, 1000000000000\), .* needs 931.3 GiB .* are available; read fewer frames"
    with pytest.raises(WorkloadError, match=said):
        load_frames(path).read(0, 1)


@pytest.mark.parametrize("save", [np.save, np.savez, np.savez_compressed])
def test_any_damage_ends_in_frames_or_a_clear_refusal(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / ("clip.npy" if save is np.save else "clip.npz")
    save(path, STACK) if save is np.save else save(path, frames=STACK, labels=np.arange(7))
    whole = path.read_bytes()
    rng = np.random.default_rng(8)
    for _ in range(1000):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, 2 * len(data))])
        with contextlib.suppress(WorkloadError):
            load_frames(path).read(0, 7)


def test_a_file_that_is_cut_under_a_run_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "clip.npy"
    np.save(path, np.zeros((7, 100_000), np.uint8))
    frames = load_frames(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WorkloadError, match=r"clip.npy cannot be read as an array \(it ends too early; was it changed"):
        frames.read(0, 7)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"frames": STACK / 255}, "frames are float64; needed uint8 pixels 0..255. If they are in 0..1"),
        ({"frames": STACK.astype(np.int32)}, r"frames are int32; .*astype\('uint8'\)"),
        ({"frames": STACK[:, 0, 0]}, r"shape \(7,\); needed \(n, pixels\)"),
        ({"frames": STACK[:0]}, r"shape \(0, 3, 2\)"),
        ({"frames": np.array([{}, {}], dtype=object)}, "hold Python objects"),
        ({"images": STACK}, "has arrays images; needed one called 'frames'"),
        ({"frames": STACK, "labels": np.arange(6)}, r"labels are \(6,\) int64; needed \(7,\) integers"),
        ({"frames": STACK, "labels": np.zeros(7)}, "labels are .* float64"),
    ],
)
def test_wrong_archives_are_refused(tmp_path: Path, arrays: dict[str, Any], message: str) -> None:
    np.savez(tmp_path / "wrong.npz", **arrays)
    with pytest.raises(WorkloadError, match=message):
        load_frames(tmp_path / "wrong.npz")


def test_wrong_arrays_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.npy"
    with pytest.raises(WorkloadError, match="does not exist"):
        load_frames(path)
    np.save(path, np.array([{}], dtype=object))
    with pytest.raises(WorkloadError, match=r"cannot be read as a \.npy array"):
        load_frames(path)
    np.save(path, STACK)
    for keep in (0, 5, 60, -1):
        path.write_bytes(path.read_bytes()[:keep])
        with pytest.raises(WorkloadError, match=r"cannot be read as a \.npy array"):
            load_frames(path)
        np.save(path, STACK)
    np.save(path, STACK.astype(np.float32))
    with pytest.raises(WorkloadError, match="frames are float32"):
        load_frames(path)


@pytest.mark.parametrize(
    ("dataset", "options", "message"),
    [
        ("temporal_mnist", {}, "no data set 'temporal_mnist'.*Did you mean 'temporal-mnist'"),
        ("clip.mp4", {}, "neither bundled nor a .npy or .npz file"),
        ("mnist", {"split": "validation"}, "split is 'validation'; allowed train, test"),
        ("mnist", {"seed": 3}, "seed is 3, but mnist has a fixed order"),
        ("shuffled-mnist", {}, "seed is None; shuffled-mnist needs one"),
        ("shuffled-mnist", {"seed": -1}, "seed is -1"),
        ("clip.npy", {"split": "test"}, "split is 'test', but clip.npy is a file"),
        ("mnist", {"frames": "10"}, "'10' is not a range; needed start:stop"),
        ("mnist", {"frames": "a:b"}, "is not a range"),
        ("mnist", {"frames": "-5:5"}, "is not a range"),
        ("mnist", {"frames": "0:10001"}, "not within the 10000 frames"),
        ("mnist", {"frames": "7:7"}, "not within"),
        ("mnist", {"frames": ""}, "is not a range"),
    ],
)
def test_wrong_requests_are_refused(dataset: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(WorkloadError, match=message):
        load_frames(dataset, **options)


def test_every_listed_dataset_loads() -> None:
    for name in list_datasets():
        seed = 0 if name == "shuffled-mnist" else None
        assert load_frames(name, frames="9990:", seed=seed).count == 10
