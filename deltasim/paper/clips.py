"""Clips as a user names them: a video, a folder of images, a stack or a fetched clip, and which of its frames."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.files import channel_order
from deltasim.paper.records import ClipRecord
from workloads import Frames, Network, WorkloadError, load_frames
from workloads.assets import ASSETS, asset_named, find_asset
from workloads.frames.ranges import bounds_of

_TEXT: Final = re.compile(r"(?P<name>.+?)(?::(?P<range>[0-9]*:[0-9]*))?")
_STACKS: Final = frozenset({".npy", ".npz"})


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames `first` .. `last` of a file or folder, at a network's size. `content` is equal for equal sources."""

    name: str
    first: int
    frames: Frames
    content: str

    @property
    def last(self) -> int:
        """The last frame's number in its source."""
        return self.first + self.frames.count - 1

    @property
    def words(self) -> str:
        """Source and frames, as a user would name them."""
        return f"{self.name}:{self.first}:{self.last + 1}"

    def describe(self) -> ClipRecord:
        """What a manifest says of the clip."""
        return {"name": self.name, "first": self.first, "last": self.last, "frames": self.frames.count}


def open_clip(text: str, network: Network) -> Clip:
    """The clip that `text` names, such as `carphone:0:60` or `street.mp4`, brought to the size and the order of
    channels that `network` takes.

    Raises WorkloadError if it is not there, or its frames do not fit.
    """
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise WorkloadError("no clip is named; needed a file, a folder or a fetched clip, such as carphone:0:60")
    name, chosen = match["name"], match["range"]
    path = _path(name)
    pictures = path.suffix not in _STACKS
    *_, height, width = network.input_shape
    frames = load_frames(
        path,
        frames=chosen,
        size=(height, width) if pictures else None,
        channels=channel_order(network) if pictures else None,
    )
    if frames.pixels != prod(network.input_shape):
        raise WorkloadError(
            f"clip {name!r} has frames of {' x '.join(map(str, frames.shape))}, network {network.name!r} takes "
            f"{' x '.join(map(str, network.input_shape))}: choose another stack, or a video, which is brought to size"
        )
    first = 0 if chosen is None else bounds_of(chosen)[0]
    return Clip(name if name in ASSETS else path.name, first, frames, _content(path))


def refuse_overlap(shown: Sequence[Clip], training: Sequence[Clip]) -> None:
    """Raise WorkloadError if a frame to be shown is among those that scales are found on."""
    for one in shown:
        for other in training:
            first, last = max(one.first, other.first), min(one.last, other.last)
            if one.content == other.content and first <= last:
                raise WorkloadError(
                    f"frames {first}:{last + 1} of {one.name} are in {one.words}, which is shown, and in "
                    f"{other.words}, which scales are found on; find them on other frames, with --train"
                )


def spread(clips: Sequence[Clip], count: int) -> NDArray[np.uint8]:
    """At most `count` frames (n, pixels) of all clips together, evenly spread over them, in order."""
    total = sum(clip.frames.count for clip in clips)
    wanted = np.unique(np.linspace(0, total - 1, min(count, total)).astype(np.int64))
    rows, begin = [], 0
    for clip in clips:
        own = wanted[(wanted >= begin) & (wanted < begin + clip.frames.count)] - begin
        rows += [clip.frames.read(place, place + 1) for place in own.tolist()]
        begin += clip.frames.count
    return np.concatenate(rows)


def _path(name: str) -> Path:
    """The file or folder of that name, or the fetched clip."""
    if name not in ASSETS or Path(name).exists():
        return Path(name)
    found = find_asset(asset_named(name))
    if found is None:
        raise WorkloadError(f"{name} has not been fetched yet: deltasim data fetch {name}")
    return found


def _content(path: Path) -> str:
    """A text that is equal for copies of one file."""
    if not path.is_file():
        return str(path.resolve())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
