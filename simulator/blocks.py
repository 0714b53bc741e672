"""What an engine hands over, block of frames by block of frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.errors import SimulationError
from workloads.integer.network import IntegerNetwork


@dataclass(frozen=True)
class Arrival:
    """How frames enter the chip.

    `serial`: a frame enters when the last one's result is out, so its latency is its own. `pipelined`: as soon as the
    input core has sent the one before. `interval_fs` above 0: no earlier than frame number times the interval (both).
    """

    kind: Literal["serial", "pipelined"] = "serial"
    interval_fs: int = 0

    def __post_init__(self) -> None:
        if self.kind not in ("serial", "pipelined"):
            raise SimulationError(f"arrival {self.kind!r}: serial or pipelined")
        if self.interval_fs < 0:
            raise SimulationError(f"arrival interval of {self.interval_fs} fs: must not be negative")


@dataclass(frozen=True)
class Block:
    """Finished frames `first` .. `first + len(counts) - 1`.

    counts: (frames, cores, columns) int64, columns as in hwmodels.records.COLUMNS. outputs: (frames, outputs) int32
    accumulators of the last layer. integers: (frames, neurons of all layers) int32 or None: s of each layer in turn, of
    the last its accumulators. mesh: (frames, mesh links, columns) int64, columns as in hwmodels.records.LINK_COLUMNS.
    messages: (messages, 10) int64 or None, columns as in hwmodels.records.MESSAGE_COLUMNS;
    those served since the last block, in the engine's own order (`simulate.messages_table` sorts them).
    """

    first: int
    counts: NDArray[np.int64]
    mesh: NDArray[np.int64]
    outputs: NDArray[np.int32]
    integers: NDArray[np.int32] | None
    messages: NDArray[np.int64] | None


def check_block(frames: NDArray[np.uint8], network: IntegerNetwork) -> None:
    """Raise SimulationError unless `frames` are an array (n, pixels) uint8, as many pixels as the network has inputs.

    The last check before compiled loops, which read whatever lies behind an array that is too small.
    """
    if isinstance(frames, np.ndarray) and frames.dtype == np.uint8 and frames.shape[1:] == (network.inputs,):
        return
    given = f"{frames.shape} {frames.dtype}" if isinstance(frames, np.ndarray) else f"a {type(frames).__name__}"
    raise SimulationError(f"frames are {given}; network {network.name!r} takes (n, {network.inputs}) uint8")
