"""A mode that no code has heard of is one entry in the table: it is simulated, compared, and shown with its title."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pages import page_of
from typer.testing import CliRunner

import deltasim as ds
from deltasim.cli.app import app, main
from deltasim.experiment.files import read_experiment
from hwmodels.modes import ALL_VALUES, MODES_TABLE, Mode
from reports import RunError, load_run
from reports.tables.headline import baseline_mode, focus_mode

SIXTH = Mode(
    "plain_grid",
    title="rounding (every value)",
    short_title="rounding, every value",
    colour="#123456",
    precision="scaled",
    rule=ALL_VALUES,
    partner="rounding",
    meaning="Every value sends the small integers of rounding, and the zeros among them.",
)
CHIP = """
schema: deltasim/accelerator/1
name: small
extends: horowitz-45nm
messages: {encoding: ENCODING}
"""


@pytest.fixture(autouse=True)
def _sixth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODES_TABLE, SIXTH.name, SIXTH)


def simulated(
    place: Path, modes: tuple[str, ...] | None = None, encoding: str = "graded", engine: str = "fast"
) -> ds.Run:
    """Three frames through a small network, in all modes unless given."""
    rng = np.random.default_rng(11)
    place.mkdir(exist_ok=True)
    (place / "chip.yaml").write_text(CHIP.replace("ENCODING", encoding))
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((6, 5), (5, 4), (4, 3))]
    network = ds.network_from_arrays(weights, [np.zeros(n, np.float32) for n in (5, 4, 3)], input_scale=1 / 255)
    frames = rng.integers(0, 256, (3, 6), dtype=np.uint8) * rng.integers(0, 2, (3, 6), dtype=np.uint8)
    quantised = ds.quantise(network, frames)
    return ds.simulate(quantised, frames, place / "chip.yaml", modes=modes, engine=engine, out=place / "run")


@pytest.mark.parametrize("encoding", ["graded", "shift_add", "unary"])
def test_it_runs_and_sends_what_its_rule_says(tmp_path: Path, encoding: str) -> None:
    """The integers of rounding; a message for each of them, or as many unit events as rounding."""
    run = simulated(tmp_path, encoding=encoding)
    assert run.modes == list(MODES_TABLE)
    own, partner = (run.layer_counts[run.layer_counts["mode"] == mode] for mode in ("plain_grid", "rounding"))
    assert own["digest"].tolist() == partner["digest"].tolist()
    assert own["l1_out"].tolist() == partner["l1_out"].tolist()
    assert own["values_out"].tolist() == [6, 5, 4, 0] * 3 != partner["values_out"].tolist()
    sent = partner["messages_out"] if encoding == "unary" else own["values_out"]
    assert own["messages_out"].tolist() == sent.tolist()


def test_both_engines_agree_on_it(tmp_path: Path) -> None:
    fast, slow = (simulated(tmp_path / engine, ("plain_grid",), engine=engine) for engine in ("fast", "reference"))
    assert fast.counts.equals(slow.counts)
    np.testing.assert_array_equal(fast.outputs["plain_grid"], slow.outputs["plain_grid"])


def test_it_is_compared_with_its_partner_and_stays_behind_the_networks_of_the_paper(tmp_path: Path) -> None:
    run = simulated(tmp_path)
    pairs = [(each.mode, each.partner) for each in run.equalities]
    assert pairs == [
        ("plain_grid", "rounding"),
        ("sigma_delta", "rounding"),
        ("temporal_difference", "original"),
        ("original_sparse", "original"),
    ]
    assert all(each.identical for each in run.equalities)
    assert (focus_mode(run), baseline_mode(run)) == ("sigma_delta", "original")


def test_without_its_partner_another_of_the_same_function_is_compared(tmp_path: Path) -> None:
    run = simulated(tmp_path, ("sigma_delta", "plain_grid"))
    assert [(each.mode, each.partner) for each in run.equalities] == [("plain_grid", "sigma_delta")]
    assert baseline_mode(run) == "plain_grid"


def test_a_bounded_one_need_not_be_equal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODES_TABLE, SIXTH.name, replace(SIXTH, exact=False))
    run = simulated(tmp_path, ("rounding", "sigma_delta", "plain_grid"))
    assert [(each.mode, each.partner) for each in run.equalities] == [("sigma_delta", "rounding")]


def test_the_page_shows_it_with_its_title(tmp_path: Path) -> None:
    path = simulated(tmp_path).path
    text = " ".join(page_of(path).text.split())
    assert "Rounding (every value) and rounding are the same, bit for bit" in text
    assert SIXTH.meaning in text
    page = (path / "dashboard.html").read_text("utf-8")
    assert SIXTH.colour in page


def test_the_terminal_knows_it(tmp_path: Path) -> None:
    """Also in files of experiments, as a default of what a chip without a multiplier runs, and in words on errors."""
    path = str(simulated(tmp_path).path)
    for words in (("report", path), ("compare", path, path), ("price", path, "--node", "7 nm")):
        done = CliRunner().invoke(app, list(words))
        assert done.exit_code == 0, done.output
        assert SIXTH.short_title in done.output, words
    done = CliRunner().invoke(app, ["trace", path, "--mode", "plain-grid", "-o", str(tmp_path / "t.json")])
    assert SIXTH.short_title in done.output
    (tmp_path / "run.yaml").write_text("schema: deltasim/experiment/1\nmodes: [plain-grid, rounding]\n")
    assert read_experiment(tmp_path / "run.yaml")[0].modes == ("plain_grid", "rounding")
    with pytest.raises(ds.USER_ERRORS, match="did you mean 'plain_grid'"):
        simulated(tmp_path, ("plain_gird",))


def test_a_run_of_a_mode_that_is_not_known_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As of a run that another version wrote."""
    path = simulated(tmp_path).path
    monkeypatch.delitem(MODES_TABLE, SIXTH.name)
    with pytest.raises(RunError) as caught:
        load_run(path)
    assert str(caught.value) == (
        f"{path / 'manifest.json'}: modes: plain_grid: not known to this program, which has original, original_sparse, "
        "temporal_difference, rounding, sigma_delta; read the run with the version that wrote it, or simulate it again "
        "with these"
    )
    monkeypatch.setattr(sys, "argv", ["deltasim", "report", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code
    error = " ".join(capsys.readouterr().err.split())
    assert "modes: plain_grid: not known to this program" in error
    assert "Traceback" not in error
