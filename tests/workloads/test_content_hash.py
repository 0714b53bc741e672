"""What tells networks, frames, settings and runs apart: every field of every type that is hashed."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from every_field import annotations, first, make, reachable, values
from hypothesis import given
from hypothesis import strategies as st

import deltasim as ds
from deltasim.experiment.execute import run_job
from deltasim.experiment.files import Experiment
from deltasim.experiment.job import Job, plan_job
from deltasim.experiment.optimise_job import OptimiseJob
from deltasim.experiment.settings import Settings, settings_of
from deltasim.paper.film import Film
from deltasim.paper.place import Figure
from workloads import Frames, IntegerNetwork, Network, Preprocessing, QuantisedNetwork, frames_of_array
from workloads.content_hash import content_sha256, hashed_fields, unhashed_fields
from workloads.frames.preprocess import Preprocessing as ImagePreprocessing
from workloads.integer.float_layers import FloatLayer
from workloads.optimise import ScaleSearch, SenderCost

ROOTS = (
    Job,
    Network,
    QuantisedNetwork,
    IntegerNetwork,
    Frames,
    Settings,
    OptimiseJob,
    ScaleSearch,
    SenderCost,
    FloatLayer,
    Preprocessing,
    ImagePreprocessing,
    Figure,
    Film,
)
NOT_HASHED = {
    ("Frames", "read"): "a function: what it reads is hashed",
    ("Job", "plans"): "made from network, accelerator, settings and mapping, all hashed",
    ("Settings", "mapping"): "the mapping itself is hashed, whichever way it was found",
    ("Figure", "command"): "the same experiment may be asked for in other words",
}


def types_hashed() -> list[type]:
    """All record types that a hash meets: those behind a field that does not count are not among them."""
    found, waiting = set(), list(ROOTS)
    while waiting:
        kind = waiting.pop()
        if kind not in found:
            found.add(kind)
            hints = annotations(kind)
            waiting.extend(below for name in hashed_fields(kind) for below in reachable(hints[name]))
    return sorted(found, key=lambda kind: kind.__qualname__)


HASHED = types_hashed()


def readable(record: Any) -> Any:
    """The record, its frames with pixels where it has any."""
    for each in (record, *vars(record).values()):
        if isinstance(each, Frames):
            each.__dict__["source"] = each.source or "pixels of nobody"
    return record


@pytest.mark.parametrize("kind", HASHED, ids=lambda kind: kind.__qualname__)
def test_every_field_changes_the_hash(kind: type) -> None:
    for name, annotation in annotations(kind).items():
        changed = [readable(make(kind, {**vars(first(kind)), name: value})) for value in values(annotation)]
        hashes = {content_sha256(each) for each in changed}
        if (kind.__qualname__, name) in NOT_HASHED:
            assert len(hashes) == 1, name
        elif (kind, name) == (Frames, "source"):  # None and the text that stands for it above are one
            assert len(hashes) == len(changed) - 1
        else:
            assert len(hashes) == len(changed), name


def test_what_does_not_count_says_so_and_why() -> None:
    found = {(kind.__qualname__, name): why for kind in HASHED for name, why in unhashed_fields(kind).items()}
    assert found.keys() == NOT_HASHED.keys()
    assert all(len(why.split()) > 3 for why in found.values())


def test_types_of_equal_fields_differ() -> None:
    hashes = [content_sha256(readable(first(kind))) for kind in HASHED]
    assert len(set(hashes)) == len(hashes)


def json_values() -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
    return st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(json_values(), json_values())
def test_no_two_values_run_into_each_other(one: Any, other: Any) -> None:
    assert (content_sha256(one) == content_sha256(other)) == (_shown(one) == _shown(other))


def _shown(value: Any) -> str:
    """A text of its own for every value: True is not 1, 1 not 1.0, 0.0 not -0.0."""
    if isinstance(value, Mapping):
        return repr([(key, _shown(value[key])) for key in sorted(value)]) + "mapping"
    return repr([_shown(each) for each in value]) if isinstance(value, list) else repr(value)


def test_neighbours_keep_apart() -> None:
    pairs = [("ab", "c"), ("a", "bc"), ("abc", ""), (["ab", "c"],), (["ab"], "c"), (b"ab", "c"), ("ab", b"c")]
    arrays = [(np.arange(4).reshape(2, 2),), (np.arange(4),), (np.arange(2), np.arange(2, 4)), (np.arange(4.0),)]
    assert len({content_sha256(each) for each in (*pairs, *arrays)}) == len(pairs) + len(arrays)


def test_memory_layout_and_number_type_do_not_count() -> None:
    array = np.arange(6, dtype=np.int32).reshape(2, 3)
    assert content_sha256(array) == content_sha256(np.asfortranarray(array)) == content_sha256(array.astype(">i4"))
    assert content_sha256([1, 0.5, True]) == content_sha256([np.int64(1), np.float64(0.5), np.bool_(True)])


@pytest.mark.parametrize("value", [{1, 2}, Path("a"), {1: 2}, np.array([None]), len, 1j])
def test_what_has_no_content_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="hashed by its content"):
        content_sha256(value)


def test_hashes_are_the_same_in_every_process() -> None:
    program = (
        "import os; from workloads.content_hash import content_sha256 as c; print(c({'b': [1, 2.5], 'a': (None,)}))"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {content_sha256({"a": (None,), "b": [1, 2.5]})}
    assert found == {"4a3a54bcdb9bda253805c3fbac3e7b1f05403b56b742b123753db738dcfd373a"}


def small(seed: int = 0) -> tuple[QuantisedNetwork, Frames]:
    random = np.random.default_rng(seed)
    shapes = ((6, 5), (5, 4))
    weights = [random.normal(size=shape) for shape in shapes]
    network = ds.network_from_arrays(weights, [random.normal(size=shape[1]) for shape in shapes])
    pixels = random.integers(0, 256, (4, 6), dtype=np.uint8)
    return ds.quantise(network, pixels), _frames(pixels)


def _frames(pixels: np.ndarray) -> Frames:
    return frames_of_array("array", pixels)


def job_of(network: QuantisedNetwork, frames: Frames, **changes: Any) -> Job:
    chip = changes.pop("accelerator", ds.load_accelerator("horowitz-45nm"))
    settings = Settings(modes=("original", "sigma_delta"), **changes.pop("settings", {}))
    return plan_job(network, frames, chip, settings, **changes)


def test_networks_that_differ_in_the_scale_of_one_output_are_two_runs(tmp_path: Path) -> None:
    network, frames = small()
    last = network.full.layers[-1]
    scale = last.accumulator_scale * np.array([1, 1, 1, 1000.0])
    layers = (*network.full.layers[:-1], replace(last, accumulator_scale=scale))
    other = replace(network, networks={**network.networks, "full": replace(network.full, layers=layers)})
    run = run_job(job_of(network, frames), tmp_path / "run")
    with pytest.raises(ds.RunError, match="another run"):
        run_job(job_of(other, frames), tmp_path / "run")
    apart = run_job(job_of(other, frames), tmp_path / "other")
    assert apart.manifest["output_scales"]["original"][3] == 1000 * run.manifest["output_scales"]["original"][3]
    assert run_job(job_of(network, frames), tmp_path / "run").manifest == run.manifest


def test_what_a_run_shows_is_part_of_it() -> None:
    network, frames = small()
    chip = ds.load_accelerator("horowitz-45nm")
    jobs = [
        job_of(network, frames),
        job_of(network, frames, classes=("a", "b", "c", "d")),
        job_of(network, frames, channels="bgr"),
        job_of(network, frames, experiment_yaml="description: mine\n"),
        job_of(network, frames, settings={"name": "mine"}),
        job_of(network, replace(frames, name="other")),
        job_of(network, replace(frames, warnings=("cut off",))),
        job_of(network, frames, accelerator=chip.model_copy(update={"description": "mine"})),
        job_of(replace(network, report=replace(network.report, agreement={"full": 0.5})), frames),
    ]
    assert len({job.config_sha256 for job in jobs}) == len(jobs)
    assert jobs[0].config_sha256 == job_of(*small()).config_sha256


def test_settings_are_the_same_wherever_they_are_given() -> None:
    simulate = inspect.signature(ds.simulate).parameters
    defaults = Settings()
    experiment = Experiment()
    for each in fields(Settings):
        usual = "fit" if each.name == "mapping" else getattr(defaults, each.name)
        assert simulate[each.name].default == usual
        if each.name != "name":  # that of the bundled experiment
            assert getattr(experiment, each.name) == getattr(defaults, each.name)
        value = next(
            value for value in values(annotations(Settings)[each.name]) if value != getattr(defaults, each.name)
        )
        assert getattr(settings_of(make(Experiment, {**vars(experiment), each.name: value})), each.name) == value
    others = {"network", "frames", "accelerator", "out", "overwrite", "threads", "traces", "progress"}
    assert simulate.keys() - {each.name for each in fields(Settings)} == others


def test_frames_without_a_source_are_hashed_by_their_pixels() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (3, 2, 2), dtype=np.uint8)
    other = pixels.copy()
    other[2, 1, 1] ^= 1
    assert _frames(pixels).sha256() == _frames(pixels.copy()).sha256() != _frames(other).sha256()
    assert _frames(pixels).sha256() != _frames(pixels.reshape(3, 4)).sha256()
    sourced = replace(_frames(pixels), source="x")
    assert sourced.sha256() == replace(_frames(other), source="x").sha256() != _frames(pixels).sha256()
