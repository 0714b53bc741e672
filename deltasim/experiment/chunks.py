"""The chunks of a run: some frames at a time through all its networks, and what is handed over of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.experiment.frames_read import ReadFrames
from deltasim.experiment.job import Job, arrival_of, network_for
from deltasim.experiment.keeping import RunTraces
from deltasim.experiment.traces import TraceUse
from hwmodels.records import COLUMNS, LINK_COLUMNS
from reports import Chunk, RunWriter
from simulator import (
    Block,
    Plan,
    SimulationError,
    block_size,
    counts_table,
    mesh_table,
    messages_table,
)
from simulator.engines import engine_named
from workloads import IntegerNetwork, own_order

BLOCKS_PER_CHUNK: Final = 8
FRAMES_PER_CHUNK: Final = 100  # at least: saving the state of a large network takes as long as some of its frames
ROWS_PER_CHUNK: Final = 2**19


def add_chunks(
    job: Job,
    frames: ReadFrames,
    writer: RunWriter,
    threads: int | None,
    report: Callable[[int], None],
    use: TraceUse,
) -> None:
    """Chunk after chunk into the writer, from where an earlier attempt left off."""
    networks: dict[str, IntegerNetwork] = {
        plan.mode.precision: network_for(job.network, plan.mode.name) for plan in job.plans
    }
    engine = engine_named(job.settings.engine)
    traces = RunTraces(job, networks, use if engine.reads_traces else "off")
    state = _restored(job, networks, traces, writer, threads)
    index, size = writer.finished_chunks(), job.frames.count if engine.whole else _frames_per_chunk(job, state.block)
    traces.begin(state, writer.scratch, index)
    if traces.complete:
        frames.know(traces.shown())
    report(state.found)
    for first in range(state.found, job.frames.count, size):
        begins = range(first, min(first + size, job.frames.count), state.block)
        with traces.chunk(index) as keep:
            blocks = _advance(job, state, None if traces.complete else frames, begins, keep, report)
        writer.add_chunk(index, _chunks(job, blocks), engine.checkpoint(state))
        index += 1
    ranges = [range(first, min(first + size, job.frames.count)) for first in range(0, job.frames.count, size)]
    traces.publish(ranges, frames)


def _restored(
    job: Job, networks: Mapping[str, IntegerNetwork], traces: RunTraces, writer: RunWriter, threads: int | None
) -> Any:  # noqa: ANN401 - the engine's own
    """The state behind the last finished chunk; at the beginning if a trace that it was read from is gone, or has come
    since.
    """

    engine = engine_named(job.settings.engine)

    def begun() -> Any:  # noqa: ANN401
        block = block_size(next(iter(networks.values())))
        arrival = arrival_of(job.settings)
        return engine.start(networks, job.plans, arrival, block=block, threads=threads, stored=traces.stored)

    state = begun()
    if writer.finished_chunks():
        try:
            engine.restore(state, writer.load_state() or {})
        except SimulationError:
            writer.begin_anew()
            return begun()
    return state


def _frames_per_chunk(job: Job, block: int) -> int:
    """Enough that the first of them are through, and that saving the state takes little of the time; not more rows of
    counts than a chunk should have.
    """
    rows = sum(len(plan.cores) + len(plan.mesh) for plan in job.plans)
    least = 2 * len(job.plans[0].layers)
    many = BLOCKS_PER_CHUNK * block
    if not job.settings.record_messages:
        many = max(many, FRAMES_PER_CHUNK)
    return max(least, min(many, ROWS_PER_CHUNK // rows))


def _advance(
    job: Job,
    state: Any,  # noqa: ANN401 - the engine's own
    frames: ReadFrames | None,
    begins: range,
    keep: Callable[[range], None],
    report: Callable[[int], None],
) -> list[tuple[Block, ...]]:
    """The frames of `begins`, a block of `begins.step` frames at a time, in every mode. Without `frames` their integers
    are read back.
    """
    blocks: list[tuple[Block, ...]] = []
    engine, record = engine_named(job.settings.engine), job.settings.record_messages
    for begin in begins:
        end = min(begin + begins.step, begins.stop)
        pixels = end - begin if frames is None else frames.read(begin, end)
        done = engine.advance(state, pixels, last=end == job.frames.count, record_messages=record)
        keep(range(begin, end))
        if done:
            blocks.append(done)
            report(end)
    return blocks


def _chunks(job: Job, blocks: list[tuple[Block, ...]]) -> dict[str, Chunk]:
    by_plan = zip(job.plans, zip(*blocks, strict=True), strict=True)
    return {plan.mode.name: _chunk(job, plan, own) for plan, own in by_plan}


def _chunk(job: Job, plan: Plan, blocks: Sequence[Block]) -> Chunk:
    first = blocks[0].first
    messages = [each.messages for each in blocks if each.messages is not None]
    outputs = np.concatenate([each.outputs for each in blocks])
    return Chunk(
        counts=_columns(np.concatenate([each.counts for each in blocks]), plan, first),
        outputs=own_order(network_for(job.network, plan.mode.name), outputs),
        messages=_message_columns(np.concatenate(messages), plan) if messages else None,
        links=_link_columns(np.concatenate([each.mesh for each in blocks]), plan, first),
    )


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
