"""Is the answer the same, bit for bit? Compares the integers of networks that must agree (paper, Eqs. 1 and 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from math import prod

import numpy as np
import pandas as pd

from hwmodels.modes import Mode, modes_in
from reports.run.outputs import Rows, count_differing


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
    """Compare every network in `outputs` with its partner, if that was simulated too; the last of the table first.

    `counts` is the counts table by layer (its `digest` is a hash of all integers of a layer after a frame),
    `neurons_per_frame` the number of those integers over all layers.
    """
    digests = {mode: counts.loc[counts["mode"] == mode, "digest"].to_numpy() for mode in outputs}
    order, found = modes_in(outputs), []
    for mode in reversed(order):
        partner = _partner(mode, order)
        if partner is None:
            continue
        found.append(
            Equality(
                mode=mode.name,
                partner=partner,
                layer_frames=len(digests[mode.name]),
                layer_frames_differing=int(np.count_nonzero(digests[mode.name] != digests[partner])),
                integers=neurons_per_frame * outputs[mode.name].shape[0],
                outputs=prod(outputs[mode.name].shape),
                outputs_differing=count_differing(outputs[mode.name], outputs[partner]),
            )
        )
    return tuple(found)


def _partner(mode: Mode, simulated: Sequence[Mode]) -> str | None:
    """The first of those simulated that must have the integers of `mode`: its partner, or one before it in the table
    that has the same partner. None if there is no such mode, or if those of `mode` need only be near.
    """
    if mode.partner is None or not mode.exact:
        return None
    before = takewhile(lambda other: other != mode, simulated)
    return next((each.name for each in before if each.exact and mode.partner in {each.name, each.partner}), None)
