"""What a newcomer waits for: whole processes, from the command to its end or to the first frames.

`python -m benchmarks.first_minute [--size small] [--clip VIDEO]`. Compiled code is kept in a folder of its own, empty
where `nothing compiled` is said. With a clip SqueezeNet is run on it too. The size `small` leaves out the cold starts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from rich.table import Table

from deltasim.cli.terminal import plain_console

REPEATS = 5
FIRST_FRAMES = """
import os, sys, time
from pathlib import Path
from deltasim.api import job_of
from deltasim.experiment.execute import run_job
from deltasim.experiment.files import experiment_of

def stop(mode, done, count):
    if done:
        print(time.time() - float(sys.argv[1]), flush=True)
        os._exit(0)

chosen, folder = experiment_of(Path(sys.argv[3]) if len(sys.argv) > 3 else None)
run_job(job_of(chosen, folder), Path(sys.argv[2]) / "run", progress=stop)
"""
"""`deltasim run [CLIP]` until its first block of frames is finished."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.first_minute", description=__doc__)
    parser.add_argument("--size", choices=("small", "full"), default="full", help="small: a smoke run")
    parser.add_argument("--clip", type=Path, help="a video, for SqueezeNet")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    seconds = measured(options.clip, cold=options.size == "full")
    if options.json:
        print(json.dumps(seconds, indent=2))
        return
    table = Table(title="The first minute", title_justify="left")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    for what, each in seconds.items():
        table.add_row(what, f"{each:.2f}")
    plain_console().print(table)


def measured(clip: Path | None, *, cold: bool) -> dict[str, float]:
    """Seconds by what was waited for."""
    python = [sys.executable, "-c"]
    help_ = [*python, "import sys; sys.argv = ['deltasim', '--help']; from deltasim.cli.app import main; main()"]
    seconds = {
        f"import deltasim (median of {REPEATS})": _median_s([*python, "import deltasim"]),
        f"deltasim --help (median of {REPEATS})": _median_s(help_),
    }
    if not cold:
        return seconds
    with TemporaryDirectory() as place:
        seconds["deltasim run, to the first frames, nothing compiled"] = _first_frames_s(Path(place))
        run = [*python, "import sys; sys.argv = ['deltasim', 'run', '--out', sys.argv[1]]; "
               "from deltasim.cli.app import main; main()"]  # fmt: skip
        _whole_s([*run, str(Path(place) / "first")], Path(place))
        seconds["deltasim run, whole, the second time"] = _whole_s([*run, str(Path(place) / "second")], Path(place))
    if clip is not None:
        with TemporaryDirectory() as place:
            seconds[f"deltasim run {clip.name}, to the first frame, nothing compiled"] = _first_frames_s(
                Path(place), str(clip.absolute())
            )
    return seconds


def _first_frames_s(place: Path, *clip: str) -> float:
    command = [sys.executable, "-c", FIRST_FRAMES, str(time.time()), str(place), *clip]
    done = subprocess.run(command, env=_environment(place), check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def _whole_s(command: list[str], place: Path | None = None) -> float:
    begin = time.perf_counter()
    subprocess.run(command, env=_environment(place), check=True, capture_output=True)
    return time.perf_counter() - begin


def _median_s(command: list[str]) -> float:
    return median(_whole_s(command) for _ in range(REPEATS))


def _environment(place: Path | None) -> dict[str, str]:
    """This process's, with compiled code in `place`."""
    return dict(os.environ) if place is None else {**os.environ, "NUMBA_CACHE_DIR": str(place / "compiled")}


if __name__ == "__main__":
    main()
