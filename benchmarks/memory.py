"""Peak memory of a run against the length of its video: `python -m benchmarks.memory [NETWORK ...] [--clip CLIP]`.

Each network is run in sigma-delta as `deltasim run` does it (quantised, simulated into a run directory, dashboard
written), in a process of its own for each length of video: a clip shown over and over, or without one a box that moves
over a pattern. What is printed are the largest resident sizes so far (MiB) at the end of each part. A short run
has no state saved for a restart yet, and few pictures for the dashboard; from 100 and 250 frames on both are complete.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from deltasim.api import dashboard
from deltasim.experiment.execute import run_job
from deltasim.experiment.files import channel_order
from deltasim.experiment.job import plan_job
from deltasim.experiment.settings import Settings
from hwmodels import load_accelerator
from workloads import Frames, Network, Quantisation, load_frames, load_network, normalised, quantise
from workloads.assets import asset_named, find_asset

VGG16 = "vgg16-convolutions"
LEVELS = 32
CALIBRATION_FRAMES = 8
LENGTHS = (20, 100, 500)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    parser.add_argument("networks", nargs="*", help=f"bundled network, {VGG16} if fetched, or both (default)")
    parser.add_argument("--clip", type=Path, help="a video instead of the moving box")
    parser.add_argument("--frames", type=int, nargs="+", default=LENGTHS, help="lengths (default: 20 100 500)")
    parser.add_argument(
        "--peaks", action="store_true", help="run here, for so many frames, and print the peaks as JSON"
    )
    options = parser.parse_args()
    if options.peaks:
        print(json.dumps(peaks(options.networks[0], options.clip, options.frames[0])))
        return
    fetched = [VGG16] if find_asset(asset_named(VGG16)) else []
    for network in options.networks or ["squeezenet11", *fetched]:
        for count in options.frames:
            found = _in_own_process(network, options.clip, count)
            parts = ", ".join(f"{part} {mebibytes:,.0f}" for part, mebibytes in found.items())
            print(f"{network}, {count} frames: peak MiB after {parts}", flush=True)


def peaks(network: str, clip: Path | None, count: int) -> dict[str, float]:
    """Largest resident size of this process so far (MiB) at the end of each part of a run of `count` frames."""
    graph = _graph(network)
    frames = _endless(graph, clip, count)
    found = {"loading": _peak()}
    quantised = quantise(graph, frames.read(0, min(CALIBRATION_FRAMES, count)), Quantisation(levels=LEVELS))
    found["quantisation"] = _peak()
    accelerator = load_accelerator("oconnor2017-int32")
    job = plan_job(quantised, frames, accelerator, Settings(modes=("sigma_delta",)), channels=channel_order(graph))
    found["planning"] = _peak()
    with TemporaryDirectory() as folder:
        # The last report of progress comes before the parts of the run are put together.
        finished = run_job(job, Path(folder) / "run", progress=lambda *_: found.update(simulation=_peak()))
        found["run directory"] = _peak()
        dashboard(finished)
        found["dashboard"] = _peak()
    return found


def _in_own_process(network: str, clip: Path | None, count: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.memory", network, "--frames", str(count), "--peaks"]
    command += [] if clip is None else ["--clip", str(clip)]
    finished = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(finished.stdout)
    return found


def _graph(name: str) -> Network:
    if name == VGG16:
        path = find_asset(asset_named(VGG16))
        if path is None:
            raise SystemExit(f"first: deltasim data fetch {VGG16}")
        graph = load_network(path)
        return normalised(graph, "caffe-bgr")
    graph = load_network(name)
    if graph.chain is not None:
        raise SystemExit(f"{name} takes no pictures")
    return graph


def _endless(graph: Network, clip: Path | None, count: int) -> Frames:
    """`count` frames of `clip` as often as it takes, or of a box that moves over a pattern."""
    channels, height, width = graph.input_shape
    pictures = None if clip is None else load_frames(clip, size=(height, width), channels=channel_order(graph))
    y, x = np.mgrid[:height, :width]
    pattern = np.stack([x * 2 % 200, y * 3 % 200, (x + y) % 200])[:channels].astype(np.uint8)

    def frame(index: int) -> NDArray[np.uint8]:
        if pictures is not None:
            return pictures.read(index % pictures.count, index % pictures.count + 1)[0]
        picture, left = pattern.copy(), index * 3 % (width - width // 4)
        picture[:, height // 4 : height // 2, left : left + width // 4] = 250
        return picture.ravel()

    def read(start: int, stop: int) -> NDArray[np.uint8]:
        return np.stack([frame(index) for index in range(start, stop)])

    name = "moving box" if clip is None else clip.name
    return Frames(name, count, graph.input_shape, None, read, source=f"{name}, benchmark of memory")


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
