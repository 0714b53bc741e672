"""Every way to make frames, pickled: another process, in another directory, reads the same bytes."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import clips
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pickled import pickled, unpickled

from workloads import Frames, WorkloadError, fit_frames, frames_of_array, load_frames
from workloads.frames.source import stacked, take_range, take_stride
from workloads.frames.splice import splice

STACK = np.random.default_rng(3).integers(0, 256, (7, 6, 5, 3), dtype=np.uint8)
RELATIVE = Path("frames")


def _saved(name: str, save: Callable[..., None] = np.save, stack: np.ndarray = STACK) -> Path:
    path = RELATIVE / name
    save(path, stack) if save is np.save else save(path, frames=stack, labels=np.arange(len(stack)))
    return path


def _folder() -> Path:
    folder = RELATIVE / "images"
    folder.mkdir()
    for number, image in enumerate(STACK[:4]):
        clips.write_image(folder / f"{number}.png", image)
    return folder


def _video() -> Path:
    return clips.write_clip(RELATIVE / "clip.mp4", "libx264", clips.scene(12))


def _mapped() -> Frames:
    return frames_of_array("mapped", np.load(_saved("mapped.npy"), mmap_mode="r"))


WAYS: dict[str, Callable[[], Frames]] = {
    "array": lambda: frames_of_array("array", STACK, np.arange(7), np.array([4, 1, 1, 6])),
    "list": lambda: frames_of_array("list", stacked([*STACK])),
    "memory-mapped array": _mapped,
    "mnist": lambda: load_frames("mnist", split="test", frames="5:25"),
    "temporal-mnist": lambda: load_frames("temporal-mnist", frames="9000:9020"),
    "shuffled-mnist": lambda: load_frames("shuffled-mnist", seed=3, frames=":20"),
    "npy": lambda: load_frames(_saved("plain.npy")),
    "npy, first axis fastest": lambda: load_frames(_saved("turned.npy", stack=np.asfortranarray(STACK))),
    "npy, preprocessed": lambda: load_frames(_saved("big.npy"), size=(3, 4), channels="gray", stride=2),
    "npz": lambda: load_frames(_saved("plain.npz", np.savez)),
    "npz, compressed": lambda: load_frames(_saved("small.npz", np.savez_compressed), frames="2:6"),
    "images": lambda: load_frames(_folder(), size=(4, 4), frames="1:"),
    "video": lambda: load_frames(_video(), size=(16, 24), frames="2:11", stride=3),
    "channels last": lambda: fit_frames(frames_of_array("array", STACK), (3, 6, 5), "net"),
    "splice": lambda: splice(load_frames(_saved("one.npy")), take_stride(frames_of_array("b", STACK), 2)),
}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessPoolExecutor]:
    """A new process in a directory of its own."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, os.chdir, (tmp_path_factory.mktemp("elsewhere"),)) as pool:
        yield pool


@pytest.mark.parametrize("way", WAYS)
def test_another_process_reads_the_same(
    way: str, elsewhere: ProcessPoolExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    RELATIVE.mkdir()
    frames = WAYS[way]()
    fresh = elsewhere.submit(_told, frames).result()
    assert fresh == _told(frames)
    frames.read(1, 2)
    assert elsewhere.submit(_told, frames).result() == fresh, "pickled in the middle of reading"


def _told(frames: Frames) -> tuple[str, list[str], list[bytes], str, object]:
    """All that frames say of themselves, and their bytes read backwards, as no decoder would by itself."""
    pixels = [frames.read(index, index + 1).tobytes() for index in reversed(range(frames.count))][::-1]
    labels = None if frames.labels is None else frames.labels.tolist()
    return repr(frames), list(frames.warnings), pixels, frames.sha256(), (frames.source, labels)


@given(st.integers(0, 5), st.integers(1, 3), st.data())
def test_any_cut_of_frames_is_the_same_when_pickled(start: int, stride: int, data: st.DataObject) -> None:
    whole = frames_of_array("whole", STACK, np.arange(7))
    cut = take_stride(take_range(whole, start, data.draw(st.integers(start + 1, 7))), stride)
    frames = pickled(splice(cut, whole))
    numbers = [*range(7)[start : start + cut.count * stride : stride][: cut.count], *range(7)]
    assert np.array_equal(frames.read(0, frames.count), STACK[numbers].reshape(len(numbers), -1))
    assert frames.labels.tolist() == numbers


def test_what_is_open_and_what_is_in_a_file_is_not_pickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "long.npz", frames=np.zeros((3000, 100), np.uint8))
    for frames in (load_frames(tmp_path / "long.npz"), load_frames("mnist", split="train", frames=":10")):
        frames.read(0, 5)
        assert len(pickle.dumps(frames)) < 3000
    turned = tmp_path / "turned.npy"
    np.save(turned, np.asfortranarray(np.zeros((3000, 100), np.uint8)))
    frames = load_frames(turned)
    frames.read(0, 5)  # which reads it whole
    assert len(pickle.dumps(frames)) < 3000


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_file_that_is_another_one_when_it_is_opened_again_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"clip.{suffix}"
    save = np.save if suffix == "npy" else np.savez_compressed
    save(path, STACK) if suffix == "npy" else save(path, frames=STACK)
    content = pickle.dumps(load_frames(path))
    save(path, STACK[:3]) if suffix == "npy" else save(path, frames=STACK[:3])
    with pytest.raises(WorkloadError, match=rf"clip\.{suffix} was changed since it was opened; leave it alone"):
        unpickled(content).read(0, 1)
    path.unlink()
    with pytest.raises(WorkloadError, match=rf"clip\.{suffix} does not exist"):
        unpickled(content).read(0, 1)


def test_an_archive_that_lost_its_frames_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "clip.npz", frames=STACK)
    content = pickle.dumps(load_frames(tmp_path / "clip.npz"))
    np.savez(tmp_path / "clip.npz", other=STACK)
    with pytest.raises(WorkloadError, match=r"clip\.npz was changed since it was opened"):
        unpickled(content).read(0, 1)


def test_a_function_of_ones_own_reads_and_is_pickled_if_it_can_be() -> None:
    def read(start: int, stop: int) -> np.ndarray:
        return STACK[start:stop].reshape(stop - start, -1)

    own = Frames("own", 7, (6, 5, 3), None, read)
    assert own.sha256() == frames_of_array("own", STACK).sha256()
    with pytest.raises((AttributeError, pickle.PicklingError), match="local object"):
        pickle.dumps(own)
    importable = Frames("own", 7, (6, 5, 3), None, _read)
    assert np.array_equal(pickled(importable).read(2, 4), read(2, 4))


def _read(start: int, stop: int) -> np.ndarray:
    return STACK[start:stop].reshape(stop - start, -1)


def test_the_hash_is_of_what_is_read_not_of_how() -> None:
    """The hashes of an array, and of a splice of parts of it, that runs on disk were named after."""
    frames = frames_of_array("a", np.arange(60, dtype=np.uint8).reshape(5, 4, 3), np.arange(5))
    assert frames.sha256() == "328634b9b5fa337477103eb69d8a94c26577a5e4dc922b0e32db61df8efa779f"
    parts = splice(take_range(frames, 1, 4), take_stride(frames, 2))
    assert parts.sha256() == "6a4c34670736e608e5e18a1f29155d89a407ac7de83ef68afd0883902269d7c9"
    assert pickled(parts).sha256() == parts.sha256()
