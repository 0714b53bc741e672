"""Does a chip keep up with its frames: the rate that was asked for, the one that it sustains, energy and power at it.

A frame costs energy while it is worked on, and a chip that leaks costs energy all the time. Energy *while working* is
that of the intervals that were simulated; energy *at a rate* is that of a whole interval of that rate, leakage and idle
power included. Power is energy at the rate times the rate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels import Accelerator, idle_mw, leakage_mw, power_mw, totals
from reports.tables.summary import AJ_PER_PJ, FS_PER_NS, AtRate

_NS_PER_S: Final = 10**9
_PJ_PER_MJ: Final = 10**9
_SLACK: Final = 1.01
"""Latencies differ from frame to frame: frames that are paced may end so much further apart than they come."""


@dataclass(frozen=True)
class Pace:
    """A network's frames: how many a second were asked for, and the chip takes; `late` says that frames wait ever
    longer because they come faster than that. `first_ns` and `last_ns` are the first and the last frame's latency.
    """

    asked_hz: float
    sustained_hz: float
    late: bool
    first_ns: float
    last_ns: float

    @property
    def rate_hz(self) -> float:
        """The rate at which power and energy are stated."""
        return min(self.asked_hz, self.sustained_hz)

    @property
    def keeps_up(self) -> bool:
        """Whether frames are taken as fast as was asked for."""
        return self.sustained_hz >= self.asked_hz

    @property
    def sentence(self) -> str:
        """What to say of a network that does not keep up, after its name."""
        asked, sustained = hertz(self.asked_hz), hertz(self.sustained_hz)
        if not self.late:
            return f"does not keep up with {asked}: it sustains {sustained}. Power and energy are those at that rate."
        return (
            f"frames come at {asked}, faster than it takes them: it sustains {sustained}, and power and energy are "
            f"those at that rate. Frames wait longer and longer: from arrival to answer the first takes "
            f"{self.first_ns:,.0f} ns, the last {self.last_ns:,.0f} ns"
        )


def pace_of(frames: pd.DataFrame, begun_fs: NDArray[np.int64], interval_fs: int, asked_hz: float | None) -> Pace:
    """The pace of one network, of its rows of the frames table.

    `begun_fs` says when the input began with each frame. `interval_fs` is the time between arrivals; 0: frames are
    taken as fast as possible. `asked_hz`: None if nobody asked for a rate.
    """
    between, latency = frames["interval_ns"].to_numpy(), frames["latency_ns"].to_numpy()
    each_ns = float(between[1:].mean() if len(between) > 1 else between.mean())
    measured_hz = _NS_PER_S / each_ns if each_ns > 0 else float("inf")
    asked = measured_hz if asked_hz is None else asked_hz
    late = False
    if interval_fs:
        waited_fs = int(begun_fs[-1]) - (len(frames) - 1) * interval_fs
        behind = waited_fs > 0 or latency[-1] - latency[0] > interval_fs / FS_PER_NS
        late = bool(len(frames) > 1 and measured_hz * _SLACK < asked and behind)
        measured_hz = measured_hz if late else asked
    return Pace(asked, measured_hz, late, float(latency[0]), float(latency[-1]))


def at_rate(
    counts: pd.DataFrame,
    energies: pd.DataFrame,
    accelerator: Accelerator,
    positions: list[int],
    rates_hz: dict[str, float],
) -> dict[str, AtRate]:
    """What each network takes at its rate; see `AtRate`."""
    static_mw = leakage_mw(accelerator, positions)
    dynamic = totals(energies).set_index("mode")["dynamic_aj"]
    frames = int(counts["frame"].max()) + 1
    result: dict[str, AtRate] = {}
    for mode, rate_hz in rates_hz.items():
        standing_mw = static_mw + idle_mw(counts[counts["mode"] == mode], accelerator, rate_hz, positions)[mode]
        result[mode] = {
            "energy_at_rate_pj": dynamic[mode] / (AJ_PER_PJ * frames) + standing_mw / rate_hz * _PJ_PER_MJ,
            "power_mw": power_mw(dynamic[mode] / frames, standing_mw, rate_hz),
            "rate_hz": rate_hz,
        }
    return result


def hertz(rate_hz: float) -> str:
    """A frame rate for a sentence."""
    return f"{rate_hz:,.0f} frames/s" if rate_hz >= 100 else f"{rate_hz:.3g} frames/s"


def leaks(row: Mapping[Any, Any]) -> bool:
    """Whether energy at the rate and while working differ, in a row of the summary: there is static or idle power."""
    return bool(abs(row["energy_at_rate_pj"] - row["total_pj"]) > 1e-9 * abs(row["total_pj"]))
