"""Carrying out a job: the parts put together, mode by mode, chunk by chunk into a run directory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.job import Job, arrival_of, network_for
from deltasim.manifest import describe_cores, describe_quantisation, describe_run
from hwmodels import chip_of
from hwmodels.records import COLUMNS
from reports import PartialRun, Run, RunError, load_run, open_partial
from simulator import Plan, advance, block_size, checkpoint, counts_table, messages_table, restore, start
from simulator import simulate as simulate_mode

BLOCKS_PER_CHUNK: Final = 8
SHOWN_FRAMES: Final = 400  # frames kept for the dashboard's film strip
SHOWN_BYTES: Final = 32 * 2**20

Progress = Callable[[str, int, int], None]
"""Called with mode, frames finished so far, frames in all: before the first frame, and after each block of frames."""


def run_job(job: Job, out: Path | None = None, *, overwrite: bool = False, progress: Progress | None = None) -> Run:
    """Simulate every mode and write the run directory `out` (runs/NAME-HASH unless given).

    A run of the same configuration that is there already is returned as it is; one that was killed goes on from its
    last finished chunk and ends with the same bytes. Raises RunError if `out` is taken by something else.
    """
    path = out if out is not None else job.default_path
    if not overwrite and path.exists():
        there = load_run(path)
        if there.manifest["config_hash"] == job.config_sha256:
            return there
        raise RunError(
            f"{path} holds another run (configuration {there.manifest['config_hash'][:10]}): choose another "
            "directory with --out, or replace it with --overwrite"
        )
    partial = open_partial(path, job.config_sha256, overwrite=overwrite)
    for plan in job.plans:
        _simulate_mode(job, plan, partial, progress)
    accelerator = json.loads(job.accelerator.model_dump_json(by_alias=True))
    partial.finish(
        describe_run(job),
        job.experiment_yaml,
        accelerator,
        describe_cores(job),
        job.frames.labels,
        shown_frames(job),
        describe_quantisation(job),
    )
    return load_run(path)


def _simulate_mode(job: Job, plan: Plan, partial: PartialRun, progress: Progress | None) -> None:
    """Chunk after chunk into the partial run, from where an earlier attempt left off."""
    mode, count = plan.mode.name, job.frames.count
    done = partial.finished_chunks(mode)
    if done and job.settings.engine == "reference":
        return  # its one chunk is all there is

    def report(finished: int) -> None:
        if progress is not None:
            progress(mode, finished, count)

    reference = job.settings.engine == "reference"
    chunks = _reference_chunk(job, plan, report) if reference else _fast_chunks(job, plan, partial, report)
    for index, chunk in enumerate(chunks, start=done):
        partial.add_chunk(mode, index, chunk.columns, chunk.outputs, chunk.messages, chunk.state)
    report(count)


@dataclass(frozen=True)
class _Chunk:
    columns: dict[str, NDArray[np.int64]]
    outputs: NDArray[np.int32]
    messages: pd.DataFrame | None
    state: dict[str, NDArray[Any]]


def _fast_chunks(job: Job, plan: Plan, partial: PartialRun, report: Callable[[int], None]) -> Iterator[_Chunk]:
    network = network_for(job.network, plan.mode.name)
    block, count = block_size(network), job.frames.count
    size = max(BLOCKS_PER_CHUNK * block, 2 * len(plan.cores))
    state = start(network, plan, arrival_of(job.settings), block=block)
    saved = partial.load_state(plan.mode.name)
    if saved is not None:
        restore(state, saved)
    trace = job.settings.record_messages
    report(int(state.progress[0]))
    for first in range(int(state.progress[0]), count, size):
        stop = min(first + size, count)
        blocks = []
        for begin in range(first, stop, block):
            end = min(begin + block, stop)
            blocks.append(advance(state, job.frames.read(begin, end), last=end == count, trace=trace))
            report(end)
        counts = np.concatenate([each.counts for each in blocks])
        messages = [each.messages for each in blocks if each.messages is not None]
        yield _Chunk(
            columns=_columns(counts, plan, blocks[0].first),
            outputs=np.concatenate([each.outputs for each in blocks]),
            messages=_message_columns(np.concatenate(messages), plan) if messages else None,
            state=dict(checkpoint(state)),
        )


def _reference_chunk(job: Job, plan: Plan, report: Callable[[int], None]) -> Iterator[_Chunk]:
    """The reference engine takes all frames at once; a second attempt finds its one chunk finished."""
    network = network_for(job.network, plan.mode.name)
    frames = job.frames.read(0, job.frames.count)
    report(0)
    result = simulate_mode(
        network,
        frames,
        chip_of(job.accelerator),
        plan.mode.name,
        engine="reference",
        arrival=arrival_of(job.settings),
        record_messages=True,
    )
    keep = job.settings.record_messages and result.messages is not None
    yield _Chunk(
        columns=_columns(result.counts, plan, 0),
        outputs=result.outputs,
        messages=_message_columns(result.messages, plan) if keep and result.messages is not None else None,
        state={"done": np.array(1)},
    )


def _columns(counts: NDArray[np.int64], plan: Plan, first: int) -> dict[str, NDArray[np.int64]]:
    table = counts_table(counts, plan, first)
    return {name: table[name].to_numpy() for name in ("frame", "core", *COLUMNS)}


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
