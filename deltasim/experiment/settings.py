"""How to simulate: one type for what `ds.simulate` takes, what an experiment says, and what tells two runs apart."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Literal

from deltasim.experiment.mapping_choice import FIT, MappingChoice
from workloads.content_hash import not_hashed

if TYPE_CHECKING:
    from deltasim.experiment.files import Experiment

ArrivalName = Literal["serial", "pipelined", "paced"]
EngineName = Literal["fast", "reference"]


@dataclass(frozen=True)
class Settings:
    """How to simulate; see deltasim.experiment.files.Experiment, which has each field, for its meaning.

    `name` is part of a run's manifest. Threads are no setting: results are the same with any number of them.
    """

    name: str = "run"
    modes: tuple[str, ...] | None = None
    mapping: MappingChoice = field(default=FIT, metadata=not_hashed("the mapping that is found by it is hashed"))
    arrival: ArrivalName = "serial"
    frame_rate_hz: float = 30.0
    engine: EngineName = "fast"
    record_messages: bool = False


def settings_of(experiment: Experiment) -> Settings:
    """The experiment's settings: its fields of the same names."""
    return Settings(**{each.name: getattr(experiment, each.name) for each in fields(Settings)})
