"""`deltasim trace`: a finished run for a timeline viewer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from deltasim.cli.options import Json, RunPath
from hwmodels.modes import HEADLINE, MODES_TABLE

Target = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="FILE", help="Name ends in .json or .json.gz. [default: RUN/trace.json.gz]"),
]
Mode = Annotated[
    str | None, typer.Option(metavar="NAME", help=f"The network. [default: {HEADLINE}, else the last one]")
]
Frames = Annotated[
    str | None,
    typer.Option(
        metavar="START:STOP", help="Only these frames, by their numbers in the source. [default: the first 20]"
    ),
]


def trace(run: RunPath, out: Target = None, mode: Mode = None, frames: Frames = None, json: Json = False) -> None:
    """Write what every core of a finished run did when, for ui.perfetto.dev (or chrome://tracing).

    A process is a tile, a thread a core. In a run with record_messages: true every service is exact, and arrows lead
    from message to message; otherwise the order of work inside a phase is not known, and marked so.
    """
    from deltasim.cli.mode_names import mode_of
    from deltasim.cli.show import print_json
    from reports import load_run, write_trace
    from workloads.frames.ranges import bounds_of

    finished = load_run(run)
    path = finished.directory_for("its trace") / "trace.json.gz" if out is None else out
    named = None if mode is None else mode_of(mode)
    network, first, last = write_trace(finished, path, named, (None, None) if frames is None else bounds_of(frames))
    size = path.stat().st_size
    if json:
        print_json({"trace": str(path), "network": network, "frames": [first, last + 1], "bytes": size})
        return
    shown = f"frames {first} to {last} of {finished.frame_count:,}"
    print(f"{MODES_TABLE[network].short_title}, {shown}, {size / 1e6:.2f} MB")  # noqa: T201
    print(f"Trace: {path.absolute()}")  # noqa: T201
    print("Open it in https://ui.perfetto.dev, which keeps it on this computer")  # noqa: T201
