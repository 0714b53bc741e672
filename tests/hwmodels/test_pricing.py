"""Pricing is exact: parts add up to the whole however they are grouped, and leakage to that of the whole run."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from counted_rows import table
from hypothesis import given, settings
from hypothesis import strategies as st

from hwmodels import (
    ACTION_COLUMNS,
    ENERGY_COLUMNS,
    Accelerator,
    action_prices,
    exact_sum,
    frame_intervals,
    idle_mw,
    leakage_mw,
    load_accelerator,
    power_mw,
    price,
    totals,
)
from hwmodels.records import ACTIONS, COLUMNS

PARTS = [column.name for column in ENERGY_COLUMNS]
HOROWITZ, DAVIES = load_accelerator("horowitz-45nm"), load_accelerator("loihi1-davies2018")


def leaking(core_mw: str, chip_mw: str, unused_core_mw: str | None = None, idle_mw: str | None = None) -> Accelerator:
    """The chip with static power; the first three of its 16 cores are a kind that idles at a tenth more than others."""
    record = HOROWITZ.model_dump(by_alias=True, mode="json")
    leakage = {"core_mw": core_mw, "chip_mw": chip_mw, "unused_core_mw": unused_core_mw}
    kind = {**record["core"], "name": "front", "count": 3, "idle_mw": idle_mw and "1.1 mW"}
    core = {**record["core"], "idle_mw": idle_mw}
    return Accelerator.model_validate({**record, "leakage": leakage, "core": core, "cores": [kind]})


def one_row(**values: int) -> pd.DataFrame:
    return pd.DataFrame([{"mode": "m", "frame": 0, "core": 0, "layer": 0, **dict.fromkeys(COLUMNS, 0), **values}])


@pytest.mark.parametrize(
    ("column", "energy_pj"),
    [
        ("adds", 0.1),
        ("multiplies", 0.2),
        ("state_reads", 40),
        ("off_chip_reads", 1950),
        ("off_chip_weight_reads", 1950),
        ("accesses", 0.1),
        ("updates", 3.4),
        ("fires", 0),
        ("messages_out", 0.1),
        ("messages_in", 1.77),
        ("flits_local", 0),
        ("flit_hops_ew", 2),
        ("flit_hops_ns", 2),
        ("nonzero", 0),
        ("tokens_out", 0),
    ],
)
def test_one_action_costs_its_price(column: str, energy_pj: float) -> None:
    energies = price(one_row(**{column: 7}), HOROWITZ)
    assert energies["total_aj"].tolist() == [round(7 * energy_pj * 10**6), 0]


def test_prices_are_per_core_in_mesh_order() -> None:
    prices = action_prices(DAVIES)
    assert prices.shape == (128, len(ACTIONS))
    assert prices.dtype == np.int64
    add = [action.column for action in ACTIONS].index("adds")
    assert (prices[:, add] == 23_600_000).all()


def test_synaptic_operations_of_pilotnet_at_the_price_of_loihi() -> None:
    energies = price(one_row(adds=599_807), DAVIES)
    assert energies["arithmetic_aj"].sum() == 599_807 * 23_600_000  # 14.2 uJ
    small = price(one_row(adds=599_807), load_accelerator("oconnor2017-int32"))
    assert small["arithmetic_aj"].sum() == 59_980_700_000  # 60 nJ


@settings(max_examples=30, deadline=None)
@given(
    st.integers(1, 2),
    st.integers(1, 6),
    st.integers(1, 4),
    st.integers(0, 10**6),
    st.sampled_from(["0 mW", "0.816 mW", "1 nW"]),
    st.permutations(range(16)),
)
def test_parts_add_up_however_grouped(
    modes: int, frames: int, cores: int, seed: int, leak: str, positions: list[int]
) -> None:
    chip = leaking(leak, "3 mW", "0.7 mW", leak)
    energies = price(table(modes, frames, cores, seed), chip, positions)
    whole = sum(energies["total_aj"].tolist())
    for by in (["mode"], ["frame"], ["core"], ["layer"], ["mode", "core"], ["mode", "frame", "core"]):
        grouped = totals(energies, by)
        assert sum(grouped["total_aj"]) == whole
        assert sum(sum(grouped[name]) for name in PARTS) == whole
        assert sum(grouped["dynamic_aj"]) + sum(grouped["leakage_aj"]) == whole
    assert energies["arithmetic_aj"].sum() == energies[["arithmetic_add_aj", "arithmetic_multiply_aj"]].sum().sum()


def test_rows_stand_in_the_order_of_the_counts_and_the_chip_after_them() -> None:
    counts = table(2, 3, 2).sample(frac=1, random_state=3)
    energies = price(counts, HOROWITZ)
    keys = ["mode", "frame", "core", "layer"]
    assert energies.loc[: len(counts) - 1, keys].to_numpy().tolist() == counts[keys].to_numpy().tolist()
    assert len(energies) == len(counts) + 2 * 3
    assert (energies.loc[len(counts) :, ["core", "layer"]] == -1).all(axis=None)
    assert [column.name for column in ACTION_COLUMNS][:3] == [
        "arithmetic_add_aj",
        "arithmetic_multiply_aj",
        "weight_memory_read_aj",
    ]
    assert (energies.dtypes[PARTS] == np.int64).all()


def test_leakage_runs_over_the_whole_run_on_used_cores_and_the_chip() -> None:
    counts = table(1, 3, 2)
    counts["update_end_fs"] = [5, 10, 12, 40, 50, 100]  # frames end on the last core at 10, 40 and 100 fs
    energies = price(counts, leaking("2 mW", "7 mW"))
    assert energies["leakage_core_aj"].tolist() == [20, 20, 60, 60, 120, 120, 0, 0, 0]
    assert energies["leakage_chip_aj"].tolist() == [0] * 6 + [70, 210, 420]


def test_a_frame_ends_with_the_last_part_of_the_last_layer() -> None:
    counts = table(1, 2, 3)
    counts["layer"] = ["input", "dense", "dense"] * 2
    counts["update_end_fs"] = [5, 30, 20, 40, 60, 70]
    assert frame_intervals(counts)["interval_fs"].tolist() == [30, 40]
    counts["layer"] = ["input", "hidden", "dense"] * 2
    assert frame_intervals(counts)["interval_fs"].tolist() == [20, 50]


def test_idle_power_runs_while_a_core_waits_for_whatever_reason() -> None:
    waits = {"starved_fs": 1, "barrier_fs": 20, "blocked_injection_fs": 300, "blocked_queue_fs": 4_000}
    counts = one_row(**waits, blocked_memory_fs=50_000, serve_busy_fs=600_000, update_busy_fs=7_000_000)
    chip = leaking("0 mW", "0 mW", None, "3 mW")
    assert price(counts, chip)["leakage_idle_core_aj"].tolist() == [round(54_321 * 1.1), 0]
    assert price(counts, chip, [7])["leakage_idle_core_aj"].tolist() == [3 * 54_321, 0]
    assert price(counts, chip, [7])["total_aj"].tolist() == [3 * 54_321, 0]
    assert price(counts, HOROWITZ)["total_aj"].tolist() == [0, 0]


def test_unused_cores_leak_in_the_row_of_the_chip() -> None:
    counts = table(1, 3, 2)
    counts["update_end_fs"] = [5, 10, 12, 40, 50, 100]
    energies = price(counts, leaking("2 mW", "7 mW", "0.5 mW"), [15, 3])
    assert energies["leakage_unused_core_aj"].tolist() == [0] * 6 + [70, 210, 420]  # 14 of 16 cores
    assert leakage_mw(leaking("2 mW", "7 mW", "0.5 mW"), [15, 3]) == 18


def test_cores_are_priced_as_what_stands_at_their_position() -> None:
    record = HOROWITZ.model_dump(by_alias=True, mode="json")
    large = {**record["core"]["weight_memory"], "capacity": "1 MiB"}
    kind = {**record["core"], "name": "large", "count": 1, "weight_memory": large}
    chip = Accelerator.model_validate({**record, "cores": [kind]})
    counts = pd.concat([one_row(weight_reads=1), one_row(core=1, layer=1, weight_reads=1)])
    own, first = 100_000_000, action_prices(HOROWITZ)[0, [action.column for action in ACTIONS].index("weight_reads")]
    assert price(counts, chip)["dynamic_aj"].tolist() == [own, first, 0]
    assert price(counts, chip, [9, 0])["dynamic_aj"].tolist() == [first, own, 0]


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        ([0, 16], "a core stands at position 16, but horowitz-45nm has cores 0 to 15"),
        ([0, -1], "a core stands at position -1, but horowitz-45nm has cores 0 to 15"),
        ([2, 2], "two cores stand at one position of the chip"),
        ([5], "counts are of core 1, but there are positions of cores 0 to 0"),
    ],
)
def test_positions_that_the_chip_does_not_have_are_refused(positions: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        price(table(1, 1, 2), HOROWITZ, positions)


def test_leakage_is_rounded_once_per_row() -> None:
    counts = one_row(update_end_fs=1_499_999)
    assert price(counts, leaking("1 nW", "0 mW"))["leakage_core_aj"].tolist() == [1, 0]
    counts = one_row(update_end_fs=3 * 10**12 + 500_000)
    assert price(counts, leaking("1 nW", "0 mW"))["leakage_core_aj"].tolist() == [3 * 10**6 + 1, 0]


def test_leakage_is_exact_where_a_product_would_overflow() -> None:
    counts = one_row(update_end_fs=10**15 + 1)  # 1 s and 1 fs at 1 W in nW is 1e24: more than int64 holds
    assert price(counts, leaking("1 W", "0 mW"))["leakage_core_aj"].tolist() == [10**18 + 1000, 0]
    counts = one_row(update_end_fs=999_999)  # 65,535 cores of 999 W each
    many = leaking("0 mW", "0 mW", "999 W").model_dump(by_alias=True, mode="json")
    many["mesh"] |= {"columns": 256, "rows": 256}
    unused = price(counts, Accelerator.model_validate(many))["leakage_unused_core_aj"]
    assert unused.tolist() == [0, 65_535 * 999_000 * 999_999]


def test_totals_beyond_int64() -> None:
    values = np.full(5, 2**63 - 1)
    assert exact_sum(values) == 5 * (2**63 - 1)
    assert exact_sum(np.array([-3, 2**62, 2**62])) == 2**63 - 3
    energies = price(pd.concat([one_row(adds=9 * 10**13).assign(frame=f) for f in range(4)]), HOROWITZ)
    assert totals(energies)["total_aj"].tolist() == [4 * 9 * 10**18]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_exact_sum(values: list[int]) -> None:
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


@given(
    st.lists(st.integers(0, 2**62), min_size=1, max_size=3),
    st.integers(0, 10**12),
    st.integers(0, 10**12),
    st.integers(0, 10**15),
    st.integers(0, 2**62),
)
def test_rows_beyond_int64_are_exact(ends: list[int], chip_nw: int, core_nw: int, add_aj: int, adds: int) -> None:
    """A 10 W chip that takes a frame a second spends 10 J on each, more than an int64 of aJ holds."""
    record = HOROWITZ.model_dump(by_alias=True, mode="json")
    record["leakage"] = {"core_mw": f"{core_nw} nW", "chip_mw": f"{chip_nw} nW"}
    record["operations"]["add"]["int32"]["energy_pj"] = f"{add_aj} aJ"
    rows = [{**one_row(adds=adds, update_end_fs=end).iloc[0], "frame": frame} for frame, end in enumerate(sorted(ends))]
    energies = price(pd.DataFrame(rows), Accelerator.model_validate(record))
    spans = [end - before for end, before in zip(sorted(ends), [0, *sorted(ends)], strict=False)]
    cores = [(span * core_nw + 500_000) // 10**6 + adds * add_aj for span in spans]
    chips = [(span * chip_nw + 500_000) // 10**6 for span in spans]
    assert energies["total_aj"].tolist() == cores + chips
    assert totals(energies)["total_aj"].tolist() == [sum(cores + chips)]
    assert (energies["total_aj"].dtype == np.int64) == (max(cores + chips) < 2**63)


def test_a_core_the_chip_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="counts are of core 16, but horowitz-45nm has cores 0 to 15"):
        price(one_row(core=16), HOROWITZ)


def test_frames_out_of_order_are_refused() -> None:
    counts = pd.concat([one_row(update_end_fs=10), one_row(frame=1, update_end_fs=5)])
    with pytest.raises(ValueError, match="do not end in their order"):
        price(counts, HOROWITZ)


def test_an_empty_table_has_no_energy() -> None:
    assert len(price(one_row().iloc[:0], HOROWITZ)) == 0


def test_power_is_energy_times_rate_plus_leakage() -> None:
    assert leakage_mw(DAVIES, range(4)) == 104.4
    assert leakage_mw(leaking("0.5 mW", "1 mW"), [0, 1, 2]) == 2.5
    assert power_mw(10**12, 104.4, 30) == pytest.approx(104.4 + 0.03)  # 1 uJ at 30 frames a second is 30 uW
    with pytest.raises(ValueError, match="frame_rate_hz is -1"):
        power_mw(1, 0, -1)


def test_idle_power_at_a_frame_rate_is_that_of_the_time_a_core_is_not_busy() -> None:
    counts = pd.concat([one_row(frame=n, serve_busy_fs=10**12 * n, update_busy_fs=10**12) for n in (0, 1)])
    chip = leaking("0 mW", "0 mW", None, "3 mW")  # busy for 1.5 ms a frame
    assert idle_mw(counts, chip, 100, [4]) == {"m": pytest.approx(3 * 0.85)}
    assert idle_mw(counts, chip, 100) == {"m": pytest.approx(1.1 * 0.85)}
    assert idle_mw(counts, chip, 1000) == {"m": 0}
    assert idle_mw(counts, HOROWITZ, 100) == {"m": 0}
    with pytest.raises(ValueError, match="must be above 0"):
        idle_mw(counts, chip, 0)


def test_a_hundred_thousand_rows_in_less_than_a_second() -> None:
    counts = table(1, 25_000, 4)
    begin = time.perf_counter()
    price(counts, leaking("1 mW", "1 mW"))
    assert time.perf_counter() - begin < 1


@given(st.permutations(["m0", "m1", "m2"]), st.permutations(["x", "y", "z"]), st.integers(1, 3), st.data())
def test_a_network_costs_the_same_whatever_others_stand_beside_it(
    modes: list[str], layers: list[str], cores: int, data: st.DataObject
) -> None:
    """Names are categories, as a run has them: of all networks or of those there, in any order."""
    chosen = data.draw(st.lists(st.sampled_from(modes), min_size=1, unique=True))
    chip = leaking("1 mW", "7 mW", "0.5 mW", "2 mW")
    whole = table(modes=3, frames=2, cores=cores)
    whole["layer"] = pd.Categorical([f"{'xyz'[core]}" for core in whole["core"]], layers)
    whole["mode"] = pd.Categorical(whole["mode"], modes)
    some = whole[whole["mode"].isin(chosen)].reset_index(drop=True)
    if data.draw(st.booleans()):
        some = some.assign(mode=some["mode"].cat.remove_unused_categories())
    for mode in chosen:
        alone, beside = (
            {
                "interval": of(frame_intervals(counts), mode)["interval_fs"].tolist(),
                "energies": of(price(counts, chip), mode).drop(columns=["mode", "layer"]).to_numpy().tolist(),
                "totals": of(totals(price(counts, chip)), mode).drop(columns="mode").to_numpy().tolist(),
                "idle": idle_mw(counts, chip, 1e6)[mode],
            }
            for counts in (some, whole)
        )
        assert alone == beside
        last = whole[(whole["mode"] == mode) & (whole["core"] == cores - 1)]["update_end_fs"]
        assert sum(alone["interval"]) == last.iloc[-1]
    assert set(idle_mw(some, chip, 1e6)) == set(chosen) == set(totals(price(some, chip))["mode"])


def of(table: pd.DataFrame, mode: str) -> pd.DataFrame:
    return table[table["mode"].astype(str) == mode]
