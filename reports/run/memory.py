"""A run that is kept in memory: the same tables as those of a run directory, and no file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hwmodels import Accelerator
from hwmodels.records import SCHEMA_VERSION
from reports.errors import RunError
from reports.run.chunks import Chunk, KeptChunk, checked_chunk
from reports.run.finished import Run
from reports.run.records import CoreRecord, Manifest, MeshRecord, QuantisationRecord, RunRecord
from reports.run.said import Said

WHERE = "the run in memory"
Content = TypeVar("Content")


@dataclass
class MemoryRun:
    """A run being simulated that is kept in memory; see `reports.run.writer.RunWriter`.

    Its counts are there twice in the end: as they were given, for `Run.save`, and as the table of the run.
    """

    config_hash: str
    _chunks: list[dict[str, KeptChunk]] = field(default_factory=list)
    _scratch: TemporaryDirectory[str] | None = None

    def finished_chunks(self) -> int:
        """How many chunks there are: the next one to add has this index."""
        return len(self._chunks)

    def load_state(self) -> dict[str, NDArray[Any]] | None:
        """None: what is in memory is not gone on with, and the state may be as large as the network."""

    def begin_anew(self) -> None:
        """Forget all chunks."""
        self._chunks.clear()

    def scratch(self) -> Path:
        """A temporary directory, made when it is first asked for, gone when the run is done."""
        if self._scratch is None:
            self._scratch = TemporaryDirectory(prefix="deltasim-")
        return Path(self._scratch.name)

    def add_chunk(self, index: int, modes: Mapping[str, Chunk], state: Mapping[str, NDArray[Any]]) -> None:
        """Append the next frames, of all modes; all but `state`, which is not kept, is copied.

        Raises RunError if the chunk is not the next one or its tables are malformed.
        """
        if index != (expected := self.finished_chunks()):
            raise RunError(f"{WHERE}: chunk {index} given, but the next one is {expected}")
        self._chunks.append({mode: checked_chunk(mode, index, _copied(chunk)) for mode, chunk in modes.items()})

    def finish(
        self,
        manifest: RunRecord,
        experiment_yaml: str,
        accelerator: Mapping[str, Any],
        layers: Sequence[CoreRecord],
        labels: NDArray[Any] | None,
        sample_frames: NDArray[np.uint8],
        quantisation: QuantisationRecord | None = None,
        *,
        mesh: MeshRecord,
    ) -> Run:
        """The run of all chunks, as it would be read back from a directory; its manifest lists no files."""
        said = Said(manifest, experiment_yaml, accelerator, layers, labels, sample_frames, quantisation, mesh)
        chunks = {mode: self._whole(mode) for mode in manifest["modes"]}
        store = said.store_of({mode: [chunk] for mode, chunk in chunks.items()}, WHERE)
        counts, frames = store.counts(), store.frames
        if self._scratch is not None:
            self._scratch.cleanup()
        own = {"config_hash": self.config_hash, "frames": frames, "files": {}}
        return Run(
            path=None,
            manifest=_as_read(Manifest(schema_version=SCHEMA_VERSION, **manifest, **own)),  # type: ignore[typeddict-item]
            experiment_yaml=experiment_yaml,
            accelerator=Accelerator.model_validate(_as_read(accelerator)),
            parts=tuple(_as_read(list(layers))),
            mesh=_as_read(mesh),
            counts=counts,
            outputs={mode: chunk.outputs for mode, chunk in chunks.items()},
            labels=None if labels is None else labels.astype(np.int64),
            sample_frames=sample_frames,
            store=store,
            quantisation=_as_read(quantisation),
        )

    def _whole(self, mode: str) -> KeptChunk:
        """All chunks of a mode as one."""
        chunks = [modes.pop(mode) for modes in self._chunks if mode in modes]
        if not chunks or len(chunks) < len(self._chunks):
            raise RunError(f"{WHERE}: nothing was simulated for mode {mode}")
        recorded = [chunk.messages for chunk in chunks if chunk.messages is not None]
        return KeptChunk(
            pa.concat_tables([chunk.counts for chunk in chunks]),
            pa.concat_tables([chunk.links for chunk in chunks]),
            np.concatenate([chunk.outputs for chunk in chunks]),
            pa.concat_tables(recorded) if len(recorded) == len(chunks) else None,
        )


def _copied(chunk: Chunk) -> Chunk:
    """With arrays of its own: an engine may use its own again."""
    return Chunk(
        counts={name: np.array(column) for name, column in chunk.counts.items()},
        outputs=chunk.outputs.copy(),
        messages=None if chunk.messages is None else chunk.messages.copy(),
        links=None if chunk.links is None else {name: np.array(column) for name, column in chunk.links.items()},
    )


def _as_read(content: Content) -> Content:
    """As it would be read back from JSON."""
    read: Content = json.loads(json.dumps(content, allow_nan=False))
    return read
