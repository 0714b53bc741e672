"""Frames of a user's own `.npy` or `.npz` file.

`.npy`: one uint8 array (n, pixels), (n, height, width) or (n, height, width, channels); it is memory-mapped, so it may
be larger than memory. `.npz`: such an array called `frames`, and optionally (n,) integers called `labels`; it is read
whole.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.archives import read_archive
from workloads.errors import WorkloadError
from workloads.frames import Frames, frames_of_array


def read_frame_file(path: Path) -> Frames:
    """Open a frame file. Raises WorkloadError if it is missing, damaged, or not uint8 frames."""
    if path.suffix == ".npz":
        arrays = read_archive(path)
        if "frames" not in arrays:
            raise WorkloadError(f"{path} has arrays {', '.join(arrays) or '(none)'}; needed one called 'frames'")
        frames, labels = arrays["frames"], arrays.get("labels")
    else:
        frames, labels = _map_array(path), None
    _check_frames(frames, path)
    return frames_of_array(path.stem, frames, None if labels is None else _checked_labels(labels, len(frames), path))


def _map_array(path: Path) -> NDArray[Any]:
    try:
        return np.lib.format.open_memmap(path, mode="r")
    except FileNotFoundError:
        raise WorkloadError(f"{path} does not exist") from None
    except (OSError, ValueError, EOFError) as error:
        raise WorkloadError(
            f"{path} cannot be read as a .npy array ({error}). It may be truncated, or hold Python objects, which are "
            "never loaded; write it with numpy.save"
        ) from error


def _check_frames(frames: NDArray[Any], path: Path) -> None:
    if frames.dtype.kind == "f":
        raise WorkloadError(
            f"{path}: frames are {frames.dtype}; needed uint8 pixels 0..255. If they are in 0..1, save "
            "(frames * 255).round().astype('uint8')"
        )
    if frames.dtype != np.uint8:
        raise WorkloadError(f"{path}: frames are {frames.dtype}; needed uint8 pixels 0..255: frames.astype('uint8')")
    if not 2 <= frames.ndim <= 4 or 0 in frames.shape:
        raise WorkloadError(
            f"{path}: frames have shape {frames.shape}; needed (n, pixels), (n, height, width) or (n, height, width, "
            "channels), none of them 0. A single frame is frame[None]"
        )


def _checked_labels(labels: NDArray[Any], count: int, path: Path) -> NDArray[np.int64]:
    if labels.dtype.kind not in "iu" or labels.shape != (count,):
        raise WorkloadError(
            f"{path}: labels are {labels.shape} {labels.dtype}; needed ({count},) integers, one per frame"
        )
    return labels.astype(np.int64)
