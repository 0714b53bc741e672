"""What takes the results of a simulation, chunk by chunk, and makes a run of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from reports.run.chunks import Chunk
from reports.run.finished import Run
from reports.run.records import CoreRecord, MeshRecord, QuantisationRecord, RunRecord


class RunWriter(Protocol):
    """A run being simulated. A directory (`reports.run.writing.PartialRun`) keeps what is finished of one that is
    killed; memory (`reports.run.memory.MemoryRun`) does not. The tables of the run are the same.
    """

    def finished_chunks(self) -> int:
        """How many chunks there are: the next one to add has this index."""

    def load_state(self) -> dict[str, NDArray[Any]] | None:
        """The state handed over with the last finished chunk; None before the first, and where none is kept."""

    def begin_anew(self) -> None:
        """Forget all chunks."""

    def scratch(self) -> Path:
        """A directory for files that are needed until the run is done."""

    def add_chunk(self, index: int, modes: Mapping[str, Chunk], state: Mapping[str, NDArray[Any]]) -> None:
        """Append the next frames, of all modes. Raises RunError if the chunk is not the next one or is malformed."""

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
        """Put the chunks of all modes together; see `PartialRun.finish`."""
