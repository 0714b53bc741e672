"""What the reference engine hands over: its counts, by definition, as tables."""

from __future__ import annotations

from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

from hwmodels.records import COLUMNS, LINK_COLUMNS, MESSAGE_COLUMNS
from simulator.blocks import Block
from simulator.placement.plan import Plan
from simulator.placement.routes import xy_route
from simulator.reference.core import Core, Message
from simulator.reference.mesh import Mesh
from simulator.values.digest import digest_keys


def block_of(
    plan: Plan, cores: list[Core], sent: list[list[Message]], mesh: Mesh | None, integers: NDArray[np.int64]
) -> Block:
    """Counts, integers and messages of a finished run; `sent` has the messages of every link in sending order."""
    for link, messages in zip(plan.flows, sent, strict=True):
        _fill_queue_peaks(cores[link.receiver], messages, plan.cores[link.receiver].timing.queue_depth)
    for layer in range(len(plan.layers)):
        _fill_layer(plan, cores, integers.tolist(), layer)
    counts = [[[row[name] for name in COLUMNS] for row in core.rows] for core in cores]
    rows = [
        (message.frame, link.sender, link.receiver, *(getattr(message, name) for name in MESSAGE_COLUMNS[3:]))
        for link, own in zip(plan.flows, sent, strict=True)
        for message in own
        if not message.token
    ]
    return Block(
        first=0,
        counts=np.array(counts, np.int64).reshape(len(counts), -1, len(COLUMNS)).transpose(1, 0, 2),
        mesh=_mesh_rows(plan, sent, mesh, len(integers)),
        outputs=integers[:, -plan.layers[-1].neurons :].astype(np.int32),
        integers=integers.astype(np.int32),
        messages=np.array(rows, np.int64).reshape(-1, len(MESSAGE_COLUMNS)),
    )


def _fill_queue_peaks(receiver: Core, messages: list[Message], depth: int) -> None:
    for message, waiting in zip(messages, waiting_at_sendings(messages), strict=True):
        row = receiver.rows[message.frame]
        row["queue_peak"] = max(row["queue_peak"], min(waiting + 1, depth))


def waiting_at_sendings(messages: list[Message]) -> list[int]:
    """At the sending of each message of a link, those sent before it whose service does not start before that moment.

    `messages` in the order of sending, so who has left by then has left for good. A slot that is freed and taken at one
    time counts once.
    """
    starts: list[int] = []  # of those that wait: a heap
    counts = []
    for message in messages:
        while starts and starts[0] < message.sent_fs:
            heappop(starts)
        counts.append(len(starts))
        heappush(starts, message.start_fs)
    return counts


def _fill_layer(plan: Plan, cores: list[Core], integers: list[list[int]], layer: int) -> None:
    """What is said of a layer's integers as a whole, into the rows of its first core."""
    first = sum(each.neurons for each in plan.layers[:layer])
    neurons, own = plan.layers[layer].neurons, cores[slice(*plan.layers[layer].cores)]
    keys = [int(key) for key in digest_keys(neurons, first)]
    before = [0] * neurons
    for frame, everything in enumerate(integers):
        now = everything[first : first + neurons]
        rows = [core.rows[frame] for core in own]
        for name, merge in (("saturations", sum), ("accumulator_clips", sum), ("accumulator_peak", max)):
            merged = merge(row[name] for row in rows)
            for row in rows:
                row[name] = 0
            rows[0][name] = merged
        total = sum(integer * key for integer, key in zip(now, keys, strict=True)) % 2**64
        rows[0]["digest"] = total - 2**64 if total >= 2**63 else total
        if plan.mode.delta and layer < len(plan.layers) - 1:
            norms = [sum(abs(s) for s in each) for each in (now, before)]
            pairs = list(zip(now, before, strict=True))
            rows[0]["s_l1"], rows[0]["s_square"] = norms[0], sum(s * s for s in now)
            rows[0]["s_product"] = sum(s * old for s, old in pairs)
            rows[0]["s_distance"] = sum(abs(s * norms[1] - old * norms[0]) for s, old in pairs)
        before = now


def _mesh_rows(plan: Plan, sent: list[list[Message]], mesh: Mesh | None, frames: int) -> NDArray[np.int64]:
    """The links table: copies of one message cross a link that their receivers' ways share as one."""
    numbers = {(link.begin, link.end): number for number, link in enumerate(plan.mesh)}
    rows = np.zeros((frames, len(plan.mesh), len(LINK_COLUMNS)), np.int64)
    crossings = {
        (numbers[hop], message.serial, message.frame, message.token)
        for link, messages in zip(plan.flows, sent, strict=True)
        for message in messages
        for hop in xy_route(plan.cores[link.sender].tile, plan.cores[link.receiver].tile)
    }
    for place, _, frame, token in crossings:
        flits, busy_fs = (plan.token_flits, plan.token_fs) if token else (plan.message_flits, plan.message_fs)
        rows[frame, place, :3] += (1, flits, busy_fs)
    if mesh is not None:
        rows[..., 3], rows[..., 4] = mesh.waits, mesh.peaks
    return rows
