"""Frames of a user's own `.npy` or `.npz` file, which may be larger than memory.

`.npy`: one uint8 array (n, pixels), (n, height, width), (n, channels, height, width) or (n, height, width, channels);
frame_shapes says how a network reads it. `.npz`: such an array called `frames`, and optionally (n,) integers called
`labels`. Frames are read from the file as they are asked for.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.source import Frames
from workloads.frames.stored_arrays import StoredArray, open_archive, open_array


def read_frame_file(path: Path) -> Frames:
    """Open a frame file. Raises WorkloadError if it is missing, damaged, or not uint8 frames."""
    if path.suffix == ".npz":
        arrays = open_archive(path)
        if "frames" not in arrays:
            raise WorkloadError(f"{path} has arrays {', '.join(arrays) or '(none)'}; needed one called 'frames'")
        frames, labels = arrays["frames"], arrays.get("labels")
    else:
        frames, labels = open_array(path), None
    _check_frames(frames, path)
    count, *shape = frames.shape
    known = None if labels is None else _labels(labels, count, path)
    return Frames(path.stem, count, tuple(shape), known, _FilePixels(frames).read)


@dataclass(frozen=True, eq=False)
class _FilePixels:
    """Pixels of an array in a file."""

    array: StoredArray

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        block = self.array.read(start, stop)
        return np.ascontiguousarray(block).reshape(len(block), math.prod(self.array.shape[1:]))


def _check_frames(frames: StoredArray, path: Path) -> None:
    if frames.dtype.kind == "f":
        raise WorkloadError(
            f"{path}: frames are {frames.dtype}; needed uint8 pixels 0..255. If they are in 0..1, save "
            "(frames * 255).round().astype('uint8')"
        )
    if frames.dtype != np.uint8:
        raise WorkloadError(f"{path}: frames are {frames.dtype}; needed uint8 pixels 0..255: frames.astype('uint8')")
    if not 2 <= len(frames.shape) <= 4 or 0 in frames.shape:
        raise WorkloadError(
            f"{path}: frames have shape {frames.shape}; needed (n, pixels), (n, height, width) or (n, height, width, "
            "channels), none of them 0. A single frame is frame[None]"
        )


def _labels(labels: StoredArray, count: int, path: Path) -> NDArray[np.int64]:
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise WorkloadError(
            f"{path}: labels are {labels.shape} {labels.dtype}; needed ({count},) integers, one per frame"
        )
    found = labels.read(0, count)
    if found.dtype == np.uint64:  # what is beyond an int64 stays too large for any class, and does not turn negative
        found = np.minimum(found, np.uint64(np.iinfo(np.int64).max))
    return found.astype(np.int64)
