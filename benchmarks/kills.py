"""Runs that are killed and go on: `python -m benchmarks.kills [--kills 52]`.

A run that keeps its traces is killed at random moments, by SIGKILL, SIGTERM and SIGINT in turn, and begun again until
it is through; then every file of the run and of the traces is compared with those of one that was left alone.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
CHILD = """
import sys
from deltasim.cli.app import main
sys.argv = ["deltasim", "run", "--frames", sys.argv[2], "-o", sys.argv[1], "--traces", "keep"]
main()
"""


def main() -> None:
    """Kill, compare, print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=52)
    parser.add_argument("--frames", default="0:10000", help="frames of Temporal-MNIST (default: all)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)  # noqa: S311 - moments, not secrets
    with TemporaryDirectory() as place:
        whole = Path(place) / "whole"
        _whole(whole, options.frames)  # compiles
        shutil.rmtree(whole)
        seconds = _whole(whole, options.frames)
        expected, kills, runs, writing = dict(_contents(whole)), 0, 0, 0
        while kills < options.kills:
            own, through = Path(place) / f"killed{runs}", False
            while not through and kills < options.kills:
                after_s, number = chance.uniform(0, seconds), SIGNALS[kills % len(SIGNALS)]
                through, was_writing = _killed(own, options.frames, after_s, number)
                kills, writing = kills + (not through), writing + was_writing
            _whole(own, options.frames)
            runs += 1
            if dict(_contents(own)) != expected:
                raise SystemExit(f"run {runs}, after {kills} kills: not the bytes of a run that was left alone")
    print(f"{kills} kills in {runs} runs, {writing} of them while a trace was being written: all bytes are the same")


def _start(place: Path, frames: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "DELTASIM_CACHE": str(place / "cache")}
    command = [sys.executable, "-c", CHILD, str(place / "run"), frames]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _whole(place: Path, frames: str) -> float:
    """Seconds of a run that is left alone."""
    begin = time.perf_counter()
    if _start(place, frames).wait():
        raise SystemExit(f"{place}: the run failed")
    return time.perf_counter() - begin


def _killed(place: Path, frames: str, after_s: float, number: signal.Signals) -> tuple[bool, bool]:
    """Whether the run was through before it could be killed, and whether a file of a trace was open when it was."""
    child = _start(place, frames)
    try:
        child.wait(after_s)
    except subprocess.TimeoutExpired:
        writing = any(place.glob(".run.partial/traces/*/.*.arrow"))
        child.send_signal(number)
        child.wait()
        return False, writing
    return True, False


def _contents(place: Path) -> Iterator[tuple[str, bytes]]:
    for name in ("run", "cache"):
        for file in sorted((place / name).rglob("*")):
            if file.is_file() and file.name != "dashboard.html":
                yield str(file.relative_to(place)), file.read_bytes()


if __name__ == "__main__":
    main()
