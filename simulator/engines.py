"""The engines, and what a driver asks of one: begin, go on with the next frames, be saved, be brought back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from simulator import fast
from simulator.blocks import Block
from simulator.errors import SimulationError
from simulator.reference import session as reference

EngineName = Literal["fast", "reference"]
Arrays = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Engine:
    """`start` begins networks on a chip (see `simulator.fast.start`), `advance` takes the next frames and gives a block
    of finished ones for each network, or nothing yet; `checkpoint` and `restore` are for runs that are interrupted.

    `whole`: all frames are simulated behind the last. `reads_traces`: integers can be read back in place of frames.
    """

    name: EngineName
    start: Callable[..., Any]
    advance: Callable[..., tuple[Block, ...]]
    checkpoint: Callable[[Any], Arrays]
    restore: Callable[[Any, Arrays], None]
    whole: bool = False
    reads_traces: bool = False


ENGINES: Final = {
    engine.name: engine
    for engine in (
        Engine("fast", fast.start, fast.advance, fast.checkpoint, fast.restore, reads_traces=True),
        Engine(
            "reference",
            reference.start_reference,
            reference.advance_reference,
            reference.checkpoint_reference,
            reference.restore_reference,
            whole=True,
        ),
    )
}


def engine_named(name: str) -> Engine:
    """The engine of that name; raises SimulationError for another name."""
    found = next((engine for engine in ENGINES.values() if engine.name == name), None)
    if found is None:
        raise SimulationError(f"engine {name!r}: {' or '.join(ENGINES)}")
    return found
