"""What a configuration file says is what is taken: YAML's scalars, the kinds of numbers, and labels."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from deltasim.cli.overlay import with_options
from deltasim.experiment.files import Experiment, FramesChoice, Precision, read_experiment
from deltasim.experiment.mapping_choice import LayerPlace, MappingChoice
from deltasim.experiment.scales_file import SenderScale
from hwmodels import ConfigError, load_accelerator, read_yaml
from hwmodels.schema import parts as hardware
from workloads import Quantisation, WorkloadError, frames_of_array, load_frames
from workloads.graphs.labels import check_labels
from workloads.optimise import ScaleSearch

BASE = "extends: horowitz-45nm\n"
REFUSED = object()

# What YAML 1.2 makes of a plain scalar, and what is refused.
SCALARS: dict[str, Any] = {
    "true": True, "False": False, "yes": "yes", "on": "on", "off": "off", "n": "n",
    "null": None, "~": None, "''": "", "5": 5, "+5": 5, "-5": -5, "0o17": 15, "0x1F": 31, "010": 10,
    "1.5": 1.5, ".5": 0.5, "1e3": 1000.0, "1:30": "1:30", "1:30.5": "1:30.5", "2024-01-01": "2024-01-01",
    "2024-01-01T12:00:00Z": "2024-01-01T12:00:00Z", "'010'": "010", "'true'": "true", "<<": "<<", "=": "=",
    "nan": "nan", "inf": "inf", ".nan": REFUSED, ".inf": REFUSED, "-.INF": REFUSED, "1e400": REFUSED,
    "!!bool yes": REFUSED, "!!int x": REFUSED, "!!int 5": REFUSED, "!!str 5": REFUSED, "! 5": REFUSED,
    "!!float x": REFUSED, "!!null x": REFUSED, "!!map {}": REFUSED, "!!seq []": REFUSED, "!!set {a}": REFUSED,
    "!!timestamp x": REFUSED, "!!binary aGk=": REFUSED, "!!python/name:os.system ''": REFUSED, "!mine 5": REFUSED,
    "*nowhere": REFUSED, "[1, 2": REFUSED, "@x": REFUSED, "`x`": REFUSED, "%x": REFUSED,
}  # fmt: skip


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("head", ["", "%YAML 1.2\n---\n", "# first\n%YAML 1.2 # ours\n%TAG ! x\n---\n", "\ufeff"])
@pytest.mark.parametrize("text", SCALARS)
def test_every_scalar_has_the_meaning_of_yaml_1_2_or_is_refused(tmp_path: Path, head: str, text: str) -> None:
    path = written(tmp_path, f"{head}a: {text}\n")
    if SCALARS[text] is REFUSED:
        with pytest.raises(ConfigError) as caught:
            read_yaml(path)
        assert "\n" not in str(caught.value)
        assert str(caught.value).startswith(f"{path}:")
        return
    value = read_yaml(path).data["a"]
    assert value == SCALARS[text]
    assert isinstance(value, type(SCALARS[text]))


@pytest.mark.parametrize("version", ["1.1", "1.0", "1.3", "2.0", "1.10", "01.2", "1", "x", "1.1\r"])
@pytest.mark.parametrize("before", ["", "# a comment\n\n", "\ufeff", "  # indented\n", "...\n", "%FOO bar\n", "#\r"])
def test_a_file_of_another_yaml_is_refused_in_one_sentence(tmp_path: Path, version: str, before: str) -> None:
    path = written(tmp_path, f"{before}%YAML {version}\n---\n{BASE}mesh: {{multicast: yes}}\n")
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    assert "\n" not in str(caught.value)
    assert caught.value.line == len(before.replace("\r", "\n").split("\n"))
    assert "only YAML 1.2 is read here: leave this line out" in str(caught.value)


def test_the_remedy_for_another_yaml_works(tmp_path: Path) -> None:
    text = BASE + "mesh: {multicast: true}\ncore: {add: {type: int32, lanes: 0o17}}\n"
    chip = load_accelerator(written(tmp_path, text))
    assert (chip.mesh.multicast, chip.core.add.lanes) == (True, 15)


def models() -> list[type[BaseModel]]:
    ours = [Experiment, FramesChoice, Precision, MappingChoice, LayerPlace, SenderScale, Quantisation, ScaleSearch]
    parts = [each for each in vars(hardware).values() if isinstance(each, type) and issubclass(each, BaseModel)]
    return [*ours, *parts]


def plain(annotation: Any, kinds: tuple[type, ...]) -> bool:
    """Whether the annotation is one of the kinds, or a choice between it and nothing."""
    choices = set(get_args(annotation)) or {annotation}
    return bool(choices & set(kinds)) and choices <= {*kinds, type(None)}


def fields(*kinds: type) -> list[Any]:
    return [
        pytest.param(info, id=f"{model.__name__}.{name}")
        for model in models()
        for name, info in model.model_fields.items()
        if plain(info.annotation, kinds)
    ]


def adapter(info: FieldInfo) -> TypeAdapter[Any]:
    holder = type("Holder", (BaseModel,), {"__annotations__": {"it": info.annotation}, "it": info})
    return TypeAdapter(holder)


def refused(info: FieldInfo, value: object) -> None:
    with pytest.raises(ValidationError) as caught:
        adapter(info).validate_python({"it": value})
    assert len(caught.value.errors()) == 1


@pytest.mark.parametrize("info", fields(int))
@pytest.mark.parametrize("value", [True, False, "16", "0x10", 16.0, 1.5, b"16", Decimal(16), np.True_, [16]])
def test_only_a_whole_number_is_a_whole_number(info: FieldInfo, value: object) -> None:
    unit = any("_bits" in str(each) for each in info.metadata)  # a width may have a unit, and be a whole float
    if unit and type(value) in {float, Decimal} and value == 16:
        return
    refused(info, value)


@pytest.mark.parametrize("info", fields(float))
@pytest.mark.parametrize("value", [True, False, "1", "1e3", b"1", np.True_, [1.0], 1j])
def test_only_a_number_is_a_number(info: FieldInfo, value: object) -> None:
    refused(info, value)


@pytest.mark.parametrize("info", fields(float))
@pytest.mark.parametrize("value", [1, 1.0, np.int64(1), np.float32(1), np.float64(1)])
def test_any_number_is_a_fraction(info: FieldInfo, value: object) -> None:
    assert adapter(info).validate_python({"it": value}).it == 1.0


@pytest.mark.parametrize("info", fields(bool))
@pytest.mark.parametrize("value", [0, 1, "true", "yes", "on", 1.0, [], np.int64(1)])
def test_only_a_switch_is_a_switch(info: FieldInfo, value: object) -> None:
    refused(info, value)


@pytest.mark.parametrize("info", fields(str))
@pytest.mark.parametrize("value", [5, True, 1.5, ["a"]])
def test_only_text_is_text(info: FieldInfo, value: object) -> None:
    refused(info, value)


EXPERIMENTS = [
    ("quantisation: {levels: true}", "quantisation.levels: true: must be a whole number"),
    ("quantisation: {levels: '16'}", "quantisation.levels: 16: must be a whole number from 1 to 65535, or all"),
    ("quantisation: {levels: 16.0}", "quantisation.levels: 16.0: must be a whole number"),
    ("quantisation: {scales: ['16']}", "quantisation.scales[0]: 16: must be a number, without quotes"),
    ("quantisation: {scales: [true]}", "quantisation.scales[0]: true: must be a number"),
    ("frame_rate_hz: '30'", "frame_rate_hz: 30: must be a number, without quotes or a unit"),
    ("frame_rate_hz: true", "frame_rate_hz: true: must be a number"),
    ("record_messages: 1", "record_messages: 1: must be true or false"),
    ("record_messages: yes", "record_messages: yes: must be true or false"),
    ("mapping: {cores: '4'}", "mapping.cores: 4: must be a whole number"),
    ("mapping: {layers: {a: {cores: ['1']}}}", "mapping.layers.a.cores[0]: 1: must be a whole number"),
    ("mapping: {layers: {a: {cores: []}}}", "mapping.layers.a.cores: must have at least 1 item"),
    ("frames: {seed: true}", "frames.seed: true: must be a whole number"),
    ("frames: {range: 5}", "frames.range: 5: must be text: put it in quotes"),
    ("name: 5", "name: 5: must be text: put it in quotes"),
    ("modes: [sigma_dleta]", "modes[0]: sigma_dleta: must be 'original', 'original_sparse', 'temporal_difference', "),
    ("arrival: parallel", "arrival: parallel: must be 'serial', 'pipelined' or 'paced'"),
    ("engine: refrence", "did you mean 'reference'?"),
]


@pytest.mark.parametrize(("text", "says"), EXPERIMENTS)
def test_a_wrong_kind_in_an_experiment_is_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path, text + "\n")
    with pytest.raises(ConfigError) as caught:
        read_experiment(path)
    assert str(caught.value).startswith(f"{path}:1: ")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_modes_may_be_written_with_hyphens(tmp_path: Path) -> None:
    path = written(tmp_path, "modes: [sigma-delta, original-sparse]\n")
    assert read_experiment(path)[0].modes == ("sigma_delta", "original_sparse")
    assert with_options(Experiment(), modes="sigma-delta, rounding").modes == ("sigma_delta", "rounding")


PIXELS = np.zeros((4, 2, 2), np.uint8)


@given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 12), min_size=4, max_size=4), st.integers(1, 10))
def test_labels_are_numbers_of_outputs(labels: list[int], classes: int) -> None:
    frames = frames_of_array("clip", PIXELS, np.array(labels, np.int64))
    wrong = [(place, label) for place, label in enumerate(labels) if not 0 <= label < classes]
    if not wrong:
        check_labels(frames, classes)
        return
    with pytest.raises(WorkloadError) as caught:
        check_labels(frames, classes)
    place, label = wrong[0]
    assert f"label {label} of frame {place} is none of the network's {classes} outputs" in str(caught.value)
    assert f"needed 0 to {classes - 1}" in str(caught.value)


@pytest.mark.parametrize(
    "labels",
    [np.zeros(3, np.int64), np.zeros(4), np.eye(4, dtype=np.int64), np.zeros((4, 1), np.int64), np.ones(4, bool)],
)
def test_labels_of_another_kind_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(WorkloadError, match=r"labels are .*; needed \(4,\) integers, one per frame"):
        check_labels(replace(frames_of_array("clip", PIXELS), labels=labels), 10)


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.uint64])
def test_labels_of_a_file_keep_their_value(tmp_path: Path, dtype: type) -> None:
    np.savez(tmp_path / "clip.npz", frames=PIXELS, labels=np.array([0, 1, 2, 100], dtype))
    labels = load_frames(tmp_path / "clip.npz").labels
    assert labels is not None
    assert labels.tolist() == [0, 1, 2, 100]


def test_a_label_beyond_an_int64_is_no_small_negative_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "clip.npz", frames=PIXELS, labels=np.array([0, 1, 2, 2**64 - 1], np.uint64))
    with pytest.raises(WorkloadError, match=f"label {2**63 - 1} of frame 3"):
        check_labels(load_frames(tmp_path / "clip.npz"), 10)
