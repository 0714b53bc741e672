"""Traces kept for the next chip: where they are, which there are, how much room they may take."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypedDict

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.fingerprint import versions
from reports.run.atomic import read_arrays, read_json, sync, write_arrays, write_json
from reports.run.consolidate import describe
from simulator import SimulationError
from simulator.values.function import IntegerFunction
from simulator.values.stored import REMEDY, StoredFile
from workloads import Frames, IntegerNetwork
from workloads.assets import cache_folder
from workloads.content_hash import content_sha256

TraceUse = Literal["use", "keep", "off"]
"""`use`: what is kept is read back. `keep`: and what was found is kept. `off`: neither."""

SCHEMA: Final = 1
LIMIT_BYTES: Final = 20 * 2**30
_LIMIT_VARIABLE: Final = "DELTASIM_TRACES_GIB"
_MANIFEST: Final = "trace.json"
_SHOWN: Final = "shown.npz"


class TraceRecord(TypedDict):
    """What a trace is of, as its manifest says."""

    network: str
    precision: str
    carried: bool
    source: str
    count: int


class TraceFileRecord(TypedDict):
    """A file of a trace: which frames it has, its size and hash."""

    first: int
    frames: int
    bytes: int
    sha256: str


class TraceManifest(TraceRecord):
    """trace.json; `versions` are those that results depend on."""

    schema: int
    versions: dict[str, str]
    files: dict[str, TraceFileRecord]


@dataclass(frozen=True)
class TraceInfo:
    """A kept trace, and what it is of."""

    key: str
    path: Path
    network: str
    precision: str
    frames: str
    count: int
    bytes: int


def traces_folder() -> Path:
    """`traces` in the folder for caches (see `workloads.assets.cache_folder`); it need not exist."""
    return cache_folder() / "traces"


def limit_bytes() -> int:
    """How much room all traces may take: 20 GiB, or DELTASIM_TRACES_GIB. Raises SimulationError for no number."""
    given = os.environ.get(_LIMIT_VARIABLE)
    if not given:
        return LIMIT_BYTES
    try:
        gib = float(given)
    except ValueError:
        gib = -1.0
    if not 0 <= gib < 2**30:
        raise SimulationError(f"{_LIMIT_VARIABLE}={given}: needed a number of GiB, 0 or more")
    return int(gib * 2**30)


def trace_key(network: IntegerNetwork, function: IntegerFunction, frames: Frames) -> str:
    """The content that a trace follows from: network, function of it, frames, and versions that results depend on."""
    return content_sha256((network, function.precision, function.carried, function.cut.name, frames, versions()))


def find_trace(key: str) -> tuple[StoredFile, ...] | None:
    """The files of a kept trace, which is used now; None if it is not there. Raises SimulationError if damaged."""
    path = traces_folder() / key
    if not (path / _MANIFEST).exists():  # not there, or half removed
        return None
    manifest = _manifest(path)
    os.utime(path / _MANIFEST)
    return tuple(
        StoredFile(path / name, entry["first"], entry["frames"], entry["sha256"])
        for name, entry in manifest["files"].items()
    )


def shown_of(key: str) -> NDArray[np.uint8]:
    """The first frames that a trace was found for, (n, pixels) uint8, for the dashboard."""
    try:
        return read_arrays(traces_folder() / key / _SHOWN)["frames"].astype(np.uint8, copy=False)
    except (OSError, ValueError, KeyError) as error:
        raise SimulationError(f"{traces_folder() / key / _SHOWN}: can't be read ({error}); {REMEDY}") from None


def list_traces() -> list[TraceInfo]:
    """All kept traces, those used last first."""
    found = []
    for path in _kept():
        manifest = _manifest(path)
        found.append(
            TraceInfo(
                key=path.name,
                path=path,
                network=manifest["network"],
                precision=manifest["precision"],
                frames=manifest["source"],
                count=manifest["count"],
                bytes=_size(path),
            )
        )
    return found


def clear_traces(keys: Iterable[str] | None = None) -> list[Path]:
    """Remove the traces whose keys begin so, or all. Raises SimulationError for one that is not there."""
    kept = _kept()
    chosen = kept if keys is None else []
    for key in keys or ():
        matching = [path for path in kept if path.name.startswith(key)]
        if not matching:
            raise SimulationError(f"no trace {key!r} is kept in {traces_folder()}: see deltasim traces list")
        chosen += matching
    for path in dict.fromkeys(chosen):
        _remove(path)
    if keys is None:
        _remove_leftovers()
    return list(dict.fromkeys(chosen))


def publish(made: Path, key: str, about: TraceRecord, files: list[StoredFile], shown: NDArray[np.uint8]) -> bool:
    """Keep the trace in directory `made`; older ones make room, those first that were not used for longest.

    False if it alone is larger than all may be; then it is gone.
    """
    target = traces_folder() / key
    write_arrays(made / _SHOWN, {"frames": shown})
    listed = {file.path.name: {"first": file.first, "frames": file.frames, **describe(file.path)} for file in files}
    write_json(made / _MANIFEST, {"schema": SCHEMA, **about, "versions": versions(), "files": listed})
    size, room = _size(made), limit_bytes()
    if (target / _MANIFEST).exists() or size > room:  # somebody else was faster, or it is too large
        shutil.rmtree(made)
        return target.exists()
    traces_folder().mkdir(parents=True, exist_ok=True)
    _make_room(room - size)
    staged = target.with_name(f".{key}.{os.getpid()}")
    for left in (staged, target):  # of a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    shutil.move(made, staged)
    staged.rename(target)
    sync(target.parent)
    return True


def about_trace(network: IntegerNetwork, function: IntegerFunction, frames: Frames) -> TraceRecord:
    """What the manifest of a trace says."""
    return {
        "network": network.name,
        "precision": function.precision,
        "carried": function.carried,
        "source": frames.name,
        "count": frames.count,
    }


def _kept() -> list[Path]:
    folder = traces_folder()
    kept = [path for path in folder.iterdir() if (path / _MANIFEST).is_file()] if folder.is_dir() else []
    kept = [path for path in kept if not path.name.startswith(".")]
    return sorted(kept, key=lambda path: (path / _MANIFEST).stat().st_mtime, reverse=True)


def _make_room(room: int) -> None:
    """Remove traces until the rest take no more than `room` bytes."""
    for path in _kept():
        size = _size(path)
        if size > room:
            _remove(path)
        else:
            room -= size


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.iterdir())


def _remove_leftovers() -> None:
    """Remove what a process left that was killed while it removed or published a trace."""
    for path in traces_folder().iterdir() if traces_folder().is_dir() else ():
        if path.name.startswith(".") or not (path / _MANIFEST).is_file():
            shutil.rmtree(path, ignore_errors=True)


def _remove(path: Path) -> None:
    (path / _MANIFEST).unlink(missing_ok=True)  # first: without it, whatever a kill leaves is seen as rubbish
    shutil.rmtree(path, ignore_errors=True)


def _manifest(path: Path) -> TraceManifest:
    try:
        manifest: TraceManifest = read_json(path / _MANIFEST)
        if manifest["schema"] == SCHEMA:
            return manifest
        why = f"schema {manifest['schema']}, this version reads {SCHEMA}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"can't be read: {error}"
    raise SimulationError(f"{path / _MANIFEST}: {why}; {REMEDY}")
