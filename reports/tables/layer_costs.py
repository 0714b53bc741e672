"""What each layer costs: its share of every frame, and what sending changes saves there (paper, Figure 5)."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def layer_shares_table(counts: pd.DataFrame) -> pd.DataFrame:
    """One row per row of `counts`, which is by layer: `mode, frame, layer_index, layer, operations, share_percent`.

    `operations` are the additions and multiplications for the messages that the layer received in the frame, and
    `share_percent` their share of all operations of the network in that frame; missing if it had none.
    """
    layers = int(counts["layer_index"].max()) + 1
    operations = (counts["adds"] + counts["multiplies"]).to_numpy(np.int64)
    whole = np.repeat(operations.reshape(-1, layers).sum(axis=1), layers)
    share = np.full(len(operations), np.nan)
    np.divide(operations * 100.0, whole, out=share, where=whole > 0)
    return counts[["mode", "frame", "layer_index", "layer"]].assign(operations=operations, share_percent=share)


def ratios_table(counts: pd.DataFrame, mode: str, other: str, first: int = 0) -> pd.DataFrame:
    """One row per layer: `layer_index, layer, operations, unit_events`; the latter the total of `mode` over that of
    network `other`. `counts` is by layer.

    Totals are over frames `first` and later. Operations are those for the messages a layer received, unit events those
    it sent. In a chain of dense layers that sends a message per unit event the first is therefore the second of the
    layer before; where a message carries a whole value, fewer messages than unit events are saved. Missing where
    `other` has none.
    """
    layers = int(counts["layer_index"].max()) + 1
    names = counts["layer"].astype(str).to_numpy()[:layers]
    one, two = (
        _totals(counts[(counts["mode"] == each) & (counts["frame"] >= first)], layers) for each in (mode, other)
    )
    ratios = np.full(one.shape, np.nan)
    np.divide(one, two, out=ratios, where=two > 0)
    return pd.DataFrame(
        {"layer_index": np.arange(layers), "layer": names, "operations": ratios[:, 0], "unit_events": ratios[:, 1]}
    )


def _totals(counts: pd.DataFrame, layers: int) -> NDArray[np.float64]:
    """(layers, 2): operations and unit events over all frames, summed as integers."""
    operations = (counts["adds"] + counts["multiplies"]).to_numpy(np.int64)
    columns = np.stack([operations, counts["l1_out"].to_numpy(np.int64)], axis=1)
    return np.asarray(columns.reshape(-1, layers, 2).sum(axis=0), np.float64)
