"""The pages in headless Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_checks import browser, check_page, missing_browser, wait_for
from reports_branching import make_branching_run
from reports_example import make_run

from reports import load_run, write_comparison, write_dashboard

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "found")]

EVERY = ("original", "temporal_difference", "rounding", "sigma_delta")


def test_dashboard(tmp_path: Path) -> None:
    check_page(write_dashboard(load_run(make_run(tmp_path / "run", EVERY, frames=450))))


def test_dashboard_of_one_frame_without_labels(tmp_path: Path) -> None:
    check_page(write_dashboard(load_run(make_run(tmp_path / "run", ["sigma_delta"], frames=1, labels=False))))


def test_dashboard_of_a_branching_network_on_colour_video(tmp_path: Path) -> None:
    check_page(write_dashboard(load_run(make_branching_run(tmp_path / "run", frames=40, blocks=8))))


def test_heat_maps_and_agreement_follow_the_window(tmp_path: Path) -> None:
    page = write_dashboard(load_run(make_branching_run(tmp_path / "run", frames=40)))
    with browser() as driver:
        driver.get(page.absolute().as_uri())
        wait_for(
            lambda: driver.execute_script("return document.documentElement.dataset.drawn"), "the plots to be drawn"
        )
        shown = "return [...document.querySelectorAll('[data-follows]')].map((plot) => plot._fullLayout.xaxis.range)"
        assert driver.execute_script(shown) == [[-0.5, 39.5]] * 3
        change = "const size = document.getElementById('window-size'); size.value = '25';"
        driver.execute_script(f"{change} size.dispatchEvent(new Event('change'))")
        wait_for(lambda: driver.execute_script(shown) == [[-0.5, 24.5]] * 3, "the same 25 frames everywhere")
        captions = [each.text for each in driver.find_elements("css selector", "#strip .frame")]
        assert captions[0].split("\n") == ["=", "class number 0", "class number 0"]
        assert any(text.startswith("≠") for text in captions)


def test_comparison(tmp_path: Path) -> None:
    a, b = (load_run(make_run(tmp_path / name)) for name in "ab")
    check_page(write_comparison(a, b, tmp_path / "compare.html"))


def test_the_window_moves_with_its_frames(tmp_path: Path) -> None:
    page = write_dashboard(load_run(make_run(tmp_path / "run", EVERY, frames=450)))
    with browser() as driver:
        driver.get(page.absolute().as_uri())
        wait_for(
            lambda: driver.execute_script("return document.documentElement.dataset.drawn"), "the plots to be drawn"
        )
        visible = "return document.querySelector('[data-strip]')._fullLayout.xaxis.range"
        assert driver.execute_script(visible) == [-0.5, 99.5]
        pictures = driver.find_elements("css selector", "#strip .picture")
        assert len(pictures) > 10
        assert pictures[0].get_attribute("aria-label") == "frame 0: label 0, sigma-delta 0"
        driver.execute_script("document.querySelector('[data-move=later]').click()")
        wait_for(lambda: driver.execute_script(visible) == [99.5, 199.5], "the next hundred frames")
        first = "return document.querySelector('#strip .picture').getAttribute('aria-label')"
        wait_for(lambda: driver.execute_script(first).startswith("frame 100:"), "the strip to follow")
