"""The pages in headless Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_checks import browser, check_page, missing_browser, mouse, wait_for
from reports_branching import make_branching_run
from reports_example import make_run
from reports_split import Chip, make_split_run

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


MANY = Chip(parts=(2, 8, 32, 40, 24, 4), columns=8, rows=8, cores_per_tile=2, modes=("rounding", "sigma_delta"))


@pytest.mark.parametrize("chip", [Chip(), MANY], ids=["8 cores", "110 cores"])
def test_dashboard_of_split_layers(tmp_path: Path, chip: Chip) -> None:
    check_page(write_dashboard(load_run(make_split_run(tmp_path / "run", chip, frames=4, record=chip is not MANY))))


def test_what_a_chip_does_is_drawn_and_explained(tmp_path: Path) -> None:
    """Cores and links as coloured cells with names, boxes of energy, bars of time; a pointer gets an answer."""
    page = write_dashboard(load_run(make_split_run(tmp_path / "run", record=True)))
    with browser() as driver:
        driver.get(page.absolute().as_uri())
        wait_for(
            lambda: driver.execute_script("return document.documentElement.dataset.drawn"), "the plots to be drawn"
        )

        def text(plot: str) -> str:
            return str(driver.execute_script("return document.getElementById(arguments[0]).textContent", plot))

        def marks(plot: str, selector: str) -> int:
            script = "return document.getElementById(arguments[0]).querySelectorAll(arguments[1]).length"
            return int(driver.execute_script(script, plot, selector))

        assert (marks("floor-plan", ".heatmaplayer image"), marks("link-map", ".heatmaplayer image")) == (2, 3)
        for name in ("input", "conv1.1", "conv2.2"):
            assert name in text("floor-plan")
            assert name in text("link-map")
        assert {"→", "←", "↓"} <= set(text("link-map"))
        assert marks("energy-treemap", ".treemaplayer .slice") > 10
        assert marks("timeline", ".bars path") > 50
        assert marks("waterfall", ".bars path") > 4
        place = """
            const plot = document.getElementById('floor-plan');
            plot.scrollIntoView({block: 'center'});
            const box = plot.getBoundingClientRect(), {l, t, w, h} = plot._fullLayout._size;
            return [box.x + l + w / 2, box.y + t + h / 2];
        """
        x, y = driver.execute_script(place)
        for step in (6, 3, 0):
            mouse(driver, "mouseMoved", x - step, y)
        label = "return document.querySelector('#floor-plan .hoverlayer').textContent"
        wait_for(lambda: "tile (1, 1)" in driver.execute_script(label), "what the core in the middle does")


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
