"""The calls behind `import deltasim as ds`: each puts packages together and does nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from deltasim.cli.mode_names import modes_of
from deltasim.cli.options import MOST_THREADS
from deltasim.cli.overlay import wrong_fields
from deltasim.cli.progress import notebook_bars
from deltasim.experiment.execute import Progress, run_job
from deltasim.experiment.files import Experiment, channel_order, load_experiment, read_experiment
from deltasim.experiment.job import Job, plan_job
from deltasim.experiment.mapping_choice import MappingChoice
from deltasim.experiment.settings import ArrivalName, EngineName, Settings, settings_of
from deltasim.experiment.traces import TraceUse
from deltasim.experiment.yaml_text import to_yaml
from hwmodels import Accelerator, ConfigError, Problem, load_accelerator
from reports import Run, figures_of, load_run, write_dashboard
from workloads import Frames, IntegerNetwork, QuantisedNetwork, frames_of_array
from workloads.frames.source import stacked


def simulate(
    network: QuantisedNetwork | IntegerNetwork,
    frames: Frames | NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
    accelerator: Accelerator | Path | str,
    *,
    modes: Sequence[str] | str | None = None,
    name: str = Settings.name,
    mapping: Literal["fit", "balance"] | MappingChoice = "fit",
    out: Path | str | None = None,
    overwrite: bool = False,
    arrival: ArrivalName = Settings.arrival,
    frame_rate_hz: float = Settings.frame_rate_hz,
    engine: EngineName = Settings.engine,
    record_messages: bool = Settings.record_messages,
    threads: int | None = None,
    traces: TraceUse = "use",
    progress: Progress | None = None,
) -> Run:
    """Simulate `frames` through the network on the accelerator in every mode asked for, and return the finished run.

    network: from `ds.quantise`, or an integer network of one's own, which runs in the modes of its precision.
    frames: from `ds.frames`, or a (n, pixels) or (n, *input_shape) uint8 array, or a list of frames; one with its
    channels last is turned where that is certain, with a warning in the run. accelerator: loaded, or its name or file.
    modes: of `ds.MODES`, or one of them; all that the accelerator can run unless given. mapping: which cores the layers
    run on: `fit`, `balance` or a `ds.MappingChoice`. out: the run directory; a finished run of the same configuration
    there is read, not repeated. Without it nothing is written: the run is in memory, and `run.save(path)` writes it.
    Every frame then takes, in each mode, some 660 bytes per core, 56 per link of the mesh, 4 per output of the network
    and 80 per recorded message; a long video is better given a directory, which is written piece by piece. arrival:
    `serial` (a frame enters when the one before has left), `pipelined` (as soon as the input core is free), `paced` (at
    frame_rate_hz). Power and energy are stated at frame_rate_hz, or at what the chip sustains if that is less. threads:
    at most so many simulate, one per core unless given; results are the same. traces: `keep` keeps the integers found,
    so that a run on another accelerator needs only counts and times; `use` reads back what was kept, `off` does
    neither; results are the same. progress: see `deltasim.experiment.execute.Progress`; without it a notebook shows
    bars (extra `notebook`), and a script nothing. Raises ConfigError for a wrong argument, SimulationError where things
    don't fit each other, WorkloadError for frames that are not the network's, and RunError where `out` is taken.
    """
    given: dict[str, Any] = {"name": name, "modes": modes_of(modes), "mapping": mapping, "arrival": arrival}
    given |= {"frame_rate_hz": frame_rate_hz, "engine": engine, "record_messages": record_messages}
    settings = settings_of(_checked_experiment(given))
    check_threads(threads)
    stream = frames if isinstance(frames, Frames) else frames_of_array("array", stacked(frames))
    chip = accelerator if isinstance(accelerator, Accelerator) else load_accelerator(accelerator)
    quantised = network if isinstance(network, QuantisedNetwork) else QuantisedNetwork.of(network)
    job = plan_job(quantised, stream, chip, settings)
    path = None if out is None else Path(out)
    with notebook_bars(progress) as report:
        return run_job(job, path, overwrite=overwrite, threads=threads, progress=report, traces=_checked_use(traces))


def run(
    experiment: Experiment | Path | str | None = None,
    *,
    out: Path | str | None = None,
    overwrite: bool = False,
    threads: int | None = None,
    traces: TraceUse = "use",
    progress: Progress | None = None,
) -> Run:
    """Carry out an experiment file (the bundled Temporal-MNIST one unless given) and return the finished run.

    The other arguments are those of `simulate`.
    """
    check_threads(threads)
    job = job_of(experiment)
    path = None if out is None else Path(out)
    with notebook_bars(progress) as report:
        return run_job(job, path, overwrite=overwrite, threads=threads, progress=report, traces=_checked_use(traces))


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


def dashboard(finished: Run | Path | str, path: Path | str | None = None) -> Path:
    """Write the run's dashboard anew, from its tables, and return its path: `path`, or dashboard.html in its directory.

    A run in memory has no directory: without `path` it raises RunError.
    """
    return write_dashboard(finished if isinstance(finished, Run) else load_run(finished), path)


def figures(finished: Run | Path | str) -> Mapping[str, Any]:
    """The figures of the run's dashboard (plotly) by name, for notebooks; see
    `reports.dashboard.notebook.figures_of`.
    """
    return figures_of(finished if isinstance(finished, Run) else load_run(finished))


def check_threads(threads: int | None) -> None:
    """Raise ConfigError for no thread at all, or more than any machine has."""
    if threads is not None and not 1 <= threads <= MOST_THREADS:
        needed = f"must be at least 1 and at most {MOST_THREADS:,}, or None for as many as there are cores"
        raise ConfigError(Problem("ds.simulate", None, "threads", str(threads) if abs(threads) < 2**63 else "", needed))


def _checked_use(traces: str) -> TraceUse:
    if traces not in get_args(TraceUse):
        allowed = "needed one of " + ", ".join(get_args(TraceUse))
        raise ConfigError(Problem("ds.simulate", None, "traces", repr(traces), allowed))
    return cast("TraceUse", traces)


def _checked_experiment(given: dict[str, Any]) -> Experiment:
    """The fields as those of an experiment file. Raises ConfigError for values that it would not take."""
    try:
        return Experiment.model_validate(given)
    except ValidationError as error:
        raise wrong_fields("ds.simulate", error) from None


def _as_yaml(experiment: Experiment) -> str:
    return to_yaml(experiment.model_dump(mode="json", by_alias=True, exclude_none=True))
