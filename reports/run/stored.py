"""The files of a finished run, with every check that keeps a damaged run from looking like a result."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hwmodels.modes import MODES_TABLE
from hwmodels.records import SCHEMA_VERSION
from reports.errors import RunError
from reports.run import files
from reports.run.atomic import read_json
from reports.run.consolidate import describe
from reports.run.records import FileRecord, Manifest, Record, checked

_NEEDED = frozenset(
    {
        files.EXPERIMENT,
        files.ACCELERATOR,
        files.LAYERS,
        files.MESH,
        files.COUNTS,
        files.LINKS,
        files.OUTPUTS,
        files.SAMPLE_FRAMES,
    }
)


def read_manifest(path: Path) -> Manifest:
    """manifest.json of the run in directory `path`. Raises RunError if that is no finished run of this version."""
    if path.exists() and not path.is_dir():
        raise RunError(f"{path}: is a file, not a run directory")
    if not path.is_dir():
        hint = (
            "; an unfinished run of it exists, start it again to go on"
            if files.partial_directory(path).is_dir()
            else ""
        )
        raise RunError(f"{path}: no such run directory{hint}")
    if (path / "partial.json").is_file():
        raise RunError(f"{path}: this run is unfinished; start it again to go on from its last finished chunk")
    if not (path / files.MANIFEST).is_file():
        raise RunError(f"{path}: is no run directory (it has no {files.MANIFEST})")
    try:
        manifest = read_json(path / files.MANIFEST)
        version, listed, modes = manifest["schema_version"], dict(manifest["files"]), list(manifest["modes"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RunError(
            f"{path / files.MANIFEST}: not a manifest of a run ({error!r}); simulate the run again"
        ) from error
    if not all(isinstance(each, dict) and {"bytes", "sha256"} <= each.keys() for each in listed.values()):
        raise RunError(f"{path / files.MANIFEST}: its list of files is malformed; simulate the run again")
    if version != SCHEMA_VERSION:
        raise RunError(
            f"{path}: written in schema version {version}, this program reads {SCHEMA_VERSION}; simulate the "
            f"run again, from what it was made of: deltasim run EXPERIMENT --out {path} --overwrite"
        )
    if not listed.keys() >= _NEEDED or not modes:
        raise RunError(
            f"{path / files.MANIFEST}: lists no modes, or not all of {sorted(_NEEDED)}; simulate the run again"
        )
    if unknown := [str(mode) for mode in modes if str(mode) not in MODES_TABLE]:
        raise RunError(
            f"{path / files.MANIFEST}: modes: {', '.join(unknown)}: not known to this program, which has "
            f"{', '.join(MODES_TABLE)}; read the run with the version that wrote it, or simulate it again with these"
        )
    return checked(Manifest, dict(manifest), str(path / files.MANIFEST))


def read_record(kind: type[Record], file: Path) -> Record:
    """What a JSON file of the run holds. Raises OSError or ValueError, or RunError if it is no such record."""
    return checked(kind, read_json(file), str(file))


def check_file(file: Path, expected: FileRecord) -> None:
    """Raise RunError unless the file is there, of the size and with the hash that the manifest says."""
    try:
        found = describe(file)
    except OSError as error:
        raise RunError(
            f"{file}: cannot be read ({error.strerror}), but belongs to the run; simulate the run again"
        ) from error
    if found["bytes"] != expected["bytes"]:
        raise RunError(
            f"{file}: has {found['bytes']} bytes, was written with {expected['bytes']}; simulate the run again"
        )
    if found["sha256"] != expected["sha256"]:
        raise RunError(f"{file}: was changed since the run was written (its hash differs); simulate the run again")


def read_parquet(file: Path, columns: list[str], chosen: pc.Expression | None = None) -> pd.DataFrame:
    """Read the chosen rows of a table, names as categories. Raises RunError if it is no such table."""
    try:
        table = pq.read_table(file, filters=chosen)
    except (OSError, pa.ArrowException) as error:
        raise RunError(f"{file}: not a readable Parquet file ({error}); simulate the run again") from error
    if table.column_names != columns:
        raise RunError(f"{file}: has other columns than a run of this version; simulate the run again")
    frame: pd.DataFrame = table.to_pandas()
    return frame


def chosen_frames(mode: str | None, first: int, last: int | None) -> pc.Expression:
    """The rows of one mode (None: of all) and of frames `first` to `last` (None: to the end)."""
    chosen = pc.field("frame") >= first
    if last is not None:
        chosen &= pc.field("frame") <= last
    if mode is not None:
        chosen &= pc.field("mode") == mode
    return chosen
