"""The last step of writing a run: the chunks of all modes become one file of each kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from hwmodels.records import COLUMNS, SCHEMA_VERSION
from reports.errors import RunError
from reports.run import files
from reports.run.atomic import parquet_writer, sync, write_json
from reports.run.chunks import ChunkTables
from reports.run.outputs import write_outputs
from reports.run.parts import Parts

GROUP_ROWS: Final = 2**15
"""Rows of a table that are written, and can be read, by themselves: about 12 MB of counts."""

Chunks = Mapping[str, Sequence[ChunkTables]]
"""For each mode its chunks in order."""


@dataclass(frozen=True)
class ChunkStore:
    """The large tables of a run, put together of its chunks; see `reports.run.store.Store`. `where` is for messages."""

    chunks: Chunks
    parts: Parts
    used_links: int
    labels: NDArray[Any] | None
    where: str

    @property
    def has_messages(self) -> bool:
        """True if messages were recorded for every chunk."""
        return all(chunk.has_messages for chunks in self.chunks.values() for chunk in chunks)

    def messages(self, chosen: pc.Expression) -> pd.DataFrame:
        """The chosen rows of messages.parquet."""
        return _frame_of(self.message_groups(), files.MESSAGES_SCHEMA, chosen)

    def links(self, chosen: pc.Expression) -> pd.DataFrame:
        """The chosen rows of links.parquet."""
        return _frame_of(self.link_groups(), files.LINKS_SCHEMA, chosen)

    def counts(self) -> pd.DataFrame:
        """All of counts.parquet."""
        return _frame_of(self.count_groups(), files.COUNTS_SCHEMA)

    def link_pieces(self) -> Iterator[pa.Table]:
        """Links, in pieces of one mode each."""
        return self.link_groups()

    def write(self, folder: Path) -> None:
        """Write counts, links, messages if they were recorded, and outputs, in little memory.

        Raises RunError if the modes differ in frames, or the cores in number from `parts`.
        """
        write_groups(folder / files.COUNTS, files.COUNTS_SCHEMA, self.count_groups())
        write_groups(folder / files.LINKS, files.LINKS_SCHEMA, self.link_groups())
        if self.has_messages:
            write_groups(folder / files.MESSAGES, files.MESSAGES_SCHEMA, self.message_groups())
        outputs = {mode: (chunk.outputs for chunk in chunks) for mode, chunks in self.chunks.items()}
        write_outputs(folder / files.OUTPUTS, outputs, self.frames, self.labels)
        sync(folder / files.OUTPUTS)

    @cached_property
    def frames(self) -> int:
        """Frames of every mode. Raises RunError if the modes differ, or the labels are those of other frames."""
        found = {mode: sum(each.rows for each in own) // self.parts.count for mode, own in self.chunks.items()}
        if len(set(found.values())) != 1:
            raise RunError(f"{self.where}: the modes differ in the number of frames simulated: {found}")
        frames = next(iter(found.values()))
        if self.labels is not None and self.labels.shape != (frames,):
            raise RunError(f"{self.where}: labels of shape {self.labels.shape} for {frames} frames")
        return frames

    def count_groups(self) -> Iterator[pa.Table]:
        """Counts, each mode in row groups of its own."""
        parts = self.parts
        for number, (mode, chunks) in enumerate(self.chunks.items()):
            for table in _row_groups(self._checked_counts(mode, chunks)):
                columns = {
                    "mode": self._mode_column(number, len(table)),
                    "frame": table["frame"],
                    "core": table["core"],
                    "layer": files.names(parts.layer[table["core"].to_numpy()].astype(np.int32), list(parts.layers)),
                    **{name: table[name] for name in COLUMNS},
                }
                yield pa.table(columns, schema=files.COUNTS_SCHEMA)

    def link_groups(self) -> Iterator[pa.Table]:
        """Links, each mode in row groups of its own. Raises RunError unless every frame has all of them."""
        for number, (mode, chunks) in enumerate(self.chunks.items()):
            rows = 0
            for table in _row_groups(chunk.links for chunk in chunks):
                rows += len(table)
                yield table.add_column(0, files.LINKS_SCHEMA.field("mode"), self._mode_column(number, len(table)))
            if rows != self.used_links * self.frames:
                raise RunError(
                    f"{self.where}: {rows} rows of links in mode {mode}; {self.used_links} used links in {self.frames} "
                    f"frames make {self.used_links * self.frames}"
                )

    def message_groups(self) -> Iterator[pa.Table]:
        """Messages, each mode in row groups of its own."""
        for number, chunks in enumerate(self.chunks.values()):
            for table in _row_groups(chunk.messages for chunk in chunks if chunk.has_messages):
                yield table.add_column(0, files.MESSAGES_SCHEMA.field("mode"), self._mode_column(number, len(table)))

    def _mode_column(self, number: int, rows: int) -> pa.DictionaryArray:
        return files.names(np.full(rows, number, np.int32), list(self.chunks))

    def _checked_counts(self, mode: str, chunks: Sequence[ChunkTables]) -> Iterator[pa.Table]:
        """The counts of each chunk of `mode`, checked to be those of all cores and of one frame after the other."""
        frames, cores = 0, self.parts.count
        for table in (chunk.counts for chunk in chunks):
            core, frame = table["core"].to_numpy(), table["frame"].to_numpy()
            if core.max() + 1 != cores:
                raise RunError(f"{self.where}: {core.max() + 1} cores in mode {mode}, {cores} in the layers given")
            numbers = frame[core == 0]
            if not np.array_equal(numbers, np.arange(frames, frames + len(numbers))):
                raise RunError(f"{self.where}: the frames of mode {mode} do not follow each other from 0")
            frames += len(numbers)
            yield table


def write_groups(file: Path, schema: pa.Schema, groups: Iterable[pa.Table]) -> None:
    """Write a table, each of `groups` as a row group."""
    with parquet_writer(file, schema) as writer:
        for table in groups:
            writer.write_table(table)
    sync(file)


def _frame_of(groups: Iterable[pa.Table], schema: pa.Schema, chosen: pc.Expression | None = None) -> pd.DataFrame:
    """The chosen rows as read back from a file, with names as categories."""
    table = pa.concat_tables([schema.empty_table(), *groups])
    frame: pd.DataFrame = (table if chosen is None else table.filter(chosen)).to_pandas()
    return frame


def write_manifest(whole: Path, manifest: Mapping[str, Any]) -> None:
    """Write manifest.json: what is given, the schema version, and size and SHA-256 of every other file of the run."""
    listed = {file.name: describe(file) for file in sorted(whole.iterdir())}
    write_json(whole / files.MANIFEST, {"schema_version": SCHEMA_VERSION, **manifest, "files": listed})


def describe(file: Path) -> dict[str, int | str]:
    """Size in bytes and SHA-256 of a file. Raises OSError."""
    with file.open("rb") as stream:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def _row_groups(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows of `tables` in groups of one size, in which nothing tells where one table ended and the next began."""
    waiting: list[pa.Table] = []
    for table in tables:
        waiting.append(table)
        while sum(map(len, waiting)) >= GROUP_ROWS:
            rows = pa.concat_tables(waiting)
            yield rows.slice(0, GROUP_ROWS).combine_chunks()
            waiting = [rows.slice(GROUP_ROWS)]
    if sum(map(len, waiting)):
        yield pa.concat_tables(waiting).combine_chunks()
