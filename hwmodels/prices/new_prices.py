"""An accelerator with other energies: the same cores, memories, times and messages, at other prices.

A price names the key path of an energy, its new value in the integer base unit (aJ; nW of static power, um2 of area)
and where it comes from, so that the provenance of the result says of every energy what was done to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from hwmodels.errors import key_path
from hwmodels.loading.yaml_document import KeyPath
from hwmodels.memory import Action, Memory, access_energy_aj
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.parts import Core, Provenance, Status
from hwmodels.schema.units import LENGTH, VOLTAGE, Quantity, UnitError, parse_quantity

MEMORY_ACCESSES: Final[tuple[tuple[Memory, Action], ...]] = (("weight", "read"), ("state", "read"), ("state", "write"))
CORE_COSTS: Final[tuple[tuple[KeyPath, str], ...]] = (
    (("neuron", "access"), "accesses"),
    (("neuron", "update"), "updates"),
    (("neuron", "fire"), "fires"),
    (("decode",), "messages_in"),
    (("encode",), "messages_out"),
)
"""Where the costs of a core stand that are paid per neuron or message, and in which column they are counted."""
MESH_COSTS: Final = (("local", "flits_local"), ("east_west", "flit_hops_ew"), ("north_south", "flit_hops_ns"))
_UNITS: Final = {
    "pj": ("pJ", 10**6),
    "mw": ("mW", 10**6),
    "mm2": ("mm2", 10**6),
    "mib": ("mm2", 10**6),
    "nm": ("nm", 10**3),
}
"""By the end of a field's name: the unit its value is written in, and that in base units."""


class PricingError(ValueError):
    """A finished run cannot be priced in the way that was asked for. The message says what to change."""


@dataclass(frozen=True)
class NewPrice:
    """An energy, power or area that changes: `value` in the base unit of its dimension (aJ, nW, um2, pm)."""

    path: KeyPath
    value: int
    source: str
    status: Status


def kinds_of(accelerator: Accelerator) -> Iterator[tuple[KeyPath, Core]]:
    """Yield (key path, core) of the default core and of every named kind."""
    yield ("core",), accelerator.core
    for index, kind in enumerate(accelerator.cores):
        yield ("cores", index), kind


def memory_path(at: KeyPath, memory: Memory, action: Action) -> KeyPath:
    """Return the key path of the energy of an access to a memory of the core at `at`."""
    return (*at, f"{memory}_memory", f"{action}_energy_pj")


def energies_of(accelerator: Accelerator) -> dict[KeyPath, int]:
    """Return every energy in aJ by key path, those by capacity as what they come to; no static power."""
    found: dict[KeyPath, int] = {}
    for kind, table in (("add", accelerator.operations.add), ("multiply", accelerator.operations.multiply)):
        found |= {("operations", kind, name, "energy_pj"): cost.energy_pj.value for name, cost in table.items()}
    for at, core in kinds_of(accelerator):
        for path, _ in CORE_COSTS:
            found[*at, *path, "energy_pj"] = cost_at(core, path)
        for memory, action in MEMORY_ACCESSES:
            energy = access_energy_aj(accelerator.memories.sram, core, memory, action)
            found[memory_path(at, memory, action)] = energy
    if accelerator.off_chip is not None:
        found["off_chip", "energy_pj"] = accelerator.off_chip.energy_pj.value
    for hop, _ in MESH_COSTS:
        found["mesh", hop, "energy_pj"] = getattr(accelerator.mesh, hop).energy_pj.value
    return found


def powers_of(accelerator: Accelerator) -> dict[KeyPath, int | None]:
    """Return every static power in nW by key path: leakage, and of a core while it idles; None where not given."""
    leakage = accelerator.leakage
    given: dict[KeyPath, Quantity | None] = {
        ("leakage", name): getattr(leakage, name) for name in type(leakage).model_fields
    }
    given |= {(*at, "idle_mw"): core.idle_mw for at, core in kinds_of(accelerator)}
    return {path: power.value if power else None for path, power in given.items()}


def cost_at(core: Core, path: KeyPath) -> int:
    """Return the energy in aJ of one of the `CORE_COSTS` of a core."""
    part: Any = core
    for name in path:
        part = getattr(part, str(name))
    energy: Quantity = part.energy_pj
    return energy.value


def with_prices(
    accelerator: Accelerator, prices: Iterable[NewPrice], by: str, name: str, technology: dict[str, str] | None
) -> Accelerator:
    """Return the accelerator with these prices and every other number as it was; `by` says what set them.

    Energies by capacity become numbers, because the cited points of `memories.sram` no longer say them all.
    """
    record = accelerator.model_dump(mode="json", by_alias=True, exclude={"provenance"})
    rows = {row.path: row for row in accelerator.provenance if not row.path.startswith(("memories.", "technology"))}
    energies = energies_of(accelerator)
    for path in [path for path in energies if "memory" in str(path[-2])]:
        _set(record, path, _written(path, energies[path]))
    for price in prices:
        text = _written(price.path, price.value)
        _set(record, price.path, text)
        where = key_path(price.path)
        rows[where] = Provenance(path=where, value=text, file=by, source=price.source, status=price.status)
    record |= {"name": name, "memories": {}, "technology": technology, "provenance": _existing(rows, record)}
    return Accelerator.model_validate(record)


def asked(text: str, what: str) -> Quantity:
    """Return the node or voltage that was asked for; a plain number is in nm or V. Raise PricingError if it is none."""
    dimension, unit = (LENGTH, "nm") if what == "node" else (VOLTAGE, "V")
    try:
        plain = text.strip().replace(".", "", 1).isdigit()
        return parse_quantity(f"{text} {unit}" if plain else text, dimension)
    except UnitError as error:
        raise PricingError(f"--{what} {text}: {error}") from None


def _written(path: KeyPath, value: int) -> str:
    unit, size = _UNITS[str(path[-1]).rsplit("_", 1)[1]]
    return f"{(Decimal(value) / size).normalize():f} {unit}"


def _existing(rows: dict[str, Provenance], record: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows as JSON, without those of operations that are no longer listed."""
    kept = {f"operations.{kind}.{name}" for kind, table in record["operations"].items() for name in table}
    return [
        row.model_dump(mode="json")
        for path, row in rows.items()
        if not path.startswith("operations.") or path.rsplit(".", 1)[0] in kept
    ]


def _set(record: Any, path: KeyPath, value: str) -> None:  # noqa: ANN401 - JSON
    for step in path[:-1]:
        record = record[step]
    record[path[-1]] = value
