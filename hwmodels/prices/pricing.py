"""Energy from counts: counts x price per action, plus leakage x time. Pure, vectorised, exact integers (aJ).

Every energy is a whole number of attojoules: a row's action costs count * price exactly, and power times time, the
only product that is not a whole number, is rounded once per row and column. So sums do not depend on how the rows are
grouped. Energies can pass the 9.2 J an int64 holds (10 W for a second do): a column in which one does holds Python
integers, and `exact_sum` and `totals` add without that limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels.memory import access_energy_aj
from hwmodels.records import ACTIONS
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.parts import Core
from hwmodels.schema.units import FS_PER_SECOND
from hwmodels.timing import core_count, core_positions

Int64Array = NDArray[np.int64]
Energies: TypeAlias = NDArray[Any]
"""Attojoules, int64; Python integers where one is too large for that."""

WHOLE_CHIP: Final = -1
NW_PER_MW: Final = 10**6
LARGEST_INT64: Final = 2**63 - 1


@dataclass(frozen=True)
class EnergyColumn:
    """One column of the energy table: its name, and the component and action whose energy it holds."""

    name: str
    component: str
    action: str


def _column_name(component: str, action: str) -> str:
    return f"{component}_{action}_aj".replace(" ", "_").replace("-", "_")


ACTION_COLUMNS: Final = tuple(EnergyColumn(_column_name(a.component, a.action), a.component, a.action) for a in ACTIONS)
LEAKAGE_COLUMNS: Final = (
    EnergyColumn("leakage_core_aj", "leakage", "core"),
    EnergyColumn("leakage_idle_core_aj", "leakage", "idle core"),
    EnergyColumn("leakage_unused_core_aj", "leakage", "unused core"),
    EnergyColumn("leakage_chip_aj", "leakage", "chip"),
)
ENERGY_COLUMNS: Final = ACTION_COLUMNS + LEAKAGE_COLUMNS
WAITING: Final = ("starved_fs", "barrier_fs", "blocked_injection_fs", "blocked_queue_fs", "blocked_memory_fs")
"""The times of a core in use that are neither serving nor updating: it idles."""
BUSY: Final = ("serve_busy_fs", "update_busy_fs")
TOTAL_COLUMNS: Final = ("arithmetic_aj", "dynamic_aj", "leakage_aj", "total_aj")
KEYS: Final = ("mode", "frame", "core", "layer")


def action_prices(accelerator: Accelerator) -> Int64Array:
    """Return the price of every action on every core, (cores, len(ACTIONS)) int64 aJ, cores in mesh order."""
    positions = core_positions(accelerator)
    rows = {id(core): _core_prices(accelerator, core) for core in positions}
    return np.array([rows[id(core)] for core in positions], dtype=np.int64)


def price(counts: pd.DataFrame, accelerator: Accelerator, positions: Sequence[int] | None = None) -> pd.DataFrame:
    """Return the energy of every row of a counts table of whole runs (all frames from the first), in aJ.

    positions: the position on the chip, in mesh order, of core number 0, 1, ... of the table; unless given, core number
    n stands at position n.

    The result has the columns mode, frame, core, layer, those of `ENERGY_COLUMNS`, and the totals `arithmetic_aj`
    (adds and multiplies only, the paper's accounting), `dynamic_aj` (all actions), `leakage_aj` and `total_aj`.
    Its first len(counts) rows are those of `counts`, in their order. After them comes one row per mode and frame with
    core and layer -1: the leakage of the chip as a whole and of its unused cores, which belongs to no core in use.

    Leakage runs through a frame's interval, from the end of the frame before it to its own end on the last layer (from
    time 0 for the first), so that over all frames it is the leakage over the whole run. A core that idles, that is
    waits for whatever reason, draws its `idle_mw` besides. Columns are int64, or Python integers where one of their
    energies is more than 9.2 J. Raise ValueError for a core that the accelerator does not have.
    """
    prices = action_prices(accelerator)
    at = _positions(counts["core"].to_numpy(np.int64), positions, accelerator, len(prices))
    cores = counts.loc[:, list(KEYS)].reset_index(drop=True)
    for index, (action, column) in enumerate(zip(ACTIONS, ACTION_COLUMNS, strict=True)):
        cores[column.name] = _product(counts[action.column].to_numpy(np.int64), prices[at, index])
    intervals = frame_intervals(counts)
    duration = cores.merge(intervals, on=["mode", "frame"], how="left")["interval_fs"].to_numpy(np.int64)
    cores["leakage_core_aj"] = _leakage_aj(duration, np.int64(accelerator.leakage.core_mw.value))
    idle = counts.loc[:, list(WAITING)].to_numpy(np.int64).sum(axis=1)
    cores["leakage_idle_core_aj"] = _leakage_aj(idle, _idle_nw(accelerator)[at])
    chip = _leakage_of_the_chip(counts, accelerator, intervals, len(prices))
    return _with_totals(pd.concat([_filled(cores), _filled(chip)], ignore_index=True))


def frame_intervals(counts: pd.DataFrame) -> pd.DataFrame:
    """Return mode, frame, interval_fs: the time between the ends of successive frames on the last layer.

    A frame ends where the last of the cores ends that the last layer runs on. Sorted by the first appearance of the
    mode, then by frame. Raise ValueError if frames do not end in their order.
    """
    mode, names = pd.factorize(counts["mode"])  # numbers: pandas looks labels up by their codes if they are categories
    layer, core = pd.factorize(counts["layer"])[0], counts["core"].to_numpy(np.int64)
    chosen = np.zeros(len(counts), bool)
    for number in range(len(names)):
        own = np.flatnonzero(mode == number)
        chosen[own] = layer[own] == layer[own[core[own].argmax()]]
    of_last = counts.loc[chosen, ["frame", "update_end_fs"]].assign(order=mode[chosen])
    ends = of_last.groupby(["order", "frame"], as_index=False)["update_end_fs"].max()  # sorted by both
    before = ends.groupby("order")["update_end_fs"].shift(fill_value=0)
    interval = ends["update_end_fs"] - before
    if (interval < 0).any():
        raise ValueError("frames do not end in their order: is the counts table of one whole run?")
    columns = {"mode": names.take(ends["order"].to_numpy()), "frame": ends["frame"], "interval_fs": interval}
    return pd.DataFrame(columns).astype({"mode": counts["mode"].dtype, "interval_fs": np.int64})


def totals(energies: pd.DataFrame, by: Sequence[str] = ("mode",)) -> pd.DataFrame:
    """Return the energies summed by the columns in `by`: Python integers, so that no sum is too large."""
    names = [column.name for column in ENERGY_COLUMNS] + list(TOTAL_COLUMNS)
    rows = []
    for key, group in energies.groupby(list(by), sort=False, observed=True):
        rows.append((*key, *(exact_sum(group[name].to_numpy()) for name in names)))
    return pd.DataFrame(rows, columns=[*by, *names], dtype=object)


def exact_sum(values: Energies) -> int:
    """Return the sum of integers as a Python integer, exact beyond the range of int64 (up to 2**31 values)."""
    if values.dtype == object:
        return sum(int(value) for value in values)
    high, low = values >> np.int64(32), values & np.int64(2**32 - 1)
    return (int(high.sum()) << 32) + int(low.sum())


def leakage_mw(accelerator: Accelerator, positions: Iterable[int]) -> float:
    """Return the static power in mW with the cores at these positions in use: theirs, the other cores', the chip's."""
    leakage, used = accelerator.leakage, len(set(positions))
    unused = core_count(accelerator) - used
    unused_nw = leakage.unused_core_mw.value if leakage.unused_core_mw else 0
    return (leakage.core_mw.value * used + unused_nw * unused + leakage.chip_mw.value) / NW_PER_MW


def idle_mw(
    counts: pd.DataFrame, accelerator: Accelerator, frame_rate_hz: float, positions: Sequence[int] | None = None
) -> dict[str, float]:
    """Return for each mode the mean power in mW that idle cores draw at a frame rate: each while it is not busy.

    How long a core is busy in a frame does not depend on the rate; what is left of 1 / rate it idles. Raise ValueError
    for a rate that is not above 0.
    """
    if frame_rate_hz <= 0:
        raise ValueError(f"frame_rate_hz is {frame_rate_hz}: it must be above 0")
    power_nw = _idle_nw(accelerator)
    at = _positions(counts["core"].to_numpy(np.int64), positions, accelerator, len(power_nw))
    busy_fs = counts.loc[:, list(BUSY)].sum(axis=1)
    mean_fs = busy_fs.groupby([counts["mode"], pd.Series(at, counts.index)], sort=False, observed=True).mean()
    idle_share = (1 - mean_fs * frame_rate_hz / FS_PER_SECOND).clip(lower=0)
    drawn = idle_share * power_nw[mean_fs.index.get_level_values(1)] / NW_PER_MW
    return {str(mode): float(value) for mode, value in drawn.groupby(level=0, sort=False, observed=True).sum().items()}


def power_mw(energy_aj_per_frame: float, static_mw: float, frame_rate_hz: float) -> float:
    """Return the mean power in mW at a frame rate: dynamic energy per frame times the rate, plus leakage all the time.

    1 aJ/s is 1e-15 mW. Raise ValueError for a negative rate.
    """
    if frame_rate_hz < 0:
        raise ValueError(f"frame_rate_hz is {frame_rate_hz}: it must be 0 or more")
    return energy_aj_per_frame * frame_rate_hz * 1e-15 + static_mw


def _core_prices(accelerator: Accelerator, core: Core) -> list[int]:
    """Return the prices of one core in aJ, in the order of ACTIONS; what the core does not have is free."""
    operations, mesh, sram = accelerator.operations, accelerator.mesh, accelerator.memories.sram
    prices = {
        "adds": operations.add[core.add.type].energy_pj.value,
        "multiplies": operations.multiply[core.multiply.type].energy_pj.value if core.multiply else 0,
        "weight_reads": access_energy_aj(sram, core, "weight", "read"),
        "state_reads": access_energy_aj(sram, core, "state", "read"),
        "state_writes": access_energy_aj(sram, core, "state", "write"),
        "off_chip_reads": accelerator.off_chip.energy_pj.value if accelerator.off_chip else 0,
        "off_chip_weight_reads": accelerator.off_chip.energy_pj.value if accelerator.off_chip else 0,
        "accesses": core.neuron.access.energy_pj.value,
        "updates": core.neuron.update.energy_pj.value,
        "fires": core.neuron.fire.energy_pj.value,
        "messages_out": core.encode.energy_pj.value,
        "messages_in": core.decode.energy_pj.value,
        "flits_local": mesh.local.energy_pj.value,
        "flit_hops_ew": mesh.east_west.energy_pj.value,
        "flit_hops_ns": mesh.north_south.energy_pj.value,
    }
    return [prices[action.column] for action in ACTIONS]


def _product(count: Int64Array, price_aj: Int64Array) -> Energies:
    if count.size and (count.astype(np.float64) * price_aj).max() >= LARGEST_INT64:
        return np.asarray(count.astype(object) * price_aj.astype(object))
    return np.asarray(count * price_aj)


def _positions(
    core: Int64Array, positions: Sequence[int] | None, accelerator: Accelerator, available: int
) -> Int64Array:
    """Return the position on the chip of every row's core. Raise ValueError if the chip does not have it."""
    at = np.arange(available) if positions is None else np.asarray(positions, dtype=np.int64)
    chip = f"{accelerator.name} has cores 0 to {available - 1}"
    if at.size and not (at.min() >= 0 and at.max() < available):
        raise ValueError(f"a core stands at position {at.max() if at.min() >= 0 else at.min()}, but {chip}")
    if len(set(at.tolist())) < at.size:
        raise ValueError("two cores stand at one position of the chip")
    if core.size and not (core.min() >= 0 and core.max() < at.size):
        known = chip if positions is None else f"there are positions of cores 0 to {at.size - 1}"
        raise ValueError(f"counts are of core {core.max()}, but {known}")
    found: Int64Array = at[core]
    return found


def _idle_nw(accelerator: Accelerator) -> Int64Array:
    """Return the idle power in nW of the core at every position."""
    return np.array([core.idle_mw.value if core.idle_mw else 0 for core in core_positions(accelerator)], dtype=np.int64)


def _leakage_of_the_chip(
    counts: pd.DataFrame, accelerator: Accelerator, intervals: pd.DataFrame, available: int
) -> pd.DataFrame:
    """Return a row per mode and frame: the leakage of the chip as a whole, and of the cores that hold no layer."""
    leakage, duration = accelerator.leakage, intervals["interval_fs"].to_numpy(np.int64)
    in_use = {str(mode): own.nunique() for mode, own in counts.groupby("mode", observed=True)["core"]}
    used = np.array([in_use[str(mode)] for mode in intervals["mode"]], np.int64)
    unused_nw = leakage.unused_core_mw.value if leakage.unused_core_mw else 0
    rows: pd.DataFrame = intervals.loc[:, ["mode", "frame"]].assign(
        core=WHOLE_CHIP,
        layer=WHOLE_CHIP,
        leakage_unused_core_aj=_leakage_aj(duration, np.asarray((available - used) * unused_nw, dtype=np.int64)),
        leakage_chip_aj=_leakage_aj(duration, np.int64(leakage.chip_mw.value)),
    )
    return rows


def _leakage_aj(duration_fs: Int64Array, power_nw: Int64Array | np.int64) -> Energies:
    """Return power x time in aJ, rounded to the nearest one: 1 mW for 1 fs is 1 aJ, so 1 nW is a millionth of it."""
    if duration_fs.size and (duration_fs.astype(np.float64) * power_nw).max() / NW_PER_MW >= LARGEST_INT64:
        exact = duration_fs.astype(object) * np.asarray(power_nw).astype(object)
        return np.asarray((exact + NW_PER_MW // 2) // NW_PER_MW)
    whole, rest = np.divmod(duration_fs, NW_PER_MW)
    whole_mw, rest_nw = np.divmod(power_nw, NW_PER_MW)  # so that no product is beyond int64
    return np.asarray(whole * power_nw + rest * whole_mw + (rest * rest_nw + NW_PER_MW // 2) // NW_PER_MW)


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every energy column, 0 where it has none."""
    missing = {column.name: np.int64(0) for column in ENERGY_COLUMNS if column.name not in table}
    return table.assign(**missing).loc[:, [*KEYS, *(column.name for column in ENERGY_COLUMNS)]]


def _with_totals(table: pd.DataFrame) -> pd.DataFrame:
    by_name = {column.name: table[column.name].to_numpy() for column in ENERGY_COLUMNS}
    if sum(float(values.max(initial=0)) for values in by_name.values()) >= LARGEST_INT64:
        by_name = {name: values.astype(object) for name, values in by_name.items()}
    arithmetic = [by_name[column.name] for column in ACTION_COLUMNS if column.component == "arithmetic"]
    return table.assign(
        arithmetic_aj=_sum_of(arithmetic),
        dynamic_aj=_sum_of([by_name[column.name] for column in ACTION_COLUMNS]),
        leakage_aj=_sum_of([by_name[column.name] for column in LEAKAGE_COLUMNS]),
        total_aj=_sum_of([by_name[column.name] for column in ENERGY_COLUMNS]),
    )


def _sum_of(columns: Sequence[Energies]) -> Energies:
    """Return the columns added up, int64 where all energies fit."""
    summed = columns[0]
    for column in columns[1:]:
        summed = summed + column
    fits = summed.dtype == object and summed.max(initial=0) <= LARGEST_INT64
    return summed.astype(np.int64) if fits else summed
