"""What goes wrong while something is written names the file or the folder that it was to be."""

from __future__ import annotations

import errno
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import deltasim as ds
from deltasim.cli.app import main
from deltasim.experiment.scales_file import ScalesFile, SenderScale, write_scales
from deltasim.paper.place import write_table
from reports.run import atomic
from reports.run.outputs import write_outputs
from workloads import WorkloadError
from workloads.graphs.files import save_graph
from workloads.graphs.network_files import save_network
from workloads.naming import naming
from workloads.optimise.checkpoint import write_checkpoint

LIMIT_BYTES = 64
NOISE = np.random.default_rng(5).normal(0, 0.5, (64, 300)).astype(np.float32)
NETWORK = ds.network_from_arrays([NOISE], [np.zeros(300, np.float32)])
TABLE = pa.table({"a": NOISE.ravel()})


@contextmanager
def full_disk() -> Iterator[None]:
    """No file may become longer than a few bytes; a write that fails tells no file name, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (LIMIT_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _parquet(path: Path) -> None:
    with atomic.parquet_writer(path, TABLE.schema) as writer:
        writer.write_table(TABLE)


def _table(path: Path) -> None:
    write_table(path.parent, path.stem, pd.DataFrame({"a": NOISE.ravel()}))


def _scales(path: Path) -> None:
    sender = SenderScale(sender="input", scale=1.0)
    write_scales(path, ScalesFile(network="n", network_sha256="0" * 64, scales=(sender,) * 20))


WRITERS: dict[str, Callable[[Path], Any]] = {
    "text": lambda path: atomic.replace_text(path, "x" * 10_000),
    "text in place": lambda path: atomic.write_text(path, "x" * 10_000),
    "json": lambda path: atomic.write_json(path, ["x" * 100] * 100),
    "arrays": lambda path: atomic.write_arrays(path, {"a": NOISE}),
    "state": lambda path: atomic.write_arrays(path, {"a": NOISE}, compressed=False),
    "outputs": lambda path: write_outputs(path, {"rounding": iter([np.arange(90_000, dtype=np.int32)[None]])}, 1, None),
    "parquet": _parquet,
    "figure": _table,
    "network": lambda path: save_network(NETWORK, path),
    "graph": lambda path: save_graph(NETWORK, path),
    "scales": _scales,
}
SUFFIX = {"arrays": ".npz", "state": ".npz", "figure": ".parquet", "network": ".npz", "graph": ".npz"}


@pytest.mark.parametrize("what", WRITERS)
def test_a_full_disk_names_the_file(tmp_path: Path, what: str) -> None:
    path = tmp_path / f"file{SUFFIX.get(what, '.out')}"
    with full_disk(), pytest.raises(OSError, match="too large") as caught:
        WRITERS[what](path)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, str(path))
    assert caught.value.strerror == "File too large"


@pytest.mark.parametrize("what", WRITERS)
def test_a_folder_that_is_not_there_names_the_file(tmp_path: Path, what: str) -> None:
    (tmp_path / "notes").write_text("no folder")
    path = tmp_path / "notes" / f"file{SUFFIX.get(what, '.out')}"
    with pytest.raises(OSError, match="notes") as caught:
        WRITERS[what](path)
    assert str(caught.value.filename).startswith(str(tmp_path / "notes"))


def test_a_checkpoint_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    progress: Any = SimpleNamespace(kappas=[NOISE], errors=NOISE, operations=NOISE, scales=NOISE)
    with full_disk(), pytest.raises(WorkloadError, match=r"search.npz cannot be written \(File too large\)"):
        write_checkpoint(tmp_path / "search.npz", {"a": "b"}, progress)


def test_an_error_that_has_a_name_keeps_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught, naming(tmp_path / "other"):
        (tmp_path / "gone").read_bytes()
    assert caught.value.filename == str(tmp_path / "gone")


PIXELS = np.random.default_rng(6).integers(0, 256, (12, 64), dtype=np.uint8)


def small_run(out: Path) -> ds.Run:
    network = ds.network_from_arrays([NOISE[:, :8]], [np.zeros(8, np.float32)])
    quantised = ds.quantise(network, PIXELS)
    return ds.simulate(quantised, PIXELS, ds.load_accelerator("horowitz-45nm"), modes=["rounding"], out=out)


def test_a_run_on_a_full_disk_names_its_file_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    small_run(tmp_path / "first")  # compiled by now, so that only the run is written
    with full_disk(), pytest.raises(OSError, match="File too large") as caught:
        small_run(tmp_path / "second")
    assert str(caught.value.filename).startswith(str(tmp_path))
    again, first = small_run(tmp_path / "second"), ds.load_run(tmp_path / "first")
    assert again.energies.equals(first.energies)


COMMANDS = (
    ("report", "run"),
    ("trace", "run"),
    ("trace", "run", "-o", "t.json"),
    ("price", "run", "--node", "28", "-o", "copy"),
    ("compare", "run", "run", "--html", "page.html"),
    ("map", "-o", "mapped.yaml"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_on_a_full_disk_says_which_file(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_run(tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["deltasim", *command])
    with full_disk(), pytest.raises(SystemExit) as ended:
        main()
    message = capsys.readouterr().err.splitlines()[-1]
    assert ended.value.code == 2
    assert message.endswith(": File too large")
    named = Path(message.removeprefix("deltasim: ").removesuffix(": File too large"))
    assert str(named.absolute()).startswith(str(tmp_path))
    assert ".tmp" not in named.name
