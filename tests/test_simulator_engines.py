"""The two engines agree on every bit, every count and every time."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from random_cases import cases

from hwmodels.records import COLUMNS
from simulator import advance, checkpoint, plan_network, restore, simulate, start
from simulator.modes import mode_named

CASES = 200


@settings(max_examples=CASES, deadline=None)
@given(cases())
def test_reference_and_fast_engine_agree_on_everything(case):
    network, frames, chip, mode, arrival = case
    fast = simulate(
        network, frames, chip, mode, arrival=arrival, keep_integers=True, record_messages=True
    )
    slow = simulate(
        network, frames, chip, mode, arrival=arrival, engine="reference", keep_integers=True, record_messages=True
    )
    np.testing.assert_array_equal(fast.outputs, slow.outputs)
    np.testing.assert_array_equal(fast.integers, slow.integers)
    for place, column in enumerate(COLUMNS):
        np.testing.assert_array_equal(fast.counts[..., place], slow.counts[..., place], err_msg=column)
    assert fast.messages_table().equals(slow.messages_table())
