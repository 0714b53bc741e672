"""The fast engine on random cases with numba looking at every index: run as a program by test_simulator_bounds, since
numba reads NUMBA_BOUNDSCHECK when it is imported, and with a cache of its own.
"""

from __future__ import annotations

import sys

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from random_cases import cases

from simulator import simulate
from workloads.compiled import compiled, without_refcounts

CASES = 60


@compiled
def counted_element(values, index):
    return values[index]


@without_refcounts
def uncounted_element(values, index):
    return values[index]


def check_that_indices_are_looked_at():
    for function in (counted_element, uncounted_element):
        try:
            function(np.zeros(3), np.uint64(3))
        except IndexError:
            continue
        raise SystemExit(f"{function.__name__} read past the end: bounds are not checked")


@settings(max_examples=CASES, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(cases() | cases(branches=True) | cases(splits=True) | cases(branches=True, splits=True))
def run(case):
    network, frames, chip, mode, arrival, mapping = case
    both = {"arrival": arrival, "mapping": mapping, "record_messages": True}
    plain = simulate(network, frames, chip, mode, **both)
    kept = simulate(network, frames, chip, mode, keep_integers=True, **both)
    np.testing.assert_array_equal(plain.outputs, kept.outputs)


if __name__ == "__main__":
    check_that_indices_are_looked_at()
    run()
    sys.stdout.write("bounds kept\n")
