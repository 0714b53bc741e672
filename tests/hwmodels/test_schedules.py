"""The table of schedules: who waits for whom, and for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from small_chips import CHIP

from hwmodels.chip import ScheduleName
from hwmodels.schedules import SCHEDULES, Schedule
from hwmodels.schema.accelerator import Accelerator

CORES = [(0, 0), (3, 1), (4, 1), (5, 1), (1, 2), (7, 3)]  # position, level


def test_the_names_are_those_that_a_file_may_give() -> None:
    """Each schedule is registered under its own, and has its fields in a file."""
    assert tuple(SCHEDULES) == get_args(ScheduleName) == tuple(each.name for each in SCHEDULES.values())
    schema = Accelerator.model_json_schema()["properties"]["synchronisation"]
    assert set(schema["discriminator"]["mapping"]) == set(SCHEDULES)


def test_who_waits_for_whom() -> None:
    """Under dataflow nobody, at the barrier all, also the only core in use."""
    assert SCHEDULES["dataflow"].groups(CHIP, CORES) == (-1,) * 6
    assert SCHEDULES["barrier"].groups(CHIP, CORES) == (0,) * 6
    assert SCHEDULES["barrier"].groups(CHIP, CORES[:1]) == (0,)


def test_groups_are_numbered_in_order_and_nobody_waits_alone() -> None:
    """Of three keys: one is that of two cores, one of three, and one of a single core."""
    by_level = Schedule("dataflow", "by level", sends_tokens=True, waits_with=lambda _chip, _position, level: level)
    assert by_level.groups(CHIP, CORES) == (-1, 0, 0, 0, -1, -1)
    by_parity = replace(by_level, waits_with=lambda _chip, position, _level: position % 2 if position else None)
    assert by_parity.groups(CHIP, CORES) == (-1, 0, -1, 0, 0, 0)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        ((), (-1, -1, -1, -1, -1, -1)),
        ((8,), (-1, 0, 0, 0, -1, -1)),
        ((3, 2), (-1, 0, 0, -1, -1, -1)),
        ((4, 4), (-1, -1, 0, 0, -1, -1)),
        ((1,) * 8, (-1, -1, -1, -1, -1, -1)),
    ],
)
def test_cores_of_one_group_and_level_wait_for_each_other(groups: tuple[int, ...], expected: tuple[int, ...]) -> None:
    """Groups take cores in mesh order; what is left, and who is alone, waits for nobody."""
    assert SCHEDULES["group_barrier"].groups(replace(CHIP, groups=groups), CORES) == expected


@pytest.mark.parametrize(("tiles", "expected_fs"), [(1, 5), (2, 7), (3, 7), (4, 7)])
def test_a_release_takes_as_long_as_the_first_row_with_enough_tiles_says(tiles: int, expected_fs: int) -> None:
    """The last row holds beyond its tiles too; without any there is no time."""
    chip = replace(CHIP, barrier_fs=((1, 5), (3, 7)))
    assert SCHEDULES["barrier"].release_fs(chip, tiles) == expected_fs
    assert SCHEDULES["barrier"].release_fs(CHIP, tiles) == 0
