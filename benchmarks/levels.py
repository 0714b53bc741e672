"""Error and additions per image against the number of levels: `python -m benchmarks.levels`."""

from __future__ import annotations

from dataclasses import replace

from hwmodels import chip_of, load_accelerator
from hwmodels.records import COLUMNS
from simulator import simulate
from workloads import Quantisation, load_frames, load_network, quantise

LEVELS = (1, 2, 3, 5, 7, 10, 15, 31)


def main() -> None:
    """Print a Markdown table."""
    network, frames = load_network("mnist-784-200-200-10"), load_frames("temporal-mnist")
    calibration = load_frames("mnist", split="train").read(0, 1000)
    images = frames.read(0, frames.count)
    chip = chip_of(load_accelerator("horowitz-45nm"))
    print("| levels | error % | rounding, unary | sigma-delta, unary | rounding, graded | sigma-delta, graded |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for levels in LEVELS:
        scaled = quantise(network, calibration, Quantisation(levels=levels)).scaled
        adds = []
        for encoding in ("unary", "graded"):
            for mode in ("rounding", "sigma_delta"):
                result = simulate(scaled, images, replace(chip, encoding=encoding), mode)
                adds.append(result.counts[..., COLUMNS.index("adds")].sum() / frames.count)
        answers = (result.outputs * scaled.layers[-1].accumulator_scale).argmax(axis=1)
        error = 100 * (answers != frames.labels).mean()
        print(f"| {levels} | {error:.2f} | " + " | ".join(f"{each:,.0f}" for each in adds) + " |")


if __name__ == "__main__":
    main()
