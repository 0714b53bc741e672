"""Carrying out a job: the parts put together, mode by mode, chunk by chunk into a run directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.experiment.job import Job, arrival_of, network_for
from deltasim.experiment.manifest import describe_cores, describe_mesh, describe_quantisation, describe_run
from hwmodels import chip_of
from hwmodels.records import COLUMNS, LINK_COLUMNS
from reports import MemoryRun, Run, RunError, RunWriter, load_run, open_partial
from simulator import (
    FastState,
    Plan,
    SimulationError,
    advance,
    block_size,
    checkpoint,
    counts_table,
    mesh_table,
    messages_table,
    restore,
    start,
)
from simulator import simulate as simulate_mode
from workloads import Frames, own_order
from workloads.naming import naming

BLOCKS_PER_CHUNK: Final = 8
FRAMES_PER_CHUNK: Final = 100  # at least: saving the state of a large network takes as long as some of its frames
SHOWN_FRAMES: Final = 400  # frames kept for the dashboard's film strip
SHOWN_BYTES: Final = 32 * 2**20

Progress = Callable[[str, int, int], None]
"""Called with mode, frames finished so far, frames in all: before the first frame, and after each block of frames."""


def run_job(
    job: Job,
    out: Path | None = None,
    *,
    overwrite: bool = False,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Simulate every mode and write the run directory `out`; without one the run is kept in memory. With at most
    `threads` threads (as many as there are cores, unless given; whatever their number, the run's bytes are the same).

    A run of the same configuration that is there already is returned as it is; one that was killed goes on from its
    last finished chunk and ends with the same bytes. Raises RunError if `out` is taken by something else.
    """
    if out is None:
        return _write_run(job, MemoryRun(job.config_sha256), threads, progress)
    check_place(out)
    if not overwrite and out.exists():
        return _already_there(job, out)
    with naming(out):
        return _write_run(job, open_partial(out, job.config_sha256, overwrite=overwrite), threads, progress)


def _write_run(job: Job, partial: RunWriter, threads: int | None, progress: Progress | None) -> Run:
    for plan in job.plans:
        _simulate_mode(job, plan, partial, threads, progress)
    accelerator = json.loads(job.accelerator.model_dump_json(by_alias=True))
    return partial.finish(
        describe_run(job),
        job.experiment_yaml,
        accelerator,
        describe_cores(job),
        job.frames.labels,
        shown_frames(job),
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


def _simulate_mode(job: Job, plan: Plan, partial: RunWriter, threads: int | None, progress: Progress | None) -> None:
    """Chunk after chunk into the partial run, from where an earlier attempt left off."""
    mode, count = plan.mode.name, job.frames.count

    def report(finished: int) -> None:
        if progress is not None:
            progress(mode, finished, count)

    if job.settings.engine == "fast":
        _add_fast_chunks(job, plan, partial, threads, report)
    elif not partial.finished_chunks(mode):  # the one chunk of the reference engine is all there is
        report(0)
        _add(partial, mode, 0, _reference_chunk(job, plan))
    report(count)


@dataclass(frozen=True)
class _Chunk:
    columns: dict[str, NDArray[np.int64]]
    outputs: NDArray[np.int32]
    messages: pd.DataFrame | None
    state: dict[str, NDArray[Any]]
    links: dict[str, NDArray[np.int64]] | None


def _add(partial: RunWriter, mode: str, index: int, chunk: _Chunk) -> None:
    partial.add_chunk(mode, index, chunk.columns, chunk.outputs, chunk.messages, chunk.state, chunk.links)


def _add_fast_chunks(
    job: Job, plan: Plan, partial: RunWriter, threads: int | None, report: Callable[[int], None]
) -> None:
    mode, count = plan.mode.name, job.frames.count
    network = network_for(job.network, mode)
    block, index = block_size(network), partial.finished_chunks(mode)
    state = start(network, plan, arrival_of(job.settings), block=block, threads=threads)
    if index:
        restore(state, partial.load_state(mode) or {})
    report(int(state.progress[0]))
    size = max(BLOCKS_PER_CHUNK * block, 2 * len(plan.layers))
    if not job.settings.record_messages:
        size = max(size, FRAMES_PER_CHUNK)
    for first in range(int(state.progress[0]), count, size):
        # No name is given to the chunk: its copy of the state must not outlive it into the next one.
        _add(partial, mode, index, _fast_chunk(job, plan, state, range(first, min(first + size, count), block), report))
        index += 1


def _fast_chunk(job: Job, plan: Plan, state: FastState, begins: range, report: Callable[[int], None]) -> _Chunk:
    """The frames of `begins`, a block of `begins.step` frames at a time."""
    blocks = []
    for begin in begins:
        end = min(begin + begins.step, begins.stop)
        frames = _read(job.frames, begin, end)
        blocks.append(advance(state, frames, last=end == job.frames.count, trace=job.settings.record_messages))
        report(end)
    counts = np.concatenate([each.counts for each in blocks])
    messages = [each.messages for each in blocks if each.messages is not None]
    return _Chunk(
        columns=_columns(counts, plan, blocks[0].first),
        outputs=own_order(state.network, np.concatenate([each.outputs for each in blocks])),
        messages=_message_columns(np.concatenate(messages), plan) if messages else None,
        state=dict(checkpoint(state)),
        links=_link_columns(np.concatenate([each.mesh for each in blocks]), plan, blocks[0].first),
    )


def _reference_chunk(job: Job, plan: Plan) -> _Chunk:
    """The reference engine takes all frames at once; a second attempt finds its one chunk finished."""
    network = network_for(job.network, plan.mode.name)
    result = simulate_mode(
        network,
        _read(job.frames, 0, job.frames.count),
        chip_of(job.accelerator),
        plan.mode.name,
        mapping=job.mapping,
        engine="reference",
        arrival=arrival_of(job.settings),
        record_messages=True,
    )
    keep = job.settings.record_messages and result.messages is not None
    return _Chunk(
        columns=_columns(result.counts, plan, 0),
        outputs=own_order(network, result.outputs),
        messages=_message_columns(result.messages, plan) if keep and result.messages is not None else None,
        state={"done": np.array(1)},
        links=_link_columns(result.mesh, plan, 0),
    )


def _read(frames: Frames, begin: int, end: int) -> NDArray[np.uint8]:
    """Frames begin .. end-1. Raises SimulationError if the source gives another number of them; the engines check the
    rest.
    """
    block = frames.read(begin, end)
    if len(block) != end - begin:
        raise SimulationError(f"frames {frames.name!r}: read({begin}, {end}) gave {len(block)}, not {end - begin}")
    return block


def _columns(counts: NDArray[np.int64], plan: Plan, first: int) -> dict[str, NDArray[np.int64]]:
    table = counts_table(counts, plan, first)
    return {name: table[name].to_numpy() for name in ("frame", "core", *COLUMNS)}


def _link_columns(mesh: NDArray[np.int64], plan: Plan, first: int) -> dict[str, NDArray[np.int64]] | None:
    if not plan.mesh:
        return None
    table = mesh_table(mesh, plan, first)
    return {name: table[name].to_numpy() for name in ("frame", "link", *LINK_COLUMNS)}


def _message_columns(messages: NDArray[np.int64], plan: Plan) -> pd.DataFrame:
    return messages_table(messages, plan).drop(columns="mode")


def shown_frames(job: Job) -> NDArray[np.uint8]:
    """The first frames as pictures, (n, height, width) or (n, height, width, 3) in RGB: at most 400, and 32 MiB."""
    frames = job.frames
    count = min(SHOWN_FRAMES, max(1, SHOWN_BYTES // frames.pixels), frames.count)
    pixels = frames.read(0, count)
    if len(frames.shape) == 3 and frames.shape[0] == 3:
        pictures = pixels.reshape(count, *frames.shape).transpose(0, 2, 3, 1)
        return np.ascontiguousarray(pictures[..., ::-1] if job.channels == "bgr" else pictures)
    if len(frames.shape) == 2 or (len(frames.shape) == 3 and frames.shape[0] == 1):
        return pixels.reshape(count, *frames.shape[-2:])
    return pixels.reshape(count, 1, frames.pixels)
