"""Frames of a video file, decoded forward as they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.containers import cut_off
from workloads.frames.decode import Picture, Tally, UnreadableVideoError, decode_video, decoder_versions, rgb_pixels
from workloads.frames.description import Description
from workloads.frames.preprocess import Preprocessing
from workloads.frames.source import Frames


def open_video(path: Path, preprocessing: Preprocessing | None = None, limit: int | None = None) -> Frames:
    """Frames of a video, or of its first `limit` frames, after `preprocessing` (rgb at the video's size if None).

    What a container says about its length cannot be trusted, so the video is decoded once (not converted, not kept) to
    count its frames and find damage; a damaged video, or one that holds less than its container announces (see
    containers.cut_off and Progress), gives the frames it has and says so in `Frames.warnings`. Reading on is fast,
    going back starts again from the first frame; one frame at a time is in memory besides those asked for. Not for use
    by several threads at once. Raises WorkloadError if there are no frames.
    """
    preprocessing = preprocessing or Preprocessing()
    if path.is_file() and not path.stat().st_size:
        raise WorkloadError(f"{path} is empty (0 bytes); copy or record it again")
    try:
        tally, (height, width) = _survey(path, limit, one_size=preprocessing.size is None)
    except UnreadableVideoError as error:
        reason = cut_off(path)
        if reason is None:
            raise
        raise WorkloadError(_without_frames(path, reason)) from error
    shape = preprocessing.shape_of(height, width)
    pixels = _VideoPixels(path, preprocessing, shape, tally.decoded)
    source = f"video {_sha256(path)}; {preprocessing.fingerprint}; {decoder_versions()}"
    warnings = _warnings(path, tally, whole=limit is None or tally.decoded < limit)
    return Frames(path.name, tally.decoded, shape, None, pixels.read, source, warnings)


@dataclass(frozen=True, eq=False)
class _VideoPixels(Description):
    """Pixels of a video's `count` frames, each of `shape` after `preprocessing`."""

    path: Path
    preprocessing: Preprocessing
    shape: tuple[int, ...]
    count: int

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Frames start .. stop-1 as (stop - start, pixels) uint8."""
        self._decoder.go_to(start)
        out = np.empty((stop - start, int(np.prod(self.shape))), np.uint8)
        for place in range(stop - start):
            out[place] = self.preprocessing.apply(_pixels(self._decoder.next())).ravel()
        return out

    @cached_property
    def _decoder(self) -> _Decoder:
        return _Decoder(self.path, self.count)


class _Decoder:
    """A position in a video that only moves forward, and starts again to go back."""

    def __init__(self, path: Path, count: int) -> None:
        self._path, self._count = path, count
        self._position = 0
        self._pictures: Iterator[Picture] = decode_video(path, Tally())

    def go_to(self, start: int) -> None:
        """Make frame `start` the next one."""
        if start < self._position:
            self._restart()
        while self._position < start:
            self.next()

    def next(self) -> Picture:
        """The next frame. Raises WorkloadError if the video has ended."""
        picture = next(self._pictures, None)
        if picture is None:
            ended = self._position
            self._restart()
            raise WorkloadError(
                f"{self._path} ended at frame {ended}, though it had {self._count} frames when it was opened; was the "
                "file changed?"
            )
        self._position += 1
        return picture

    def _restart(self) -> None:
        self._pictures, self._position = decode_video(self._path, Tally()), 0


def _pixels(picture: Picture) -> NDArray[np.uint8]:
    return rgb_pixels(picture.frame, picture.turn)


def _survey(path: Path, limit: int | None, *, one_size: bool) -> tuple[Tally, tuple[int, int]]:
    """Decode the first `limit` frames; what was met, and height and width of the first.

    First strictly, which finds all damage that the decoder can see. If there is any, then as frames will be read.
    """
    strict, size, other = _pass_over(path, limit, strict=True)
    tally = strict
    if strict.damaged:
        tally, size, other = _pass_over(path, limit, strict=False)
        tally.lost = max(tally.lost, strict.lost)
    if tally.decoded == 0 and tally.missing:
        raise WorkloadError(_without_frames(path, tally.missing))
    if tally.decoded == 0:
        raise UnreadableVideoError(
            f"{path} has no frames that can be decoded ({tally.stored} stored); choose another video"
        )
    if one_size and other is not None:
        raise WorkloadError(f"{path}: {other}; give a size to bring them all to one")
    return tally, size


def _pass_over(path: Path, limit: int | None, *, strict: bool) -> tuple[Tally, tuple[int, int], str | None]:
    """Decode without keeping; what was met, the first frame's size, and which frame has another one, if any."""
    tally, first, other = Tally(), (0, 0), None
    for picture in decode_video(path, tally, strict=strict):
        size = picture.size
        if tally.decoded == 1:
            first = size
        elif size != first and other is None:
            other = f"frame {tally.decoded - 1} is {size[0]} x {size[1]} pixels, the first one {first[0]} x {first[1]}"
        if tally.decoded == limit:
            break
    return tally, first, other


def _without_frames(path: Path, missing: str) -> str:
    return f"{path} {missing}: it was cut off, and has no frames that can be decoded; copy or record it again"


def _warnings(path: Path, tally: Tally, *, whole: bool) -> tuple[str, ...]:
    """Sentences on what is wrong; `whole` if the video was read to its end."""
    warnings = []
    if tally.damaged:
        warnings.append(
            f"{path} is damaged: of the {tally.stored} frames met in it at least {max(tally.lost, tally.patched, 1)} "
            f"are not intact; used are the {tally.decoded} that could be decoded, some perhaps as the decoder patched "
            "them"
        )
    missing = (tally.missing or cut_off(path)) if whole else None
    if missing is not None:
        warnings.append(f"{path} {missing}: it was cut off. Used are the {tally.decoded} frames that could be decoded")
    return tuple(warnings)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
