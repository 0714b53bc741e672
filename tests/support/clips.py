"""Short clips with moving shapes, written by PyAV, for the tests of video."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

HEIGHT, WIDTH = 64, 96


def scene(count, height=HEIGHT, width=WIDTH):
    """(count, height, width, 3) uint8: a bright box that moves over a pattern, so that no two frames are the same."""
    y, x = np.mgrid[:height, :width]
    images = np.empty((count, height, width, 3), np.uint8)
    for index in range(count):
        images[index] = np.stack([x * 2 % 200, y * 3 % 200, (x + y) % 200], axis=-1)
        images[index, 10:30, index : index + 20] = (250, 20, 5 * index % 256)
    return images


def write_clip(path: Path, codec: str, images, pixel_format="yuv420p", **options: str) -> Path:
    """Encode `images` (n, height, width, 3) into a container chosen by the suffix of `path`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width = images.shape[1:3]
        stream.pix_fmt = pixel_format
        for image in images:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())
    return path


def write_image(path: Path, image) -> Path:
    """A .png (exact) or .jpg of `image` (height, width, 3)."""
    codec, pixel_format = ("png", "rgb24") if path.suffix == ".png" else ("mjpeg", "yuvj444p")
    encoder = av.CodecContext.create(codec, "w")
    encoder.height, encoder.width = image.shape[:2]
    encoder.pix_fmt, encoder.time_base = pixel_format, Fraction(1, 25)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24").reformat(format=pixel_format)
    path.write_bytes(b"".join(bytes(packet) for packet in (*encoder.encode(frame), *encoder.encode())))
    return path
