"""Where an experiment of the paper leaves its tables: a directory that is there whole or not at all.

While it is being made the directory has a hidden name; what an interrupted attempt had finished (checkpoints of the
search for scales) is still there when the same experiment is started again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Final

import pandas as pd

from deltasim.experiment.fingerprint import versions
from deltasim.paper.records import MANIFEST, SCHEMA, PaperManifest
from reports import RunError
from reports.run.atomic import write_text
from workloads.content_hash import content_sha256, not_hashed
from workloads.naming import naming

_MARKER: Final = "unfinished.json"


@dataclass(frozen=True)
class Figure:
    """One experiment about to be made: which one, how, and the command that says so.

    `settings` is everything that decides its numbers; `network` and `dataset` are their names, for people.
    """

    name: str
    command: str = field(metadata=not_hashed("says in other words what the other fields say"))
    quick: bool
    seed: int
    network: str
    dataset: str
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Equal for two experiments exactly when they must give the same tables."""
        return content_sha256(self)


Notes = list[str]
Say = Callable[[str], None]


def make_figure(figure: Figure, path: Path, make: Callable[[Path], Notes], *, overwrite: bool = False) -> bool:
    """Have `make` write its tables into a directory, which becomes `path` when all went well.

    `make` gives notes for the page. Returns whether anything was done: the same experiment, finished by the same
    versions, is left as it is. Raises RunError if `path` holds something else, unless `overwrite`.
    """
    if path.exists() and not overwrite:
        if finished_hash(path) == figure.sha256:
            return False
        raise RunError(
            f"{path} holds another experiment than is asked for now, or was made by other versions: choose another "
            "directory with --out, or replace it with --overwrite"
        )
    if path.exists() and finished_hash(path) is None:
        raise RunError(f"{path} is no experiment of the paper, so it is not replaced: choose another place with --out")
    unfinished = path.absolute().with_name(f".{path.name}.unfinished")
    _begin(unfinished, figure)
    notes = make(unfinished)
    _finish(unfinished, figure, notes)
    _replace(path, unfinished)
    return True


def finished_hash(path: Path) -> str | None:
    """What `Figure.sha256` was for the finished experiment in `path`; None if that is none, or of other versions."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        same = manifest["schema"] == SCHEMA and manifest["versions"] == paper_versions()
        return str(manifest["config_sha256"]) if same else ""
    except (OSError, ValueError, KeyError, TypeError):
        return None


def paper_versions() -> dict[str, str]:
    """Those of a run, and JAX's, which finds the scales."""
    try:
        return {**versions(), "jax": metadata.version("jax")}
    except metadata.PackageNotFoundError:
        return versions()


def write_table(directory: Path, name: str, table: pd.DataFrame) -> None:
    """Write NAME.parquet, without an index."""
    with naming(directory / f"{name}.parquet"):
        table.to_parquet(directory / f"{name}.parquet", index=False, compression="zstd")


def _begin(unfinished: Path, figure: Figure) -> None:
    """An empty directory, or the one that an earlier attempt at the same left."""
    marker = unfinished / _MARKER
    same = {"sha256": figure.sha256, "versions": paper_versions()}
    if unfinished.exists():
        try:
            if json.loads(marker.read_text(encoding="utf-8")) == same:
                return
        except (OSError, ValueError):
            pass
        shutil.rmtree(unfinished)
    unfinished.mkdir(parents=True)
    write_text(marker, json.dumps(same))


def _finish(unfinished: Path, figure: Figure, notes: Notes) -> None:
    manifest: PaperManifest = {
        "schema": SCHEMA,
        "figure": figure.name,
        "quick": figure.quick,
        "seed": figure.seed,
        "command": figure.command,
        "versions": paper_versions(),
        "config_sha256": figure.sha256,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "network": figure.network,
        "dataset": figure.dataset,
        "notes": notes,
        "settings": figure.settings,
    }
    write_text(unfinished / MANIFEST, json.dumps(manifest, indent=2, allow_nan=False))
    (unfinished / _MARKER).unlink()
    for checkpoint in unfinished.glob("*.checkpoint.npz"):
        checkpoint.unlink()


def _replace(path: Path, finished: Path) -> None:
    """Put the finished directory where an older one may stand, which is gone only when the new one is there."""
    old = path.absolute().with_name(f".{path.name}.old")
    if old.exists():
        shutil.rmtree(old)
    if path.exists():
        path.rename(old)
    finished.rename(path)
    if old.exists():
        shutil.rmtree(old)
