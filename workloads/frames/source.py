"""A stream of frames, read in blocks."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.content_hash import content_sha256, not_hashed
from workloads.errors import WorkloadError

HASH_BLOCK_BYTES = 1 << 24
Read = Callable[[int, int], NDArray[np.uint8]]
"""Gives frames start .. stop-1 as (stop - start, pixels) uint8."""


@dataclass(frozen=True, eq=False)
class Frames:
    """Frames of uint8 pixels, in the order they are shown.

    `shape`: of one frame, such as (28, 28). `labels`: (count,) int64, or None when unknown. `read(start, stop)`
    gives frames start .. stop-1 as (stop - start, pixels) uint8, from memory or disk; that of every source here is
    pickled as a description of where the pixels are, which is opened where it is read. `source`: where the pixels come
    from, as a text that differs wherever they may (hash of the file, what was done to it), or None; with it the hash
    of a video needs no decoding. `warnings`: what is wrong with the source, one sentence each, to be shown to the user.
    `first` and `step`: frame n here is number `first + step * n` of the source, where a range or a stride was chosen.
    """

    name: str
    count: int
    shape: tuple[int, ...]
    labels: NDArray[np.int64] | None
    read: Read = field(
        metadata=not_hashed("a function; the pixels that it gives, or their `source`, are hashed in its place")
    )
    source: str | None = None
    warnings: tuple[str, ...] = ()
    first: int = 0
    step: int = 1

    def __repr__(self) -> str:
        shape, labels = " x ".join(map(str, self.shape)), "no labels" if self.labels is None else "labels"
        return f"Frames({self.name!r}: {self.count:,} of {shape} pixels, {labels})"

    @property
    def pixels(self) -> int:
        """Number of pixels in a frame."""
        return int(np.prod(self.shape))

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """Type of a pixel."""
        return np.dtype(np.uint8)

    def blocks(self, size: int, start: int = 0) -> Iterator[NDArray[np.uint8]]:
        """Yield (n, pixels) uint8 blocks of `size` frames, the last perhaps shorter, from frame `start` to the end."""
        if size < 1 or start < 0:
            raise WorkloadError(
                f"blocks of {size} frames from frame {start}; needed a size of 1 or more, a start of 0 or more"
            )
        for first in range(start, self.count, size):
            yield self.read(first, min(first + size, self.count))

    def sha256(self) -> str:
        """Hash of pixels, labels and all that is said of them, to tell whether two runs saw the same input.

        Reads every frame unless `source` says where they come from, which then stands for the pixels.
        """
        return content_sha256(self)

    def hashed_besides(self) -> str | None:
        """Hash of the pixels, (count, pixels) uint8, unless `source` stands for them."""
        if self.source is not None:
            return None
        digest = hashlib.sha256()
        for block in self.blocks(max(1, HASH_BLOCK_BYTES // self.pixels)):
            digest.update(block.tobytes())
        return digest.hexdigest()


def stacked(frames: NDArray[np.uint8] | Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    """One array of a list of frames, each an array of uint8. Raises WorkloadError for a list of anything else."""
    if isinstance(frames, np.ndarray):
        return frames
    arrays = [np.asarray(each) for each in frames]
    shapes = sorted({(each.shape, str(each.dtype)) for each in arrays})
    if len(shapes) != 1:
        found = " and ".join(f"{shape} {dtype}" for shape, dtype in shapes[:3]) or "none"
        raise WorkloadError(f"a list of {len(arrays)} frames of {found}: needed frames of one shape, each uint8")
    return np.stack(arrays)


def frames_of_array(
    name: str,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64] | None = None,
    order: NDArray[np.int64] | None = None,
    shape: tuple[int, ...] | None = None,
) -> Frames:
    """Frames of an array (n, ...) uint8, in memory or memory-mapped, taken in `order` (indices; all of them without).

    `labels` are those of `images`, before ordering. `shape` is that of a frame, images.shape[1:] without. Raises
    WorkloadError unless there are frames, of uint8 pixels.
    """
    _check_stack(images)
    indices = np.arange(len(images)) if order is None else order
    read = ArrayPixels(images, order).read
    return Frames(name, len(indices), shape or images.shape[1:], None if labels is None else labels[indices], read)


@dataclass(frozen=True, eq=False)
class ArrayPixels:
    """Pixels of an array (n, ...) uint8, in memory or memory-mapped; in `order` if not None."""

    images: NDArray[np.uint8]
    order: NDArray[np.int64] | None = None

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Frames start .. stop-1 as (stop - start, pixels) uint8."""
        # Slices of an unordered file are read in one piece, and never more of it than asked for.
        chosen = self.images[start:stop] if self.order is None else self.images[self.order[start:stop]]
        return np.ascontiguousarray(chosen).reshape(len(chosen), -1)


def _check_stack(images: Any) -> None:  # noqa: ANN401 - whatever a caller gave
    if isinstance(images, np.ndarray) and images.dtype == np.uint8 and images.ndim >= 2 and images.size:
        return
    given = f"{images.shape} {images.dtype}" if isinstance(images, np.ndarray) else f"a {type(images).__name__}"
    raise WorkloadError(
        f"frames are {given}; needed an array of one frame or more, (n, pixels) or (n, ...) uint8: pixels 0..255. A "
        "single frame is frame[None]"
    )


def take_range(frames: Frames, start: int, stop: int) -> Frames:
    """Frames start .. stop-1 of `frames`."""
    labels = None if frames.labels is None else frames.labels[start:stop]
    source = None if frames.source is None else f"{frames.source}; frames {start}:{stop}"
    first = frames.first + frames.step * start
    read = _Range(frames.read, start).read
    return replace(frames, count=stop - start, labels=labels, read=read, source=source, first=first)


@dataclass(frozen=True, eq=False)
class _Range:
    """Pixels from frame `begin` of another source on."""

    whole: Read
    begin: int

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        return self.whole(self.begin + start, self.begin + stop)


def take_stride(frames: Frames, stride: int) -> Frames:
    """Frames 0, stride, 2 * stride, ... of `frames`. Raises WorkloadError if `stride` is less than 1."""
    if stride < 1:
        raise WorkloadError(f"stride is {stride}; needed 1 (every frame) or more")
    if stride == 1:
        return frames
    count = -(-frames.count // stride)
    labels = None if frames.labels is None else frames.labels[::stride]
    source = None if frames.source is None else f"{frames.source}; stride {stride}"
    read = _Stride(frames.read, frames.pixels, stride).read
    return replace(frames, count=count, labels=labels, read=read, source=source, step=frames.step * stride)


@dataclass(frozen=True, eq=False)
class _Stride:
    """Every `stride`-th frame of another source, of `pixels` each."""

    whole: Read
    pixels: int
    stride: int

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        # One by one, so that the frames between are never held, and those of a video not even converted.
        out = np.empty((stop - start, self.pixels), np.uint8)
        for place, index in enumerate(range(start, stop)):
            out[place] = self.whole(index * self.stride, index * self.stride + 1)[0]
        return out
