"""Two streams of frames shown one after the other, as if they were one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.source import Frames, Read


def splice(first: Frames, second: Frames) -> Frames:
    """The frames of `first`, then those of `second`: frame `first.count` is where they meet.

    Labels are kept if both have them, and so is what is known of the source. Raises WorkloadError if the two differ in
    the shape of a frame.
    """
    if first.shape != second.shape:
        raise WorkloadError(
            f"frames {first.name!r} are {_words(first.shape)} and those of {second.name!r} {_words(second.shape)}; to "
            "be spliced they must have one size: give both the same size and channels"
        )
    labels = None
    if first.labels is not None and second.labels is not None:
        labels = np.concatenate([first.labels, second.labels])

    return Frames(
        name=f"{first.name} + {second.name}",
        count=first.count + second.count,
        shape=first.shape,
        labels=labels,
        read=_Spliced(first.read, first.count, second.read).read,
        source=_source(first, second),
        warnings=(*first.warnings, *second.warnings),
    )


@dataclass(frozen=True, eq=False)
class _Spliced:
    """The first `count` frames from `first`, all others from `second`."""

    first: Read
    count: int
    second: Read

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        if stop <= self.count:
            return self.first(start, stop)
        if start >= self.count:
            return self.second(start - self.count, stop - self.count)
        return np.concatenate([self.first(start, self.count), self.second(0, stop - self.count)])


def _source(first: Frames, second: Frames) -> str | None:
    """Where the pixels come from; None if that is not known of both, so that they are looked at themselves.

    How many frames the first has is part of it: the same files can meet elsewhere.
    """
    if first.source is None or second.source is None:
        return None
    return f"splice of [{first.source}], {first.count} frames, and [{second.source}]"


def _words(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))
