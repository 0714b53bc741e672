"""What would make a network fit a chip: changes of one setting, or of several together, each as small as will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from hwmodels.chip import Chip, CoreTiming
from simulator.placement.fitting import Cutter, choose
from simulator.placement.kinds import kinds_of
from workloads.integer.network import IntegerNetwork

Setting: TypeAlias = Literal[
    "limit", "cores", "weight_memory", "state_memory", "weight_bits", "activation_bits", "accumulator_bits",
    "overflow", "off_chip",
]  # fmt: skip
KIB_BITS = 8 * 1024


@dataclass(frozen=True)
class Change:
    """One setting and its new value: KiB of every core that has less, bits, or how many cores more.

    `limit`: how many cores may be used; with more `cores` all of them may. `core`: number of the core on the chip that
    further ones are like. `off_chip` and `overflow` have no value: weights are held off the chip, and sums wrap.
    """

    setting: Setting
    value: int = 0
    core: int = 0


@dataclass(frozen=True)
class Problem:
    """What is to be mapped: a network, a chip, and how many of its cores may be used."""

    network: IntegerNetwork
    chip: Chip
    limit: int

    @property
    def solvable(self) -> bool:
        """True when it fits."""
        cutter = Cutter(self.network, self.chip)
        ways = [cutter.smallest(layer) for layer in range(len(self.network.layers) + 1)]
        return choose(ways, cutter.kinds, self.limit) is not None

    def after(self, changes: Iterable[Change]) -> Problem:
        """The problem after all changes."""
        problem = self
        for change in changes:
            problem = problem.with_change(change)
        return problem

    def with_change(self, change: Change) -> Problem:
        """The problem after a change."""
        network, chip, limit = self.network, self.chip, self.limit
        match change.setting:
            case "limit":
                limit = change.value
            case "cores":
                cores = chip.cores + (chip.cores[change.core],) * change.value
                rows = max(chip.rows, -(-len(cores) // (chip.columns * chip.cores_per_tile)))
                chip, limit = replace(chip, cores=cores, rows=rows), len(cores)
            case "weight_memory" | "state_memory":
                cores = tuple(_enlarged(core, change.setting, change.value * KIB_BITS) for core in chip.cores)
                chip = replace(chip, cores=cores)
            case "overflow":
                network = replace(network, overflow="wrap")
            case "off_chip":
                chip = replace(chip, stream_word_bits=64)
            case "weight_bits":
                network = replace(network, weight_bits=change.value)
            case "activation_bits":
                network = replace(network, activation_bits=change.value)
            case "accumulator_bits":
                network = replace(network, accumulator_bits=change.value)
        return Problem(network, chip, limit)


def _enlarged(core: CoreTiming, memory: Literal["weight_memory", "state_memory"], bits: int) -> CoreTiming:
    there = core.weight_memory if memory == "weight_memory" else core.state_memory
    if there.capacity_bits is None or there.capacity_bits >= bits:
        return core
    larger = replace(there, capacity_bits=bits)
    return replace(core, weight_memory=larger) if memory == "weight_memory" else replace(core, state_memory=larger)


@dataclass(frozen=True)
class Lever:
    """Changes that together, and without others, make the network fit."""

    changes: tuple[Change, ...]
    text: str


def levers_of(problem: Problem) -> tuple[Lever, ...]:
    """The smallest changes that do: of one setting, and, unless one memory alone does, of both and of too few cores."""
    alone = [*_alone(problem)]
    found: list[tuple[Change, ...]] = [(change,) for change in alone]
    if not any(change.setting in ("weight_memory", "state_memory") for change in alone):
        together = _together(problem)
        found += [together] if together not in found else []
    return tuple(Lever(changes, " and ".join(_text(problem.chip, change) for change in changes)) for changes in found)


def _alone(problem: Problem) -> Iterator[Change]:
    network, chip = problem.network, problem.chip
    allow_more = _least(problem, "limit", range(problem.limit + 1, len(chip.cores) + 1))
    yield from allow_more or _more_cores(problem)
    yield from _least(problem, "weight_memory", _sizes(problem, "weight_memory"))
    yield from _least(problem, "state_memory", _sizes(problem, "state_memory"))
    yield from _least(problem, "weight_bits", range(network.weight_bits - 1, 1, -1))
    yield from _least(problem, "activation_bits", range(network.activation_bits - 1, 1, -1))
    yield from _least(problem, "accumulator_bits", range(network.accumulator_bits - 1, 7, -1))
    switches = [Change("overflow")] if network.overflow == "saturate" else []
    switches += [Change("off_chip")] if chip.stream_word_bits == 0 else []
    yield from (change for change in switches if problem.with_change(change).solvable)


def _least(problem: Problem, setting: Setting, values: range, core: int = 0) -> list[Change]:
    """The change to the first of `values` that will do; none if the last one won't."""
    return [*_first(problem, [(Change(setting, value, core),) for value in values])]


def _first(problem: Problem, choices: Sequence[tuple[Change, ...]]) -> tuple[Change, ...]:
    """The first choice that will do, by bisection: if one does, so do all behind it. None: ()."""
    if not choices or not problem.after(choices[-1]).solvable:
        return ()
    low, high = 0, len(choices) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if problem.after(choices[middle]).solvable else (middle + 1, high)
    return choices[low]


def _more_cores(problem: Problem) -> list[Change]:
    """Cores like those of the kind that the fewest more of will do."""
    first_of_kind = {kind: core for core, kind in reversed([*enumerate(kinds_of(problem.chip).of_core)])}
    counts = range(1, _most_parts(problem) + 1)
    found = [change for core in sorted(first_of_kind.values()) for change in _least(problem, "cores", counts, core)]
    return sorted(found, key=lambda change: change.value)[:1]


def _most_parts(problem: Problem) -> int:
    """More cores than any choice of the smallest cuts takes."""
    cutter = Cutter(problem.network, problem.chip)
    ways = [cutter.smallest(layer) for layer in range(len(problem.network.layers) + 1)]
    return sum(max((cut.parts for cut in cuts), default=1) for cuts in ways)


def _sizes(problem: Problem, memory: Setting) -> range:
    """Sizes of a memory in KiB, up to one that holds every layer whole."""
    cutter = Cutter(problem.network, problem.chip)
    demands = [cutter.demand(layer, 1, 1) for layer in range(len(problem.network.layers) + 1)]
    most = max(demand[0 if memory == "weight_memory" else 1] for demand in demands)
    return range(1, -(-most // KIB_BITS) + 1)


def _together(problem: Problem) -> tuple[Change, ...]:
    """As many cores as layers if there are less, and the least size that does for both memories."""
    changes: list[Change] = []
    layers, there = len(problem.network.layers) + 1, len(problem.chip.cores)
    if layers > problem.limit:
        changes.append(Change("limit", layers) if layers <= there else Change("cores", layers - there))
        problem = problem.with_change(changes[0])
    sizes = max(_sizes(problem, "weight_memory"), _sizes(problem, "state_memory"), key=len)
    size = 0 if problem.solvable else _first(problem, [_memories(each, each) for each in sizes])[0].value
    state = _first(problem, [_memories(size, each) for each in range(size + 1)])[1].value
    needed = _first(problem, [_memories(each, state) for each in range(size + 1)])
    return (*changes, *(change for change in needed if change.value))


def _memories(weight_kib: int, state_kib: int) -> tuple[Change, Change]:
    return Change("weight_memory", weight_kib), Change("state_memory", state_kib)


def _text(chip: Chip, change: Change) -> str:
    match change.setting:
        case "limit":
            return f"use {change.value} of the {len(chip.cores)} cores"
        case "cores":
            cores = "core" if change.value == 1 else "cores"
            return f"{change.value} more {cores} like {chip.cores[change.core].name!r} (a bigger mesh)"
        case "weight_memory" | "state_memory":
            return f"cores with {change.value} KiB of {change.setting} (core.{change.setting}.capacity)"
        case "overflow":
            return "overflow: wrap (layers that saturate can't be split)"
        case "off_chip":
            return "off_chip.holds_weights: true (weights that don't fit are streamed)"
        case _:
            caveat = " (where sums fit)" if change.setting == "accumulator_bits" else ""
            return f"{change.setting}: {change.value}{caveat}"
