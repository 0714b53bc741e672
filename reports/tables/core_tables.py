"""The tables by layer and by core: what each did over all frames, and where its time went.

Sums over cores are made of integers (energies: Python integers of attojoules) and divided once, so that what the cores
of a layer have adds up to what the layer has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels import totals
from reports.run.parts import Parts
from reports.tables.summary import AJ_PER_PJ, COMPONENTS, TIME_SHARES, all_frames, component_column, energy_columns

_SUMS: Final = ("values_out", "l1_out", "adds", "multiplies", "saturations", "accumulator_clips")
_FIRST: Final = frozenset({"serve_first_fs", "update_start_fs"})
_LAST: Final = frozenset({"serve_end_fs", "update_end_fs", "queue_peak"})
_KEYS: Final = frozenset({"mode", "frame", "core", "layer"})
_LOW: Final = np.int64(2**32 - 1)
_PLACE: Final = ("position", "column", "row", "kind")


def layer_counts(counts: pd.DataFrame, parts: Parts) -> pd.DataFrame:
    """The counts table with one row per mode, frame and layer, and `layer_index` in place of `core`.

    Counts and spans of time are sums over the layer's cores; a phase starts with its first core and ends with its last;
    queue peaks are the largest. What is said of a layer's integers stands in the row of its first core alone, so that
    it is a sum too.
    """
    if not parts.is_split:
        return counts.rename(columns={"core": "layer_index"})
    index = counts.iloc[np.add.outer(np.arange(0, len(counts), parts.count), parts.first).reshape(-1)]
    table: dict[str, Any] = {name: index[name].to_numpy() for name in ("mode", "frame")}
    table |= {
        "layer_index": np.tile(np.arange(len(parts.layers)), len(counts) // parts.count),
        "layer": index["layer"].to_numpy(),
    }
    for name in counts.columns:
        if name not in _KEYS:
            values = counts[name].to_numpy(np.int64).reshape(-1, parts.count)
            made = parts.least if name in _FIRST else parts.largest if name in _LAST else parts.sums
            table[name] = made(values).reshape(-1)
    return pd.DataFrame(table).astype({"mode": counts["mode"].dtype, "layer": counts["layer"].dtype})


def layers_table(
    counts: pd.DataFrame, energies: pd.DataFrame, parts: Parts, neurons: Sequence[int], accumulator_bits: int
) -> pd.DataFrame:
    """One row per mode and layer: totals over all frames, shares of time, peaks and headroom.

    `counts` and `energies` are by core, `neurons` by layer. `cores` is how many the layer runs on; shares are of the
    time of all of them, peaks the largest. `sparsity` is the share of values that were zero among those the layer could
    have sent; `headroom_bits` how many times the largest accumulator seen could still double. Counts and energies (pJ)
    are sums over all frames and called so: `messages_all_frames`, `total_all_frames_pj` (see `tables.all_frames`).
    """
    table = layer_counts(counts, parts)
    layers = len(parts.layers)
    modes, frames = len(counts["mode"].unique()), int(counts["frame"].max()) + 1
    over = _OverFrames(table, layers)
    peak = over.largest("accumulator_peak")
    return pd.DataFrame(
        {
            "mode": _repeated(counts["mode"].unique(), layers),
            "layer_index": np.tile(np.arange(layers), modes),
            "layer": np.tile(np.array(parts.layers, object), modes),
            "cores": np.tile(parts.sizes, modes),
            all_frames("messages"): over.summed("messages_out"),
            "sparsity": 1 - over.summed("nonzero") / (np.tile(neurons, modes) * frames),
            **{all_frames(name): over.summed(name) for name in _SUMS},
            **_energy(energies, parts.sums, modes),
            **_OverFrames(counts, parts.count).shares(parts.sums),
            "accumulator_peak": peak,
            "headroom_bits": accumulator_bits - 1 - np.log2(np.maximum(peak, 1)),
            "queue_peak": over.largest("queue_peak"),
        }
    )


def cores_table(
    counts: pd.DataFrame, energies: pd.DataFrame, parts: Parts, entries: Sequence[Mapping[str, object]]
) -> pd.DataFrame:
    """One row per mode and core in use: what it holds and where it stands, totals over all frames, and its time.

    `entries` is layers.json. `utilisation` is the share of the run, from its start to its last frame's end, that the
    core was serving or updating; the shares are of the core's own time, up to the end of its last update phase.
    Counts and energies (pJ) are sums over all frames and called so: `messages_all_frames`, `total_all_frames_pj` (see
    `tables.all_frames`).
    """
    modes = len(counts["mode"].unique())
    over = _OverFrames(counts, parts.count)
    held = {
        "core": np.arange(parts.count),
        "name": np.array(parts.names, object),
        "layer_index": parts.layer,
        "layer": np.array(parts.layers, object)[parts.layer],
        "part": np.arange(parts.count) - parts.first[parts.layer],
        "parts": parts.sizes[parts.layer],
        **{
            name: [entry.get(name, entry["core"] if name == "position" else None) for entry in entries]
            for name in _PLACE
        },
    }
    whole_fs = np.repeat(over.largest("update_end_fs").reshape(modes, -1).max(axis=1), parts.count)
    busy_fs = over.summed("serve_busy_fs") + over.summed("update_busy_fs")
    return pd.DataFrame(
        {
            "mode": _repeated(counts["mode"].unique(), parts.count),
            **{name: np.tile(np.array(values), modes) for name, values in held.items()},
            all_frames("messages"): over.summed("messages_out"),
            all_frames("messages_in"): over.summed("messages_in"),
            all_frames("flits"): sum(over.summed(name) for name in ("flits_local", "flit_hops_ew", "flit_hops_ns")),
            **{all_frames(name): over.summed(name) for name in _SUMS},
            **_energy(energies, lambda values: values, modes),
            "utilisation": busy_fs / np.maximum(whole_fs, 1),
            **over.shares(),
            "queue_peak": over.largest("queue_peak"),
        }
    )


class _OverFrames:
    """Columns of a counts table as sums or peaks over frames: (modes * places,); places are cores or layers."""

    def __init__(self, table: pd.DataFrame, places: int) -> None:
        self._table = table
        self._shape = (-1, int(table["frame"].max()) + 1, places)

    def summed(self, name: str) -> NDArray[np.int64]:
        return np.asarray(self._cube(name).sum(axis=1).reshape(-1))

    def largest(self, name: str) -> NDArray[np.int64]:
        return np.asarray(self._cube(name).max(axis=1).reshape(-1))

    def shares(
        self, together: Callable[[NDArray[np.int64]], NDArray[np.int64]] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Of the time accounted for, by what it went into. `together` adds up (rows, places) over some of the places.

        The time of one place fits an int64 of fs, that of several need not: halves are added up, and put together as
        floats, which rounds once.
        """
        spent = {}
        for name, columns in TIME_SHARES.items():
            times = np.array([self.summed(column) for column in columns])
            halves = [part.sum(axis=0).reshape(-1, self._shape[2]) for part in (times >> 32, times & _LOW)]
            spent[name] = np.array([(together(half) if together else half).reshape(-1) for half in halves])
        whole = np.maximum(_as_float(np.sum([*spent.values()], axis=0)), 1)
        return {f"{name}_share": _as_float(halves) / whole for name, halves in spent.items()}

    def _cube(self, name: str) -> NDArray[np.int64]:
        return self._table[name].to_numpy(np.int64).reshape(self._shape)


def _energy(energies: pd.DataFrame, by_place: Any, modes: int) -> dict[str, list[float]]:  # noqa: ANN401 - an array's sums
    """In pJ, the total and by component; `by_place` adds up (modes, cores) Python integers."""
    by_core = totals(energies[energies["core"] >= 0], by=("mode", "core"))

    def pj(columns: list[str]) -> list[float]:
        summed = by_place(by_core[columns].sum(axis=1).to_numpy(object).reshape(modes, -1))
        return [value / AJ_PER_PJ for value in summed.reshape(-1)]

    return {
        all_frames("total_pj"): pj(["total_aj"]),
        **{all_frames(component_column(name)): pj(energy_columns(name)) for name in COMPONENTS},
    }


def _as_float(halves: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(halves[0] * 2.0**32 + halves[1], np.float64)


def _repeated(modes: Any, times: int) -> pd.Series[Any]:  # noqa: ANN401 - an array or a categorical
    names = [str(mode) for mode in modes]
    return pd.Series(np.repeat(np.array(names, object), times)).astype(pd.CategoricalDtype(names))
