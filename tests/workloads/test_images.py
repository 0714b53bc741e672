"""Image files as every common writer makes them: the right pixels, or what is wrong with them by name."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from orientations import ORIENTATIONS
from PIL import Image

from workloads import WorkloadError, load_frames
from workloads.frames.images import image_pixels

RANDOM = np.random.default_rng(4).integers(0, 256, (16, 24, 3), np.uint8)
FLAT = np.kron(np.random.default_rng(5).integers(0, 256, (2, 3, 3), np.uint8), np.ones((8, 8, 1), np.uint8))
GRAY = RANDOM[:, :, :1].repeat(3, axis=2)
SECOND = Image.fromarray(RANDOM[::-1].copy())
TIFF_TYPES = {1: "B", 2: "B", 3: "H", 4: "I", 5: "II"}


def save(kind, image=RANDOM, **options):
    """An image file as Pillow writes it."""
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return file.getvalue()


def exif(orientation):
    tags = Image.Exif()
    tags[274] = orientation
    return tags


def tiff(samples, *, order="<", planar=False, tags=(), photometric=None, packed=False):
    """A TIFF of (height, width) or (height, width, channels) samples; `tags`: further (number, type, values)."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    data = (np.moveaxis(samples, -1, 0) if planar else samples).astype(samples.dtype.newbyteorder(order)).tobytes()
    parts = [data]
    if planar:
        parts = [data[index * len(data) // channels : (index + 1) * len(data) // channels] for index in range(channels)]
    stored = [zlib.compress(part) if packed else part for part in parts]
    starts = [8 + sum(map(len, stored[:index])) for index in range(len(stored))]
    entries = {
        256: (3, [width]),
        257: (3, [height]),
        258: (3, [8 * samples.dtype.itemsize] * channels),
        259: (3, [8 if packed else 1]),
        262: (3, [(2 if channels >= 3 else 1) if photometric is None else photometric]),
        273: (4, starts),
        277: (3, [channels]),
        278: (3, [height]),
        279: (4, list(map(len, stored))),
        284: (3, [2 if planar else 1]),
    }
    entries |= {338: (3, [2])} if channels in {2, 4} else {}
    entries |= {number: (kind, list(values)) for number, kind, values in tags}
    body = b"".join(stored) + b"\0" * (sum(map(len, stored)) % 2)
    directory, beyond = 8 + len(body), b""
    behind = directory + 2 + 12 * len(entries) + 4
    fields = struct.pack(order + "H", len(entries))
    for number, (kind, values) in sorted(entries.items()):
        packed_values = struct.pack(order + TIFF_TYPES[kind] * (len(values) // len(TIFF_TYPES[kind])), *values)
        place = packed_values.ljust(4, b"\0")
        if len(packed_values) > 4:
            place = struct.pack(order + "I", behind + len(beyond))
            beyond += packed_values + b"\0" * (len(packed_values) % 2)
        fields += struct.pack(order + "HHI", number, kind, len(values) // len(TIFF_TYPES[kind])) + place
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", directory) + body + fields + b"\0\0\0\0" + beyond


def png16(samples):
    """A PNG of 16-bit samples (height, width, 1 to 4)."""

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = samples.shape
    header = struct.pack(">IIBBBBB", width, height, 16, {1: 0, 2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def nearest(samples, largest=65535):
    """(height, width, 3) of samples (height, width, channels), without alpha."""
    colours = samples[:, :, :1].repeat(3, axis=2) if samples.shape[2] < 3 else samples[:, :, :3]
    return np.rint(colours.astype(np.float64) * 255 / largest)


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "TIFF16", "TIFF16 gray", "TIFF16 >"])
def test_all_orientations_of_lossless_files(kind, orientation):
    content = {
        "PNG": lambda: save("PNG", exif=exif(orientation)),
        "WEBP": lambda: save("WEBP", exif=exif(orientation), lossless=True),
        "TIFF": lambda: save("TIFF", tiffinfo={274: orientation}),
        "TIFF16": lambda: tiff(RANDOM.astype(np.uint16) * 257, tags=[(274, 3, [orientation])]),
        "TIFF16 gray": lambda: tiff(RANDOM[:, :, 0].astype(np.uint16) * 257, tags=[(274, 3, [orientation])]),
        "TIFF16 >": lambda: tiff(RANDOM.astype(np.uint16) * 257, order=">", tags=[(274, 3, [orientation])]),
    }[kind]()
    image = GRAY if kind == "TIFF16 gray" else RANDOM
    assert np.array_equal(image_pixels(content, "a"), ORIENTATIONS[orientation](image))


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("more", [False, True])
def test_all_orientations_of_jpeg(orientation, more):
    behind = {"save_all": True, "append_images": [SECOND]} if more else {}
    stored = image_pixels(save("JPEG", FLAT, quality=95), "a")
    content = save("MPO" if more else "JPEG", FLAT, quality=95, exif=exif(orientation), **behind)
    assert np.array_equal(image_pixels(content, "a"), ORIENTATIONS[orientation](stored))


@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_16_bit_png_is_rounded_to_the_nearest(channels, seed):
    samples = np.random.default_rng(seed).integers(0, 65536, (5, 7, channels), np.uint16)
    assert np.array_equal(image_pixels(png16(samples), "a"), nearest(samples))


@given(st.sampled_from([1, 3, 4]), st.sampled_from("<>"), st.booleans(), st.booleans(), st.integers(0, 2**32 - 1))
def test_16_bit_tiff_is_rounded_to_the_nearest(channels, order, planar, packed, seed):
    samples = np.random.default_rng(seed).integers(0, 65536, (5, 7, channels), np.uint16)
    content = tiff(samples if channels > 1 else samples[:, :, 0], order=order, planar=planar and channels == 3)
    if packed:
        content = tiff(samples if channels > 1 else samples[:, :, 0], order=order, packed=True)
    assert np.array_equal(image_pixels(content, "a"), nearest(samples))


@given(st.integers(1, 65535), st.sampled_from([1, 3]), st.sampled_from(["", " # made by hand\n"]), st.integers(0, 99))
def test_netpbm_of_any_largest_value_is_rounded_to_the_nearest(largest, channels, comment, seed):
    samples = np.random.default_rng(seed).integers(0, largest + 1, (5, 7, channels))
    header = f"P{5 if channels == 1 else 6}\n{comment}7 5\n{largest}\n".encode()
    expected = (samples * 510 + largest) // (2 * largest)  # half up where the largest value is even
    pixels = image_pixels(header + samples.astype(np.uint8 if largest < 256 else ">u2").tobytes(), "a")
    assert np.array_equal(pixels, np.broadcast_to(expected, (5, 7, 3)))


def test_white_may_be_zero():
    samples = RANDOM[:, :, 0].astype(np.uint16) * 257
    assert np.array_equal(image_pixels(tiff(65535 - samples, photometric=0), "a"), GRAY)
    assert np.array_equal(image_pixels(tiff(255 - RANDOM[:, :, 0], photometric=0), "a"), GRAY)


@pytest.mark.parametrize(
    "tags",
    [
        [(274, 3, [1])],
        [(282, 5, [300, 1]), (283, 5, [300, 1]), (296, 3, [2])],
        [(339, 3, [1, 1, 1])],
        [(305, 2, list(b"a writer\0"))],
        [(700, 1, list(b"<x:xmpmeta/>"))],
        [(34675, 1, list(b"a profile of colours"))],
        [(33432, 2, list(b"somebody\0"))],
        [(270, 2, list(b'{"shape": [16, 24, 3]}\0'))],
        [(65000, 3, [7]), (42113, 2, list(b"-9999\0"))],
    ],
)
@pytest.mark.parametrize("depth", [8, 16])
def test_tiffs_with_ordinary_tags_are_read(tags, depth):
    samples = RANDOM if depth == 8 else RANDOM.astype(np.uint16) * 257
    assert np.array_equal(image_pixels(tiff(samples, tags=tags), "a"), RANDOM)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
def test_tiffs_as_pillow_writes_them(compression, mode):
    image = Image.fromarray(RANDOM).convert(mode)
    expected = image.convert("RGB")
    content = save("TIFF", image, compression=compression, dpi=(72, 72))
    assert np.array_equal(image_pixels(content, "a"), np.asarray(expected))


@pytest.mark.parametrize("kind", ["u4", "i1", "i2", "i4", "f2", "f4", "f8"])
@pytest.mark.parametrize("channels", [1, 3])
def test_samples_that_are_no_small_integers_are_refused_by_name(kind, channels):
    samples = (RANDOM[:, :, 0] if channels == 1 else RANDOM).astype(kind)
    number = {"u": 1, "i": 2, "f": 3}[kind[0]]
    content = tiff(samples, tags=[(339, 3, [number] * channels)])
    name = {"u": "unsigned integers", "i": "signed integers", "f": "floating-point numbers"}[kind[0]]
    with pytest.raises(WorkloadError, match=rf"a\.tif holds {name} of {8 * samples.dtype.itemsize} bits; needed"):
        image_pixels(content, "a.tif")


@pytest.mark.parametrize("photometric", [8, 32803])
def test_colours_that_are_not_read_are_refused(photometric):
    with pytest.raises(WorkloadError, match=r"a\.tif .*in a way that is not read; save it as PNG"):
        image_pixels(tiff(RANDOM, photometric=photometric), "a.tif")


def tiff_pages():
    """Two pages: the directory of the first points to a copy that differs in its orientation."""
    content = save("TIFF", FLAT)
    start = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack_from("<H", content, start)[0]
    copy = content[start : start + 2 + 12 * count] + b"\0\0\0\0"
    end = start + 2 + 12 * count
    padded = content + b"\0" * (len(content) % 2)
    return padded[:end] + struct.pack("<I", len(padded)) + padded[end + 4 :] + copy


MORE = {
    "pages.tif": tiff_pages,
    "second.jpg": lambda: save("MPO", FLAT, save_all=True, append_images=[SECOND]),
    "behind.jpg": lambda: save("JPEG", FLAT) * 2,
    "moving.gif": lambda: save("GIF", Image.fromarray(FLAT).quantize(8), save_all=True, append_images=[SECOND]),
    "moving.png": lambda: save("PNG", FLAT, save_all=True, append_images=[SECOND]),
    "hidden.apng": lambda: save("PNG", FLAT, save_all=True, append_images=[SECOND], default_image=True),
    "moving.webp": lambda: save("WEBP", FLAT, save_all=True, append_images=[SECOND], lossless=True),
    "two.ppm": lambda: save("PPM", FLAT) * 2,
}


@pytest.mark.parametrize("name", MORE)
def test_of_several_pictures_the_first_is_read_and_said_so(tmp_path, name):
    (tmp_path / name).write_bytes(MORE[name]())
    frames = load_frames(tmp_path)
    jpeg = name.endswith(".jpg")
    expected = image_pixels(save("JPEG", FLAT), "a") if jpeg else FLAT
    assert np.array_equal(frames.read(0, 1).reshape(3, 16, 24).transpose(1, 2, 0), expected)
    assert frames.warnings == (f"{name} in {tmp_path} holds several pictures; the first is used",)
    (tmp_path / f"z{name}").write_bytes(MORE[name]())
    assert load_frames(tmp_path).warnings == (
        f"{name} and 1 more in {tmp_path} hold several pictures each; the first of each is used",
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM"])
def test_one_picture_needs_no_warning(tmp_path, kind):
    image = Image.fromarray(FLAT)
    suffix = {"JPEG": "jpg", "TIFF": "tif"}.get(kind, kind.lower())
    (tmp_path / f"a.{suffix}").write_bytes(save(kind, image.quantize(8) if kind == "GIF" else image))
    assert load_frames(tmp_path).warnings == ()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_other_data_behind_a_picture_is_passed_over(tmp_path, kind):
    content = save(kind, FLAT)
    (tmp_path / f"a.{kind.lower()}").write_bytes(content + b"a camera's own data" * 20)
    frames = load_frames(tmp_path)
    assert frames.warnings == ()
    pixels = frames.read(0, 1).reshape(3, 16, 24).transpose(1, 2, 0)
    assert np.array_equal(pixels, image_pixels(content, "a"))


WHOLE = {
    "plain.tif": lambda: tiff(RANDOM),
    "deep.tif": lambda: tiff(RANDOM.astype(np.uint16) * 257),
    "deep packed.tif": lambda: tiff(RANDOM.astype(np.uint16) * 257, packed=True),
    "lzw.tif": lambda: save("TIFF", compression="tiff_lzw"),
    "a.png": lambda: save("PNG"),
    "deep.png": lambda: png16(RANDOM.astype(np.uint16) * 257),
    "a.jpg": lambda: save("JPEG"),
    "thumbnail.jpg": lambda: save("JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0" + save("JPEG", FLAT)),
    "a.webp": lambda: save("WEBP", lossless=True),
    "a.bmp": lambda: save("BMP"),
    "a.ppm": lambda: save("PPM"),
    "deep.pgm": lambda: b"P5 24 16 65535\n" + RANDOM.astype(">u2")[:, :, 0].tobytes(),
    **MORE,
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_was_cut_off_is_refused_or_all_there(name):
    content = WHOLE[name]()
    whole = image_pixels(content, name)
    for length in range(0, len(content), 11):
        try:
            pixels = image_pixels(content[:length], name)
        except WorkloadError as error:
            assert str(error).startswith(name)  # noqa: PT017
            continue
        assert np.array_equal(pixels, whole), length


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.tuples(st.floats(0, 0.999), st.integers(1, 255)), max_size=20))
def test_any_damage_ends_in_pixels_or_a_refusal(name, flips):
    content = bytearray(WHOLE[name]())
    for place, change in flips:
        content[int(place * len(content))] ^= change
    try:
        pixels = image_pixels(bytes(content), name)
    except WorkloadError:
        return
    assert (pixels.dtype, pixels.shape[2]) == (np.dtype(np.uint8), 3)
