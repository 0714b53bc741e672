"""What would make a network fit a chip, as fields to write: what is proposed has been tried on the accelerator itself.

The simulator knows memories in bits and cores by number; a file has energies that hold for some capacities only, cores
by kind in a mesh of columns and rows, and a network whose sums need so many bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any, Final

from pydantic import ValidationError

from hwmodels import Accelerator, Chip, chip_of
from hwmodels.schema.units import UnitError
from simulator import InfeasibleError
from simulator.placement.levers import KIB_BITS, Change, Lever, Problem
from simulator.placement.mapping import refuse
from workloads import QuantisedNetwork, bits_needed, largest_inputs, static_bound

WIDEST_MESH: Final = 1024
EXTRAPOLATE: Final = ("memories.sram.beyond_points", "extrapolate")
OFF_CHIP: Final = ("word_bits", "energy_pj", "time_per_word")
"""What only the user knows of a memory that is not there yet."""

Field = tuple[str, Any]


@dataclass(frozen=True)
class Advice:
    """Fields to set, by key path: of the accelerator, and of the experiment (or of ds.Quantisation, ds.MappingChoice).

    `unknown`: fields of an off-chip memory that has to be added, whose numbers are the user's to give.
    """

    accelerator: tuple[Field, ...]
    experiment: tuple[Field, ...]
    unknown: tuple[str, ...] = ()

    def __str__(self) -> str:
        """`field: value`, with "and" between them."""
        written = " and ".join(f"{field}: {_word(value)}" for field, value in (*self.accelerator, *self.experiment))
        return written + (f" (and its {', '.join(self.unknown)})" if self.unknown else "")


def with_advice(
    error: InfeasibleError, network: QuantisedNetwork, accelerator: Accelerator, limit: int | None
) -> InfeasibleError:
    """The error with what would do written as fields; what the accelerator or the network does not allow is left out.

    `limit`: how many cores the mapping may use; None: all.
    """
    found = [(lever, advice) for lever in error.levers for advice in _advice(lever, network, accelerator, limit)]
    lines = list(error.lacking)
    if found:
        lines.append("each of these would do: " + "; ".join(str(advice) for _, advice in found))
    message = str(refuse(network.either, chip_of(accelerator), lines))
    return InfeasibleError(message, error.shortages, tuple(lever for lever, _ in found), error.lacking)


def _advice(lever: Lever, network: QuantisedNetwork, accelerator: Accelerator, limit: int | None) -> Iterator[Advice]:
    """The lever as fields, if they make the network fit."""
    if any(change.setting == "accumulator_bits" and change.value < _sum_bits(network) for change in lever.changes):
        return
    fields = [field for change in lever.changes for field in _accelerator_fields(change, accelerator)]
    settings = [field for change in lever.changes for field in _experiment_fields(change)]
    grown = any(change.setting == "cores" for change in lever.changes)
    for more in ((), (EXTRAPOLATE,)):
        changed = _changed(accelerator, [*fields, *more])
        if changed is None:
            continue
        chip = chip_of(changed)
        if grown and limit is not None:
            settings.append(("mapping.cores", len(chip.cores)))
        if _fits(lever, network, chip, limit, grown=grown):
            unknown = OFF_CHIP if accelerator.off_chip is None and _adds_memory(lever) else ()
            yield Advice((*fields, *more), tuple(settings), unknown)
        return


def _fits(lever: Lever, network: QuantisedNetwork, chip: Chip, limit: int | None, *, grown: bool) -> bool:
    """Whether the network, quantised as the lever says, fits the chip."""
    allowed = [change.value for change in lever.changes if change.setting == "limit"]
    most = allowed[0] if allowed else len(chip.cores) if limit is None or grown else min(limit, len(chip.cores))
    quantised = [change for change in lever.changes if change.setting.endswith("_bits") or change.setting == "overflow"]
    return Problem(network.either, chip, most).after(quantised).solvable


def _sum_bits(network: QuantisedNetwork) -> int:
    """Accumulators that no sum of the network overflows."""
    return max(
        bits_needed(int(static_bound(layer, largest).max()))
        for each in network.networks.values()
        for layer, largest in zip(each.layers, largest_inputs(each), strict=True)
    )


def _adds_memory(lever: Lever) -> bool:
    return any(change.setting == "off_chip" for change in lever.changes)


def _accelerator_fields(change: Change, accelerator: Accelerator) -> list[Field]:
    match change.setting:
        case "cores":
            return _more_cores(change, accelerator)
        case "weight_memory" | "state_memory":
            kinds = [("core", accelerator.core)]
            kinds += [(f"cores[{number}]", kind) for number, kind in enumerate(accelerator.cores)]
            return [
                (f"{where}.{change.setting}.capacity", f"{change.value} KiB")
                for where, kind in kinds
                if _bits(getattr(kind, change.setting).capacity) < change.value * KIB_BITS
            ]
        case "off_chip":
            frames = [("off_chip.holds_frames", False)] if accelerator.off_chip is None else []
            return [("off_chip.holds_weights", True), *frames]
        case _:
            return []


def _bits(capacity: Any) -> float:  # noqa: ANN401 - a quantity or a word
    return inf if capacity == "unlimited" else int(capacity.value)


def _more_cores(change: Change, accelerator: Accelerator) -> list[Field]:
    """A mesh with so many more cores of the kind, by rows while there may be more of them."""
    mesh, fields = accelerator.mesh, list[Field]()
    name = chip_of(accelerator).cores[change.core].name
    for number, kind in enumerate(accelerator.cores):
        if kind.name == name:
            fields.append((f"cores[{number}].count", kind.count + change.value))
    needed = mesh.columns * mesh.rows * mesh.cores_per_tile + change.value
    rows = -(-needed // (mesh.columns * mesh.cores_per_tile))
    if rows <= WIDEST_MESH:
        return [*fields, ("mesh.rows", rows)]
    return [*fields, ("mesh.columns", -(-needed // (mesh.rows * mesh.cores_per_tile)))]


def _experiment_fields(change: Change) -> list[Field]:
    match change.setting:
        case "limit":
            return [("mapping.cores", change.value)]
        case "overflow":
            return [("quantisation.overflow", "wrap")]
        case "activation_bits":
            levels = 2 ** (change.value - 1) - 1  # of a signed activation, which any will do for
            return [("quantisation.activation_bits", change.value), ("quantisation.levels", levels)]
        case "weight_bits" | "accumulator_bits":
            return [(f"quantisation.{change.setting}", change.value)]
        case _:
            return []


def _changed(accelerator: Accelerator, fields: list[Field]) -> Accelerator | None:
    """The accelerator with the fields set; None if it is none then."""
    record = accelerator.model_dump(mode="json", by_alias=True)
    if any(field.startswith("off_chip.") for field, _ in fields) and record["off_chip"] is None:
        record["off_chip"] = {"word_bits": 64, "energy_pj": 0, "time_per_word": "1 ns"}
    for field, value in fields:
        *folders, last = field.replace("[", ".").replace("]", "").split(".")
        place: Any = record
        for key in folders:
            place = place[int(key)] if key.isdigit() else place[key]
            if place is None:
                return None
        place[last] = value
    try:
        return Accelerator.model_validate(record)
    except (ValidationError, UnitError):
        return None


def _word(value: Any) -> str:  # noqa: ANN401 - a number, a word or a switch
    return str(value).lower() if isinstance(value, bool) else str(value)
