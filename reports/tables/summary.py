"""The tables of a run: per frame, per layer, per core, and in one row per network.

Energy is summed in integer attojoules and time in integer femtoseconds, and divided once at the end: a total does not
depend on how its rows were grouped. All functions take the counts table in the order of a run: mode by mode, frame by
frame, core by core, with every mode holding the same frames and cores; `parts` says which layer each core holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels import ENERGY_COLUMNS, totals
from reports.run.parts import Parts
from reports.tables.equality import Equality

AJ_PER_PJ: Final = 1_000_000
FS_PER_NS: Final = 1_000_000

STALLS: Final[dict[str, str]] = {
    "starved": "starved_fs",
    "barrier": "barrier_fs",
    "injection": "blocked_injection_fs",
    "queue": "blocked_queue_fs",
    "memory": "blocked_memory_fs",
}
"""Why a core stands still: it waits for messages, for others at the barrier, for injection into the mesh, for room in
the receivers' queues, or for off-chip memory."""
TIME_SHARES: Final[dict[str, tuple[str, ...]]] = {
    "busy": ("serve_busy_fs", "update_busy_fs"),
    **{cause: (column,) for cause, column in STALLS.items()},
}
"""What a core's time goes into; together the whole time from the start of a run to the end of its last update phase."""


COMPONENTS: Final = tuple(dict.fromkeys(column.component for column in ENERGY_COLUMNS))
WHOLE_CHIP: Final = "whole chip"
"""The layer under which energy is listed that belongs to no core: leakage of the chip as a whole."""


def all_frames(name: str) -> str:
    """How the sum over all frames is called of what `name` is in one frame, its unit still at the end:
    `messages_all_frames`, `total_all_frames_pj`. Where a name stands alone it is of one frame, or a mean per frame.
    """
    quantity, _, unit = name.rpartition("_")
    return f"{quantity}_all_frames_{unit}" if unit in {"pj", "fs"} else f"{name}_all_frames"


def energy_columns(component: str) -> list[str]:
    """The columns of the energy table that hold a component's energy."""
    return [column.name for column in ENERGY_COLUMNS if column.component == component]


def component_column(component: str) -> str:
    """Name of a component's energy column: `weight memory` has `weight_memory_pj`."""
    return f"{component.replace(' ', '_').replace('-', '_')}_pj"


def frames_table(
    counts: pd.DataFrame,
    energies: pd.DataFrame,
    parts: Parts,
    answers: Mapping[str, Any],
    interval_fs: int,
    period_fs: int | None,
) -> pd.DataFrame:
    """One row per mode and frame: operations, messages, energy while working (in all and by component), time, answer.

    `energies` is what `hwmodels.price` gives for `counts`. `interval_fs` is the time between
    arrivals (0: frames are taken as fast as possible), `period_fs` the clock period (None: asynchronous, `cycles` is
    missing).

    `latency_ns` counts from a frame's arrival, or from when the first of the input's cores starts on it if frames have
    no rate of arrival, to when the last of the last layer's cores ends. `interval_ns` is the time since the last
    frame's end (the first: its latency). `answers` are further columns, see `reports.tables.answers.answer_columns`.
    """
    cores = parts.count
    index = {"mode": counts["mode"].iloc[::cores].reset_index(drop=True), "frame": counts["frame"].to_numpy()[::cores]}
    traffic = _traffic(counts, cores)
    energy = {
        "total_pj": _frame_energy(energies, ["total_aj"], len(counts), cores),
        **{
            component_column(name): _frame_energy(energies, energy_columns(name), len(counts), cores)
            for name in COMPONENTS
        },
    }
    times = _frame_times(counts, parts, interval_fs, period_fs)
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
    columns = energies[names]
    wide = max(float(columns[name].max()) for name in names) * len(names) * (cores + 1) >= np.iinfo(np.int64).max
    per_row: NDArray[Any] = (columns.astype(object) if wide else columns).sum(axis=1).to_numpy()
    summed = per_row[:rows].reshape(-1, cores).sum(axis=1) + per_row[rows:]
    return np.asarray(summed / AJ_PER_PJ, np.float64)


def frame_limits_fs(
    counts: pd.DataFrame, parts: Parts, interval_fs: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Arrival (or start) and end of each frame, see `frames_table`."""
    starts, ends = (
        counts[f"update_{name}_fs"].to_numpy(np.int64).reshape(-1, parts.count) for name in ("start", "end")
    )
    frame = counts["frame"].to_numpy(np.int64)[:: parts.count]
    begun: NDArray[np.int64] = starts[:, parts.cores_of(0)].min(axis=1)
    ended: NDArray[np.int64] = ends[:, parts.cores_of(-1)].max(axis=1)
    return (frame * interval_fs if interval_fs else begun), ended


def _frame_times(counts: pd.DataFrame, parts: Parts, interval_fs: int, period_fs: int | None) -> dict[str, Any]:
    """Latency, time since the last frame's end, and cycles of each frame."""
    frame = counts["frame"].to_numpy()[:: parts.count]
    start_fs, end_fs = frame_limits_fs(counts, parts, interval_fs)
    latency_fs = end_fs - start_fs
    return {
        "latency_ns": latency_fs / FS_PER_NS,
        "interval_ns": np.where(frame == 0, latency_fs, np.diff(end_fs, prepend=0)) / FS_PER_NS,
        "cycles": pd.array(-(-latency_fs // period_fs) if period_fs else [None] * len(frame), dtype="Int64"),
    }


def energy_table(energies: pd.DataFrame, parts: Parts) -> pd.DataFrame:
    """One row per mode, core, component and action with the energy of all frames together, in pJ.

    Columns `mode, core, layer, component, action, energy_all_frames_pj`. The last core of a mode is -1, the whole chip.
    """
    summed = totals(energies, by=("mode", "core"))
    rows = [
        {
            "mode": str(entry["mode"]),
            "core": int(entry["core"]),
            "layer": parts.layers[parts.layer[entry["core"]]] if entry["core"] >= 0 else WHOLE_CHIP,
            "component": column.component,
            "action": column.action,
            all_frames("energy_pj"): entry[column.name] / AJ_PER_PJ,
        }
        for entry in summed.to_dict("records")
        for column in ENERGY_COLUMNS
    ]
    return pd.DataFrame(rows)


class AtRate(TypedDict):
    """One frame's energy with leakage and idle power for the whole interval 1 / rate, the mean power, and the rate."""

    energy_at_rate_pj: float
    power_mw: float
    rate_hz: float


class AtOwnRate(AtRate):
    """The same, and the most frames a second that the chip was seen to take."""

    sustained_hz: float


class SummaryRow(AtOwnRate):
    """A row of the summary; see `summary_table`."""

    mode: str
    operations: float
    adds: float
    multiplies: float
    messages: float
    arithmetic_pj: float
    total_pj: float
    latency_ns: float
    latency_p99_ns: float
    latency_max_ns: float
    cycles: float
    error_percent: float
    agreement_percent: float
    agreement_top5_percent: float
    identical: bool | None


def summary_table(
    frames: pd.DataFrame,
    energies: pd.DataFrame,
    at_rate: Mapping[str, AtOwnRate],
    equalities: tuple[Equality, ...],
) -> pd.DataFrame:
    """One row per mode, means over frames: the table that ends a run. Columns are called as in `frames_table`, whose
    means they are; sums over frames have other names (`all_frames`).

    `total_pj` is a frame's energy while it was worked on, with leakage from the end of the frame before to its own;
    `at_rate` says for each mode what it is for the whole interval of a frame rate: `energy_at_rate_pj`, `power_mw`,
    which is that times the rate, the rate itself, `rate_hz`, and the most that the chip was seen to take,
    `sustained_hz` (the rate of arrival if it takes all that comes).
    `identical` says if every integer equals the partner's (missing if the partner was not simulated), `error_percent`
    needs labels, `agreement_percent` an original network and `agreement_top5_percent` more than ten classes besides;
    `cycles` (mean) needs a clock.
    """
    rows: list[SummaryRow] = []
    verdicts = {equality.mode: equality for equality in equalities} | {
        equality.partner: equality for equality in equalities
    }
    energy = {str(entry["mode"]): entry for entry in totals(energies).to_dict("records")}
    for mode, group in frames.groupby("mode", observed=True, sort=False):
        verdict = verdicts.get(str(mode))
        rows.append(
            {
                "mode": str(mode),
                "operations": group["operations"].mean(),
                "adds": group["adds"].mean(),
                "multiplies": group["multiplies"].mean(),
                "messages": group["messages"].mean(),
                "arithmetic_pj": energy[str(mode)]["arithmetic_aj"] / (AJ_PER_PJ * len(group)),
                "total_pj": energy[str(mode)]["total_aj"] / (AJ_PER_PJ * len(group)),
                **at_rate[str(mode)],
                "latency_ns": group["latency_ns"].mean(),
                "latency_p99_ns": float(group["latency_ns"].quantile(0.99)),
                "latency_max_ns": group["latency_ns"].max(),
                "cycles": _mean(group["cycles"], 1),
                "error_percent": 100 - _mean(group["correct"], 100),
                "agreement_percent": _mean(group["agrees"], 100),
                "agreement_top5_percent": _mean(group["agrees_top5"], 100),
                "identical": None if verdict is None else verdict.identical,
            }
        )
    return pd.DataFrame(rows)


def _mean(values: pd.Series[Any], scale: float) -> float:
    """Mean of what is there, times `scale`; NaN if nothing is."""
    return float(values.mean()) * scale if values.notna().any() else float("nan")
