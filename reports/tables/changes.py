"""How much a layer's values change from one frame to the next (paper, Figure 6)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels.modes import modes_in


def changes_mode(modes: Iterable[str]) -> str | None:
    """The network whose values are compared from frame to frame: one that keeps those of the frame before, the one
    that reports are about first. None if the run has no such network.
    """
    keeping = sorted((mode for mode in modes_in(modes) if mode.delta), key=lambda mode: not mode.headline)
    return keeping[0].name if keeping else None


def changes_table(counts: pd.DataFrame, mode: str) -> pd.DataFrame:
    """One row per frame and layer of network `mode`: `frame, layer_index, layer, l1_distance, cosine`, after the
    nonlinearity. `counts` is by layer.

    `l1_distance` is the L1 distance of the values of this frame and the last, each divided by its L1 norm: from 0
    (equal up to a factor) to 2 (no neuron in common). `cosine` is their cosine similarity: 1 for equal up to a factor.
    Both are missing in the first frame, and where either frame has no value but 0. Computed in 64-bit floats, because
    products of the table's columns may exceed 64-bit integers.
    """
    chosen = counts[counts["mode"] == mode]
    layers = int(chosen["layer_index"].max()) + 1

    def grid(name: str) -> NDArray[np.float64]:
        return chosen[name].to_numpy(np.float64).reshape(-1, layers)

    norm, square = grid("s_l1"), grid("s_square")
    return pd.DataFrame(
        {
            "frame": chosen["frame"].to_numpy(),
            "layer_index": chosen["layer_index"].to_numpy(),
            "layer": chosen["layer"].astype(str).to_numpy(),
            "l1_distance": _over(grid("s_distance"), norm[1:] * norm[:-1]).reshape(-1),
            "cosine": _over(grid("s_product"), np.sqrt(square[1:] * square[:-1])).clip(-1, 1).reshape(-1),
        }
    )


def _over(values: NDArray[np.float64], divisors: NDArray[np.float64]) -> NDArray[np.float64]:
    """(frames, layers) `values` over (frames - 1, layers) `divisors`, which start at frame 1; missing where those are
    0.
    """
    result = np.full(values.shape, np.nan)
    np.divide(values[1:], divisors, out=result[1:], where=divisors > 0)
    return result
