"""A run whose layers are split over the cores of a mesh with shared links, its values drawn from a fixed seed.

Times are made up, but every core accounts for all of its own, messages sent are messages received, and what is said of
a layer as a whole stands with its first core alone: as in a run that was simulated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels import load_accelerator
from hwmodels.records import COLUMNS, LINK_COLUMNS, MESSAGE_COLUMNS
from reports import Chunk, PartialRun, Run, RunWriter, open_partial

MODES = ("original", "rounding", "sigma_delta")
PS = 1000
MAP = (8, 8, 4)
CLASSES = 4


@dataclass(frozen=True)
class Chip:
    """`parts[l]` cores for layer l, one after the other on a mesh of columns x rows tiles with `cores_per_tile` each.

    Layers but the last are cut into bands of rows, the last one by channels.
    """

    parts: Sequence[int] = (1, 2, 3, 2)
    columns: int = 3
    rows: int = 3
    cores_per_tile: int = 1
    barrier: bool = False
    modes: Sequence[str] = MODES
    names: Sequence[str] = field(default=())

    @property
    def cores(self) -> list[tuple[int, int]]:
        """Layer and part of every core."""
        return [(layer, part) for layer, parts in enumerate(self.parts) for part in range(parts)]

    def tile(self, core: int) -> tuple[int, int]:
        """Column and row."""
        row, column = divmod(core // self.cores_per_tile, self.columns)
        return (self.columns - 1 - column if row % 2 else column), row

    def name(self, layer: int) -> str:
        """Of a layer."""
        return self.names[layer] if self.names else ("input" if layer == 0 else f"conv{layer}")

    def senders(self, core: int) -> list[int]:
        """Every core of the layer before."""
        return [other for other, (layer, _) in enumerate(self.cores) if layer == self.cores[core][0] - 1]

    def receivers(self, core: int) -> list[int]:
        """Every core of the layer after."""
        return [other for other, (layer, _) in enumerate(self.cores) if layer == self.cores[core][0] + 1]

    def links(self) -> dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[int, int]]]:
        """The links that are used, each with the senders and receivers whose messages cross it."""
        used: dict[tuple[tuple[int, int], tuple[int, int]], list[tuple[int, int]]] = {}
        for sender in range(len(self.cores)):
            for receiver in self.receivers(sender):
                here, there = self.tile(sender), self.tile(receiver)
                while here != there:
                    axis = 0 if here[0] != there[0] else 1
                    step = 1 if there[axis] > here[axis] else -1
                    following = (here[0] + step, here[1]) if axis == 0 else (here[0], here[1] + step)
                    used.setdefault((here, following), []).append((sender, receiver))
                    here = following
        return used


def layers(chip: Chip) -> list[dict[str, Any]]:
    """layers.json."""
    entries = []
    for core, (layer, part) in enumerate(chip.cores):
        parts, last = chip.parts[layer], layer == len(chip.parts) - 1
        height, width, channels = (1, 1, CLASSES) if last else MAP
        cut = channels if last else height
        begin, end = cut * part // parts, cut * (part + 1) // parts
        rows, ranges = ([0, 1], [begin, end]) if last else ([begin, end], [0, channels])
        shape = [rows[1] - rows[0], width, ranges[1] - ranges[0]]
        column, row = chip.tile(core)
        entries.append(
            {
                "core": core,
                "name": chip.name(layer) if parts == 1 else f"{chip.name(layer)}.{part}",
                "layer": chip.name(layer),
                "layer_index": layer,
                "part": part,
                "parts": parts,
                "position": core,
                "kind": "core",
                "column": column,
                "row": row,
                "rows": rows,
                "channels": ranges,
                "neurons": int(np.prod(shape)),
                "shape": shape,
                "sent_shape": shape,
                "senders": chip.senders(core),
                "fan_out": None,
                "weight_kib": 12.5,
                "weight_capacity_kib": 64,
                "state_kib": 3,
                "state_capacity_kib": None,
                "streams_weights": layer == 1,
                "static_bits_needed": {"full": 20 + part, "scaled": 12 + part},
            }
        )
    return entries


def mesh(chip: Chip) -> dict[str, Any]:
    """mesh.json."""
    used = [{"from": list(begin), "to": list(end)} for begin, end in chip.links()]
    size = {"columns": chip.columns, "rows": chip.rows, "cores_per_tile": chip.cores_per_tile}
    return {**size, "links": "shared", "multicast": False, "used_links": used}


@dataclass
class Frames:
    """What the frames of one mode cost, made one after the other."""

    chip: Chip
    random: np.random.Generator
    ends: NDArray[np.int64]
    counts: list[dict[str, int]] = field(default_factory=list)
    links: list[dict[str, int]] = field(default_factory=list)
    messages: list[tuple[int, ...]] = field(default_factory=list)

    def add(self, frame: int) -> None:
        """The next frame, which starts when the last one has ended."""
        chip, first = self.chip, int(self.ends.max())
        rows: list[dict[str, int]] = []
        for core, (layer, part) in enumerate(chip.cores):
            row = dict.fromkeys(COLUMNS, 0) | {"frame": frame, "core": core}
            values = int(self.random.integers(5, 30)) if chip.receivers(core) else 0
            row |= {"nonzero": values, "values_out": values, "l1_out": 2 * values, "fires": values, "accesses": 40}
            row["messages_out"] = values * len(chip.receivers(core))
            row["flit_hops_ew"] = 2 * row["messages_out"]
            row["messages_in"] = sum(rows[sender]["values_out"] for sender in chip.senders(core))
            row["adds"], row["weight_reads"] = 36 * row["messages_in"], 9 * row["messages_in"]
            row["state_reads"] = row["state_writes"] = 18 * row["messages_in"]
            row["queue_peak"] = min(row["messages_in"], int(self.random.integers(1, 9)))
            if part == 0:
                row |= {"digest": 77 + layer + 10 * frame, "accumulator_peak": 1000 + layer, "saturations": layer}
                row |= {
                    "s_l1": 50,
                    "s_square": 400,
                    "s_product": 300 if frame else 0,
                    "s_distance": 600 if frame else 0,
                }
            self._add_times(row, [rows[sender] for sender in chip.senders(core)], first)
            self.ends[core] = row["update_end_fs"]
            rows.append(row)
        self.counts += rows
        self._add_links(frame, rows)
        self._add_messages(frame, rows)

    def _add_times(self, row: dict[str, int], senders: list[dict[str, int]], first: int) -> None:
        before = int(self.ends[row["core"]])
        if senders:
            row["serve_busy_fs"] = 3 * PS * row["messages_in"]
            row["blocked_memory_fs"] = (
                int(self.random.integers(0, 40)) * PS if self.chip.cores[row["core"]][0] == 1 else 0
            )
            begin = max(before, min(each["update_start_fs"] for each in senders) + 2 * PS)
            over = begin + row["serve_busy_fs"] + row["blocked_memory_fs"]
            row["serve_first_fs"] = begin
            row["serve_end_fs"] = max(over, max(each["update_end_fs"] for each in senders) + 5 * PS)
            row["barrier_fs"] = 40 * PS if self.chip.barrier else 0
        else:
            row["serve_first_fs"] = row["serve_end_fs"] = first
        spent = row["serve_busy_fs"] + row["blocked_memory_fs"]
        row["starved_fs"] = row["serve_end_fs"] - before - spent
        row["update_start_fs"] = row["serve_end_fs"] + row["barrier_fs"]
        row["update_busy_fs"] = 2 * PS * row["messages_out"] + 40 * PS
        if row["messages_out"]:
            row["blocked_injection_fs"], row["blocked_queue_fs"] = (
                int(each) * PS for each in self.random.integers(0, 50, 2)
            )
        blocked = row["blocked_injection_fs"] + row["blocked_queue_fs"]
        row["update_end_fs"] = row["update_start_fs"] + row["update_busy_fs"] + blocked

    def _add_links(self, frame: int, rows: list[dict[str, int]]) -> None:
        for number, pairs in enumerate(self.chip.links().values()):
            messages = sum(rows[sender]["values_out"] for sender, _ in pairs)
            waited = int(self.random.integers(0, 5)) * PS * len(pairs)
            values = (messages, 2 * messages, 2 * messages * PS, waited, min(len(pairs), 4))
            self.links.append({"frame": frame, "link": number, **dict(zip(LINK_COLUMNS, values, strict=True))})

    def _add_messages(self, frame: int, rows: list[dict[str, int]]) -> None:
        """Each core serves half of its messages at once, the first after it waited for memory; the others at last."""
        for core, row in enumerate(rows):
            sent = [
                (sender, neuron) for sender in self.chip.senders(core) for neuron in range(rows[sender]["values_out"])
            ]
            half = (len(sent) + 1) // 2
            for number, (sender, neuron) in enumerate(sent):
                early, late = row["serve_first_fs"] + row["blocked_memory_fs"], row["serve_end_fs"] - 3 * PS * len(sent)
                start = 3 * PS * number + (early if number < half else late)
                ready = rows[sender]["update_start_fs"]
                left = ready + rows[sender]["blocked_injection_fs"] + rows[sender]["blocked_queue_fs"]
                begin = row["serve_first_fs"] if number == 0 else start
                times = (ready if neuron == 0 else left, left, begin, begin, start + 3 * PS)
                self.messages.append((frame, sender, core, neuron, 1, *times))


def make_split_run(path: Path, chip: Chip | None = None, *, frames: int = 6, record: bool = False, **more: Any) -> Path:
    """Write the run to `path`; `more` goes into its manifest."""
    chip = chip or Chip()
    partial = open_partial(path, "c" * 64)
    add_chunks(partial, chip, frames=frames, record=record)
    return finish(partial, chip, frames=frames, **more)


def add_chunks(
    partial: RunWriter,
    chip: Chip,
    *,
    frames: int = 6,
    record: bool = False,
    until: int | None = None,
    each: int = 4,
) -> None:
    """The chunks, of `each` frames, that are not there yet, `until` so many are."""
    number = -(-frames // each) if until is None else until
    for index in range(partial.finished_chunks(), number):
        chosen = range(index * each, min((index + 1) * each, frames))
        chunks = {mode: _chunk(chip, mode, frames, chosen, record=record) for mode in chip.modes}
        partial.add_chunk(index, chunks, {"next": np.array(chosen.stop)})


def _chunk(chip: Chip, mode: str, frames: int, chosen: range, *, record: bool) -> Chunk:
    made = Frames(chip, np.random.default_rng(frames + len(mode)), np.zeros(len(chip.cores), np.int64))
    for frame in range(frames):
        made.add(frame)
    outputs = np.array([[5, frame % 7, 3, 1] for frame in chosen])
    sent = [row for row in made.messages if row[0] in chosen]
    messages = pd.DataFrame(sent, columns=list(MESSAGE_COLUMNS)).astype(np.int64) if record else None
    counts, links = (_columns(rows, chosen) for rows in (made.counts, made.links))
    return Chunk(counts, outputs, messages, links or None)


def finished(partial: RunWriter, chip: Chip, *, frames: int, **more: Any) -> Run:
    """Put it together, on a chip of as many cores, with label 0 for every frame."""
    accelerator = load_accelerator("horowitz-45nm").model_dump(mode="json", by_alias=True)
    accelerator["mesh"] |= {"columns": chip.columns, "rows": chip.rows, "cores_per_tile": chip.cores_per_tile}
    pictures = np.zeros((frames, 4, 4), np.uint8)
    description = {"name": "split", "modes": list(chip.modes), **more}
    labels = np.zeros(frames, np.int64)
    return partial.finish(description, "name: split\n", accelerator, layers(chip), labels, pictures, mesh=mesh(chip))


def finish(partial: PartialRun, chip: Chip, *, frames: int, **more: Any) -> Path:
    """Put it together in its directory."""
    return finished(partial, chip, frames=frames, **more).path


def _columns(rows: list[dict[str, int]], frames: range) -> dict[str, NDArray[np.int64]]:
    chosen = [row for row in rows if row["frame"] in frames]
    return {name: np.array([row[name] for row in chosen], np.int64) for name in (chosen[0] if chosen else ())}
