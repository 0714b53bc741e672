"""Pixels of an image file: of its first picture, upright.

FFmpeg decodes; Pillow says what the file holds, and decodes what FFmpeg does not: TIFF, GIF, animated WebP.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from workloads.decode import Picture, Tally, decode_stream, open_container, rgb_pixels
from workloads.errors import WorkloadError
from workloads.image_headers import ImageHeader, damaged_image, open_image, pillow_errors, read_header
from workloads.pixels import turn_of_orientation
from workloads.tiff import as_rgb, is_tiff, tiff_pixels, unknown_tiff

_FORMATS = "png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,webp_pipe,ppm_pipe,pgm_pipe"
_DEMUXERS = {"PNG": "png_pipe", "JPEG": "jpeg_pipe", "MPO": "jpeg_pipe", "BMP": "bmp_pipe", "WEBP": "webp_pipe"}


def image_pixels(content: bytes, name: str) -> NDArray[np.uint8]:
    """Pixels (height, width, 3) uint8 in rgb of an image file's first picture, turned upright as the file says.

    Samples of 16 bits become round(v / 257); transparency is left out. Raises WorkloadError, with `name`, if the file
    is damaged, no image, or holds samples that are no unsigned integers of up to 16 bits.
    """
    if is_tiff(content):
        return _tiff(content, name)
    header = read_header(content)
    if header is not None and (header.format == "GIF" or _is_animated_webp(content)):
        try:
            return as_rgb(open_image(content))
        except pillow_errors() as error:
            raise damaged_image(name) from error
    return _decoded(content, name, header)


def _tiff(content: bytes, name: str) -> NDArray[np.uint8]:
    pixels = tiff_pixels(content, name)
    if pixels is not None:
        return pixels
    try:
        return _decoded(content, name, None)
    except WorkloadError as error:
        raise unknown_tiff(name) from error


def holds_more(content: bytes, name: str) -> bool:
    """Whether there are pictures behind the first: more pages, an animation, or a second image in a JPEG."""
    header = read_header(content)
    if header is None or header.pictures > 1 or header.format not in {"JPEG", "PPM"}:
        return header is not None and header.pictures > 1
    with _pictures(content, name, header, Tally()) as pictures:
        next(pictures, None)
        return next(pictures, None) is not None


def _decoded(content: bytes, name: str, header: ImageHeader | None) -> NDArray[np.uint8]:
    tally = Tally()
    with _pictures(content, name, header, tally) as pictures:
        picture = next(pictures, None)
    if picture is None or tally.damaged:
        raise damaged_image(name)
    turn = picture.turn if header is None else turn_of_orientation(header.orientation)
    return rgb_pixels(picture.frame, turn)


@contextmanager
def _pictures(content: bytes, name: str, header: ImageHeader | None, tally: Tally) -> Iterator[Iterator[Picture]]:
    """The pictures as FFmpeg finds them, by the demuxer of the format: what lies behind the first does not mislead it."""
    demuxer = None if header is None else _DEMUXERS.get(header.format)
    with open_container(io.BytesIO(content), name, _FORMATS, demuxer) as container:
        yield decode_stream(container, name, tally, strict=True)


def _is_animated_webp(content: bytes) -> bool:
    return content[8:16] == b"WEBPVP8X" and bool(content[20] & 2)
