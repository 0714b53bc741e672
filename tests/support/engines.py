"""Both engines side by side: every bit, every count, every time."""

from __future__ import annotations

import numpy as np

from hwmodels.records import COLUMNS, LINK_COLUMNS
from simulator import simulate


def engines_agree(case):
    """Simulate the case with both engines; raises AssertionError where they differ."""
    network, frames, chip, mode, arrival, mapping = case
    both = {"arrival": arrival, "mapping": mapping, "keep_integers": True, "record_messages": True}
    fast = simulate(network, frames, chip, mode, **both)
    slow = simulate(network, frames, chip, mode, engine="reference", **both)
    np.testing.assert_array_equal(fast.outputs, slow.outputs)
    np.testing.assert_array_equal(fast.integers, slow.integers)
    for place, column in enumerate(COLUMNS):
        np.testing.assert_array_equal(fast.counts[..., place], slow.counts[..., place], err_msg=column)
    for place, column in enumerate(LINK_COLUMNS):
        np.testing.assert_array_equal(fast.mesh[..., place], slow.mesh[..., place], err_msg=column)
    assert fast.messages_table().equals(slow.messages_table())
