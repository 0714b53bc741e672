"""What a notebook shows: tables of runs and networks with every name escaped, figures inline, bars only there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reports_example import make_run

import deltasim as ds
from deltasim.cli import progress
from reports import figures_of, load_run
from workloads.html_table import html_table

SCRIPT = "<script>alert('&')</script>"
FRAMES = np.arange(12, dtype=np.uint8).reshape(4, 3) * 20


def _network() -> ds.Network:
    weights = [np.eye(3, dtype=np.float32), np.ones((3, 2), np.float32)]
    return ds.network_from_arrays(weights, name=SCRIPT, layer_names=[f"{SCRIPT}1", f"{SCRIPT}2"])


def _cells(html: str) -> list[list[str]]:
    return [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)[1:]]


def test_all_text_of_a_table_is_escaped() -> None:
    html = html_table("<a>", ["<b>"], [["<c>"]], ["<d>"])
    assert not re.search("<[a-d]>", html)
    assert all(f"&lt;{each}&gt;" in html for each in "abcd")


def test_networks_show_as_tables_with_their_names_escaped() -> None:
    network = _network()
    quantised = ds.quantise(network, FRAMES)
    for shown in (network, quantised, quantised.full, quantised.scaled):
        html = shown._repr_html_()
        assert "<script" not in html
        assert html.count(escape(SCRIPT)) >= 3
    assert [row[1:] for row in _cells(network._repr_html_())] == [["3", "3", "9", "relu"], ["3", "2", "6", "identity"]]
    (first, last) = _cells(quantised._repr_html_())
    assert first[1:4] == ["1 x 1 x 3", "1 x 1 x 3", "9"]
    assert first[5] == f"{quantised.scaled.scales[1]:.4g}"
    assert last[1:] == ["1 x 1 x 2", "1 x 1 x 2", "6", "-", "-"]


def test_a_run_shows_as_its_summary_with_its_name_escaped(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", name=SCRIPT, warnings=[SCRIPT]))
    html = run._repr_html_()
    assert "<script" not in html
    assert html.count(escape(SCRIPT)) == 2
    rows, summary = _cells(html), run.summary()
    assert [row[0] for row in rows] == ["original", "rounding", "sigma-delta"]
    assert [float(row[1].replace(",", "")) for row in rows] == pytest.approx(summary["operations"].tolist())


def test_figures_are_those_of_the_dashboard_and_show_inline(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run"))
    figures = figures_of(run)
    assert {"four-networks", "energy-by-layer: sigma-delta"} <= set(figures)
    for figure in figures.values():
        assert figure.layout.paper_bgcolor == "white"
        assert "<div" in figure._repr_html_()
    assert ds.figures(run).keys() == figures.keys()


class _Console:
    def __init__(self, *, is_jupyter: bool) -> None:
        self.is_jupyter = is_jupyter


@pytest.mark.parametrize(("notebook", "widgets", "given", "bars"), [
    (True, True, False, True), (True, False, False, False), (False, True, False, False), (True, True, True, False),
])  # fmt: skip
def test_bars_are_shown_in_notebooks_only(
    monkeypatch: pytest.MonkeyPatch, *, notebook: bool, widgets: bool, given: bool, bars: bool
) -> None:
    said: list[tuple[Any, ...]] = []

    @contextmanager
    def fake_bars() -> Iterator[Any]:
        yield "bars"

    monkeypatch.setattr(progress, "plain_console", lambda: _Console(is_jupyter=notebook))
    monkeypatch.setattr(progress, "find_spec", lambda _: object() if widgets else None)
    monkeypatch.setattr(progress, "progress_bars", fake_bars)
    own = (lambda *what: said.append(what)) if given else None
    with progress.notebook_bars(own) as report:
        assert report == ("bars" if bars else own)


def test_a_script_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.notebook_bars(None) as report:
        assert report is None
    assert capsys.readouterr() == ("", "")
