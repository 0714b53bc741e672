"""What an experiment says of the mapping: found automatically, or written out layer by layer."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from hwmodels.chip import Chip
from simulator import Mapping, Placement, SimulationError, map_automatically
from simulator.placement.mapping import layer_names
from workloads import IntegerNetwork
from workloads.field_types import Options, Whole


class LayerPlace(Options):
    """The cores of one layer, and how its map is cut for them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cores: tuple[Annotated[Whole, Field(ge=0)], ...] = Field(
        min_length=1, description="numbers of cores in mesh order, band of rows by band, in it channel range by range"
    )
    rows: Whole = Field(1, ge=1, description="bands of rows that the map is cut into")
    channels: Whole | None = Field(
        None, ge=1, description="ranges of channels; as many as there are cores for each band"
    )


class MappingChoice(Options):
    """Which cores layers run on. A word alone (`mapping: balance`) is the strategy."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    strategy: Literal["fit", "balance"] = Field(
        "fit", description="fit: as few cores as hold the layers; balance: more cores for the slowest layers"
    )
    cores: Whole | None = Field(None, ge=1, description="at most so many cores; all of the chip unless given")
    layers: dict[str, LayerPlace] | None = Field(
        None, description="instead: every layer's own cores, such as conv1: {cores: [3, 4], rows: 2}"
    )


def _of_a_word(given: Any) -> Any:  # noqa: ANN401 - whatever the file says
    return {"strategy": given} if isinstance(given, str) else given


FIT: Final = MappingChoice()

MappingField = Annotated[MappingChoice, BeforeValidator(_of_a_word)]


def mapping_of(choice: MappingChoice, network: IntegerNetwork, chip: Chip) -> Mapping:
    """The mapping chosen. Raises SimulationError where none fits, or one that is written out leaves out a layer."""
    if choice.layers is None:
        return map_automatically(network, chip, strategy=choice.strategy, cores=choice.cores)
    names = layer_names(network)
    missing = [name for name in names if name not in choice.layers]
    unknown = [name for name in choice.layers if name not in names]
    if missing or unknown:
        raise SimulationError(
            f"mapping.layers has to name every layer of {network.name!r} once: "
            + "; ".join(
                f"{what} {', '.join(map(repr, layers))}"
                for what, layers in (("there is none of", missing), ("it has no layer", unknown))
                if layers
            )
            + ". `deltasim map` prints a complete one to start from"
        )
    return tuple(_placement(name, choice.layers[name]) for name in names)


def _placement(name: str, place: LayerPlace) -> Placement:
    channels = place.channels if place.channels is not None else len(place.cores) // place.rows
    return Placement(name, place.cores, place.rows, max(channels, 1))
