"""`deltasim price`: a finished run at other prices, without simulating and without touching it."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from command_line import deltasim, refused
from reports_example import make_run

import deltasim as ds
from reports import repricing_table

SEVEN = "schema: deltasim/accelerator/1\nname: mine\nextends: oconnor2017-int32\noperations:\n  add: {int32: {energy_pj: 0.03, latency: 1 cycle}}\n  multiply: {int32: {energy_pj: 1.48, latency: 3 cycles}}\n"  # noqa: E501


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_run(tmp_path / "a")
    (tmp_path / "mine.yaml").write_text(SEVEN)
    return tmp_path


def bytes_of(run: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in run.iterdir()}


def test_the_table_by_hand(folder: Path) -> None:
    result = deltasim("price", "a", "--operations", "mine.yaml", "--json", cwd=folder)
    assert result.returncode == 0, result.stderr
    printed = json.loads(result.stdout)
    rows = {(row["mode"], row["component"]): row for row in printed["rows"]}
    original = rows["original", "arithmetic only"]  # 6 adds and 6 multiplies a frame
    assert (original["before_pj"], original["after_pj"]) == (pytest.approx(19.2), pytest.approx(9.06))
    assert rows["sigma_delta", "whole system"]["ratio"] == pytest.approx(0.3)
    assert printed["pricing_ms"] > 0
    assert printed["copy"] is None


def test_people_see_both_prices_side_by_side(folder: Path) -> None:
    result = deltasim("price", "a", "--operations", "mine.yaml", "--node", "14", cwd=folder)
    assert result.returncode == 0, result.stderr
    for words in (
        "before",
        "after",
        "sigma-delta, pJ per frame",
        "arithmetic only",
        "whole system",
        "methods disagree",
    ):
        assert words in result.stdout
    assert "nothing simulated" in result.stdout


def test_the_own_prices_change_nothing(folder: Path) -> None:
    before = ds.load_run(folder / "a")
    result = ds.reprice(before, before.accelerator)
    assert result.after.energies.equals(before.energies)
    assert (result.table["before_pj"] == result.table["after_pj"]).all()


def test_components_add_up_to_the_whole(folder: Path) -> None:
    table = ds.reprice(folder / "a", node="65").table
    for _, rows in table.groupby("mode"):
        parts = rows[~rows["component"].isin(["arithmetic only", "whole system"])]
        whole = rows.set_index("component").loc["whole system"]
        assert parts["after_pj"].sum() == pytest.approx(whole["after_pj"])


def test_a_priced_copy_is_a_run_of_its_own_and_the_old_one_stays(folder: Path) -> None:
    before = bytes_of(folder / "a")
    result = deltasim("price", "a", "--operations", "mine.yaml", "-o", "b", cwd=folder)
    assert result.returncode == 0, result.stderr
    assert bytes_of(folder / "a") == before
    copy, old = ds.load_run(folder / "b"), ds.load_run(folder / "a")
    assert copy.manifest["config_hash"] != old.manifest["config_hash"]
    assert copy.manifest["priced"]["run"] == old.manifest["config_hash"]
    assert copy.counts.equals(old.counts)
    assert any("simulated on oconnor2017-int32" in text for text in copy.warnings)
    assert "simulated on oconnor2017-int32" in (folder / "b" / "dashboard.html").read_text()
    table = repricing_table(old, copy)
    pd.testing.assert_frame_equal(table, ds.reprice(old, folder / "mine.yaml").table)
    again = refused(deltasim("price", "a", "--node", "7", "-o", "b", cwd=folder))
    assert "exists already" in again
    assert [file.name for file in folder.iterdir() if file.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "--operations NAME or FILE, --node NM, or both"),
        (("--voltage", "0.8", "--operations", "horowitz-45nm"), "--voltage is the supply at --node"),
        (("--arithmetic-only", "--node", "7"), "give that too"),
        (("--node", "5"), "choose a node from 7 to 130 nm"),
        (("--operations", "loihi1-sanafe"), "int32 adds were counted, but operations.add lists int24"),
        (("--operations", "horowitz-45"), "did you mean"),
    ],
)
def test_what_cannot_be_priced_is_refused_in_one_message(folder: Path, arguments: tuple[str, ...], words: str) -> None:
    assert words in refused(deltasim("price", "a", *arguments, cwd=folder))
