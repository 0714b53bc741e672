"""What messages and dense products cost, layer by layer: `python -m benchmarks.products`.

The VGG-16 convolutions (`deltasim data fetch vgg16-convolutions`) with 32 levels. Every layer is given a frame in which
a share of its inputs changed, once message by message and once by a dense product in float32, on all threads. The
last two columns are the ratio of the two, measured and as `simulator.values.products` predicts it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.phases import receive, send
from hwmodels import chip_of, load_accelerator
from simulator import Arrival, mode_named, plan_network, start
from simulator.values.finding import Finder, make_product
from simulator.values.kernels_frames import predicted_costs
from workloads import Quantisation, load_network, normalised, quantise
from workloads.assets import asset_named, find_asset

LEVELS, SHARE, REPEATS = 32, 0.5, 5


def main() -> None:
    """Print a Markdown table."""
    model = find_asset(asset_named("vgg16-convolutions"))
    if model is None:
        raise SystemExit("first: deltasim data fetch vgg16-convolutions")
    graph = load_network(model)
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (2, 3 * 224 * 224), dtype=np.uint8)
    scaled = quantise(normalised(graph, "caffe-bgr"), noise, Quantisation(levels=LEVELS)).scaled
    chip = replace(chip_of(load_accelerator("oconnor2017-int32")), encoding="graded")
    plan = plan_network(scaled, chip, mode_named("sigma_delta"))
    state = start(scaled, plan, Arrival(), block=1, products="dense")
    print("| layer | messages, G/s | dense, G/s | messages over dense | predicted |")
    print("| --- | ---: | ---: | ---: | ---: |")
    finder = state.sources[0]
    for layer in range(1, len(plan.layers)):
        connection = int(finder.net.incoming[layer])
        by_messages, dense = _both(finder, layer, rng)
        done, whole = int(finder.state.macs[connection]), int(finder.net.macs[connection])
        predicted = predicted_costs(finder.net, finder.state, finder.trace, 0, layer)
        print(
            f"| {plan.layers[layer].name} | {done / by_messages / 1e9:.1f} | {whole / dense / 1e9:.1f} | "
            f"{by_messages / dense:.2f} | {predicted[0] / predicted[1]:.2f} |"
        )


def _both(finder: Finder, layer: int, rng: np.random.Generator) -> tuple[float, float]:
    """Seconds of the messages and of the dense product into a layer."""
    sender = int(finder.net.sender[finder.net.incoming[layer]])
    _fill(finder, sender, rng)
    send(finder, sender, fresh=False)
    by_messages = _median_s(partial(receive, fresh=False), finder, layer)
    return by_messages, _median_s(make_product, finder, layer)


def _fill(finder: Finder, layer: int, rng: np.random.Generator) -> None:
    """Make SHARE of a layer's neurons change in the next update phase."""
    net, state = finder.net, finder.state
    accumulator = state.accumulator[net.begin[layer] : net.begin[layer + 1]]
    accumulator[...] = rng.integers(0, 2**18, accumulator.shape)
    state.touched[state.touched_begin[layer] : state.touched_begin[layer + 1]] = 1
    send(finder, layer, fresh=True)
    integers = state.integers[net.sent[layer] : net.sent[layer + 1]]
    integers[rng.random(len(integers)) < SHARE] -= 1


def _median_s(function: Any, *arguments: object) -> float:  # noqa: ANN401 - anything that is called
    """Median seconds of a call."""
    seconds = []
    function(*arguments)
    for _ in range(REPEATS):
        begin = time.perf_counter()
        function(*arguments)
        seconds.append(time.perf_counter() - begin)
    return median(seconds)


if __name__ == "__main__":
    main()
