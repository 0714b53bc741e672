"""Bundles: arrays and numbers that compiled code reads through one pointer are those of the tuple."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from simulator.bundles import bundle
from simulator.errors import SimulationError
from simulator.sharing import Team
from workloads.compiled import without_refcounts


class Things(NamedTuple):
    """One of each kind that the engine's tuples hold."""

    flags: NDArray[np.bool_]
    small: NDArray[np.uint8]
    cube: NDArray[np.int32]
    table: NDArray[np.int64]
    many: bool
    offset: int


@without_refcounts
def read(things: Any, y: int, x: int, z: int) -> int:
    """An element of every array, and of a row."""
    row = things.table[y]
    total = np.int64(things.cube[y, x, z]) * 1000 + row[x] + things.small[x] + things.offset + row.shape[0]
    return total + 1 if things.many and things.flags[z] else total


@without_refcounts
def raise_all(things: Any, by: int) -> None:
    """Add to every entry of the table, reading the length again each time."""
    for y in range(things.table.shape[0]):
        for x in range(things.table.shape[1]):
            things.table[y, x] += by


def things(rng: np.random.Generator, y: int, x: int, z: int, *, many: bool) -> Things:
    return Things(
        flags=rng.random(z) < 0.5,
        small=rng.integers(0, 255, x, dtype=np.uint8),
        cube=rng.integers(-(2**31), 2**31 - 1, (y, x, z), dtype=np.int32),
        table=rng.integers(-(2**40), 2**40, (y, x)),
        many=many,
        offset=int(rng.integers(-(2**50), 2**50)),
    )


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 5), st.integers(1, 3), st.booleans())
def test_compiled_code_reads_what_the_tuple_holds(seed: int, y: int, x: int, z: int, many: bool) -> None:
    """Every element, at the place that Python finds it."""
    plain = things(np.random.default_rng(seed), y, x, z, many=many)
    packed = bundle(plain)
    for at in np.ndindex(y, x, z):
        row = int(plain.table[at[0], at[1]])
        expected = int(plain.cube[at]) * 1000 + row + int(plain.small[at[1]]) + plain.offset + x
        expected += 1 if many and plain.flags[at[2]] else 0
        assert read(packed, *at) == expected


def test_what_compiled_code_writes_is_in_the_tuples_arrays() -> None:
    """And reading on finds it."""
    plain = things(np.random.default_rng(1), 3, 4, 2, many=True)
    before, packed = plain.table.copy(), bundle(plain)
    raise_all(packed, 7)
    np.testing.assert_array_equal(plain.table, before + 7)
    assert packed.table is plain.table
    assert packed.offset == plain.offset


def test_an_array_with_gaps_is_refused() -> None:
    """Its elements are not where a bundle would look."""
    plain = things(np.random.default_rng(1), 3, 4, 2, many=True)
    with pytest.raises(ValueError, match="table"):
        bundle(plain._replace(table=plain.table[:, ::2]))


def test_every_band_is_done_once_whatever_the_team() -> None:
    """And by as many calls as there are threads."""
    for size in (1, 2, 5):
        done = np.zeros(size, np.int64)
        Team(size).share(lambda step, band, bands, done=done: done.__setitem__(band, done[band] + step * bands), 3)
        np.testing.assert_array_equal(done, np.full(size, 3 * size))


def test_an_error_in_a_band_is_raised() -> None:
    """Not lost with its thread."""

    def fail(band: int, _bands: int) -> None:
        if band == 2:
            raise ArithmeticError("band 2")

    with pytest.raises(ArithmeticError, match="band 2"):
        Team(3).share(fail)
    with pytest.raises(SimulationError, match="threads: 0"):
        Team(0)
