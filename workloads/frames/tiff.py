"""Pixels of TIFF files, read by Pillow: FFmpeg calls a file damaged for any tag that it does not know."""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.decode import Tally, decode_stream, open_container
from workloads.frames.image_headers import ORIENTATION_TAG, damaged_image, open_image, pillow_errors
from workloads.frames.pixels import deep_rgb, to_8_bits, turn_of_orientation

if TYPE_CHECKING:
    from PIL.Image import Image

_BITS, _PHOTOMETRIC, _PLANAR, _TILE_WIDTH, _SAMPLE_FORMAT = 258, 262, 284, 322, 339
_WHITE_IS_ZERO, _PLANES_APART = 0, 2
_COLOURS = {0, 1, 2, 3, 5, 6}  # gray, rgb, palette, CMYK, YCbCr; not Lab and the like
_SAMPLE_FORMATS = {2: "signed integers", 3: "floating-point numbers", 5: "complex integers", 6: "complex numbers"}


def is_tiff(content: bytes) -> bool:
    """Whether a file begins as a TIFF or BigTIFF does, in either order of bytes."""
    return content[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}


def tiff_pixels(content: bytes, name: str) -> NDArray[np.uint8] | None:
    """Pixels (height, width, 3) uint8 in rgb of the first page, upright; None if Pillow does not know such samples.

    Raises WorkloadError, with `name`, if the file is damaged, or its samples are no unsigned integers of 1 .. 16 bits.
    """
    try:
        tags = _tags(content)
        bits = _numbers(tags.get(_BITS, 1))
        _check(_numbers(tags.get(_SAMPLE_FORMAT, 1)), bits, name)
        if tags.get(_PHOTOMETRIC, 1) not in _COLOURS:
            raise unknown_tiff(name)
        image = _opened(content)
        if image is None:
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a truncated file, which an error follows
            image.load()
        if max(bits) <= 8:
            return as_rgb(image)
        if image.mode.startswith("I;16"):
            return _deep_gray(image, (1 << bits[0]) - 1, inverted=tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO)
        return _deep_colours(content, name, image, tags)
    except WorkloadError:
        raise
    except pillow_errors() as error:
        raise damaged_image(name) from error


def _tags(content: bytes) -> dict[int, Any]:
    """Values of the first page by their number. Raises one of pillow_errors()."""
    from PIL.TiffImagePlugin import ImageFileDirectory_v2  # noqa: PLC0415 - an extra: not there for everyone

    directory = ImageFileDirectory_v2(content[: 16 if 43 in content[2:4] else 8])
    file = io.BytesIO(content)
    file.seek(directory.next)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tags that are not as they should be: pixels may be there all the same
        directory.load(file)
        wanted = (_BITS, _PHOTOMETRIC, ORIENTATION_TAG, _PLANAR, _TILE_WIDTH, _SAMPLE_FORMAT)
        return {tag: directory[tag] for tag in wanted if tag in directory}


def _numbers(value: Any) -> tuple[int, ...]:  # noqa: ANN401 - one or several
    return tuple(int(number) for number in (value if isinstance(value, tuple) else (value,)))


def _check(kinds: tuple[int, ...], bits: tuple[int, ...], name: str) -> None:
    """Raises WorkloadError unless samples are unsigned integers of 1 .. 16 bits."""
    wrong = [_SAMPLE_FORMATS[kind] for kind in kinds if kind in _SAMPLE_FORMATS]
    if wrong or not 1 <= max(bits) <= 16:
        raise WorkloadError(
            f"{name} holds {wrong[0] if wrong else 'unsigned integers'} of {max(bits)} bits; needed unsigned integers "
            "of up to 16 bits. Scale them to 0 .. 255 and save them with 8 bits, or give them as a .npy file of uint8"
        )


def _opened(content: bytes) -> Image | None:
    try:
        return open_image(content)
    except pillow_errors():
        return None


def _deep_gray(image: Image, largest: int, *, inverted: bool) -> NDArray[np.uint8]:
    samples = np.asarray(image).astype(np.uint16)
    gray = to_8_bits(largest - samples if inverted else samples, largest)
    return gray[:, :, None].repeat(3, axis=2)


def _deep_colours(content: bytes, name: str, image: Image, tags: dict[int, Any]) -> NDArray[np.uint8]:
    """Colours of more than 8 bits by FFmpeg: Pillow keeps the upper eight. It has found the file intact.

    The two are compared, because FFmpeg reads tiles as if they were rows; of planes one after the other Pillow takes
    the wrong bytes.
    """
    with open_container(io.BytesIO(content), name, "tiff_pipe", "tiff_pipe") as container:
        picture = next(decode_stream(container, name, Tally(), strict=False), None)
    stored = None if picture is None else deep_rgb(picture.frame)
    pixels = None if stored is None else turn_of_orientation(tags.get(ORIENTATION_TAG, 1)).apply(stored)
    upper = np.asarray(image)[..., :3].astype(np.int16)
    apart = tags.get(_PLANAR) == _PLANES_APART and _TILE_WIDTH not in tags
    if pixels is None or pixels.shape != upper.shape or (not apart and np.abs(pixels - upper).max() > 1):
        raise unknown_tiff(name)
    return pixels


def unknown_tiff(name: str) -> WorkloadError:
    """The refusal of a TIFF that neither library reads."""
    return WorkloadError(
        f"{name} is damaged, or stores its samples in a way that is not read; save it as PNG, or as a TIFF of 8 bits a "
        "sample"
    )


def as_rgb(image: Image) -> NDArray[np.uint8]:
    """Pixels (height, width, 3) uint8 of an image of Pillow's, without alpha. Raises one of pillow_errors()."""
    if image.mode == "RGBa":  # colours that were multiplied by alpha
        image = image.convert("RGBA")
    return np.asarray(image.convert("RGB"))
