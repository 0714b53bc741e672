"""The table of a network's layers: what each holds, gets and sends, and how close its integers came to their limits."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, TypeAlias

from reports.dashboard.page import Cell, Column, Row, Table
from reports.run.finished import Run
from reports.tables.details import value_cell
from reports.tables.numbers import NOTHING, count, exact
from reports.tables.quantisation import precision_of

_NOTHING = Cell(NOTHING)
Shape: TypeAlias = tuple[int, int, int] | None


def layers_table(run: Run, mode: str) -> Table:
    """Layer by layer for one network: sizes, traffic, energy, and how far its integers were from their limits.

    Columns for the senders and for the map stand only where the network is no chain, or has maps.
    """
    with_senders, with_maps = not run.is_chain, any(map(_is_map, run.sent_maps))
    columns = (
        Column("layer"),
        *((Column("cores", number=True),) if run.layout.is_split else ()),
        *((Column("gets messages from"),) if with_senders else ()),
        *((Column("map it sends", number=True),) if with_maps else ()),
        *(Column(title, number=True) for title in _TITLES),
    )
    rows = []
    for entry in run.layers[run.layers["mode"] == mode].to_dict("records"):
        layer = int(entry["layer_index"])
        cells = (
            Cell(str(entry["layer"])),
            *((Cell(count(entry["cores"])),) if run.layout.is_split else ()),
            *((_senders_cell(run, layer),) if with_senders else ()),
            *((Cell(_map_text(run.sent_maps[layer])),) if with_maps else ()),
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
    layer, frames, messages = int(entry["layer_index"]), run.frame_count, entry["messages_all_frames"]
    sends, computes = layer in run.sending, layer > 0
    return (
        Cell(count(run.neurons[layer])),
        _fan_out_cell(run.fan_outs[layer]) if sends else _NOTHING,
        Cell(count(messages / frames), exact(messages, "in all")) if sends else _NOTHING,
        value_cell(entry["sparsity"] * 100, "percent", 1.0, "%") if sends else _NOTHING,
        value_cell((entry["adds_all_frames"] + entry["multiplies_all_frames"]) / frames, "operations", 1.0, ""),
        value_cell(entry["total_all_frames_pj"] / frames, "total_pj", 1e-12, "J"),
        Cell(count(entry["saturations_all_frames"]), f"{entry['accumulator_clips_all_frames']} additions clipped"),
        Cell(count(entry["accumulator_peak"])) if computes else _NOTHING,
        Cell(f"{entry['headroom_bits']:.1f}", exact(entry["headroom_bits"], "bits")) if computes else _NOTHING,
        Cell(count(_bits_needed(run, layer, mode))) if computes else _NOTHING,
    )


def _bits_needed(run: Run, layer: int, mode: str) -> int | None:
    """The most that any of its cores could need at most."""
    parts = (run.parts[core].get("static_bits_needed", dict[str, int]()) for core in run.layout.cores_of(layer))
    return max((bits for each in parts if (bits := each.get(precision_of(mode))) is not None), default=None)


def _fan_out_cell(reached: int | None) -> Cell:
    if reached is None:
        return Cell("varies", "depends on the pixel: fewer neurons are reached from the border")
    return Cell(count(reached))


def _senders_cell(run: Run, layer: int) -> Cell:
    return Cell(", ".join(run.layout.layers[sender] for sender in run.senders[layer]) or NOTHING)


def _is_map(shape: Shape) -> bool:
    return shape is not None and shape[0] * shape[1] > 1


def _map_text(shape: Shape) -> str:
    """Height, width and channels."""
    return " × ".join(map(str, shape)) if shape else NOTHING  # noqa: RUF001
