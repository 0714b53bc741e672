"""Where the large tables of a finished run are: whoever reads them does not ask."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hwmodels.records import LINK_COLUMNS, MESSAGE_COLUMNS
from reports.run import files
from reports.run.stored import read_parquet


class Store(Protocol):
    """The large tables of a run, in a directory or in memory (`reports.run.consolidate.ChunkStore`)."""

    @property
    def has_messages(self) -> bool:
        """True if every message on the wire was recorded."""

    def messages(self, chosen: pc.Expression) -> pd.DataFrame:
        """The chosen rows of messages.parquet; only if there are messages."""

    def links(self, chosen: pc.Expression) -> pd.DataFrame:
        """The chosen rows of links.parquet."""

    def link_pieces(self) -> Iterator[pa.Table]:
        """All of links.parquet in pieces, in each of which there is one mode only."""

    def write(self, folder: Path) -> None:
        """Write the files of the large tables, which are counts, links, messages and outputs, into `folder`."""


@dataclass(frozen=True)
class DirectoryStore:
    """The large tables in the files of a run directory."""

    path: Path
    has_messages: bool

    def messages(self, chosen: pc.Expression) -> pd.DataFrame:
        """The chosen rows, without reading the others into memory."""
        return read_parquet(self.path / files.MESSAGES, ["mode", *MESSAGE_COLUMNS], chosen)

    def links(self, chosen: pc.Expression) -> pd.DataFrame:
        """The chosen rows, without reading the others into memory."""
        return read_parquet(self.path / files.LINKS, [*files.LINK_INDEX, *LINK_COLUMNS], chosen)

    def link_pieces(self) -> Iterator[pa.Table]:
        """Row group by row group."""
        stored = pq.ParquetFile(self.path / files.LINKS)
        for number in range(stored.num_row_groups):
            yield stored.read_row_group(number)

    def write(self, folder: Path) -> None:
        """Copy the files as they are."""
        messages = [files.MESSAGES] if self.has_messages else []
        for name in (files.COUNTS, files.LINKS, files.OUTPUTS, *messages):
            shutil.copyfile(self.path / name, folder / name)
