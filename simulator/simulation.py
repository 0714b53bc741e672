"""Run a network on a chip: one call for both engines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwmodels.chip import Chip
from hwmodels.records import COLUMNS, LINK_COLUMNS, MESSAGE_COLUMNS
from simulator.blocks import Arrival, Block
from simulator.errors import SimulationError
from simulator.fast import advance, blocks_of, start
from simulator.modes import mode_named
from simulator.placement.mapping import Mapping
from simulator.placement.plan import Plan
from simulator.placement.planning import plan_network
from simulator.reference.engine import run_reference
from workloads.errors import WorkloadError
from workloads.frames.shapes import flat_frames
from workloads.integer.network import IntegerNetwork

Engine = Literal["fast", "reference"]
MESSAGES_UNDERWAY: Final = 2**22  # neurons times frames in a block: bounds memory to some tens of MiB
MOST_FRAMES: Final = 256
SERIAL: Final = Arrival()


@dataclass(frozen=True)
class Result:
    """A finished simulation of one mode.

    counts: (frames, cores, columns) int64, columns as in hwmodels.records.COLUMNS. outputs: (frames, outputs) int32,
    the accumulators of the last layer, in (y, x, channel) order (`workloads.own_order` gives the network's). mesh:
    (frames, mesh links, columns) int64, columns as in hwmodels.records.LINK_COLUMNS. integers: (frames, neurons of
    all layers) int32, if kept: s of each layer, of the last its accumulators. messages: (messages, 10) int64, if
    recorded, in the engine's own order; columns as in hwmodels.records.MESSAGE_COLUMNS, times in fs.
    """

    plan: Plan
    counts: NDArray[np.int64]
    mesh: NDArray[np.int64]
    outputs: NDArray[np.int32]
    integers: NDArray[np.int32] | None
    messages: NDArray[np.int64] | None

    def counts_table(self) -> pd.DataFrame:
        """One row per frame and core: mode, frame, core, layer and the columns of hwmodels.records."""
        return counts_table(self.counts, self.plan, first_frame=0)

    def mesh_table(self) -> pd.DataFrame:
        """One row per frame and mesh link: mode, frame, link and LINK_COLUMNS of hwmodels.records."""
        return mesh_table(self.mesh, self.plan, first_frame=0)

    def messages_table(self) -> pd.DataFrame:
        """One row per wire message; see `messages_table`. Raises SimulationError unless they were recorded."""
        if self.messages is None:
            raise SimulationError("messages were not recorded: simulate(..., record_messages=True)")
        return messages_table(self.messages, self.plan)


def simulate(
    network: IntegerNetwork,
    frames: NDArray[np.uint8] | Iterable[NDArray[np.uint8]],
    chip: Chip,
    mode: str = "sigma_delta",
    *,
    mapping: Mapping | None = None,
    engine: Engine = "fast",
    arrival: Arrival = SERIAL,
    keep_integers: bool = False,
    record_messages: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Result:
    """Run `frames` through `network` on `chip` and return counts, times and outputs.

    frames: (n, pixels) or (n, C, H, W) uint8, or an iterable of such arrays (a stream; only a block of it is in
    memory). mode: one of hwmodels.records.MODES; `original*` and `temporal_difference` want the network at full fixed
    point, the others the scaled one. mapping: which cores each layer runs on (layer l on core l unless given).
    progress: called with the number of frames finished since the last call. The reference engine takes all frames at
    once. Raises SimulationError for frames, networks and chips that don't fit each other.
    """
    plan = _checked_plan(network, chip, mode, mapping)
    stream = _checked_stream(frames, network)
    if engine == "reference":
        blocks = _reference_block(network, plan, stream, arrival)
    elif engine == "fast":
        blocks = _fast_blocks(
            network, plan, stream, arrival, keep_integers=keep_integers, record_messages=record_messages
        )
    else:
        raise SimulationError(f"engine {engine!r}: fast or reference")
    return _collect(plan, blocks, progress, keep_integers=keep_integers, record_messages=record_messages)


def block_size(network: IntegerNetwork) -> int:
    """Frames simulated at a time, so that memory stays bounded by the network."""
    neurons = network.inputs + sum(layer.outputs for layer in network.layers)
    return max(1, min(MOST_FRAMES, MESSAGES_UNDERWAY // neurons))


def counts_table(counts: NDArray[np.int64], plan: Plan, first_frame: int) -> pd.DataFrame:
    """The counts table (hwmodels.records) of a block that begins with frame number `first_frame`."""
    frames, cores, width = counts.shape
    table = pd.DataFrame(counts.reshape(frames * cores, width), columns=list(COLUMNS))
    table.insert(0, "mode", plan.mode.name)
    table.insert(1, "frame", np.repeat(np.arange(first_frame, first_frame + frames), cores))
    table.insert(2, "core", np.tile(np.arange(cores), frames))
    table.insert(3, "layer", [core.layer for core in plan.cores] * frames)
    return table


def mesh_table(mesh: NDArray[np.int64], plan: Plan, first_frame: int) -> pd.DataFrame:
    """The links table of a block that begins with frame number `first_frame`; links are numbered as in plan.mesh."""
    frames, links, width = mesh.shape
    table = pd.DataFrame(mesh.reshape(frames * links, width), columns=list(LINK_COLUMNS))
    table.insert(0, "mode", plan.mode.name)
    table.insert(1, "frame", np.repeat(np.arange(first_frame, first_frame + frames), links))
    table.insert(2, "link", np.tile(np.arange(links), frames))
    return table


def messages_table(messages: NDArray[np.int64], plan: Plan) -> pd.DataFrame:
    """The record (messages, 10) int64 as a table: mode, then the columns of hwmodels.records.MESSAGE_COLUMNS.

    Ordered by frame, then receiver, then sender; the messages of one sender to one receiver stay in the order in which
    they were sent, which is the order in which they were served.
    """
    table = pd.DataFrame(messages, columns=list(MESSAGE_COLUMNS))
    table.insert(0, "mode", plan.mode.name)
    return table.sort_values(["frame", "receiver", "sender"], kind="stable", ignore_index=True)


def _checked_plan(network: IntegerNetwork, chip: Chip, mode_name: str, mapping: Mapping | None) -> Plan:
    mode = mode_named(mode_name)
    if mode.precision != network.precision:
        raise SimulationError(
            f"mode {mode_name!r} runs the {mode.precision} network, {network.name!r} is the {network.precision} one: "
            f"take QuantisedNetwork.{mode.precision}"
        )
    return plan_network(network, chip, mode, mapping)


def _checked_stream(
    frames: NDArray[np.uint8] | Iterable[NDArray[np.uint8]], network: IntegerNetwork
) -> Iterator[NDArray[np.uint8]]:
    height, width, channels = network.input_shape
    for array in [frames] if isinstance(frames, np.ndarray) else frames:
        try:
            yield flat_frames(array, (channels, height, width), "frames", network.name)
        except WorkloadError as error:
            raise SimulationError(str(error)) from None


def _reference_block(
    network: IntegerNetwork, plan: Plan, stream: Iterator[NDArray[np.uint8]], arrival: Arrival
) -> Iterator[Block]:
    arrays = [*stream] or [np.zeros((0, network.inputs), np.uint8)]
    yield run_reference(network, plan, np.concatenate(arrays), arrival)


def _fast_blocks(
    network: IntegerNetwork,
    plan: Plan,
    stream: Iterator[NDArray[np.uint8]],
    arrival: Arrival,
    *,
    keep_integers: bool,
    record_messages: bool,
) -> Iterator[Block]:
    size = block_size(network)
    state = start(network, plan, arrival, block=size, keep_integers=keep_integers)
    for frames in blocks_of(stream, size):
        yield from advance(state, frames, record_messages=record_messages)
    yield from advance(state, np.zeros((0, network.inputs), np.uint8), last=True, record_messages=record_messages)


def _collect(
    plan: Plan,
    blocks: Iterator[Block],
    progress: Callable[[int], None] | None,
    *,
    keep_integers: bool,
    record_messages: bool,
) -> Result:
    done = []
    for block in blocks:
        done.append(block)
        if progress is not None:
            progress(len(block.counts))
    return Result(
        plan=plan,
        counts=np.concatenate([block.counts for block in done]),
        mesh=np.concatenate([block.mesh for block in done]),
        outputs=np.concatenate([block.outputs for block in done]),
        integers=np.concatenate([b.integers for b in done if b.integers is not None]) if keep_integers else None,
        messages=np.concatenate([b.messages for b in done if b.messages is not None]) if record_messages else None,
    )
