"""What is going on, on standard error: words while things are loaded, then progress bars, one per network."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from deltasim.execute import Progress as Report
from deltasim.show import TITLES
from deltasim.terminal import plain_console


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


def notebook_bars(given: Report | None) -> AbstractContextManager[Report | None]:
    """What progress is reported to: `given`; without it bars where a notebook can show them (extra `notebook`)."""
    shown = given is None and plain_console().is_jupyter and find_spec("ipywidgets") is not None
    return progress_bars() if shown else nullcontext(given)


@contextmanager
def progress_bars(unit: str = "frames") -> Iterator[Report]:
    """A function to report (mode or other work, so many done, so many in all) to, while bars are on the screen."""
    columns = (
        TextColumn("{task.description:>20}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit, markup=False),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=plain_console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def report(mode: str, done: int, count: int) -> None:
            if mode not in tasks:
                tasks[mode] = bars.add_task(TITLES.get(mode, mode), total=count)
            bars.update(tasks[mode], completed=done)

        yield report
