"""Names, schemas and checks of the files of a run directory, shared by the writer and the reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from hwmodels.modes import MODES_TABLE
from hwmodels.records import COLUMNS, INDEX_COLUMNS, LINK_COLUMNS, MESSAGE_COLUMNS
from reports.errors import RunError

MANIFEST: Final = "manifest.json"
EXPERIMENT: Final = "experiment.yaml"
ACCELERATOR: Final = "accelerator.json"
LAYERS: Final = "layers.json"
MESH: Final = "mesh.json"
COUNTS: Final = "counts.parquet"
LINKS: Final = "links.parquet"
OUTPUTS: Final = "outputs.npz"
SAMPLE_FRAMES: Final = "sample_frames.npz"
QUANTISATION: Final = "quantisation.json"
MESSAGES: Final = "messages.parquet"
DASHBOARD: Final = "dashboard.html"

_NAME: Final = pa.dictionary(pa.int32(), pa.string())
CHUNK_SCHEMA: Final = pa.schema(
    [("frame", pa.int64()), ("core", pa.int64()), *((name, pa.int64()) for name in COLUMNS)]
)
COUNTS_SCHEMA: Final = pa.schema(
    [(name, _NAME if name in {"mode", "layer"} else pa.int64()) for name in (*INDEX_COLUMNS, *COLUMNS)]
)
LINK_INDEX: Final = ("mode", "frame", "link")
LINK_CHUNK_SCHEMA: Final = pa.schema([(name, pa.int64()) for name in ("frame", "link", *LINK_COLUMNS)])
LINKS_SCHEMA: Final = pa.schema([("mode", _NAME), *LINK_CHUNK_SCHEMA])
MESSAGE_CHUNK_SCHEMA: Final = pa.schema([(name, pa.int64()) for name in MESSAGE_COLUMNS])
MESSAGES_SCHEMA: Final = pa.schema([("mode", _NAME), *((name, pa.int64()) for name in MESSAGE_COLUMNS)])


def partial_directory(path: Path) -> Path:
    """Where a run is written before it is whole: a hidden neighbour, so that the final rename stays on one disk."""
    return path.with_name(f".{path.name}.partial")


def check_mode(mode: str) -> str:
    """Return `mode` if it is one of `hwmodels.modes.MODES_TABLE`. Raises RunError."""
    if mode not in MODES_TABLE:
        raise RunError(f"unknown mode {mode!r}; the modes are {', '.join(MODES_TABLE)}")
    return mode


def names(values: NDArray[np.int32], labels: list[str]) -> pa.DictionaryArray:
    """A dictionary-encoded column: `labels[values[i]]` in row i."""
    return pa.DictionaryArray.from_arrays(pa.array(values, pa.int32()), pa.array(labels, pa.string()))


def integer_table(columns: dict[str, NDArray[Any]], schema: pa.Schema, what: str) -> pa.Table:
    """Int64 columns as a table of `schema`. Raises RunError for missing, unknown, unequal or non-integer columns."""
    missing, unknown = set(schema.names) - columns.keys(), columns.keys() - set(schema.names)
    if missing or unknown:
        raise RunError(f"{what}: missing columns {sorted(missing)}, unknown columns {sorted(unknown)}")
    for name, values in columns.items():
        if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
            raise RunError(
                f"{what}: column {name!r} is {values.dtype} of shape {values.shape}; one-dimensional integers needed"
            )
    if len({len(values) for values in columns.values()}) > 1:
        raise RunError(f"{what}: columns differ in length: { {name: len(values) for name, values in columns.items()} }")
    return pa.table(
        {name: pa.array(columns[name].astype(np.int64, copy=False)) for name in schema.names}, schema=schema
    )
