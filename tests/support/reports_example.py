"""A run small enough to check by hand: 3 inputs, 2 outputs, 2 frames, priced at 0.1 pJ an add and 3.1 pJ a multiply."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels import load_accelerator
from hwmodels.records import COLUMNS, MESSAGE_COLUMNS
from reports import Chunk, PartialRun, Run, RunWriter, open_partial

NS = 10**6
MODES = ("original", "rounding", "sigma_delta")
# mode: for each of two frames (non-zero inputs, values sent, |s|_L1, wire messages, multiplies per message and output)
TRAFFIC = {
    "original": [(2, 3, 300, 3, 1), (2, 3, 310, 3, 1)],
    "temporal_difference": [(2, 2, 300, 2, 1), (1, 1, 10, 1, 1)],
    "rounding": [(2, 2, 4, 4, 0), (2, 2, 4, 4, 0)],
    "sigma_delta": [(2, 2, 4, 4, 0), (1, 1, 1, 1, 0)],
}
OUTPUTS = {
    "original": [[10, 3], [8, 4]],
    "temporal_difference": [[10, 3], [8, 4]],
    "rounding": [[5, 1], [1, 4]],
    "sigma_delta": [[5, 1], [1, 4]],
}
LAYERS: list[dict[str, Any]] = [
    {"core": 0, "layer": "input", "neurons": 3, "fan_out": 2},
    {"core": 1, "layer": "output", "neurons": 2, "fan_out": 0},
]
MESH: dict[str, Any] = {
    "columns": 2,
    "rows": 1,
    "cores_per_tile": 1,
    "links": "private",
    "multicast": False,
    "used_links": [],
}
EXPERIMENT = "name: tiny\n"


def manifest(modes: Sequence[str] = MODES, **more: Any) -> dict[str, Any]:
    """The manifest of the example. Output 1 counts three times as much as output 0 at full fixed point."""
    scales = {mode: [1.0, 3.0] if mode in {"original", "temporal_difference"} else [1.0, 1.0] for mode in modes}
    return {"name": "tiny", "modes": list(modes), "network": "net", "dataset": "data", "output_scales": scales, **more}


def counts(mode: str, frame: int, wait_ns: int = 0) -> dict[str, NDArray[np.int64]]:
    """The two rows of a frame, which starts at 100 ns times `frame` and takes 30 ns and `wait_ns` more."""
    nonzero, values, l1, messages, multiplies = TRAFFIC[mode][frame % 2]
    rows = {name: np.zeros(2, np.int64) for name in ("frame", "core", *COLUMNS)}
    start = 100 * NS * frame
    rows["frame"][:], rows["core"][1] = frame, 1
    for name, value in {"nonzero": nonzero, "values_out": values, "fires": values, "l1_out": l1}.items():
        rows[name][0] = value
    rows["messages_out"][0] = rows["messages_in"][1] = messages
    rows["adds"][1], rows["multiplies"][1] = 2 * messages, 2 * messages * multiplies
    rows["accumulator_peak"][1] = 1024 if frame else 100
    rows["queue_peak"][1] = 2 + frame
    rows["digest"][:] = (11, 22) if mode in {"rounding", "sigma_delta"} else (33, 44)
    rows["serve_first_fs"][:] = start, start + 4 * NS
    rows["serve_end_fs"][:] = start, start + (20 + wait_ns) * NS
    rows["update_start_fs"][:] = rows["serve_end_fs"]
    rows["update_end_fs"][:] = start + 10 * NS, start + (30 + wait_ns) * NS
    rows["serve_busy_fs"][1] = 6 * NS
    rows["update_busy_fs"][:] = 8 * NS, 10 * NS
    rows["blocked_injection_fs"][0] = rows["blocked_queue_fs"][0] = NS
    rows["starved_fs"][:] = (90 * NS if frame else 0), (84 if frame else 14) * NS
    return rows


def messages(mode: str, frame: int) -> pd.DataFrame:
    """The messages of a frame, one a nanosecond from 4 ns on, each served in a nanosecond."""
    number = TRAFFIC[mode][frame % 2][3]
    sent = 100 * NS * frame + NS * np.arange(3, 3 + number)
    ones = np.ones(number)
    values = [ones * frame, 0 * ones, ones, np.arange(number), ones]
    columns = [*values, sent - NS, sent, sent + NS, sent + NS, sent + 2 * NS]
    return pd.DataFrame(dict(zip(MESSAGE_COLUMNS, columns, strict=True))).astype(np.int64)


def add_chunks(partial: RunWriter, modes: Sequence[str] = MODES, *, until: int = 2, record: bool = False) -> None:
    """Add the chunks of one frame each that are not there yet, up to frame `until`."""
    for frame in range(partial.finished_chunks(), until):
        chunks = {mode: chunk(mode, frame, record=record) for mode in modes}
        partial.add_chunk(frame, chunks, {"next": np.array(frame + 1)})


def chunk(mode: str, frame: int, *, record: bool = False) -> Chunk:
    """One frame of one mode."""
    rows = counts(mode, frame, wait_ns=10 if mode == "original" and frame == 1 else 0)
    return Chunk(rows, np.array([OUTPUTS[mode][frame % 2]]), messages(mode, frame) if record else None)


def finished(
    partial: RunWriter,
    description: dict[str, Any],
    *,
    frames: int = 2,
    labels: bool = True,
    quantisation: dict[str, Any] | None = None,
) -> Run:
    """Finish the run with label 0 for every frame."""
    accelerator = load_accelerator("oconnor2017-int32").model_dump(mode="json", by_alias=True)
    pictures = np.arange(frames * 4, dtype=np.uint8).reshape(frames, 2, 2)
    known = np.zeros(frames, np.int64) if labels else None
    return partial.finish(description, EXPERIMENT, accelerator, LAYERS, known, pictures, quantisation, mesh=MESH)


def finish(partial: PartialRun, description: dict[str, Any], **more: Any) -> Path:
    """Finish the run in its directory."""
    return finished(partial, description, **more).path


def make_run(
    path: Path,
    modes: Sequence[str] = MODES,
    *,
    frames: int = 2,
    labels: bool = True,
    record: bool = False,
    quantisation: dict[str, Any] | None = None,
    **more: Any,
) -> Path:
    """Write the example run to `path`; `more` goes into its manifest."""
    partial = open_partial(path, "a" * 64)
    add_chunks(partial, modes, until=frames, record=record)
    return finish(partial, manifest(modes, **more), frames=frames, labels=labels, quantisation=quantisation)
