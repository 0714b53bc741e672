"""The counts that follow from a frame's messages: what every value sent makes its sender and its receiver do.

Vectorised over frames. The kernels fill the columns about values and what crosses each link; this adds the rest.
The reference engine does not use it: it counts each action when it happens.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator import columns as c
from simulator.arrays import Slots
from simulator.plan import Plan

Int64 = NDArray[np.int64]


def complete_counts(slots: Slots, chosen: Int64, first_frame: int, plan: Plan) -> Int64:
    """The record rows, (frames, cores, WIDTH) int64, of the frames in slots `chosen`, all count columns filled."""
    record: Int64 = slots.record[chosen]
    _count_links(record, slots, chosen, plan)
    _count_scanning(record, slots.positions[chosen], first_frame, plan)
    return record


def _count_links(record: Int64, slots: Slots, chosen: Int64, plan: Plan) -> None:
    for number, link in enumerate(plan.links):
        sender, receiver = record[:, link.sender], record[:, link.receiver]
        messages = slots.link_messages[chosen, number]
        tokens = 0 if plan.barrier else 1
        flits = messages * link.message_flits + tokens * link.token_flits
        sender[:, c.MESSAGES_OUT] += messages
        sender[:, c.TOKENS_OUT] += tokens
        sender[:, c.FLITS_LOCAL] += flits if link.local else 0
        sender[:, c.FLIT_HOPS_EW] += flits * link.hops_ew
        sender[:, c.FLIT_HOPS_NS] += flits * link.hops_ns
        receiver[:, c.MESSAGES_IN] += messages
        receiver[:, c.ADDS] += slots.link_adds[chosen, number]
        if plan.encoding == "graded":
            receiver[:, c.MULTIPLIES] += slots.link_synapses[chosen, number]
        receiver[:, c.WEIGHT_READS] += slots.link_weight_words[chosen, number]
        receiver[:, c.STATE_READS] += slots.link_state_words[chosen, number]
        receiver[:, c.STATE_WRITES] += slots.link_state_words[chosen, number]


def _count_scanning(record: Int64, positions: Int64, first_frame: int, plan: Plan) -> None:
    record[..., c.FIRES] = record[..., c.VALUES_OUT]
    record[:, 0, c.OFF_CHIP_READS] = plan.cores[0].off_chip_words
    for index, core in enumerate(plan.cores):
        row = record[:, index]
        looks = sum(core.window_y) * sum(core.window_x)
        row[:, c.ACCESSES] = looks * core.sent_shape[2]
        row[:, c.STATE_READS] += core.scan_words(positions[:, index], row[:, c.UPDATES])
        if plan.mode.delta:  # the value last sent is kept: one word for each neuron that sent
            row[:, c.STATE_WRITES] += row[:, c.FIRES]
            if first_frame == 0 and len(row):
                row[0, c.STATE_WRITES] += core.reset_words
        else:  # the accumulators start from their bias in every frame
            row[:, c.STATE_WRITES] += core.reset_words
