"""Run the benchmarks: `python -m benchmarks` (or `make bench`); `--size small` only shows that they work."""

from __future__ import annotations

import argparse
import json

from rich.table import Table

from benchmarks.speed import events_per_second, fast_against_reference
from deltasim.cli.terminal import plain_console

SIZES = {"small": (500, 2, 1), "full": (20_000, 10, 5)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="full", help="small: a smoke run")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    frames, reference_frames, repeats = SIZES[options.size]
    results = {
        "784-200-200-10, whole simulation, one thread": events_per_second(frames, repeats),
        "fast engine against reference engine (784-200-200-10)": fast_against_reference(reference_frames, repeats),
    }
    if options.json:
        print(json.dumps(results, indent=2))
        return
    for title, rows in results.items():
        table = Table(title=title, title_justify="left")
        for heading in rows[0]:
            table.add_column(heading, justify="right")
        for row in rows:
            table.add_row(*(f"{value:,.2f}" if isinstance(value, float) else str(value) for value in row.values()))
        plain_console().print(table)


if __name__ == "__main__":
    main()
