"""Frames of video files: the right ones, whatever the order of reading; damage is said, not hidden."""

from __future__ import annotations

import random
import re
import struct
import sys
import tracemalloc

import av
import numpy as np
import pytest
from clips import HEIGHT, WIDTH, scene, write_clip

from workloads import WorkloadError, load_frames
from workloads.frames import decode
from workloads.frames.decode import rgb_pixels

CODECS = [("mpeg4", "a.avi", "yuv420p"), ("mpeg4", "b.mp4", "yuv420p"), ("mjpeg", "c.avi", "yuvj420p")]


@pytest.fixture(scope="module")
def lossless(tmp_path_factory):
    """A clip of 30 frames whose pixels come back exactly, and those pixels."""
    images = scene(30)
    return write_clip(tmp_path_factory.mktemp("clips") / "exact.mkv", "ffv1", images, "bgr0"), images


def planes(images):
    return images.transpose(0, 3, 1, 2).reshape(len(images), -1)


def test_every_frame_comes_in_its_order(lossless):
    path, images = lossless
    frames = load_frames(path)
    assert (frames.name, frames.count, frames.shape, frames.labels) == ("exact.mkv", 30, (3, HEIGHT, WIDTH), None)
    assert frames.warnings == ()
    assert np.array_equal(np.concatenate(list(frames.blocks(7))), planes(images))


def test_reading_anywhere_gives_the_same_pixels(lossless):
    path, images = lossless
    frames, expected = load_frames(path), planes(images)
    generator = random.Random(3)
    for _ in range(40):
        start = generator.randrange(30)
        stop = generator.randrange(start, 31)
        assert np.array_equal(frames.read(start, stop), expected[start:stop])


@pytest.mark.parametrize(
    ("options", "chosen"),
    [
        ({"frames": "4:"}, slice(4, None)),
        ({"frames": ":12"}, slice(0, 12)),
        ({"stride": 7}, slice(0, None, 7)),
        ({"frames": "3:20", "stride": 4}, slice(3, 20, 4)),
        ({"frames": "29:30", "stride": 9}, slice(29, 30)),
    ],
)
def test_range_and_stride_choose_frames_as_slices_do(lossless, options, chosen):
    path, images = lossless
    frames, expected = load_frames(path, **options), planes(images)[chosen]
    assert frames.count == len(expected)
    assert np.array_equal(frames.read(0, frames.count), expected)
    assert np.array_equal(np.concatenate(list(frames.blocks(2))), expected)


def test_channels(lossless):
    path, images = lossless
    expected = planes(images).reshape(30, 3, -1)
    assert np.array_equal(load_frames(path, channels="bgr").read(0, 30), expected[:, ::-1].reshape(30, -1))
    gray = load_frames(path, channels="gray")
    luma = np.array([0.299, 0.587, 0.114]) @ expected
    assert gray.shape == (HEIGHT, WIDTH)
    assert np.abs(gray.read(0, 30) - luma).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("threads", [1, 2, 5])
@pytest.mark.parametrize(("codec", "name", "pixel_format"), CODECS)
def test_pixels_do_not_depend_on_decoder_threads(tmp_path, codec, name, pixel_format, threads):
    """What we decode with one thread is what FFmpeg decodes with any number of them."""
    path = write_clip(tmp_path / name, codec, scene(20), pixel_format)
    ours = load_frames(path).read(0, 20)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "AUTO", threads
        theirs = np.stack([rgb_pixels(picture) for picture in container.decode(stream)])
    assert np.array_equal(ours, planes(theirs))


def test_the_decoder_runs_on_one_thread_whatever_the_environment(lossless, monkeypatch):
    seen = []
    pictures = decode._pictures

    def watched(library, container, stream, tally):
        seen.append((stream.codec_context.thread_count, str(stream.thread_type)))
        return pictures(library, container, stream, tally)

    monkeypatch.setattr(decode, "_pictures", watched)
    load_frames(lossless[0]).read(0, 1)
    assert set(seen) == {(1, "ThreadType.NONE")}


def test_hash_tells_source_and_treatment_apart_without_decoding(lossless, monkeypatch, tmp_path):
    path, images = lossless
    options = [{}, {"size": (32, 48)}, {"size": (32, 32)}, {"size": (32, 32), "fit": "crop"}, {"channels": "bgr"}]
    options += [{"frames": "0:20"}, {"frames": "10:30"}, {"stride": 2}, {"size": (32, 32), "resampling": "nearest"}]
    hashes = [load_frames(path, **chosen).sha256() for chosen in options]
    assert len(set(hashes)) == len(hashes)
    assert load_frames(path).sha256() == hashes[0]
    other = write_clip(tmp_path / "exact.mkv", "ffv1", images[::-1], "bgr0")
    assert load_frames(other).sha256() != hashes[0]
    frames = load_frames(path)
    monkeypatch.setattr("workloads.frames.video.rgb_pixels", None)
    assert frames.sha256() == hashes[0]


def test_memory_is_bounded_by_the_block(tmp_path):
    path = write_clip(tmp_path / "long.avi", "mpeg4", scene(1, 240, 320).repeat(400, axis=0))
    frames = load_frames(path)
    next(frames.blocks(4))
    tracemalloc.start()
    for _ in frames.blocks(4):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert frames.count == 400
    assert peak < 20 * frames.pixels


def test_a_phone_video_is_turned_upright(tmp_path):
    path = write_clip(tmp_path / "phone.mp4", "mpeg4", scene(3))
    upright = load_frames(path).read(0, 3).reshape(3, 3, HEIGHT, WIDTH)
    content = bytearray(path.read_bytes())
    matrix = content.index(b"tkhd") + 44  # version and flags, times, id, duration, layer, volume come before
    content[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)  # 90 clockwise
    path.write_bytes(content)
    turned = load_frames(path)
    assert turned.shape == (3, WIDTH, HEIGHT)
    assert np.array_equal(turned.read(0, 3).reshape(3, *turned.shape), np.rot90(upright, -1, axes=(2, 3)))


def test_a_truncated_video_gives_the_frames_it_has_and_says_so(tmp_path):
    path = write_clip(tmp_path / "clip.avi", "mjpeg", scene(40), "yuvj420p")
    whole = load_frames(path).read(0, 40)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    frames = load_frames(path)
    assert 20 <= frames.count < 30
    assert np.array_equal(frames.read(0, frames.count - 1), whole[: frames.count - 1])
    assert any(re.search("announces 40 frames and has 2.: it was cut off", warning) for warning in frames.warnings)
    with pytest.raises(WorkloadError, match=f"not within the {frames.count} frames"):
        load_frames(path, frames="0:40")
    assert load_frames(path, frames="0:10").warnings == ()  # all intact that far


@pytest.mark.parametrize(("codec", "name", "pixel_format"), CODECS)
@pytest.mark.parametrize("seed", range(5))
def test_a_corrupt_video_gives_the_frames_it_has_and_says_so(tmp_path, codec, name, pixel_format, seed):
    path = write_clip(tmp_path / name, codec, scene(40), pixel_format)
    generator, content = random.Random(seed), bytearray(path.read_bytes())
    pictures = (b"movi", b"idx1") if path.suffix == ".avi" else (b"mdat", b"moov")
    first, last = (content.index(mark) for mark in pictures)
    for _ in range(40):
        content[generator.randrange(first + 100, last - 8)] ^= 0x55
    path.write_bytes(content)
    frames = load_frames(path, size=(16, 24))  # a damaged header can give a picture another size
    assert 0 < frames.count <= 40
    assert frames.warnings
    once = frames.read(0, frames.count)
    assert len(once) == frames.count
    assert np.array_equal(load_frames(path, size=(16, 24)).read(0, frames.count), once)


def test_any_damage_ends_in_frames_or_a_clear_refusal(tmp_path):
    clips = [write_clip(tmp_path / name, codec, scene(12), pixel_format) for codec, name, pixel_format in CODECS]
    clips.append(write_clip(tmp_path / "d.mkv", "ffv1", scene(12), "bgr0"))
    contents = [path.read_bytes() for path in clips]
    read = 0
    for seed in range(150):
        generator = random.Random(seed)
        path, content = clips[seed % 4], bytearray(contents[seed % 4])
        for _ in range(generator.choice([1, 5, 50])):
            content[generator.randrange(len(content))] ^= generator.randrange(1, 256)
        path.write_bytes(content[: generator.choice([len(content), generator.randrange(len(content))])])
        try:
            frames = load_frames(path, size=(8, 8))
        except WorkloadError:
            continue
        assert frames.read(0, frames.count).shape == (frames.count, 192)
        read += 1
    assert read > 50


def test_a_video_whose_pictures_change_their_size(tmp_path):
    """Two motion JPEG streams, one after the other."""
    small, large = (
        write_clip(tmp_path / f"{side}.mjpeg", "mjpeg", scene(3, side, 96), "yuvj420p") for side in (48, 64)
    )
    path = tmp_path / "both.mjpeg"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(WorkloadError, match="frame 3 is 64 x 96 pixels, the first one 48 x 96; give a size"):
        load_frames(path)
    assert load_frames(path, size=(20, 20)).read(0, 6).shape == (6, 1200)
    assert load_frames(path, frames="0:3").shape == (3, 48, 96)


def test_what_is_no_video_is_refused(tmp_path):
    text = tmp_path / "notes.txt"  # FFmpeg would draw it as a terminal of 640 x 400
    text.write_text("hello world\n" * 100)
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.ts\n")
    joined = tmp_path / "joined.ffconcat"
    joined.write_text("ffconcat version 1.0\nfile 'exact.mkv'\n")
    for path in (text, playlist, joined):
        with pytest.raises(WorkloadError, match=f"{path.name} cannot be read as a video .*damaged, or of another kind"):
            load_frames(path)


def test_videos_without_frames_are_refused(tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(WorkloadError, match=r"empty\.mp4 is empty \(0 bytes\)"):
        load_frames(empty)
    silent = tmp_path / "header.avi"
    silent.write_bytes(write_clip(tmp_path / "a.avi", "mjpeg", scene(5), "yuvj420p").read_bytes()[:5700])
    with pytest.raises(WorkloadError, match=r"header\.avi announces 5 frames .*: it was cut off, and has no frames"):
        load_frames(silent)
    sound = tmp_path / "sound.mkv"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        block = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        block.sample_rate = 8000
        container.mux(stream.encode(block))
        container.mux(stream.encode())
    with pytest.raises(WorkloadError, match=r"sound\.mkv has no video stream"):
        load_frames(sound)


def test_a_file_that_changes_under_a_run_is_noticed(tmp_path):
    path = write_clip(tmp_path / "clip.avi", "mjpeg", scene(30), "yuvj420p")
    frames = load_frames(path)
    write_clip(path, "mjpeg", scene(10), "yuvj420p")
    with pytest.raises(WorkloadError, match="ended at frame 10, though it had 30"):
        frames.read(0, 30)


def test_the_extra_is_named_where_it_is_missing(lossless, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(WorkloadError, match=r"pip install 'deltasim\[video\]'"):
        load_frames(lossless[0])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"split": "test"}, "split is 'test', but .* is a file"),
        ({"seed": 1}, "seed is 1, but .* is a file"),
        ({"size": (0, 5)}, r"size is \(0, 5\); needed \(height, width\)"),
        ({"size": (5,)}, r"size is \(5,\)"),
        ({"size": (2.5, 3)}, r"size is \(2.5, 3\)"),
        ({"size": (5, 20000)}, "from 1 to 16384"),
        ({"fit": "pad"}, "fit is 'pad'; allowed stretch, crop"),
        ({"channels": "hsv"}, "channels is 'hsv'; allowed rgb, bgr, gray"),
        ({"resampling": "cubic"}, "resampling is 'cubic'; allowed area, bilinear, nearest"),
        ({"stride": 0}, "stride is 0; needed 1"),
        ({"frames": "0:31"}, "not within the 30 frames"),
        ({"frames": "30:"}, "not within the 30 frames"),
        ({"frames": "7:7"}, "not within"),
        ({"frames": "x"}, "is not a range"),
    ],
)
def test_wrong_options_are_refused(lossless, options, message):
    with pytest.raises(WorkloadError, match=message):
        load_frames(lossless[0], **options)


@pytest.mark.parametrize(
    "option", [{"stride": 2}, {"size": (8, 8)}, {"fit": "crop"}, {"channels": "gray"}, {"resampling": "area"}]
)
def test_bundled_sets_take_no_file_options(option):
    with pytest.raises(WorkloadError, match=f"{next(iter(option))} is .*, but mnist is a bundled data set"):
        load_frames("mnist", **option)
