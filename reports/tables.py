"""The tables of a run: per frame, per layer, and in one row per network.

Energy is summed in integer attojoules and time in integer femtoseconds, and divided once at the end: a total does not
depend on how its rows were grouped. All functions take the counts table in the order of a run: mode by mode, frame by
frame, core by core, with every mode holding the same frames and cores.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels import ENERGY_COLUMNS, totals
from reports.equality import Equality

AJ_PER_PJ: Final = 1_000_000
FS_PER_NS: Final = 1_000_000

TIME_SHARES: Final[dict[str, tuple[str, ...]]] = {
    "busy": ("serve_busy_fs", "update_busy_fs"),
    "starved": ("starved_fs",),
    "blocked": ("blocked_link_fs", "blocked_queue_fs"),
    "barrier": ("barrier_fs",),
}
"""What a core's time goes into; together the whole time from the start of a run to the end of its last update phase."""


COMPONENTS: Final = tuple(dict.fromkeys(column.component for column in ENERGY_COLUMNS))
_LAYER_SUMS: Final = ("values_out", "l1_out", "adds", "multiplies", "saturations", "accumulator_clips")
WHOLE_CHIP: Final = "whole chip"
"""The layer under which energy is listed that belongs to no core: leakage of the chip as a whole."""


def component_column(component: str) -> str:
    """Name of a component's energy column: `weight memory` has `weight_memory_pj`."""
    return f"{component.replace(' ', '_').replace('-', '_')}_pj"


def frames_table(
    counts: pd.DataFrame,
    energies: pd.DataFrame,
    answers: Mapping[str, Any],
    interval_fs: int,
    period_fs: int | None,
) -> pd.DataFrame:
    """One row per mode and frame: operations, messages, energy in all and by component, time, and the answer.

    `energies` is what `hwmodels.price` gives for `counts`. `interval_fs` is the time between
    arrivals (0: frames are taken as fast as possible), `period_fs` the clock period (None: asynchronous, `cycles` is
    missing).

    `latency_ns` counts from a frame's arrival, or from when the input core starts on it if frames have no rate of
    arrival, to the end of the last core's update phase. `interval_ns` is the time since the last frame's end (the
    first: its latency). `answers` are further columns, see `reports.answers.answer_columns`.
    """
    cores = int(counts["core"].max()) + 1
    index = {"mode": counts["mode"].iloc[::cores].reset_index(drop=True), "frame": counts["frame"].to_numpy()[::cores]}
    traffic = _traffic(counts, cores)
    energy = {
        "total_pj": _frame_energy(energies, ["total_aj"], len(counts), cores),
        **{
            component_column(name): _frame_energy(energies, _energy_columns(name), len(counts), cores)
            for name in COMPONENTS
        },
    }
    times = _frame_times(counts, cores, interval_fs, period_fs)
    return pd.DataFrame({**index, **traffic, **energy, **times}).assign(**answers)


def _traffic(counts: pd.DataFrame, cores: int) -> dict[str, NDArray[np.int64]]:
    """Operations and messages of each frame, over all cores."""

    def summed(name: str) -> NDArray[np.int64]:
        return np.asarray(counts[name].to_numpy(np.int64).reshape(-1, cores).sum(axis=1))

    adds, multiplies = summed("adds"), summed("multiplies")
    return {
        "operations": adds + multiplies,
        "adds": adds,
        "multiplies": multiplies,
        "messages": summed("messages_out"),
        "unit_events": summed("l1_out"),
    }


def _frame_energy(energies: pd.DataFrame, names: list[str], rows: int, cores: int) -> NDArray[np.float64]:
    """Energy of each frame in pJ: of its `cores` rows among the first `rows`, and of the chip, whose rows follow."""
    per_row: NDArray[np.int64] = energies[names].sum(axis=1).to_numpy(np.int64)
    return np.asarray((per_row[:rows].reshape(-1, cores).sum(axis=1) + per_row[rows:]) / AJ_PER_PJ)


def _frame_times(counts: pd.DataFrame, cores: int, interval_fs: int, period_fs: int | None) -> dict[str, Any]:
    """Latency, time since the last frame's end, and cycles of each frame."""
    frame = counts["frame"].to_numpy()[::cores]
    start_fs = frame * interval_fs if interval_fs else counts["update_start_fs"].to_numpy()[::cores]
    end_fs = counts["update_end_fs"].to_numpy()[cores - 1 :: cores]
    latency_fs = end_fs - start_fs
    return {
        "latency_ns": latency_fs / FS_PER_NS,
        "interval_ns": np.where(frame == 0, latency_fs, np.diff(end_fs, prepend=0)) / FS_PER_NS,
        "cycles": pd.array(-(-latency_fs // period_fs) if period_fs else [None] * len(frame), dtype="Int64"),
    }


def layers_table(
    counts: pd.DataFrame, energies: pd.DataFrame, neurons: list[int], accumulator_bits: int
) -> pd.DataFrame:
    """One row per mode and core (a core holds a layer): totals over all frames, shares of time, peaks and headroom.

    `sparsity` is the share of values that were zero among those the layer could have sent; `headroom_bits` how many
    times the largest accumulator seen could still double. Energies are in pJ and, like the counts, sums over all
    frames.
    """
    cores, frames = len(neurons), int(counts["frame"].max()) + 1
    modes = len(counts) // (cores * frames)

    def cube(name: str) -> NDArray[np.int64]:
        return counts[name].to_numpy(np.int64).reshape(modes, frames, cores)

    def summed(name: str) -> NDArray[np.int64]:
        return np.asarray(cube(name).sum(axis=1).reshape(-1))

    shares = {name: np.sum([summed(column) for column in columns], axis=0) for name, columns in TIME_SHARES.items()}
    total_fs = np.maximum(np.sum(list(shares.values()), axis=0), 1)
    peak = cube("accumulator_peak").max(axis=1).reshape(-1)
    energy = totals(energies[energies["core"] >= 0], by=("mode", "core"))
    first = counts.iloc[np.add.outer(np.arange(modes) * frames * cores, np.arange(cores)).reshape(-1)]
    return pd.DataFrame(
        {
            **{name: first[name].to_numpy() for name in ("mode", "core", "layer")},
            "messages": summed("messages_out"),
            "sparsity": 1 - summed("nonzero") / (np.tile(neurons, modes) * frames),
            **{name: summed(name) for name in _LAYER_SUMS},
            "total_pj": _pj(energy["total_aj"]),
            **{component_column(name): _pj(energy[_energy_columns(name)].sum(axis=1)) for name in COMPONENTS},
            **{f"{name}_share": value / total_fs for name, value in shares.items()},
            "accumulator_peak": peak,
            "headroom_bits": accumulator_bits - 1 - np.log2(np.maximum(peak, 1)),
            "queue_peak": cube("queue_peak").max(axis=1).reshape(-1),
        }
    )


def energy_table(energies: pd.DataFrame, layer_names: list[str]) -> pd.DataFrame:
    """One row per mode, core, component and action with the energy of all frames together, in pJ.

    Columns `mode, core, layer, component, action, energy_pj`. The last core of a mode is -1, the whole chip.
    """
    summed = totals(energies, by=("mode", "core"))
    rows = [
        {
            "mode": str(entry["mode"]),
            "core": int(entry["core"]),
            "layer": layer_names[entry["core"]] if entry["core"] >= 0 else WHOLE_CHIP,
            "component": column.component,
            "action": column.action,
            "energy_pj": entry[column.name] / AJ_PER_PJ,
        }
        for entry in summed.to_dict("records")
        for column in ENERGY_COLUMNS
    ]
    return pd.DataFrame(rows)


def summary_table(
    frames: pd.DataFrame, energies: pd.DataFrame, power_mw: Mapping[str, float], equalities: tuple[Equality, ...]
) -> pd.DataFrame:
    """One row per mode, means over frames: the table that ends a run.

    `identical` says if every integer equals the partner's (missing if the partner was not simulated), `error_percent`
    needs labels, `agreement_percent` an original network and `agreement_top5_percent` more than ten classes besides;
    `cycles` (mean) needs a clock.
    """
    rows = []
    verdicts = {equality.mode: equality for equality in equalities} | {
        equality.partner: equality for equality in equalities
    }
    energy = {str(entry["mode"]): entry for entry in totals(energies).to_dict("records")}
    for mode, group in frames.groupby("mode", observed=True, sort=False):
        verdict = verdicts.get(str(mode))
        rows.append(
            {
                "mode": str(mode),
                **{name: group[name].mean() for name in ("operations", "adds", "multiplies", "messages")},
                "arithmetic_pj": energy[str(mode)]["arithmetic_aj"] / (AJ_PER_PJ * len(group)),
                "total_pj": energy[str(mode)]["total_aj"] / (AJ_PER_PJ * len(group)),
                "power_mw": power_mw[str(mode)],
                "latency_ns": group["latency_ns"].mean(),
                "latency_p99_ns": group["latency_ns"].quantile(0.99),
                "latency_max_ns": group["latency_ns"].max(),
                "cycles": _mean(group["cycles"], 1),
                "error_percent": 100 - _mean(group["correct"], 100),
                "agreement_percent": _mean(group["agrees"], 100),
                "agreement_top5_percent": _mean(group["agrees_top5"], 100),
                "identical": None if verdict is None else verdict.identical,
            }
        )
    return pd.DataFrame(rows)


def _energy_columns(component: str) -> list[str]:
    return [column.name for column in ENERGY_COLUMNS if column.component == component]


def _pj(attojoules: pd.Series[Any]) -> list[float]:
    """Python integers of any size to pJ."""
    return [value / AJ_PER_PJ for value in attojoules]


def _mean(values: pd.Series[Any], scale: float) -> float:
    """Mean of what is there, times `scale`; NaN if nothing is."""
    return float(values.mean()) * scale if values.notna().any() else float("nan")
