"""Pages, and texts that would break one."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

from reports import load_run, write_dashboard

HOSTILE = "</script><script>alert('1')</script> <img src=x onerror=alert(2)> & \u2028"


class Page(HTMLParser):
    """Collects what a browser would load or run, and the text outside scripts and styles."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.scripts = 0
        self.images = 0
        self.handlers: list[str] = []
        self.text = ""
        self._skip = False
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._skip = tag in {"script", "style"}
        self.scripts += tag == "script"
        self.images += tag == "img"
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "srcset", "data", "action"}]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_endtag(self, tag: str) -> None:
        self._skip = False

    def handle_data(self, data: str) -> None:
        if not self._skip:
            self.text += data


def page_of(path: Path) -> Page:
    return Page(write_dashboard(load_run(path)))
