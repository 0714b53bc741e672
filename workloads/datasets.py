"""Frames by name: the bundled data sets, and files."""

import re
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.frame_files import read_frame_file
from workloads.frames import Frames, frames_of_array, take_range
from workloads.mnist import SHAPE, LabelledImages, Split, load_mnist
from workloads.temporal import temporal_order

_DATASETS = {
    "mnist": "handwritten digits, 28 x 28, in the order they were published",
    "temporal-mnist": "MNIST reordered so that neighbours look alike (sigma-delta paper, Appendix D)",
    "shuffled-mnist": "MNIST in a random order; needs a seed",
}


def list_datasets() -> dict[str, str]:
    """Name and one-line description of every bundled data set."""
    return dict(_DATASETS)


def load_frames(
    dataset: str | Path = "temporal-mnist",
    *,
    split: Split | None = None,
    frames: str | None = None,
    seed: int | None = None,
) -> Frames:
    """Frames of a bundled data set by name, or of a `.npy` or `.npz` file (see frame_files) by path.

    `split`: `test` (also when not given) or `train`, bundled data sets only. `frames`: a range `start:stop` of the
    frames in their final order; either end may be left out. `seed`: 0 to 2**32 - 1, for `shuffled-mnist` alone.
    Raises WorkloadError if the name, the file, the range or the combination is wrong.
    """
    name = str(dataset)
    if name in _DATASETS:
        result = _bundled(name, split or "test", seed)
    elif Path(dataset).suffix in {".npy", ".npz"}:
        for option, value in (("split", split), ("seed", seed)):
            if value is not None:
                raise WorkloadError(f"{option} is {value!r}, but {name} is a file, which has none; leave {option} out")
        result = read_frame_file(Path(dataset))
    else:
        raise WorkloadError(
            f"no data set {name!r}: neither bundled nor a .npy or .npz file.{did_you_mean(name, _DATASETS)}"
        )
    return result if frames is None else take_range(result, *parse_range(frames, result.count))


def parse_range(text: str, count: int) -> tuple[int, int]:
    """Start and stop of a range such as `0:100`, `:100` or `100:` within `count` frames."""
    match = re.fullmatch(r"\s*([0-9]*)\s*:\s*([0-9]*)\s*", text)
    if match is None:
        raise WorkloadError(f"frames {text!r} is not a range; needed start:stop, such as 0:100, :100 or 100:")
    start = int(match[1] or 0)
    stop = int(match[2] or count)
    if stop > count or start >= stop:
        raise WorkloadError(
            f"frames {text!r} is not within the {count} frames there are; needed 0 <= start < stop <= {count}"
        )
    return start, stop


def _bundled(name: str, split: Split, seed: int | None) -> Frames:
    if split not in get_args(Split):
        raise WorkloadError(f"split is {split!r}; allowed {', '.join(get_args(Split))}")
    data = load_mnist(split)
    return frames_of_array(f"{name} {split}", data.images, data.labels, _order(name, data, seed), SHAPE)


def _order(name: str, data: LabelledImages, seed: int | None) -> NDArray[np.int64] | None:
    if name == "shuffled-mnist":
        if seed is None or not 0 <= seed < 2**32:
            raise WorkloadError(
                f"seed is {seed}; shuffled-mnist needs one, 0 to {2**32 - 1}, so that runs can be repeated"
            )
        # The legacy generator's stream is the same in every NumPy version.
        return np.random.RandomState(seed).permutation(len(data.images))
    if seed is not None:
        raise WorkloadError(f"seed is {seed}, but {name} has a fixed order; leave seed out, or use shuffled-mnist")
    return temporal_order(data.images) if name == "temporal-mnist" else None
