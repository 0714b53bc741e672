"""An experiment file: which accelerator, which network, which frames, how quantised, which of the four networks."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from shlex import quote
from typing import Annotated, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Discriminator, Field, Tag

from deltasim.experiment.mapping_choice import MappingChoice, MappingField
from deltasim.experiment.mode_name import ModeName
from deltasim.experiment.scales_file import apply_scales
from deltasim.experiment.settings import ArrivalName, EngineName, Settings
from hwmodels import Accelerator, ConfigError, Document, Problem, load_accelerator, read_yaml, validate_document
from hwmodels.loading.validation import problem_at
from workloads import (
    Frames,
    Network,
    Quantisation,
    QuantisedNetwork,
    WorkloadError,
    fit_frames,
    list_datasets,
    load_frames,
    load_network,
    quantise,
)
from workloads.assets import ASSETS, asset_named, find_asset
from workloads.field_types import Options, Real, Switch, Whole
from workloads.graphs.normalisation import NORMALISATIONS, Normalisation
from workloads.integer.quantisation import Levels
from workloads.integer.quantising import CALIBRATION_BYTES

BUNDLED: Final = "temporal-mnist"
USUAL_BITS: Final = 8
CLIP_NETWORK: Final = "squeezenet11"
CLIP_ACCELERATOR: Final = "vgg-class"  # has room for pictures of 224 x 224, and lanes for video rate
STACKS: Final = frozenset({".npy", ".npz"})
NARROWEST: Final = {"weight_bits": 2, "activation_bits": 2, "accumulator_bits": 8}  # that a network is quantised to
BUNDLED_PRECISION: Final[Mapping[str, int | str]] = {
    "levels": 15,
    "calibration": "percentile",
    "calibration_frames": 1000,
}
OWN_PRECISION: Final[Mapping[str, int | str]] = {"levels": "all", "calibration": "mse", "calibration_frames": 16}
"""What is taken of frames of one's own where nothing is said; measured by `python -m benchmarks.agreement`."""
Side = Annotated[Whole, Field(ge=1)]


def _file_or_list(given: object) -> Literal["file", "list"]:
    return "file" if isinstance(given, str) else "list"


Scales: TypeAlias = Annotated[  # told apart by hand, so that a wrong number is not also said to be no file name
    Annotated[tuple[Annotated[Real, Field(gt=0, allow_inf_nan=False)], ...], Tag("list")] | Annotated[str, Tag("file")],
    Discriminator(_file_or_list),
]


class FramesChoice(Options):
    """Which frames: a bundled data set or a `.npy` / `.npz` file, and which part of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(
        BUNDLED,
        description="bundled data set (`deltasim list`), fetched clip (`deltasim data list`), or beside this file: "
        "a video, a folder of images, a .npy or .npz stack of uint8 frames",
    )
    split: Literal["test", "train"] | None = Field(None, description="of a bundled data set; test unless given")
    range: str | None = Field(None, description="frames to run, start:stop, such as 0:1000; all unless given")
    seed: Whole | None = Field(None, ge=0, lt=2**32, description="of the order, for shuffled-mnist")
    stride: Whole | None = Field(None, ge=1, description="of a file: every stride-th frame of the range")
    fit: Literal["stretch", "crop"] | None = Field(None, description="of a file: how frames are brought to size")
    resampling: Literal["area", "bilinear", "nearest"] | None = Field(
        None, description="of a file: and by which filter"
    )


class Precision(Options):
    """Widths and scales. Where a width is left out, 8 bits are taken, and the accelerator's own accumulators."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight_bits: Whole | None = Field(None, ge=2, le=16, description="bits of a weight, sign included")
    activation_bits: Whole | None = Field(None, ge=2, le=16, description="bits of an integer activation")
    accumulator_bits: Whole | None = Field(None, ge=8, le=32, description="bits of an accumulator, sign included")
    overflow: Literal["wrap", "saturate"] = Field("wrap", description="what a sum beyond the accumulator becomes")
    rounding: Literal["half_up", "half_even", "half_away"] = Field("half_up", description="where ties are rounded")
    levels: Levels | None = Field(
        None,
        description="integer steps that a layer's range spans at scale k; all: as many as its integers have, which "
        "keeps the original's answers. Unless given 15 for a bundled data set, all for frames of one's own",
    )
    calibration: Literal["percentile", "largest", "mse"] | None = Field(
        None,
        description="a layer's range: by percentile, the largest activation, or least squared error (mse). Unless "
        "given percentile for a bundled data set, mse for frames of one's own",
    )
    percentile: Real = Field(99.9, gt=0, le=100, description="share of activations (%) within the calibrated range")
    scales: Scales | None = Field(
        None,
        description="the paper's k of the input and of each hidden layer, instead of levels; or a scales file beside "
        "this one, as `deltasim optimise` writes it",
    )
    calibration_frames: Whole | None = Field(
        None,
        ge=1,
        description="frames whose activations set the scales, of one's own frames spread evenly over the range. Unless "
        "given 1000 for a bundled data set, 16 for frames of one's own",
    )


class Experiment(Options):
    """One experiment. Every field but the schema has a default; together they are the bundled Temporal-MNIST run."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal["deltasim/experiment/1"] = Field("deltasim/experiment/1", alias="schema")
    name: str = Field(BUNDLED, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,79}$", description="also names the run directory")
    description: str = Field("", description="shown on the dashboard")
    accelerator: str = Field("horowitz-45nm", description="shipped profile, or a YAML file beside this one")
    network: str = Field(
        "mnist-784-200-200-10", description="bundled or fetched network, or a .onnx or .npz file beside this one"
    )
    output: str | None = Field(
        None, description="node or value at which the network ends, instead of its own output (ONNX files, graphs)"
    )
    input_shape: tuple[Side, Side, Side] | None = Field(
        None, description="(C, H, W) of a frame, where an ONNX file leaves it open or the network can take another"
    )
    normalisation: Normalisation | None = Field(
        None, description="how pixels become the input of a network that does not say so itself, such as ONNX"
    )
    quantisation: Precision = Precision()
    frames: FramesChoice = FramesChoice()
    modes: tuple[ModeName, ...] | None = Field(
        None, min_length=1, description="all that the accelerator can run, unless given"
    )
    mapping: MappingField = Field(
        MappingChoice(), description="which cores the layers run on: fit, balance, or every layer's own cores"
    )
    arrival: ArrivalName = Field(
        Settings.arrival,
        description="serial: one frame at a time; pipelined: as fast as taken; paced: at frame_rate_hz",
    )
    frame_rate_hz: Real = Field(
        Settings.frame_rate_hz,
        gt=0,
        le=1e9,
        allow_inf_nan=False,
        description="power and energy are stated at this rate",
    )
    engine: EngineName = Field(Settings.engine, description="reference: SimPy, one event per message, slow")
    record_messages: Switch = Field(Settings.record_messages, description="keep every message with its times (large)")


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


def experiment_of(given: Path | None) -> tuple[Experiment, Path]:
    """The experiment of a YAML file; of a video, folder of images or fetched clip SqueezeNet on it; the bundled one."""
    fetched = given is not None and str(given) in ASSETS and not given.exists()
    if given is None or given.suffix in {".yaml", ".yml", ".json"} or not (given.exists() or fetched):
        return read_experiment(given)
    if given.suffix == ".onnx":
        raise WorkloadError(
            f"{given} is a network; name it after the frames: deltasim run CLIP --network {quote(str(given))}"
        )
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", given.stem).strip("-.") or "clip"
    frames = FramesChoice(dataset=str(given) if fetched else str(given.absolute()))
    return Experiment(name=name, network=CLIP_NETWORK, accelerator=CLIP_ACCELERATOR, frames=frames), Path()


def kind_of_file(path: Path) -> Literal["accelerator", "experiment"]:
    """What a YAML file is meant to be: what its `schema` says, or else what more of its fields belong to."""
    data = read_yaml(path).data
    keys, schema = data.keys(), str(data.get("schema", ""))
    if schema.startswith("deltasim/"):
        return "accelerator" if schema.startswith("deltasim/accelerator") else "experiment"
    counts = [len(keys & model.model_fields.keys()) for model in (Accelerator, Experiment)]
    return "accelerator" if counts[0] >= counts[1] else "experiment"


def load_experiment(experiment: Experiment, folder: Path, say: Callable[[str], None] | None = None) -> Loaded:
    """Load what the experiment names and quantise its network; before that takes its time, `say` is told.

    Raises ConfigError (accelerator) or WorkloadError (network, frames, quantisation).
    """
    accelerator = load_accelerator(_beside(folder, experiment.accelerator, (".yaml", ".yml", ".json")))
    network = named_network(
        experiment.network,
        folder,
        experiment.normalisation,
        output=experiment.output,
        input_shape=experiment.input_shape,
    )
    source = _source(folder, experiment.frames.dataset)
    frames = fit_frames(_frames(source, experiment.frames, network), network.input_shape, network.name)
    precision = usual_precision(experiment.quantisation, bundled=not isinstance(source, Path))
    network, precision = _at_scales(network, precision, folder)
    settings = quantisation_of(precision, accelerator)
    calibration = calibration_frames(source, frames, precision.calibration_frames)
    if say is not None:
        say(f"quantising {network.name} on {len(calibration):,} calibration frames")
    return Loaded(experiment, accelerator, network, frames, quantise(network, calibration, settings))


def named_network(
    name: str,
    folder: Path,
    normalisation: Normalisation | None,
    *,
    output: str | None = None,
    input_shape: tuple[int, ...] | None = None,
) -> Network:
    """A bundled or fetched network, or that of a file in `folder`, with how pixels become its input; see load_network.

    Raises WorkloadError if it is not there, cannot be had so, or does not say how they do.
    """
    network = load_network(_network(folder, name), output=output, input_shape=input_shape, normalisation=normalisation)
    if network.preprocessing is None:
        raise WorkloadError(
            f"network {network.name!r} does not say how pixels become its input; choose one: --normalisation, or the "
            f"experiment's field normalisation: {', '.join(NORMALISATIONS)}"
        )
    return network


def _at_scales(network: Network, precision: Precision, folder: Path) -> tuple[Network, Precision]:
    """The network and its settings with the scales of a file, if one is named."""
    if not isinstance(precision.scales, str):
        return network, precision
    scaled = apply_scales(folder / precision.scales, network)
    return scaled.network, precision.model_copy(update={"scales": scaled.scales})


def _frames(source: Path | str, choice: FramesChoice, network: Network) -> Frames:
    """The frames chosen; pictures are brought to the network's size and order of channels."""
    if not isinstance(source, Path):
        return load_frames(
            source, split=choice.split, frames=choice.range, seed=choice.seed, stride=choice.stride, fit=choice.fit
        )
    pictures = source.suffix not in STACKS
    shape = network.input_shape[-2:]
    size = (shape[0], shape[1]) if pictures and len(shape) == 2 else None  # none: what does not fit is said later
    return load_frames(
        source,
        split=choice.split,
        frames=choice.range,
        seed=choice.seed,
        stride=choice.stride,
        size=size,
        channels=channel_order(network) if pictures else None,
        fit=choice.fit,
        resampling=choice.resampling,
    )


def channel_order(network: Network) -> Literal["rgb", "bgr", "gray"]:
    """The order of channels that a network wants: what it says, else rgb for three channels and gray for one."""
    if network.preprocessing is not None and network.input_map == network.input_shape:
        return network.preprocessing.order
    return "rgb" if len(network.input_shape) == 3 and network.input_shape[0] == 3 else "gray"


def quantisation_of(precision: Precision, accelerator: Accelerator) -> Quantisation:
    """The settings with every width that was left out filled in: 8 bits, accumulators as wide as the accelerator's."""
    own = accelerator.precision
    given = usual_precision(precision, bundled=True).model_dump(exclude={"calibration_frames"})
    usual = {
        "weight_bits": min(USUAL_BITS, own.weight_bits),
        "activation_bits": min(USUAL_BITS, own.activation_bits),
        "accumulator_bits": own.accumulator_bits,
    }
    for name, least in NARROWEST.items():
        if given[name] is None and usual[name] < least:
            raise ConfigError(
                Problem(
                    f"accelerator {accelerator.name!r}",
                    None,
                    f"precision.{name}",
                    str(usual[name]),
                    f"too narrow for any network: needed {least} or more",
                )
            )
    return Quantisation(**{**given, **{name: given[name] or bits for name, bits in usual.items()}})


def usual_precision(precision: Precision, *, bundled: bool) -> Precision:
    """The settings with levels and calibration filled in where they were left out.

    Frames of one's own are shown to networks that nobody has tried at few levels: they get all that there are.
    """
    usual = BUNDLED_PRECISION if bundled else OWN_PRECISION
    left_out = {name: value for name, value in usual.items() if getattr(precision, name) is None}
    return precision.model_copy(update=left_out)


def calibration_frames(source: Path | str, frames: Frames, count: int | None) -> NDArray[np.uint8]:
    """Frames (n, pixels) uint8 that set the scales, at most `count` and 64 MiB of them.

    Of a bundled set the first of its training split; of a file, whose shots may differ, some all over the chosen range.
    """
    count = count or int(BUNDLED_PRECISION["calibration_frames"])
    if isinstance(source, Path):
        count = min(count, max(1, CALIBRATION_BYTES // frames.pixels), frames.count)
        return np.concatenate([frames.read(index, index + 1) for index in spread(frames.count, count)])
    chosen = load_frames("mnist", split="train")
    return chosen.read(0, min(count, max(1, CALIBRATION_BYTES // chosen.pixels), chosen.count))


def spread(total: int, count: int) -> list[int]:
    """`count` of the numbers below `total`, ascending, as evenly as integers allow, from 0 on."""
    return [index * total // count for index in range(count)]


def _check_schema(document: Document) -> None:
    schema = str(document.data.get("schema", ""))
    if schema.startswith("deltasim/accelerator"):
        what = "is an accelerator, not an experiment: name it in the field 'accelerator' of an experiment file"
        raise ConfigError(problem_at(document, ("schema",), what))


def _source(folder: Path, dataset: str) -> Path | str:
    """A bundled data set's name, or the path of a file, folder or fetched clip."""
    if dataset in list_datasets():
        return dataset
    return _fetched(dataset) if dataset in ASSETS else folder / dataset


def _network(folder: Path, name: str) -> Path | str:
    """A bundled network's name, or the path of a file beside the experiment or of a fetched network."""
    return _fetched(name) if name in ASSETS else _beside(folder, name, (".npz", ".onnx"))


def _fetched(name: str) -> Path:
    found = find_asset(asset_named(name))
    if found is None:
        raise WorkloadError(f"{name} has not been fetched yet: deltasim data fetch {name}")
    return found


def _beside(folder: Path, name: str, suffixes: tuple[str, ...]) -> Path | str:
    """A file name is relative to the experiment file; a bundled name stays as it is."""
    return folder / name if name.endswith(suffixes) else name
