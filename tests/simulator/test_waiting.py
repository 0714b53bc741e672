"""A chip whose cores wait for each other says so, and who waits for whom. No plan is like that: one is broken here."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_chips import CHIP, chain, frames

from simulator import Arrival, Placement, SimulationError, advance, mode_named, plan_network, start

SPLIT = (Placement("input", (0,)), Placement("fc1", (1, 2), channels=2), Placement("fc2", (3,)))


def broken_plan(depth: int):
    """The second part of fc1 never says that its frame is over."""
    chip = replace(CHIP, shared_links=True, cores=tuple(replace(core, queue_depth=depth) for core in CHIP.cores))
    plan = plan_network(chain(2, 4, 1), chip, mode_named("sigma_delta"), SPLIT)
    silent = tuple(() if core == 2 else tokens for core, tokens in enumerate(plan.tokens))
    return chain(2, 4, 1), replace(plan, tokens=silent)


def test_the_fast_engine_says_who_waits_for_whom():
    network, plan = broken_plan(depth=1)
    state = start(network, plan, Arrival("pipelined"), block=4)
    with pytest.raises(SimulationError) as stopped:
        advance(state, frames([1, 2], [3, 4], [5, 6], [7, 8]), last=True)
    text = str(stopped.value)
    assert "fc2 (core 3), frame 0: waits for the end of the frame from fc1.1" in text
    assert "fc1.0 (core 1), frame 1: can't send to fc2, whose queue of 1 messages is full" in text
    assert "fc1.1 (core 2), frame" in text
