"""A network's integers and counts on a film, without times: what the paper's own accounting needs.

Timing every unit event of a network that branches takes minutes a frame; its counts do not depend on when they happen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.experiment.job import network_for
from hwmodels import Chip
from reports.tables.equality import Equality, check_equality
from simulator import Arrival, block_size, counts_table, mode_named, plan_network, start
from simulator.chip_run import follow, hand_over
from simulator.fast import find
from workloads import Frames, QuantisedNetwork

Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Counted:
    """Counts of one mode, as `hwmodels.records` names them, with `layer_index` for the core; all times are 0.

    `outputs`: (frames, outputs) int32. `output_scale`: real value of one unit of each. `neurons`: of all layers.
    """

    counts: pd.DataFrame
    outputs: NDArray[np.int32]
    output_scale: NDArray[np.float64]
    neurons: int

    @property
    def real(self) -> NDArray[np.float64]:
        """(frames, outputs) float64."""
        return np.asarray(self.outputs * self.output_scale)


def count(network: QuantisedNetwork, frames: Frames, chip: Chip, mode: str, progress: Progress) -> Counted:
    """The counts of `mode`, one core for each layer. Frames are read in blocks; the outputs are kept in memory."""
    chosen = network_for(network, mode)
    plan = plan_network(chosen, chip, mode_named(mode))
    size = block_size(chosen)
    state = start(chosen, plan, Arrival(), block=size)
    tables, outputs = [], []
    for first in range(0, frames.count, size):
        progress(first, frames.count)
        find(state, frames.read(first, min(first + size, frames.count)))
        follow(state.runs[0], state.found)
        block = hand_over(state.runs[0], last=False)
        tables.append(counts_table(block.counts, plan, first))
        outputs.append(block.outputs)
    progress(frames.count, frames.count)
    last = chosen.layers[-1]
    return Counted(
        counts=pd.concat(tables, ignore_index=True).rename(columns={"core": "layer_index"}),
        outputs=np.concatenate(outputs),
        output_scale=np.resize(last.accumulator_scale, last.accumulators),
        neurons=sum(layer.neurons for layer in plan.layers),
    )


def equalities(counted: Mapping[str, Counted]) -> tuple[Equality, ...]:
    """Modes that must agree, compared on every integer of every layer; see `reports.tables.equality`."""
    table = pd.concat([each.counts for each in counted.values()], ignore_index=True)
    outputs = {mode: each.outputs for mode, each in counted.items()}
    return check_equality(table, outputs, max(each.neurons for each in counted.values()))
