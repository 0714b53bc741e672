"""Frames by name: the bundled data sets, and files."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.frames.files import read_frame_file
from workloads.frames.image_folder import open_image_folder
from workloads.frames.mnist import SHAPE, LabelledImages, MnistImages, MnistPixels, Split, temporal_test_order
from workloads.frames.preprocess import Channels, Fit, Preprocessing, preprocess_frames
from workloads.frames.ranges import bounds_of, parse_range
from workloads.frames.resize import Resampling
from workloads.frames.source import Frames, frames_of_array, take_range, take_stride
from workloads.frames.temporal import temporal_order
from workloads.frames.video import open_video

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
    stride: int | None = None,
    size: Sequence[int] | None = None,
    fit: Fit | None = None,
    channels: Channels | None = None,
    resampling: Resampling | None = None,
) -> Frames:
    """Frames of a bundled data set by name, or by path of a video, a folder of images, or a `.npy` or `.npz` file.

    `frames`: a range `start:stop` of the frames in their final order; either end may be left out. `split`: `test`
    (also when not given) or `train`, and `seed`: 0 to 2**32 - 1, for `shuffled-mnist` alone; both for bundled data
    sets only. For files only: `stride` takes every stride-th frame of the range; `size` (height, width), `fit`,
    `channels` and `resampling` are those of preprocess.Preprocessing. Videos and images are (3, height, width) in rgb
    unless these say otherwise; arrays stay as they are stored unless one of them is given. Raises WorkloadError if the
    name, the file, the range or the combination is wrong.
    """
    name = str(dataset)
    chosen = {"size": size, "fit": fit, "channels": channels, "resampling": resampling}
    given = {option: value for option, value in chosen.items() if value is not None}
    if name in _DATASETS:
        _refuse({"stride": stride, **given}, f"{name} is a bundled data set, whose frames stay as they are")
        result = _bundled(name, split or "test", seed)
    else:
        result = _of_file(Path(dataset), given, None if frames is None else bounds_of(frames)[1], split, seed)
    if frames is not None:
        result = take_range(result, *parse_range(frames, result.count))
    return result if stride is None else take_stride(result, stride)


def _of_file(path: Path, given: dict[str, Any], limit: int | None, split: Split | None, seed: int | None) -> Frames:
    """Frames of a file or folder; `limit`: where the range that will be taken stops, so that no more is looked at."""
    stack = path.suffix in {".npy", ".npz"}
    if not stack and not path.exists():
        raise WorkloadError(
            f"no data set {str(path)!r}: neither bundled nor a .npy or .npz file, a video or a folder of images that "
            f"is there.{did_you_mean(str(path), _DATASETS)}"
        )
    _refuse({"split": split, "seed": seed}, f"{path} is a {'folder' if path.is_dir() else 'file'}, which has none")
    if "size" in given:
        given = {**given, "size": tuple(given["size"])}
    preprocessing = Preprocessing(**given)
    if stack:
        frames = read_frame_file(path)
        return preprocess_frames(frames, preprocessing) if given else frames
    return (open_image_folder if path.is_dir() else open_video)(path, preprocessing, limit)


def _refuse(options: dict[str, Any], why: str) -> None:
    for option, value in options.items():
        if value is not None:
            raise WorkloadError(f"{option} is {value!r}, but {why}; leave {option} out")


def _bundled(name: str, split: Split, seed: int | None) -> Frames:
    if split not in get_args(Split):
        raise WorkloadError(f"split is {split!r}; allowed {', '.join(get_args(Split))}")
    images = MnistImages(split)
    order = _order(name, split, images.data, seed)
    frames = frames_of_array(f"{name} {split}", images.data.images, images.data.labels, order, SHAPE)
    return replace(frames, read=MnistPixels(images, order).read)


def _order(name: str, split: Split, data: LabelledImages, seed: int | None) -> NDArray[np.int64] | None:
    if name == "shuffled-mnist":
        if seed is None or not 0 <= seed < 2**32:
            raise WorkloadError(
                f"seed is {seed}; shuffled-mnist needs one, 0 to {2**32 - 1}, so that runs can be repeated"
            )
        # The legacy generator's stream is the same in every NumPy version.
        return np.random.RandomState(seed).permutation(len(data.images))
    if seed is not None:
        raise WorkloadError(f"seed is {seed}, but {name} has a fixed order; leave seed out, or use shuffled-mnist")
    if name != "temporal-mnist":
        return None
    return temporal_test_order() if split == "test" else temporal_order(data.images)
