"""An experiment file: which accelerator, which network, which frames, how quantised, which of the four networks."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from hwmodels import Accelerator, ConfigError, Document, load_accelerator, read_yaml, validate_document
from hwmodels.validation import problem_at
from workloads import (
    Frames,
    Network,
    Quantisation,
    QuantisedNetwork,
    WorkloadError,
    load_frames,
    load_network,
    quantise,
)

BUNDLED: Final = "temporal-mnist"
USUAL_BITS: Final = 8
ModeName = Literal["original", "original_sparse", "temporal_difference", "rounding", "sigma_delta"]


class FramesChoice(BaseModel):
    """Which frames: a bundled data set or a `.npy` / `.npz` file, and which part of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(
        BUNDLED, description="bundled data set (`deltasim list`), or a .npy / .npz file of uint8 frames"
    )
    split: Literal["test", "train"] | None = Field(None, description="of a bundled data set; test unless given")
    range: str | None = Field(None, description="frames to run, start:stop, such as 0:1000; all unless given")
    seed: int | None = Field(None, ge=0, lt=2**32, description="of the order, for shuffled-mnist")


class Precision(BaseModel):
    """Widths and scales. Where a width is left out, 8 bits are taken, and the accelerator's own accumulators."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight_bits: int | None = Field(None, ge=2, le=16, description="bits of a weight, sign included")
    activation_bits: int | None = Field(None, ge=2, le=16, description="bits of an integer activation")
    accumulator_bits: int | None = Field(None, ge=8, le=32, description="bits of an accumulator, sign included")
    overflow: Literal["wrap", "saturate"] = Field("wrap", description="what a sum beyond the accumulator becomes")
    rounding: Literal["half_up", "half_even", "half_away"] = Field("half_up", description="where ties are rounded")
    levels: int = Field(15, ge=1, le=65535, description="integer steps that a layer's range spans at scale k")
    percentile: float = Field(99.9, gt=0, le=100, description="share of activations (%) within the calibrated range")
    scales: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] | None = Field(
        None, description="the paper's k of the input and of each hidden layer, instead of levels"
    )
    calibration_frames: int = Field(1000, ge=1, description="frames whose activations set the scales")


class Experiment(BaseModel):
    """One experiment. Every field but the schema has a default; together they are the bundled Temporal-MNIST run."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal["deltasim/experiment/1"] = Field("deltasim/experiment/1", alias="schema")
    name: str = Field(BUNDLED, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", description="also names the run directory")
    description: str = Field("", description="shown on the dashboard")
    accelerator: str = Field("horowitz-45nm", description="shipped profile, or a YAML file beside this one")
    network: str = Field("mnist-784-200-200-10", description="bundled network, or a .npz file beside this one")
    quantisation: Precision = Precision()
    frames: FramesChoice = FramesChoice()
    modes: tuple[ModeName, ...] | None = Field(
        None, min_length=1, description="all that the accelerator can run, unless given"
    )
    arrival: Literal["serial", "pipelined", "paced"] = Field(
        "serial", description="serial: one frame at a time; pipelined: as fast as taken; paced: at frame_rate_hz"
    )
    frame_rate_hz: float = Field(30.0, gt=0, le=1e9, allow_inf_nan=False, description="power is stated at this rate")
    engine: Literal["fast", "reference"] = Field("fast", description="reference: SimPy, one event per message, slow")
    record_messages: bool = Field(False, description="keep every message with its times (large)")


@dataclass(frozen=True)
class Loaded:
    """An experiment with everything it names loaded."""

    experiment: Experiment
    accelerator: Accelerator
    network: Network
    frames: Frames
    quantised: QuantisedNetwork


def read_experiment(path: Path | None = None) -> tuple[Experiment, Path]:
    """The experiment of a YAML file, or the bundled one, and the folder that its relative paths start from.

    Raises ConfigError naming file, line, field, value and what is allowed.
    """
    if path is None:
        with resources.as_file(resources.files("deltasim") / "experiments" / f"{BUNDLED}.yaml") as bundled:
            return validate_document(read_yaml(bundled, f"{BUNDLED} (bundled)"), Experiment), Path()
    document = read_yaml(path)
    _check_schema(document)
    return validate_document(document, Experiment), path.parent


def kind_of_file(path: Path) -> Literal["accelerator", "experiment"]:
    """What a YAML file is meant to be: what its `schema` says, or else what more of its fields belong to."""
    data = read_yaml(path).data
    keys, schema = data.keys(), str(data.get("schema", ""))
    if schema.startswith("deltasim/"):
        return "accelerator" if schema.startswith("deltasim/accelerator") else "experiment"
    counts = [len(keys & model.model_fields.keys()) for model in (Accelerator, Experiment)]
    return "accelerator" if counts[0] >= counts[1] else "experiment"


def load_experiment(experiment: Experiment, folder: Path) -> Loaded:
    """Load what the experiment names and quantise its network.

    Raises ConfigError (accelerator) or WorkloadError (network, frames, quantisation).
    """
    accelerator = load_accelerator(_beside(folder, experiment.accelerator, (".yaml", ".yml", ".json")))
    network = load_network(_beside(folder, experiment.network, (".npz",)))
    choice = experiment.frames
    source = _beside(folder, choice.dataset, (".npy", ".npz"))
    frames = load_frames(source, split=choice.split, frames=choice.range, seed=choice.seed)
    if frames.pixels != network.layers[0].weights.shape[0]:
        raise WorkloadError(
            f"frames {frames.name!r} have {frames.pixels} pixels ({' x '.join(map(str, frames.shape))}), network "
            f"{network.name!r} takes {network.layers[0].weights.shape[0]}: choose frames of that size"
        )
    settings = quantisation_of(experiment.quantisation, accelerator)
    calibration = calibration_frames(source, frames, experiment.quantisation.calibration_frames)
    return Loaded(experiment, accelerator, network, frames, quantise(network, calibration, settings))


def quantisation_of(precision: Precision, accelerator: Accelerator) -> Quantisation:
    """The settings with every width that was left out filled in: 8 bits, accumulators as wide as the accelerator's."""
    own = accelerator.precision
    given = precision.model_dump(exclude={"calibration_frames"})
    usual = {
        "weight_bits": min(USUAL_BITS, own.weight_bits),
        "activation_bits": min(USUAL_BITS, own.activation_bits),
        "accumulator_bits": own.accumulator_bits,
    }
    return Quantisation(**{**given, **{name: given[name] or bits for name, bits in usual.items()}})


def calibration_frames(source: Path | str, frames: Frames, count: int) -> NDArray[np.uint8]:
    """Frames that set the scales: the first of a bundled set's training split, or of the file itself."""
    bundled = not str(source).endswith((".npy", ".npz"))
    chosen = load_frames("mnist", split="train") if bundled else frames
    return chosen.read(0, min(count, chosen.count))


def _check_schema(document: Document) -> None:
    schema = str(document.data.get("schema", ""))
    if schema.startswith("deltasim/accelerator"):
        what = "is an accelerator, not an experiment: name it in the field 'accelerator' of an experiment file"
        raise ConfigError(problem_at(document, ("schema",), what))


def _beside(folder: Path, name: str, suffixes: tuple[str, ...]) -> Path | str:
    """A file name is relative to the experiment file; a bundled name stays as it is."""
    return folder / name if name.endswith(suffixes) else name
