"""Engines ask a plan which cores wait for each other, and no schedule for its name: any groups of one level will do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engines import engines_agree
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import cases

from hwmodels.records import COLUMNS
from hwmodels.schedules import SCHEDULES, Schedule
from simulator import simulate

BY_THREES = Schedule("by threes", "threes", True, lambda _chip, position, level: (position % 3, level))
BY_LEVEL = Schedule("by level", "levels", True, lambda _chip, _position, level: level)
OWN = [BY_THREES.name, BY_LEVEL.name]


@pytest.fixture(autouse=True, scope="module")
def _registered():
    SCHEDULES.update({each.name: each for each in (BY_THREES, BY_LEVEL)})
    yield
    for name in OWN:
        del SCHEDULES[name]


def under(case, name):
    """The case on a chip of that schedule."""
    return case._replace(chip=replace(case.chip, synchronisation=name))


some_case = cases() | cases(branches=True) | cases(splits=True) | cases(branches=True, splits=True)


@settings(max_examples=100)
@given(st.builds(under, some_case, st.sampled_from(OWN)))
def test_engines_agree_whoever_waits_for_whom(case):
    engines_agree(case)


@settings(max_examples=60)
@given(st.builds(under, some_case, st.sampled_from(OWN)))
def test_a_group_goes_on_together_when_the_last_of_it_is_there(case):
    """And nobody else waits for anybody: the waiting is all of it."""
    options = {"arrival": case.arrival, "mapping": case.mapping}
    result = simulate(case.network, case.frames, case.chip, case.mode, **options)
    there, begun, waited = (
        result.counts[..., COLUMNS.index(name)] for name in ("serve_end_fs", "update_start_fs", "barrier_fs")
    )
    groups = np.array(result.plan.group_of)
    for group, release_fs in enumerate(result.plan.release_fs):
        starts = there[:, groups == group].max(axis=1, keepdims=True) + release_fs
        assert (begun[:, groups == group] == starts).all()
    assert (begun[:, groups < 0] == there[:, groups < 0]).all()
    assert (waited == begun - there).all()


@settings(max_examples=100)
@given(some_case, st.booleans())
def test_in_groups_of_one_a_group_barrier_is_dataflow(case, one_core_a_layer):
    """To the bit and the femtosecond, whatever its latency; in a chain of layers on one core each, in any groups."""
    case = case._replace(mapping=None) if one_core_a_layer else case
    branches = any(len(layer.synapses) > 1 for layer in case.network.layers)
    alone = case.chip.groups if one_core_a_layer and not branches else (1,) * len(case.chip.cores)
    options = {"arrival": case.arrival, "mapping": case.mapping, "record_messages": True}
    grouped, free = (
        simulate(
            case.network, case.frames, replace(case.chip, synchronisation=name, groups=alone), case.mode, **options
        )
        for name in ("group_barrier", "dataflow")
    )
    np.testing.assert_array_equal(grouped.counts, free.counts)
    np.testing.assert_array_equal(grouped.mesh, free.mesh)
    assert grouped.messages_table().equals(free.messages_table())
