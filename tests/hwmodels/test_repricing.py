"""Other prices for what was counted: a chip's own prices change nothing, energies scale, what has no price is named."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from counted_rows import table
from hypothesis import given
from hypothesis import strategies as st

from hwmodels import (
    ENERGY_COLUMNS,
    Accelerator,
    PricingError,
    action_prices,
    chip_of,
    list_profiles,
    load_accelerator,
    price,
    scaled,
    scaling,
    totals,
    with_prices_of,
)
from hwmodels.prices.new_prices import powers_of
from hwmodels.records import ACTIONS
from hwmodels.technology import Point, gate_energy

PROFILES = [profile.name for profile in list_profiles()]
HOROWITZ = load_accelerator("horowitz-45nm")
COLUMNS = [action.column for action in ACTIONS]
OFF_CHIP = {"off_chip_reads", "off_chip_weight_reads"}
ON_CHIP = [index for index, name in enumerate(COLUMNS) if name not in OFF_CHIP]


def happened(accelerator: Accelerator) -> set[str]:
    """Everything that can happen on the chip."""
    without = {"multiplies"} if accelerator.core.multiply is None else set()
    return set(COLUMNS) - without - (set() if accelerator.off_chip else OFF_CHIP)


def changed(accelerator: Accelerator, **parts: object) -> Accelerator:
    record = accelerator.model_dump(by_alias=True, mode="json", exclude={"provenance"})
    return Accelerator.model_validate({**record, **parts})


@pytest.mark.parametrize("name", PROFILES)
def test_the_own_prices_give_the_own_energies_to_the_last_digit(name: str) -> None:
    own = load_accelerator(name)
    again = with_prices_of(own, own, happened(own))
    assert (action_prices(again) == action_prices(own)).all()
    counts = table(2, 4, 3)
    assert price(counts, again).equals(price(counts, own))


@pytest.mark.parametrize("name", PROFILES)
def test_prices_change_no_time(name: str) -> None:
    own = load_accelerator(name)
    again = with_prices_of(own, own, happened(own))
    chip, before = chip_of(again), chip_of(own)
    assert (chip.cores, chip.hop_ew_fs, chip.barrier_fs) == (before.cores, before.hop_ew_fs, before.barrier_fs)


def test_prices_by_hand() -> None:
    seneca = load_accelerator("seneca-22nm")
    priced = with_prices_of(HOROWITZ, seneca, set(COLUMNS) - OFF_CHIP)
    found = dict(zip(COLUMNS, action_prices(priced)[0].tolist(), strict=True))
    assert found["adds"] == 2_400_000  # int32, as the lanes of the run's chip
    assert found["multiplies"] == 600_000  # int8
    assert found["weight_reads"] == 14_800_000  # 3.7 pJ for 16 bits, for words of 64
    assert found["state_writes"] == 62_400_000  # 3.9 pJ for 16 bits, for words of 256
    assert found["messages_in"] == 21_600_000
    assert found["flit_hops_ew"] == 2_000_000
    assert found["off_chip_reads"] == 1_950_000_000  # not used, no price there: as it was
    assert priced.name == "horowitz-45nm priced as seneca-22nm"
    row = {each.path: each for each in priced.provenance}["core.weight_memory.read_energy_pj"]
    assert (row.value, row.file, row.status) == ("14.8 pJ", "seneca-22nm", "computed")
    assert "Tang et al. 2023, Table 8" in row.source or "Front. Neurosci." in row.source


def test_flits_cost_by_their_bits() -> None:
    wide = changed(HOROWITZ, mesh={**HOROWITZ.mesh.model_dump(mode="json"), "link_bits": 48})
    priced = with_prices_of(wide, HOROWITZ, set(COLUMNS))
    assert action_prices(priced)[0, COLUMNS.index("flit_hops_ns")] == 3_000_000


def test_memory_is_priced_at_the_capacity_of_the_chip_that_ran() -> None:
    core = HOROWITZ.core.model_dump(mode="json")
    core["weight_memory"] = {**core["weight_memory"], "capacity": "32 KiB", "read_energy_pj": 1}
    priced = with_prices_of(changed(HOROWITZ, core=core), HOROWITZ, set(COLUMNS))
    assert action_prices(priced)[0, COLUMNS.index("weight_reads")] == 20_000_000  # the cited point of 32 KB


def test_arithmetic_only_takes_no_other_price() -> None:
    paper = load_accelerator("oconnor2017-int32")
    costs = [{"energy_pj": energy, "latency": "1 cycle"} for energy in (7, 9, 1)]
    operations = {"add": {"int32": costs[0], "int8": costs[2]}, "multiply": {"int32": costs[1], "int8": costs[2]}}
    priced = with_prices_of(paper, changed(HOROWITZ, operations=operations), set(COLUMNS), arithmetic_only=True)
    found = dict(zip(COLUMNS, action_prices(priced)[0].tolist(), strict=True))
    assert {name: value for name, value in found.items() if value} == {"adds": 7_000_000, "multiplies": 9_000_000}


def test_what_has_no_price_is_named_with_a_remedy() -> None:
    with pytest.raises(PricingError) as wrong:
        with_prices_of(HOROWITZ, load_accelerator("loihi1-sanafe"), set(COLUMNS))
    message = str(wrong.value)
    assert "int32 adds were counted, but operations.add lists int24" in message
    assert "int8 multiplies were counted, but operations.multiply lists none" in message
    assert "has no such memory: give off_chip" in message
    with pytest.raises(PricingError, match=r"core\.state_memory\.write_energy_pj: horowitz-45nm prices it by capacity"):
        with_prices_of(load_accelerator("oconnor2017-int32"), HOROWITZ, {"state_writes"})


def test_what_did_not_happen_needs_no_price() -> None:
    priced = with_prices_of(load_accelerator("oconnor2017-int32"), HOROWITZ, {"adds", "messages_in"})
    assert action_prices(priced)[0, COLUMNS.index("adds")] == 100_000


def test_weights_off_chip_have_the_price_of_the_other_memory_per_bit() -> None:
    off_chip = {**HOROWITZ.model_dump(mode="json")["off_chip"], "word_bits": 32, "holds_weights": True}
    own = changed(HOROWITZ, off_chip=off_chip)
    priced = with_prices_of(own, load_accelerator("jouppi-7nm"), set(COLUMNS))
    assert action_prices(priced)[0, COLUMNS.index("off_chip_weight_reads")] == 650_000_000
    assert priced.off_chip is not None
    assert priced.off_chip.holds_weights
    with pytest.raises(PricingError, match="weights were read off chip, and oconnor2017-int32 has no such memory"):
        with_prices_of(own, load_accelerator("oconnor2017-int32"), {"off_chip_weight_reads"})


def test_prices_change_neither_links_nor_routers() -> None:
    mesh = {**HOROWITZ.mesh.model_dump(mode="json"), "links": "shared", "queue_depth": 4, "multicast": True}
    own = changed(HOROWITZ, mesh=mesh)
    for again in (with_prices_of(own, HOROWITZ, set(COLUMNS)), scaled(own, scaling(own, "7"))):
        assert (again.mesh.links, again.mesh.queue_depth, again.mesh.multicast) == ("shared", 4, True)
        assert dataclasses.replace(chip_of(again), name=own.name) == chip_of(own)


def test_static_power_is_that_of_the_other_profile_and_0_where_it_gives_none() -> None:
    core = {**HOROWITZ.core.model_dump(mode="json"), "idle_mw": 2}
    kinds = [{**core, "name": "a", "count": 1, "idle_mw": 3}, {**core, "name": "b", "count": 1}]
    leakage = {"core_mw": 1, "chip_mw": 4, "unused_core_mw": "5 uW"}
    leaky = changed(HOROWITZ, core=core, cores=kinds, leakage=leakage)
    plain = changed(HOROWITZ, cores=[{**HOROWITZ.core.model_dump(mode="json"), "name": "a", "count": 2}])
    powers = powers_of(with_prices_of(plain, leaky, set(COLUMNS)))
    assert list(powers.values()) == [1_000_000, 4_000_000, 5_000, 2_000_000, 3_000_000]
    taken = with_prices_of(leaky, plain, set(COLUMNS))
    assert set(powers_of(taken).values()) == {0}
    row = {each.path: each for each in taken.provenance}["cores[1].idle_mw"]
    assert (row.source, row.status) == ("not modelled: horowitz-45nm gives no idle_mw", "assumed")
    assert powers_of(with_prices_of(plain, HOROWITZ, set(COLUMNS))) == powers_of(plain)
    assert powers_of(scaled(leaky, scaling(leaky, "7"))) == powers_of(leaky)


def test_stillmaker_by_hand() -> None:
    at = {(node, volt): gate_energy(Point(Fraction(node), Fraction(volt))) for node, volt in ((45, "0.9"), (7, "0.8"))}
    assert at[45, "0.9"] == Fraction("0.84433")
    assert at[7, "0.8"] == Fraction("0.065358")
    found = scaling(HOROWITZ, "7 nm", "0.8")
    assert found.factor == Fraction("0.065358") / Fraction("0.84433")
    assert float(found.factor) == pytest.approx(0.0774, abs=5e-5)
    between = gate_energy(Point(Fraction(28), Fraction("0.9")))
    assert float(between) == pytest.approx(2 / 3 * 0.541209 + 1 / 3 * 0.20079)


def test_methods_that_disagree_are_said_to() -> None:
    found = scaling(HOROWITZ, "7")
    assert found.other == pytest.approx(0.347, abs=5e-4)
    assert any("methods disagree" in text and "0.102" in text and "0.347" in text for text in found.warnings)
    assert any("only one method" in text for text in scaling(HOROWITZ, "65").warnings)
    assert any("interpolated" in text for text in scaling(HOROWITZ, "28").warnings)
    assert any("no supply voltage" in text for text in scaling(load_accelerator("seneca-22nm"), "7").warnings)
    assert scaling(HOROWITZ, "45").warnings == ()


@pytest.mark.parametrize(
    ("node", "voltage", "words"),
    [
        ("5", None, "choose a node from 7 to 130 nm"),
        ("180 nm", None, "choose a node from 7 to 130 nm"),
        ("seven", None, "--node seven: is no node"),
        ("7 pJ", None, "--node 7 pJ: unknown unit"),
        ("7", "3", "choose 0.5 V to 1.2 V"),
        ("7", "-1", "--voltage -1"),
    ],
)
def test_nodes_and_voltages_without_a_factor_are_refused(node: str, voltage: str | None, words: str) -> None:
    with pytest.raises(PricingError, match=words):
        scaling(HOROWITZ, node, voltage)


def test_a_chip_of_no_technology_cannot_be_scaled() -> None:
    with pytest.raises(PricingError, match="technology"):
        scaling(changed(HOROWITZ, technology=None), "7")


@given(st.integers(7, 130), st.integers(50, 120), st.sampled_from(["horowitz-45nm", "loihi1-davies2018"]))
def test_energies_scale_linearly_and_off_chip_memory_does_not(node: int, centivolt: int, name: str) -> None:
    own = load_accelerator(name)
    found = scaling(own, str(node), str(centivolt / 100))
    before, after = action_prices(own)[0], action_prices(scaled(own, found))[0]
    assert [round(int(before[i]) * found.factor) for i in ON_CHIP] == [int(after[i]) for i in ON_CHIP]
    assert all(before[COLUMNS.index(name)] == after[COLUMNS.index(name)] for name in OFF_CHIP)


@given(st.integers(0, 10**6), st.sampled_from(["7", "14", "22", "65"]))
def test_parts_of_a_repriced_run_add_up_however_grouped(seed: int, node: str) -> None:
    energies = price(table(2, 3, 3, seed), scaled(HOROWITZ, scaling(HOROWITZ, node)))
    whole = int(np.sum(energies["total_aj"].to_numpy(object)))
    for by in (["mode"], ["core"], ["mode", "frame"]):
        grouped = totals(energies, by)
        assert sum(sum(grouped[column.name]) for column in ENERGY_COLUMNS) == whole == sum(grouped["total_aj"])


def test_scaling_there_and_back_and_to_its_own_node() -> None:
    own = scaled(HOROWITZ, scaling(HOROWITZ, "45 nm"))
    assert (action_prices(own) == action_prices(HOROWITZ)).all()
    there = scaled(HOROWITZ, scaling(HOROWITZ, "14"))
    back = scaled(there, scaling(there, "45"))
    assert np.abs(action_prices(back) - action_prices(HOROWITZ)).max() <= 10  # an aJ of rounding, 8.5 times enlarged
