"""Is the answer the same, bit for bit? Compares the integers of networks that must agree (paper, Eqs. 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Final

import numpy as np
import pandas as pd

from reports.run.outputs import Rows, count_differing

PARTNERS: Final[dict[str, tuple[str, ...]]] = {
    "sigma_delta": ("rounding",),
    "temporal_difference": ("original", "original_sparse"),
    "original_sparse": ("original",),
}
"""For each network those that compute the same function; the first one in the run is compared."""


@dataclass(frozen=True)
class Equality:
    """Two networks compared on every layer and frame.

    `layer_frames` digests were compared, which stand for `integers` integers, and `outputs` output values directly.
    """

    mode: str
    partner: str
    layer_frames: int
    layer_frames_differing: int
    integers: int
    outputs: int
    outputs_differing: int

    @property
    def identical(self) -> bool:
        """True if nothing differs."""
        return self.layer_frames_differing == 0 and self.outputs_differing == 0


def check_equality(counts: pd.DataFrame, outputs: Mapping[str, Rows], neurons_per_frame: int) -> tuple[Equality, ...]:
    """Compare every network in `outputs` with its partner, if that was simulated too.

    `counts` is the counts table by layer (its `digest` is a hash of all integers of a layer after a frame),
    `neurons_per_frame` the number of those integers over all layers.
    """
    digests = {mode: counts.loc[counts["mode"] == mode, "digest"].to_numpy() for mode in outputs}
    found = []
    for mode, candidates in PARTNERS.items():
        partner = next((name for name in candidates if name in outputs), None)
        if mode not in outputs or partner is None:
            continue
        found.append(
            Equality(
                mode=mode,
                partner=partner,
                layer_frames=len(digests[mode]),
                layer_frames_differing=int(np.count_nonzero(digests[mode] != digests[partner])),
                integers=neurons_per_frame * outputs[mode].shape[0],
                outputs=prod(outputs[mode].shape),
                outputs_differing=count_differing(outputs[mode], outputs[partner]),
            )
        )
    return tuple(found)
