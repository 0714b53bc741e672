"""The calls behind `import deltasim as ds`: each puts packages together and does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from deltasim.execute import Progress, run_job
from deltasim.experiment import Experiment, channel_order, load_experiment, read_experiment
from deltasim.job import Job, plan_job
from deltasim.mapping_choice import MappingChoice
from deltasim.settings import ArrivalName, EngineName, Settings, settings_of
from deltasim.yaml_text import to_yaml
from hwmodels import Accelerator
from reports import Run, load_run, write_dashboard
from workloads import Frames, QuantisedNetwork, frames_of_array


def simulate(
    network: QuantisedNetwork,
    frames: Frames | NDArray[np.uint8],
    accelerator: Accelerator,
    *,
    modes: Sequence[str] | None = None,
    name: str = Settings.name,
    mapping: Literal["fit", "balance"] | MappingChoice = "fit",
    out: Path | str | None = None,
    overwrite: bool = False,
    arrival: ArrivalName = Settings.arrival,
    frame_rate_hz: float = Settings.frame_rate_hz,
    engine: EngineName = Settings.engine,
    record_messages: bool = Settings.record_messages,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Simulate `frames` through the network on the accelerator in every mode asked for, and return the finished run.

    frames: from `ds.frames`, or a (n, pixels) or (n, *input_shape) uint8 array; one with its channels last is turned
    where that is certain, with a warning in the run. modes: of `ds.MODES`; all that the accelerator can run unless
    given. mapping: which cores the layers run on: `fit`, `balance` or a `ds.MappingChoice`. out: the run directory,
    runs/NAME-HASH unless given; a finished run of the same configuration there is
    read, not repeated. arrival: `serial` (a frame enters when the one before has left), `pipelined` (as soon as the
    input core is free), `paced` (at frame_rate_hz). Power and energy are stated at frame_rate_hz, or at what the chip
    sustains if that is less. threads: at most so many
    simulate, one per core unless given; results are the same. progress: see `deltasim.execute.Progress`. Raises
    SimulationError where things don't fit each other, WorkloadError for frames that are not the network's, and RunError
    where `out` is taken.
    """
    settings = Settings(
        name=name,
        modes=tuple(modes) if modes is not None else None,
        mapping=MappingChoice(strategy=mapping) if isinstance(mapping, str) else mapping,
        arrival=arrival,
        frame_rate_hz=frame_rate_hz,
        engine=engine,
        record_messages=record_messages,
    )
    stream = frames if isinstance(frames, Frames) else frames_of_array("array", frames)
    job = plan_job(network, stream, accelerator, settings)
    path = None if out is None else Path(out)
    return run_job(job, path, overwrite=overwrite, threads=threads, progress=progress)


def run(
    experiment: Experiment | Path | str | None = None,
    *,
    out: Path | str | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Carry out an experiment file (the bundled Temporal-MNIST one unless given) and return the finished run.

    The other arguments are those of `simulate`.
    """
    job = job_of(experiment)
    path = None if out is None else Path(out)
    return run_job(job, path, overwrite=overwrite, threads=threads, progress=progress)


def job_of(
    experiment: Experiment | Path | str | None = None,
    folder: Path = Path(),
    *,
    say: Callable[[str], None] | None = None,
) -> Job:
    """Load and check all that an experiment names; `folder` is where the relative paths of an Experiment start.

    say: told in words what is done next, before it takes its time.
    """
    if not isinstance(experiment, Experiment):
        experiment, folder = read_experiment(None if experiment is None else Path(experiment))
    loaded = load_experiment(experiment, folder, say)
    return plan_job(
        loaded.quantised,
        loaded.frames,
        loaded.accelerator,
        settings_of(experiment),
        _as_yaml(experiment),
        tuple(loaded.network.classes),
        channel_order(loaded.network),
    )


def dashboard(finished: Run | Path | str) -> Path:
    """Write the run's dashboard.html anew, from its tables, and return its path."""
    return write_dashboard(finished if isinstance(finished, Run) else load_run(finished))


def _as_yaml(experiment: Experiment) -> str:
    return to_yaml(experiment.model_dump(mode="json", by_alias=True, exclude_none=True))
