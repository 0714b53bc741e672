"""Simulated runs with split layers, shared links and weights from off-chip memory, as reports see them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from perfetto_events import check_arrows, events_of, slices

import deltasim as ds
from deltasim.api import job_of
from deltasim.experiment.execute import run_job
from deltasim.experiment.files import Experiment
from reports import write_trace
from reports.figures.chip_plots import frame_waterfall
from reports.tables.phases import ACTIVITIES, phases_table, pieces_table
from reports.tables.waterfall import STEPS

PLACES = {
    "input": {"cores": [0, 5], "rows": 2},
    "layer1": {"cores": [1, 2, 6]},
    "layer2": {"cores": [3, 7]},
    "layer3": {"cores": [4]},
}
HEAD = "schema: deltasim/accelerator/1\nname: {name}\ndescription: a test\n"
CHIPS = {
    "streamed": """
extends: horowitz-45nm
core: {queue_depth: 2, weight_memory: {capacity: 32 KiB}}
off_chip: {holds_weights: true, latency: 27.5 ns}
mesh: {links: shared, queue_depth: 1}
sources: [{of: [core, off_chip, mesh], source: made up, status: assumed}]
""",
    "multicast": """
extends: horowitz-45nm
core: {queue_depth: 1}
mesh: {links: shared, queue_depth: 1, multicast: true}
sources: [{of: [core, mesh], source: made up, status: assumed}]
""",
    "barrier": """
extends: loihi1-sanafe
mesh: {links: shared}
sources: [{of: [mesh], source: made up, status: assumed}]
""",
    "groups": """
extends: horowitz-45nm
mesh: {links: shared}
synchronisation: {kind: group_barrier, latency: 40 ns, groups: [8]}
sources: [{of: [mesh, synchronisation], source: made up, status: assumed}]
""",
}
COLUMNS = {
    "starved": "starved_fs",
    "memory": "blocked_memory_fs",
    "serving messages": "serve_busy_fs",
    "barrier": "barrier_fs",
    "injection": "blocked_injection_fs",
    "queue": "blocked_queue_fs",
    "updating neurons": "update_busy_fs",
}


@pytest.fixture(scope="module", params=CHIPS)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ds.Run:
    folder = tmp_path_factory.mktemp(request.param)
    (folder / "chip.yaml").write_text(HEAD.format(name=request.param) + CHIPS[request.param])
    experiment = {
        "accelerator": "chip.yaml",
        "mapping": {"layers": PLACES},
        "quantisation": {"weight_bits": 6, "levels": 7},
        "frames": {"dataset": "mnist", "range": "0:4"},
        "modes": ["rounding", "sigma_delta"],
        "arrival": "pipelined",
        "record_messages": True,
    }
    return run_job(job_of(Experiment.model_validate(experiment), folder), folder / "run")


def test_every_stall_is_seen_somewhere(run: ds.Run) -> None:
    seen = {name for name in COLUMNS if run.counts[COLUMNS[name]].any()}
    expected = {
        "streamed": {"memory", "queue"},
        "multicast": {"injection", "queue"},
        "barrier": {"barrier"},
        "groups": {"barrier"},
    }
    assert expected[run.accelerator.name] <= seen


@pytest.mark.parametrize("recorded", [True, False])
def test_phases_and_pieces_are_the_counts(run: ds.Run, *, recorded: bool) -> None:
    for mode in run.modes:
        counts = run.counts[run.counts["mode"] == mode]
        messages = run.messages_of(mode) if recorded else None
        pieces = pieces_table(phases_table(counts, 0, 3), messages).sort_values(["core", "start_fs"])
        assert (pieces[list(ACTIVITIES)].to_numpy() >= 0).all()
        spent, counted = pieces.groupby("core").sum(numeric_only=True), counts.groupby("core").sum(numeric_only=True)
        for activity, column in COLUMNS.items():
            assert spent[activity].tolist() == counted[column].tolist(), activity
        for _, own in pieces.groupby("core"):
            assert own["start_fs"].tolist() == [0, *own["end_fs"].tolist()[:-1]]


def test_the_waterfall_adds_up_to_the_latency(run: ds.Run) -> None:
    for mode, frame, latency in zip(run.frames["mode"], run.frames["frame"], run.frames["latency_ns"], strict=True):
        table = frame_waterfall(run, str(mode), int(frame))
        assert table[list(STEPS)].to_numpy().sum() == round(latency * 10**6)
        assert (table[list(STEPS)].to_numpy() >= 0).all()


def test_the_trace_of_a_simulated_run_nests(run: ds.Run, tmp_path: Path) -> None:
    write_trace(run, tmp_path / "t.json", "sigma_delta")
    events = events_of(tmp_path / "t.json")
    assert all(slices(events, core + 1) for core in range(run.layout.count))
    check_arrows(events)


def test_cores_add_up_to_layers_and_links_to_flits(run: ds.Run) -> None:
    assert run.layout.names[:5] == ("input.0", "input.1", "layer1.0", "layer1.1", "layer1.2")
    for name in ("messages_all_frames", "adds_all_frames", "total_all_frames_pj"):
        by_layer = run.cores.groupby(["mode", "layer_index"], sort=False, observed=True)[name].sum()
        assert by_layer.tolist() == pytest.approx(run.layers[name].tolist(), rel=1e-15)
    hops = (run.counts["flit_hops_ew"] + run.counts["flit_hops_ns"]).groupby(run.counts["mode"], sort=False).sum()
    flits = run.links.groupby("mode", sort=False)["flits_all_frames"].sum()
    pd.testing.assert_series_equal(flits, hops, check_names=False, check_index_type=False, check_categorical=False)
    assert [pair.identical for pair in run.equalities] == [True]
