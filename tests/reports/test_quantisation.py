"""What quantisation did: read back, in numbers, in words, and on the page."""

from __future__ import annotations

from pathlib import Path

import pytest
from pages import HOSTILE, page_of
from quantisation_content import content
from reports_example import make_run

from reports import RunError, fidelities, layers_of, load_run
from reports.tables.quantisation_details import quantisation_table


def test_the_worst_layers_by_hand(tmp_path: Path) -> None:
    coarse, fine = fidelities(load_run(make_run(tmp_path / "run", quantisation=content())))
    assert (coarse.precision, coarse.frames, coarse.agreement_percent) == ("scaled", 8, 87.5)
    assert (coarse.noisiest, coarse.signal_to_noise_db) == ("output", 12.345)
    assert (coarse.most_clipped, coarse.clipped_percent) == ("output", pytest.approx(1.234))
    assert (coarse.bits_needed, coarse.accumulator_bits) == (16, 16)
    assert coarse.sentence == (
        "answers as float on 87.50 %; least signal-to-noise 12.3 dB (output); at most 1.234 % clipped (output); "
        "sums need up to 16 of 16 bits"
    )
    assert (fine.precision, fine.signal_to_noise_db) == ("full", 40.25)


def test_an_accumulator_that_could_overflow_is_said(tmp_path: Path) -> None:
    coarse, _ = fidelities(load_run(make_run(tmp_path / "run", quantisation=content(bits=17))))
    assert coarse.sentence.endswith("sums need up to 17 of 16 bits, so they could overflow")


def test_only_the_precisions_that_were_simulated(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", ["rounding", "sigma_delta"], quantisation=content()))
    assert [each.precision for each in fidelities(run)] == ["scaled"]
    titles = [column.title for column in quantisation_table(run).columns]
    assert "signal-to-noise, scale k" in titles
    assert not [title for title in titles if "full fixed point" in title]


def test_the_table_by_hand(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", quantisation=content()))
    table = quantisation_table(run)
    texts = [[cell.text.replace("\u00a0", " ").replace("\u202f", " ") for cell in row.cells] for row in table.rows]
    nothing = "–"  # noqa: RUF001
    assert texts == [
        ["input", "0.5", nothing, "20.0 dB", "exact", "0.000 %", "0.000 %", nothing, nothing, nothing],
        ["output", nothing, "-127 to 126", "12.3 dB", "40.2 dB", "1.234 %", "0.100 %", "1 234", "32 767", "16"],
    ]
    assert len(table.columns) == len(texts[0])
    assert table.rows[0].cells[3].title == "noise is 10 % of the signal's amplitude"


def test_the_page_teaches_it(tmp_path: Path) -> None:
    page = page_of(make_run(tmp_path / "run", quantisation=content(layer=HOSTILE)))
    text = " ".join(page.text.split())
    for piece in (
        "What quantisation did, layer by layer",
        "Scale k: answers as float on 87.50 %; least signal-to-noise 12.3 dB",
        "Full fixed point: answers as float on 100.00 %",
        "on 8 calibration frames",
        "at 20 dB the error is a tenth of the signal",
        "alert('1')",
    ):
        assert piece in text, piece
    assert (page.images, page.handlers) == (0, [])


def test_a_run_that_does_not_say(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run"))
    assert run.quantisation is None
    assert (fidelities(run), layers_of(run, "full"), quantisation_table(run).rows) == ([], [], ())
    assert "What quantisation did" not in page_of(run.path).text


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", quantisation=content())
    (path / "quantisation.json").write_text("{}")
    with pytest.raises(RunError, match=r"quantisation\.json: has .* bytes"):
        load_run(path)
