"""The table of a network's layers: what each holds, gets and sends, and how close its integers came to their limits."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from reports.details import value_cell
from reports.numbers import NOTHING, count, exact
from reports.page import Cell, Column, Row, Table
from reports.quantisation import precision_of
from reports.run import Run

_NOTHING = Cell(NOTHING)


def layers_table(run: Run, mode: str) -> Table:
    """Layer by layer for one network: sizes, traffic, energy, and how far its integers were from their limits.

    Columns for the senders and for the map stand only where the network is no chain, or has maps.
    """
    with_senders, with_maps = not run.is_chain, any(_is_map(core) for core in run.parts)
    columns = (
        Column("layer"),
        *((Column("gets messages from"),) if with_senders else ()),
        *((Column("map it sends", number=True),) if with_maps else ()),
        *(Column(title, number=True) for title in _TITLES),
    )
    rows = []
    for entry in run.layers[run.layers["mode"] == mode].to_dict("records"):
        core = int(entry["core"])
        cells = (
            Cell(str(entry["layer"])),
            *((_senders_cell(run, core),) if with_senders else ()),
            *((Cell(_map_text(run.parts[core])),) if with_maps else ()),
            *_layer_cells(entry, run, mode),
        )
        rows.append(Row(cells))
    return Table(columns, tuple(rows))


_TITLES = (
    "neurons",
    "fan-out",
    "messages",
    "zeros",
    "operations",
    "energy",
    "clipped",
    "largest sum",
    "spare bits",
    "bits needed",
)


def _layer_cells(entry: dict[Hashable, Any], run: Run, mode: str) -> tuple[Cell, ...]:
    """The cells under `_TITLES`."""
    number, frames = int(entry["core"]), run.frame_count
    core, sends, computes = run.parts[number], number in run.sending, number > 0
    needed = core.get("static_bits_needed", {}).get(precision_of(mode))
    return (
        Cell(count(core["neurons"])),
        _fan_out_cell(core) if sends else _NOTHING,
        Cell(count(entry["messages"] / frames), exact(entry["messages"], "in all")) if sends else _NOTHING,
        value_cell(entry["sparsity"] * 100, "percent", 1.0, "%") if sends else _NOTHING,
        value_cell((entry["adds"] + entry["multiplies"]) / frames, "operations", 1.0, ""),
        value_cell(entry["total_pj"] / frames, "total_pj", 1e-12, "J"),
        Cell(count(entry["saturations"]), f"{entry['accumulator_clips']} additions clipped"),
        Cell(count(entry["accumulator_peak"])) if computes else _NOTHING,
        Cell(f"{entry['headroom_bits']:.1f}", exact(entry["headroom_bits"], "bits")) if computes else _NOTHING,
        Cell(count(needed)) if computes else _NOTHING,
    )


def _fan_out_cell(core: dict[str, Any]) -> Cell:
    """The neurons that each of a core's neurons reaches, where that is one number."""
    fan_out = core.get("fan_out")
    if isinstance(fan_out, int | float):
        return Cell(count(fan_out))
    return Cell("varies", "depends on the pixel: fewer neurons are reached from the border")


def _senders_cell(run: Run, core: int) -> Cell:
    return Cell(", ".join(str(run.parts[sender]["layer"]) for sender in run.senders[core]) or NOTHING)


def _is_map(core: dict[str, Any]) -> bool:
    height, width, _ = core.get("sent_shape") or (1, 1, 0)
    return bool(height * width > 1)


def _map_text(core: dict[str, Any]) -> str:
    """Height, width and channels."""
    shape = core.get("sent_shape")
    return " × ".join(map(str, shape)) if shape else NOTHING  # noqa: RUF001
