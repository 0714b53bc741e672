"""Operations of a frame of video, layer by layer: `python -m benchmarks.operations CLIP --frames 0:60 --levels 16`.

The original network beside rounding and sigma-delta, as in the paper's Figure 5, by two ways to count. *True fan-out*
is what the simulation counts: a message reaches the neurons that it has synapses to. *The paper's* convention ignores
borders: 2 prod(out shape) fan-in operations for the original, |s|_L1 times the fan-out inside the map for the others
(Eqs. 22 and 25, and convnets/conv_forward_pass.py of github.com/petered/sigma-delta). Scales are set on the first
frames of the range.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.files import Experiment, load_experiment, quantisation_of
from hwmodels import Chip, chip_of
from hwmodels.records import COLUMNS
from simulator import Arrival, Plan, advance, block_size, mode_named, plan_network, start
from workloads import Frames, IntegerNetwork, quantise
from workloads.assets import ASSETS

NETWORK = "vgg16-convolutions"
MODES = ("rounding", "sigma_delta")
ENCODINGS = ("unary", "graded")
HEADINGS = (
    "layer",
    "original, paper",
    "original",
    "rounding, unary",
    "sigma-delta, unary",
    "rounding, graded",
    "sigma-delta, graded",
    "original : sigma-delta, unary",
    "original : sigma-delta, graded",
    "sigma-delta : rounding, unary",
    "sigma-delta : rounding, graded",
)


@dataclass(frozen=True)
class Operations:
    """Operations of some frames together, an entry per layer: dense by both conventions, `counted[mode, encoding]` by
    true fan-out, `paper[mode]` unit events times the fan-out inside the map.
    """

    frames: int
    layers: tuple[str, ...]
    dense: tuple[int, ...]
    dense_paper: tuple[int, ...]
    counted: dict[tuple[str, str], tuple[int, ...]]
    paper: dict[str, tuple[Fraction, ...]]


def main() -> None:
    """Measure and print Markdown."""
    options = _options()
    loaded = load_experiment(_experiment(options), Path())
    settings = quantisation_of(loaded.experiment.quantisation, loaded.accelerator)
    quantised = quantise(loaded.network, loaded.frames.read(0, options.calibration_frames), settings)
    first, rest = measure(quantised.scaled, loaded.frames, chip_of(loaded.accelerator))
    print(f"{loaded.network.name} on {options.clip.name}, frames {options.frames}: millions of operations per frame")
    print(f"quantisation: {options.levels} levels, {options.calibration}, of the first {options.calibration_frames}")
    print(f"\nAll {rest.frames} frames but the first:\n")
    print("\n".join(layer_table(rest)))
    print(f"\nAll {rest.frames + first.frames} frames:\n")
    print("\n".join(layer_table(together(first, rest))))
    print("\nWhole networks:\n")
    print("\n".join(totals_table({"all but the first": rest, "all": together(first, rest)})))
    last = next(layer for layer in reversed(quantised.report.layers) if layer.precision == "scaled")
    print(f"\nsignal-to-noise of {last.name}: {last.signal_to_noise_db:.1f} dB")


def measure(network: IntegerNetwork, frames: Frames, chip: Chip) -> tuple[Operations, Operations]:
    """Operations of the first frame, and of all later ones."""
    counted: dict[tuple[str, str], NDArray[np.int64]] = {}
    l1: dict[str, NDArray[np.int64]] = {}
    for encoding in ENCODINGS:
        for mode in MODES:
            plan = plan_network(network, replace(chip, encoding=encoding), mode_named(mode))
            sums = _sums(network, frames, plan)
            counted[mode, encoding], l1[mode] = sums[..., 0], sums[..., 1]
    dense, inside = macs_true(plan), macs_inside(network)
    first, rest = (
        Operations(
            frames=count,
            layers=tuple(layer.name for layer in network.layers),
            dense=tuple(2 * macs * count for macs in dense),
            dense_paper=tuple(2 * sum(senders.values()) * count for senders in inside),
            counted={key: tuple(map(int, values[part, 1:])) for key, values in counted.items()},
            paper={mode: _events_inside(values[part], inside, plan) for mode, values in l1.items()},
        )
        for part, count in enumerate((1, frames.count - 1))
    )
    return first, rest


def _sums(network: IntegerNetwork, frames: Frames, plan: Plan) -> NDArray[np.int64]:
    """(2, cores, 2): of the first frame and of the others, the operations of each core and the |s|_L1 it sends."""
    block = block_size(network)
    state = start(network, plan, Arrival(), block=block)
    adds, multiplies, l1 = (COLUMNS.index(name) for name in ("adds", "multiplies", "l1_out"))
    result = np.zeros((2, len(plan.cores), 2), np.int64)
    for begin in range(0, frames.count, block):
        end = min(begin + block, frames.count)
        (done,) = advance(state, frames.read(begin, end), last=end == frames.count)
        values = np.stack([done.counts[..., adds] + done.counts[..., multiplies], done.counts[..., l1]], axis=2)
        ahead = max(0, 1 - done.first)
        result[0] += values[:ahead].sum(axis=0)
        result[1] += values[ahead:].sum(axis=0)
    return result


def _events_inside(l1: NDArray[np.int64], inside: list[dict[int, int]], plan: Plan) -> tuple[Fraction, ...]:
    """For each layer |s|_L1 of its senders times the fan-out that their neurons have on average without borders."""
    return tuple(
        sum((int(l1[core]) * Fraction(macs, plan.cores[core].neurons) for core, macs in senders.items()), Fraction())
        for senders in inside
    )


def macs_inside(network: IntegerNetwork) -> list[dict[int, int]]:
    """For each layer and sender, the multiply-accumulates of a pass whose borders are counted like the inside."""
    return [
        {each.source: prod(layer.shape[:2] if each.window else (1,)) * each.weights.size for each in layer.synapses}
        for layer in network.layers
    ]


def macs_true(plan: Plan) -> list[int]:
    """For each layer, the multiply-accumulates of a pass: synapses, borders and strides included."""
    result = [0] * (len(plan.cores) - 1)
    for link in plan.flows:
        channels = plan.cores[link.sender].sent_shape[2]
        result[link.receiver - 1] += sum(link.hits_y) * sum(link.hits_x) * channels * link.channels
    return result


def together(one: Operations, two: Operations) -> Operations:
    """Both parts of the frames."""
    return Operations(
        one.frames + two.frames,
        one.layers,
        _added(one.dense, two.dense),
        _added(one.dense_paper, two.dense_paper),
        {key: _added(values, two.counted[key]) for key, values in one.counted.items()},
        {
            mode: tuple(a + b for a, b in zip(values, two.paper[mode], strict=True))
            for mode, values in one.paper.items()
        },
    )


def _added(one: tuple[int, ...], two: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(a + b for a, b in zip(one, two, strict=True))


def layer_table(found: Operations) -> list[str]:
    """Lines of a Markdown table, a row per layer and the sum; millions of operations per frame, then ratios."""
    columns = [found.dense_paper, found.dense, *(found.counted[mode, each] for each in ENCODINGS for mode in MODES)]
    rows = [(name, *values) for name, *values in zip(found.layers, *columns, strict=True)]
    rows.append(("all", *map(sum, columns)))
    lines = [f"| {' | '.join(HEADINGS)} |", "| --- " + "| ---: " * (len(HEADINGS) - 1) + "|"]
    for name, *values in rows:
        _, dense, rounded, changed, rounded_graded, changed_graded = values
        shown = [f"{value / found.frames / 1e6:,.1f}" for value in values]
        gains = [_over(dense, changed, 1), _over(dense, changed_graded, 1)]
        shares = [_over(changed, rounded, 2), _over(changed_graded, rounded_graded, 2)]
        lines.append(f"| {' | '.join((str(name), *shown, *gains, *shares))} |")
    return lines


def totals_table(parts: dict[str, Operations]) -> list[str]:
    """Lines of a Markdown table of whole networks, by both conventions, for each choice of frames."""
    lines = [
        "| frames | counted by | original | rounding | sigma-delta | original : sigma-delta |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for which, found in parts.items():
        ways = {
            "paper (unit events, borders ignored)": (found.dense_paper, *(found.paper[mode] for mode in MODES)),
            **{
                f"true fan-out, {each}": (found.dense, *(found.counted[mode, each] for mode in MODES))
                for each in ENCODINGS
            },
        }
        for way, columns in ways.items():
            sums = [sum(values) for values in columns]
            shown = [f"{float(value) / found.frames / 1e6:,.1f}" for value in sums]
            lines.append(f"| {which} | {way} | {' | '.join(shown)} | {_over(sums[0], sums[2], 1)} |")
    return lines


def _over(one: int | Fraction, other: int | Fraction, digits: int) -> str:
    return f"{float(one / other):.{digits}f}" if other else "-"


def _experiment(options: argparse.Namespace) -> Experiment:
    clip = str(options.clip) if str(options.clip) in ASSETS else str(options.clip.absolute())
    return Experiment.model_validate(
        {
            "accelerator": "oconnor2017-int32",
            "network": options.network,
            "normalisation": "caffe-bgr" if options.network == NETWORK else None,
            "quantisation": {
                "levels": options.levels,
                "calibration": options.calibration,
                "calibration_frames": 1,  # those of the experiment are spread; the first ones are taken instead
            },
            "frames": {"dataset": clip, "range": options.frames},
        }
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.operations", description=__doc__)
    parser.add_argument("clip", type=Path, help="a video, or the name of a fetched clip")
    parser.add_argument("--frames", default="0:60", help="start:stop")
    parser.add_argument("--levels", type=int, default=16, help="integer steps that a layer's range spans")
    parser.add_argument("--calibration", choices=("percentile", "largest", "mse"), default="percentile")
    parser.add_argument("--calibration-frames", type=int, default=8, help="first frames, on which scales are set")
    parser.add_argument("--network", default=NETWORK, help="a bundled or fetched network")
    return parser.parse_args()


if __name__ == "__main__":
    main()
