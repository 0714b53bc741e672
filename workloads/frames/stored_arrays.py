"""Arrays in `.npy` and `.npz` files that may be larger than memory, read by ranges of their first axis."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from workloads.frames.archives import opened, reading
from workloads.frames.memory import check_fits, too_large

_PIECE_BYTES = 1 << 20
_UNCHECKED_BYTES = 1 << 28  # this much is read without asking how much memory there is
_HEADERS: dict[tuple[int, int], Callable[..., tuple[tuple[int, ...], bool, np.dtype[Any]]]] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array that begins at byte `offset` of the open `file`, found at `path`; none of it is in memory.

    Reading forward is fast; going back in a compressed file starts again from its beginning. One whose first axis was
    stored fastest (`turned`) has every entry all over the file, and is read whole. Not for use by several threads at
    once.
    """

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    file: IO[bytes]
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
        what = f"{self.path}: an array of shape {shape}, {size:,} bytes,"
        if size > _UNCHECKED_BYTES:
            check_fits(size, what, remedy)
        try:
            out = np.empty(size, np.uint8)
        except MemoryError:
            raise too_large(size, what, remedy) from None
        with reading(self.path, "an array"):
            self.file.seek(place)
            for begin in range(0, size, _PIECE_BYTES):  # in pieces: a compressed file would need twice the memory
                wanted = min(_PIECE_BYTES, size - begin)
                piece = self.file.read(wanted)
                if len(piece) < wanted:
                    raise EOFError("it ends too early; was it changed?")
                out[begin : begin + wanted] = np.frombuffer(piece, np.uint8)
        return out.view(self.dtype).reshape(shape)


def open_array(path: Path) -> StoredArray:
    """The array of a `.npy` file. Raises WorkloadError if it is missing, damaged, or holds Python objects."""
    with reading(path, "a .npy array"):
        return _stored(path, path.open("rb"), path.stat().st_size)


def open_archive(path: Path) -> dict[str, StoredArray]:
    """The arrays of a `.npz` file by name. Raises WorkloadError if it or one of them is not as it should be."""
    with opened(path) as (archive, entries):  # an open entry stays readable when the archive is closed
        return {name: _stored(path, archive.open(entry), entry.file_size) for name, entry in entries.items()}


def _stored(path: Path, file: IO[bytes], size: int) -> StoredArray:
    version = np.lib.format.read_magic(file)
    if version not in _HEADERS:
        raise ValueError(f"version {version} of the format is unknown")
    shape, turned, dtype = _HEADERS[version](file)
    if dtype.hasobject:
        raise ValueError("it holds Python objects")
    needed, there = math.prod(shape) * dtype.itemsize, size - file.tell()
    if min(shape, default=0) < 0 or needed > there:
        raise ValueError(f"its array of shape {shape}, {dtype}, has {needed:,} bytes; {there:,} are there")
    return StoredArray(path, shape, dtype, file, file.tell(), turned and len(shape) > 1)
