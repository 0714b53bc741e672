"""A scales file: the k that `deltasim optimise` found, with all that says how, for `deltasim run --scales`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from deltasim.experiment.yaml_text import to_yaml
from hwmodels import ConfigError, Document, Problem, read_yaml, validate_document
from hwmodels.loading.validation import problem_at
from reports.run.atomic import replace_text
from workloads import Network
from workloads.field_types import Real
from workloads.integer.baking import bake_scales
from workloads.integer.lowering import lower

SCHEMA: Final = "deltasim/scales/1"
Positive = Annotated[Real, Field(gt=0, allow_inf_nan=False)]


class SenderScale(BaseModel):
    """The scale of what one layer sends; `units`: of each of its channels, relative to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sender: str = Field(description="the input, or the layer")
    scale: Positive = Field(description="the paper's k")
    units: tuple[Positive, ...] | None = Field(None, description="factor of every channel, where each has its own k")


class ScalesFile(BaseModel):
    """Scales for one network."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    schema_version: Literal["deltasim/scales/1"] = Field("deltasim/scales/1", alias="schema")
    network: str = Field(description="the network that these scales are for")
    network_sha256: str = Field(description="hash of its weights, structure and names")
    found: dict[str, Any] = Field(default_factory=dict, description="how they were found, for people")
    scales: tuple[SenderScale, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Scaled:
    """A network, and the scale of its input and of every hidden layer."""

    network: Network
    scales: tuple[float, ...]


def network_hash(network: Network) -> str:
    """Equal for networks with the same nodes, weights, names and preprocessing."""
    return network.sha256()


def write_scales(path: Path, scales: ScalesFile) -> None:
    """Write the file in one step."""
    replace_text(path, to_yaml(scales.model_dump(mode="json", by_alias=True, exclude_none=True)))


def apply_scales(path: Path, network: Network) -> Scaled:
    """`network` with the scales of the file; scales of single channels are baked into its weights (Appendix C).

    Raises ConfigError if there is no such file, or it is for another network.
    """
    document = read_yaml(path)
    file = validate_document(document, ScalesFile)
    if file.network_sha256 != network_hash(network):
        what = (
            f"is of another network than {network.name!r}, or was written by an older deltasim; find its own: deltasim "
            "optimise --network and all else as for this run"
        )
        raise ConfigError(problem_at(document, ("network_sha256",), what))
    _check_senders(document, file, [layer.name for layer in lower(network).layers[:-1]])
    scales = tuple(each.scale for each in file.scales)
    if all(each.units is None for each in file.scales):
        return Scaled(network, scales)
    units = [None if each.units is None else np.array(each.units) for each in file.scales]
    return Scaled(bake_scales(network, units), scales)


def _check_senders(document: Document, file: ScalesFile, layers: list[str]) -> None:
    """Raise ConfigError unless the file has the input and every layer but the last, in order."""
    found = [each.sender for each in file.scales]
    if found[1:] == layers:
        return
    needed = ", ".join(["the input", *layers])
    problem: Problem = problem_at(document, ("scales",), f"are of {', '.join(found)}; needed, in this order: {needed}")
    raise ConfigError(problem)
