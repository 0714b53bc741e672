"""Small pictures of frames on one sheet that a page can carry inside itself."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from reports.dashboard.png import png

_COLUMNS: Final = 20
_LARGEST: Final = 128
_MOST_BYTES: Final = 5_000_000
"""Of all pictures before compression. With the plotting code, a page of 300 frames stays below 8 MB."""


@dataclass(frozen=True)
class Sheet:
    """`count` pictures of `width` x `height` pixels in rows of `columns`, as a data URL of a PNG."""

    url: str
    count: int
    width: int
    height: int
    columns: int
    rows: int


def sheet(frames: NDArray[np.uint8]) -> Sheet | None:
    """Put (n, height, width) grey or (n, height, width, 3) colour uint8 frames on one sheet. None without frames.

    Each is shrunk by a whole number: to at most 128 pixels, and further the more frames there are.
    """
    if not len(frames):
        return None
    small = _shrunk(frames, _step(frames))
    count, height, width = small.shape[:3]
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, *small.shape[1:]), np.uint8)
    padded[:count] = small
    lines = padded.reshape(rows, columns, height, width, -1).transpose(0, 2, 1, 3, 4)
    image = lines.reshape(rows * height, columns * width, *small.shape[3:])
    url = "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")
    return Sheet(url, count, width, height, columns, rows)


def _step(frames: NDArray[np.uint8]) -> int:
    """How many pixels become one, each way."""
    step = -(-max(frames.shape[1:3]) // _LARGEST)
    while frames.size > _MOST_BYTES * step * step:
        step += 1
    return int(min(step, *frames.shape[1:3]))


def _shrunk(frames: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Means of `step` x `step` pixels; what is left over at the right and at the bottom is cut off."""
    if step == 1:
        return frames
    height, width = frames.shape[1] // step, frames.shape[2] // step
    cut = frames[:, : height * step, : width * step]
    blocks = (each.reshape(height, step, width, step, *frames.shape[3:]) for each in cut)
    return np.stack([each.mean(axis=(1, 3), dtype=np.float32).round().astype(np.uint8) for each in blocks])
