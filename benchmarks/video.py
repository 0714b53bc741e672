"""Simulating a frame of video against dense float inference of it: `python -m benchmarks.video CLIP`.

The VGG-16 convolutions (`deltasim data fetch vgg16-convolutions`), simulated whole (integers, messages, counts, times,
one core per layer) in the sigma-delta network, beside onnxruntime's float32 inference of the same stack, in turn, frame
by frame, on the same number of threads. With `--accelerator` the same frames also run on a chip of one's own choice, in
turn with ideal cores (no links shared, layer l on core l). A second pass steps through the same frames phase by phase
and says where the time goes.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from benchmarks.phases import receive, send
from hwmodels import chip_of, load_accelerator
from hwmodels.records import COLUMNS
from simulator import Arrival, Plan, advance, map_automatically, mode_named, plan_network, start
from simulator.chip_run import find_times, follow, hand_over
from simulator.fast import FastState
from simulator.placement.plan import flow_macs
from simulator.values.kernels_frames import take_in
from workloads import IntegerNetwork, Quantisation, load_frames, load_network, normalised, quantise
from workloads.assets import asset_named, find_asset

LEVELS = 32
PHASES = ("receive (products)", "update (requantisation, messages)", "timing", "records")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.video", description=__doc__)
    parser.add_argument("clip", type=Path, help="a video")
    parser.add_argument("--frames", default="0:60", help="start:stop")
    parser.add_argument("--threads", type=int, default=2, help="of both sides (default 2)")
    parser.add_argument("--accelerator", help="also on this profile or YAML file, layers mapped to as few cores as fit")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result = compare(options.clip, options.frames, options.threads, options.accelerator)
    print(
        json.dumps(result, indent=2) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items())
    )


def compare(clip: Path, chosen: str, threads: int, accelerator: str | None = None) -> dict[str, Any]:
    """Medians (ms) over the frames after the first, and what else the table gives."""
    model = find_asset(asset_named("vgg16-convolutions"))
    if model is None:
        raise SystemExit("first: deltasim data fetch vgg16-convolutions")
    frames = load_frames(clip, frames=chosen, size=(224, 224), channels="bgr")
    pixels = frames.read(0, frames.count)
    scaled = _quantised(model, pixels)
    chip = replace(chip_of(load_accelerator("oconnor2017-int32")), encoding="graded")
    plan = plan_network(scaled, chip, mode_named("sigma_delta"))
    state = start(scaled, plan, Arrival(), block=1, threads=threads)
    other = None if accelerator is None else _on_chip(scaled, accelerator, threads)
    simulated, elsewhere, inferred, adds = _in_turn(state, other, model, pixels, threads)
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    shares = _phases(start(scaled, plan, Arrival(), block=1, threads=threads), pixels)
    total = sum(shares.values())
    return {
        "clip": clip.name,
        "frames": frames.count,
        "threads": threads,
        "simulated ms per frame (median)": round(1e3 * median(simulated[1:]), 1),
        "onnxruntime float32 ms per frame (median)": round(1e3 * median(inferred[1:]), 1),
        "ratio (median of pairs)": round(median(a / b for a, b in zip(simulated[1:], inferred[1:], strict=True)), 2),
        **_compared(simulated, elsewhere, other),
        "share of multiply-accumulates": round(sum(adds[1:]) / len(adds[1:]) / _dense(plan), 3),
        "giga synaptic operations per second": round(sum(adds[1:]) / sum(simulated[1:]) / 1e9, 1),
        "peak memory MiB": round(peak_mib),
        **{f"share of time: {phase}": round(shares[phase] / total, 2) for phase in PHASES},
    }


def _on_chip(network: IntegerNetwork, accelerator: str, threads: int) -> FastState:
    chip = chip_of(load_accelerator(accelerator))
    plan = plan_network(network, chip, mode_named("sigma_delta"), map_automatically(network, chip))
    return start(network, plan, Arrival(), block=1, threads=threads)


def _compared(simulated: list[float], elsewhere: list[float], other: FastState | None) -> dict[str, Any]:
    if other is None:
        return {}
    plan, ms = other.runs[0].plan, 1e3 * median(elsewhere[1:])
    ratio = median(a / b for a, b in zip(elsewhere[1:], simulated[1:], strict=True))
    return {
        "the chip": f"{len(plan.cores)} cores, {len(plan.mesh)} links {'shared' if plan.shared else 'private'}, "
        f"timed {'link by link' if plan.chain else 'by an event queue'}",
        "simulated on the chip, ms per frame (median)": round(ms, 1),
        "ratio to ideal cores (median of pairs)": round(ratio, 2),
    }


def _quantised(model: Path, pixels: NDArray[np.uint8]) -> IntegerNetwork:
    graph = load_network(model)
    return quantise(normalised(graph, "caffe-bgr"), pixels[:8], Quantisation(levels=LEVELS)).scaled


def _in_turn(
    state: FastState, other: FastState | None, model: Path, pixels: NDArray[np.uint8], threads: int
) -> tuple[list[float], list[float], list[float], list[int]]:
    """Seconds simulated on ideal cores, on the other chip, and inferred, and additions, frame by frame."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.force_spinning_stop", "1")  # or its threads would spin into our frame
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    simulated, elsewhere, inferred, adds = [], [], [], []
    for t in range(len(pixels)):
        begin = time.perf_counter()
        (block,) = advance(state, pixels[t : t + 1])
        simulated.append(time.perf_counter() - begin)
        adds.append(int(block.counts[..., COLUMNS.index("adds")].sum()))
        begin = time.perf_counter()
        if other is not None:
            advance(other, pixels[t : t + 1])
        elsewhere.append(time.perf_counter() - begin)
        image = pixels[t].reshape(1, 3, 224, 224).astype(np.float32)
        begin = time.perf_counter()
        session.run(None, {name: image})
        inferred.append(time.perf_counter() - begin)
    return simulated, elsewhere, inferred, adds


def _phases(state: FastState, pixels: NDArray[np.uint8]) -> dict[str, float]:
    """Median seconds of each phase of a frame, through the functions that `advance` runs in one piece."""
    seconds: dict[str, list[float]] = {phase: [] for phase in PHASES}
    (finder,), (run,) = state.sources, state.runs
    for t in range(len(pixels)):
        spent = dict.fromkeys(PHASES, 0.0)
        products, update, timing, records = PHASES
        with _clocked(spent, products):
            take_in(finder.net, finder.state, finder.in_map_order(pixels[t : t + 1])[0])
        for layer in range(len(run.plan.layers)):
            with _clocked(spent, products):
                if layer > 0:
                    receive(finder, layer, fresh=t == 0)
            with _clocked(spent, update):
                send(finder, layer, fresh=t == 0)
        finder.found[0] += 1
        with _clocked(spent, timing):
            follow(run, state.found)
            find_times(run, last=False)
        with _clocked(spent, records):
            hand_over(run, last=False)
        for phase in PHASES:
            seconds[phase].append(spent[phase])
    return {phase: median(seconds[phase][1:]) for phase in PHASES}


@contextmanager
def _clocked(spent: dict[str, float], phase: str) -> Iterator[None]:
    """Add the time inside to a phase."""
    begin = time.perf_counter()
    yield
    spent[phase] += time.perf_counter() - begin


def _dense(plan: Plan) -> int:
    """Multiply-accumulates of a whole pass."""
    return sum(flow_macs(plan, link) for link in plan.flows)


if __name__ == "__main__":
    main()
