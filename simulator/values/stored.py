"""Traces on disk: the integers of a network found once, for any number of chips.

A trace is some Arrow files, each of some frames, a record batch a block. Of every frame they hold what is known of each
layer, which of its neurons the trace lists, their values, which pixels were requantised, and the outputs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from simulator.bundles import bundle
from simulator.errors import SimulationError
from simulator.values.arrays import Trace, new_trace, offsets
from simulator.values.function import IntegerFunction
from simulator.values.kernels_packed import LayoutArrays, pack_frames, unpack_frames
from workloads.integer.network import IntegerNetwork
from workloads.naming import naming

FIELDS: Final = ("known", "listed", "widths", "values", "updated", "outputs")
"""Columns besides `frame`. known: (layers, columns) int64, see `simulator.values.columns`; listed: a bit for each
neuron, layer by layer, in words of 64; widths: bytes of a value, (layers,) uint8; values: little-endian; updated: a bit
for each pixel; outputs: (outputs,) int32.
"""
SCHEMA: Final = pa.schema(
    [pa.field("frame", pa.int64(), nullable=False)]
    + [pa.field(name, pa.large_binary(), nullable=False) for name in FIELDS]
)


@dataclass(frozen=True)
class StoredFile:
    """A file of a trace: frames `first` .. `first + frames - 1`."""

    path: Path
    first: int
    frames: int
    sha256: str


def layout_of(network: IntegerNetwork) -> LayoutArrays:
    """The layout of a network's traces."""
    sent = [network.sent_shape(number) for number in range(len(network.layers) + 1)]
    neurons = [height * width * channels for height, width, channels in sent]
    return LayoutArrays(
        sent=offsets(neurons),
        pixel=offsets(height * width for height, width, _ in sent),
        word=offsets(-(-count // 64) for count in neurons),
        channels=np.array([channels for *_, channels in sent], np.int64),
    )


class TraceWriter:
    """Writes frames of a trace to a file, which is whole once it is closed."""

    def __init__(self, path: Path, network: IntegerNetwork) -> None:
        self.path = path
        self._layout: LayoutArrays = bundle(layout_of(network))
        self._values = np.zeros(0, np.uint8)
        with naming(path):
            self._file = pa.OSFile(str(path), "wb")
            self._writer = pa.ipc.new_stream(self._file, SCHEMA, options=pa.ipc.IpcWriteOptions(compression="lz4"))

    def write(self, trace: Trace, frames: range) -> None:
        """Append frames, which are still in the ring."""
        if not len(frames):
            return
        count, layout = len(frames), self._layout
        slots = np.arange(frames.start, frames.stop) % len(trace.messages)
        most = 4 * int(trace.messages[slots].sum())
        if len(self._values) < most:
            self._values = np.zeros(most, np.uint8)
        listed = np.zeros((count, int(layout.word[-1])), np.int64)
        widths, ends = np.zeros((count, len(layout.channels)), np.uint8), np.zeros(count, np.int64)
        updated = np.zeros((count, -(-int(layout.pixel[-1]) // 8)), np.uint8)
        pack_frames(layout, trace, frames.start, count, listed, widths, self._values, ends, updated)
        values = _binary(self._values[: ends[-1]], np.concatenate([[0], ends]))
        rows = [
            _rows(trace.known[slots]),
            _rows(listed),
            _rows(widths),
            values,
            _rows(updated),
            _rows(trace.integers[slots]),
        ]
        with naming(self.path):
            batch = pa.record_batch([pa.array(np.arange(frames.start, frames.stop)), *rows], schema=SCHEMA)
            self._writer.write_batch(batch)

    def close(self) -> None:
        """Bring all to the disk."""
        with naming(self.path):
            self._writer.close()
            self._file.close()


class StoredIntegers:
    """The integers of a function of the frames, read back: takes the place of what finds them."""

    def __init__(
        self, network: IntegerNetwork, function: IntegerFunction, files: Sequence[StoredFile], ring: Ring
    ) -> None:
        self.network = network
        self.function = function
        self.files = tuple(files)
        self.layout: LayoutArrays = bundle(layout_of(network))
        self.trace: Trace = bundle(new_trace(network, ring.block + ring.underway))
        self.found = np.zeros(1, np.int64)
        self.underway = ring.underway
        self._batches: Iterator[_Batch] | None = None
        self._batch: _Batch | None = None

    def find(self, count: int) -> None:
        """Read back the next frames. Raises SimulationError for a damaged file."""
        end = int(self.found[0]) + count
        while self.found[0] < end:
            frame = int(self.found[0])
            if self._batch is None or frame not in self._batch.frames:
                self._batch = self._next(frame)
            here = range(frame, min(end, self._batch.frames.stop))
            self._take(self._batch, here)
            self.found[0] = here.stop

    def changing(self) -> Iterator[tuple[str, NDArray[np.generic]]]:
        """Every array that what comes next depends on, by name."""
        yield "found", self.found
        if self.underway:
            for name, array in self.trace._asdict().items():
                yield f"trace.{name}", array

    def _next(self, frame: int) -> _Batch:
        """The batch that frame number `frame` is in."""
        if self._batches is None:
            files = [file for file in self.files if file.first + file.frames > frame]
            self._batches = (batch for file in files for batch in _batches_of(file, self.layout))
        for batch in self._batches:
            if frame in batch.frames:
                return batch
        raise _damaged(self.files[-1].path.parent, frame, "it is not there")

    def _take(self, batch: _Batch, frames: range) -> None:
        """Put some frames of a batch into the ring."""
        rows = slice(frames.start - batch.frames.start, frames.stop - batch.frames.start)
        slots = np.arange(frames.start, frames.stop) % len(self.trace.messages)
        where = self.files[-1].path.parent
        if (
            batch.known.shape[1:] != self.trace.known.shape[1:]
            or batch.outputs.shape[1:] != self.trace.integers.shape[1:]
        ):
            raise _damaged(where, frames.start, "it is of another network")
        self.trace.known[slots], self.trace.integers[slots] = batch.known[rows], batch.outputs[rows]
        packed = (batch.listed, batch.widths, batch.values, batch.value_begin, batch.updated)
        right = unpack_frames(self.layout, self.trace, frames.start, rows.start, len(frames), *packed)
        if right < len(frames):
            raise _damaged(where, frames.start + int(right), "its lists are not as long as they should be")


@dataclass(frozen=True)
class Ring:
    """How many frames there is room for: those of a block, and those that are still underway when the next comes."""

    block: int
    underway: int = 0


REMEDY: Final = "remove it, `deltasim traces clear`, and run again"


@dataclass(frozen=True, eq=False)
class _Batch:
    frames: range
    known: NDArray[np.int64]
    listed: NDArray[np.int64]
    widths: NDArray[np.uint8]
    values: NDArray[np.uint8]
    value_begin: NDArray[np.int64]
    updated: NDArray[np.uint8]
    outputs: NDArray[np.int32]


def _damaged(where: Path, frame: int, why: str) -> SimulationError:
    return SimulationError(f"{where}: frame {frame} of a kept trace is damaged ({why}); {REMEDY}")


def _batches_of(file: StoredFile, layout: LayoutArrays) -> Iterator[_Batch]:
    """The batches of a file, one in memory at a time. Raises SimulationError if it is not as it was written."""
    try:
        with file.path.open("rb") as stream:
            if hashlib.file_digest(stream, "sha256").hexdigest() != file.sha256:
                raise SimulationError(f"{file.path}: a file of a kept trace was changed; {REMEDY}")
        with pa.memory_map(str(file.path)) as source, pa.ipc.open_stream(source) as reader:
            for batch in reader:
                yield _batch_of(batch, layout)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise SimulationError(f"{file.path}: a file of a kept trace can't be read ({error}); {REMEDY}") from None


def _batch_of(batch: Any, layout: LayoutArrays) -> _Batch:  # noqa: ANN401 - pyarrow has no types
    frames = batch.column("frame").to_numpy()
    layers, count = len(layout.channels), len(frames)
    data = {name: _data(batch.column(name)) for name in FIELDS}

    def table(name: str, kind: Any, *shape: int) -> NDArray[Any]:  # noqa: ANN401 - a dtype
        return np.frombuffer(data[name][0], kind).reshape(count, *shape)

    return _Batch(
        frames=range(int(frames[0]), int(frames[0]) + count),
        known=table("known", np.int64, layers, -1),
        listed=table("listed", np.int64, int(layout.word[-1])),
        widths=table("widths", np.uint8, layers),
        values=np.frombuffer(data["values"][0], np.uint8),
        value_begin=np.frombuffer(data["values"][1], np.int64)[: count + 1],
        updated=table("updated", np.uint8, -(-int(layout.pixel[-1]) // 8)),
        outputs=table("outputs", np.int32, -1),
    )


def _data(column: Any) -> tuple[bytes, bytes]:  # noqa: ANN401 - pyarrow has no types
    """The bytes of all rows of a column, one after the other, and where each begins (int64)."""
    _, begins, values = column.buffers()
    return (values if values is not None else b""), begins


def _rows(table: NDArray[Any]) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The rows of a table, each as so many bytes."""
    rows = np.ascontiguousarray(table).reshape(len(table), -1)
    width = rows.shape[1] * rows.itemsize
    return _binary(rows, np.arange(len(rows) + 1) * width)


def _binary(content: NDArray[Any], begins: NDArray[np.int64]) -> Any:  # noqa: ANN401 - pyarrow has no types
    buffers = [None, pa.py_buffer(begins.astype(np.int64)), pa.py_buffer(content)]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(begins) - 1, buffers)
