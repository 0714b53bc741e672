"""Simulating a frame of video against dense float inference of it: `python -m benchmarks.video CLIP`.

The VGG-16 convolutions (`deltasim data fetch vgg16-convolutions`), simulated whole (integers, messages, counts, times,
one core per layer) in the sigma-delta network, beside onnxruntime's float32 inference of the same stack on two threads.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np
import onnxruntime

from deltasim.assets import asset_named, find_asset
from hwmodels import chip_of, load_accelerator
from hwmodels.records import COLUMNS
from simulator import Arrival, Plan, advance, mode_named, plan_network, start
from workloads import Graph, Quantisation, load_frames, load_network, normalised, quantise

LEVELS = 32


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.video", description=__doc__)
    parser.add_argument("clip", type=Path, help="a video")
    parser.add_argument("--frames", default="0:60", help="start:stop")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    result = compare(options.clip, options.frames)
    print(
        json.dumps(result, indent=2) if options.json else "\n".join(f"{key}: {value}" for key, value in result.items())
    )


def compare(clip: Path, chosen: str) -> dict[str, object]:
    """Median times (ms) of frames after the first, side by side: one frame simulated, one inferred, in turn."""
    model = find_asset(asset_named("vgg16-convolutions"))
    if model is None:
        raise SystemExit("first: deltasim data fetch vgg16-convolutions")
    graph = load_network(model)
    assert isinstance(graph, Graph)  # noqa: S101 - an .onnx file always gives a graph
    graph = normalised(graph, "caffe-bgr")
    frames = load_frames(clip, frames=chosen, size=(224, 224), channels="bgr")
    pixels = frames.read(0, frames.count)
    scaled = quantise(graph, pixels[:8], Quantisation(levels=LEVELS)).scaled
    chip = replace(chip_of(load_accelerator("oconnor2017-int32")), encoding="graded")
    plan = plan_network(scaled, chip, mode_named("sigma_delta"))
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(model), session_options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    state = start(scaled, plan, Arrival(), block=1)
    simulated, inferred, adds = [], [], []
    for t in range(frames.count):
        begin = time.perf_counter()
        block = advance(state, pixels[t : t + 1])
        simulated.append(time.perf_counter() - begin)
        adds.append(int(block.counts[..., COLUMNS.index("adds")].sum()))
        image = pixels[t].reshape(1, 3, 224, 224).astype(np.float32)
        begin = time.perf_counter()
        session.run(None, {name: image})
        inferred.append(time.perf_counter() - begin)
    ratios = [a / b for a, b in zip(simulated[1:], inferred[1:], strict=True)]
    return {
        "clip": clip.name,
        "frames": frames.count,
        "simulated ms per frame (median)": 1e3 * median(simulated[1:]),
        "onnxruntime float32 ms per frame (median)": 1e3 * median(inferred[1:]),
        "ratio (median of pairs)": median(ratios),
        "share of multiply-accumulates": sum(adds[1:]) / len(adds[1:]) / _dense(plan),
        "giga synaptic operations per second": sum(adds[1:]) / sum(simulated[1:]) / 1e9,
        "peak memory MiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _dense(plan: Plan) -> int:
    """Multiply-accumulates of a whole pass."""
    total = 0
    for link in plan.links:
        channels = plan.cores[link.sender].sent_shape[2]
        total += sum(link.hits_y) * sum(link.hits_x) * channels * link.channels
    return total


if __name__ == "__main__":
    main()
