"""The pages of the paper's experiments in headless Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser_checks import (
    browser,
    check_choices,
    check_drawn,
    check_hover,
    check_legend,
    check_narrow,
    check_page,
    check_print,
    check_theme,
    missing_browser,
    wait_for,
)
from paper_tables import make_figure2, make_figure3, make_figure4, make_figure5, make_figure6, make_systems

from deltasim.paper.pages.page import write_page

pytestmark = [pytest.mark.browser, pytest.mark.skipif(bool(missing_browser()), reason=missing_browser() or "found")]


def opened(driver: Any, page: Path) -> None:
    driver.get(page.absolute().as_uri())
    wait_for(lambda: driver.execute_script("return document.documentElement.dataset.drawn"), "the plots to be drawn")


@pytest.mark.parametrize("make", [make_figure3, make_figure4, make_figure5, make_systems])
def test_pages_with_bars_and_legends(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    check_page(write_page(make(tmp_path / "page")))


@pytest.mark.parametrize(
    ("make", "beside"), [(make_figure2, check_legend), (make_figure6, check_hover)], ids=["figure2", "figure6"]
)
def test_other_pages(tmp_path: Path, make: Callable[[Path], Path], beside: Callable[[Any], None]) -> None:
    page = write_page(make(tmp_path / "page"))
    with browser() as driver:
        opened(driver, page)
        for check in (check_drawn, beside, check_theme, check_choices, check_print, check_narrow):
            check(driver)
        assert [entry["message"] for entry in driver.get_log("browser")] == []


def test_the_table_alone(tmp_path: Path) -> None:
    page = write_page(make_figure4(tmp_path / "table", "table"))
    with browser() as driver:
        opened(driver, page)
        assert driver.execute_script("return document.querySelectorAll('#appendix-e > .scroll tbody tr').length") == 33
        check_narrow(driver)
        assert [entry["message"] for entry in driver.get_log("browser")] == []


def test_pages_of_frames_show_their_own_pictures(tmp_path: Path) -> None:
    page = write_page(make_figure5(tmp_path / "page", frames=200, splice=100, every=4))
    with browser() as driver:
        opened(driver, page)
        labels = (
            "return [...document.querySelectorAll('#strip .picture')].map((each) => each.getAttribute('aria-label'))"
        )
        first = driver.execute_script(labels)
        assert first[0] == "frame 0: original cat, sigma-delta dog"
        assert all(int(label.split(":")[0].removeprefix("frame ")) % 4 == 0 for label in first)
        change = "const size = document.getElementById('window-size'); size.value = '25';"
        driver.execute_script(f"{change} size.dispatchEvent(new Event('change'))")
        driver.execute_script("document.querySelector('[data-move=later]').click()")
        wait_for(lambda: driver.execute_script(labels)[0].startswith("frame 28:"), "the frames from 25 on")
        place = "return document.querySelector('#strip .picture').style.backgroundPosition"
        x, y = (float(each.removesuffix("px")) for each in driver.execute_script(place).split())
        width = float(driver.execute_script("return document.querySelector('#strip .picture').style.width")[:-2])
        assert (round(-x / width), y) == (7, 0), "frame 28 is the eighth picture"
