"""The frames of a run, each read once: those that its dashboard will show are kept on the way."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator import SimulationError
from workloads import Frames

SHOWN_FRAMES: Final = 400  # frames kept for the dashboard's film strip
SHOWN_BYTES: Final = 32 * 2**20


class ReadFrames:
    """`frames`, of which the first `keep` are kept when they are read."""

    def __init__(self, frames: Frames, keep: int) -> None:
        self.frames = frames
        self.keep = keep
        self._kept: dict[int, NDArray[np.uint8]] = {}

    def read(self, begin: int, end: int) -> NDArray[np.uint8]:
        """Frames begin .. end-1, (n, pixels). Raises SimulationError if the source gives another number of them; the
        engines check the rest.
        """
        block = self.frames.read(begin, end)
        if len(block) != end - begin:
            name = self.frames.name
            raise SimulationError(f"frames {name!r}: read({begin}, {end}) gave {len(block)}, not {end - begin}")
        for number in range(begin, min(end, self.keep)):
            self._kept[number] = block[number - begin].copy()
        return block

    def know(self, first: NDArray[np.uint8]) -> None:
        """Take the first frames, (n, pixels), as read."""
        self._kept.update(enumerate(first[: self.keep]))

    def first(self) -> NDArray[np.uint8]:
        """The first `keep` frames, (keep, pixels); those that an earlier attempt at the run has read are read again."""
        missing = [number for number in range(self.keep) if number not in self._kept]
        if missing:
            self.read(missing[0], missing[-1] + 1)
        return np.stack([self._kept[number] for number in range(self.keep)])


def shown_count(frames: Frames) -> int:
    """How many frames are shown: at most 400, and 32 MiB of them."""
    return min(SHOWN_FRAMES, max(1, SHOWN_BYTES // frames.pixels), frames.count)


def pictures_of(pixels: NDArray[np.uint8], shape: tuple[int, ...], channels: str) -> NDArray[np.uint8]:
    """Frames (n, pixels) of a shape as pictures, (n, height, width) or (n, height, width, 3) in RGB."""
    count = len(pixels)
    if len(shape) == 3 and shape[0] == 3:
        pictures = pixels.reshape(count, *shape).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(pictures[..., ::-1] if channels == "bgr" else pictures)
    if len(shape) == 2 or (len(shape) == 3 and shape[0] == 1):
        return pixels.reshape(count, *shape[-2:])
    return pixels.reshape(count, 1, -1)
