"""Runs whose layers are split over cores: tables by core and by layer, links, phases and the way of a frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reports_branching import make_branching_run
from reports_example import make_run
from reports_split import Chip, add_chunks, finish, layers, make_split_run, mesh

from hwmodels import ENERGY_COLUMNS
from hwmodels.records import LINK_COLUMNS, OF_THE_LAYER
from reports import Chunk, Run, RunError, load_run, open_partial
from reports.figures.chip_plots import frame_waterfall
from reports.run.mesh import check_mesh
from reports.run.parts import Parts
from reports.tables.core_tables import layers_table
from reports.tables.phases import ACTIVITIES, phases_table, pieces_table
from reports.tables.summary import COMPONENTS, all_frames, component_column
from reports.tables.waterfall import STEPS

BOTH = Chip(parts=(2, 3, 4, 2), columns=2, rows=2, cores_per_tile=3, barrier=True)
TIMES = ("serve_busy_fs", "update_busy_fs", "starved_fs", "barrier_fs", "blocked_injection_fs", "blocked_queue_fs")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return load_run(make_split_run(tmp_path_factory.mktemp("split") / "run", record=True))


@pytest.fixture(scope="module", params=["dataflow", "barrier"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Run:
    chip = Chip() if request.param == "dataflow" else BOTH
    return load_run(make_split_run(tmp_path_factory.mktemp("either") / "run", chip, record=True))


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(path.iterdir())}


def test_layers_and_cores_are_told_apart(run: Run) -> None:
    assert run.layout.layers == ("input", "conv1", "conv2", "conv3")
    assert run.layout.names == ("input", "conv1.0", "conv1.1", "conv2.0", "conv2.1", "conv2.2", "conv3.0", "conv3.1")
    assert run.neurons == [256, 256, 256, 4]
    assert run.sent_maps == ((8, 8, 4), (8, 8, 4), (8, 8, 4), (1, 1, 4))
    assert (run.senders, run.is_chain, run.sending) == (((), (0,), (1,), (2,)), True, {0, 1, 2})
    assert run.core_senders[6] == (3, 4, 5)
    assert run.counts["layer"].astype(str).tolist()[:8] == [run.layout.layers[layer] for layer in run.layout.layer]
    assert len(run.layers) == 3 * 4
    assert len(run.cores) == 3 * 8
    assert run.cores["name"].tolist()[:8] == list(run.layout.names)
    assert run.cores[["part", "parts", "column", "row"]].iloc[4].tolist() == [1, 3, 1, 1]


def test_tables_by_core_add_up_to_tables_by_layer(either: Run) -> None:
    """To the last digit: energies are compared as the integers that they are made of."""
    run = either
    keys = ["mode", "layer_index"]
    cores = run.cores.groupby(keys, sort=False, observed=True)
    layers = run.layers.set_index(keys)
    for count in ("messages", "values_out", "l1_out", "adds", "multiplies", "saturations", "accumulator_clips"):
        name = all_frames(count)
        pd.testing.assert_series_equal(cores[name].sum(), layers[name], check_dtype=False)
    pd.testing.assert_series_equal(cores["queue_peak"].max(), layers["queue_peak"])
    pd.testing.assert_series_equal(cores["parts"].first(), layers["cores"], check_names=False)
    energies = run.energies[run.energies["core"] >= 0]
    exact = energies.groupby(["mode", energies["layer"].astype(str)], sort=False)
    for component in COMPONENTS:
        names = [column.name for column in ENERGY_COLUMNS if column.component == component]
        attojoules = exact[names].sum().sum(axis=1).tolist()
        assert layers[all_frames(component_column(component))].tolist() == [value / 10**6 for value in attojoules]
    assert layers["total_all_frames_pj"].tolist() == [value / 10**6 for value in exact["total_aj"].sum()]
    by_layer = run.energy.groupby(["mode", "layer"], sort=False)["energy_all_frames_pj"].sum()
    expected = layers.xs(2, level=1)["total_all_frames_pj"].tolist()
    assert by_layer.xs("conv2", level="layer").tolist() == pytest.approx(expected)


def test_shares_of_times_whose_sum_is_beyond_int64(either: Run) -> None:
    """Two hours on each of a layer's cores are more than 2**63 fs together."""
    names = [*TIMES, "blocked_memory_fs"]
    whole = max(int(either.counts.groupby(["mode", "core"], observed=True)[name].sum().max()) for name in names)
    factor = 2 ** (62 - whole.bit_length())
    longer = either.counts.assign(**{name: either.counts[name] * factor for name in names})
    arguments = either.energies, either.layout, either.neurons, 32
    tables = [layers_table(counts, *arguments) for counts in (either.counts, longer)]
    shares = [name for name in tables[0] if name.endswith("_share")]
    pd.testing.assert_frame_equal(*(table[shares] for table in tables), check_exact=True)


def test_shares_of_a_layer_are_those_of_the_time_of_its_cores(either: Run) -> None:
    shares = [name for name in either.cores.columns if name.endswith("_share")]
    assert either.cores[shares].sum(axis=1).tolist() == pytest.approx([1] * len(either.cores))
    assert either.layers[shares].sum(axis=1).tolist() == pytest.approx([1] * len(either.layers))
    counts = either.counts[either.counts["mode"] == either.modes[0]]
    of_layer = counts[counts["layer"] == "conv1"]
    whole = of_layer[[*TIMES, "blocked_memory_fs"]].to_numpy().sum()
    assert whole == of_layer.groupby("core")["update_end_fs"].max().sum()
    row = either.layers.set_index(["mode", "layer"]).loc[(either.modes[0], "conv1")]
    assert row["memory_share"] == pytest.approx(of_layer["blocked_memory_fs"].sum() / whole)
    assert row["barrier_share"] == pytest.approx(of_layer["barrier_fs"].sum() / whole)


def test_what_is_said_of_a_layer_stands_once(run: Run) -> None:
    by_layer = run.layer_counts
    firsts = run.counts[run.counts["core"].isin(run.layout.first)]
    for name in OF_THE_LAYER:
        assert by_layer[name].tolist() == firsts[name].tolist(), name
    assert {equality.layer_frames for equality in run.equalities} == {6 * 4}
    assert {equality.integers for equality in run.equalities} == {6 * (3 * 256 + 4)}
    assert all(equality.identical for equality in run.equalities)
    assert run.layer_counts["adds"].sum() == run.counts["adds"].sum()


def test_a_frame_ends_with_the_last_core_of_the_last_layer(either: Run) -> None:
    counts = either.counts.assign(layer=either.counts["layer"].astype(str))
    for mode, frames in either.frames.groupby("mode", sort=False, observed=True):
        own = counts[counts["mode"] == mode]
        start = own[own["layer"] == "input"].groupby("frame")["update_start_fs"].min()
        end = own[own["layer"] == "conv3"].groupby("frame")["update_end_fs"].max()
        assert frames["latency_ns"].tolist() == pytest.approx(((end - start) / 10**6).tolist())


def test_sparsity_is_over_all_neurons_of_a_layer(run: Run) -> None:
    row = run.layers.set_index(["mode", "layer"]).loc[("sigma_delta", "conv2")]
    own = run.counts[(run.counts["mode"] == "sigma_delta") & (run.counts["layer"] == "conv2")]
    assert row["sparsity"] == 1 - own["nonzero"].sum() / (6 * 256)


def test_links_over_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    every = run.link_counts()
    assert len(every) == 3 * 6 * len(run.mesh["used_links"])
    links = run.links.set_index(["mode", "link"])
    summed = every.groupby(["mode", "link"], sort=False, observed=True)
    for name in LINK_COLUMNS:
        expected = summed[name].max() if name == "queue_peak" else summed[name].sum()
        assert links[name if name == "queue_peak" else all_frames(name)].tolist() == expected.tolist(), name
    whole_fs = run.counts[run.counts["mode"] == "rounding"]["update_end_fs"].max()
    assert links.loc[("rounding", 1), "utilisation"] == links.loc[("rounding", 1), "busy_all_frames_fs"] / whole_fs
    assert (links["utilisation_peak"] >= links["utilisation"]).all()
    one = run.link_counts("rounding", 2, 3)
    assert set(one["frame"]) == {2, 3}
    assert set(one["mode"].astype(str)) == {"rounding"}


def test_a_killed_run_resumes_to_the_same_bytes(tmp_path: Path) -> None:
    chip = Chip()
    whole = contents(make_split_run(tmp_path / "whole", record=True))
    first = open_partial(tmp_path / "killed", "c" * 64)
    add_chunks(first, chip, record=True, until=1)
    (first.partial / "chunk-original-00001.links.parquet").write_bytes(b"half a chu")
    again = open_partial(tmp_path / "killed", "c" * 64)
    add_chunks(again, chip, record=True)
    assert contents(finish(again, chip, frames=6)) == whole
    other = open_partial(tmp_path / "chunks", "c" * 64)  # the same frames in other chunks
    add_chunks(other, chip, record=True, each=5)
    assert contents(finish(other, chip, frames=6)) == whole


@pytest.mark.parametrize("name", ["mesh.json", "links.parquet"])
def test_damaged_files_are_named(tmp_path: Path, name: str) -> None:
    path = make_split_run(tmp_path / "run")
    content = (path / name).read_bytes()
    (path / name).write_bytes(content[:-1] + b"?")
    with pytest.raises(RunError, match=f"{name}: was changed"):
        load_run(path)
    (path / name).unlink()
    with pytest.raises(RunError, match=f"{name}: cannot be read"):
        load_run(path)


def test_links_that_are_not_those_of_the_mesh_are_refused(tmp_path: Path) -> None:
    chip = Chip()
    partial = open_partial(tmp_path / "run", "c" * 64)
    add_chunks(partial, chip)
    with pytest.raises(RunError, match="rows of links in mode original"):
        finish(partial, Chip(columns=4), frames=6)
    assert not (tmp_path / "run").exists()
    zeros = {name: np.zeros(1, np.int64) for name in ("frame", *LINK_COLUMNS)}
    rows = {name: np.array([0]) for name in load_run(make_run(tmp_path / "one")).counts.columns[4:]}
    index = {"frame": np.array([0]), "core": np.array([0])}
    other = open_partial(tmp_path / "other", "c" * 64)
    chunk = Chunk({**index, **rows}, np.array([[1]]), links={**zeros, "link": np.array([1])})
    with pytest.raises(RunError, match="links 0, 1, 2"):
        other.add_chunk(0, {"original": chunk}, {})


def test_a_mesh_that_cannot_be() -> None:
    given = mesh(Chip())
    with pytest.raises(RunError, match=r"here: says nothing of links, rows"):
        check_mesh({name: given[name] for name in given if name not in {"rows", "links"}}, "here")
    with pytest.raises(RunError, match=r"link 0 goes from \(0, 0\) to \(1, 1\), which are no neighbours"):
        check_mesh({**given, "used_links": [{"from": [0, 0], "to": [1, 1]}]}, "here")


def test_cores_out_of_order() -> None:
    entries = layers(Chip())
    with pytest.raises(RunError, match="here: cores must be numbered from 0"):
        Parts.of(entries[1:], "here")
    with pytest.raises(RunError, match=r"two layers or two cores have one name: conv1\.0"):
        Parts.of([*entries[:2], {**entries[2], "name": "conv1.0"}, *entries[3:]], "here")


def test_a_run_without_splits_is_as_before(tmp_path: Path) -> None:
    run = load_run(make_branching_run(tmp_path / "run", frames=3))
    assert not run.layout.is_split
    assert run.layer_counts["layer_index"].tolist() == run.counts["core"].tolist()
    shared = ["messages_all_frames", "adds_all_frames", "total_all_frames_pj", "busy_share", "queue_peak"]
    pd.testing.assert_frame_equal(run.layers[shared], run.cores[shared])
    assert run.links.empty


@pytest.mark.parametrize("recorded", [True, False])
def test_phases_account_for_all_time(either: Run, *, recorded: bool) -> None:
    for mode in either.modes:
        counts = either.counts[either.counts["mode"] == mode]
        messages = either.messages_of(mode, 1, 3) if recorded else None
        phases = phases_table(counts, 1, 3)
        pieces = pieces_table(phases, messages).sort_values(["core", "start_fs"])
        assert (pieces[list(ACTIVITIES)].sum(axis=1) == pieces["end_fs"] - pieces["start_fs"]).all()
        assert (pieces[list(ACTIVITIES)].to_numpy() >= 0).all()
        chosen = counts[counts["frame"].between(1, 3)]
        spent = pieces.groupby("core")[list(ACTIVITIES)].sum()
        columns = ("starved_fs", "blocked_memory_fs", "serve_busy_fs", "barrier_fs", "blocked_injection_fs")
        names = ("starved", "memory", "serving messages", "barrier", "injection")
        for name, column in zip(names, columns, strict=True):
            assert spent[name].tolist() == chosen.groupby("core")[column].sum().tolist(), name
        for _, own in pieces.groupby("core"):
            assert own["start_fs"].tolist()[1:] == own["end_fs"].tolist()[:-1]


@pytest.mark.parametrize("interval_fs", [None, 10**6])
def test_the_waterfall_adds_up_to_the_latency(tmp_path: Path, interval_fs: int | None) -> None:
    for record in (True, False):
        for name, chip in (("dataflow", Chip()), ("barrier", BOTH)):
            path = tmp_path / f"{name}-{record}"
            run = load_run(make_split_run(path, chip, record=record, frame_interval_fs=interval_fs))
            for mode in run.modes:
                latency = run.frames.loc[run.frames["mode"] == mode, "latency_ns"].tolist()
                for frame in range(run.frame_count):
                    table = frame_waterfall(run, mode, frame)
                    assert table["layer"].tolist() == list(run.layout.layers)
                    assert (table[list(STEPS)].sum(axis=1) == table["end_fs"] - table["start_fs"]).all()
                    assert table["start_fs"].tolist()[1:] == table["end_fs"].tolist()[:-1]
                    assert table[list(STEPS)].to_numpy().sum() == round(latency[frame] * 10**6)


def test_the_way_of_a_frame_by_hand(tmp_path: Path) -> None:
    """Frame 0: the input updates for 8 ns and is blocked for 2; the output has served until 20, updates until 30."""
    run = load_run(make_run(tmp_path / "run"))
    table = frame_waterfall(run, "rounding", 0).set_index("name")
    assert table.loc["input", ["updating neurons", "injection", "queue"]].tolist() == [8 * 10**6, 10**6, 10**6]
    assert table.loc["output", ["serving messages", "waiting", "updating neurons"]].tolist() == [
        6 * 10**6,  # as much of its service as can lie after the input's end
        4 * 10**6,
        10 * 10**6,
    ]
