"""The links of the mesh over a whole run: what crossed each, and how busy it was."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from hwmodels.records import LINK_COLUMNS
from reports.run.mesh import link_name
from reports.run.records import MeshRecord
from reports.tables.summary import all_frames


def links_table(pieces: Iterable[pa.Table], mesh: MeshRecord, intervals: pd.DataFrame) -> pd.DataFrame:
    """One row per mode and link that is used, over all frames, from links.parquet in `pieces` of one mode each.

    `mode, link, name, from_column, from_row, to_column, to_row`, the sums of `LINK_COLUMNS` (`messages_all_frames`,
    `flits_all_frames`, `busy_all_frames_fs`, `wait_all_frames_fs`) and the largest `queue_peak`. `utilisation` is the
    share of the run, from its start to the last frame's end, that the link was busy;
    `utilisation_peak` that of the frame with the largest share of its interval (see `hwmodels.frame_intervals`). Where
    connections have links of their own, all those between the same tiles count together, and it can be more than 1.
    """
    modes, links = intervals["mode"].unique(), mesh["used_links"]
    times = {str(mode): rows["interval_fs"].to_numpy(np.int64) for mode, rows in intervals.groupby("mode", sort=False)}
    sums = {str(mode): {name: np.zeros(len(links), np.int64) for name in LINK_COLUMNS} for mode in modes}
    peaks = {str(mode): np.zeros(len(links)) for mode in modes}
    for mode, table in map(_columns, pieces):
        link, own = table["link"], sums[mode]
        for name in LINK_COLUMNS:
            (np.maximum if name == "queue_peak" else np.add).at(own[name], link, table[name])
        np.maximum.at(peaks[mode], link, table["busy_fs"] / np.maximum(times[mode][table["frame"]], 1))
    parts = [
        pd.DataFrame(
            {
                "mode": mode,
                **_places(mesh),
                **{name if name == "queue_peak" else all_frames(name): value for name, value in own.items()},
                "utilisation": own["busy_fs"] / max(int(times[mode].sum()), 1),
                "utilisation_peak": peaks[mode],
            }
        )
        for mode, own in sums.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _places(mesh: MeshRecord) -> dict[str, NDArray[Any]]:
    """Number, name and ends of every link."""
    links = mesh["used_links"]
    tiles = {"from": [link["from"] for link in links], "to": [link["to"] for link in links]}
    ends = {
        f"{end}_{axis}": np.array([tile[number] for tile in of], np.int64)
        for end, of in tiles.items()
        for number, axis in enumerate(("column", "row"))
    }
    return {"link": np.arange(len(links)), "name": np.array([link_name(link) for link in links], object), **ends}


def _columns(table: pa.Table) -> tuple[str, dict[str, NDArray[np.int64]]]:
    """Mode and columns of a piece."""
    return str(table["mode"][0]), {name: table[name].to_numpy() for name in ("frame", "link", *LINK_COLUMNS)}
