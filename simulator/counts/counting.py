"""The counts that follow from a frame's messages: what every value sent makes its sender, receivers and the mesh do.

Vectorised over frames. The kernels fill the columns about values and count the messages of every class of pixels, whose
way and reach are the same; this adds the rest. The reference engine does not use it: it counts each action when it
happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwmodels.records import LINK_COLUMNS
from simulator.counts import columns as c
from simulator.counts.arrays import Slots
from simulator.counts.part_arrays import Parts
from simulator.placement.plan import Plan, words_per_message

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Factors:
    """What one message of each class of pixels causes; made once for a run.

    `served`: of each core, (classes, own links, 4) per message: 1 if it goes there, synapses, words of weights, words
    of state. `sends`: of each core, (classes, sends): 1 if it goes out by that send.
    """

    served: tuple[Int64, ...]
    sends: tuple[Int64, ...]
    classes: Int64
    hops: Int64  # (sends, 3): local deliveries, hops east-west, hops north-south
    mesh: Int64  # (sends, mesh links): 1 where a send crosses a link


def factors_of(plan: Plan, parts: Parts) -> Factors:
    """Work out the factors of a plan."""
    hops = [(send.local, send.hops_ew, send.hops_ns) for send in plan.sends]
    mesh = np.zeros((len(plan.sends), len(plan.mesh)), np.int64)
    for number, send in enumerate(plan.sends):
        mesh[number, list(send.mesh_links)] = 1
    return Factors(
        served=tuple(_served(plan, parts, core) for core in range(len(plan.cores))),
        sends=tuple(_chosen(own, len(plan.sends)) for own in plan.class_sends),
        classes=parts.classes,
        hops=np.array(hops, np.int64).reshape(-1, 3),
        mesh=mesh,
    )


def complete_counts(slots: Slots, chosen: Int64, first_frame: int, plan: Plan, factors: Factors) -> Int64:
    """The record rows, (frames, cores, WIDTH) int64, of the frames in slots `chosen`, all count columns filled."""
    record: Int64 = slots.record[chosen]
    for core in range(len(plan.cores)):
        _count_messages(record, slots, chosen, plan, factors, core)
    _count_scanning(record, slots.positions[chosen], first_frame, plan)
    return record


def mesh_counts(slots: Slots, chosen: Int64, plan: Plan, factors: Factors) -> Int64:
    """The links table's rows, (frames, mesh links, columns) int64, columns as in hwmodels.records.LINK_COLUMNS."""
    result = np.zeros((len(chosen), len(plan.mesh), len(LINK_COLUMNS)), np.int64)
    messages = _sent(slots, chosen, factors).sum(axis=0) @ factors.mesh
    tokens = _chosen(plan.tokens, len(plan.sends)).sum(axis=0) @ factors.mesh
    result[..., 0] = messages + tokens
    result[..., 1] = messages * plan.message_flits + tokens * plan.token_flits
    result[..., 2] = messages * plan.message_fs + tokens * plan.token_fs
    if plan.shared and plan.chain:  # nothing ever waits: each message finds the buffer empty
        result[..., 4] = result[..., 0] > 0
    elif plan.shared:
        result[..., 3:] = slots.mesh[chosen]
    return result


def flow_messages(slots: Slots, chosen: Int64, plan: Plan, factors: Factors) -> Int64:
    """Messages over each of the plan's links, (frames, links) int64."""
    units = slots.class_units[chosen]
    return np.concatenate(
        [
            units[:, factors.classes[core] : factors.classes[core + 1]] @ factors.served[core][..., 0]
            for core in range(len(plan.cores))
        ],
        axis=1,
    )


def _served(plan: Plan, parts: Parts, core: int) -> Int64:
    first, own = parts.classes[core], plan.flows_of(core)
    result = np.zeros((len(plan.class_sends[core]), len(own), 4), np.int64)
    for number in range(len(result)):
        for place, link in enumerate(own):
            hits = int(parts.hits[parts.hits_begin[first + number] + place])
            if hits:
                words = words_per_message(plan, plan.flows[link], hits)
                result[number, place] = 1, hits * plan.flows[link].channels, *words
    return result


def _chosen(sends: Sequence[Sequence[int]], count: int) -> Int64:
    """A table of 0 and 1: a row for each entry of `sends`, a column for each send."""
    table = np.zeros((len(sends), count), np.int64)
    for row, numbers in enumerate(sends):
        table[row, list(numbers)] = 1
    return table


def _sent(slots: Slots, chosen: Int64, factors: Factors) -> Int64:
    """Messages by each send, (cores, frames, sends)."""
    units = slots.class_units[chosen]
    return np.array([units[:, factors.classes[core] : factors.classes[core + 1]] @ table
                     for core, table in enumerate(factors.sends)])  # fmt: skip


def _count_messages(record: Int64, slots: Slots, chosen: Int64, plan: Plan, factors: Factors, core: int) -> None:
    """Book the messages of one core, at both ends."""
    mine = slice(factors.classes[core], factors.classes[core + 1])
    units, digits = slots.class_units[chosen, mine], slots.class_digits[chosen, mine]
    row = record[:, core]
    messages, tokens = units @ factors.sends[core], _chosen([plan.tokens[core]], len(plan.sends))[0]
    row[:, c.MESSAGES_OUT] += messages.sum(axis=1)
    row[:, c.TOKENS_OUT] += len(plan.tokens[core])
    flits = (messages * plan.message_flits + tokens * plan.token_flits) @ factors.hops
    row[:, c.FLITS_LOCAL] += flits[:, 0]
    row[:, c.FLIT_HOPS_EW] += flits[:, 1]
    row[:, c.FLIT_HOPS_NS] += flits[:, 2]
    served = factors.served[core]
    for place, number in enumerate(plan.flows_of(core)):
        receiver = record[:, plan.flows[number].receiver]
        there, synapses, weight_words, state_words = (units @ served[:, place, column] for column in range(4))
        receiver[:, c.MESSAGES_IN] += there
        receiver[:, c.ADDS] += digits @ served[:, place, 1]
        if plan.encoding.multiplies:
            receiver[:, c.MULTIPLIES] += synapses
        streams = plan.cores[plan.flows[number].receiver].streams
        receiver[:, c.OFF_CHIP_WEIGHT_READS if streams else c.WEIGHT_READS] += weight_words
        receiver[:, c.STATE_READS] += state_words
        receiver[:, c.STATE_WRITES] += state_words


def _count_scanning(record: Int64, positions: Int64, first_frame: int, plan: Plan) -> None:
    record[..., c.FIRES] = record[..., c.VALUES_OUT]
    for index, core in enumerate(plan.cores):
        row = record[:, index]
        row[:, c.OFF_CHIP_READS] = core.off_chip_words
        looks = sum(core.window_y) * sum(core.window_x)
        row[:, c.ACCESSES] = looks * core.sent_shape[2]
        row[:, c.STATE_READS] += core.scan_words(positions[:, index], row[:, c.UPDATES])
        if plan.mode.delta:  # the value last sent is kept: one word for each neuron that sent
            row[:, c.STATE_WRITES] += row[:, c.FIRES]
            if first_frame == 0 and len(row):
                row[0, c.STATE_WRITES] += core.reset_words
        else:  # the accumulators start from their bias in every frame
            row[:, c.STATE_WRITES] += core.reset_words
