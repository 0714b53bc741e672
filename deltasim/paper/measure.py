"""What one integer network costs and answers on a stack of frames, from the simulator's own counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.job import network_for
from hwmodels import Chip
from hwmodels.prices.conventions import INT32_ADD_AJ, INT32_MULTIPLY_AJ
from hwmodels.records import COLUMNS
from simulator import simulate
from workloads import Network, Quantisation, QuantisedNetwork, quantise, real_outputs

AJ_PER_NJ = 10**9
_ADDS, _MULTIPLIES = COLUMNS.index("adds"), COLUMNS.index("multiplies")


@dataclass(frozen=True, eq=False)
class Measured:
    """A network on n frames: additions and multiplications of all frames together, and its outputs.

    `outputs`: (n, outputs) int32, accumulators of the last layer; `real`: the same in the network's own unit, float64.
    """

    frames: int
    adds: int
    multiplies: int
    outputs: NDArray[np.int32]
    real: NDArray[np.float64]

    @property
    def operations(self) -> float:
        """Additions and multiplications per frame."""
        return (self.adds + self.multiplies) / self.frames

    @property
    def energy_nj(self) -> float:
        """Arithmetic of 32-bit integers alone, per frame (paper, section 3.3)."""
        return (self.adds * INT32_ADD_AJ + self.multiplies * INT32_MULTIPLY_AJ) / (self.frames * AJ_PER_NJ)

    def error_percent(self, labels: NDArray[np.int64]) -> float:
        """Share of frames whose largest output is not the label."""
        return float(100 * (self.real.argmax(axis=1) != labels).mean())


def measure(network: QuantisedNetwork, frames: NDArray[np.uint8], chip: Chip, mode: str) -> Measured:
    """Simulate `frames` (n, pixels) uint8 in one mode, one core for each layer, and add the counts up."""
    chosen = network_for(network, mode)
    result = simulate(chosen, frames, chip, mode)
    adds, multiplies = (int(result.counts[:, :, column].sum()) for column in (_ADDS, _MULTIPLIES))
    return Measured(len(frames), adds, multiplies, result.outputs, real_outputs(chosen, result.outputs))


def quantised_at(
    network: Network,
    calibration: NDArray[np.uint8],
    scales: Sequence[float],
    weight_bits: int,
    activation_bits: int,
) -> QuantisedNetwork:
    """The network in integers, its rounding and sigma-delta form at the given scales."""
    settings = Quantisation(weight_bits=weight_bits, activation_bits=activation_bits, scales=tuple(scales))
    return quantise(network, calibration, settings)
