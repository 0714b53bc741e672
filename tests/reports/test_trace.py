"""Traces: events that nest and balance, times that are those of the counts, and files that are whole or absent."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from perfetto_events import check_arrows, events_of, slices
from reports_branching import make_branching_run
from reports_example import make_run
from reports_split import Chip, make_split_run

from reports import Run, RunError, load_run, write_trace
from reports.figures.theme import activity_name

COLUMNS = {
    "starved": "starved_fs",
    "memory": "blocked_memory_fs",
    "serving messages": "serve_busy_fs",
    "barrier": "barrier_fs",
    "injection": "blocked_injection_fs",
    "queue": "blocked_queue_fs",
    "updating neurons": "update_busy_fs",
}
CHIPS = {
    "dataflow": Chip(),
    "barrier": Chip(parts=(2, 3, 4, 2), columns=2, rows=2, cores_per_tile=3, barrier=True),
    "one tile": Chip(parts=(1, 2, 1), columns=1, rows=1, cores_per_tile=4),
}


@pytest.mark.parametrize("record", [True, False])
@pytest.mark.parametrize("chip", CHIPS)
def test_slices_nest_and_their_times_are_those_of_the_counts(tmp_path: Path, chip: str, *, record: bool) -> None:
    run = load_run(make_split_run(tmp_path / "run", CHIPS[chip], record=record))
    path = tmp_path / "trace.json"
    assert write_trace(run, path, "rounding", (1, 4)) == ("rounding", 1, 3)
    events = events_of(path)
    counts = run.counts[(run.counts["mode"] == "rounding") & run.counts["frame"].between(1, 3)]
    for core in range(run.layout.count):
        own = counts[counts["core"] == core]
        found = slices(events, core + 1)
        for activity, column in COLUMNS.items():
            spent = sum(end - begin for begin, end, name in found if name == activity_name(activity))
            assert spent == own[column].sum(), (core, activity)
        updates = [(begin, end) for begin, end, name in found if name.endswith("updating")]
        assert updates == list(zip(own["update_start_fs"], own["update_end_fs"], strict=True))


def test_recorded_services_are_exact(tmp_path: Path) -> None:
    """The example's four messages, served from 4 to 8 ns without a gap, are one slice."""
    run = load_run(make_run(tmp_path / "run", record=True))
    write_trace(run, tmp_path / "t.json", "sigma_delta", (0, 1))
    found = slices(events_of(tmp_path / "t.json"), 2)
    assert [(begin, end) for begin, end, name in found if name == "serving messages"] == [(4 * 10**6, 8 * 10**6)]


def test_names_counters_and_arrows(tmp_path: Path) -> None:
    run = load_run(make_split_run(tmp_path / "run", record=True))
    write_trace(run, tmp_path / "t.json.gz")
    events = events_of(tmp_path / "t.json.gz")
    kinds = Counter(event["ph"] for event in events)
    assert kinds["B"] == kinds["E"]
    messages = run.messages_of("sigma_delta", 0, 5)
    assert kinds["s"] == kinds["f"] == len(messages)
    assert len({event["id"] for event in events if event["ph"] == "s"}) == len(messages)
    names = {event["args"]["name"] for event in events if event["name"] == "process_name"}
    assert {"tile (0, 0)", "tile (2, 1)", "links between tiles"} <= names
    threads = {event["tid"]: event["args"]["name"] for event in events if event["name"] == "thread_name"}
    assert threads[2] == "core 1: conv1.0"
    assert not threads.keys() & {event["pid"] for event in events}
    links = [event for event in events if event["ph"] == "C" and event["name"].startswith("link ")]
    assert len(links) == (6 + 1) * len(run.mesh["used_links"])
    check_arrows(events)


def test_arrows_are_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.perfetto.MOST_ARROWS", 100)
    run = load_run(make_split_run(tmp_path / "run", record=True))
    write_trace(run, tmp_path / "t.json")
    arrows = Counter(event["ph"] for event in events_of(tmp_path / "t.json"))
    assert 50 <= arrows["s"] == arrows["f"] <= 100


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    run = load_run(make_branching_run(tmp_path / "run"))
    for name in ("a.json.gz", "b.json.gz"):
        assert write_trace(run, tmp_path / name) == ("sigma_delta", 0, 19)
    assert (tmp_path / "a.json.gz").read_bytes() == (tmp_path / "b.json.gz").read_bytes()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return load_run(make_run(tmp_path / "run"))


@pytest.mark.parametrize(
    ("mode", "frames", "message"),
    [
        ("temporal_difference", (None, None), "has no network 'temporal_difference'; it has original, rounding"),
        (None, (2, 5), "no frames 2:5; it has 2, from 0 to 1"),
        (None, (1, 1), "no frames 1:1"),
        (None, (7, None), "no frames 7:"),
    ],
)
def test_what_the_run_does_not_have(
    run: Run, tmp_path: Path, mode: str | None, frames: tuple[int | None, int | None], message: str
) -> None:
    with pytest.raises(RunError, match=message):
        write_trace(run, tmp_path / "t.json", mode, frames)
    assert not (tmp_path / "t.json").exists()


def test_places_where_no_file_can_be(run: Run, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="is a directory"):
        write_trace(run, tmp_path)
    with pytest.raises(RunError, match="there is no directory"):
        write_trace(run, tmp_path / "missing" / "t.json")


def test_a_trace_that_fails_leaves_nothing(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.json").write_text("old")

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reports.perfetto._link_counters", fail)
    with pytest.raises(KeyboardInterrupt):
        write_trace(run, tmp_path / "t.json")
    assert (tmp_path / "t.json").read_text() == "old"
    assert {file.name for file in tmp_path.iterdir()} == {"run", "t.json"}
