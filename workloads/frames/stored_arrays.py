"""Arrays in `.npy` and `.npz` files that may be larger than memory, read by ranges of their first axis."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.archives import opened, reading
from workloads.frames.description import Description
from workloads.frames.memory import check_fits, too_large

_PIECE_BYTES = 1 << 20
_UNCHECKED_BYTES = 1 << 28  # this much is read without asking how much memory there is
_HEADERS: dict[tuple[int, int], Callable[..., tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True, eq=False)
class ArrayFile(Description):
    """A file of `size` bytes, or the array of that name in an archive; it is opened when it is first read."""

    path: Path
    entry: str | None
    size: int

    @cached_property
    def stream(self) -> IO[bytes]:
        """The open file. Raises OSError or WorkloadError if it is not there, or has another size."""
        if self.entry is None:
            file: IO[bytes] = self.path.open("rb")
            size = os.fstat(file.fileno()).st_size
        else:
            with opened(self.path) as (archive, entries):  # an open entry stays readable when the archive is closed
                if self.entry not in entries:
                    raise self._changed
                size, file = entries[self.entry].file_size, archive.open(entries[self.entry])
        if size != self.size:
            raise self._changed
        return file

    @property
    def _changed(self) -> WorkloadError:
        return WorkloadError(f"{self.path} was changed since it was opened; leave it alone during a run")


@dataclass(frozen=True, eq=False)
class StoredArray(Description):
    """An array that begins at byte `offset` of `file`; none of it is in memory.

    Reading forward is fast; going back in a compressed file starts again from its beginning. One whose first axis was
    stored fastest (`turned`) has every entry all over the file, and is read whole. Not for use by several threads at
    once.
    """

    file: ArrayFile
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    turned: bool

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Entries start .. stop-1 along the first axis. Raises WorkloadError if they are damaged, or do not fit."""
        if self.turned:
            return self._whole[start:stop]
        start, stop, _ = slice(start, stop).indices(self.shape[0])
        row_bytes = math.prod(self.shape[1:]) * self.dtype.itemsize
        shape = (max(0, stop - start), *self.shape[1:])
        return self._array(self.offset + start * row_bytes, shape, "read fewer frames at a time, or smaller ones")

    @cached_property
    def _whole(self) -> NDArray[Any]:
        remedy = "save it in C order, numpy.ascontiguousarray(frames), and it is read frame by frame"
        return self._array(self.offset, self.shape[::-1], remedy).transpose()

    def _array(self, place: int, shape: tuple[int, ...], remedy: str) -> NDArray[Any]:
        size = math.prod(shape) * self.dtype.itemsize
        what = f"{self.file.path}: an array of shape {shape}, {size:,} bytes,"
        if size > _UNCHECKED_BYTES:
            check_fits(size, what, remedy)
        try:
            out = np.empty(size, np.uint8)
        except MemoryError:
            raise too_large(size, what, remedy) from None
        with reading(self.file.path, "an array"):
            stream = self.file.stream
            stream.seek(place)
            for begin in range(0, size, _PIECE_BYTES):  # in pieces: a compressed file would need twice the memory
                wanted = min(_PIECE_BYTES, size - begin)
                piece = stream.read(wanted)
                if len(piece) < wanted:
                    raise EOFError("it ends too early; was it changed?")
                out[begin : begin + wanted] = np.frombuffer(piece, np.uint8)
        return out.view(self.dtype).reshape(shape)


def open_array(path: Path) -> StoredArray:
    """The array of a `.npy` file. Raises WorkloadError if it is missing, damaged, or holds Python objects."""
    with reading(path, "a .npy array"):
        return _stored(ArrayFile(path, None, path.stat().st_size))


def open_archive(path: Path) -> dict[str, StoredArray]:
    """The arrays of a `.npz` file by name. Raises WorkloadError if it or one of them is not as it should be."""
    with opened(path) as (_, entries):
        return {name: _stored(ArrayFile(path, name, entry.file_size)) for name, entry in entries.items()}


def _stored(stored: ArrayFile) -> StoredArray:
    file = stored.stream
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format is unknown")
    shape, turned, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    needed, there = math.prod(shape) * dtype.itemsize, stored.size - file.tell()
    if min(shape, default=0) < 0 or needed > there:
        raise ValueError(f"its array of shape {shape}, {dtype}, has {needed:,} bytes; {there:,} are there")
    return StoredArray(stored, shape, dtype, file.tell(), turned and len(shape) > 1)
