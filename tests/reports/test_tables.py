"""Tables against numbers worked out by hand, and the law that totals do not depend on grouping."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reports_example import make_run

from hwmodels import exact_sum
from reports import Run, RunError, compare, load_run
from reports.tables.equality import check_equality
from reports.tables.summary import all_frames


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return load_run(make_run(tmp_path / "run", frame_rate_hz=1000.0))


def rows(table: pd.DataFrame, mode: str) -> pd.DataFrame:
    return table[table["mode"] == mode]


def test_frames_by_hand(run: Run) -> None:
    original, sigma_delta = rows(run.frames, "original"), rows(run.frames, "sigma_delta")
    # original: 3 messages reach 2 neurons each: 6 adds and 6 multiplies, 6 x 0.1 + 6 x 3.1 = 19.2 pJ
    assert original["operations"].tolist() == [12, 12]
    assert original["arithmetic_pj"].tolist() == pytest.approx([19.2, 19.2])
    assert original["total_pj"].tolist() == original["arithmetic_pj"].tolist()
    assert original["leakage_pj"].tolist() == [0, 0]
    # sigma-delta: 4 and then 1 unit events reach 2 neurons each: 8 and 2 adds of 0.1 pJ
    assert sigma_delta["operations"].tolist() == [8, 2]
    assert sigma_delta["arithmetic_pj"].tolist() == pytest.approx([0.8, 0.2])
    assert sigma_delta["messages"].tolist() == [4, 1]
    assert sigma_delta["unit_events"].tolist() == [4, 1]


def test_time_by_hand(run: Run) -> None:
    original = rows(run.frames, "original")
    assert original["latency_ns"].tolist() == [30, 40]
    assert original["interval_ns"].tolist() == [30, 110]  # ends at 30 and 140 ns
    assert original["cycles"].tolist() == [15, 20]  # of 2 ns


def test_latency_counts_from_arrival_where_frames_have_a_rate(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", frame_interval_fs=90 * 10**6))
    assert rows(run.frames, "rounding")["latency_ns"].tolist() == [30, 40]  # frame 1 arrives at 90 and ends at 130 ns


def test_answers_by_hand(run: Run) -> None:
    frames = run.frames
    # the original's outputs (8, 4) at scales (1, 3) are 8 and 12: class 1
    assert rows(frames, "original")["prediction"].tolist() == [0, 1]
    assert rows(frames, "sigma_delta")["prediction"].tolist() == [0, 1]
    assert rows(frames, "sigma_delta")["correct"].tolist() == [True, False]
    assert frames["agrees"].tolist() == [True] * 6


def test_answers_without_labels_or_original(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", ["rounding", "sigma_delta"], labels=False))
    assert run.frames[["label", "correct", "agrees"]].isna().all(axis=None)
    assert run.summary()[["error_percent", "agreement_percent"]].isna().all(axis=None)


def test_layers_by_hand(run: Run) -> None:
    layers = run.layers.set_index(["mode", "layer_index"])
    assert layers.loc[("sigma_delta", 0), "sparsity"] == pytest.approx(1 - 3 / 6)
    assert layers.loc[("original", 0), "sparsity"] == pytest.approx(1 - 4 / 6)
    output = layers.loc[("sigma_delta", 1)]
    assert (output["adds_all_frames"], output["multiplies_all_frames"], output["queue_peak"]) == (10, 0, 3)
    assert output["total_all_frames_pj"] == pytest.approx(1.0)
    assert output["headroom_bits"] == 21  # 32 bits, a sign, and 2 ** 10 seen
    # 130 ns in all: 12 ns serving and 20 ns updating, 98 ns starved
    assert output["busy_share"] == pytest.approx(32 / 130)
    assert output["starved_share"] == pytest.approx(98 / 130)
    sender = layers.loc[("sigma_delta", 0)]
    assert sender["injection_share"] == sender["queue_share"] == pytest.approx(2 / 110)


def test_summary_by_hand(run: Run) -> None:
    summary = run.summary().set_index("mode")
    assert summary.loc["sigma_delta", "operations"] == 5
    assert summary.loc["sigma_delta", "total_pj"] == pytest.approx(0.5)
    assert summary.loc["original", "latency_ns"] == 35
    assert summary.loc["original", "latency_max_ns"] == 40
    assert summary.loc["sigma_delta", "power_mw"] == pytest.approx(0.5e-12 * 1000 * 1e3)  # J x Hz in mW
    assert summary.loc["sigma_delta", "error_percent"] == 50
    assert summary.loc["sigma_delta", "agreement_percent"] == 100
    assert summary.loc["sigma_delta", "identical"]
    assert summary.loc["original", "identical"] is None


def test_totals_do_not_depend_on_grouping(run: Run) -> None:
    energies = run.energies
    total = exact_sum(energies["total_aj"].to_numpy())
    for keys in (["mode"], ["frame"], ["mode", "frame"], ["core"], ["mode", "core"]):
        assert sum(exact_sum(group.to_numpy()) for _, group in energies.groupby(keys)["total_aj"]) == total
    assert total == 2 * 19_200_000 + 2 * 800_000 + 1_000_000
    assert run.energy["energy_all_frames_pj"].sum() * 1e6 == pytest.approx(total, abs=1)
    assert run.layers["total_all_frames_pj"].sum() * 1e6 == pytest.approx(total, abs=1)


def test_outputs_in_the_scale_of_the_model(run: Run) -> None:
    assert run.real_outputs("original").tolist() == [[10, 9], [8, 12]]  # a unit of output 1 is 3
    assert run.real_outputs("rounding").dtype == np.float64
    with pytest.raises(RunError, match="has no network 'temporal_difference'; it has original, rounding, sigma_delta"):
        run.real_outputs("temporal_difference")


def test_a_name_has_one_meaning(run: Run) -> None:
    """What is of a frame, or a mean per frame, never shares its name with a sum over frames; both add up."""
    places = {"mode", "frame", "core", "layer", "layer_index", "name", "queue_peak", "accumulator_peak"}
    of_a_frame = {str(name) for table in (run.frames, run.summary(), run.counts) for name in table.columns} - places
    of_all = {str(name) for table in (run.layers, run.cores, run.links, run.energy) for name in table.columns}
    assert not of_a_frame & of_all
    frames, summary = run.frames.groupby("mode", observed=True, sort=False), run.summary().set_index("mode")
    for name in set(run.frames.columns) & {"adds", "multiplies", "messages", "total_pj", "arithmetic_pj"}:
        sums = run.layers.groupby("mode", observed=True, sort=False)[all_frames(name)].sum()
        assert sums.tolist() == pytest.approx(frames[name].sum().tolist())
        assert summary[name].tolist() == pytest.approx((sums / run.frame_count).tolist())


def test_equality_counts_what_it_compared(run: Run) -> None:
    (equality,) = run.equalities
    assert (equality.mode, equality.partner, equality.identical) == ("sigma_delta", "rounding", True)
    assert (equality.layer_frames, equality.integers, equality.outputs) == (4, 10, 4)


def test_equality_sees_one_digest_and_one_output(run: Run) -> None:
    counts = run.layer_counts.copy()
    counts.loc[counts["mode"] == "sigma_delta", "digest"] += np.array([0, 0, 0, 1])
    (equality,) = check_equality(counts, run.outputs, 5)
    assert (equality.layer_frames_differing, equality.outputs_differing, equality.identical) == (1, 0, False)
    outputs = {**run.outputs, "sigma_delta": run.outputs["sigma_delta"] + np.array([[0, 0], [1, 0]])}
    (equality,) = check_equality(run.layer_counts, outputs, 5)
    assert (equality.layer_frames_differing, equality.outputs_differing, equality.identical) == (0, 1, False)


def test_temporal_difference_is_compared_with_the_original(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", ["original", "temporal_difference"]))
    assert [(each.mode, each.partner, each.identical) for each in run.equalities] == [
        ("temporal_difference", "original", True)
    ]


def test_comparison_by_hand(run: Run, tmp_path: Path) -> None:
    other = load_run(make_run(tmp_path / "other", ["rounding", "sigma_delta"]))
    table = compare(run, other).set_index(["mode", "component", "layer", "quantity"])
    assert set(table.index.get_level_values("mode")) == {"rounding", "sigma_delta"}
    same = table.loc[("sigma_delta", "arithmetic", "output", "energy_pj")]
    assert (same["a"], same["b"], same["difference"], same["ratio"]) == pytest.approx((0.5, 0.5, 0, 1))
    faster = dataclasses.replace(other, counts=other.counts.assign(adds=other.counts["adds"] // 2))
    half = compare(run, faster).set_index(["mode", "component", "layer", "quantity"])
    assert half.loc[("rounding", "all", "all", "operations"), "ratio"] == 0.5
    assert half.loc[("rounding", "all", "all", "operations"), "difference"] == -4
