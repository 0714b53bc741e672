"""What is going on, on standard error: words while things are loaded, then progress bars, one per network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Final

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from deltasim.cli.compiling import compiling
from deltasim.cli.terminal import plain_console
from deltasim.experiment.execute import Progress as Report
from hwmodels.modes import MODES_TABLE

SAID_FROM_S: Final = 1.0  # less time than this is not worth a word at the end


@contextmanager
def status_line(words: str) -> Iterator[Callable[[str], None]]:
    """A function to say what is being done; `words` is what it is at first.

    A terminal shows the last words beside a spinner until the end. Elsewhere, such as in a log, each becomes a line,
    but not the first ones: most mistakes are found meanwhile, and are told in one message.
    """
    console = plain_console(stderr=True)
    with console.status(Text(words)) as status:

        def say(words: str) -> None:
            status.update(Text(words))
            if not console.is_terminal:
                console.print(words, soft_wrap=True)

        yield say


@contextmanager
def compiling_said(say: Callable[[str], None], words: str) -> Iterator[None]:
    """Say it where words are said when code is compiled, which happens once; then `words` again."""
    with compiling(lambda purpose: say(f"compiling (once): {purpose}"), lambda _: say(words)):
        yield


def notebook_bars(given: Report | None) -> AbstractContextManager[Report | None]:
    """What progress is reported to: `given`; without it bars where a notebook can show them (extra `notebook`)."""
    shown = given is None and plain_console().is_jupyter and find_spec("ipywidgets") is not None
    return progress_bars() if shown else nullcontext(given)


@contextmanager
def progress_bars(unit: str = "frames") -> Iterator[Report]:
    """A function to report (mode or other work, so many done, so many in all) to, while bars are on the screen.

    While code is compiled, which happens once, a line says what for and how long; elsewhere than on a terminal it is
    said once, with the seconds at the end.
    """
    columns = (
        TextColumn("{task.description:>20}", markup=False),
        BarColumn(),
        _Counted(),
        TextColumn("{task.fields[unit]}", markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    console = plain_console(stderr=True)
    with Progress(*columns, console=console) as bars, _compiling_shown(bars):
        tasks: dict[str, TaskID] = {}

        def report(mode: str, done: int, count: int) -> None:
            if mode not in tasks:
                title = MODES_TABLE[mode].short_title if mode in MODES_TABLE else mode
                tasks[mode] = bars.add_task(title, total=count, unit=unit)
            bars.update(tasks[mode], completed=done)

        yield report


class _Counted(MofNCompleteColumn):
    """How many of how many; nothing for work that is not counted."""

    def render(self, task: Task) -> Text:
        return Text("") if task.total is None else super().render(task)


@contextmanager
def _compiling_shown(bars: Progress) -> Iterator[None]:
    """A line among the bars while code is compiled, and the seconds it took in all."""
    lines: list[TaskID] = []
    spent: list[float] = []

    def begin(purpose: str) -> None:
        lines.append(bars.add_task(f"compiling (once): {purpose}", total=None, unit=""))
        if not bars.console.is_terminal and not spent:
            bars.console.print("compiling (once; kept for the next time)", soft_wrap=True)

    def end(seconds: float) -> None:
        bars.remove_task(lines.pop())
        spent.append(seconds)

    with compiling(begin, end):
        yield
    if sum(spent) >= SAID_FROM_S:
        bars.console.print(f"compiled in {sum(spent):.0f} s, kept for the next time", soft_wrap=True)
