"""All ways up, and all depths, of videos: against arithmetic on integers."""

from __future__ import annotations

import struct

import av
import numpy as np
import pytest
from clips import scene, write_clip
from orientations import MATRICES, ORIENTATIONS
from PIL import Image

from workloads import WorkloadError, load_frames
from workloads.frames.decode import rgb_pixels
from workloads.frames.pixels import to_8_bits, turn_of_matrix, turn_of_orientation

# How (x, y) is shown: at (a x + c y, b x + d y), and what that makes of an array of (rows, columns).
# By number of the orientation in EXIF and TIFF.
DEEP_GRAY = ["gray9le", "gray10le", "gray12le", "gray14le", "gray16le", "gray16be", "ya16le", "ya16be"]
DEEP_COLOUR = ["gbrp9le", "gbrp10le", "gbrp10be", "gbrp12le", "gbrp14le", "gbrp16le", "gbrap10le", "gbrap16le"]
DEEP_COLOUR += ["rgb48le", "rgb48be", "bgr48le", "rgba64le", "rgba64be", "bgra64le"]


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("suffix", ["mp4", "mov"])
def test_a_display_matrix_is_applied_mirrors_included(tmp_path, name, suffix):
    path = write_clip(tmp_path / f"clip.{suffix}", "mpeg4", scene(3))
    stored = load_frames(path).read(0, 3).reshape(3, 3, *scene(1).shape[1:3]).transpose(0, 2, 3, 1)
    (a, b, c, d), shown = MATRICES[name]
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44  # version and flags, times, id, duration, layer, volume come before
    content[matrix : matrix + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30)
    path.write_bytes(content)
    frames = load_frames(path)
    pixels = frames.read(0, 3).reshape(3, *frames.shape).transpose(0, 2, 3, 1)
    assert np.array_equal(pixels, [shown(image) for image in stored])


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("degrees", [-30, -2, 0, 2, 30])
def test_a_display_matrix_between_quarters_is_taken_as_the_nearest(name, degrees):
    (a, b, c, d), shown = MATRICES[name]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned = np.array([[cosine, -sine], [sine, cosine]]) @ [[a, c], [b, d]] * 65536
    matrix = np.array([turned[0, 0], turned[1, 0], 0, turned[0, 1], turned[1, 1], 0, 0, 0, 1 << 30]).astype(np.int32)
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(turn_of_matrix(matrix.tobytes()).apply(image), shown(image))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_motion_jpeg_is_turned_as_the_exif_of_its_pictures_says(tmp_path, orientation):
    path, exif = tmp_path / "camera.mjpeg", Image.Exif()
    with path.open("wb") as file:
        for image in scene(3):
            Image.fromarray(image).save(file, "JPEG", quality=95)
    stored = load_frames(path)
    images = stored.read(0, 3).reshape(3, *stored.shape).transpose(0, 2, 3, 1)
    exif[274] = orientation
    with path.open("wb") as file:
        for image in scene(3):
            Image.fromarray(image).save(file, "JPEG", quality=95, exif=exif)
    frames = load_frames(path)
    pixels = frames.read(0, 3).reshape(3, *frames.shape).transpose(0, 2, 3, 1)
    assert np.array_equal(pixels, [ORIENTATIONS[orientation](image) for image in images])


def test_pictures_that_are_turned_in_different_ways_need_a_size(tmp_path):
    path = tmp_path / "turning.mjpeg"
    with path.open("wb") as file:
        for orientation in (1, 6, 5):
            exif = Image.Exif()
            exif[274] = orientation
            Image.fromarray(scene(1)[0]).save(file, "JPEG", exif=exif)
    with pytest.raises(WorkloadError, match="frame 1 is 96 x 64 pixels, the first one 64 x 96; give a size"):
        load_frames(path)
    frames = load_frames(path, size=(8, 8)).read(0, 3)
    assert len(np.unique(frames, axis=0)) == 3


@pytest.mark.parametrize("orientation", [0, 9, -1, None, "6", 6.5])
def test_no_orientation_is_upright(orientation):
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(turn_of_orientation(orientation).apply(image), image)


@pytest.mark.parametrize("bits", range(1, 17))
def test_samples_of_any_depth_become_the_nearest_of_8_bits(bits):
    largest = (1 << bits) - 1
    samples = np.arange(largest + 1, dtype=np.uint16)
    exact = samples.astype(np.float64) * 255 / largest  # never half way: `largest` is odd
    assert np.array_equal(to_8_bits(samples, largest), np.rint(exact))


def test_16_bits_are_divided_by_257():
    assert to_8_bits(np.arange(256, dtype=np.uint16) * 257, 65535).tolist() == list(range(256))
    assert to_8_bits(np.array([128, 129, 385, 386, 65406, 65407], np.uint16), 65535).tolist() == [0, 1, 1, 2, 254, 255]


def deep_picture(name, samples):
    """A picture of `samples` (height, width) in gray and, in colour, of them, half of them and their complement."""
    height, width = samples.shape
    picture = av.VideoFrame(width, height, name)
    bits = picture.format.components[0].bits
    planes = [samples, samples // 2, (1 << bits) - 1 - samples]
    kind, extra = (">u2" if name.endswith("be") else "<u2"), np.full_like(samples, 77)  # alpha
    if name.startswith("gbr"):
        stored = [planes[1], planes[2], planes[0], extra][: len(picture.planes)]
    elif name.startswith("gray"):
        stored = [samples]
    elif name.startswith("ya"):
        stored = [np.stack([samples, extra], axis=-1)]
    else:
        order = planes[::-1] if name.startswith("bgr") else planes
        stored = [np.stack([*order, extra][: 4 if "a" in name else 3], axis=-1)]
    for plane, values in zip(picture.planes, stored, strict=True):
        rows = np.zeros((height, plane.line_size), np.uint8)
        flat = np.ascontiguousarray(values.reshape(height, -1).astype(kind)).view(np.uint8)
        rows[:, : flat.shape[1]] = flat
        plane.update(rows.tobytes())
    return picture, planes if name not in DEEP_GRAY else [samples] * 3, (1 << bits) - 1


@pytest.mark.parametrize("name", DEEP_GRAY + DEEP_COLOUR)
@pytest.mark.parametrize("width", [256, 5])  # 5: rows are padded
def test_deep_pictures_are_rounded_to_the_nearest(name, width):
    bits = av.VideoFormat(name).components[0].bits
    samples = np.linspace(0, (1 << bits) - 1, 16 * width).astype(np.uint16).reshape(16, width)
    picture, planes, largest = deep_picture(name, samples)
    expected = np.stack([np.rint(plane.astype(np.float64) * 255 / largest) for plane in planes], axis=-1)
    assert np.array_equal(rgb_pixels(picture), expected)


@pytest.mark.parametrize("name", ["gray16le", "rgb48le", "gbrp10le", "gray12le"])
def test_deep_videos_come_back_as_they_are(tmp_path, name):
    image = np.arange(256, dtype=np.uint16).reshape(16, 16)
    bits = av.VideoFormat(name).components[0].bits
    samples = np.rint(image * ((1 << bits) - 1) / 255).astype(np.uint16)
    picture, planes, largest = deep_picture(name, samples)
    with av.open(str(tmp_path / "deep.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=25, options={"strict": "-2"})
        stream.height, stream.width, stream.pix_fmt = 16, 16, name
        picture.pts = 0
        container.mux(stream.encode(picture))
        container.mux(stream.encode())
    expected = np.stack([np.rint(plane.astype(np.float64) * 255 / largest) for plane in planes])
    assert np.array_equal(load_frames(tmp_path / "deep.mkv").read(0, 1)[0], expected.ravel())


def test_limited_range_gray_and_10_bit_video_stay_with_swscale():
    """There 64 is black and 940 white: an eight-bit value times four, which loses nothing."""
    for name in ("yuv444p10le", "gray10le"):
        deep, plain = av.VideoFrame(32, 2, name), av.VideoFrame(32, 2, name.replace("10le", ""))
        values = np.arange(16, 236, 7, dtype=np.uint16).repeat(2)[:32]
        for index, (wide, narrow) in enumerate(zip(deep.planes, plain.planes, strict=True)):
            samples = values if index == 0 else np.full(32, 128, np.uint16)
            for plane, row in ((wide, (samples * 4).astype("<u2")), (narrow, samples.astype(np.uint8))):
                rows = np.zeros((2, plane.line_size), np.uint8)
                rows[:, : row.nbytes] = row.view(np.uint8)
                plane.update(rows.tobytes())
        deep.color_range = plain.color_range = 1
        assert np.abs(rgb_pixels(deep).astype(int) - rgb_pixels(plain)).max() <= 1
