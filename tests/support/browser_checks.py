"""What a page must do in a real browser. `check_page(path)` works for every page that `reports` writes."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)

_NOT_DRAWN = """
return [...document.querySelectorAll('.js-plotly-plot')].filter((plot) => {
  const marks = [...plot.querySelectorAll('.plot path, .plot image, .plot rect, .heatmaplayer image')];
  return !marks.some((mark) => { const box = mark.getBoundingClientRect(); return box.width + box.height > 1; });
}).map((plot) => plot.id);
"""
_OVERFLOW = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"


_LABELS = r"""
const found = [], box = (element) => element.getBoundingClientRect();
const shown = (plot, selector) => [...plot.querySelectorAll(selector)].filter((each) => each.textContent);
const place = (text) => {
  const { a, b, c, d, e, f } = text.getCTM(), x = Number(text.getAttribute('x')), y = Number(text.getAttribute('y'));
  return [a * x + c * y + e, b * x + d * y + f, Math.atan2(b, a)];
};
function ticksMeet(one, two) {  // along the line of writing, and across it
  const [x0, y0, turn] = place(one), [x1, y1] = place(two), [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const along = Math.abs(cos * (x1 - x0) + sin * (y1 - y0)), across = Math.abs(cos * (y1 - y0) - sin * (x1 - x0));
  const width = (one.getComputedTextLength() + two.getComputedTextLength()) / 2;
  return across < 0.95 * parseFloat(getComputedStyle(two).fontSize) && along < width;
}
const boxesMeet = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
  Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 1;
for (const plot of document.querySelectorAll('.js-plotly-plot')) {
  const whole = box(plot.querySelector('.main-svg')), legend = plot.querySelector('.legend');
  if (legend) {
    const { left, right, top, bottom } = box(legend);
    if (left < whole.left - 1 || right > whole.right + 1 || top < whole.top - 1 || bottom > whole.bottom + 1)
      found.push(`${plot.id}: the legend leaves the plot`);
    if (bottom > whole.top + plot._fullLayout._size.t + 1) found.push(`${plot.id}: the legend lies on the drawing`);
    if (bottom - top > 1.5 * plot._fullLayout._size.h) found.push(`${plot.id}: the legend leaves no room`);
  }
  for (const axis of ['xtick', 'ytick', 'x2tick', 'y2tick']) {
    const ticks = shown(plot, `.${axis} text`);
    const pair = ticks.findIndex((each, number) => number && ticksMeet(ticks[number - 1], each));
    if (pair > 0) found.push(`${plot.id}: ${ticks[pair - 1].textContent} and ${ticks[pair].textContent} overlap`);
  }
  const boxes = shown(plot, '.heatmap-label text, .textpoint text').map(box);
  if (boxes.some((one, number) => boxes.slice(number + 1).some((two) => boxesMeet(one, two))))
    found.push(`${plot.id}: texts overlap`);
}
return found;
"""


def missing_browser() -> str:
    """Why no browser can be started; empty if one can."""
    for names in (("chromium", "chromium-browser", "google-chrome"), ("chromedriver",)):
        if not any(shutil.which(name) for name in names):
            return f"none of {', '.join(names)} is installed"
    return ""


@contextmanager
def browser() -> Iterator[Any]:
    """Headless Chromium with a fresh profile."""
    from selenium import webdriver  # noqa: PLC0415 - only where a browser is wanted
    from selenium.webdriver.chrome.service import Service  # noqa: PLC0415

    options = webdriver.ChromeOptions()
    options.binary_location = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory() as profile:
        for argument in (*ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            yield driver
        finally:
            driver.quit()


def check_page(path: Path) -> None:
    """Open a page and check everything below; AssertionError names what is wrong."""
    with browser() as driver:
        driver.get(path.absolute().as_uri())
        wait_for(
            lambda: driver.execute_script("return document.documentElement.dataset.drawn"), "the plots to be drawn"
        )
        check_drawn(driver)
        check_legend(driver)
        check_hover(driver)
        check_theme(driver)
        check_choices(driver)
        check_labels(driver)
        check_print(driver)
        check_narrow(driver)
        errors = [entry["message"] for entry in driver.get_log("browser") if entry["level"] in {"SEVERE", "WARNING"}]
        assert errors == []


def check_drawn(driver: Any) -> None:
    """Every plot has marks of some size."""
    plots = driver.execute_script("return document.querySelectorAll('.plot').length")
    drawn = driver.execute_script("return document.querySelectorAll('.plot.js-plotly-plot').length")
    assert plots > 0
    assert drawn == plots
    assert driver.execute_script(_NOT_DRAWN) == []


def check_legend(driver: Any) -> None:
    """A click on a legend's entry hides its trace."""
    plot = driver.find_element("css selector", ".plot:has(.legendtoggle)")
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    hidden = "return arguments[0].data.filter((trace) => trace.visible === 'legendonly').length"
    before = driver.execute_script(hidden, plot)
    _click(driver, plot.find_element("css selector", ".legendtoggle"))
    wait_for(lambda: driver.execute_script(hidden, plot) > before, "a click on the legend to hide a trace")
    _click(driver, plot.find_element("css selector", ".legendtoggle"))
    wait_for(lambda: driver.execute_script(hidden, plot) == before, "a second click to show it again")


def check_hover(driver: Any) -> None:
    """A pointer over a bar shows a label with a unit."""
    script = "return [...document.querySelectorAll('.plot')].find((plot) => plot.querySelector('.bars path'))"
    plot = driver.execute_script(script)
    driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", plot)
    widest = "return [...arguments[0].querySelectorAll('.bars path')].map((bar) => bar.getBoundingClientRect())"
    box = max(driver.execute_script(widest, plot), key=lambda bar: bar["width"] * bar["height"])
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for step in (6, 3, 0):  # a pointer that moves, as hands do
        mouse(driver, "mouseMoved", x - step, y)
    label = "return arguments[0].querySelector('.hoverlayer').textContent"
    wait_for(lambda: driver.execute_script(label, plot), "a hover label")
    text = driver.execute_script(label, plot)
    assert any(unit in text for unit in ("J", "s", "operations", "%")), text


def check_theme(driver: Any) -> None:
    """The button changes page and plots between light and dark, and back."""
    state = (
        "return [document.documentElement.dataset.theme, getComputedStyle(document.body).backgroundColor,"
        " document.querySelector('.plot')._fullLayout.font.color]"
    )
    before = driver.execute_script(state)
    driver.find_element("id", "theme").click()
    wait_for(lambda: all(a != b for a, b in zip(before, driver.execute_script(state), strict=True)), "the other theme")
    driver.find_element("id", "theme").click()
    wait_for(lambda: driver.execute_script(state) == before, "the first theme again")


def check_choices(driver: Any) -> None:
    """Every variant of every plot can be chosen with the keyboard's own control, and is drawn."""
    for radio in driver.find_elements("css selector", ".choice input"):
        driver.execute_script("arguments[0].click()", radio)
        wait_for(lambda: driver.execute_script(_NOT_DRAWN) == [], f"figure {radio.get_attribute('value')} to be drawn")


def check_labels(driver: Any) -> None:
    """Wide or narrow, legends stay in their plots and off the drawing, and no label lies on another."""
    for width in (1200, 600):
        device = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
        _wait_for_nothing(driver, _LABELS)
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def check_print(driver: Any) -> None:
    """On paper the page is light, has no controls, and no plot is wider than the page."""
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    wait_for(lambda: driver.execute_script("return document.documentElement.dataset.theme") == "light", "light paper")
    widths = "return [...document.querySelectorAll('.plot .main-svg')].map((svg) => svg.getBoundingClientRect().width)"
    wait_for(lambda: max(driver.execute_script(widths)) <= 700, "plots to fit the page")
    shown = (
        "return [...document.querySelectorAll('button, .choice, .controls')].filter((each) => each.offsetHeight).length"
    )
    assert driver.execute_script(shown) == 0
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    wait_for(lambda: max(driver.execute_script(widths)) > 700, "plots to fill the screen again")


def check_narrow(driver: Any) -> None:
    """On a telephone the page itself does not scroll sideways."""
    device = {"width": 400, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", device)
    wait_for(lambda: driver.execute_script(_OVERFLOW) <= 0, "the page to fit 400 pixels")
    driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def _wait_for_nothing(driver: Any, script: str, seconds: float = 5) -> None:
    """Wait until `script` finds nothing wrong. Raises AssertionError with what it finds after `seconds`."""
    until = time.monotonic() + seconds
    while (found := driver.execute_script(script)) and time.monotonic() < until:
        time.sleep(0.1)
    assert found == []


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 20) -> None:
    """Wait until `condition` holds. Raises AssertionError after `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"waited {seconds} s for {what}"
        time.sleep(0.05)


def _click(driver: Any, element: Any) -> None:
    box = driver.execute_script("return arguments[0].getBoundingClientRect()", element)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        mouse(driver, kind, x, y)


def mouse(driver: Any, kind: str, x: float, y: float) -> None:
    """A pointer's event where the page is seen."""
    event = {"type": kind, "x": x, "y": y, "button": "none" if kind == "mouseMoved" else "left", "clickCount": 1}
    driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
