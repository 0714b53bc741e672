"""Answers that SqueezeNet keeps, and operations, against levels: `python -m benchmarks.agreement CLIP`.

Beside the share of frames on which integers give the same first answer stands what decides it: the median lead of the
float network's first answer over its second, and the noise of the outputs, both in units of the float outputs. Where
the lead is less than the noise the first answer is a matter of chance at any integer precision of that noise.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.files import CLIP_ACCELERATOR, CLIP_NETWORK, OWN_PRECISION, channel_order, spread
from hwmodels import Chip, chip_of, load_accelerator
from hwmodels.records import COLUMNS
from simulator import simulate
from workloads import Network, Quantisation, integer_forward, load_frames, load_network, quantise
from workloads.assets import ASSETS, asset_named, find_asset
from workloads.graphs.run import walk_graph
from workloads.integer.calibration import float_batches
from workloads.integer.forward import real_outputs

SETTINGS: Final = (
    Quantisation(),
    Quantisation(levels=63, calibration="mse"),
    Quantisation(levels=127, calibration="mse"),
    Quantisation(levels="all", calibration="mse"),
    Quantisation(levels="all", calibration="percentile"),
    Quantisation(levels="all", calibration="largest"),
    Quantisation(levels=1023, calibration="mse", weight_bits=12, activation_bits=12),
)
Outputs = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Clip:
    """Frames (n, pixels) uint8 and what the float network gives for them, (n, classes)."""

    name: str
    network: Network
    pixels: NDArray[np.uint8]
    outputs: Outputs


def main() -> None:
    """Print a Markdown table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.agreement", description=__doc__)
    parser.add_argument("clip", help="a video, or the name of a fetched clip")
    parser.add_argument("--frames", default="0:60", help="start:stop")
    parser.add_argument("--stride", type=int, default=1, help="every so many frames of them")
    options = parser.parse_args()
    clip = read_clip(options.clip, options.frames, options.stride)
    ordered = np.sort(clip.outputs, axis=1)
    lead = float(np.median(ordered[:, -1] - ordered[:, -2]))
    print(f"{clip.name}: {len(clip.pixels)} frames, median lead of the first answer {lead:.3f}\n")
    print("| levels | calibration | bits | full as float % | noise | scale k as full % | noise | additions (M) |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for settings in SETTINGS:
        print(row(clip, settings))


def read_clip(name: str, chosen: str, stride: int) -> Clip:
    """The frames in the size of the network, and the network's own answers."""
    network = load_network(CLIP_NETWORK)
    path = find_asset(asset_named(name)) if name in ASSETS else Path(name)
    if path is None:
        raise SystemExit(f"first: deltasim data fetch {name}")
    size = (network.input_shape[1], network.input_shape[2])
    frames = load_frames(path, frames=chosen, stride=stride, size=size, channels=channel_order(network))
    pixels = frames.read(0, frames.count)
    scores = network.nodes[-1].inputs[0]  # before the soft-max
    walks = (walk_graph(network, real) for _, real in float_batches(network, pixels))
    outputs = [value for walk in walks for node, value in walk if node.name == scores]
    return Clip(path.name, network, pixels, np.concatenate(outputs))


def row(clip: Clip, settings: Quantisation) -> str:
    """Agreement and noise at one setting, and what sigma-delta does for it."""
    chosen = spread(len(clip.pixels), min(int(OWN_PRECISION["calibration_frames"]), len(clip.pixels)))
    quantised = quantise(clip.network, clip.pixels[chosen], settings)
    full = real_outputs(quantised.full, integer_forward(quantised.full, clip.pixels).outputs)
    result = simulate(quantised.scaled, clip.pixels, _wide_enough(settings), "sigma_delta")
    scaled = real_outputs(quantised.scaled, result.outputs)
    millions = result.counts[..., COLUMNS.index("adds")].sum() / len(clip.pixels) / 1e6
    bits = f"{settings.weight_bits}, {settings.activation_bits}"
    beside = " | ".join(_beside(*pair) for pair in ((full, clip.outputs), (scaled, full)))
    return f"| {settings.levels} | {settings.calibration} | {bits} | {beside} | {millions:,.0f} |"


def _beside(one: Outputs, other: Outputs) -> str:
    same = 100 * (one.argmax(axis=1) == other.argmax(axis=1)).mean()
    return f"{same:.1f} | {(one - other).std():.3f}"


def _wide_enough(settings: Quantisation) -> Chip:
    """The chip that clips run on by default; wider, if it must be, to count operations only."""
    chip = chip_of(load_accelerator(CLIP_ACCELERATOR))
    return replace(chip, weight_bits=settings.weight_bits, activation_bits=settings.activation_bits)


if __name__ == "__main__":
    main()
