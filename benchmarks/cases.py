"""What is simulated in the benchmarks: the bundled network, on frames of which a given share of the inputs changes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hwmodels import Chip, chip_of, load_accelerator
from workloads import IntegerNetwork, load_frames, load_network, quantise

SEED = 20170424  # the paper's conference


@dataclass(frozen=True)
class Case:
    """A quantised network, the chip it runs on, and frames (n, pixels) uint8."""

    network: IntegerNetwork
    chip: Chip
    frames: NDArray[np.uint8]


def changing_inputs(count: int, share: float, encoding: str = "graded") -> Case:
    """`count` frames in each of which that share of the pixels takes a new random value."""
    calibration = load_frames("mnist", split="train").read(0, 1000)
    network = quantise(load_network("mnist-784-200-200-10"), calibration).scaled
    chip = replace(chip_of(load_accelerator("horowitz-45nm")), encoding=encoding)
    rng = np.random.default_rng(SEED)
    pixels = network.inputs
    frame = rng.integers(0, 256, pixels).astype(np.uint8)
    frames = np.empty((count, pixels), np.uint8)
    for t in range(count):
        changed = rng.choice(pixels, round(share * pixels), replace=False)
        frame[changed] += rng.integers(18, 238, len(changed)).astype(np.uint8)  # far enough to change the integer, too
        frames[t] = frame
    return Case(network, chip, frames)
