"""Areas: the sum of what the file gives, nothing guessed, scaled by the published table."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodels import Accelerator, PricingError, action_prices, chip_area, load_accelerator, scaled, scaling, why_no_area
from hwmodels.schema.area import area_ratio

HOROWITZ = load_accelerator("horowitz-45nm")
AREA = {"node_nm": 45, "sram_mm2_per_mib": 4, "router_mm2": "20000 um2", "other_mm2": 2}


def with_areas(area: dict[str, object] | None, logic_mm2: object = 0.125, **parts: object) -> Accelerator:
    record = HOROWITZ.model_dump(by_alias=True, mode="json", exclude={"provenance"})
    core = {**record["core"], "logic_mm2": logic_mm2}
    return Accelerator.model_validate({**record, "core": core, "area": area, **parts})


def sizes(accelerator: Accelerator, node: str | None = None) -> dict[str, float | None]:
    return {row.component: row.mm2 for row in chip_area(accelerator, node)}


def test_areas_by_hand() -> None:
    rows = chip_area(with_areas(AREA))
    assert [(row.component, row.count, row.each_mm2, row.mm2) for row in rows] == [
        ("core: logic", 16, 0.125, 2),
        ("core: weight memory", 16, 1, 16),
        ("core: state memory", 16, 0.03125, 0.5),
        ("routers", 16, 0.02, 0.32),
        ("other", 1, 2, 2),
        ("chip", 1, 20.82, 20.82),
    ]


def test_kinds_of_core_have_areas_of_their_own() -> None:
    own = with_areas(AREA)
    record = own.model_dump(by_alias=True, mode="json")
    kind = {**record["core"], "name": "large", "count": 2, "logic_mm2": 0.5}
    rows = {row.component: row for row in chip_area(Accelerator.model_validate({**record, "cores": [kind]}))}
    assert (rows["large: logic"].count, rows["large: logic"].mm2) == (2, 1)
    assert (rows["core: logic"].count, rows["core: logic"].mm2) == (14, 1.75)
    every = Accelerator.model_validate({**record, "cores": [{**kind, "count": 16}]})
    assert "core: logic" not in sizes(every)


def test_what_is_not_given_is_not_guessed() -> None:
    assert set(sizes(HOROWITZ).values()) == {None}
    assert sizes(with_areas({"node_nm": 45}))["core: logic"] == 2
    for missing in ("sram_mm2_per_mib", "router_mm2", "other_mm2"):
        assert sizes(with_areas({name: value for name, value in AREA.items() if name != missing}))["chip"] is None
    unlimited = {**HOROWITZ.core.model_dump(mode="json"), "logic_mm2": 1}
    unlimited["weight_memory"] |= {"capacity": "unlimited", "read_energy_pj": 1}
    found = sizes(with_areas(AREA, core=unlimited))
    assert (found["core: weight memory"], found["core: state memory"], found["chip"]) == (None, 0.5, None)


def test_a_published_die_is_the_whole_even_where_its_parts_are_not() -> None:
    assert sizes(with_areas({"node_nm": 45, "die_mm2": 60}, None))["chip"] == 60
    assert sizes(with_areas({**AREA, "die_mm2": 60}))["chip"] == 60


def test_areas_scale_by_the_published_table() -> None:
    assert area_ratio(Fraction(45), Fraction(7)) == Fraction("0.059")
    # The paper's row from 130 nm, to two digits: 0.44, 0.23, 0.16, 0.072, 0.033, 0.03, 0.027, 0.016, 0.0092.
    row = {90: 0.44, 65: 0.23, 45: 0.16, 32: 0.072, 20: 0.033, 16: 0.03, 14: 0.027, 10: 0.016, 7: 0.0092}
    for node, ratio in row.items():
        assert float(area_ratio(Fraction(130), Fraction(node))) == pytest.approx(ratio, rel=0.03)
    assert sizes(with_areas(AREA), "7 nm")["chip"] == pytest.approx(20.82 * 0.059)
    assert area_ratio(Fraction(45), Fraction(26)) == (Fraction("0.21") + Fraction("0.46")) / 2


@given(st.integers(7, 130), st.integers(7, 130), st.integers(7, 130))
def test_scaling_in_steps_is_scaling_at_once(first: int, second: int, third: int) -> None:
    a, b, c = Fraction(first), Fraction(second), Fraction(third)
    assert area_ratio(a, b) * area_ratio(b, c) == area_ratio(a, c)


def test_nodes_without_a_published_area_are_refused() -> None:
    with pytest.raises(PricingError, match="no published area for 5 nm: choose a node from 7 to 130 nm"):
        chip_area(with_areas(AREA), "5")
    with pytest.raises(PricingError, match="horowitz-45nm gives no area"):
        chip_area(HOROWITZ, "7")
    with pytest.raises(PricingError, match="--node big: is no node"):
        chip_area(with_areas(AREA), "big")


def test_a_chip_at_another_node_has_the_areas_of_that_node() -> None:
    own = with_areas(AREA)
    there = scaled(own, scaling(own, "7"))
    assert there.area is not None
    assert (there.area.node_nm.value, there.area.sram_mm2_per_mib and there.area.sram_mm2_per_mib.value) == (
        7000,
        236_000,
    )
    assert sizes(there)["chip"] == pytest.approx(20.82 * 0.059, rel=1e-4)
    row = {each.path: each for each in there.provenance}["core.logic_mm2"]
    assert row.status == "computed"
    assert "Stillmaker and Baas" in row.source
    assert (action_prices(there) == action_prices(scaled(HOROWITZ, scaling(HOROWITZ, "7")))).all()
    assert there.cores == ()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("mesh: {columns: 32}", "mesh.columns"),
        ("mesh: {rows: 64, cores_per_tile: 2}", "mesh.rows"),
        ("mesh: {cores_per_tile: 32}", "mesh.cores_per_tile"),
        ("core: {weight_memory: {capacity: 1 MiB}}", "core.weight_memory.capacity"),
        ("core: {state_memory: {capacity: 1 MiB}}", "core.state_memory.capacity"),
        ("core: {add: {lanes: 16}}", "core.add.lanes"),
        ("cores: [{name: large, count: 3, state_memory: {capacity: 1 MiB}}]", "cores"),
        ("area: {node_nm: 7}", "area.node_nm"),
    ],
)
def test_a_die_of_another_size_is_not_taken_over(tmp_path: Path, change: str, named: str) -> None:
    """60 mm2 are those of 128 cores: a chip that extends Loihi and is another has no area, and says why."""
    own, further, given = (tmp_path / f"{name}.yaml" for name in ("own", "further", "given"))
    own.write_text(f"schema: deltasim/accelerator/1\nextends: loihi1-davies2018\n{change}\n")
    further.write_text("schema: deltasim/accelerator/1\nextends: own.yaml\nleakage: {core_mw: 1}\n")
    given.write_text("schema: deltasim/accelerator/1\nextends: own.yaml\narea: {die_mm2: 480}\n")
    for path in (own, further):
        chip = load_accelerator(path)
        assert chip_area(chip)[-1].mm2 is None
        assert why_no_area(chip) == (
            f"60 mm2 is the die of loihi1-davies2018, which has another {named}: give area.die_mm2 of this chip, if it "
            "is known"
        )
        again = Accelerator.model_validate(chip.model_dump(mode="json", by_alias=True))
        assert why_no_area(again) == why_no_area(chip)
    assert (chip_area(load_accelerator(given))[-1].mm2, why_no_area(load_accelerator(given))) == (480, "")


def test_a_die_of_the_same_size_is_taken_over(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = "schema: deltasim/accelerator/1\nextends: loihi1-davies2018\nmesh: {{columns: {}}}\nclock: 1 GHz\n"
    own.write_text(text.format(load_accelerator("loihi1-davies2018").mesh.columns))
    for name in (own, "loihi1-sanafe"):
        assert (chip_area(load_accelerator(name))[-1].mm2, why_no_area(load_accelerator(name))) == (60, "")
