"""The counts that follow from a frame's messages: what every value sent makes its sender and its receiver do.

Vectorised over frames. The kernels fill the columns about values (sent, magnitudes, touched neurons); this adds the
rest. The reference engine does not use it: it counts each action when it happens.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simulator import columns as c
from simulator.plan import Plan

Int64 = NDArray[np.int64]


def complete_counts(record: Int64, digits: Int64, first_frame: int, plan: Plan) -> None:
    """Fill the remaining count columns of `record` (frames, cores, WIDTH) int64 in place.

    digits: (frames, cores) int64, signed digits of the values each core sent (used by shift_add only).
    """
    _count_sending(record, plan)
    _count_serving(record, digits, plan)
    _count_scanning(record, first_frame, plan)


def _count_sending(record: Int64, plan: Plan) -> None:
    sent = c.L1_OUT if plan.encoding == "unary" else c.VALUES_OUT
    record[:, :-1, c.MESSAGES_OUT] = record[:, :-1, sent]
    record[:, :-1, c.TOKENS_OUT] = 0 if plan.barrier else 1
    for index, link in enumerate(plan.links):
        row = record[:, index]
        flits = row[:, c.MESSAGES_OUT] * link.message_flits + row[:, c.TOKENS_OUT] * link.token_flits
        row[:, c.FLITS_LOCAL] = flits if link.local else 0
        row[:, c.FLIT_HOPS_EW] = flits * link.hops_ew
        row[:, c.FLIT_HOPS_NS] = flits * link.hops_ns


def _count_serving(record: Int64, digits: Int64, plan: Plan) -> None:
    senders, receivers = record[:, :-1], record[:, 1:]
    neurons = np.array([core.neurons for core in plan.cores[1:]])
    receivers[..., c.MESSAGES_IN] = senders[..., c.MESSAGES_OUT]
    additions = digits[:, :-1] if plan.encoding == "shift_add" else senders[..., c.MESSAGES_OUT]
    receivers[..., c.ADDS] = additions * neurons
    if plan.encoding == "graded":
        receivers[..., c.MULTIPLIES] = senders[..., c.MESSAGES_OUT] * neurons
    weight_words = np.array([core.weight_words_per_message for core in plan.cores])
    state_words = np.array([core.state_words_per_message for core in plan.cores])
    record[..., c.WEIGHT_READS] = record[..., c.MESSAGES_IN] * weight_words
    record[..., c.STATE_READS] = record[..., c.MESSAGES_IN] * state_words
    record[..., c.STATE_WRITES] = record[..., c.MESSAGES_IN] * state_words


def _count_scanning(record: Int64, first_frame: int, plan: Plan) -> None:
    accumulator_words = np.array([core.accumulator_words for core in plan.cores])
    last_words = np.array([core.last_words for core in plan.cores])
    touched = record[..., c.UPDATES] > 0
    record[..., c.ACCESSES] = [core.neurons for core in plan.cores]
    record[..., c.FIRES] = record[..., c.VALUES_OUT]
    record[..., c.STATE_READS] += touched * (accumulator_words + last_words)
    if plan.mode.delta:  # the value last sent is kept: one word for each neuron that sent
        record[..., c.STATE_WRITES] += record[..., c.FIRES]
        if first_frame == 0 and len(record):
            record[0, :, c.STATE_WRITES] += accumulator_words
    else:  # the accumulators start from their bias in every frame
        record[..., c.STATE_WRITES] += accumulator_words
    record[:, 0, c.OFF_CHIP_READS] = plan.cores[0].off_chip_words
