"""What a run will be, worked out and checked before anything is simulated."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from deltasim.fingerprint import network_sha256, sha256_of, versions
from deltasim.mapping_choice import FIT, MappingChoice, mapping_of
from hwmodels import Accelerator, Chip, chip_of
from hwmodels.records import MODES
from simulator import Arrival, Mapping, Plan, SimulationError, mode_named, one_core_each, plan_network
from workloads import Frames, IntegerNetwork, QuantisedNetwork

FS_PER_SECOND: Final = 10**15
LONGEST_FS: Final = 2**63 - 1


@dataclass(frozen=True)
class Settings:
    """How to simulate; see deltasim.experiment.Experiment for the meaning of each field."""

    name: str = "run"
    modes: tuple[str, ...] | None = None
    mapping: MappingChoice = FIT
    arrival: Literal["serial", "pipelined", "paced"] = "serial"
    frame_rate_hz: float = 30.0
    engine: Literal["fast", "reference"] = "fast"
    record_messages: bool = False


@dataclass(frozen=True)
class Job:
    """One run, worked out and checked, not yet simulated."""

    network: QuantisedNetwork
    frames: Frames
    accelerator: Accelerator
    settings: Settings
    mapping: Mapping
    plans: tuple[Plan, ...]
    experiment_yaml: str
    classes: tuple[str, ...]
    channels: str
    config: dict[str, Any]

    @property
    def config_sha256(self) -> str:
        """Equal for two jobs exactly when they must give the same results."""
        return sha256_of(self.config)

    @property
    def default_path(self) -> Path:
        """runs/NAME-HASH in the working directory."""
        return Path("runs") / f"{self.settings.name}-{self.config_sha256[:10]}"


def plan_job(
    network: QuantisedNetwork,
    frames: Frames,
    accelerator: Accelerator,
    settings: Settings | None = None,
    experiment_yaml: str = "",
    classes: tuple[str, ...] = (),
    channels: str = "rgb",
) -> Job:
    """Check that network, frames and accelerator fit in every mode, and fix what the run will be.

    `classes` are the names of the outputs, `channels` the order of the frames' channels (to show them). Raises
    SimulationError with all that does not fit.
    """
    settings = settings or Settings()
    chip = chip_of(accelerator)
    modes = settings.modes or default_modes(accelerator)
    repeated = {mode for mode in modes if modes.count(mode) > 1}
    if repeated:
        raise SimulationError(f"modes named twice: {', '.join(sorted(repeated))}")
    if not modes:
        raise SimulationError("no modes: name at least one of " + ", ".join(MODES))
    if frames.count * arrival_of(settings).interval_fs > LONGEST_FS:
        raise SimulationError(
            f"{frames.count} frames at {settings.frame_rate_hz} Hz take longer than the 2.5 hours "
            "that time is counted in (2**63 fs): run fewer frames, raise frame_rate_hz, or do not pace them"
        )
    mapping = _mapping(network, chip, settings, modes)
    plans = tuple(plan_network(network_for(network, mode), chip, mode_named(mode), mapping) for mode in modes)
    config = {
        "accelerator": sha256_of(accelerator.model_dump(mode="json", by_alias=True, exclude={"provenance", "sources"})),
        "network": {part.precision: network_sha256(part) for part in (network.full, network.scaled)},
        "frames": frames.sha256(),
        "modes": modes,
        "mapping": [[list(place.cores), place.rows, place.channels] for place in mapping],
        "arrival": settings.arrival,
        "frame_rate_hz": settings.frame_rate_hz,
        "engine": settings.engine,
        "record_messages": settings.record_messages,
        "versions": versions(),
    }
    return Job(network, frames, accelerator, settings, mapping, plans, experiment_yaml, classes, channels, config)


def _mapping(network: QuantisedNetwork, chip: Chip, settings: Settings, modes: tuple[str, ...]) -> Mapping:
    """The mapping chosen; one core for each layer where that fits, since memories need less if no mode sends changes.

    What does not fit for another reason than its memories is refused by the plan, which says why.
    """
    choice = settings.mapping
    simple = choice.layers is None and choice.strategy == "fit" and choice.cores is None
    if simple and len(network.full.layers) < len(chip.cores):
        try:
            for mode in modes:
                plan_network(network_for(network, mode), chip, mode_named(mode))
        except SimulationError:
            pass
        else:
            return one_core_each(network.full)
    return mapping_of(choice, network.full, chip)


def default_modes(accelerator: Accelerator) -> tuple[str, ...]:
    """Every mode, or without a multiplier those that need none."""
    multiplies = all(core.multiply is not None for core in (accelerator.core, *accelerator.cores))
    return MODES if multiplies else ("rounding", "sigma_delta")


def arrival_of(settings: Settings) -> Arrival:
    """How frames enter the chip."""
    if settings.arrival == "paced":
        return Arrival("pipelined", round(FS_PER_SECOND / settings.frame_rate_hz))
    return Arrival(settings.arrival)


def network_for(network: QuantisedNetwork, mode: str) -> IntegerNetwork:
    """The integer network that a mode runs: at full fixed point, or at scale k."""
    return network.full if mode_named(mode).precision == "full" else network.scaled
