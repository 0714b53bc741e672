"""A run as a trace for ui.perfetto.dev or chrome://tracing, in the Trace Event Format (JSON).

A process is a tile, a thread a core in use. On a thread lie receiving and updating, frame by frame (B and E events),
and in them and between them what the time went into (X events). Counters (C) show queue peaks and how busy links are;
flow arrows (s and f) lead from where a recorded message leaves to where it is served. Times are microseconds with nine
decimals: every femtosecond.

Receiving and updating are pairs of B and E and no X events, because viewers round begin and length of an X event each
by itself: what ends with the phase that it lies in could then end after it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from reports.errors import RunError
from reports.figures.theme import activity_name, core_name
from reports.run.atomic import replacing
from reports.run.finished import Run
from reports.run.mesh import link_name
from reports.tables.headline import focus_mode
from reports.tables.phases import PHASES, phases_table, pieces_table

FRAMES: Final = 20
"""Frames of a trace unless others are asked for."""
MOST_ARROWS: Final = 20_000
"""Of more messages than this only every n-th gets an arrow."""
_FS_PER_US: Final = 10**9
_SPANS: Final = {"receive": "receiving", "update": "updating"}
"""Phases that are slices with others in them."""
_EVENTS_A_WRITE: Final = 4096


def write_trace(
    run: Run, path: Path | str, mode: str | None = None, frames: tuple[int | None, int | None] = (None, None)
) -> tuple[str, int, int]:
    """Write the trace of one network (the one the dashboard is about, unless given), packed if the name ends in .gz.

    frames: the first, and the one after the last, by their numbers in the source; by default the first `FRAMES`. The
    file is written whole or not at all. Returns the network, and the numbers of the first and last frame. Raises
    RunError for what the run does not have, or where no file can be written.
    """
    path = Path(path)
    mode, first, last = chosen(run, mode, frames)
    if path.is_dir() or not path.parent.is_dir():
        wrong = "is a directory" if path.is_dir() else f"there is no directory {path.parent}"
        raise RunError(f"{path}: {wrong}; give the name of a file to write the trace to")
    with replacing(path) as temporary, temporary.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="", compresslevel=6) as stream:
                stream.writelines(_document(run, mode, first, last))
        else:
            raw.writelines(_document(run, mode, first, last))
    return mode, int(run.frame_numbers[first]), int(run.frame_numbers[last])


def chosen(run: Run, mode: str | None, frames: tuple[int | None, int | None]) -> tuple[str, int, int]:
    """The network, the first and the last frame of a trace, counted from 0; `frames` are numbers in the source.

    Raises RunError for what the run does not have.
    """
    if mode is not None and mode not in run.modes:
        raise RunError(f"{run.where}: has no network {mode!r}; it has {', '.join(run.modes)}")
    numbers = run.frame_numbers
    first = int(np.searchsorted(numbers, numbers[0] if frames[0] is None else frames[0]))
    last = min(first + FRAMES, len(numbers)) if frames[1] is None else int(np.searchsorted(numbers, frames[1]))
    last -= 1
    if not 0 <= first <= last or (frames[0] is not None and frames[0] < numbers[0]):
        given = ":".join("" if each is None else str(each) for each in frames)
        raise RunError(
            f"{run.where}: no frames {given}; it has {run.frame_count}, from {numbers[0]} to {numbers[-1]}: give them "
            "as START:STOP, with START below STOP"
        )
    return mode or focus_mode(run), first, last


def _document(run: Run, mode: str, first: int, last: int) -> Iterator[bytes]:
    """The JSON in pieces."""
    begin, end = run.frame_numbers[[first, last]]
    said = {"run": run.name, "network": mode, "frames": f"{begin}:{end + 1}", "accelerator": run.accelerator.name}
    yield f'{{"displayTimeUnit":"ns","otherData":{json.dumps(said)},"traceEvents":[\n'.encode()
    waiting: list[str] = []
    begun = False
    for event in _events(run, mode, first, last):
        waiting.append(event)
        if len(waiting) == _EVENTS_A_WRITE:
            yield ((",\n" if begun else "") + ",\n".join(waiting)).encode()
            waiting, begun = [], True
    yield ((",\n" if begun and waiting else "") + ",\n".join(waiting) + "\n]}\n").encode()


def _events(run: Run, mode: str, first: int, last: int) -> Iterator[str]:
    """All events. Arrows' begins come before slices and their ends after them, so that where times are equal a begin
    still finds the slice it leaves open, and an end finds the one it enters open already.
    """
    counts = run.counts[run.counts["mode"] == mode]
    messages = run.messages_of(mode, first, last) if run.has_messages else None
    phases = phases_table(counts, first, last)
    arrows = None if messages is None else messages.iloc[:: -(-len(messages) // MOST_ARROWS) or 1]
    yield from _names(run)
    if arrows is not None:
        yield from _arrow_ends(run, arrows, "s", "sender", "sent_fs")
    yield from _slices(run, run.numbered(phases), run.numbered(pieces_table(phases, messages)))
    if arrows is not None:
        yield from _arrow_ends(run, arrows, "f", "receiver", "start_fs")
    yield from _queue_counters(run, counts, phases)
    yield from _link_counters(run, mode, first, last)


def _names(run: Run) -> Iterator[str]:
    """Of processes and threads, and their order."""
    for pid, (column, row) in sorted({_pid(run, core): _tile(run, core) for core in range(run.layout.count)}.items()):
        yield _named("process", pid, 0, f"tile ({column}, {row})", pid)
    for core, name in enumerate(run.layout.names):
        yield _named("thread", _pid(run, core), core + 1, core_name(core, name), core)
    if run.mesh["used_links"]:
        yield _named("process", _links_pid(run), 0, "links between tiles", _links_pid(run))


def _named(kind: str, pid: int, tid: int, name: str, order: int) -> str:
    events = ((f"{kind}_name", {"name": name}), (f"{kind}_sort_index", {"sort_index": order}))
    return ",\n".join(_event("M", title, pid, tid, args=args) for title, args in events)


def _slices(run: Run, phases: pd.DataFrame, pieces: pd.DataFrame) -> Iterator[str]:
    """Core by core in the order of time: a phase begins, its pieces, it ends."""
    messages = {_key(phase): int(phase["messages"]) for phase in phases.to_dict("records")}
    in_order = pieces.sort_values(["core", "start_fs"], kind="stable").to_dict("records")
    for (core, frame, name), group in groupby(in_order, _key):
        place, parts = (_pid(run, core), core + 1), list(group)
        if name in _SPANS:
            title, args = f"frame {frame}: {_SPANS[name]}", {"frame": frame, "messages": messages[core, frame, name]}
            yield _event("B", title, *place, ts=int(parts[0]["start_fs"]), args=args)
        for piece in parts:
            yield from _activities(piece, place)
        if name in _SPANS:
            yield _event("E", title, *place, ts=int(parts[-1]["end_fs"]))


def _key(piece: dict[Any, Any]) -> tuple[int, int, str]:
    return int(piece["core"]), int(piece["frame"]), str(piece["phase"])


def _activities(piece: dict[Any, Any], place: tuple[int, int]) -> Iterator[str]:
    """What a piece is made of, one after the other; of several activities the true order is not known."""
    at, frame = int(piece["start_fs"]), int(piece["frame"])
    spent = {activity: int(piece[activity]) for activity in PHASES[piece["phase"]] if piece[activity]}
    for activity, length in spent.items():
        args: dict[str, Any] = {"frame": frame}
        if len(spent) > 1:
            args["order"] = "not known"
        if piece["messages"] and activity == "serving messages":
            args["messages"] = int(piece["messages"])
        yield _event("X", activity_name(activity), *place, ts=at, dur=length, cat=activity, args=args)
        at += length


def _arrow_ends(run: Run, messages: pd.DataFrame, ph: str, core: str, time: str) -> Iterator[str]:
    more: dict[str, Any] = {"bp": "e"} if ph == "f" else {}
    for number, (place, at) in enumerate(zip(messages[core], messages[time], strict=True)):
        tid = int(place) + 1
        yield _event(ph, "message", _pid(run, int(place)), tid, ts=int(at), cat="message", id=number, **more)


def _queue_counters(run: Run, counts: pd.DataFrame, phases: pd.DataFrame) -> Iterator[str]:
    """The most messages in each core's queue, from its first moment in a frame on."""
    starts = phases.groupby(["core", "frame"])["start_fs"].min()
    peaks = counts.set_index(["core", "frame"])["queue_peak"].reindex(starts.index)
    for (core, _), at, peak in zip(starts.index, starts, peaks, strict=True):
        title = f"queue of {core_name(int(core), run.layout.names[core])}"
        yield _event("C", title, _pid(run, int(core)), 0, ts=int(at), args={"most messages": int(peak)})


def _link_counters(run: Run, mode: str, first: int, last: int) -> Iterator[str]:
    """How busy each link is in each frame's interval, which goes from the end of the frame before to its own."""
    links = run.mesh["used_links"]
    if not links:
        return
    interval_fs = run.intervals.loc[run.intervals["mode"] == mode, "interval_fs"].to_numpy(np.int64)
    ends = np.cumsum(interval_fs)
    for row in run.link_counts(mode, first, last).to_dict("records"):
        frame, title = int(row["frame"]), f"link {link_name(links[int(row['link'])])}"
        busy = 100 * int(row["busy_fs"]) / max(int(interval_fs[frame]), 1)
        at = int(ends[frame] - interval_fs[frame])
        yield _event("C", title, _links_pid(run), 0, ts=at, args={"busy %": round(busy, 4)})
        if frame == last:
            yield _event("C", title, _links_pid(run), 0, ts=int(ends[frame]), args={"busy %": 0})


def _event(ph: str, name: str, pid: int, tid: int, **fields: Any) -> str:  # noqa: ANN401 - what JSON can hold
    """One event; `ts` and `dur` are in fs and are written exactly, as no float would be."""
    parts = [f'"ph":"{ph}","name":{json.dumps(name)},"pid":{pid},"tid":{tid}']
    for key, value in fields.items():
        written = _microseconds(value) if key in {"ts", "dur"} else json.dumps(value, separators=(",", ":"))
        parts.append(f'"{key}":{written}')
    return "{" + ",".join(parts) + "}"


def _microseconds(fs: int) -> str:
    return f"{fs // _FS_PER_US}.{fs % _FS_PER_US:09d}"


def _tile(run: Run, core: int) -> tuple[int, int]:
    entry = run.parts[core]
    return int(entry.get("column", core)), int(entry.get("row", 0))


def _pid(run: Run, core: int) -> int:
    """The process of a core's tile. Its number is no thread's, because viewers give every process such a thread."""
    column, row = _tile(run, core)
    return run.layout.count + row * int(run.mesh["columns"]) + column + 1


def _links_pid(run: Run) -> int:
    return run.layout.count + int(run.mesh["columns"]) * int(run.mesh["rows"]) + 1
