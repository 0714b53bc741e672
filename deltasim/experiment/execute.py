"""Carrying out a job: the parts put together, all modes side by side, chunk by chunk into a run directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from deltasim.experiment.chunks import add_chunks
from deltasim.experiment.frames_read import ReadFrames, pictures_of, shown_count
from deltasim.experiment.job import Job
from deltasim.experiment.manifest import describe_cores, describe_mesh, describe_quantisation, describe_run
from deltasim.experiment.traces import TraceUse
from reports import MemoryRun, Run, RunError, RunWriter, load_run, open_partial
from workloads.naming import naming

Progress = Callable[[str, int, int], None]
"""Called with mode, frames finished so far, frames in all, of each mode in turn: before the first frame, and after
each block of frames.
"""


def run_job(
    job: Job,
    out: Path | None = None,
    *,
    overwrite: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
    traces: TraceUse = "use",
) -> Run:
    """Simulate every mode and write the run directory `out`; without one the run is kept in memory. With at most
    `threads` threads (as many as there are cores, unless given; whatever their number, the run's bytes are the same).

    traces: whether integers are read back that an earlier run kept, and are kept for later runs; the run's
    bytes are the same either way.

    A run of the same configuration that is there already is returned as it is; one that was killed goes on from its
    last finished chunk and ends with the same bytes. Raises RunError if `out` is taken by something else.
    """
    if out is None:
        return _carry_out(job, MemoryRun(job.config_sha256), threads, progress, traces)
    check_place(out)
    if not overwrite and out.exists():
        return _already_there(job, out)
    with naming(out):
        return _carry_out(job, open_partial(out, job.config_sha256, overwrite=overwrite), threads, progress, traces)


def _carry_out(job: Job, writer: RunWriter, threads: int | None, progress: Progress | None, traces: TraceUse) -> Run:
    frames = ReadFrames(job.frames, shown_count(job.frames))

    told: list[int] = []

    def report(finished: int) -> None:
        if progress is not None and told[-1:] != [finished]:
            told.append(finished)
            for plan in job.plans:
                progress(plan.mode.name, finished, job.frames.count)

    add_chunks(job, frames, writer, threads, report, traces)
    report(job.frames.count)
    accelerator = json.loads(job.accelerator.model_dump_json(by_alias=True))
    return writer.finish(
        describe_run(job),
        job.experiment_yaml,
        accelerator,
        describe_cores(job),
        job.frames.labels,
        pictures_of(frames.first(), job.frames.shape, job.channels),
        describe_quantisation(job),
        mesh=describe_mesh(job),
    )


def check_place(path: Path) -> None:
    """Raise RunError if a file stands where the directory `path`, or one above it, would have to be."""
    for place in (path, *path.parents):
        if place.exists() and not place.is_dir():
            raise RunError(f"{place} is a file, and a run is a directory: choose another place with --out")


def _already_there(job: Job, path: Path) -> Run:
    """The run in `path`, if it is this one. Raises RunError otherwise."""
    there = load_run(path)
    if there.manifest["config_hash"] == job.config_sha256:
        return there
    raise RunError(
        f"{path} holds another run (configuration {there.manifest['config_hash'][:10]}): choose another "
        "directory with --out, or replace it with --overwrite"
    )
