"""Chunks of a run: some frames of one mode, checked when they are given, kept in memory or on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from reports.errors import RunError
from reports.run import files
from reports.run.atomic import parquet_writer, read_arrays, sync, write_arrays


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


class ChunkTables(Protocol):
    """The tables of a chunk, of the schemas of `reports.run.files`; `messages` is None if they were not recorded."""

    @property
    def rows(self) -> int:
        """Rows of `counts`, which need not be read to know it."""

    @property
    def counts(self) -> pa.Table:
        """One row per frame and core."""

    @property
    def links(self) -> pa.Table:
        """One row per frame and link that is used."""

    @property
    def outputs(self) -> NDArray[np.int32]:
        """(frames, classes)."""

    @property
    def messages(self) -> pa.Table | None:
        """One row per message."""

    @property
    def has_messages(self) -> bool:
        """Whether there are messages, which need not be read to know it."""


@dataclass(frozen=True, eq=False)
class KeptChunk:
    """A chunk in memory."""

    counts: pa.Table
    links: pa.Table
    outputs: NDArray[np.int32]
    messages: pa.Table | None

    @property
    def rows(self) -> int:
        """Rows of the counts."""
        return len(self.counts)

    @property
    def has_messages(self) -> bool:
        """Whether messages were recorded."""
        return self.messages is not None


@dataclass(frozen=True)
class StoredChunk:
    """A chunk on disk, in files whose names begin with `stem`; each is read when it is asked for."""

    stem: Path

    @property
    def rows(self) -> int:
        """Rows of the counts."""
        return int(pq.read_metadata(self._file("counts.parquet")).num_rows)

    @property
    def counts(self) -> pa.Table:
        """One row per frame and core."""
        return pq.read_table(self._file("counts.parquet"))

    @property
    def links(self) -> pa.Table:
        """One row per frame and link that is used."""
        return pq.read_table(self._file("links.parquet"))

    @property
    def outputs(self) -> NDArray[np.int32]:
        """(frames, classes)."""
        return read_arrays(self._file("outputs.npz"))["outputs"].astype(np.int32, copy=False)

    @property
    def messages(self) -> pa.Table | None:
        """One row per message."""
        return pq.read_table(self._file("messages.parquet")) if self.has_messages else None

    @property
    def has_messages(self) -> bool:
        """Whether messages were recorded."""
        return self._file("messages.parquet").exists()

    @property
    def is_there(self) -> bool:
        """Whether it was written."""
        return self._file("counts.parquet").exists()

    def write(self, chunk: ChunkTables) -> None:
        """Put `chunk` there; on return it survives a power cut."""
        _write_parquet(self._file("counts.parquet"), chunk.counts)
        _write_parquet(self._file("links.parquet"), chunk.links)
        write_arrays(self._file("outputs.npz"), {"outputs": chunk.outputs})
        if chunk.messages is not None:
            _write_parquet(self._file("messages.parquet"), chunk.messages)

    def _file(self, kind: str) -> Path:
        return self.stem.with_name(f"{self.stem.name}.{kind}")


def checked_chunk(mode: str, index: int, chunk: Chunk) -> KeptChunk:
    """The tables of chunk number `index` of `mode`. Arrays are not copied. Raises RunError if one is malformed."""
    what = f"chunk {index} of {files.check_mode(mode)}"
    frames = np.asarray(chunk.counts["frame"])
    table = files.integer_table(dict(chunk.counts), files.CHUNK_SCHEMA, what)
    _check_rows(frames, np.asarray(chunk.counts["core"]), chunk.outputs, what)
    traffic = _link_table(chunk.links, np.unique(frames), what)
    sent = None
    if chunk.messages is not None:
        columns = {str(name): chunk.messages[name].to_numpy() for name in chunk.messages.columns}
        sent = files.integer_table(columns, files.MESSAGE_CHUNK_SCHEMA, f"messages of {what}")
    return KeptChunk(table, traffic, chunk.outputs.astype(np.int32, copy=False), sent)


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


def _link_table(links: Mapping[str, NDArray[Any]] | None, frames: NDArray[Any], what: str) -> pa.Table:
    """The links of a chunk as a pyarrow table, for each of `frames` the same links from 0 on."""
    empty = {name: np.zeros(0, np.int64) for name in files.LINK_CHUNK_SCHEMA.names}
    given = dict(links) if links is not None else empty
    table = files.integer_table(given, files.LINK_CHUNK_SCHEMA, f"links of {what}")
    count = len(given["link"]) // len(frames)
    expected = np.repeat(frames, count), np.tile(np.arange(count), len(frames))
    if not (np.array_equal(given["frame"], expected[0]) and np.array_equal(given["link"], expected[1])):
        raise RunError(f"links of {what}: rows must go frame by frame, links 0, 1, 2, ... inside each, for all frames")
    return table


def _write_parquet(path: Path, table: Any) -> None:  # noqa: ANN401  (pyarrow has no types)
    with parquet_writer(path, table.schema) as writer:
        writer.write_table(table)
    sync(path)
