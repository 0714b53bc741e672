"""Writing a run directory: chunk by chunk into a hidden partial directory, then whole in one rename.

A chunk holds the counts, outputs, traffic on links and messages of some frames in every mode, and the state from which
the next chunk starts. It counts as finished once its state file is there, which is written last; so a run killed at
any point goes on from its last finished chunk. The final files depend on the content alone, never on when or how often
the run was interrupted.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwmodels.records import SCHEMA_VERSION
from reports.errors import RunError
from reports.run import consolidate, files
from reports.run.atomic import read_arrays, read_json, sync, write_arrays, write_json
from reports.run.chunks import Chunk, StoredChunk, checked_chunk
from reports.run.finished import Run, load_run
from reports.run.records import CoreRecord, MeshRecord, QuantisationRecord, RunRecord
from reports.run.said import Said

_MARKER = "partial.json"
_STATE = re.compile(r"chunk-(\d{5})\.state\.npz")
_LAYOUT = 2  # of a partial directory; what another version left unfinished is begun anew


def open_partial(path: Path | str, config_hash: str, *, overwrite: bool = False) -> PartialRun:
    """Begin the run `path`, or go on with it if a killed run of the same configuration left its finished chunks.

    Raises RunError if `path` exists (with `overwrite` it is replaced when the new run finishes, and only if it is a
    run), or if another configuration's partial run is in the way (with `overwrite` that is discarded).
    """
    given, path = Path(path), Path(path).absolute()
    _check_target(path, overwrite=overwrite)
    partial = files.partial_directory(path)
    if partial.is_dir() and (found := _config_hash(partial)) != config_hash:
        if found is not None and not overwrite:
            raise RunError(
                f"{partial}: an unfinished run of another configuration (hash {found[:12]}, now {config_hash[:12]}); "
                "finish it with its own configuration, or overwrite it"
            )
        shutil.rmtree(partial)
    if not partial.is_dir():
        partial.mkdir(parents=True)
        marker = {"schema_version": SCHEMA_VERSION, "layout": _LAYOUT, "config_hash": config_hash}
        write_json(partial / _MARKER, marker)
        sync(partial.parent)
    return PartialRun(path, partial, config_hash, given)


@dataclass(frozen=True)
class PartialRun:
    """A run being written. `path` is where it will be, `partial` where it is now, `given` the path as it was given."""

    path: Path
    partial: Path
    config_hash: str
    given: Path

    def finished_chunks(self) -> int:
        """How many chunks are on disk: the next one to add has this index."""
        found = [int(match[1]) for file in self.partial.iterdir() if (match := _STATE.fullmatch(file.name))]
        return max(found, default=-1) + 1

    def load_state(self) -> dict[str, NDArray[Any]] | None:
        """The state handed over with the last finished chunk, None before the first."""
        count = self.finished_chunks()
        return read_arrays(self._state_file(count - 1)) if count else None

    def begin_anew(self) -> None:
        """Forget all chunks."""
        for pattern in ("chunk-*.state.npz", "chunk-*"):  # the states first: without one no chunk counts
            for file in self.partial.glob(pattern):
                file.unlink()

    def scratch(self) -> Path:
        """A directory for what must outlive a kill, but not the run."""
        return self.partial

    def add_chunk(self, index: int, modes: Mapping[str, Chunk], state: Mapping[str, NDArray[Any]]) -> None:
        """Append the next frames, of all modes; on return they survive a kill and a power cut.

        Raises RunError if the chunk is not the next one or its tables are malformed.
        """
        if index != (expected := self.finished_chunks()):
            raise RunError(f"{self.partial}: chunk {index} given, but the next one is {expected}")
        for mode, chunk in modes.items():
            StoredChunk(self._stem(mode, index)).write(checked_chunk(mode, index, chunk))
        final = self._state_file(index)
        unfinished = final.with_suffix(".tmp.npz")
        write_arrays(unfinished, state, compressed=False)  # is gone soon, and may be as large as the network
        unfinished.replace(final)
        sync(self.partial)
        if index:
            self._state_file(index - 1).unlink(missing_ok=True)

    def finish(
        self,
        manifest: RunRecord,
        experiment_yaml: str,
        accelerator: Mapping[str, Any],
        layers: Sequence[CoreRecord],
        labels: NDArray[Any] | None,
        sample_frames: NDArray[np.uint8],
        quantisation: QuantisationRecord | None = None,
        *,
        mesh: MeshRecord,
    ) -> Run:
        """Put the chunks of all modes together and rename the whole to `path`. Returns the run, read back.

        `manifest` names at least `modes`; `layers` has one entry per core in use, layer by layer, part by part (see
        `reports.run.parts`); `mesh` says how many tiles there are and which links are used (see `reports.run.mesh`);
        `sample_frames` are pictures of frames 0..n-1 of the run, as large as wanted: uint8, (n, height, width) grey or
        (n, height, width, 3) red, green and blue; `quantisation` is what `reports.tables.quantisation` reads. Raises
        RunError if modes differ in frames, for other pictures, and if cores or links do not fit each other.
        """
        said = Said(manifest, experiment_yaml, accelerator, layers, labels, sample_frames, quantisation, mesh)
        chunks = {mode: self._chunks(mode) for mode in manifest["modes"]}
        store = said.store_of(chunks, str(self.partial))

        def write(whole: Path) -> None:
            store.write(whole)
            said.write(whole)
            consolidate.write_manifest(whole, {**manifest, "config_hash": self.config_hash, "frames": store.frames})

        self.place(write)
        return replace(load_run(self.path), path=self.given)

    def place(self, write: Callable[[Path], None]) -> None:
        """Have all files of the run written into a folder, which then becomes `path` in one step."""
        whole = self.partial / "whole"
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
        write(whole)
        sync(whole)
        self._move_into_place(whole)

    def discard(self) -> None:
        """Remove the partial run and everything in it."""
        (self.partial / _MARKER).unlink(missing_ok=True)  # first: without it, whatever a kill leaves is seen as rubbish
        shutil.rmtree(self.partial, ignore_errors=True)

    def _move_into_place(self, whole: Path) -> None:
        old = self.partial / "old"
        shutil.rmtree(old, ignore_errors=True)
        if self.path.exists():
            self.path.rename(old)
        whole.rename(self.path)
        sync(self.path.parent)
        self.discard()

    def _chunks(self, mode: str) -> list[StoredChunk]:
        chunks = [StoredChunk(self._stem(mode, index)) for index in range(self.finished_chunks())]
        if not chunks or not all(chunk.is_there for chunk in chunks):
            raise RunError(f"{self.partial}: nothing was simulated for mode {mode}")
        return chunks

    def _stem(self, mode: str, index: int) -> Path:
        return self.partial / f"chunk-{files.check_mode(mode)}-{index:05d}"

    def _state_file(self, index: int) -> Path:
        return self.partial / f"chunk-{index:05d}.state.npz"


def _check_target(path: Path, *, overwrite: bool) -> None:
    if not path.exists():
        return
    if not overwrite:
        raise RunError(f"{path}: exists already; choose another directory, or overwrite it")
    if not (path / files.MANIFEST).is_file():
        raise RunError(f"{path}: is no run directory (it has no {files.MANIFEST}), so it is not overwritten")


def _config_hash(partial: Path) -> str | None:
    """The configuration a partial run belongs to; None if it is unreadable or of another schema version."""
    try:
        marker = read_json(partial / _MARKER)
    except (OSError, ValueError):
        return None
    known = (marker.get("schema_version"), marker.get("layout")) == (SCHEMA_VERSION, _LAYOUT)
    return str(marker["config_hash"]) if known else None
