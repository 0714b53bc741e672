"""The last step of writing a run: the chunks of all modes become one file of each kind."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from hwmodels.records import COLUMNS, SCHEMA_VERSION
from reports import files
from reports.atomic import parquet_writer, read_arrays, sync, write_arrays, write_json
from reports.errors import RunError

Chunks = Mapping[str, Sequence[Path]]
"""For each mode its chunks in order, each a path up to the dot before the kind of file."""


def write_counts(whole: Path, chunks: Chunks, layer_names: list[str]) -> int:
    """Write counts.parquet, a row group per mode. Returns the number of frames.

    Raises RunError if the modes differ in frames, or the cores in number from `layer_names`.
    """
    frames: dict[str, int] = {}
    with parquet_writer(whole / files.COUNTS, files.COUNTS_SCHEMA) as writer:
        for number, (mode, stems) in enumerate(chunks.items()):
            table = _read_chunks(stems, "counts.parquet")
            core = table["core"].to_numpy()
            frames[mode] = int((core == 0).sum())
            if core.max() + 1 != len(layer_names):
                raise RunError(
                    f"{whole.parent}: {core.max() + 1} cores in mode {mode}, {len(layer_names)} in the layers given"
                )
            if not np.array_equal(table["frame"].to_numpy()[core == 0], np.arange(frames[mode])):
                raise RunError(f"{whole.parent}: the frames of mode {mode} are not 0 to {frames[mode] - 1}")
            columns = {
                "mode": files.names(np.full(len(core), number, np.int32), list(chunks)),
                "frame": table["frame"],
                "core": table["core"],
                "layer": files.names(core.astype(np.int32), layer_names),
                **{name: table[name] for name in COLUMNS},
            }
            writer.write_table(pa.table(columns, schema=files.COUNTS_SCHEMA))
    sync(whole / files.COUNTS)
    if len(set(frames.values())) != 1:
        raise RunError(f"{whole.parent}: the modes differ in the number of frames simulated: {frames}")
    return next(iter(frames.values()))


def write_messages(whole: Path, chunks: Chunks) -> None:
    """Write messages.parquet, a row group per mode, if messages were recorded for every chunk; else nothing."""
    if not all(_file(stem, "messages.parquet").exists() for stems in chunks.values() for stem in stems):
        return
    with parquet_writer(whole / files.MESSAGES, files.MESSAGES_SCHEMA) as writer:
        for number, stems in enumerate(chunks.values()):
            table = _read_chunks(stems, "messages.parquet")
            mode = files.names(np.full(len(table), number, np.int32), list(chunks))
            writer.write_table(table.add_column(0, files.MESSAGES_SCHEMA.field("mode"), mode))
    sync(whole / files.MESSAGES)


def write_outputs(whole: Path, chunks: Chunks, labels: NDArray[Any] | None, frames: int) -> None:
    """Write outputs.npz: `outputs__MODE` (frames, classes) for each mode, int32 if they fit, and `labels` (frames,)."""
    arrays: dict[str, NDArray[Any]] = {}
    for mode, stems in chunks.items():
        outputs = np.concatenate([read_arrays(_file(stem, "outputs.npz"))["outputs"] for stem in stems])
        narrow = outputs.astype(np.int32)
        arrays[f"outputs__{mode}"] = narrow if np.array_equal(narrow, outputs) else outputs
    if labels is not None:
        if labels.shape != (frames,):
            raise RunError(f"{whole.parent}: labels of shape {labels.shape} for {frames} frames")
        arrays["labels"] = labels.astype(np.int64)
    write_arrays(whole / files.OUTPUTS, arrays)


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


def _read_chunks(stems: Sequence[Path], kind: str) -> pa.Table:
    return pa.concat_tables(pq.read_table(_file(stem, kind)) for stem in stems)
