"""Energy from counts: counts x price per action, plus leakage x time. Pure, vectorised, exact integers (aJ).

Every energy is an int64 number of attojoules: a row's action costs count * price exactly, and leakage, the only product
that is not a whole number, is rounded once per row. So sums do not depend on how the rows are grouped. Sums of a whole
run can pass the 9.2 J an int64 holds: `exact_sum` and `totals` add without that limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels.memory import access_energy_aj
from hwmodels.parts import Core
from hwmodels.records import ACTIONS
from hwmodels.schema import Accelerator
from hwmodels.timing import core_positions

Int64Array = NDArray[np.int64]

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
    EnergyColumn("leakage_chip_aj", "leakage", "chip"),
)
ENERGY_COLUMNS: Final = ACTION_COLUMNS + LEAKAGE_COLUMNS
TOTAL_COLUMNS: Final = ("arithmetic_aj", "dynamic_aj", "leakage_aj", "total_aj")
KEYS: Final = ("mode", "frame", "core", "layer")


def action_prices(accelerator: Accelerator) -> Int64Array:
    """Return the price of every action on every core, (cores, len(ACTIONS)) int64 aJ, cores in mesh order."""
    positions = core_positions(accelerator)
    rows = {id(core): _core_prices(accelerator, core) for core in positions}
    return np.array([rows[id(core)] for core in positions], dtype=np.int64)


def price(counts: pd.DataFrame, accelerator: Accelerator) -> pd.DataFrame:
    """Return the energy of every row of a counts table of whole runs (all frames from the first), in aJ.

    The result has the columns mode, frame, core, layer, those of `ENERGY_COLUMNS`, and the totals `arithmetic_aj`
    (adds and multiplies only, the paper's accounting), `dynamic_aj` (all actions), `leakage_aj` and `total_aj`.
    Its first len(counts) rows are those of `counts`, in their order. After them comes one row per mode and frame with
    core and layer -1: the leakage of the chip as a whole, which belongs to no core.

    Leakage runs through a frame's interval, from the end of the frame before it to its own end on the last core used
    (from time 0 for the first), so that over all frames it is the leakage over the whole run. Cores without rows are
    taken to be switched off. Raise ValueError for a core that the accelerator does not have, and for a row of more
    than 9.2 J.
    """
    prices = action_prices(accelerator)
    core = counts["core"].to_numpy(np.int64)
    if core.size and not (core.min() >= 0 and core.max() < len(prices)):
        raise ValueError(f"counts are of core {core.max()}, but {accelerator.name} has cores 0 to {len(prices) - 1}")
    intervals = frame_intervals(counts)
    cores = counts.loc[:, list(KEYS)].reset_index(drop=True)
    for index, (action, column) in enumerate(zip(ACTIONS, ACTION_COLUMNS, strict=True)):
        cores[column.name] = _product(counts[action.column].to_numpy(np.int64), prices[core, index])
    duration = cores.merge(intervals, on=["mode", "frame"], how="left")["interval_fs"].to_numpy(np.int64)
    cores["leakage_core_aj"] = _leakage_aj(duration, accelerator.leakage.core_mw.value)
    chip = intervals.loc[:, ["mode", "frame"]].assign(core=WHOLE_CHIP, layer=WHOLE_CHIP)
    chip["leakage_chip_aj"] = _leakage_aj(
        intervals["interval_fs"].to_numpy(np.int64), accelerator.leakage.chip_mw.value
    )
    return _with_totals(pd.concat([_filled(cores), _filled(chip)], ignore_index=True))


def frame_intervals(counts: pd.DataFrame) -> pd.DataFrame:
    """Return mode, frame, interval_fs: the time between the ends of successive frames on the last core used.

    Sorted by the first appearance of the mode, then by frame. Raise ValueError if frames do not end in their order.
    """
    last = counts.groupby("mode", sort=False)["core"].transform("max")
    ends = counts.loc[counts["core"] == last, ["mode", "frame", "update_end_fs"]]
    order = {mode: position for position, mode in enumerate(counts["mode"].unique())}
    ends = ends.assign(order=ends["mode"].map(order)).sort_values(["order", "frame"], kind="stable")
    before = ends.groupby("order")["update_end_fs"].shift(fill_value=0)
    interval = ends["update_end_fs"] - before
    if (interval < 0).any():
        raise ValueError("frames do not end in their order: is the counts table of one whole run?")
    table = ends.loc[:, ["mode", "frame"]].assign(interval_fs=interval.astype(np.int64))
    return table.reset_index(drop=True)


def totals(energies: pd.DataFrame, by: Sequence[str] = ("mode",)) -> pd.DataFrame:
    """Return the energies summed by the columns in `by`: Python integers, so that no sum is too large."""
    names = [column.name for column in ENERGY_COLUMNS] + list(TOTAL_COLUMNS)
    rows = []
    for key, group in energies.groupby(list(by), sort=False):
        rows.append((*key, *(exact_sum(group[name].to_numpy()) for name in names)))
    return pd.DataFrame(rows, columns=[*by, *names], dtype=object)


def exact_sum(values: Int64Array) -> int:
    """Return the sum of int64 values as a Python integer, exact beyond the range of int64 (up to 2**31 values)."""
    high, low = values >> np.int64(32), values & np.int64(2**32 - 1)
    return (int(high.sum()) << 32) + int(low.sum())


def leakage_mw(accelerator: Accelerator, cores: Iterable[int]) -> float:
    """Return the static power in mW with these cores in use: each of them, and the chip as a whole."""
    used = len(set(cores))
    return (accelerator.leakage.core_mw.value * used + accelerator.leakage.chip_mw.value) / NW_PER_MW


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


def _product(count: Int64Array, price_aj: Int64Array) -> Int64Array:
    if count.size and (count.astype(np.float64) * price_aj).max() >= LARGEST_INT64:
        raise ValueError("an action of one core in one frame costs more than 9.2 J: are the prices right?")
    product: Int64Array = count * price_aj
    return product


def _leakage_aj(duration_fs: Int64Array, power_nw: int) -> Int64Array:
    """Return power x time in aJ, rounded to the nearest one: 1 mW for 1 fs is 1 aJ, so 1 nW is a millionth of it."""
    if duration_fs.size and float(duration_fs.max()) * power_nw / NW_PER_MW >= LARGEST_INT64:
        raise ValueError("the leakage of one frame is more than 9.2 J: are the leakage and the times right?")
    whole, rest = np.divmod(duration_fs, NW_PER_MW)
    energy: Int64Array = whole * power_nw + (rest * power_nw + NW_PER_MW // 2) // NW_PER_MW
    return energy


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with every energy column, 0 where it has none."""
    missing = {column.name: np.int64(0) for column in ENERGY_COLUMNS if column.name not in table}
    return table.assign(**missing).loc[:, [*KEYS, *(column.name for column in ENERGY_COLUMNS)]]


def _with_totals(table: pd.DataFrame) -> pd.DataFrame:
    by_name = {column.name: table[column.name].to_numpy() for column in ENERGY_COLUMNS}
    if sum(float(values.max(initial=0)) for values in by_name.values()) >= LARGEST_INT64:
        raise ValueError("one core costs more than 9.2 J in one frame: are the prices right?")
    dynamic = sum((by_name[column.name] for column in ACTION_COLUMNS), np.zeros(len(table), np.int64))
    leakage = sum((by_name[column.name] for column in LEAKAGE_COLUMNS), np.zeros(len(table), np.int64))
    arithmetic = [by_name[column.name] for column in ACTION_COLUMNS if column.component == "arithmetic"]
    return table.assign(
        arithmetic_aj=sum(arithmetic, np.zeros(len(table), np.int64)),
        dynamic_aj=dynamic,
        leakage_aj=leakage,
        total_aj=dynamic + leakage,
    )
