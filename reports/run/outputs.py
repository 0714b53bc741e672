"""The outputs of a run's networks, which may be larger than memory: written forward, read by blocks of frames."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

from reports.errors import RunError
from workloads.frames.stored_arrays import StoredArray, open_archive
from workloads.naming import naming

BLOCK_BYTES: Final = 4 * 2**20
_MEMBER: Final = "outputs__"
_PIECE_BYTES: Final = 2**20
Key = TypeVar("Key")


class Rows(Protocol):
    """(frames, classes) integers, in memory or on disk."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Frames and classes."""

    def __getitem__(self, frames: slice, /) -> NDArray[Any]:
        """Those of some frames."""


@dataclass(frozen=True, eq=False)
class StoredOutputs(NDArrayOperatorsMixin):
    """(frames, classes) int32 of one network, in a run's outputs.npz. A slice reads its frames, and anything that numpy
    does with the whole of it reads the whole; `in_step` goes through it in little memory.
    """

    path: Path
    mode: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __repr__(self) -> str:
        return f"StoredOutputs({self.mode!r}: {' x '.join(map(str, self.shape))} {self.dtype}, on disk)"

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, frames: slice) -> NDArray[Any]:
        start, stop, step = frames.indices(len(self))
        return self.open().read(start, stop)[::step] if step > 0 else np.asarray(self)[frames]

    def __array__(self, dtype: np.dtype[Any] | None = None, copy: bool | None = None) -> NDArray[Any]:
        return self.open().read(0, len(self)).astype(dtype or self.dtype, copy=False)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: object, **options: object) -> object:
        arrays = [np.asarray(each) if isinstance(each, StoredOutputs) else each for each in inputs]
        return getattr(ufunc, method)(*arrays, **options)

    @property
    def size(self) -> int:
        """How many integers there are."""
        return int(np.prod(self.shape))

    def open(self) -> StoredArray:
        """The array in its file, to be read forward. Raises WorkloadError if the file was damaged since."""
        return open_archive(self.path)[f"{_MEMBER}{self.mode}"]


def in_step(outputs: Mapping[Key, Rows]) -> Iterator[dict[Key, NDArray[Any]]]:
    """All of `outputs`, which have equally many frames, block of frames by block of frames."""
    sources = {key: each.open() if isinstance(each, StoredOutputs) else each for key, each in outputs.items()}
    frames = min((each.shape[0] for each in sources.values()), default=0)
    size = max(1, BLOCK_BYTES // (8 * sum(each.shape[1] for each in sources.values()) or 1))
    for start in range(0, frames, size):
        stop = min(start + size, frames)
        yield {
            key: each.read(start, stop) if isinstance(each, StoredArray) else each[start:stop]
            for key, each in sources.items()
        }


def count_differing(a: Rows, b: Rows) -> int:
    """How many integers differ between two of one shape."""
    return sum(int(np.count_nonzero(block["a"] != block["b"])) for block in in_step({"a": a, "b": b}))


def read_outputs(
    file: Path, modes: Sequence[str], frames: int
) -> tuple[dict[str, StoredOutputs], NDArray[np.int64] | None]:
    """The outputs of every mode, none of them read yet, and the labels. Raises KeyError or ValueError for another file,
    WorkloadError for a damaged one.
    """
    stored = open_archive(file)
    found = {mode: stored[f"{_MEMBER}{mode}"] for mode in modes}
    for mode, array in found.items():
        if len(array.shape) != 2 or array.shape[0] != frames or array.dtype.kind != "i":
            raise ValueError(f"outputs of {mode} are {array.dtype} of shape {array.shape} for {frames} frames")
    labels = stored["labels"].read(0, frames) if "labels" in stored else None
    return {mode: StoredOutputs(file, mode, array.shape, array.dtype) for mode, array in found.items()}, labels


def write_outputs(
    file: Path, outputs: Mapping[str, Iterator[NDArray[np.int32]]], frames: int, labels: NDArray[Any] | None
) -> None:
    """Write outputs.npz: `outputs__MODE` (frames, classes) int32, put together of the parts given for each mode, one of
    which is in memory at a time, and `labels` (frames,) int64. The parts leave no trace in the bytes.

    Raises RunError if the parts have other than `frames` frames in all, or differ in classes.
    """
    with naming(file), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for mode, parts in outputs.items():
            _write_array(archive, f"{_MEMBER}{mode}", parts, frames)
        if labels is not None:
            _write_array(archive, "labels", iter([labels.astype(np.int64)]), frames)


def _write_array(archive: zipfile.ZipFile, name: str, parts: Iterator[NDArray[Any]], frames: int) -> None:
    first = next(parts)
    shape, there = (frames, *first.shape[1:]), 0
    with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
        header = {"descr": np.lib.format.dtype_to_descr(first.dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(member, header)
        waiting = bytearray()  # always compressed in pieces of one size, so that the bytes never differ
        for part in chain([first], parts):
            there += len(part)
            if part.shape[1:] != shape[1:] or there > frames:
                raise RunError(f"{archive.filename}: {name} has a part of shape {part.shape}, the whole is {shape}")
            waiting += part.tobytes()
            while len(waiting) >= _PIECE_BYTES:
                member.write(waiting[:_PIECE_BYTES])
                del waiting[:_PIECE_BYTES]
        member.write(waiting)
    if there != frames:
        raise RunError(f"{archive.filename}: {name} has {there} of {frames} frames")
