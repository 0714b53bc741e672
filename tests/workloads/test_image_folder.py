"""Folders of images as frames."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from clips import scene, write_image

from workloads import WorkloadError, load_frames
from workloads.frames.image_folder import natural_key


@pytest.fixture
def folder(tmp_path):
    """Eleven images, 0.png to 10.png, and what else lies about in such folders."""
    (tmp_path / "shots").mkdir()
    for index, image in enumerate(scene(11, 12, 18)):
        write_image(tmp_path / "shots" / f"{index}.png", image)
    for name in ("notes.txt", ".hidden.png", "Thumbs.db"):
        (tmp_path / "shots" / name).write_text("not an image")
    return tmp_path / "shots"


def test_images_come_in_natural_order(folder):
    frames = load_frames(folder)
    assert (frames.name, frames.count, frames.shape) == ("shots", 11, (3, 12, 18))
    expected = scene(11, 12, 18).transpose(0, 3, 1, 2).reshape(11, -1)
    assert np.array_equal(frames.read(0, 11), expected)
    assert np.array_equal(frames.read(3, 5), expected[3:5])
    assert np.array_equal(load_frames(folder, frames="1:10", stride=4).read(0, 3), expected[1:10:4])


def test_natural_order():
    names = ["10", "9", "b2", "b10", "a", "1a", "01", "1", "b2c3", "b2c20"]
    assert sorted(names, key=natural_key) == ["01", "1", "1a", "9", "10", "a", "b2", "b2c3", "b2c20", "b10"]


def test_hash_is_that_of_the_images(folder):
    before = load_frames(folder).sha256()
    (folder / "notes.txt").write_text("changed")
    assert load_frames(folder).sha256() == before
    assert load_frames(folder, size=(6, 6)).sha256() != before
    write_image(folder / "4.png", scene(1, 12, 18)[0])
    assert load_frames(folder).sha256() != before


@pytest.mark.parametrize("keep", [0, 10, -40])
@pytest.mark.parametrize("suffix", ["png", "jpg"])
def test_a_broken_image_is_named(folder, suffix, keep):
    path = write_image(folder / f"7b.{suffix}", scene(1, 12, 18)[0])
    assert load_frames(folder).count == 12
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WorkloadError, match=rf"7b\.{suffix} (is damaged or truncated|cannot be read as an image)"):
        load_frames(folder)
    assert load_frames(folder, frames="0:8").count == 8  # not reached


def test_images_of_other_sizes_need_a_size(folder):
    write_image(folder / "8.png", scene(1, 10, 20)[0])
    with pytest.raises(WorkloadError, match=r"8\.png has 10 x 20 pixels, 0\.png 12 x 18; give a size"):
        load_frames(folder)
    assert load_frames(folder, size=(6, 9)).shape == (3, 6, 9)


def test_the_extra_is_named_where_pillow_is_missing(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(WorkloadError, match=r"package pillow.*pip install 'deltasim\[video\]'"):
        load_frames(folder)


def test_folders_without_images_are_refused(tmp_path):
    with pytest.raises(WorkloadError, match=r"has no images; needed files ending in \.png"):
        load_frames(tmp_path)
    with pytest.raises(WorkloadError, match=r"split is 'test', but .* is a folder"):
        load_frames(tmp_path, split="test")
