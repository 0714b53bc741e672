"""The last step of writing a run: the chunks of all modes become one file of each kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hwmodels.records import COLUMNS, SCHEMA_VERSION
from reports.errors import RunError
from reports.run import files
from reports.run import outputs as outputs_file
from reports.run.atomic import parquet_writer, read_arrays, sync, write_json
from reports.run.parts import Parts

GROUP_ROWS: Final = 2**15
"""Rows of a table that are written, and can be read, by themselves: about 12 MB of counts."""

Chunks = Mapping[str, Sequence[Path]]
"""For each mode its chunks in order, each a path up to the dot before the kind of file."""


def write_counts(whole: Path, chunks: Chunks, parts: Parts) -> int:
    """Write counts.parquet, each mode in row groups of its own. Returns the number of frames.

    Raises RunError if the modes differ in frames, or the cores in number from `parts`.
    """
    frames: dict[str, int] = {}
    with parquet_writer(whole / files.COUNTS, files.COUNTS_SCHEMA) as writer:
        for number, (mode, stems) in enumerate(chunks.items()):
            rows = 0
            for table in _row_groups(_count_tables(whole.parent, mode, stems, parts.count)):
                columns = {
                    "mode": files.names(np.full(len(table), number, np.int32), list(chunks)),
                    "frame": table["frame"],
                    "core": table["core"],
                    "layer": files.names(parts.layer[table["core"].to_numpy()].astype(np.int32), list(parts.layers)),
                    **{name: table[name] for name in COLUMNS},
                }
                writer.write_table(pa.table(columns, schema=files.COUNTS_SCHEMA))
                rows += len(table)
            frames[mode] = rows // parts.count
    sync(whole / files.COUNTS)
    if len(set(frames.values())) != 1:
        raise RunError(f"{whole.parent}: the modes differ in the number of frames simulated: {frames}")
    return next(iter(frames.values()))


def write_links(whole: Path, chunks: Chunks, links: int, frames: int) -> None:
    """Write links.parquet, each mode in row groups of its own. Raises RunError unless every frame has `links` links."""
    with parquet_writer(whole / files.LINKS, files.LINKS_SCHEMA) as writer:
        for number, (mode, stems) in enumerate(chunks.items()):
            rows = 0
            for table in _row_groups(pq.read_table(_file(stem, "links.parquet")) for stem in stems):
                named = files.names(np.full(len(table), number, np.int32), list(chunks))
                writer.write_table(table.add_column(0, files.LINKS_SCHEMA.field("mode"), named))
                rows += len(table)
            if rows != links * frames:
                raise RunError(
                    f"{whole.parent}: {rows} rows of links in mode {mode}; {links} used links in {frames} frames make "
                    f"{links * frames}"
                )
    sync(whole / files.LINKS)


def write_messages(whole: Path, chunks: Chunks) -> None:
    """Write messages.parquet, each mode in row groups of its own, if messages were recorded for every chunk; else
    nothing.
    """
    if not all(_file(stem, "messages.parquet").exists() for stems in chunks.values() for stem in stems):
        return
    with parquet_writer(whole / files.MESSAGES, files.MESSAGES_SCHEMA) as writer:
        for number, stems in enumerate(chunks.values()):
            for table in _row_groups(pq.read_table(_file(stem, "messages.parquet")) for stem in stems):
                mode = files.names(np.full(len(table), number, np.int32), list(chunks))
                writer.write_table(table.add_column(0, files.MESSAGES_SCHEMA.field("mode"), mode))
    sync(whole / files.MESSAGES)


def write_outputs(whole: Path, chunks: Chunks, labels: NDArray[Any] | None, frames: int) -> None:
    """Write outputs.npz, chunk by chunk; see `reports.run.outputs.write_outputs`."""
    if labels is not None and labels.shape != (frames,):
        raise RunError(f"{whole.parent}: labels of shape {labels.shape} for {frames} frames")
    outputs = {mode: (_outputs_of(stem) for stem in stems) for mode, stems in chunks.items()}
    outputs_file.write_outputs(whole / files.OUTPUTS, outputs, frames, labels)
    sync(whole / files.OUTPUTS)


def write_manifest(whole: Path, manifest: Mapping[str, Any]) -> None:
    """Write manifest.json: what is given, the schema version, and size and SHA-256 of every other file of the run."""
    listed = {file.name: describe(file) for file in sorted(whole.iterdir())}
    write_json(whole / files.MANIFEST, {"schema_version": SCHEMA_VERSION, **manifest, "files": listed})


def describe(file: Path) -> dict[str, int | str]:
    """Size in bytes and SHA-256 of a file. Raises OSError."""
    with file.open("rb") as stream:
        return {"bytes": file.stat().st_size, "sha256": hashlib.file_digest(stream, "sha256").hexdigest()}


def _file(stem: Path, kind: str) -> Path:
    return stem.with_name(f"{stem.name}.{kind}")


def _outputs_of(stem: Path) -> NDArray[np.int32]:
    return read_arrays(_file(stem, "outputs.npz"))["outputs"].astype(np.int32, copy=False)


def _count_tables(run: Path, mode: str, stems: Sequence[Path], cores: int) -> Iterator[pa.Table]:
    """The counts of each chunk of `mode`, checked to be those of `cores` cores and of one frame after the other."""
    frames = 0
    for stem in stems:
        table = pq.read_table(_file(stem, "counts.parquet"))
        core, frame = table["core"].to_numpy(), table["frame"].to_numpy()
        if core.max() + 1 != cores:
            raise RunError(f"{run}: {core.max() + 1} cores in mode {mode}, {cores} in the layers given")
        numbers = frame[core == 0]
        if not np.array_equal(numbers, np.arange(frames, frames + len(numbers))):
            raise RunError(f"{run}: the frames of mode {mode} do not follow each other from 0")
        frames += len(numbers)
        yield table


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
