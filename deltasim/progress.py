"""Progress bars on standard error, one per network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from deltasim.execute import Progress as Report
from deltasim.show import TITLES


@contextmanager
def progress_bars() -> Iterator[Report]:
    """A function to report (mode, frames done, frames in all) to, while bars are on the screen."""
    columns = (
        TextColumn("{task.description:>20}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("frames"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, TaskID] = {}

        def report(mode: str, done: int, count: int) -> None:
            if mode not in tasks:
                tasks[mode] = bars.add_task(TITLES[mode], total=count)
            bars.update(tasks[mode], completed=done)

        yield report
