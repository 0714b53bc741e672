"""Which way up a stored picture is, and samples of more than 8 bits brought to 8."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

_DEEP = ("gray", "ya16", "gbrp", "gbrap", "rgb48", "bgr48", "rgba64", "bgra64")
_LIMITED_RANGE = 1  # AVCOL_RANGE_MPEG: black and white are not the least and the largest number


@dataclass(frozen=True)
class Turn:
    """From a stored picture to the upright one: first swapped over its diagonal, then mirrored."""

    swap: bool = False
    mirror_columns: bool = False
    mirror_rows: bool = False

    def apply(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """(height, width, channels) uint8, upright; height and width change places if `swap`."""
        if self.swap:
            pixels = pixels.transpose(1, 0, 2)
        return pixels[:: -1 if self.mirror_rows else 1, :: -1 if self.mirror_columns else 1]


UPRIGHT = Turn()

# The eight orientations of EXIF and TIFF (tag 274), by number.
_ORIENTATIONS = {
    1: UPRIGHT,
    2: Turn(mirror_columns=True),
    3: Turn(mirror_columns=True, mirror_rows=True),
    4: Turn(mirror_rows=True),
    5: Turn(swap=True),
    6: Turn(swap=True, mirror_columns=True),
    7: Turn(swap=True, mirror_columns=True, mirror_rows=True),
    8: Turn(swap=True, mirror_rows=True),
}


def turn_of_orientation(orientation: object) -> Turn:
    """The turn of an EXIF orientation 1 .. 8; upright for anything else, as viewers take it."""
    return _ORIENTATIONS.get(orientation, UPRIGHT) if isinstance(orientation, int) else UPRIGHT


def turn_of_rotation(degrees: float) -> Turn:
    """The turn of a picture to be shown rotated counterclockwise, by the nearest quarters, and not mirrored."""
    return _ORIENTATIONS[(1, 8, 3, 6)[round(degrees / 90) % 4]]


def turn_of_matrix(matrix: bytes) -> Turn:
    """The turn nearest to a display matrix: nine int32 a b u c d v x y w, which show (x, y) at (ax + cy, bx + dy)."""
    a, b, _, c, d = (int(value) for value in np.frombuffer(matrix, np.int32)[:5])
    if abs(a) >= abs(b):
        return Turn(mirror_columns=a < 0, mirror_rows=d < 0)
    return Turn(swap=True, mirror_columns=c < 0, mirror_rows=b < 0)


def to_8_bits(samples: NDArray[np.uint16], largest: int) -> NDArray[np.uint8]:
    """Samples 0 .. `largest` brought to 0 .. 255, rounded to the nearest; for 16 bits that is round(v / 257)."""
    return ((samples.astype(np.uint32) * 510 + largest) // (2 * largest)).astype(np.uint8)


def deep_rgb(picture: VideoFrame) -> NDArray[np.uint8] | None:
    """A gray or RGB picture of 9 to 16 bits as (height, width, 3) uint8 without alpha; None for any other.

    swscale shifts bits out and adds, so that 128 * 257 becomes 129.
    """
    name, bits = picture.format.name, picture.format.components[0].bits
    gray = name.startswith(("gray", "ya16"))
    if not name.startswith(_DEEP) or not 8 < bits <= 16 or "f16" in name:
        return None
    if gray and picture.color_range == _LIMITED_RANGE:
        return None
    samples = _with_alpha(picture) if name.startswith("ya16") else cast("NDArray[np.uint16]", picture.to_ndarray())
    if gray:
        samples = samples.reshape(picture.height, picture.width, 1).repeat(3, axis=2)
    colours = samples[:, :, 2::-1] if name.startswith("bgr") else samples[:, :, :3]
    return to_8_bits(colours, (1 << bits) - 1)


def _with_alpha(picture: VideoFrame) -> NDArray[np.uint16]:
    """The gray samples of a picture that stores gray and alpha in turn: (height, width) uint16."""
    plane = picture.planes[0]
    kind = ">u2" if picture.format.name.endswith("be") else "<u2"
    rows = np.frombuffer(bytes(plane), kind).reshape(picture.height, plane.line_size // 2)
    gray: NDArray[np.uint16] = rows[:, : 2 * picture.width : 2].astype(np.uint16)
    return gray
