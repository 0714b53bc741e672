"""Where the latency of one frame comes from: the way that made it as late as it was, step by step.

The way is found from its end: the last core of the last layer to finish, before it the last of those that send to it,
and so on to the input. Each core on the way adds the time from the end of the one before it to its own end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd

from reports.run.parts import Parts

STEPS: Final = ("waiting", "serving messages", "memory", "barrier", "updating neurons", "injection", "queue")
"""What a core on the way spends time on, in the order shown; within a phase the order is not known."""


def waterfall_table(
    counts: pd.DataFrame,
    parts: Parts,
    senders: Sequence[Sequence[int]],
    arrival_fs: int,
    messages: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """One row per core on the way: `core, name, layer, start_fs, end_fs`, and each of `STEPS` in fs, which add up to
    end - start.

    `counts` are the rows of one network and frame, `senders` the cores that send to each core, `arrival_fs` the time
    that the latency counts from. The first row starts there, each other one at the end of the row before, so that all
    steps add up to the latency. `messages` are those of the frame, if they were recorded; without them, work done after
    the core before was over is as much of all it served as can lie there.
    """
    rows = counts.set_index("core")
    ends = rows["update_end_fs"].to_numpy(np.int64)
    begin, found = arrival_fs, []
    for core in _way(ends, parts, senders):
        row = {str(name): int(rows[name][core]) for name in _USED}
        steps = _steps(row, begin, *_served_after(messages, core, begin, row))
        name, layer = parts.names[core], parts.layers[int(parts.layer[core])]
        found.append(
            {"core": core, "name": name, "layer": layer, "start_fs": begin, "end_fs": int(ends[core]), **steps}
        )
        begin = int(ends[core])
    return pd.DataFrame(found)


_USED: Final = (
    "serve_end_fs",
    "update_start_fs",
    "update_end_fs",
    "serve_busy_fs",
    "barrier_fs",
    "blocked_injection_fs",
    "blocked_queue_fs",
    "blocked_memory_fs",
)


def _way(ends: np.ndarray[tuple[int], np.dtype[np.int64]], parts: Parts, senders: Sequence[Sequence[int]]) -> list[int]:
    """The cores on the way, from the input to the output."""
    way = [max(parts.cores_of(-1), key=lambda core: int(ends[core]))]
    while senders[way[0]]:
        way.insert(0, max(senders[way[0]], key=lambda core: int(ends[core])))
    return way


def _steps(row: dict[str, int], begin: int, served: int, memory: int) -> dict[str, int]:
    """How the time from `begin` to the core's end divides; of receiving at most `served` and `memory` are that."""
    received = max(row["serve_end_fs"] - begin, 0)
    served = min(served, received)
    memory = min(memory, received - served)
    turn = max(row["update_start_fs"] - max(row["serve_end_fs"], begin), 0)
    barrier = min(row["barrier_fs"], turn)
    updated = row["update_end_fs"] - max(row["update_start_fs"], begin)
    injection = min(row["blocked_injection_fs"], updated)
    queue = min(row["blocked_queue_fs"], updated - injection)
    return {
        "waiting": received - served - memory + turn - barrier,
        "serving messages": served,
        "memory": memory,
        "barrier": barrier,
        "updating neurons": updated - injection - queue,
        "injection": injection,
        "queue": queue,
    }


def _served_after(messages: pd.DataFrame | None, core: int, begin: int, row: dict[str, int]) -> tuple[int, int]:
    """Time after `begin` spent serving, and waiting for memory, in fs; at most, where messages were not recorded.

    The record has both together, for each message; they are taken to be mixed evenly.
    """
    serving, memory = row["serve_busy_fs"], row["blocked_memory_fs"]
    if messages is None:
        return serving, memory
    own = messages[messages["receiver"] == core]
    spent = own["end_fs"] - np.maximum(own["start_fs"], begin)
    both = int(spent.clip(lower=0).sum())
    waited = both * memory // max(serving + memory, 1)
    return both - waited, waited
