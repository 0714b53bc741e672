"""The table of a run's cores, and in words how many of a chip's cores it uses."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from hwmodels import chip_area
from reports.dashboard.page import Cell, Column, Row, Table
from reports.run.finished import Run
from reports.run.parts import Held, memories_of
from reports.tables.details import value_cell
from reports.tables.numbers import NOTHING, count, exact, memory, significant
from reports.tables.summary import STALLS

_WAITS: Final = {
    "starved": "starved",
    "barrier": "barrier",
    "injection": "injection",
    "queue": "queues",
    "memory": "off-chip",
}


def mapping_sentence(run: Run) -> str:
    """ "11 layers on 40 of 64 cores, 12.3 mm2"; the area only where the accelerator gives all of it."""
    cores, layers = len(run.chip.cores), len(run.layout.layers)
    used = f"{count(layers)} layers on {count(run.layout.count)} of {count(cores)} cores"
    area_mm2 = chip_area(run.accelerator)[-1].mm2
    return used if area_mm2 is None else f"{used}, {significant(area_mm2)} mm²"


def cores_table(run: Run, mode: str) -> Table:
    """Core by core for one network: where it stands, traffic, energy, time, memories."""
    table = run.cores[run.cores["mode"] == mode]
    causes = [cause for cause in STALLS if table[f"{cause}_share"].any()]
    titles = ("tile", "serves", "sends", "energy", "at work", *(_WAITS[cause] for cause in causes), "fullest queue")
    held = [memories_of(entry) for entry in run.parts]
    known = [number for number in range(2) if any(each[number].held_kib is not None for each in held)]
    columns = (
        Column("core"),
        Column("holds"),
        *(Column(title, number=True) for title in (*titles, *(f"{held[0][each].name} memory" for each in known))),
    )
    rows = []
    for entry in table.to_dict("records"):
        cells = (*_cells(run, entry, causes), *(_memory_cell(held[int(entry["core"])][number]) for number in known))
        rows.append(Row(cells))
    return Table(columns, tuple(rows))


def _cells(run: Run, entry: dict[Hashable, Any], causes: list[str]) -> tuple[Cell, ...]:
    frames, core = run.frame_count, int(entry["core"])
    depth = run.chip.cores[run.positions[core]].queue_depth
    return (
        Cell(str(core)),
        Cell(str(entry["name"]), f"part {entry['part']}, one of {entry['parts']} of {entry['layer']}"),
        Cell(f"{entry['column']}, {entry['row']}" if entry["column"] is not None else NOTHING),
        Cell(count(entry["messages_in_all_frames"] / frames), exact(entry["messages_in_all_frames"], "in all")),
        Cell(count(entry["messages_all_frames"] / frames), exact(entry["messages_all_frames"], "in all")),
        value_cell(entry["total_all_frames_pj"] / frames, "total_pj", 1e-12, "J"),
        *(value_cell(entry[f"{name}_share"] * 100, "percent", 1.0, "%") for name in ("busy", *causes)),
        Cell(count(entry["queue_peak"]), f"of {depth} messages"),
    )


def _memory_cell(held: Held) -> Cell:
    if held.held_kib is None:
        return Cell(NOTHING)
    text = memory(held.held_kib)
    text = text if held.capacity_kib is None else f"{text} of {memory(held.capacity_kib)}"
    return Cell(f"{text}*", "read from off-chip memory") if held.streamed else Cell(text, exact(held.held_kib, "KiB"))
