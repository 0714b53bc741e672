"""Answers: frames of one's own keep the original's by default; where quantisation lost them, that stands first."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from clips import scene, write_clip
from command_line import deltasim
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_graphs import graphs
from rich.console import Console

import deltasim as ds
from deltasim.cli.show import print_comparison, print_summary, summary_json
from deltasim.experiment.files import (
    CALIBRATION_BYTES,
    Experiment,
    calibration_frames,
    experiment_of,
    load_experiment,
    spread,
)
from hwmodels import list_profiles
from reports import agreement_percent, low_agreement, write_comparison
from reports.tables.agreement import FINER_STEPS, LOW_PERCENT, WIDE_ACCELERATOR
from workloads import Frames, WorkloadError, integer_forward, load_frames
from workloads.graphs.network_files import save_network
from workloads.graphs.operations import INPUT

PIXELS, CLASSES = 20, 10


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A folder with a network of one's own and frames for it."""
    folder, random = tmp_path_factory.mktemp("own"), np.random.default_rng(5)
    sizes = ((PIXELS, 40), (40, 40), (40, CLASSES))
    weights = [random.normal(0, (2 / size[0]) ** 0.5, size).astype(np.float32) for size in sizes]
    save_network(ds.network_from_arrays(weights, name="own"), folder / "own.npz")
    np.save(folder / "frames.npy", random.integers(0, 256, (60, PIXELS)).astype(np.uint8))
    return folder


def run_of(folder: Path, name: str, quantisation: str, more: str = "") -> ds.Run:
    """The run of an experiment file on the network and frames of `own`."""
    text = (
        f"schema: deltasim/experiment/1\nname: own\nnetwork: own.npz\nframes: {{dataset: frames.npy}}\n"
        f"quantisation: {quantisation}\n{more}"
    )
    (folder / f"{name}.yaml").write_text(text)
    return ds.run(folder / f"{name}.yaml", out=folder / name)


def printed(show, *given) -> str:
    console = Console(file=StringIO(), width=100)
    show(console, *given)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def coarse(own):
    return run_of(own, "coarse", "{levels: 1, calibration: largest}")


def beside(run: ds.Run, what: str):
    return [each for each in low_agreement(run) if each.beside == what]


def test_answers_that_were_lost_stand_first_everywhere(coarse):
    share = agreement_percent(coarse)["sigma_delta"]
    assert share < LOW_PERCENT
    finding = "Rounding and sigma-delta answer as the original network, at full fixed point, on only "
    finding += f"{share:.2f} % of 60"
    assert printed(print_summary, coarse).startswith(f"Warning: {finding} frames. {FINER_STEPS}.")
    summary = summary_json(coarse)
    assert all(summary["identical"].values())  # and yet
    assert not summary["agreement"]["kept"]
    assert summary["agreement"]["percent"] == agreement_percent(coarse)
    assert summary["agreement"]["low"][0]["finding"] == f"{finding} frames."
    assert summary["agreement"]["low"][0]["remedy"] == FINER_STEPS
    assert list(summary).index("agreement") < list(summary).index("identical")
    page = ds.dashboard(coarse).read_text()
    first = page.index('class="verdict')
    assert page[first:].startswith(f'class="verdict bad"><strong>{finding} frames.')
    assert first < page.index("are the same, bit for bit:")


def test_banners_of_equality_say_what_they_are(coarse):
    assert "says nothing about what quantisation lost" in printed(print_summary, coarse)
    page = ds.dashboard(coarse).read_text()
    assert page.count("are the same, bit for bit:") == page.count("that says nothing about what quantisation lost") == 3


def test_a_comparison_begins_with_answers_that_were_lost(own, coarse, tmp_path):
    fine = run_of(own, "fine", "{levels: all}")
    assert not beside(fine, "original")
    for pair, name in (((coarse, fine), "A"), ((fine, coarse), "B")):
        text = printed(print_comparison, *pair, ds.compare(*pair)).splitlines()
        assert text[2].startswith(f"Warning: {name}: Rounding and sigma-delta answer as the original")
        page = write_comparison(*pair, tmp_path / "page.html").read_text()
        first = page[page.index('class="verdict') :]
        assert first.startswith(f'class="verdict bad"><strong>{name}: Rounding and sigma-delta answer as')
    result = deltasim("compare", coarse.path, fine.path, "--json", cwd=tmp_path)
    found = json.loads(result.stdout)
    assert (found["agreement"]["a"]["kept"], found["agreement"]["b"]["percent"]["sigma_delta"]) == (False, 100)
    assert {"a", "b"} <= {key for row in found["rows"] if row["quantity"] == "agreement_percent" for key in row}


def test_finer_steps_get_every_answer_back(own, coarse):
    assert "levels: all" in beside(coarse, "original")[0].remedy
    assert "Quantisation(levels='all')" in beside(coarse, "original")[0].remedy
    fine = run_of(own, "finer", "{levels: all, calibration: largest}")
    assert set(agreement_percent(fine).values()) == {100.0}
    assert not beside(fine, "original")
    assert ds.Quantisation(levels="all").levels == "all"


def test_without_the_original_the_coarse_networks_stand_beside_float(own):
    only = "modes: [rounding, sigma_delta]\n"
    run = run_of(own, "alone", "{levels: 1, calibration: largest}", only)
    (found,) = low_agreement(run)
    assert (found.beside, found.modes) == ("float", ("rounding", "sigma_delta"))
    assert found.remedy == FINER_STEPS
    assert not low_agreement(run_of(own, "alone-fine", "{levels: all, calibration: largest}", only))


def test_more_bits_raise_the_agreement_with_float(own):
    few = run_of(own, "few", "{weight_bits: 2, activation_bits: 2}")
    (found,) = beside(few, "float")
    assert found.modes == tuple(few.modes)
    assert "more than the 2 weight_bits and 2 activation_bits there are" in found.remedy
    assert found.remedy.endswith("(horowitz-45nm takes up to 8 and 8)")
    more = run_of(own, "more", "{weight_bits: 8, activation_bits: 8}")
    assert not low_agreement(more)
    assert more.quantisation["agreement"]["full"] > few.quantisation["agreement"]["full"]


def test_a_better_calibration_raises_the_agreement_with_float(own):
    worse = run_of(own, "median", "{calibration: percentile, percentile: 70, calibration_frames: 60}")
    (found,) = beside(worse, "float")
    assert "calibration: mse, if it is another, and more calibration_frames" in found.remedy
    better = run_of(own, "squares", "{calibration: mse, calibration_frames: 60}")
    assert not low_agreement(better)
    assert better.quantisation["agreement"]["full"] > worse.quantisation["agreement"]["full"]


def test_where_the_accelerator_has_no_more_bits_one_is_named_that_has(own, tmp_path):
    narrow = tmp_path / "narrow.yaml"
    narrow.write_text(
        "schema: deltasim/accelerator/1\nname: narrow\nextends: horowitz-45nm\n"
        "precision: {weight_bits: 2, activation_bits: 2}\n"
    )
    few = run_of(own, "narrow", "{}", f"accelerator: {narrow}\n")
    (found,) = beside(few, "float")
    assert f"on an accelerator with more than 2 and 2, such as {WIDE_ACCELERATOR}" in found.remedy
    assert "activation_bits there are, such as 12 (" in found.remedy
    bits = "{weight_bits: 12, activation_bits: 12}"
    wide = run_of(own, "wide", bits, f"accelerator: {WIDE_ACCELERATOR}\n")
    assert not low_agreement(wide)
    assert wide.quantisation["agreement"]["full"] > few.quantisation["agreement"]["full"]
    own_bits = [ds.load_accelerator(profile.name).precision for profile in list_profiles()]
    widest = ds.load_accelerator(WIDE_ACCELERATOR).precision
    for name in ("weight_bits", "activation_bits", "accumulator_bits"):
        assert getattr(widest, name) == max(getattr(each, name) for each in own_bits)


def test_sums_that_overflowed_are_the_first_thing_to_mend(own):
    wrapped = run_of(own, "wrapped", "{accumulator_bits: 14}")
    (found,) = beside(wrapped, "float")
    assert "sums overflow their 14 bits; more accumulator_bits" in found.remedy
    assert not low_agreement(run_of(own, "held", "{accumulator_bits: 32}"))
    wide = f"accelerator: {WIDE_ACCELERATOR}\n"
    (most,) = beside(run_of(own, "most", "{weight_bits: 16, activation_bits: 16}", wide), "float")
    assert most.remedy.endswith("sums overflow their 32 bits; fewer weight_bits and activation_bits")
    assert not low_agreement(run_of(own, "fewer", "{weight_bits: 12, activation_bits: 12}", wide))


def test_frames_of_ones_own_keep_the_answers_without_being_asked_to(own):
    run = run_of(own, "usual", "{}")
    assert set(agreement_percent(run).values()) == {100.0}
    assert not low_agreement(run)


def test_squeezenet_keeps_the_answers_of_a_clip_by_default(tmp_path):
    clip = write_clip(tmp_path / "clip.avi", "mpeg4", scene(6))
    loaded = load_experiment(*experiment_of(clip))
    pixels = loaded.frames.read(0, loaded.frames.count)
    scaled, full = (
        integer_forward(each, pixels).outputs * each.layers[-1].accumulator_scale
        for each in (loaded.quantised.scaled, loaded.quantised.full)
    )
    np.testing.assert_array_equal(scaled, full)


def same(one, other) -> bool:
    """Whether two values hold the same numbers all through, but for the name of their precision."""
    if is_dataclass(one):
        names = [field.name for field in fields(one) if field.name != "precision"]
        return all(same(getattr(one, name), getattr(other, name)) for name in names)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(np.array_equal(one, other)) if isinstance(one, np.ndarray) else one == other


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(
    graphs(most_nodes=6),
    st.sampled_from(["percentile", "largest", "mse"]),
    st.integers(2, 12),
    st.integers(2, 12),
)
def test_all_levels_make_the_original_of_any_network(graph, calibration, weight_bits, activation_bits):
    """So every answer is kept, whatever the frames."""
    pixels = int(np.prod(graph.shapes[INPUT]))
    frames = np.random.default_rng(1).integers(0, 256, (4, pixels)).astype(np.uint8)
    chosen = ds.Quantisation(
        levels="all", calibration=calibration, weight_bits=weight_bits, activation_bits=activation_bits
    )
    try:
        quantised = ds.quantise(graph, frames, chosen)
    except WorkloadError:
        return  # says what it can't take; tests of workloads look at that
    assert same(quantised.scaled, quantised.full)


@given(st.integers(1, 10_000), st.data())
def test_calibration_frames_are_spread(total, data):
    count = data.draw(st.integers(1, total))
    chosen = spread(total, count)
    gaps = set(np.diff([*chosen, total]).tolist())
    assert (chosen[0], len(chosen)) == (0, count)
    assert min(gaps) >= 1
    assert max(gaps) - min(gaps) <= 1


def test_calibration_sees_the_whole_range(own):
    """A clip that begins black, as many do, is calibrated on what comes after, too."""
    frames = load_frames(own / "frames.npy", frames="10:50")
    seen = calibration_frames(own / "frames.npy", frames, 4)
    np.testing.assert_array_equal(seen, np.load(own / "frames.npy")[[10, 20, 30, 40]])
    wide = Frames("wide", 9, (2**24,), None, lambda first, last: np.zeros((last - first, 2**24), np.uint8))
    assert len(calibration_frames(own / "frames.npy", wide, 9)) == CALIBRATION_BYTES // 2**24
    assert len(calibration_frames("temporal-mnist", load_frames("temporal-mnist"), None)) == 1000


@pytest.mark.parametrize("levels", [0, 65536, "many", 1.5])
def test_levels_that_are_none_are_refused_in_one_sentence(levels, tmp_path):
    (tmp_path / "wrong.yaml").write_text(f"schema: deltasim/experiment/1\nquantisation: {{levels: {levels}}}\n")
    result = deltasim("validate", "wrong.yaml", cwd=tmp_path)
    assert result.returncode == 2
    assert "wrong.yaml" in result.stderr
    assert "quantisation.levels" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr


def test_what_is_given_is_taken(own):
    given = {"levels": 7, "calibration": "percentile", "calibration_frames": 3}
    experiment = Experiment.model_validate(
        {"network": "own.npz", "frames": {"dataset": "frames.npy"}, "quantisation": given}
    )
    loaded = load_experiment(experiment, own)
    assert loaded.quantised.report.frames == 3
    assert loaded.quantised.scaled.scales != loaded.quantised.full.scales
