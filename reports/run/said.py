"""What is said of a run besides what was counted in it: its small files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reports.errors import RunError
from reports.run import files
from reports.run.atomic import write_arrays, write_json, write_text
from reports.run.consolidate import Chunks, ChunkStore
from reports.run.mesh import check_mesh
from reports.run.parts import Parts
from reports.run.records import CoreRecord, MeshRecord, QuantisationRecord, RunRecord


@dataclass(frozen=True)
class Said:
    """What `RunWriter.finish` is given. Raises RunError for sample frames that are no pictures."""

    manifest: RunRecord
    experiment_yaml: str
    accelerator: Mapping[str, Any]
    layers: Sequence[CoreRecord]
    labels: NDArray[Any] | None
    sample_frames: NDArray[np.uint8]
    quantisation: QuantisationRecord | None
    mesh: MeshRecord

    def __post_init__(self) -> None:
        pictures = self.sample_frames
        if pictures.dtype != np.uint8 or not (pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[3] == 3)):
            raise RunError(
                f"sample frames are {pictures.dtype} of shape {pictures.shape}; uint8 of shape (n, height, width) or "
                "(n, height, width, 3) needed"
            )

    def store_of(self, chunks: Chunks, where: str) -> ChunkStore:
        """The large tables, put together of `chunks`. Raises RunError if cores or links do not fit each other."""
        parts = Parts.of(self.layers, f"{where}: {files.LAYERS}")
        used = check_mesh(self.mesh, f"{where}: {files.MESH}")["used_links"]
        return ChunkStore(chunks, parts, len(used), self.labels, where)

    def write(self, folder: Path) -> None:
        """Write all files but the large tables and the manifest."""
        write_arrays(folder / files.SAMPLE_FRAMES, {"frames": self.sample_frames})
        write_json(folder / files.LAYERS, list(self.layers))
        write_json(folder / files.MESH, dict(self.mesh))
        if self.quantisation is not None:
            write_json(folder / files.QUANTISATION, dict(self.quantisation))
        write_json(folder / files.ACCELERATOR, dict(self.accelerator))
        write_text(folder / files.EXPERIMENT, self.experiment_yaml)
