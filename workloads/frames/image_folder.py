"""Frames of a folder of images, in the natural order of their names: 2.png comes before 10.png."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.decode import decoder_versions
from workloads.frames.description import Description
from workloads.frames.image_headers import pillow_version
from workloads.frames.images import holds_more, image_pixels
from workloads.frames.preprocess import Preprocessing
from workloads.frames.source import Frames

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp", ".ppm", ".pgm", ".gif", ".apng", ".mpo")


def open_image_folder(folder: Path, preprocessing: Preprocessing | None = None, limit: int | None = None) -> Frames:
    """Frames of the images in `folder`, or of the first `limit`, after `preprocessing` (rgb at their size if None).

    Other files and subfolders are passed over. Every image is decoded once to check it, none is kept. Raises
    WorkloadError naming the image that is broken, or of another size where no size is given. Of a file with several
    pictures (pages, an animation) the first is taken, which `Frames.warnings` says.
    """
    preprocessing = preprocessing or Preprocessing()
    paths = _images(folder)[:limit]
    shape, digest, more = _check(paths, preprocessing)
    read = _FolderPixels(tuple(paths), preprocessing, shape).read
    source = f"images {digest}; {preprocessing.fingerprint}; {decoder_versions()}, {pillow_version()}"
    return Frames(folder.absolute().name, len(paths), shape, None, read, source, _warnings(folder, more))


@dataclass(frozen=True, eq=False)
class _FolderPixels(Description):
    """Pixels of the images at `paths`, each a frame of `shape` after `preprocessing`."""

    paths: tuple[Path, ...]
    preprocessing: Preprocessing
    shape: tuple[int, ...]

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        out = np.empty((stop - start, int(np.prod(self.shape))), np.uint8)
        for place, path in enumerate(self.paths[start:stop]):
            frame = self.preprocessing.apply(image_pixels(_content(path), str(path)))
            if frame.shape != self.shape:
                raise WorkloadError(f"{path} was changed since the folder was opened; leave it alone during a run")
            out[place] = frame.ravel()
        return out


def _warnings(folder: Path, more: list[str]) -> tuple[str, ...]:
    if not more:
        return ()
    if len(more) == 1:
        return (f"{more[0]} in {folder} holds several pictures; the first is used",)
    return (f"{more[0]} and {len(more) - 1} more in {folder} hold several pictures each; the first of each is used",)


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorting key under which numbers within names count as numbers."""
    parts = re.findall(r"([0-9]+)|([^0-9]+)", name)
    return [(0, int(number), number) if number else (1, 0, text) for number, text in parts]


def _images(folder: Path) -> list[Path]:
    paths = [path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES and path.name[0] != "."]
    if not paths:
        raise WorkloadError(f"{folder} has no images; needed files ending in {', '.join(IMAGE_SUFFIXES)}")
    return sorted(paths, key=lambda path: natural_key(path.name))


def _check(paths: list[Path], preprocessing: Preprocessing) -> tuple[tuple[int, ...], str, list[str]]:
    """Shape of a frame, and one hash of the contents of all images, names of those with several pictures.

    Raises WorkloadError if one does not fit.
    """
    shape: tuple[int, ...] | None = None
    more: list[str] = []
    digest = hashlib.sha256()
    for path in paths:
        content = _content(path)
        digest.update(hashlib.sha256(content).digest())
        own = preprocessing.shape_of(*image_pixels(content, str(path)).shape[:2])
        if holds_more(content, str(path)):
            more.append(path.name)
        shape = shape or own
        if own != shape:
            raise WorkloadError(
                f"{path} has {own[-2]} x {own[-1]} pixels, {paths[0].name} {shape[-2]} x {shape[-1]}; give a size to "
                "bring them all to one"
            )
    assert shape is not None  # noqa: S101 - there is at least one path
    return shape, digest.hexdigest(), more


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WorkloadError(f"{path} cannot be read ({error.strerror})") from error
