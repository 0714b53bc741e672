"""A second implementation of docs/machine.md, written from that page, and both engines say the same.

`python -m pytest tests/test_oracle.py -m slow` tries 1,000 cases of each kind; with HYPOTHESIS_PROFILE=ci only the few
are tried.
"""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from random_cases import cases

from hwmodels.records import COLUMNS, LINK_COLUMNS, MESSAGE_COLUMNS
from simulator import simulate

FEW, MANY = 30, 1000


def private(case):
    return case._replace(chip=replace(case.chip, shared_links=False))


def shared(case):
    return case._replace(chip=replace(case.chip, shared_links=True))


def streams(case):
    """Every layer's weights come from off-chip memory."""
    small = replace(case.chip.cores[0].weight_memory, capacity_bits=1)
    cores = tuple(
        replace(core, weight_memory=replace(small, ports=core.weight_memory.ports)) for core in case.chip.cores
    )
    return case._replace(chip=replace(case.chip, cores=cores))


KINDS = {
    "chains": cases().map(private),
    "branches": cases(branches=True).map(private),
    "splits": cases(splits=True).map(private) | cases(branches=True, splits=True).map(private),
    "streamed weights": (cases() | cases(branches=True, splits=True)).map(streams),
    "shared links": (cases() | cases(branches=True) | cases(splits=True) | cases(branches=True, splits=True)).map(
        shared
    ),
}


def agree(case):
    network, frames, chip, mode, arrival, mapping = case
    told = oracle.run(network, frames, chip, mode, arrival, mapping)
    for engine in ("fast", "reference"):
        options = {"engine": engine, "arrival": arrival, "mapping": mapping}
        result = simulate(network, frames, chip, mode, keep_integers=True, record_messages=True, **options)
        np.testing.assert_array_equal(result.integers, told.integers, err_msg=engine)
        np.testing.assert_array_equal(result.outputs, told.outputs, err_msg=engine)
        for place, column in enumerate(COLUMNS):
            counted = [[row[column] for row in rows] for rows in told.counts]
            np.testing.assert_array_equal(result.counts[..., place], counted, err_msg=f"{engine}, {column}")
        links = np.array(told.links).reshape(len(frames), -1, len(LINK_COLUMNS))
        for place, column in enumerate(LINK_COLUMNS):
            np.testing.assert_array_equal(result.mesh[..., place], links[..., place], err_msg=f"{engine}, {column}")
        record = result.messages_table()[list(MESSAGE_COLUMNS)].to_numpy()
        np.testing.assert_array_equal(record, np.array(told.messages).reshape(record.shape), err_msg=engine)


@pytest.mark.parametrize("kind", KINDS)
def test_a_second_implementation_of_the_definition_says_the_same(kind):
    settings(max_examples=FEW)(given(KINDS[kind])(agree))()


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("HYPOTHESIS_PROFILE") == "ci", reason="a minute a kind: too long for CI")
@pytest.mark.parametrize("kind", KINDS)
def test_a_second_implementation_of_the_definition_says_the_same_a_thousand_times(kind):
    settings(max_examples=MANY)(given(KINDS[kind])(agree))()
