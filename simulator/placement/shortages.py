"""Why a network can't be mapped onto a chip: what is demanded, what is there, and what would close the gap."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor, inf, log10
from typing import Final, Literal, TypeAlias

from hwmodels.chip import Chip, MemoryTiming
from simulator.errors import SimulationError
from simulator.placement.fitting import Cutter
from simulator.placement.kinds import fits
from simulator.placement.levers import KIB_BITS, Lever, Problem, levers_of
from simulator.placement.mapping import is_grouped, layer_names, refuse, sent_map
from workloads.integer.network import IntegerNetwork

Resource: TypeAlias = Literal["weight_memory", "state_memory", "cores"]

TOUCHED_BY: Final[dict[Resource, set[str]]] = {
    "weight_memory": {"weight_memory", "weight_bits", "off_chip", "overflow"},
    "state_memory": {"state_memory", "activation_bits", "accumulator_bits", "overflow"},
}


@dataclass(frozen=True)
class Shortage:
    """What one layer, or the chip as a whole (`layer` None), lacks; amounts in `unit`.

    Memory is that of the smallest part the layer can be cut into, and of the core that has most. `levers`: all changes
    that make the network fit and have to do with this.
    """

    layer: str | None
    resource: Resource
    demanded: float
    available: float
    unit: str
    levers: tuple[Lever, ...]

    @property
    def gap(self) -> float:
        """How much is missing."""
        return self.demanded - self.available


class InfeasibleError(SimulationError):
    """No mapping fits. `shortages`: what is lacking, and `lacking` in words; `levers`: changes that each would do."""

    def __init__(
        self, message: str, shortages: tuple[Shortage, ...], levers: tuple[Lever, ...], lacking: tuple[str, ...]
    ) -> None:
        super().__init__(message)
        self.shortages = shortages
        self.levers = levers
        self.lacking = lacking


def infeasible(network: IntegerNetwork, chip: Chip, limit: int) -> InfeasibleError:
    """The error for a network that doesn't fit on `limit` cores of a chip."""
    levers = levers_of(Problem(network, chip, limit))
    shortages = _of_layers(network, chip, levers)
    if not shortages or sum(least_parts(network, chip)) > limit:
        shortages.append(_of_cores(network, chip, limit, levers))
    lacking = tuple(_text(network, chip, shortage) for shortage in shortages)
    lines = [*lacking, "each of these would do: " + "; ".join(lever.text for lever in levers)]
    return InfeasibleError(str(refuse(network, chip, lines)), tuple(shortages), levers, lacking)


def _of_layers(network: IntegerNetwork, chip: Chip, levers: tuple[Lever, ...]) -> list[Shortage]:
    """Layers whose smallest parts no core holds."""
    cutter = Cutter(network, chip)
    shortages = []
    for layer, name in enumerate(layer_names(network)):
        if cutter.smallest(layer):
            continue
        weight_bits, state_bits = cutter.demand(layer, *finest(network, layer))
        weights = _largest([core.weight_memory for core in chip.cores])
        state = _largest([core.state_memory for core in chip.cores])
        if chip.stream_word_bits == 0 and weight_bits > weights:
            shortages.append(_of_memory(name, "weight_memory", weight_bits, weights, levers))
        elif state_bits <= state:  # no core has enough of both
            state = _largest([core.state_memory for core in chip.cores if fits(core.weight_memory, weight_bits)])
        if state_bits > state:
            shortages.append(_of_memory(name, "state_memory", state_bits, state, levers))
    return shortages


def finest(network: IntegerNetwork, layer: int) -> tuple[int, int]:
    """Row bands and channel ranges of the smallest parts a layer can be cut into."""
    if network.overflow == "saturate":
        return 1, 1
    height, _, channels = sent_map(network, layer)
    return height, 1 if is_grouped(network, layer) else channels


def _largest(memories: list[MemoryTiming]) -> float:
    return max(inf if each.capacity_bits is None else each.capacity_bits for each in memories)


def _of_memory(name: str, resource: Resource, bits: int, there_bits: float, levers: tuple[Lever, ...]) -> Shortage:
    return Shortage(name, resource, bits / KIB_BITS, there_bits / KIB_BITS, "KiB", _touching(resource, levers))


def _of_cores(network: IntegerNetwork, chip: Chip, limit: int, levers: tuple[Lever, ...]) -> Shortage:
    """All layers together need more cores, or more of the cores that hold them."""
    least = sum(least_parts(network, chip))
    more = [
        change.value - limit if change.setting == "limit" else change.value
        for lever in levers
        for change in lever.changes
        if change.setting in ("cores", "limit") and len(lever.changes) == 1
    ]
    return Shortage(None, "cores", max(least, limit + min(more, default=1)), limit, "cores", levers)


def least_parts(network: IntegerNetwork, chip: Chip) -> list[int]:
    """The fewest cores that each layer takes; 1 for one that no core holds."""
    cutter = Cutter(network, chip)
    return [min((cut.parts for cut in cutter.smallest(layer)), default=1) for layer in range(len(network.layers) + 1)]


def _touching(resource: Resource, levers: tuple[Lever, ...]) -> tuple[Lever, ...]:
    return tuple(lever for lever in levers if any(change.setting in TOUCHED_BY[resource] for change in lever.changes))


def _text(network: IntegerNetwork, chip: Chip, shortage: Shortage) -> str:
    if shortage.layer is None:
        parts = least_parts(network, chip)
        most = sorted(zip(parts, layer_names(network), strict=True), key=lambda each: -each[0])[:3]
        need = f"{len(network.layers)} layers and the input need at least {shortage.demanded:.0f} cores"
        there = f"{chip.name} has {shortage.available:.0f} to use, {shortage.gap:.0f} too few"
        if shortage.demanded == len(parts):
            return f"{need}, one each (a core runs one layer, however much it holds): {there}"
        takes = ", ".join(f"{name} takes {count}" for count, name in most)
        return f"{need} so that their parts fit memories, {there} (most: {takes})"
    rows, channels = finest(network, layer_names(network).index(shortage.layer))
    cut = (
        f"even cut into {rows} x {channels} parts (rows x channels)" if rows * channels > 1 else "which can't be split"
    )
    return (
        f"layer {shortage.layer!r}, {cut}, needs {kib(shortage.demanded)} of {shortage.resource}, the largest there is "
        f"has {kib(shortage.available)}, {kib(shortage.gap)} too little"
    )


def kib(amount: float) -> str:
    """KiB with as many digits as it takes to see it, never less than there are: a memory of that size is enough."""
    if amount >= 10:
        return f"{ceil(amount * 10) / 10:.1f} KiB"
    digits = 2 - floor(log10(amount)) if amount > 0 else 0
    return f"{ceil(Fraction(amount) * 10**digits) / 10**digits:.3g} KiB"
