"""Names that a user gives are shown as they are: in figures, which read tags, entities and templates."""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
import reports_example
from browser_checks import browser, missing_browser, wait_for
from hypothesis import given
from hypothesis import strategies as st
from reports_example import make_run

from reports import load_run, write_comparison, write_dashboard
from reports.figures.names import literal, shortened

FIRES = [f"fire{number}.expand{size}" for number in range(2, 10) for size in ("1x1", "3x3")]
STRANGE = ("<b>in</b>&amp;", "%{y} $a$ [/b]<br>")
CLASSES = ("<i>cat</i>", "%{x}&lt;")


@given(st.text())
def test_an_escaped_name_reads_as_it_was_written(text: str) -> None:
    assert html.unescape(literal(text)) == text or "&" in text  # html knows more entities than those made here
    assert "<" not in literal(text)
    assert literal(text).count("&") == sum(text.count(each) for each in "&<>")


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="…"), max_size=12)), st.integers(1, 14))
def test_a_cut_name_fits_and_keeps_its_ends(names: list[str], letters: int) -> None:
    cut = shortened(names, letters)
    for name, short in zip(names, cut, strict=True):
        if len(name) <= letters:
            assert short == name
        else:
            head, _, tail = short.partition("…")
            assert len(short) == letters
            assert name.startswith(head)
            assert name.endswith(tail)


def test_names_stay_apart_when_they_are_cut() -> None:
    for letters in range(7, 20):
        assert len(set(shortened(FIRES, letters))) == len(FIRES), letters
    assert shortened(FIRES[:2], 9) == ["fire…d1x1", "fire…d3x3"]
    assert shortened(["fire2.expand3x3", "fire3.expand3x3"], 9) == ["fire2…3x3", "fire3…3x3"]
    assert shortened([f"layer{number}.conv" for number in range(20)], 8)[10:12] == ["…10.conv", "…11.conv"]


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run whose layers and classes have names that plotly would read."""
    layers = [{**entry, "layer": name} for entry, name in zip(reports_example.LAYERS, STRANGE, strict=True)]
    monkeypatch.setattr(reports_example, "LAYERS", layers)
    return make_run(tmp_path / "x[b]", classes=list(CLASSES), labels=False)


@pytest.mark.browser
@pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "found")
def test_figures_show_names_as_they_are(strange: Path) -> None:
    """Layers on axes, lanes and boxes, and classes, letter by letter."""
    run = load_run(strange)
    page = write_dashboard(run)
    write_comparison(run, run, strange / "compared.html")
    texts = "return [...document.getElementById(arguments[0]).querySelectorAll('text')].map((each) => each.textContent)"
    with browser() as driver:
        driver.get(page.absolute().as_uri())
        wait_for(lambda: driver.execute_script("return document.documentElement.dataset.drawn"), "the plots")
        for plot, names in {
            "layer-shares": STRANGE[1:],
            "energy-by-layer": STRANGE[1:],  # the input costs nothing
            "time-shares": [f"core {number}: {name}" for number, name in enumerate(STRANGE)],
            "timeline": [f"core {number}: {name}" for number, name in enumerate(STRANGE)],
            "waterfall": STRANGE,
            "confusion": CLASSES,
        }.items():
            found = driver.execute_script(texts, plot)
            assert set(names) <= set(found), (plot, found)
        assert STRANGE[1] in "".join(driver.execute_script(texts, "energy-treemap"))


def test_no_figure_has_a_name_that_would_be_read(strange: Path) -> None:
    """Whatever text goes into a figure's labels has the names escaped; where they are keys alone they stay."""
    text = write_dashboard(load_run(strange)).read_text(encoding="utf-8")
    data = text.split('id="figures-data">')[1].split("</script>")[0]
    shown = ("ticktext", "hovertext", "customdata", "text", "labels")
    found = [each for figure in json.loads(data).values() for each in _texts(figure, shown)]
    assert any(literal(STRANGE[0]) in each for each in found)
    assert any(literal(CLASSES[0]) in each for each in found)
    assert not [each for each in found for name in (*STRANGE, *CLASSES) if name in each and "<" in name]


def _texts(value: object, keys: tuple[str, ...], *, inside: bool = False) -> list[str]:
    if isinstance(value, dict):
        return [each for key, own in value.items() for each in _texts(own, keys, inside=inside or key in keys)]
    if isinstance(value, list):
        return [each for own in value for each in _texts(own, keys, inside=inside)]
    return [value] if inside and isinstance(value, str) else []
