"""The longest time that can be simulated, what makes time pass, and what to say of a run that would take longer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from simulator.errors import SimulationError
from simulator.placement.plan import FlowPlan, Plan, serving_at

LONGEST_FS: Final = 2**63 - 1
"""Times are int64 femtoseconds: 9223 s."""
_FS_PER_S: Final = 10**15

Cause: TypeAlias = str
FIELDS: Final[dict[Cause, str]] = {
    "access": "core.neuron.access.latency",
    "update": "core.neuron.update.latency",
    "fire": "core.neuron.fire.latency",
    "encode": "core.encode.latency",
    "decode": "core.decode.latency",
    "add": "operations.add latency",
    "multiply": "operations.multiply latency",
    "weights": "core.weight_memory.latency",
    "state": "core.state_memory.latency",
    "stream": "off_chip.latency or off_chip.time_per_word",
    "port": "off_chip.time_per_word",
    "fetch": "off_chip.time_per_word",
    "flit": "mesh.flit_latency",
    "east_west": "mesh.east_west.latency",
    "north_south": "mesh.north_south.latency",
    "local": "mesh.local.latency",
    "barrier": "synchronisation.latency",
}
"""What makes time pass, and the accelerator's field that says how much."""
CAUSES: Final = tuple(FIELDS)


def counted(times_fs: Iterable[int]) -> NDArray[np.int64]:
    """Times as int64 fs. What is longer than can be counted stays at the limit: no frame that has it is simulated."""
    return np.array([min(each, LONGEST_FS) for each in times_fs], np.int64)


def links_cause(plan: Plan, link: FlowPlan, hits: int) -> Cause:
    """What takes the longest while a message that reaches `hits` pixels is served at the end of a link."""
    serving = serving_at(plan, link)
    took = serving.took(hits * link.channels, 1)._asdict()
    if serving.stream:
        took["stream"] = took.pop("weights")
    return max(took, key=lambda each: took[each])


def beyond_the_limit(frame: int, now_fs: int, most: tuple[Cause, float] | None = None) -> SimulationError:
    """The error for a run whose frame number `frame`, from 0, would end after all that can be counted.

    `most`: what most of the rest goes into, and how long in fs.
    """
    cause = f", mostly for {FIELDS[most[0]]} ({most[1] / _FS_PER_S:,.4g} s)" if most else ""
    field = FIELDS[most[0]] if most else "the accelerator's latencies"
    fewer = f"simulate at most {frame:,} frame{'s' if frame > 1 else ''}, or shorten" if frame else "shorten"
    return SimulationError(
        f"simulated time would pass 2.5 hours, the 2**63 fs that it is counted in: frame {frame:,} comes to the chip "
        f"at {now_fs / _FS_PER_S:,.4g} s and may take it beyond that{cause}: {fewer} {field}"
    )
