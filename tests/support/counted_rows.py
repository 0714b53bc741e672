"""A table of counts."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hwmodels.records import COLUMNS


def table(modes: int, frames: int, cores: int, seed: int = 1, largest: int = 10_000) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    index = pd.MultiIndex.from_product([[f"m{i}" for i in range(modes)], range(frames), range(cores)])
    counts = index.to_frame(index=False, name=["mode", "frame", "core"])
    counts["layer"] = counts["core"] - 1
    for name in COLUMNS:
        counts[name] = rng.integers(0, largest, len(counts))
    counts["update_end_fs"] += 10**7 * (counts["frame"] + 1)
    return counts
