"""The reference engine as a session: it takes frames as they come, and simulates all of them behind the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from simulator.blocks import Arrival, Block, check_block
from simulator.errors import SimulationError
from simulator.placement.plan import Plan
from simulator.reference.engine import run_reference
from workloads.integer.network import IntegerNetwork

Frames = NDArray[np.uint8]


@dataclass
class ReferenceState:
    """Networks on a chip, and the frames that have come."""

    networks: tuple[IntegerNetwork, ...]
    plans: tuple[Plan, ...]
    arrival: Arrival
    block: int
    frames: list[Frames] = field(default_factory=list)

    @property
    def found(self) -> int:
        """Frames that have come."""
        return sum(map(len, self.frames))


def start_reference(
    networks: IntegerNetwork | Mapping[str, IntegerNetwork],
    plans: Plan | Sequence[Plan],
    arrival: Arrival,
    *,
    block: int,
    **_: object,
) -> ReferenceState:
    """A run at time zero; arguments as those of `simulator.fast.start`. What only makes that faster changes nothing."""
    plans = (plans,) if isinstance(plans, Plan) else tuple(plans)
    of_plan = (networks if isinstance(networks, IntegerNetwork) else networks[plan.mode.precision] for plan in plans)
    return ReferenceState(tuple(of_plan), plans, arrival, block)


def advance_reference(
    state: ReferenceState, frames: Frames, *, last: bool = False, record_messages: bool = False
) -> tuple[Block, ...]:
    """Take `frames` (n, pixels) uint8; behind the `last` of them return, of each network, all frames; else nothing."""
    check_block(frames, state.networks[0])
    state.frames.append(frames)
    if not last:
        return ()
    pixels = np.concatenate(state.frames)
    blocks = (
        run_reference(network, plan, pixels, state.arrival)
        for network, plan in zip(state.networks, state.plans, strict=True)
    )
    return tuple(blocks) if record_messages else tuple(replace(block, messages=None) for block in blocks)


def checkpoint_reference(state: ReferenceState) -> dict[str, NDArray[np.generic]]:
    """The frames that have come."""
    pixels = state.networks[0].inputs
    return {"frames": np.concatenate([np.zeros((0, pixels), np.uint8), *state.frames])}


def restore_reference(state: ReferenceState, arrays: dict[str, NDArray[np.generic]]) -> None:
    """Bring a freshly started run back to where its checkpoint left it. Raises SimulationError for another run's."""
    frames = arrays.get("frames")
    if frames is None or frames.dtype != np.uint8 or frames.shape[1:] != (state.networks[0].inputs,):
        raise SimulationError("checkpoint does not belong to this run: frames are missing or of another shape")
    state.frames[:] = [frames.astype(np.uint8)]
