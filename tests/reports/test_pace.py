"""Energy at a frame rate is power over that rate, and a chip that can't keep up is taken at what it sustains."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports_example import make_run

from hwmodels import Accelerator, totals
from reports import Run, load_run
from reports.tables.comparison import compare
from reports.tables.headline import cards, verdicts
from reports.tables.pace import leaks, pace_of

CORES = 2


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return load_run(make_run(tmp_path_factory.mktemp("pace") / "run", frame_rate_hz=1000))


def leaking(run: Run, core_nw: int, chip_nw: int, idle_nw: int, rate_hz: float) -> Run:
    record = run.accelerator.model_dump(by_alias=True, mode="json")
    record["leakage"] = {"core_mw": f"{core_nw} nW", "chip_mw": f"{chip_nw} nW"}
    record["core"]["idle_mw"] = f"{idle_nw} nW"
    manifest = {**run.manifest, "frame_rate_hz": rate_hz}
    return replace(run, accelerator=Accelerator.model_validate(record), manifest=manifest)


power = st.integers(0, 10**11)


@given(power, power, power, st.floats(0.01, 5e6))
def test_energy_at_the_rate_is_that_of_a_whole_interval(run: Run, core: int, chip: int, idle: int, rate: float) -> None:
    """To the attojoule, whatever leaks: dynamic energy, static power from frame to frame, idle power while not busy."""
    other = leaking(run, core, chip, idle, rate)
    dynamic = totals(other.energies).set_index("mode")["dynamic_aj"]
    for row in other.summary().to_dict("records"):
        at = Fraction(row["rate_hz"])
        assert at == min(Fraction(rate), Fraction(row["sustained_hz"]))
        counts = other.counts[other.counts["mode"] == row["mode"]]
        busy = (counts["serve_busy_fs"] + counts["update_busy_fs"]).groupby(counts["core"]).mean()
        interval_fs = 10**15 / at
        idle_fs = sum(max(interval_fs - Fraction(int(own)), 0) for own in busy)
        standing_aj = ((core * CORES + chip) * interval_fs + idle * idle_fs) / 10**6  # 1 nW for 1 fs is 1e-6 aJ
        expected_aj = Fraction(dynamic[row["mode"]], other.frame_count) + standing_aj
        assert row["energy_at_rate_pj"] * 1e6 == pytest.approx(float(expected_aj), rel=1e-12, abs=1)
        assert row["power_mw"] == pytest.approx(float(expected_aj * at) * 1e-15, rel=1e-12)
        assert row["energy_at_rate_pj"] * row["rate_hz"] * 1e-9 == pytest.approx(row["power_mw"], rel=1e-12)


@given(st.floats(0.01, 5e6))
def test_without_leakage_there_is_one_energy(run: Run, rate: float) -> None:
    summary = leaking(run, 0, 0, 0, rate).summary()
    assert summary["energy_at_rate_pj"].tolist() == summary["total_pj"].tolist()
    assert not any(leaks(row) for row in summary.to_dict("records"))


def test_both_energies_are_named(run: Run) -> None:
    plain, leaky = ([card.what for card in cards(each)] for each in (run, leaking(run, 10**6, 0, 0, 1000)))
    assert "Energy, whole system" in plain
    assert {"Energy at 1\u202f000 frames/s", "Energy while working"} <= set(leaky)
    assert {"energy_at_rate_pj", "total_pj"} <= set(compare(run, run)["quantity"])


def test_a_rate_that_is_too_high_is_not_the_one_that_power_is_stated_at(run: Run) -> None:
    fast = leaking(run, 10**6, 10**6, 0, 2e7)
    at = fast.at_rate["sigma_delta"]
    assert at["rate_hz"] == at["sustained_hz"] == 1e7  # a frame every 100 ns
    assert fast.summary()["rate_hz"].max() <= 1e7
    assert fast.warnings == run.warnings  # nothing waits: frames came as they were taken
    assert "does not keep up with 20\u202f000\u202f000 frames/s" in " ".join(each.strong for each in verdicts(fast))


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(0, 10**6), st.integers(2, 200))
def test_frames_that_come_faster_than_they_are_taken(each_ns: int, interval_ns: int, more_ns: int, count: int) -> None:
    """One server: late are those that take longer than the time between them, by more than one in a hundred."""
    begun, ended, free = [], [], 0
    for frame in range(count):
        begun.append(max(free, frame * interval_ns))
        free = begun[-1] + each_ns
        ended.append(free + more_ns)
    ends = np.array(ended)
    latency = ends - interval_ns * np.arange(count)
    frames = pd.DataFrame({"latency_ns": latency, "interval_ns": np.diff(ends, prepend=0)}, dtype=float)
    begun_fs = 10**6 * np.array(begun)
    pace = pace_of(frames, begun_fs, 10**6 * interval_ns, 1e9 / interval_ns)
    assert pace.late == (each_ns > interval_ns * 1.01)
    assert pace.keeps_up != pace.late
    assert pace.rate_hz == pytest.approx(1e9 / (each_ns if pace.late else interval_ns))


def test_one_paced_frame_says_nothing_of_the_rate() -> None:
    frames = pd.DataFrame({"latency_ns": [500.0], "interval_ns": [500.0]})
    pace = pace_of(frames, np.array([0]), 10**6, 1e9)
    assert (pace.late, pace.rate_hz) == (False, 1e9)


def test_growing_latency_is_a_warning(run: Run, tmp_path: Path) -> None:
    paced = load_run(make_run(tmp_path / "paced", frame_rate_hz=2e7, frame_interval_fs=50 * 10**6, arrival="paced"))
    name = "sigma-delta: frames come at 20,000,000 frames/s, faster than it takes them: it sustains 10,000,000 frames/s"
    assert any(text.startswith(name) for text in paced.warnings)
    assert not [each for each in verdicts(paced) if "keep up" in each.strong]
    assert paced.at_rate["sigma_delta"]["rate_hz"] == 1e7
