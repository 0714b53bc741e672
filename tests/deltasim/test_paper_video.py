"""The experiments of the paper that look at frames: Figures 3, 5 and 6, on small networks and stacks of frames."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from block_graphs import googlenet, smooth_frames, vgg

from deltasim.paper import film_run, video_settings
from deltasim.paper.clips import open_clip, refuse_overlap, spread
from deltasim.paper.counted import count, equalities
from deltasim.paper.figure3 import run as figure3
from deltasim.paper.figure5 import run as figure5
from deltasim.paper.figure6 import run as figure6
from deltasim.paper.film import picture_network
from deltasim.paper.film_search import error_unit
from deltasim.paper.film_tables import relative_error
from deltasim.paper.float_outputs import float_outputs, output_node
from deltasim.paper.video_settings import Settings
from hwmodels import chip_of, load_accelerator
from hwmodels.records import COLUMNS, MODES
from reports import load_run
from simulator import mode_named, plan_network, simulate
from simulator.placement.plan import flow_macs
from workloads import (
    Quantisation,
    WorkloadError,
    cut_graph,
    frames_of_array,
    integer_forward,
    load_frames,
    normalised,
    quantise,
    real_outputs,
    run_graph,
)
from workloads.graphs.files import save_graph
from workloads.graphs.run import normalise

SIZE = 32
PIXELS = 3 * SIZE * SIZE


def quiet(*_):
    """Progress that is not shown."""


def write_stack(path, count, seed):
    frames = smooth_frames(count, 3, SIZE, seed).reshape(count, 3, SIZE, SIZE)
    np.save(path, frames)
    return path


def macs(graph):
    """Multiply-accumulates of a frame: the operations of the original network are twice as many."""
    integers = quantise(graph, smooth_frames(2, 3, SIZE, 1))
    chip = chip_of(load_accelerator("oconnor2017-int32"))
    plan = plan_network(integers.full, chip, mode_named("original"))
    return sum(flow_macs(plan, link) for link in plan.flows)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A network, a clip whose frames hardly change, one whose frames are new, and one to train on."""
    folder = tmp_path_factory.mktemp("film")
    save_graph(vgg(), folder / "network.npz")
    still = np.repeat(smooth_frames(1, 3, SIZE, 7), 6, axis=0).reshape(6, 3, SIZE, SIZE)
    still[:, :, 3, 4] += np.arange(6, dtype=np.uint8)[:, None]
    np.save(folder / "still.npy", still)
    write_stack(folder / "busy.npy", 9, 3)
    return folder


@pytest.fixture(scope="module")
def settings(place):
    return Settings(
        network=str(place / "network.npz"),
        static=f"{place / 'still.npy'}:0:5",
        moving=f"{place / 'busy.npy'}:0:4",
        train=(f"{place / 'busy.npy'}:4:9",),
        train_frames=3,
        lambdas=(1e-9, 1e-7),
        epochs=1,
    )


@pytest.fixture(scope="module")
def film(settings):
    return settings.film()


@pytest.fixture(scope="module")
def made(tmp_path_factory, settings, film):
    """The tables of Figure 5, by name, and its notes."""
    folder = tmp_path_factory.mktemp("figure5")
    notes = figure5.figure5(folder, settings, film, 1, quiet)
    return {path.stem: pd.read_parquet(path) for path in folder.glob("*.parquet")}, notes, folder


# Clips


@pytest.mark.parametrize(("text", "first", "last"), [("", 0, 8), (":2:5", 2, 4), (":4:", 4, 8), (":0:9", 0, 8)])
def test_a_clip_says_which_frames_of_its_source_it_has(place, film, text, first, last):
    clip = open_clip(f"{place / 'busy.npy'}{text}", film.network)
    assert (clip.first, clip.last, clip.frames.count) == (first, last, last - first + 1)
    whole = load_frames(place / "busy.npy")
    assert np.array_equal(clip.frames.read(0, clip.frames.count), whole.read(first, last + 1))
    assert clip.words == f"busy.npy:{first}:{last + 1}"


def test_a_clip_that_is_not_there_is_said_to_be(film):
    with pytest.raises(WorkloadError, match="no data set 'nowhere"):
        open_clip("nowhere.mp4:0:5", film.network)


def test_a_fetched_clip_that_was_not_fetched_names_the_command(film, monkeypatch, tmp_path):
    monkeypatch.setenv("DELTASIM_CACHE", str(tmp_path))
    with pytest.raises(WorkloadError, match="deltasim data fetch carphone"):
        open_clip("carphone:0:5", film.network)


def test_a_stack_of_another_size_is_refused(tmp_path, film):
    np.save(tmp_path / "small.npy", np.zeros((3, 3, 8, 8), np.uint8))
    with pytest.raises(WorkloadError, match="3 x 8 x 8, network 'blocks' takes 3 x 32 x 32"):
        open_clip(str(tmp_path / "small.npy"), film.network)


def test_frames_that_are_shown_are_refused_for_training_even_as_a_copy(place, tmp_path, film):
    copy = tmp_path / "copy.npy"
    copy.write_bytes((place / "busy.npy").read_bytes())
    shown = open_clip(f"{place / 'busy.npy'}:0:4", film.network)
    with pytest.raises(WorkloadError, match=r"frames 3:4 of busy.npy .* --train"):
        refuse_overlap([shown], [open_clip(f"{copy}:3:9", film.network)])
    refuse_overlap([shown], [open_clip(f"{copy}:4:9", film.network), open_clip(f"{place / 'still.npy'}", film.network)])


def test_training_frames_are_spread_over_all_clips(place, film):
    clips = [open_clip(f"{place / name}", film.network) for name in ("still.npy", "busy.npy")]
    whole = np.concatenate([clip.frames.read(0, clip.frames.count) for clip in clips])
    assert np.array_equal(spread(clips, 15), whole)
    assert np.array_equal(spread(clips, 99), whole)
    assert np.array_equal(spread(clips, 3), whole[[0, 7, 14]])


# The film


def test_a_film_is_the_static_clip_and_then_the_moving_one(place, film):
    still, busy = np.load(place / "still.npy"), np.load(place / "busy.npy")
    assert film.splice == 5
    assert list(film.clip_of) == ["static"] * 5 + ["moving"] * 4
    assert list(np.flatnonzero(film.begins)) == [0, 5]
    assert np.array_equal(film.frames.read(3, 7).reshape(-1, 3, SIZE, SIZE), np.concatenate([still[3:5], busy[:2]]))


def test_pictures_are_in_red_green_and_blue_whatever_the_network_takes(film):
    rgb = film.pictures([0, 6], SIZE)
    assert np.array_equal(rgb, film.frames.read(0, 7)[[0, 6]].reshape(2, 3, SIZE, SIZE).transpose(0, 2, 3, 1))
    bgr = replace(film, network=normalised(film.network, "caffe-bgr")).pictures([0, 6], SIZE)
    assert np.array_equal(bgr, rgb[..., ::-1])
    assert film.pictures([0], 8).shape == (1, 8, 8, 3)


def test_a_network_of_vectors_is_refused(place):
    with pytest.raises(WorkloadError, match="takes no pictures"):
        picture_network("mnist-784-200-200-10", None)


def test_a_network_without_normalisation_asks_for_one(place, tmp_path):
    save_graph(replace(googlenet(), preprocessing=None), tmp_path / "bare.npz")
    with pytest.raises(WorkloadError, match="choose one: --normalisation"):
        picture_network(str(tmp_path / "bare.npz"), None)


# Counting without times


@pytest.mark.parametrize("graph", [vgg(), googlenet()], ids=["chain", "branches"])
@pytest.mark.parametrize("mode", MODES)
def test_counts_without_times_are_those_of_the_whole_simulation(graph, mode):
    pixels = smooth_frames(4, 3, SIZE, 5)
    network = quantise(graph, pixels, Quantisation(levels=7))
    chip = chip_of(load_accelerator("oconnor2017-int32"))
    counted = count(network, frames_of_array("frames", pixels), chip, mode, quiet)
    chosen = network.full if "original" in mode or mode == "temporal_difference" else network.scaled
    whole = simulate(chosen, pixels, chip, mode)
    table = whole.counts_table()
    timed = [name for name in COLUMNS if name.endswith("_fs") or name.startswith("queue")]
    same = [name for name in COLUMNS if name not in timed]
    assert counted.counts[same].equals(table[same])
    assert {"adds", "multiplies", "l1_out", "s_l1", "digest"} <= set(same)
    assert np.array_equal(counted.outputs, whole.outputs)
    assert np.array_equal(counted.real, real_outputs(chosen, integer_forward(chosen, pixels).outputs))


def test_rounding_and_sigma_delta_are_compared_on_every_layer(film):
    network = quantise(film.network, film.frames.read(0, 3), Quantisation(levels=7))
    chip = chip_of(load_accelerator("oconnor2017-int32"))
    counted = {mode: count(network, film.frames, chip, mode, quiet) for mode in ("rounding", "sigma_delta")}
    (equality,) = equalities(counted)
    assert equality.identical
    assert equality.layer_frames == film.frames.count * (1 + len(network.scaled.layers))
    spoilt = counted["rounding"].counts.assign(digest=0)
    (other,) = equalities({**counted, "rounding": replace(counted["rounding"], counts=spoilt)})
    assert other.layer_frames_differing == other.layer_frames


def test_float_outputs_are_in_the_order_of_the_integer_outputs():
    """On a map of features, where the order of channels and places matters."""
    graph = cut_graph(vgg(), "maxpool14") if "maxpool14" in vgg().by_name else cut_graph(vgg(), vgg().nodes[-4].name)
    pixels = smooth_frames(3, 3, SIZE, 2)
    network = quantise(
        graph, pixels, Quantisation(weight_bits=12, activation_bits=12, levels=500, calibration="largest")
    )
    outputs = float_outputs(graph, pixels)
    real = real_outputs(network.full, integer_forward(network.full, pixels).outputs)
    assert relative_error(real, outputs.astype(np.float64)).max() < 0.01
    node = output_node(graph)
    values = run_graph(graph, normalise(graph.preprocessing, pixels.reshape(-1, 3, SIZE, SIZE)), [node])[node]
    assert np.allclose(outputs.sum(axis=1), values.sum(axis=(1, 2, 3)), rtol=1e-4)


def test_relative_errors_by_hand():
    errors = relative_error(np.array([[3.0, 4.0], [1.0, 1.0]]), np.array([[3.0, 0.0], [0.0, 0.0]]))
    assert errors[0] == pytest.approx(4 / 3)
    assert np.isnan(errors[1])


# Figure 5


def test_figure_5_has_every_table(made):
    tables, notes, folder = made
    wanted = {"frames", "layers", "agreement", "labels", "scales", "clips", "trajectory", "system", "equalities"}
    assert set(tables) == wanted
    assert (tables["equalities"]["differing"] == 0).all()
    assert notes[-1].endswith(": 0 differences.")
    names = ["unoptimised", "1e-09", "1e-07"]
    assert list(tables["scales"]["setting"].unique()) == names
    assert (tables["scales"].loc[tables["scales"]["setting"] == "unoptimised", "scale"] == 1).all()
    assert list(tables["agreement"]["setting"].unique()) == names
    with np.load(folder / "pictures.npz") as pictures:
        assert list(pictures["frame"]) == [0, 2, 4, 6, 8]
        assert pictures["frames"].shape == (5, SIZE, SIZE, 3)


def test_beside_the_tables_are_runs_of_a_whole_system(made, film):
    tables, _, folder = made
    system = tables["system"]
    for name in ("1e-09", "1e-07"):
        run = load_run(folder / f"run-{name}")
        assert (run.path / "dashboard.html").exists()
        moving = run.frames[(run.frames["mode"] == "sigma_delta") & (run.frames["frame"] >= film.splice)]
        keys = ["accelerator", "setting", "mode", "input"]
        row = system.set_index(keys).loc[(film_run.SYSTEM, name, "sigma_delta", "moving")]
        assert row["total_pj"] == pytest.approx(moving["total_pj"].mean())
        assert row["latency_ns"] == pytest.approx(moving["latency_ns"].mean())
    assert set(system["setting"]) == {"original", "1e-09", "1e-07"}
    assert system["accelerator"].nunique() >= 3


def test_layers_add_up_to_frames(made, film):
    frames, layers = made[0]["frames"], made[0]["layers"]
    keys = ["clip", "setting", "mode"]
    whole = frames.groupby(keys)["operations"].mean()
    steady = frames[~frames["begins"]].groupby(keys)["operations"].mean()
    summed = layers.groupby(keys)[["operations", "steady"]].sum()
    assert np.allclose(summed["operations"], whole)
    assert np.allclose(summed["steady"], steady)
    assert len(frames) == 3 * 3 * film.frames.count


def test_the_original_costs_the_same_in_every_frame_and_changes_cost_less_where_little_moves(made, film):
    frames = made[0]["frames"]
    assert set(frames.loc[frames["mode"] == "original", "operations"]) == {2 * macs(film.network)}
    changes = (
        frames[(frames["mode"] == "sigma_delta") & ~frames["begins"]].groupby(["setting", "clip"])["operations"].mean()
    )
    assert (changes.xs("static", level="clip") < 0.5 * changes.xs("moving", level="clip")).all()
    wide = frames.pivot_table("operations", ["setting", "frame"], "mode")
    starts = wide.xs(0, level="frame")
    assert (starts["rounding"] == starts["sigma_delta"]).all()


def test_energy_is_that_of_additions_alone_without_multiplications(made):
    frames = made[0]["frames"]
    added = frames[frames["mode"] != "original"]
    assert np.allclose(added["energy_pj"], 0.1 * added["operations"])
    original = frames[frames["mode"] == "original"]
    assert np.allclose(original["energy_pj"], 1.6 * original["operations"])  # half of them multiplications


def test_answers_are_compared_with_the_float_network(made, film):
    tables = made[0]
    true = float_outputs(film.network, film.frames.read(0, film.frames.count)).argmax(axis=1)
    labels = tables["labels"]
    original = labels[(labels["mode"] == "original") & (labels["setting"] == "unoptimised")].sort_values("frame")
    assert list(original["label"].astype(int)) == list(true)
    agreement = tables["agreement"]
    merged = labels.pivot_table("label", ["setting", "frame"], "mode", aggfunc="first")
    top1 = agreement.set_index(["setting", "frame"])["top1"].astype(bool)
    assert ((merged["original"] == merged["rounding"]) == top1.reindex(merged.index)).all()
    assert agreement["top5"].isna().all()  # ten classes
    assert agreement["original_error"].median() < 0.01


def test_the_errors_unit_makes_l2_independent_of_the_outputs_scale(film):
    graph = cut_graph(film.network, film.network.nodes[-3].name)
    pixels = film.frames.read(0, 2)
    outputs = float_outputs(graph, pixels)
    assert error_unit(graph, pixels) == pytest.approx(float((outputs**2).sum(axis=1).mean()), rel=1e-4)
    assert error_unit(film.network, pixels) == 1.0


def test_settings_say_everything_that_decides_the_numbers(settings, film, place):
    one = video_settings.settings_of(settings, film)
    assert one == video_settings.settings_of(settings, settings.film())
    other = replace(settings, static=f"{place / 'still.npy'}:1:6")
    assert video_settings.settings_of(other, other.film()) != one
    assert one["splice"] == 5


# Figure 6


def test_figure_6_by_its_definition(tmp_path, film):
    notes = figure6.figure6(tmp_path, film, quiet)
    assert notes
    adjacent, means = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("adjacent", "means"))
    layer = adjacent[adjacent["layer_index"] == 1].sort_values("frame")
    network = figure6.film_in_integers(film, spread((film.static, film.moving), video_settings.CALIBRATION_FRAMES))
    values = integer_forward(network.full, film.frames.read(0, film.frames.count)).activations[1].astype(float)
    norms = np.abs(values).sum(axis=1, keepdims=True)
    distance = np.abs(np.diff(values / norms, axis=0)).sum(axis=1)
    lengths = np.linalg.norm(values, axis=1)
    cosine = (values[1:] * values[:-1]).sum(axis=1) / (lengths[1:] * lengths[:-1])
    # the counts hold the norms' product, from which the distance of normalised values is made
    assert np.allclose(layer["cosine"].iloc[1:], cosine)
    assert np.allclose(layer["l1_distance"].iloc[1:], distance, atol=0.02)
    within = layer[~layer["splice"]]
    assert means.set_index("layer_index")["cosine"][1] == pytest.approx(within["cosine"].mean())
    assert list(adjacent.loc[adjacent["splice"], "frame"].unique()) == [film.splice]


# Figure 3


def test_snippets_are_runs_of_neighbours_of_the_ordered_images(tmp_path):
    small = figure3.Settings(snippets=3, length=4, frames=60)
    figure3.figure3(tmp_path, small, quiet)
    snippets = pd.read_parquet(tmp_path / "snippets.parquet")
    ordered = load_frames("temporal-mnist", frames="0:60")
    assert list(snippets.loc[snippets["position"] == 0, "frame"]) == [0, 28, 56]
    for _, row in snippets.iterrows():
        assert np.array_equal(row["pixels"], ordered.read(row["frame"], row["frame"] + 1)[0])
        assert row["label"] == ordered.labels[row["frame"]]
    distances = pd.read_parquet(tmp_path / "distances.parquet")
    for order, stream in (("mnist", load_frames("mnist", frames="0:60")), ("temporal-mnist", ordered)):
        frames = stream.read(0, 60).astype(int)
        own = distances[distances["order"] == order]["l1_distance"]
        assert np.isnan(own.iloc[0])
        assert np.allclose(own.iloc[1:], np.abs(np.diff(frames, axis=0)).mean(axis=1))
