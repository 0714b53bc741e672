"""Writing a run directory: chunk by chunk into a hidden partial directory, then whole in one rename.

A chunk holds the counts, outputs, traffic on links and messages of some frames in every mode, and the state from which
the next chunk starts. It counts as finished once its state file is there, which is written last; so a run killed at
any point goes on from its last finished chunk. The final files depend on the content alone, never on when or how often
the run was interrupted.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels.records import SCHEMA_VERSION
from reports.errors import RunError
from reports.run import consolidate, files
from reports.run.atomic import parquet_writer, read_arrays, read_json, sync, write_arrays, write_json, write_text
from reports.run.mesh import check_mesh
from reports.run.parts import Parts

_MARKER = "partial.json"
_STATE = re.compile(r"chunk-(\d{5})\.state\.npz")
_LAYOUT = 2  # of a partial directory; what another version left unfinished is begun anew


@dataclass(frozen=True)
class Chunk:
    """Some frames of one mode.

    `counts` has `frame`, `core` and every column of `hwmodels.records.COLUMNS`, each (frames * cores,) int64, frame by
    frame with cores ascending; `outputs` is (frames, classes) integer; `messages` has `MESSAGE_COLUMNS`, or is None;
    `links` has `frame`, `link` and `LINK_COLUMNS`, each (frames * links,) int64, frame by frame with the links of the
    mesh that are used ascending, or is None if none is.
    """

    counts: Mapping[str, NDArray[Any]]
    outputs: NDArray[Any]
    messages: pd.DataFrame | None = None
    links: Mapping[str, NDArray[Any]] | None = None


def open_partial(path: Path | str, config_hash: str, *, overwrite: bool = False) -> PartialRun:
    """Begin the run `path`, or go on with it if a killed run of the same configuration left its finished chunks.

    Raises RunError if `path` exists (with `overwrite` it is replaced when the new run finishes, and only if it is a
    run), or if another configuration's partial run is in the way (with `overwrite` that is discarded).
    """
    path = Path(path).absolute()
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
    return PartialRun(path, partial, config_hash)


@dataclass(frozen=True)
class PartialRun:
    """A run being written. `path` is where it will be, `partial` where it is now."""

    path: Path
    partial: Path
    config_hash: str

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

    def add_chunk(self, index: int, modes: Mapping[str, Chunk], state: Mapping[str, NDArray[Any]]) -> None:
        """Append the next frames, of all modes; on return they survive a kill and a power cut.

        Raises RunError if the chunk is not the next one or its tables are malformed.
        """
        if index != (expected := self.finished_chunks()):
            raise RunError(f"{self.partial}: chunk {index} given, but the next one is {expected}")
        for mode, chunk in modes.items():
            self._write_chunk(mode, index, chunk)
        final = self._state_file(index)
        unfinished = final.with_suffix(".tmp.npz")
        write_arrays(unfinished, state, compressed=False)  # is gone soon, and may be as large as the network
        unfinished.replace(final)
        sync(self.partial)
        if index:
            self._state_file(index - 1).unlink(missing_ok=True)

    def _write_chunk(self, mode: str, index: int, chunk: Chunk) -> None:
        what = f"chunk {index} of {files.check_mode(mode)}"
        frames = np.asarray(chunk.counts["frame"])
        table = files.integer_table(dict(chunk.counts), files.CHUNK_SCHEMA, what)
        _check_rows(frames, np.asarray(chunk.counts["core"]), chunk.outputs, what)
        traffic = _link_table(chunk.links, np.unique(frames), what)
        _write_parquet(self._file(mode, index, "counts.parquet"), table)
        _write_parquet(self._file(mode, index, "links.parquet"), traffic)
        write_arrays(self._file(mode, index, "outputs.npz"), {"outputs": chunk.outputs.astype(np.int32, copy=False)})
        if chunk.messages is not None:
            columns = {str(name): chunk.messages[name].to_numpy() for name in chunk.messages.columns}
            rows = files.integer_table(columns, files.MESSAGE_CHUNK_SCHEMA, f"messages of {what}")
            _write_parquet(self._file(mode, index, "messages.parquet"), rows)

    def finish(
        self,
        manifest: Mapping[str, Any],
        experiment_yaml: str,
        accelerator: Mapping[str, Any],
        layers: Sequence[Mapping[str, Any]],
        labels: NDArray[Any] | None,
        sample_frames: NDArray[np.uint8],
        quantisation: Mapping[str, Any] | None = None,
        *,
        mesh: Mapping[str, Any],
    ) -> Path:
        """Put the chunks of all modes together and rename the whole to `path`. Returns `path`.

        `manifest` names at least `modes`; `layers` has one entry per core in use, layer by layer, part by part (see
        `reports.run.parts`); `mesh` says how many tiles there are and which links are used (see `reports.run.mesh`);
        `sample_frames` are pictures of frames 0..n-1 of the run, as large as wanted: uint8, (n, height, width) grey or
        (n, height, width, 3) red, green and blue; `quantisation` is what `reports.tables.quantisation` reads. Raises
        RunError if modes differ in frames, for other pictures, and if cores or links do not fit each other.
        """
        _check_pictures(sample_frames)
        whole = self.partial / "whole"
        shutil.rmtree(whole, ignore_errors=True)
        whole.mkdir()
        chunks = {mode: self._chunk_stems(mode) for mode in manifest["modes"]}
        parts = Parts.of(layers, str(whole.parent / files.LAYERS))
        used = check_mesh(mesh, str(whole.parent / files.MESH))["used_links"]
        frames = consolidate.write_counts(whole, chunks, parts)
        consolidate.write_links(whole, chunks, len(used), frames)
        consolidate.write_messages(whole, chunks)
        consolidate.write_outputs(whole, chunks, labels, frames)
        write_arrays(whole / files.SAMPLE_FRAMES, {"frames": sample_frames})
        write_json(whole / files.LAYERS, list(layers))
        write_json(whole / files.MESH, dict(mesh))
        if quantisation is not None:
            write_json(whole / files.QUANTISATION, dict(quantisation))
        write_json(whole / files.ACCELERATOR, dict(accelerator))
        write_text(whole / files.EXPERIMENT, experiment_yaml)
        consolidate.write_manifest(whole, {**manifest, "config_hash": self.config_hash, "frames": frames})
        sync(whole)
        self._move_into_place(whole)
        return self.path

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

    def _chunk_stems(self, mode: str) -> list[Path]:
        stems = [self._stem(mode, index) for index in range(self.finished_chunks())]
        if not stems or not all(self._file(mode, index, "counts.parquet").exists() for index in range(len(stems))):
            raise RunError(f"{self.partial}: nothing was simulated for mode {mode}")
        return stems

    def _stem(self, mode: str, index: int) -> Path:
        return self.partial / f"chunk-{files.check_mode(mode)}-{index:05d}"

    def _file(self, mode: str, index: int, suffix: str) -> Path:
        return self.partial / f"{self._stem(mode, index).name}.{suffix}"

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


def _check_rows(frame: NDArray[Any], core: NDArray[Any], outputs: NDArray[Any], what: str) -> None:
    if outputs.ndim != 2 or not np.issubdtype(outputs.dtype, np.integer) or not len(outputs):
        raise RunError(
            f"{what}: outputs are {outputs.dtype} of shape {outputs.shape}; (frames, classes) integers needed"
        )
    if np.any(outputs != outputs.astype(np.int32)):
        raise RunError(f"{what}: outputs reach {np.abs(outputs).max()}; integers of 32 bits needed")
    cores = len(core) // len(outputs)
    expected_frame = np.repeat(np.arange(len(outputs)) + (frame[0] if len(frame) else 0), cores)
    if not np.array_equal(core, np.tile(np.arange(cores), len(outputs))) or not np.array_equal(frame, expected_frame):
        raise RunError(
            f"{what}: rows must go frame by frame, cores 0, 1, 2, ... inside each, for {len(outputs)} frames"
        )


def _link_table(links: Mapping[str, NDArray[Any]] | None, frames: NDArray[Any], what: str) -> Any:  # noqa: ANN401
    """The links of a chunk as a pyarrow table, for each of `frames` the same links from 0 on."""
    empty = {name: np.zeros(0, np.int64) for name in files.LINK_CHUNK_SCHEMA.names}
    given = dict(links) if links is not None else empty
    table = files.integer_table(given, files.LINK_CHUNK_SCHEMA, f"links of {what}")
    count = len(given["link"]) // len(frames)
    expected = np.repeat(frames, count), np.tile(np.arange(count), len(frames))
    if not (np.array_equal(given["frame"], expected[0]) and np.array_equal(given["link"], expected[1])):
        raise RunError(f"links of {what}: rows must go frame by frame, links 0, 1, 2, ... inside each, for all frames")
    return table


def _check_pictures(pictures: NDArray[Any]) -> None:
    if pictures.dtype != np.uint8 or not (pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[3] == 3)):
        raise RunError(
            f"sample frames are {pictures.dtype} of shape {pictures.shape}; uint8 of shape (n, height, width) or "
            "(n, height, width, 3) needed"
        )


def _write_parquet(path: Path, table: Any) -> None:  # noqa: ANN401  (pyarrow has no types)
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table)
    sync(path)
