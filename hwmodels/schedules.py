"""Schedules, the one table of them: which cores wait for each other, and how they know that a frame is over.

`dataflow`: no core waits for another; a token from each sender says that a frame is over. `barrier`: all cores go in
steps, which are over when all that was sent has been served, so no tokens are sent. `group_barrier`: as dataflow, but
the cores of a group that are equally far from the input begin to send a frame together. docs/machine.md, "Time", says
what each takes. Nothing else asks for a schedule's name: what is done is read from its fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final, get_args

from hwmodels.chip import Chip, ScheduleName


@dataclass(frozen=True)
class Schedule:
    """A schedule. Adding one is an entry in `SCHEDULES`, its name in `ScheduleName`, and its fields in a file.

    title: for people. sends_tokens: does a token from each sender end a core's receive phase? If not, all cores go in
    steps. waits_with: of a chip, a core's position and the level of its layer; cores with equal keys wait for each
    other, with None for nobody. Cores that go in steps all wait for each other. With tokens, those that do must be of
    one level: a core can not wait for one whose frame is made of its own.
    """

    name: ScheduleName
    title: str
    sends_tokens: bool
    waits_with: Callable[[Chip, int, int], Hashable]

    def groups(self, chip: Chip, cores: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        """For each core in use, given as (position, level): the number of its group, from 0 in order; -1 for none.

        Where tokens are sent, a core that is alone in its group waits for nobody.
        """
        keys = [self.waits_with(chip, position, level) for position, level in cores]
        least = 2 if self.sends_tokens else 1
        groups = [key for key, size in Counter(keys).items() if key is not None and size >= least]
        number_of = {key: number for number, key in enumerate(groups)}
        return tuple(number_of.get(key, -1) for key in keys)

    def release_fs(self, chip: Chip, tiles: int) -> int:
        """Time (fs) from when all of a group on so many tiles are there to when they go on."""
        rows = chip.barrier_fs
        return next((latency_fs for most, latency_fs in rows if tiles <= most), rows[-1][1] if rows else 0)


def _nobody(_chip: Chip, _position: int, _level: int) -> None:
    return None


def _everybody(_chip: Chip, _position: int, _level: int) -> Hashable:
    return "all"


def _level_of_group(chip: Chip, position: int, level: int) -> Hashable:
    ends = enumerate(accumulate(chip.groups))
    return next(((group, level) for group, end in ends if position < end), None)


SCHEDULES: Final[dict[str, Schedule]] = {
    each.name: each
    for each in (
        Schedule("dataflow", "dataflow", sends_tokens=True, waits_with=_nobody),
        Schedule("barrier", "barriers", sends_tokens=False, waits_with=_everybody),
        Schedule("group_barrier", "group barriers", sends_tokens=True, waits_with=_level_of_group),
    )
}
assert tuple(SCHEDULES) == get_args(ScheduleName)  # noqa: S101 - the type checker's names are the table's
