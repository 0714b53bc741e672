"""Wrong networks and frames on the command line: one message that says what to mend, and nothing left behind."""

from __future__ import annotations

import builtins
import os
import resource
import struct
import subprocess
import sys
import zipfile
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO

import av
import numpy as np
import onnx
import pytest
from clips import scene, write_clip, write_image
from onnx_models import Model

from deltasim.cli.app import main

SIDE = 16
STACK = np.random.default_rng(5).integers(0, 256, (6, 3, SIDE, SIDE), dtype=np.uint8)


def deltasim(*arguments, cwd):
    """Exit code, standard output and standard error of the command, run in this process."""
    out, err = StringIO(), StringIO()
    with chdir(cwd), redirect_stdout(out), redirect_stderr(err), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["deltasim", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
    return stopped.value.code or 0, out.getvalue(), err.getvalue()


def refused(*arguments, cwd):
    """The one message of a run that ends with exit code 2 and leaves nothing behind."""
    before = sorted(cwd.rglob("*"))
    code, out, err = deltasim("run", *arguments, cwd=cwd)
    assert code == 2, out + err
    assert out == ""
    err = err.lstrip("\n")  # after progress bars that never showed anything
    assert err.startswith("deltasim: ")
    assert err.count("\n") == 1
    assert sorted(cwd.rglob("*")) == before
    return err


def model():
    m = Model((3, SIDE, SIDE))
    m.dense(m.add("Flatten", m.add("Relu", m.conv("frames", 4))), 4 * SIDE * SIDE, 5)
    return m


@pytest.fixture
def folder(tmp_path):
    """A working directory with a network and frames that fit it."""
    model().save(tmp_path / "net.onnx")
    np.savez(tmp_path / "stack.npz", frames=STACK)
    write_clip(tmp_path / "clip.avi", "mpeg4", scene(6))
    return tmp_path


NETWORK = ("--network", "net.onnx", "--normalisation", "unit-rgb", "--modes", "sigma_delta")


def test_what_fits_runs(folder):
    for frames in ("stack.npz", "clip.avi"):
        code, out, err = deltasim("run", frames, *NETWORK, "--out", f"run-{frames}", cwd=folder)
        assert code == 0, err
        assert "6 frames" in out


def text(path):
    path.write_text("hello, this is a text file\nand no network\n")


def truncated(path):
    path.write_bytes(model().proto().SerializeToString()[:-500])


def unsupported(path):
    m = Model((3, SIDE, SIDE))
    m.add("Erf", m.conv("frames", 4), name="gelu")
    m.save(path)


def not_a_number(path):
    m = model()
    weights = onnx.numpy_helper.to_array(m.tensors[0]).copy()
    weights[1, 2, 0, 1] = np.nan
    m.tensors[0].CopyFrom(onnx.numpy_helper.from_array(weights, m.tensors[0].name))
    m.save(path)


def external_outside(path):
    home = path.parent / "weights"
    home.mkdir()
    onnx.save_model(model().proto(), home / "net.onnx", save_as_external_data=True, location="w.bin", size_threshold=0)
    path.write_bytes((home / "net.onnx").read_bytes().replace(b"w.bin", b"/etc/"))


def stack_of_frames(path):
    np.savez(path, frames=STACK)


WRONG_NETWORKS = {
    "text": ("net.onnx", text, ["net.onnx is no whole ONNX model: it is text, beginning with 'hello", "Export"]),
    "truncated": ("net.onnx", truncated, ["net.onnx is no whole ONNX model", "truncated", "Export or copy it again"]),
    "operator": ("net.onnx", unsupported, ["net.onnx: node 'gelu', operator Erf", "not supported. Supported: Add"]),
    "NaN": ("net.onnx", not_a_number, ["node 'conv0', operator Conv: its weights has nan at (1, 2, 0, 1)", "finite"]),
    "folder": ("dir.onnx", lambda path: path.mkdir(), ["dir.onnx cannot be read (Is a directory)", "ONNX file"]),
    "missing": ("none.onnx", lambda path: None, ["none.onnx does not exist"]),
    "empty": ("net.onnx", lambda path: path.write_bytes(b""), ["net.onnx is no whole ONNX model: it has no content"]),
    "external": ("net.onnx", external_outside, ["its data is said to be in '/etc/'", "inside the model's own folder"]),
    "frames": ("other.npz", stack_of_frames, ["other.npz: has no array 'format'", "stack of frames is none"]),
    "array": ("a.npz", lambda path: path.write_bytes(b"\x93NUMPY\x01\x00"), ["a.npz is a single array", "savez"]),
    "no file": ("vgg", lambda path: None, ["no network 'vgg'", ".onnx or .npz", "Known: mnist-784-200-200-10"]),
}


@pytest.mark.parametrize(("name", "make", "says"), WRONG_NETWORKS.values(), ids=WRONG_NETWORKS.keys())
def test_wrong_networks(folder, name, make, says):
    make(folder / name)
    message = refused("clip.avi", "--network", name, *NETWORK[2:], cwd=folder)
    for words in says:
        assert words in message


def no_frames(path):
    """A container with sound only, and one whose only picture is cut off."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        block = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), layout="mono")
        block.sample_rate = 8000
        container.mux(stream.encode(block))
        container.mux(stream.encode())


def header_only(path):
    whole = write_clip(path.with_name("whole.avi"), "mjpeg", scene(5), "yuvj420p").read_bytes()
    path.write_bytes(whole[: whole.index(b"movi") + 30])


def images(path, change=None):
    path.mkdir()
    for index, image in enumerate(scene(4)):
        write_image(path / f"{index}.png", image)
    if change:
        change(path / "2.png")


def broken_image(path):
    images(path, lambda image: image.write_bytes(image.read_bytes()[:200]))


def saved(**arrays):
    return lambda path: np.savez(path, **arrays)


def damaged(path):
    """A pixel that is not the one whose checksum is there."""
    np.savez(path, frames=STACK)
    data = bytearray(path.read_bytes())
    data[-1000] ^= 255
    path.write_bytes(data)


def lzma(path):
    np.save(path.with_suffix(".npy"), STACK)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.write(path.with_suffix(".npy"), "frames.npy")


def locked(path):
    np.savez(path, frames=STACK)
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


OBJECTS = np.array([{}] * 4, dtype=object)
WRONG_FRAMES = {
    "no video": ("c.mkv", no_frames, ["c.mkv has no video stream"]),
    "no frames": (
        "c.avi",
        header_only,
        [
            "c.avi announces 5 frames and has 1: it was cut off, and has no frames that can be decoded",
            "record it again",
        ],
    ),
    "empty video": ("c.mp4", lambda path: path.touch(), ["c.mp4 is empty (0 bytes)", "copy or record it again"]),
    "text": ("c.mp4", text, ["c.mp4 cannot be read as a video", "Readable are the formats mov, avi"]),
    "broken image": ("pictures", broken_image, ["pictures/2.png is damaged or truncated", "remove it"]),
    "no images": ("pictures", lambda path: path.mkdir(), ["pictures has no images; needed files ending in .png"]),
    "shape": ("c.npz", saved(frames=STACK[:, :, 1:]), ["frames 'c' have 720 pixels (3 x 15 x 16)", "takes 768"]),
    "shape, .npy": ("c.npy", lambda path: np.save(path, STACK[:, 0]), ["have 256 pixels (16 x 16)", "takes 768"]),
    "no axis": ("c.npz", saved(frames=STACK[0, 0, 0]), ["c.npz: frames have shape (16,); needed (n, pixels)"]),
    "floats": ("c.npz", saved(frames=STACK / 255), ["c.npz: frames are float64; needed uint8", "astype('uint8')"]),
    "labels": (
        "c.npz",
        saved(frames=STACK, labels=np.arange(5)),
        ["c.npz: labels are (5,) int64; needed (6,) integers, one per frame"],
    ),
    "pickles": ("c.npz", saved(frames=OBJECTS), ["c.npz cannot be read", "Python objects, which are never loaded"]),
    "pickle": ("c.npy", lambda path: np.save(path, OBJECTS), ["c.npy cannot be read", "never loaded"]),
    "name": ("c.npz", saved(images=STACK), ["c.npz has arrays images; needed one called 'frames'"]),
    "checksum": ("c.npz", damaged, ["c.npz cannot be read as an array (Bad CRC-32", "damaged"]),
    "method": ("c.npz", lzma, ["c.npz cannot be read", "'frames' is compressed by method 14", "numpy.savez"]),
    "password": ("c.npz", locked, ["c.npz cannot be read", "password", "numpy.savez"]),
    "missing": ("none.mp4", lambda path: None, ["none.mp4: there is no such file"]),
    "network": ("net.onnx", lambda path: None, ["net.onnx is a network", "deltasim run CLIP --network net.onnx"]),
}


@pytest.mark.parametrize(("name", "make", "says"), WRONG_FRAMES.values(), ids=WRONG_FRAMES.keys())
def test_wrong_frames(folder, name, make, says):
    make(folder / name)
    message = refused(name, *NETWORK, cwd=folder)
    for words in says:
        assert words in message


def test_images_of_other_sizes_are_brought_to_one(folder):
    images(folder / "pictures", lambda image: write_image(image, scene(1)[0, :40]))
    code, out, err = deltasim("run", "pictures", *NETWORK, cwd=folder)
    assert code == 0, err
    assert "4 frames" in out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--frames", "60:10"], ["'60:10'", "0 <= start < stop"]),
        (["--frames", "3:3"], ["'3:3'", "0 <= start < stop"]),
        (["--frames", "0:1000000"], ["'0:1000000' is not within the 6 frames", "stop <= 6"]),
        (["--frames", "6:"], ["'6:' is not within the 6 frames"]),
        (["--frames", "first"], ["'first' is not a range", "such as 0:100"]),
        (["--normalisation", "torch"], ["--normalisation: torch", "'torch-rgb'"]),
        (["--normalisation", "unit-gray"], ["'unit-gray' is for 1 channels", "takes 3"]),
    ],
)
@pytest.mark.parametrize("frames", ["clip.avi", "stack.npz"])
def test_wrong_options(folder, frames, options, says):
    message = refused(frames, *NETWORK, *options, cwd=folder)
    for words in says:
        assert words in message


def test_a_network_that_does_not_say_what_pixels_mean(folder):
    message = refused("clip.avi", "--network", "net.onnx", cwd=folder)
    assert "network 'net' does not say how pixels become its input" in message
    assert "--normalisation" in message
    assert "caffe-bgr, torch-rgb, unit-rgb, unit-gray" in message


def test_extras_that_are_not_installed_are_named(folder, monkeypatch):
    real = builtins.__import__
    missing = set()

    def without(name, *rest, **options):
        if name in missing:
            raise ImportError(f"No module named {name!r}")
        return real(name, *rest, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    for package, extra in (("onnx", "onnx"), ("av", "video")):
        missing.clear()
        missing.add(package)
        assert f"pip install 'deltasim[{extra}]'" in refused("clip.avi", *NETWORK, cwd=folder)


def test_a_place_that_cannot_be_written_to_is_named(folder):
    (folder / "notes").write_text("a file, not a folder")
    for place in ("notes", "notes/run"):
        for more in ((), ("--overwrite",)):
            message = refused("clip.avi", *NETWORK, "-o", place, *more, cwd=folder)
            assert message == "deltasim: notes is a file, and a run is a directory: choose another place with --out\n"
    assert "notes: is a file, not a run directory" in deltasim("report", "notes", cwd=folder)[2]


def test_normalisation_of_a_network_that_has_its_own(folder):
    message = refused("--normalisation", "unit-gray", cwd=folder)
    for words in (
        "normalisation 'unit-gray'",
        "'mnist-784-200-200-10' says so itself (a pixel times 0.00392157)",
        "leave it out",
    ):
        assert words in message


# Frames for the bundled network of 784 inputs, 3.1 GiB of them; nearly all lie in a hole of the file.
SHAPE = (4_200_000, 28, 28)
FIRST = np.random.default_rng(6).integers(0, 256, (1000, 28, 28), dtype=np.uint8)
SMALL_MACHINE = 2_900_000_000  # bytes of address space; a run of few frames takes 2.1 GB, hardly any of it used
LONG = "network: mnist-784-200-200-10\nmodes: [sigma_delta]\nframes: {dataset: %s, range: '500:600'}\n"


def large_npy(path):
    stack = np.lib.format.open_memmap(path, mode="w+", dtype=np.uint8, shape=SHAPE)
    stack[: len(FIRST)] = FIRST
    stack.flush()


def large_npz(path):
    """A .npz archive around the .npy file, put together by hand so that its hole stays one."""
    large_npy(path)
    with path.open("rb") as file:
        array, name = file.read(128), b"frames.npy"
    size = len(array) + int(np.prod(SHAPE))
    fields = (20, 0, 0, 0, 0, 0, size, size, len(name), 0)
    with path.open("wb") as file:
        file.write(struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + name + array + FIRST.tobytes())
        file.truncate(30 + len(name) + size)
        start = file.seek(0, os.SEEK_END)
        entry = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, *fields, 0, 0, 0, 0, 0) + name
        file.write(entry + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(entry), start, 0))


def large_compressed_npz(path):
    """The same, compressed to 1/1000; the first frames alone are worth anything."""
    large_npy(path.with_suffix(".npy"))
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("frames.npy", "w", force_zip64=True) as out,
        path.with_suffix(".npy").open("rb") as array,
    ):
        while piece := array.read(1 << 24):
            out.write(piece)


def on_a_small_machine(folder, name):
    """The run in a process of its own, whose address space is smaller than the stack of frames."""
    (folder / "long.yaml").write_text(LONG % name)
    return subprocess.run(
        [sys.executable, "-m", "deltasim", "run", "long.yaml"],
        cwd=folder,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (SMALL_MACHINE, SMALL_MACHINE)),
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("long.npy", large_npy),
        ("long.npz", large_npz),
        pytest.param("packed.npz", large_compressed_npz, marks=pytest.mark.slow),
    ],
)
def test_a_stack_larger_than_memory_runs(tmp_path, name, make):
    make(tmp_path / name)
    assert np.prod(SHAPE) > SMALL_MACHINE
    result = on_a_small_machine(tmp_path, name)
    assert result.returncode == 0, result.stderr
    assert "100 frames" in result.stdout


def test_a_stack_larger_than_memory_that_is_stored_frame_by_frame_in_no_order_is_refused(tmp_path):
    np.lib.format.open_memmap(
        tmp_path / "turned.npy", mode="w+", dtype=np.uint8, shape=SHAPE, fortran_order=True
    ).flush()
    result = on_a_small_machine(tmp_path, "turned.npy")
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1
    for words in ("turned.npy", "3,292,800,000 bytes", "3.1 GiB of memory at once", "2.7 GiB are available", "C order"):
        assert words in result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["long.yaml", "turned.npy"]


def test_frames_of_absurd_size_are_refused(folder):
    """One block of frames that no machine holds: its numbers are in the header, its pixels in a hole of the file."""
    header = {"descr": "|u1", "fortran_order": False, "shape": (2, 10**12)}
    with (folder / "wide.npy").open("wb") as file:
        np.lib.format.write_array_header_1_0(file, header)
        file.truncate(file.tell() + 2 * 10**12)
    assert "have 1000000000000 pixels" in refused("wide.npy", *NETWORK, cwd=folder)
