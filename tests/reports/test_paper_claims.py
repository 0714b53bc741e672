"""What the claims about the paper say of tables made by arithmetic, and of the same tables with one thing wrong."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from paper_tables import (
    figure4_points,
    make_figure2,
    make_figure3,
    make_figure4,
    make_figure5,
    make_figure6,
    make_systems,
    point,
    write,
)

from deltasim.paper.pages.claim import Claim
from deltasim.paper.pages.fronts import compared, cost_at, front
from deltasim.paper.pages.page import claims
from reports import RunError

Row = dict[str, Any]
X = "\u00d7"


def change(directory: Path, name: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Path:
    """Rewrite one table."""
    write(directory, name, edit(pd.read_parquet(directory / f"{name}.parquet")))
    return directory


def about(found: list[Claim], words: str) -> Claim:
    """The one claim with these words in it."""
    (claim,) = [each for each in found if words in each.claim]
    return claim


def holds(directory: Path) -> list[str]:
    return [each.holds for each in claims(directory)]


def test_figure2_a_random_vector_that_dominates_is_named(tmp_path: Path) -> None:
    directory = make_figure2(tmp_path / "figure2")
    assert holds(directory) == ["yes", "yes"]
    ends = pd.read_parquet(directory / "endpoints.parquet")
    error, operations = ends.loc[2, "error"], ends.loc[2, "operations"]  # at 1e-05
    within = {"vector": 1000, "error": 0.981 * error, "operations": 0.5 * operations}
    change(directory, "random_points", lambda table: pd.concat([table, pd.DataFrame([within])]))
    assert claims(directory)[0].holds == "yes"
    better = {"vector": 1001, "error": 0.97 * error, "operations": 0.97 * operations}
    change(directory, "random_points", lambda table: pd.concat([table, pd.DataFrame([better])]))
    front = claims(directory)[0]
    assert (front.holds, front.source, front.command) == ("no", "Section 5.1, Figure 2", "deltasim paper figure2")
    assert "λ = 1e-05 by 1" in front.why


def test_figure2_a_costlier_end_at_a_larger_lambda(tmp_path: Path) -> None:
    directory = make_figure2(tmp_path / "figure2")
    change(directory, "endpoints", lambda table: table.assign(operations=table["operations"].iloc[::-1].to_numpy()))
    front = claims(directory)[1]
    assert front.holds == "partly"
    assert "more operations than at the λ before at λ = 1e-06" in front.why.lower()


def test_figure3_by_hand(tmp_path: Path) -> None:
    directory = make_figure3(tmp_path / "figure3")
    rows = [("mnist", 0, None), ("mnist", 1, 20.0), ("mnist", 2, 40.0)]
    rows += [("temporal-mnist", 0, None), ("temporal-mnist", 1, 5.0), ("temporal-mnist", 2, 35.0)]
    write(directory, "distances", pd.DataFrame(rows, columns=["order", "frame", "l1_distance"]))
    (claim,) = claims(directory)
    assert claim.holds == "yes"
    assert claim.ours.startswith("pixels differ by 20.0 of 255 from those of the frame before, 30.0 in")
    assert "50.0%" in claim.why


def test_figure4_holds(tmp_path: Path) -> None:
    found = claims(make_figure4(tmp_path / "figure4"))
    assert {each.holds for each in found} == {"yes"}
    assert "200\u202f000 integers compared 0 differ" in about(found, "same function").ours
    assert about(found, "in energy").ours.endswith(f"0.265{X} to 320{X} in operations, 4.24{X} to 5110{X} in energy")


def edited(words: str, **changes: float) -> Callable[[Row], Row]:
    """Change the numbers of the row whose keys are these words."""

    def edit(row: Row) -> Row:
        keys = f"{row['dataset']} {row['cost']} {row['setting']} {row['mode']}"
        return {**row, **changes} if keys == words else row

    return edit


def _worse_on_training(row: Row) -> Row:
    if row["cost"] != "sigma_delta":
        return row
    return {**row, "train_error_percent": 1.5 * row["train_error_percent"]}


@pytest.mark.parametrize(
    ("edit", "words", "expected"),
    [
        (edited("mnist none original original", test_error_percent=2.11), "test error of 2.1 %", "no"),
        (edited("mnist rounding 1e-10 rounding", train_error_percent=9.0), "same function", "no"),
        (edited("mnist none unoptimised rounding", test_error_percent=41.0), "same function", "no"),
        (edited("temporal-mnist sigma_delta 1e-05 sigma_delta", test_error_percent=9.0), "order of frames", "no"),
        (edited("mnist rounding 3.59e-10 sigma_delta", test_error_percent=2.0), "λ trades", "partly"),
        (edited("mnist rounding 3.59e-10 sigma_delta", operations=9e6), "λ trades", "no"),
        (edited("temporal-mnist rounding 1e-05 sigma_delta", operations=9e3), "fewer operations than the", "no"),
        (edited("mnist rounding 1e-05 sigma_delta", operations=10.0), "Temporal redundancy", "no"),
        (edited("temporal-mnist rounding 1e-05 sigma_delta", energy_nj=1e6), "in energy", "no"),
        (_worse_on_training, "better trade-off", "partly"),
    ],
)
def test_figure4_one_number_changed(tmp_path: Path, edit: Callable[[Row], Row], words: str, expected: str) -> None:
    points = [edit(row) for row in figure4_points()]
    assert points != figure4_points()
    found = claims(make_figure4(tmp_path / "figure4", points=points))
    assert about(found, words).holds == expected


def test_figure4_the_float_network_is_the_original_where_it_was_measured(tmp_path: Path) -> None:
    points = [*figure4_points(), point("mnist", "none", "original", "float", float("nan"), 2.3)]
    accuracy = about(claims(make_figure4(tmp_path / "figure4", points=points)), "97.9")
    assert (accuracy.holds, accuracy.ours) == ("no", "2.30 %, as a network of integers 2.05 %")


def test_figure4_integers_that_differ(tmp_path: Path) -> None:
    directory = make_figure4(tmp_path / "figure4")
    change(directory, "equalities", lambda table: table.assign(differing=[0, 3]))
    same = about(claims(directory), "same function")
    assert (same.holds, "3 differ" in same.ours) == ("no", True)


def test_figure4_scales_that_are_not_better(tmp_path: Path) -> None:
    points = [
        edited(f"{data} sigma_delta {s} sigma_delta", operations=9e6)(row)
        for row in figure4_points()
        for data, s in [(row["dataset"], row["setting"])]
    ]
    beyond = about(claims(make_figure4(tmp_path / "figure4", points=points)), "better trade-off")
    assert (beyond.holds, beyond.source) == ("no", "beyond the paper")


def test_the_cells_of_the_table_that_are_known(tmp_path: Path) -> None:
    assert set(holds(make_figure4(tmp_path / "table", "table"))) == {"yes"}
    points = [edited("mnist none original original", operations=398_000.0)(row) for row in figure4_points()]
    known = claims(make_figure4(tmp_path / "other", "table", points))[0]
    assert (known.holds, known.ours) == ("no", "398 kFlops, 636 nJ")


def test_figure5_at_the_setting_nearest_to_the_papers_saving(tmp_path: Path) -> None:
    found = claims(make_figure5(tmp_path / "figure5"))
    static, moving = about(found, "On the static clip"), about(found, "On the moving clip")
    assert (static.holds, moving.holds) == ("yes", "yes")
    # 30 frames of 31 G at a scale that keeps 0.4: the first costs three times a frame, the others an eleventh
    assert "λ = 1e-07" in static.ours
    assert about(found, "first answer").ours == "80.0 % of frames at λ = 1e-07"
    assert about(found, "first five").holds == "yes"
    assert about(found, "jumps").holds == "yes"
    assert about(found, "modest loss").holds == "no"
    assert about(found, "upper layers").holds == "yes"
    assert about(found, "functionally equivalent").ours == "0 of 4\u202f000\u202f000 integers compared differ"


def test_figure5_integers_that_differ(tmp_path: Path) -> None:
    directory = make_figure5(tmp_path / "figure5")
    change(directory, "equalities", lambda table: table.assign(differing=[0, 0, 1, 0]))
    assert about(claims(directory), "functionally equivalent").holds == "no"


def test_figure5_where_it_does_not_hold(tmp_path: Path) -> None:
    directory = make_figure5(tmp_path / "figure5")
    sigma_delta = {"static": 4e9, "moving": 31e9}

    def dearer(table: pd.DataFrame) -> pd.DataFrame:
        mine = table["mode"] == "sigma_delta"
        return table.assign(operations=table["operations"].where(~mine, table["clip"].map(sigma_delta)))

    change(directory, "frames", dearer)
    change(directory, "agreement", lambda table: table.assign(top5=table["top1"]))
    change(directory, "layers", lambda table: table.assign(operations=table["operations"] ** 0.5))
    found = claims(directory)
    assert about(found, "On the static clip").ours.startswith(f"7.75{X} less")
    assert about(found, "On the static clip").holds == "partly"
    assert about(found, "On the moving clip").holds == "no"
    assert about(found, "jumps").holds == "no"
    assert about(found, "first five").holds == "no"


def test_figure5_without_classes(tmp_path: Path) -> None:
    found = claims(make_figure5(tmp_path / "figure5", classes=False))
    assert not [each for each in found if "answer" in each.claim]
    assert about(found, "modest loss").ours.startswith("the features of the last layer differ by 50.")


def test_figure6(tmp_path: Path) -> None:
    directory = make_figure6(tmp_path / "figure6")
    assert holds(directory) == ["yes", "partly"]
    assert "in L1 conv1_1 and conv1_2" in claims(directory)[1].why

    def less_above(table: pd.DataFrame) -> pd.DataFrame:
        return table.assign(l1_distance=0.5 / (1 + table["layer_index"]), cosine=1 - 0.5 / (1 + table["layer_index"]))

    change(directory, "means", less_above)
    assert holds(directory) == ["no", "no"]


def test_systems_by_hand(tmp_path: Path) -> None:
    found = claims(make_systems(tmp_path / "systems"))
    temporal = about(found, "survives memory, mesh and leakage (Temporal-MNIST")
    assert temporal.holds == "partly"
    # sigma-delta at 4.64e-09: 0.5 * 3e6 / 2.2**3 adds of 0.1 + 6 pJ and 6 nJ; original: 198,595 of 3.2 + 6 pJ and 6 nJ
    adds = 0.5 * 3e6 / 2.2**3
    whole = (397_190 * 1.6 + 198_595 * 6 + 6000) / (adds * 6.1 + 6000)
    assert f"horowitz-45nm {whole:.2f}{X} (arithmetic alone {635_504 / (adds * 0.1):.1f}{X})" in temporal.ours
    assert f"loihi1-davies2018 takes 1.99{X} less than rounding" in temporal.why
    assert about(found, "survives memory, mesh and leakage (MNIST").holds == "no"


def test_systems_prices_of_arithmetic_alone_decide_nothing(tmp_path: Path) -> None:
    directory = make_systems(tmp_path / "systems")

    def arithmetic(table: pd.DataFrame) -> pd.DataFrame:
        extra = table[table["accelerator"] == "horowitz-45nm"].assign(accelerator="oconnor2017-int32")
        return pd.concat([table, extra.assign(total_pj=extra["arithmetic_pj"])])

    before = holds(directory)
    change(directory, "points", arithmetic)
    assert holds(directory) == before
    ours = claims(directory)[0].ours
    assert ours.startswith("by the paper's accounting 18.8")
    assert "oconnor" not in ours


def test_systems_scales_for_an_accelerators_energy(tmp_path: Path) -> None:
    directory = make_systems(tmp_path / "systems")

    def with_search(table: pd.DataFrame) -> pd.DataFrame:
        extra = table[(table["cost"] == "rounding") & (table["input"] == "temporal-mnist")]
        extra = extra.assign(cost="energy:tiled-array", total_pj=0.8 * extra["total_pj"])
        return pd.concat([table, extra])

    change(directory, "points", with_search)
    found = about(claims(directory), "optimised on the energy of tiled-array")
    assert found.holds == "yes"
    assert "at the same error 0.800" in found.ours
    assert f"median 0.800{X}" in found.ours


def test_wrong_directories_are_explained(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no experiment of the paper"):
        claims(tmp_path)
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(RunError, match="lacks schema, figure"):
        claims(tmp_path)
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(RunError, match="is no JSON"):
        claims(tmp_path)


def test_wrong_tables_are_explained(tmp_path: Path) -> None:
    directory = make_figure4(tmp_path / "figure4")
    change(directory, "points", lambda table: table.drop(columns="energy_nj"))
    with pytest.raises(
        RunError, match=r"points.parquet has no column energy_nj; make it again: deltasim paper figure4"
    ):
        claims(directory)
    write(directory, "points", [row for row in figure4_points() if row["dataset"] == "mnist"])
    with pytest.raises(RunError, match="must have"):
        claims(directory)
    (directory / "points.parquet").write_bytes(b"PAR1")
    with pytest.raises(RunError, match="cannot be read"):
        claims(directory)
    (directory / "points.parquet").unlink()
    with pytest.raises(RunError, match="cannot be read"):
        claims(directory)
    manifest = directory / "manifest.json"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace('"figure4"', '"figure9"'), encoding="utf-8")
    with pytest.raises(RunError, match="'figure9'; there are pages for figure2, figure3"):
        claims(directory)


def test_fronts_leave_out_what_is_beaten() -> None:
    points = [(100.0, 1.0), (50.0, 2.0), (60.0, 2.0), (120.0, 1.5), (10.0, 4.0)]
    assert front(points) == [(100.0, 1.0), (50.0, 2.0), (10.0, 4.0)]
    assert cost_at(points, 2.0) == pytest.approx(50)
    assert cost_at(points, 1.5) == pytest.approx((100 * 50) ** 0.5)
    assert cost_at(points, 0.9) is None
    assert cost_at(points, 4.1) is None


def test_a_search_is_better_if_it_pays_less_for_the_same_error() -> None:
    paper = [(100.0, 1.0), (50.0, 2.0)]
    assert compared(paper, [(90.0, 1.0), (45.0, 2.0)], "operations")[0] == "yes"
    assert compared(paper, [(110.0, 1.0), (55.0, 2.0)], "operations")[0] == "no"
    assert compared(paper, [(99.0, 1.0), (50.0, 2.0)], "operations")[0] == "partly"
    assert compared(paper, [(1.0, 5.0)], "operations") == ("no", "the two searches have no errors in common")
