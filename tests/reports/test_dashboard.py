"""The pages: complete, self-contained, and safe whatever a name contains."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pages import HOSTILE, Page, page_of
from reports_branching import make_branching_run
from reports_example import make_run

from hwmodels import load_accelerator
from reports import Run, load_run, write_comparison, write_dashboard
from reports.dashboard.page import script_json
from reports.dashboard.thumbnails import png, sheet
from reports.figures.timeline import timeline
from reports.tables.numbers import count, quantity, ratio
from reports.tables.phases import phases_table, pieces_table


def test_the_page_loads_nothing(tmp_path: Path) -> None:
    page = page_of(make_run(tmp_path / "run"))
    assert all(load.startswith(("#", "data:")) for load in page.loads)
    assert "default-src 'none'" in (tmp_path / "run" / "dashboard.html").read_text()
    assert not list((tmp_path / "run").glob(".*"))  # no temporary file is left


def test_the_page_says_what_a_frame_costs(tmp_path: Path) -> None:
    text = " ".join(page_of(make_run(tmp_path / "run", frame_rate_hz=1000.0)).text.split())
    assert "0.5 pJ" not in text
    for piece in (
        "500 fJ",  # mean of 0.8 and 0.2 pJ
        "original: 19.2 pJ 38.4× less",  # noqa: RUF001
        "30.0 ns",
        "Power at 1\u202f000 frames/s",
        "Sigma-delta and rounding are the same, bit for bit:",
        "10 integers in 4 layer-frames and 4 outputs compared, 0 differ.",
        "Sigma-delta is wrong on 50.00 % of 2 frames (original: 50.00 %)",
        "eq25_sigma_delta",
    ):
        assert piece.replace("\u202f", " ") in text.replace("\u202f", " "), piece


def test_a_chip_that_does_not_keep_up_is_said(tmp_path: Path) -> None:
    """Frames end 100 ns apart: 10 million a second."""
    slow = " ".join(page_of(make_run(tmp_path / "slow", frame_rate_hz=2e7)).text.split()).replace("\u202f", " ")
    assert "does not keep up with 20 000 000 frames/s: it takes 100 ns a frame, 10 000 000 frames/s." in slow
    for name, more in (("fast", {"frame_rate_hz": 9e6}), ("free", {})):
        assert "does not keep up" not in page_of(make_run(tmp_path / name, **more)).text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    clean = page_of(make_run(tmp_path / "clean"))
    path = make_run(
        tmp_path / "run", name=HOSTILE, network=HOSTILE, dataset=HOSTILE, classes=[HOSTILE, "b"], arrival=HOSTILE
    )
    page = page_of(path)
    assert page.scripts == clean.scripts
    assert page.images == 0
    assert page.handlers == []
    assert "alert('1')" in page.text


def test_script_json_cannot_end_its_script() -> None:
    text = str(script_json({"name": HOSTILE, "comment": "<!--"}))
    assert not set("<>&\u2028") & set(text)


@pytest.mark.parametrize("modes", [["sigma_delta"], ["original"], ["rounding", "sigma_delta"], ["rounding"]])
@pytest.mark.parametrize("labels", [True, False])
def test_pages_of_small_runs(tmp_path: Path, modes: list[str], *, labels: bool) -> None:
    text = page_of(make_run(tmp_path / "run", modes, frames=1, labels=labels)).text
    assert "What one frame costs" in text
    if len(modes) == 1:
        assert "No other network was simulated" in text


def test_the_baseline_is_rounding_without_a_multiplier(tmp_path: Path) -> None:
    path = make_run(tmp_path / "run", ["rounding", "sigma_delta"])
    run = load_run(path)
    loihi = load_accelerator("loihi1-davies2018")
    assert loihi.core.multiply is None
    changed = Run(**{**{name: getattr(run, name) for name in Run.__dataclass_fields__}, "accelerator": loihi})
    text = Page(write_dashboard(changed)).text
    assert "has no multiplier and cannot run the original network" in text


def test_recorded_messages_make_the_timeline_exact(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", record=True))
    assert "Every message of the run was recorded" in page_of(run.path).text
    counts, messages = (table[table["mode"] == "sigma_delta"] for table in (run.counts, run.messages))
    phases = phases_table(counts, 0, 0)
    figure = timeline(pieces_table(phases, messages), 0, ["core 0", "core 1"])
    (serving,) = [trace for trace in figure.data if trace.name == "serving messages"]
    # 4 messages, served from 4 to 8 ns without a gap, are one segment
    np.testing.assert_allclose([*serving.base, *serving.x], [4e-9, 4e-9])
    coarse = timeline(phases, 0, ["core 0", "core 1"])
    (serving,) = [trace for trace in coarse.data if trace.name == "serving messages"]
    np.testing.assert_allclose([*serving.base, *serving.x], [4e-9, 16e-9])


def test_comparison_page(tmp_path: Path) -> None:
    a, b = load_run(make_run(tmp_path / "a")), load_run(make_run(tmp_path / "b", name=HOSTILE))
    page = Page(write_comparison(a, b, tmp_path / "compare.html"))
    assert "Sigma-delta: the same outputs," in page.text
    assert page.images == 0
    assert all(load.startswith(("#", "data:")) for load in page.loads)


def test_numbers() -> None:
    assert quantity(3.62e-8, "J") == "36.2\u00a0nJ"
    assert quantity(0.9999e-6, "J") == "1.00\u00a0µJ"
    assert quantity(0, "J") == "0\u00a0J"
    assert quantity(None, "J") == "–"  # noqa: RUF001
    assert quantity(-1500, "W") == "-1.50\u00a0kW"
    assert count(397600) == "397\u202f600"
    assert count(2.5) == "2.5"
    assert ratio(11.3) == "11.3×"  # noqa: RUF001
    assert ratio(float("nan")) == "–"  # noqa: RUF001


def test_the_page_of_a_branching_network_on_colour_video(tmp_path: Path) -> None:
    path = make_branching_run(tmp_path / "run", frames=14, warnings=[f"clip.mp4 ended early {HOSTILE}"])
    page = page_of(path)
    text = " ".join(page.text.split())
    for piece in (
        "Warning: clip.mp4 ended early </script>",
        "Sigma-delta answers as the original network does on 85.71 % of 14 frames, with one of its first five",
        "Change from one frame to the next",
        "fire2.expand1x1, fire2.expand3x3",
        "4 × 4 × 4",  # noqa: RUF001
        "varies",
        "Is it the original's answer?",
    ):
        assert piece in text, piece
    assert "The paper's ways of counting" not in text
    assert "right and wrong are not known" not in text
    assert (page.images, page.handlers) == (0, [])


def test_a_chain_without_changes_is_not_cluttered(tmp_path: Path) -> None:
    text = page_of(make_run(tmp_path / "run")).text
    for piece in ("Change from one frame", "gets messages from", "map it sends", "Is it the original", "Warning:"):
        assert piece not in text, piece
    assert "The paper's ways of counting" in text


def test_a_map_of_features_gets_no_answers(tmp_path: Path) -> None:
    run = load_run(make_branching_run(tmp_path / "run", frames=3, classes=None))
    last = {**run.parts[-1], "sent_shape": [2, 3, 2]}
    fields = {name: getattr(run, name) for name in Run.__dataclass_fields__}
    text = Page(write_dashboard(Run(**{**fields, "parts": (*run.parts[:-1], last)}))).text
    assert "a map of features, not classes" in text
    assert "answers as the original" not in text


def test_exact_timeline_of_branches() -> None:
    """Core 0 sends to core 2 as well as to core 1: each message is served where it is received."""
    rows = np.arange(3)
    times = ("update_start_fs", "serve_first_fs", "serve_end_fs", "serve_busy_fs")
    blocked = ("barrier_fs", "blocked_injection_fs", "blocked_queue_fs", "blocked_memory_fs")
    columns = {name: np.where(rows > 0, 10**7, 0) for name in times} | {"update_end_fs": rows + 2 * 10**7}
    columns |= dict.fromkeys(blocked, 0 * rows)
    columns |= {"serve_first_fs": np.array([0, 10**6, 3 * 10**6]), "serve_busy_fs": np.array([0, 10**6, 10**6])}
    counts = pd.DataFrame({"frame": 0 * rows, "core": rows, "messages_in": rows, "messages_out": 2 - rows, **columns})
    messages = pd.DataFrame({"frame": [0, 0], "sender": [0, 0], "receiver": [1, 2]}).assign(
        ready_fs=0, sent_fs=0, start_fs=[10**6, 3 * 10**6], end_fs=[2 * 10**6, 4 * 10**6]
    )
    traces = timeline(pieces_table(phases_table(counts, 0, 0), messages), 0, ["a", "b", "c"]).data
    (serving,) = [trace for trace in traces if trace.name == "serving messages"]
    assert list(serving.y) == [1, 2]


def test_thumbnails_are_a_png_of_small_pictures() -> None:
    made = sheet(np.zeros((25, 224, 224), np.uint8))
    assert made is not None
    assert (made.count, made.width, made.height, made.columns, made.rows) == (25, 112, 112, 20, 2)
    assert sheet(np.zeros((0, 28, 28), np.uint8)) is None
    assert png(np.zeros((2, 3), np.uint8)).startswith(b"\x89PNG\r\n\x1a\n")
    coloured = sheet(np.full((3, 30, 40, 3), 7, np.uint8))
    assert coloured is not None
    assert (coloured.width, coloured.height, coloured.columns, coloured.rows) == (40, 30, 3, 1)


@pytest.mark.parametrize(("count", "size"), [(60, (576, 768, 3)), (300, (224, 224, 3)), (400, (1080, 1920, 3))])
def test_many_pictures_stay_small(count: int, size: tuple[int, ...]) -> None:
    frames = np.broadcast_to(np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8), (count, *size))
    made = sheet(frames)
    assert made is not None
    assert made.count == count
    assert len(made.url) < 7_000_000  # noise, which does not compress: photographs take a third of it


@pytest.mark.parametrize("shape", [(130, 3), (1, 1), (5, 7), (6, 4, 3), (40, 30, 3)])
def test_a_png_gives_its_pixels_back(shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(3).integers(0, 256, shape, dtype=np.uint8)
    smooth = np.add.outer(np.arange(shape[0]) * 3, np.arange(int(np.prod(shape[1:]))) * 2).reshape(shape)
    for image in (noise, smooth.astype(np.uint8)):
        np.testing.assert_array_equal(decoded(png(image), shape), image)


def decoded(content: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The pixels of a PNG with one IDAT chunk, undoing the filters byte by byte as the specification tells it."""
    start = content.index(b"IDAT") + 4
    raw = zlib.decompress(content[start : start + int.from_bytes(content[start - 8 : start - 4], "big")])
    depth, width = (shape[2] if len(shape) == 3 else 1), int(np.prod(shape[1:]))
    before = [0] * width
    lines = []
    for row in range(shape[0]):
        kind, *rest = raw[row * (width + 1) : (row + 1) * (width + 1)]
        line: list[int] = []
        for x, byte in enumerate(rest):
            left, corner = (line[x - depth], before[x - depth]) if x >= depth else (0, 0)
            guess = left + before[x] - corner
            nearest = min((left, before[x], corner), key=lambda each: abs(guess - each))
            line.append((byte + (0, left, before[x], (left + before[x]) // 2, nearest)[kind]) % 256)
        lines.append(line)
        before = line
    return np.array(lines, np.uint8).reshape(shape)
