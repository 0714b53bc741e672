"""A video file that was cut off is said to be so, whatever its container; a whole one is not."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from clips import scene

from workloads import WorkloadError, load_frames
from workloads.frames.containers import cut_off

FRAMES = 24
# name: codec, pixel format, options of the encoder, options of the container
CONTAINERS = {
    "index-last.mp4": ("libx264", "yuv420p", {}, {}),
    "index-first.mp4": ("libx264", "yuv420p", {}, {"movflags": "faststart"}),
    "fragments.mp4": ("libx264", "yuv420p", {"g": "6"}, {"movflags": "frag_keyframe+empty_moov"}),
    "index-first.mov": ("mjpeg", "yuvj420p", {}, {"movflags": "faststart"}),
    "b-frames.mp4": ("libx264", "yuv420p", {"bf": "3", "g": "12"}, {"movflags": "faststart"}),
    "b-frames.mkv": ("libx264", "yuv420p", {"bf": "3", "g": "12"}, {}),
    "lossless.mkv": ("ffv1", "bgr0", {}, {}),
    "web.webm": ("libvpx-vp9", "yuv420p", {}, {}),
    "motion-jpeg.avi": ("mjpeg", "yuvj420p", {}, {}),
    "mpeg4.avi": ("mpeg4", "yuv420p", {"bf": "2"}, {}),
    "h264.ts": ("libx264", "yuv420p", {}, {}),
    "mpeg2.ts": ("mpeg2video", "yuv420p", {}, {}),
    "mpeg2.mpg": ("mpeg2video", "yuv420p", {}, {}),
    "plain.gif": ("gif", "rgb8", {}, {}),
    "plain.y4m": ("wrapped_avframe", "yuv420p", {}, {}),
    "vp8.ogv": ("libvpx", "yuv420p", {}, {}),
    "sorenson.flv": ("flv", "yuv420p", {}, {}),
    "h264.flv": ("libx264", "yuv420p", {}, {}),
    "vp8.ivf": ("libvpx", "yuv420p", {}, {}),
    "plain.wmv": ("wmv2", "yuv420p", {}, {}),
    "mpeg2.mxf": ("mpeg2video", "yuv420p", {}, {}),
    "plain.apng": ("apng", "rgb24", {}, {}),
    "raw.mjpeg": ("mjpeg", "yuvj420p", {}, {}),
}
HEADS = (
    b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\1mdat\0\0",
    b"RIFF\0\0\0\0AVI LIST",
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01",
    b"\x1a\x45\xdf\xa3\x80\x18\x53\x80\x67\x01\xff\xff",
    b"\x30\x26\xb2\x75" + bytes(20) + bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365") + b"1234567890",
    b"FLV\1\5\0\0\0\x09\0\x08filesize\0\x40",
    bytes.fromhex("060e2b34020501010d01020101020400") + b"\x83\0\0\x78\0\1",
    b"GIF89a\1\0\1\0\xf7\0\0!\xff\x0bNETSCAPE2.0",
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0",
    b"OggS\0\2" + bytes(20) + b"\2\5\5x",
    b"\0\0\1\xba\x44\0\0\0\1\xe0\0\x50",
    b"\xff\xd8\xff\xe0\0\x10JFIF",
)
STEPS = [1] * FRAMES
UNEVEN_STEPS = [1, 1, 5, 2, 1, 9] * (FRAMES // 6)


def encode(path, codec, pixel_format, options=None, container_options=None, steps=STEPS, sound_s=0):
    """A clip of FRAMES frames, the next one `steps` 25ths of a second after each, with silence of `sound_s`."""
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=25, options=options or {})
        stream.height, stream.width, stream.pix_fmt = 64, 96, pixel_format
        sound = container.add_stream("aac", rate=8000) if sound_s else None
        time = 0
        for image, step in zip(scene(FRAMES), steps, strict=True):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format=pixel_format)
            frame.pts, frame.time_base = time, Fraction(1, 25)
            time += step
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            block = av.AudioFrame.from_ndarray(np.zeros((1, 8000 * sound_s), np.float32), "fltp", "mono")
            block.sample_rate, block.pts = 8000, 0
            container.mux(sound.encode(block))
            container.mux(sound.encode())
    return path


def remux(source, path, shift_s, container_options=None):
    """The packets of `source`, as they are, `shift_s` earlier."""
    with av.open(str(source)) as old, av.open(str(path), "w", container_options=container_options or {}) as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                ticks = int(shift_s / packet.time_base)
                packet.pts, packet.dts, packet.stream = packet.pts - ticks, packet.dts - ticks, stream
                new.mux(packet)
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("containers")
    return {name: encode(folder / name, *how) for name, how in CONTAINERS.items()}


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_whole_file_is_not_cut_off(written, name):
    frames = load_frames(written[name])
    assert (frames.count, frames.warnings) == (FRAMES, ())
    assert cut_off(written[name]) is None


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_file_that_lost_frames_is_said_to_be_cut_off(written, tmp_path, name):
    content, path = written[name].read_bytes(), tmp_path / name
    read = 0
    for part in range(1, 30):  # primes, so that no cut falls between two packets of a transport stream
        path.write_bytes(content[: len(content) * part // 31 // 2 * 2 + 1])
        try:
            frames = load_frames(path)
        except WorkloadError:
            continue
        read += 1
        said = any("it was cut off" in warning for warning in frames.warnings)
        assert said or frames.count == FRAMES, (len(path.read_bytes()), frames.count, frames.warnings)
        assert load_frames(path, frames="0:1").count == 1
    assert read > 5 or "index-last" in name


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9])
def test_an_mp4_without_its_index_is_refused_as_what_it_is(written, tmp_path, keep):
    content, path = written["index-last.mp4"].read_bytes(), tmp_path / "cut.mp4"
    path.write_bytes(content[: int(content.index(b"moov") * keep)])
    with pytest.raises(WorkloadError, match=r"cut\.mp4 has lost its index .*moov.*: it was cut off"):
        load_frames(path)


def test_an_mp4_cut_within_its_index_is_refused_as_what_it_is(written, tmp_path):
    content, path = written["index-first.mp4"].read_bytes(), tmp_path / "cut.mp4"
    for length in range(40, content.index(b"mdat"), 50):
        path.write_bytes(content[:length])
        with pytest.raises(WorkloadError, match=r"(announces .* has|has lost its index).*: it was cut off"):
            load_frames(path)


@pytest.mark.parametrize("bf", ["0", "3"])
def test_a_file_trimmed_by_an_edit_list_is_not_cut_off(tmp_path, bf):
    """The first ten of its frames are stored, and read to decode the others, but not shown."""
    whole = encode(tmp_path / "whole.mp4", "libx264", "yuv420p", {"bf": bf, "g": "30"})
    options = {"avoid_negative_ts": "disabled", "use_editlist": "1"}
    trimmed = remux(whole, tmp_path / "trimmed.mp4", Fraction(10, 25), options)
    frames = load_frames(trimmed)
    assert (frames.count, frames.warnings) == (FRAMES - 10, ())
    assert np.array_equal(frames.read(0, FRAMES - 10), load_frames(whole).read(10, FRAMES))


@pytest.mark.parametrize("name", ["late.mp4", "late.mov", "late.mkv", "late.flv", "late.ts"])
def test_a_stream_that_starts_late_is_not_cut_off(written, tmp_path, name):
    late = remux(written["index-last.mp4"], tmp_path / name, Fraction(-5))
    frames = load_frames(late)
    assert (frames.count, frames.warnings) == (FRAMES, ())


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "libx264"), ("a.mkv", "libx264"), ("a.flv", "flv"), ("a.wmv", "wmv2")]
)
@pytest.mark.parametrize("last", [1, 9])
def test_frames_at_uneven_times_are_not_cut_off(tmp_path, name, codec, last):
    steps = UNEVEN_STEPS if last == 9 else UNEVEN_STEPS[::-1]
    frames = load_frames(encode(tmp_path / name, codec, "yuv420p", steps=steps))
    assert (frames.count, frames.warnings) == (FRAMES, ())


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.flv", "a.ts"])
def test_sound_longer_than_the_pictures_is_no_cut(tmp_path, name):
    codec = "flv" if name == "a.flv" else "libx264"
    frames = load_frames(encode(tmp_path / name, codec, "yuv420p", sound_s=4))
    assert (frames.count, frames.warnings) == (FRAMES, ())


def test_frames_repeated_by_empty_chunks_are_no_cut(written, tmp_path):
    """An AVI holds a place without a picture where the frame before is shown on."""
    path = tmp_path / "repeats.avi"
    with av.open(str(written["mpeg4.avi"])) as old, av.open(str(path), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        for packet in old.demux(video=0):
            if packet.dts is not None:
                gap = 2 if packet.dts > 8 else 0  # FFmpeg fills it with empty chunks
                packet.dts, packet.pts, packet.stream = packet.dts + gap, packet.dts + gap, stream
                new.mux(packet)
    with av.open(str(path)) as container:
        assert container.streams.video[0].frames == FRAMES + 2
    frames = load_frames(path)
    assert (frames.count, frames.warnings) == (FRAMES, ())


@pytest.mark.parametrize("behind", [b"", b"\0" * 100, b"a camera's own data"])
def test_what_lies_behind_motion_jpeg_is_no_cut(written, tmp_path, behind):
    path = tmp_path / "more.mjpeg"
    path.write_bytes(written["raw.mjpeg"].read_bytes() + behind)
    assert load_frames(path).warnings == ()


def test_motion_jpeg_is_looked_at_far_from_its_end(tmp_path):
    picture = b"\xff\xd8\xff\xda" + b"x" * 300_000
    for content, reason in ((picture, "lacks the mark of its end"), (picture + b"\xff\xd9", None)):
        for gap in range(5):
            (tmp_path / "a.mjpeg").write_bytes(content * 2 + b"\0" * (65536 * 2 - gap))
            assert cut_off(tmp_path / "a.mjpeg") == reason


@pytest.mark.parametrize("head", [head[:size] for head in HEADS for size in range(0, len(head) + 1, 3)])
def test_a_few_bytes_of_a_container_are_no_reason_for_a_traceback(tmp_path, head):
    (tmp_path / "a").write_bytes(head)
    assert isinstance(cut_off(tmp_path / "a"), str | None)
