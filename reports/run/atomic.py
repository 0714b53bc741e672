"""Files that are either whole or absent, with bytes that depend on their content alone."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workloads.naming import naming


def sync(path: Path) -> None:
    """Make a file or directory survive a power cut. Where directories cannot be synced (Windows), do nothing."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_bytes(path: Path, content: bytes) -> None:
    """Write `content` under a temporary name beside `path`, then rename it there in one step."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file beside `path` to be written piece by piece; it becomes `path` in one step when all went well."""
    if not path.name:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with naming(path, instead_of=temporary):
        try:
            yield temporary
            sync(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        sync(path.parent)


def replace_text(path: Path, content: str) -> None:
    """Write UTF-8 text as `replace_bytes` does."""
    replace_bytes(path, content.encode("utf-8"))


def write_json(path: Path, content: object) -> None:
    """Write JSON in the order given, one key a line. Raises ValueError for NaN and infinities, which are not JSON."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 text, not in one step."""
    with naming(path):
        path.write_text(content, encoding="utf-8")
        sync(path)


def read_json(path: Path) -> Any:  # noqa: ANN401  (what a JSON file holds is known to its reader only)
    """Parse a JSON file. Raises OSError or ValueError."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], *, compressed: bool = True) -> None:
    """Write an .npz without pickles. Its zip entries carry no time, so equal arrays give equal bytes."""
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects; give numbers or fixed-width strings")
    save = np.savez_compressed if compressed else np.savez
    with naming(path):
        save(path, allow_pickle=False, **dict(arrays))
        sync(path)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Read every array of an .npz. Raises OSError, ValueError or zipfile.BadZipFile."""
    with np.load(path, allow_pickle=False) as archive:
        return {name: archive[name] for name in archive.files}


@contextmanager
def parquet_writer(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    """A writer with everything that shapes the bytes pinned."""
    pinned = {"compression": "zstd", "compression_level": 3, "version": "2.6", "write_statistics": True}
    with naming(path), pq.ParquetWriter(path, schema, **pinned) as writer:
        yield writer
