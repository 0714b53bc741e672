"""The prices of one accelerator for what was counted on another one.

Counts are in the units of the chip that was simulated: additions of its number type, words of its memories, flits of
its links. A price of the other profile is brought to those units: an operation has the price of the same number type; a
word, flit or off-chip word costs in proportion to its bits; a memory by capacity is taken at the simulated chip's own
capacity between the other's cited points. What has no price there, but happened in the run, is an error.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import TypeAlias

from hwmodels.errors import key_path
from hwmodels.loading.yaml_document import KeyPath
from hwmodels.memory import Action, Memory, sram_energy_aj
from hwmodels.prices.new_prices import (
    CORE_COSTS,
    MEMORY_ACCESSES,
    MESH_COSTS,
    NewPrice,
    PricingError,
    cost_at,
    kinds_of,
    memory_path,
    powers_of,
    with_prices,
)
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.parts import Core, NamedCore, Provenance
from hwmodels.schema.units import Quantity, UnitError

Found: TypeAlias = Iterator[NewPrice | str]
"""Prices, and sentences about what has none."""


def with_prices_of(
    accelerator: Accelerator, other: Accelerator, used: Collection[str], *, arithmetic_only: bool = False
) -> Accelerator:
    """Return `accelerator` with the prices of `other`.

    `used` holds the columns of the counts table that are not all zero: only for these a price must exist. What has none
    and is not used keeps the price it had. arithmetic_only: take over `operations` and nothing else. Named kinds of
    core take the prices of the kind of that name, if `other` has it, else of its default core. Raise PricingError with
    all that has no price.
    """
    found = list(_operations(accelerator, other, used))
    if not arithmetic_only:
        for at, core in kinds_of(accelerator):
            found += [*_core(at, core, other), *_memories(at, core, other, used)]
        found += [*_mesh(accelerator, other), *_off_chip(accelerator, other, used), *_powers(accelerator, other)]
    missing = [each for each in found if isinstance(each, str)]
    if missing:
        lines = "".join(f"\n  - {line}" for line in dict.fromkeys(missing))
        raise PricingError(f"{other.name} has no price for all that happened in a run on {accelerator.name}:{lines}")
    prices = [each for each in found if isinstance(each, NewPrice)]
    mixed = arithmetic_only and accelerator.technology != other.technology
    technology = None if mixed or other.technology is None else other.technology.model_dump(mode="json")
    name = f"{accelerator.name} priced as {other.name}"
    return with_prices(_with_types_of(accelerator, other), prices, other.name, name, technology)


def _operations(own: Accelerator, other: Accelerator, used: Collection[str]) -> Found:
    for kind, column in (("add", "adds"), ("multiply", "multiplies")):
        table, theirs = getattr(own.operations, kind), getattr(other.operations, kind)
        for name in table:
            at = ("operations", kind, name, "energy_pj")
            if name in theirs:
                yield _taken(other, at, at, theirs[name].energy_pj.value)
            elif column in used and name in _types_in_use(own, kind):
                listed = ", ".join(theirs) or "none"
                yield (
                    f"{name} {column} were counted, but operations.{kind} lists {listed}: "
                    f"give operations.{kind}.{name} in a file that extends it"
                )


def _core(at: KeyPath, core: Core, other: Accelerator) -> Found:
    there, theirs = _kind_in(other, core)
    for path, _ in CORE_COSTS:
        yield _taken(other, (*at, *path, "energy_pj"), (*there, *path, "energy_pj"), cost_at(theirs, path))


def _memories(at: KeyPath, core: Core, other: Accelerator, used: Collection[str]) -> Found:
    there, theirs = _kind_in(other, core)
    for memory, action in MEMORY_ACCESSES:
        path, origin = memory_path(at, memory, action), memory_path(there, memory, action)
        try:
            yield _access(core, theirs, other, memory, action, path, origin)
        except UnitError as error:
            if f"{memory}_{action}s" in used:
                yield f"{key_path(path)}: {error}"


def _access(
    core: Core, theirs: Core, other: Accelerator, memory: Memory, action: Action, path: KeyPath, origin: KeyPath
) -> NewPrice:
    """Return the price of a word of the core's memory. Raise UnitError if it depends on an unknown capacity."""
    part = core.weight_memory if memory == "weight" else core.state_memory
    their_part = theirs.weight_memory if memory == "weight" else theirs.state_memory
    energy = theirs.state_memory.write_energy_pj if action == "write" else their_part.read_energy_pj
    if isinstance(energy, Quantity):
        return _in_proportion(other, path, origin, energy.value, part.word_bits, their_part.word_bits)
    if part.capacity == "unlimited" or other.memories.sram is None:
        raise UnitError(
            f"{other.name} prices it by capacity, and the capacity on the run's chip is {part.capacity}: "
            f"take arithmetic only, or a profile that extends {other.name} with a number"
        )
    aj = sram_energy_aj(other.memories.sram, part.capacity.value, part.word_bits)
    points = _row(other, ("memories", "sram", "points", 0, "energy_pj")).source
    how = f"{other.name}, by capacity: {part.word_bits} bits out of {part.capacity}, between cited points ({points})"
    return NewPrice(path, aj, how, "computed")


def _mesh(own: Accelerator, other: Accelerator) -> Found:
    for hop, _ in MESH_COSTS:
        at = ("mesh", hop, "energy_pj")
        energy = getattr(other.mesh, hop).energy_pj.value
        yield _in_proportion(other, at, at, energy, own.mesh.link_bits, other.mesh.link_bits)


def _off_chip(own: Accelerator, other: Accelerator, used: Collection[str]) -> Found:
    at = ("off_chip", "energy_pj")
    if own.off_chip is not None and other.off_chip is not None:
        energy, bits = other.off_chip.energy_pj.value, other.off_chip.word_bits
        yield _in_proportion(other, at, at, energy, own.off_chip.word_bits, bits)
        return
    for what, column in (("frames", "off_chip_reads"), ("weights", "off_chip_weight_reads")):
        if column in used:
            where = f"{other.name} has no such memory: give off_chip in a file that extends it"
            yield f"{what} were read off chip, and {where}"


def _powers(own: Accelerator, other: Accelerator) -> Found:
    """Yield static powers: what `other` does not give is not modelled there, and costs nothing at its prices."""
    theirs = powers_of(other)
    for at, power in powers_of(own).items():
        origin = (*_kind_in(other, _core_at(own, at))[0], "idle_mw") if at[-1] == "idle_mw" else at
        value = theirs[origin]
        if value is not None:
            yield _taken(other, at, origin, value)
        elif power is not None:
            yield NewPrice(at, 0, f"not modelled: {other.name} gives no {at[-1]}", "assumed")


def _taken(other: Accelerator, at: KeyPath, origin: KeyPath, value: int) -> NewPrice:
    row = _row(other, origin)
    return NewPrice(at, value, row.source, "assumed" if row.status == "not given" else row.status)


def _in_proportion(
    other: Accelerator, at: KeyPath, origin: KeyPath, value: int, bits: int, their_bits: int
) -> NewPrice:
    """Return a price per word or flit of `bits` bits, from one per `their_bits`."""
    if bits == their_bits:
        return _taken(other, at, origin, value)
    source = f"{value / 1e6:g} pJ per {their_bits} bits, for {bits} bits in proportion ({_row(other, origin).source})"
    return NewPrice(at, round(value * Fraction(bits, their_bits)), source, "computed")


def _row(other: Accelerator, path: KeyPath) -> Provenance:
    """Return what `other` says about a number; a named core's may stand at the default core."""
    wanted = {key_path(path), key_path(("core", *path[2:])) if path[0] == "cores" else key_path(path)}
    row = next((row for row in other.provenance if row.path in wanted), None)
    unknown = Provenance(
        path=key_path(path), value="", file=other.name, source=f"set in {other.name}", status="not given"
    )
    return row or unknown


def _kind_in(other: Accelerator, core: Core) -> tuple[KeyPath, Core]:
    for at, theirs in kinds_of(other):
        if isinstance(theirs, NamedCore) and isinstance(core, NamedCore) and theirs.name == core.name:
            return at, theirs
    return ("core",), other.core


def _core_at(accelerator: Accelerator, path: KeyPath) -> Core:
    return accelerator.cores[int(path[1])] if path[0] == "cores" else accelerator.core


def _types_in_use(own: Accelerator, kind: str) -> set[str]:
    lanes = [getattr(core, kind) for _, core in kinds_of(own)]
    return {each.type for each in lanes if each is not None}


def _with_types_of(own: Accelerator, other: Accelerator) -> Accelerator:
    """Return `own` without the operations that `other` has no price for, and that no lane uses."""
    tables = {
        kind: {
            name: cost
            for name, cost in getattr(own.operations, kind).items()
            if name in getattr(other.operations, kind) or name in _types_in_use(own, kind)
        }
        for kind in ("add", "multiply")
    }
    return own.model_copy(update={"operations": own.operations.model_copy(update=tables)})
