"""Small grey pictures of frames in one PNG that a page can carry inside itself."""

from __future__ import annotations

import base64
import struct
import zlib
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

_COLUMNS: Final = 20
_LARGEST: Final = 64


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
    """Put (n, height, width) uint8 frames on one sheet, each shrunk to at most 64 pixels. None without frames."""
    if not len(frames):
        return None
    step = -(-max(frames.shape[1:]) // _LARGEST)
    small = frames[:, step // 2 :: step, step // 2 :: step]
    count, height, width = small.shape
    columns = min(_COLUMNS, count)
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width), np.uint8)
    padded[:count] = small
    image = padded.reshape(rows, columns, height, width).transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    url = "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")
    return Sheet(url, count, width, height, columns, rows)


def png(image: NDArray[np.uint8]) -> bytes:
    """A grey 8-bit PNG of a (height, width) uint8 image (PNG specification, third edition, sections 5 and 11)."""
    height, width = image.shape
    lines = np.concatenate([np.zeros((height, 1), np.uint8), image], axis=1)  # filter type 0 before every line
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
