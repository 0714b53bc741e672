"""Events of a timeline in the Trace Event Format."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

Event = dict[str, Any]


def events_of(path: Path) -> list[Event]:
    """All events; times stay decimal, so that none is rounded."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    document = json.loads(content, parse_float=Decimal)
    assert document["displayTimeUnit"] == "ns"
    events: list[Event] = document["traceEvents"]
    return events


def fs(microseconds: Decimal) -> int:
    assert microseconds * 10**9 == int(microseconds * 10**9)
    return int(microseconds * 10**9)


def slices(events: list[Event], tid: int) -> list[tuple[int, int, str]]:
    """(begin, end, name) of every X and of every pair of B and E of a thread, checked to nest as viewers need it."""
    stack: list[tuple[int, int | None, str]] = []
    found, now = [], 0
    for event in events:
        if event["tid"] != tid or event["ph"] not in "BEX":
            continue
        at = fs(event["ts"])
        assert at >= now, "begins in order"
        now = at
        if event["ph"] == "B":
            assert not stack
            stack.append((at, None, event["name"]))
        elif event["ph"] == "E":
            begin, _, name = stack.pop()
            assert name == event["name"]
            assert at >= max((end for _, end, _ in found), default=0), "what lies in it ends no later"
            found.append((begin, at, name))
        else:
            end = at + fs(event["dur"])
            assert end > at
            assert all(end_before <= at for _, end_before, name in found if not name.startswith("frame"))
            found.append((at, end, event["name"]))
    assert not stack
    return found


def check_arrows(events: list[Event]) -> None:
    """Each leaves while its sender updates and ends where a slice of service begins or goes on."""
    inside = defaultdict(list)
    for tid in {event["tid"] for event in events if event["ph"] == "X"}:
        for begin, end, name in slices(events, tid):
            inside[tid].append((begin, end, name))
    for event in events:
        if event["ph"] in "sf":
            kind = "updating" if event["ph"] == "s" else "receiving"
            at = fs(event["ts"])
            held = [name for begin, end, name in inside[event["tid"]] if begin <= at <= end and name.endswith(kind)]
            assert held, event
