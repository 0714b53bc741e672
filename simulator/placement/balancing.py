"""Spending further cores where the load is: the slowest layer is split as long as that lowers the largest load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, TypeAlias

from simulator.placement.dense_frame import parts_of
from simulator.placement.fitting import Cut, Cutter
from simulator.placement.kinds import Kinds, too_many
from simulator.placement.loads import Loads
from simulator.placement.mapping import Placement, is_grouped, layer_names, sent_map

WORTHWHILE: Final = 1.1  # a load that is less by a tenth is worth further cores

Group: TypeAlias = tuple[int, tuple[float, ...]]
"""So many parts alike, and the load of one on each kind of core (infinite where its memories don't hold it)."""


@dataclass(frozen=True)
class Limit:
    """The least load (fs) that the busiest core can have, and the groups of parts that keep it from being less."""

    load_fs: float
    critical: tuple[int, ...]


def least_load(groups: Sequence[Group], kinds: Kinds) -> Limit:
    """Over all ways of giving every part a core; infinite if there is none."""
    loads = sorted({load for _, each in groups for load in each if load < inf})
    if not loads or _lacking(groups, kinds, loads[-1]) is not None:
        return Limit(inf, ())
    low, high = -1, len(loads) - 1  # loads[high] is possible, loads[low] is not
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _lacking(groups, kinds, loads[middle]) is None else (middle, high)
    lacking = _lacking(groups, kinds, loads[low] if low >= 0 else -1.0)
    union = 0 if lacking is None else lacking
    critical = [number for number, (_, each) in enumerate(groups) if not _kinds_within(each, loads, low) & ~union]
    critical.sort(key=lambda number: (-min(groups[number][1]), number))
    return Limit(loads[high], tuple(critical))


def _kinds_within(loads: Sequence[float], levels: Sequence[float], level: int) -> int:
    return sum(1 << kind for kind, load in enumerate(loads) if level >= 0 and load <= levels[level])


def _lacking(groups: Sequence[Group], kinds: Kinds, most_fs: float) -> int | None:
    """A set of kinds that is demanded too often if no load may be above `most_fs`."""
    demand: Counter[int] = Counter()
    for parts, loads in groups:
        demand[sum(1 << kind for kind, load in enumerate(loads) if load <= most_fs)] += parts
    return too_many(kinds, demand)


class Balancer:
    """Cuts layers further, from a choice of cuts that fits."""

    def __init__(self, cutter: Cutter, loads: Loads, limit: int) -> None:
        self.cutter = cutter
        self.loads = loads
        self.limit = limit
        self.names = layer_names(cutter.network)
        self.receivers = [
            [each.receiver for each in loads.connections if each.sender == layer] for layer in range(len(self.names))
        ]
        self._known: dict[tuple[object, ...], tuple[float, ...]] = {}

    def balance(self, cuts: Sequence[Cut]) -> list[Cut]:
        """Cuts on at most `limit` cores with a smaller largest load, or the same.

        Of those met on the way, the first whose load is within WORTHWHILE of the least: the last parts of a layer often
        gain next to nothing, and each is a core and a copy of every message.
        """
        now = list(cuts)
        reached = self.limit_of(now)
        met = [(reached.load_fs, now)]
        while (better := self._better(now, reached)) is not None:
            now, reached = better
            met.append((reached.load_fs, now))
        enough = min(load for load, _ in met) * WORTHWHILE
        return next(cuts for load, cuts in met if load <= enough)

    def limit_of(self, cuts: Sequence[Cut]) -> Limit:
        """The least largest load of a choice of cuts, all parts of a layer taken as its heaviest."""
        grids = [(cut.rows, cut.channels) for cut in cuts]
        groups = [(cut.parts, self.layer_loads(layer, cut, grids)) for layer, cut in enumerate(cuts)]
        return least_load(groups, self.loads.kinds)

    def layer_loads(self, layer: int, cut: Cut, grids: Sequence[tuple[int, int]]) -> tuple[float, ...]:
        """Load of the heaviest part of a layer on each kind of core."""
        key = (layer, cut, *(grids[receiver] for receiver in self.receivers[layer]))
        if key not in self._known:
            self._known[key] = self._heaviest(layer, cut, grids)
        return self._known[key]

    def _heaviest(self, layer: int, cut: Cut, grids: Sequence[tuple[int, int]]) -> tuple[float, ...]:
        parts = parts_of(self.cutter.network, layer, Placement(self.names[layer], (), cut.rows, cut.channels))
        widest = max(part.width for part in parts)
        heavy = {part.rows: part for part in parts if part.width == widest}.values()
        return tuple(
            max(self.loads.part_fs(part, kind, grids) for part in heavy) if cut.kinds >> kind & 1 else inf
            for kind in range(len(self.loads.kinds.timings))
        )

    def _better(self, cuts: list[Cut], reached: Limit) -> tuple[list[Cut], Limit] | None:
        """The first split of a critical layer that lowers the largest load, or leaves fewer layers that have it."""
        free = self.limit - sum(cut.parts for cut in cuts)
        for layer in reached.critical:
            found: list[tuple[float, int, int, int, list[Cut], Limit]] = []
            for cut in self._splits(layer, cuts[layer], free):
                if found and cut.parts > found[0][3]:
                    break
                split = [*cuts[:layer], cut, *cuts[layer + 1 :]]
                limit = self.limit_of(split)
                if (limit.load_fs, len(limit.critical)) < (reached.load_fs, len(reached.critical)):
                    found.append((limit.load_fs, len(limit.critical), cut.messages, cut.parts, split, limit))
            if found:
                return min(found, key=lambda each: each[:3])[4:]
        return None

    def _splits(self, layer: int, now: Cut, free: int) -> Iterator[Cut]:
        """Grids with more parts, the fewest first; twice as many parts is enough to halve any load."""
        height, _, channels = sent_map(self.cutter.network, layer)
        if self.cutter.whole:
            return
        for parts in range(now.parts + 1, min(2 * now.parts, now.parts + free) + 1):
            for rows in range(1, min(parts, height) + 1):
                across = parts // rows
                if (
                    rows * across != parts
                    or across > channels
                    or (across > 1 and is_grouped(self.cutter.network, layer))
                ):
                    continue
                cut = self.cutter.cut(layer, rows, across, streams=now.streamed_bits > 0)
                if cut.kinds:
                    yield cut
