"""What a run will be, worked out and checked before anything is simulated."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Final

from deltasim.experiment.advice import with_advice
from deltasim.experiment.fingerprint import versions
from deltasim.experiment.mapping_choice import mapping_of
from deltasim.experiment.settings import Settings
from hwmodels import Accelerator, Chip, chip_of
from hwmodels.modes import MODES_TABLE
from simulator import Arrival, InfeasibleError, Mapping, Plan, SimulationError, mode_named, one_core_each, plan_network
from simulator.modes import encoded_modes
from workloads import Frames, IntegerNetwork, QuantisedNetwork, fit_frames
from workloads.content_hash import content_sha256, hashed_fields, not_hashed
from workloads.graphs.labels import check_labels
from workloads.integer.quantised import PRECISIONS

FS_PER_SECOND: Final = 10**15
LONGEST_FS: Final = 2**63 - 1


@dataclass(frozen=True)
class Job:
    """One run, worked out and checked, not yet simulated: all that decides the bytes of its directory.

    `settings.modes` are the modes that will run.
    """

    network: QuantisedNetwork
    frames: Frames
    accelerator: Accelerator
    settings: Settings
    mapping: Mapping
    plans: tuple[Plan, ...] = field(metadata=not_hashed("follow from network, accelerator, settings and mapping"))
    experiment_yaml: str
    classes: tuple[str, ...]
    channels: str
    versions: dict[str, str]

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Hash of every field that decides what the run directory holds, by its name."""
        return {name: content_sha256(getattr(self, name)) for name in hashed_fields(Job)}

    @property
    def config_sha256(self) -> str:
        """Equal for two jobs exactly when their run directories must hold the same bytes."""
        return content_sha256(self.hashes)

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
    SimulationError with all that does not fit, WorkloadError for frames that the network does not take.
    """
    settings = settings or Settings()
    frames = fit_frames(frames, network.input_shape, network.either.name)
    chip = chip_of(accelerator)
    modes = settings.modes or default_modes(accelerator, network)
    repeated = {mode for mode in modes if modes.count(mode) > 1}
    if repeated:
        raise SimulationError(f"modes named twice: {', '.join(sorted(repeated))}")
    if not modes:
        raise SimulationError("no modes: name at least one of " + ", ".join(MODES_TABLE))
    _check_precisions(network, modes)
    if frames.count * arrival_of(settings).interval_fs > LONGEST_FS:
        raise SimulationError(
            f"{frames.count} frames at {settings.frame_rate_hz} Hz take longer than the 2.5 hours "
            "that time is counted in (2**63 fs): run fewer frames, raise frame_rate_hz, or do not pace them"
        )
    check_labels(frames, network.either.outputs)
    mapping = _mapping(network, accelerator, chip, settings, modes)
    plans = tuple(plan_network(network_for(network, mode), chip, mode_named(mode), mapping) for mode in modes)
    settings = replace(settings, modes=modes)
    return Job(network, frames, accelerator, settings, mapping, plans, experiment_yaml, classes, channels, versions())


def _mapping(
    network: QuantisedNetwork, accelerator: Accelerator, chip: Chip, settings: Settings, modes: tuple[str, ...]
) -> Mapping:
    """The mapping chosen; one core for each layer where that fits, since memories need less if no mode sends changes.

    What does not fit for another reason than its memories is refused by the plan, which says why.
    """
    choice = settings.mapping
    simple = choice.layers is None and choice.strategy == "fit" and choice.cores is None
    if simple and len(network.either.layers) < len(chip.cores):
        try:
            for mode in modes:
                plan_network(network_for(network, mode), chip, mode_named(mode))
        except SimulationError:
            pass
        else:
            return one_core_each(network.either)
    try:
        return mapping_of(choice, network.either, chip)
    except InfeasibleError as error:
        raise with_advice(error, network, accelerator, choice.cores) from None


def default_modes(accelerator: Accelerator, network: QuantisedNetwork) -> tuple[str, ...]:
    """Every mode that the network has integers for, or without a multiplier those of them that need none.

    Raises SimulationError if that leaves none.
    """
    multiplies = all(core.multiply is not None for core in (accelerator.core, *accelerator.cores))
    able = tuple(MODES_TABLE) if multiplies else encoded_modes()
    modes = tuple(mode for mode in able if mode_named(mode).precision in network.networks)
    if not modes:
        raise SimulationError(
            f"accelerator {accelerator.name!r} has no multiplier, so it runs {', '.join(able)} only, and network "
            f"{network.either.name!r} has no integers at scale k for them: take an accelerator with a multiplier"
        )
    return modes


def _check_precisions(network: QuantisedNetwork, modes: tuple[str, ...]) -> None:
    """Raise SimulationError if a mode asks for integers that the network does not have."""
    lacking = [mode for mode in modes if mode_named(mode).precision not in network.networks]
    if lacking:
        able = [mode for mode in MODES_TABLE if mode_named(mode).precision in network.networks]
        there = " and ".join(PRECISIONS[precision] for precision in network.networks)
        raise SimulationError(
            f"modes {', '.join(lacking)}: network {network.either.name!r} has integers at {there} only; choose from "
            f"{', '.join(able)}"
        )


def arrival_of(settings: Settings) -> Arrival:
    """How frames enter the chip."""
    if settings.arrival == "paced":
        return Arrival("pipelined", round(FS_PER_SECOND / settings.frame_rate_hz))
    return Arrival(settings.arrival)


def network_for(network: QuantisedNetwork, mode: str) -> IntegerNetwork:
    """The integer network that a mode runs: at full fixed point, or at scale k."""
    return network.at(mode_named(mode).precision)
