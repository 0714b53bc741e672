"""Kinds of cores on a chip, and whether there are enough of each for the parts that need them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as Table
from dataclasses import dataclass, replace

from hwmodels.chip import Chip, CoreTiming, MemoryTiming


@dataclass(frozen=True)
class Kinds:
    """The distinct cores of a chip: kind k is `timings[k]`, and core c is of kind `of_core[c]`.

    A set of kinds is written as an integer, bit k for kind k.
    """

    timings: tuple[CoreTiming, ...]
    of_core: tuple[int, ...]
    counts: tuple[int, ...]

    def holding(self, weight_bits: int, state_bits: int) -> int:
        """The set of kinds whose memories hold so much."""
        return sum(
            1 << kind
            for kind, timing in enumerate(self.timings)
            if fits(timing.weight_memory, weight_bits) and fits(timing.state_memory, state_bits)
        )

    def available(self, kinds: int) -> int:
        """How many cores there are of a set of kinds."""
        return sum(count for kind, count in enumerate(self.counts) if kinds >> kind & 1)


def kinds_of(chip: Chip) -> Kinds:
    """Cores that differ in name only are of one kind. Kinds are in the order of their first cores."""
    numbers: dict[CoreTiming, int] = {}
    of_core = tuple(numbers.setdefault(replace(core, name=""), len(numbers)) for core in chip.cores)
    counts = Counter(of_core)
    return Kinds(tuple(numbers), of_core, tuple(counts[kind] for kind in range(len(numbers))))


def fits(memory: MemoryTiming, bits: int) -> bool:
    """Whether a memory holds so many bits."""
    return memory.capacity_bits is None or bits <= memory.capacity_bits


def unions(sets: Iterable[int]) -> list[int]:
    """All unions of some of the sets of kinds, the smallest first."""
    closed = {0}
    for each in sets:
        closed |= {other | each for other in closed}
    return sorted(closed, key=lambda kinds: (kinds.bit_count(), kinds))


def too_many(kinds: Kinds, demand: Table[int, int]) -> int | None:
    """A set of kinds that more cores are demanded of than there are; None if all get one (Hall's theorem).

    demand: how many cores are wanted of any kind in a set, by set.
    """
    for union in unions(demand):
        if sum(count for wanted, count in demand.items() if not wanted & ~union) > kinds.available(union):
            return union
    return None
