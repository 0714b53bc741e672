"""What a chip takes up: the areas that its file gives, by component, also at another technology node.

Stillmaker and Baas (Integration 58:74-81, 2017, doi 10.1016/j.vlsi.2017.02.002) print how the area of a circuit changes
from one node to another. Their row from 45 nm is used, as transcribed in the Accelergy project's hwcomponents (commit
e67d7f1): from node X to Y an area multiplies by ratio(Y) / ratio(X). Between nodes of the table the ratio is
interpolated linearly, as for energies; outside 7 to 130 nm nothing is scaled. SRAM, wires and pads are scaled like
logic, although they shrink less.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Final

from hwmodels.errors import key_path
from hwmodels.loading.yaml_document import KeyPath
from hwmodels.prices.new_prices import NewPrice, PricingError, asked, kinds_of
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.checks import DEFAULT_CORE
from hwmodels.schema.inherited import DIE, NOT_KNOWN
from hwmodels.schema.parts import Core, NamedCore
from hwmodels.schema.units import Quantity
from hwmodels.timing import core_count

_FROM_45_NM: Final = {
    130: "6.4",
    90: "2.8",
    65: "1.5",
    45: "1",
    32: "0.46",
    20: "0.21",
    16: "0.19",
    14: "0.17",
    10: "0.10",
    7: "0.059",
}
_BITS_PER_MIB: Final = 8 * 2**20
_UM2_PER_MM2: Final = 10**6
METHOD: Final = "Stillmaker and Baas, Integration 58:74-81, 2017, area"


@dataclass(frozen=True)
class AreaRow:
    """The area of one component: how many there are, of one and of all in mm2; None where the file does not say."""

    component: str
    count: int
    each_mm2: float | None
    mm2: float | None


def chip_area(accelerator: Accelerator, node: str | None = None) -> tuple[AreaRow, ...]:
    """Return the area of each component of a chip, and in the last row of the whole, at `node` ("7 nm", "7") if given.

    The whole is what is published or measured (`area.die_mm2`), else the sum of the rows if all are known, else None:
    nothing is guessed. A memory without a capacity has no area. Raise PricingError for a node that is not covered.
    """
    factor = _factor(accelerator, node)
    mesh, area = accelerator.mesh, accelerator.area
    parts: list[tuple[str, int, Fraction | None]] = []
    for core, count in _kinds(accelerator):
        name = core.name if isinstance(core, NamedCore) else DEFAULT_CORE
        parts.append((f"{name}: logic", count, _um2(core.logic_mm2)))
        for memory, capacity in (("weight", core.weight_memory.capacity), ("state", core.state_memory.capacity)):
            parts.append((f"{name}: {memory} memory", count, _sram_um2(accelerator, capacity)))
    parts += [
        ("routers", mesh.columns * mesh.rows, _um2(area.router_mm2) if area else None),
        ("other", 1, _um2(area.other_mm2) if area else None),
    ]
    known = [each * count for _, count, each in parts if each is not None]
    whole = _um2(area.die_mm2) if area and area.die_mm2 else sum(known) if len(known) == len(parts) else None
    return tuple(_row(name, count, each, factor) for name, count, each in [*parts, ("chip", 1, whole)])


def why_no_area(accelerator: Accelerator) -> str:
    """Return why the area of the die in the file that an accelerator extends is not its own; empty if none was."""
    rows = (row for row in accelerator.provenance if row.path == key_path(DIE) and row.value == NOT_KNOWN)
    return next((row.source for row in rows), "")


def areas_at(accelerator: Accelerator, node_nm: Fraction) -> list[NewPrice]:
    """Return the areas of an accelerator at another node, and the node; empty where none is given or can be scaled.

    Areas at a node outside the table stay what they are, at the node that they name.
    """
    area = accelerator.area
    own_nm = Fraction(area.node_nm.value, 1000) if area else None
    if area is None or own_nm is None or not min(_FROM_45_NM) <= own_nm <= max(_FROM_45_NM):
        return []
    factor = area_ratio(own_nm, node_nm)
    given: dict[KeyPath, Quantity | None] = {("area", name): getattr(area, name) for name in type(area).model_fields}
    del given["area", "node_nm"]
    given |= {(*at, "logic_mm2"): core.logic_mm2 for at, core in kinds_of(accelerator)}
    how = f"{METHOD}: {float(own_nm):g} to {float(node_nm):g} nm, times {float(factor):.4g}"
    sources = {row.path: row.source for row in accelerator.provenance}
    found = [NewPrice(("area", "node_nm"), round(node_nm * 1000), f"{METHOD}, of areas at {area.node_nm}", "computed")]
    for path, value in given.items():
        if value is not None:
            was = f"{value} ({sources.get(key_path(path), 'no source given')})"
            found.append(NewPrice(path, round(value.value * factor), f"{how}, of {was}", "computed"))
    return found


def area_ratio(from_nm: Fraction, to_nm: Fraction) -> Fraction:
    """Return what an area multiplies by from one node to another. Raise PricingError outside 7 to 130 nm."""
    return _from_45_nm(to_nm) / _from_45_nm(from_nm)


def _from_45_nm(node_nm: Fraction) -> Fraction:
    nodes = sorted(_FROM_45_NM)
    if not nodes[0] <= node_nm <= nodes[-1]:
        raise PricingError(
            f"no published area for {float(node_nm):g} nm: choose a node from {nodes[0]} to {nodes[-1]} nm"
        )
    below, above = next(pair for pair in pairwise(nodes) if pair[0] <= node_nm <= pair[1])
    share = (node_nm - below) / (above - below)
    return (1 - share) * Fraction(_FROM_45_NM[below]) + share * Fraction(_FROM_45_NM[above])


def _factor(accelerator: Accelerator, node: str | None) -> Fraction:
    if node is None:
        return Fraction(1)
    if accelerator.area is None:
        raise PricingError(
            f"{accelerator.name} gives no area: write 'area: {{node_nm: 45}}' and its parts into its file"
        )
    return area_ratio(Fraction(accelerator.area.node_nm.value, 1000), Fraction(asked(node, "node").value, 1000))


def _kinds(accelerator: Accelerator) -> list[tuple[Core, int]]:
    """Return each kind of core with how many of it there are, the default one last."""
    rest = core_count(accelerator) - sum(kind.count for kind in accelerator.cores)
    return [*((kind, kind.count) for kind in accelerator.cores), *([(accelerator.core, rest)] if rest else [])]


def _sram_um2(accelerator: Accelerator, capacity: Quantity | str) -> Fraction | None:
    density = accelerator.area.sram_mm2_per_mib if accelerator.area else None
    if density is None or not isinstance(capacity, Quantity):
        return None
    return Fraction(density.value * capacity.value, _BITS_PER_MIB)


def _um2(area: Quantity | None) -> Fraction | None:
    return None if area is None else Fraction(area.value)


def _row(name: str, count: int, each_um2: Fraction | int | None, factor: Fraction) -> AreaRow:
    if each_um2 is None:
        return AreaRow(name, count, None, None)
    each = each_um2 * factor / _UM2_PER_MM2
    return AreaRow(name, count, float(each), float(each * count))
