"""What takes the results of a simulation, chunk by chunk, and makes a run of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from reports.run.finished import Run
from reports.run.records import CoreRecord, MeshRecord, QuantisationRecord, RunRecord


class RunWriter(Protocol):
    """A run being simulated. A directory (`reports.run.writing.PartialRun`) keeps what is finished of one that is
    killed; memory (`reports.run.memory.MemoryRun`) does not. The tables of the run are the same.
    """

    def finished_chunks(self, mode: str) -> int:
        """How many chunks of `mode` there are: the next one to add has this index."""

    def load_state(self, mode: str) -> dict[str, NDArray[Any]] | None:
        """The state handed over with the last chunk of `mode`, None before the first."""

    def add_chunk(
        self,
        mode: str,
        index: int,
        counts: Mapping[str, NDArray[Any]],
        outputs: NDArray[Any],
        messages: pd.DataFrame | None,
        state: Mapping[str, NDArray[Any]],
        links: Mapping[str, NDArray[Any]] | None = None,
    ) -> None:
        """Append the next frames of `mode`; see `PartialRun.add_chunk`."""

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
