"""What the counts of a finished run say against it: layers that send nothing, frames brighter than calibration saw."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels.modes import MODES_TABLE
from reports.figures.theme import network_name
from reports.tables.numbers import count

Sums = dict[str, NDArray[np.int64]]
"""By mode, in the order of the table of modes: (frames, layers)."""


def count_warnings(counts: pd.DataFrame, neurons: Sequence[int], sending: Collection[int]) -> list[str]:
    """One sentence for each kind of fault found in `counts`, the counts table by layer; none where there is none.

    `neurons`: of each layer; `sending`: numbers of the layers that have receivers.
    """
    layers = len(neurons)
    names = counts["layer"].astype(str).to_numpy()[:layers]
    sent, clipped = (_by_mode(counts, column, layers) for column in ("l1_out", "saturations"))
    silent = _silent(sent, names, sorted(sending))
    return [*silent, *_still(sent, str(names[0])), *_clipped(clipped, str(names[0]), neurons[0])]


def _silent(sent: Sums, names: NDArray[np.object_], sending: Sequence[int]) -> Iterator[str]:
    for layer in sending:
        modes = [mode for mode, each in sent.items() if not each[:, layer].any()]
        if modes:
            frames = len(sent[modes[0]])
            yield (
                f"{names[layer]} sends nothing in any of the {count(frames)} frames ({_named(modes)}): the answer does "
                "not depend on it. Calibrate on frames like these, or raise levels, unless it is silent in float too"
            )


def _still(sent: Sums, name: str) -> Iterator[str]:
    """Delta networks that see no change where another one does."""
    delta = {mode: each for mode, each in sent.items() if MODES_TABLE[mode].delta and each[:, 0].any()}
    after = {mode: bool(each[1:, 0].any()) for mode, each in delta.items()}
    still = [mode for mode, moves in after.items() if not moves]
    if still and any(after.values()):
        yield (
            f"{name} sends nothing after the first frame ({_named(still)}), although the frames change: its levels are "
            "too few for changes as small as these"
        )


def _clipped(clipped: Sums, name: str, pixels: int) -> Iterator[str]:
    modes = [mode for mode, each in clipped.items() if each[:, 0].any()]
    if modes:
        worst = max(int(clipped[mode][:, 0].sum()) for mode in modes)
        share = 100 * worst / (pixels * len(clipped[modes[0]]))
        yield (
            f"{name}: {count(worst)} pixels ({share:.2g} %) are beyond the range that its scale was chosen for, and "
            f"were clipped ({_named(modes)}): calibrate on frames like these, or lower its scale"
        )


def _by_mode(counts: pd.DataFrame, column: str, layers: int) -> Sums:
    modes, values = counts["mode"].astype(str).to_numpy(), counts[column].to_numpy(np.int64)
    return {mode: values[modes == mode].reshape(-1, layers) for mode in MODES_TABLE if (modes == mode).any()}


def _named(modes: Sequence[str]) -> str:
    return ", ".join(network_name(mode) for mode in modes)
