"""An experiment of the paper as it is on disk: a manifest and tables."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from deltasim.paper.records import MANIFEST, SCHEMA, PaperManifest
from reports.errors import RunError
from reports.run.atomic import read_arrays
from reports.run.records import checked

_NEEDED: Final = ("schema", "figure", "quick", "seed", "command", "network", "dataset", "notes", "settings")


@dataclass(frozen=True)
class Experiment:
    """A finished experiment in directory `path`; tables are read when they are asked for."""

    path: Path
    manifest: PaperManifest

    @property
    def figure(self) -> str:
        """Which figure of the paper: "figure2" and so on, "table" or "systems"."""
        return self.manifest["figure"]

    @property
    def command(self) -> str:
        """The command that makes it again."""
        return self.manifest["command"]

    @property
    def quick(self) -> bool:
        """True if it was made small, to see that it works: its numbers are not those of the paper's setting."""
        return self.manifest["quick"]

    @property
    def settings(self) -> dict[str, Any]:
        """Everything that decides its numbers."""
        return dict(self.manifest["settings"])

    def has(self, name: str) -> bool:
        """Whether there is a table of this name."""
        return (self.path / f"{name}.parquet").is_file()

    def table(self, name: str, *columns: str, may_be_empty: bool = False) -> pd.DataFrame:
        """NAME.parquet, which must have these columns and a row. Raises RunError, with the remedy, if it is not so."""
        path = self.path / f"{name}.parquet"
        try:
            table = pd.read_parquet(path)
        except (OSError, ValueError, pa.ArrowException) as error:
            raise RunError(f"{path} cannot be read ({error}); make it again: {self.command}") from error
        missing = [column for column in columns if column not in table.columns]
        if missing:
            raise RunError(f"{path} has no column {', '.join(missing)}; make it again: {self.command}")
        if table.empty and not may_be_empty:
            raise RunError(f"{path} has no rows; make it again: {self.command}")
        return table

    def rows(self, name: str, *columns: str, may_be_empty: bool = False) -> list[dict[str, Any]]:
        """The rows of a table as dictionaries. Raises RunError as `table` does."""
        table = self.table(name, *columns, may_be_empty=may_be_empty)
        return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]

    def arrays(self, name: str) -> dict[str, NDArray[np.generic]] | None:
        """NAME.npz, None if there is none. Raises RunError if it cannot be read."""
        path = self.path / f"{name}.npz"
        if not path.is_file():
            return None
        try:
            return dict(read_arrays(path))
        except (OSError, ValueError) as error:
            raise RunError(f"{path} cannot be read ({error}); make it again: {self.command}") from error


def load_experiment(directory: Path | str) -> Experiment:
    """The experiment in `directory`. Raises RunError, with the remedy, if there is none or of another schema."""
    path = Path(directory)
    remedy = "make it with `deltasim paper FIGURE`"
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise RunError(f"{path} holds no experiment of the paper ({error.strerror}: {MANIFEST}); {remedy}") from error
    except ValueError as error:
        raise RunError(f"{path / MANIFEST} is no JSON ({error}); {remedy}") from error
    missing = [key for key in _NEEDED if not isinstance(manifest, dict) or key not in manifest]
    if missing:
        raise RunError(f"{path / MANIFEST} lacks {', '.join(missing)}, so it is no experiment of the paper; {remedy}")
    if manifest["schema"] != SCHEMA:
        raise RunError(f"{path} has schema {manifest['schema']}, this version reads {SCHEMA}; {remedy}")
    return Experiment(path, checked(PaperManifest, manifest, str(path / MANIFEST), remedy))
