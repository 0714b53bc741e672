"""Pixels of an image file: of its first picture, upright.

FFmpeg decodes; Pillow says what the file holds, and decodes what FFmpeg does not: TIFF, GIF, animated WebP.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.decode import Picture, Tally, decode_stream, open_container, rgb_pixels
from workloads.frames.image_headers import ImageHeader, damaged_image, open_image, pillow_errors, read_header
from workloads.frames.pixels import to_8_bits, turn_of_orientation
from workloads.frames.tiff import as_rgb, is_tiff, tiff_pixels, unknown_tiff

_FORMATS = "png_pipe,jpeg_pipe,bmp_pipe,tiff_pipe,webp_pipe,ppm_pipe,pgm_pipe"
_DEMUXERS = {"PNG": "png_pipe", "JPEG": "jpeg_pipe", "MPO": "jpeg_pipe", "BMP": "bmp_pipe", "WEBP": "webp_pipe"}


def image_pixels(content: bytes, name: str) -> NDArray[np.uint8]:
    """Pixels (height, width, 3) uint8 in rgb of an image file's first picture, turned upright as the file says.

    Samples of 16 bits become round(v / 257); transparency is left out. Raises WorkloadError, with `name`, if the file
    is damaged, no image, or holds samples that are no unsigned integers of up to 16 bits.
    """
    if is_tiff(content):
        return _tiff(content, name)
    samples = _netpbm(content)
    if samples is not None:
        return samples
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
    if header is None or header.pictures > 1:
        return header is not None
    start = {"JPEG": b"\xff\xd8\xff", "PPM": content[:2]}.get(header.format)
    if start is None or content.count(start) < 2:
        return False
    with _pictures(content, name, header, Tally()) as pictures:
        next(pictures, None)
        return next(pictures, None) is not None


def _decoded(content: bytes, name: str, header: ImageHeader | None) -> NDArray[np.uint8]:
    tally = Tally()
    with _pictures(content, name, header, tally) as pictures:
        picture = next(pictures, None)
    if picture is None or tally.damaged or _is_cut_jpeg(content):
        raise damaged_image(name)
    turn = picture.turn if header is None else turn_of_orientation(header.orientation)
    return rgb_pixels(picture.frame, turn)


@contextmanager
def _pictures(content: bytes, name: str, header: ImageHeader | None, tally: Tally) -> Iterator[Iterator[Picture]]:
    """The pictures as FFmpeg finds them, told which format it is: what lies behind the first would mislead it."""
    demuxer = None if header is None else _DEMUXERS.get(header.format)
    with open_container(io.BytesIO(content), name, _FORMATS, demuxer) as container:
        yield decode_stream(container, name, tally, strict=True)


def _netpbm(content: bytes) -> NDArray[np.uint8] | None:
    """Pixels of a whole .pgm or .ppm whose largest value is not 255, which FFmpeg rounds down; None for all else."""
    header = re.match(rb"P([56])" + 3 * rb"(?:\s|#[^\n]*\n)+(\d{1,5})" + rb"\s", content)
    if header is None or not 0 < int(header[4]) < 1 << 16 or int(header[4]) == 255:
        return None
    channels, largest = 1 if header[1] == b"5" else 3, int(header[4])
    width, height, kind = int(header[2]), int(header[3]), np.dtype(np.uint8 if largest < 256 else ">u2")
    count = height * width * channels
    if not count or len(content) < header.end() + count * kind.itemsize:
        return None
    samples = np.frombuffer(content, kind, count, header.end()).reshape(height, width, channels)
    pixels = to_8_bits(np.minimum(samples, largest).astype(np.uint16), largest)
    return np.broadcast_to(pixels, (height, width, 3))


def _is_cut_jpeg(content: bytes) -> bool:
    """Whether a JPEG's first picture lacks the mark of its end; its last pixels would be made up without a word."""
    position = 2
    if content[:2] != b"\xff\xd8":
        return False
    while content[position : position + 1] == b"\xff":
        kind = content[position + 1 : position + 2]
        if kind == b"\xda":  # pixels begin; before, there may be a thumbnail with an end of its own
            return b"\xff\xd9" not in content[position:]
        position += 1 if kind == b"\xff" else 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return position >= len(content)


def _is_animated_webp(content: bytes) -> bool:
    return content[8:16] == b"WEBPVP8X" and bool(content[20] & 2)
