"""How much longer a run can take, from the messages of its frames before they are timed.

Time is counted in int64 femtoseconds, 2.5 hours of them. While frames are in the chip something is always underway that
takes its time: a scan, a message on a link, a service, a barrier. So what is left of them takes no longer than all that
they do, one after the other, from now or from their arrival on. Where even that fits, no time can pass the limit,
whatever waits for what; the sum is loose where cores work side by side, so it is taken of few frames at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from simulator.counts import columns as c
from simulator.counts.arrays import Slots
from simulator.counts.part_arrays import Parts
from simulator.errors import SimulationError
from simulator.placement.plan import FlowPlan, Plan, serving_at
from simulator.placement.routes import Send
from simulator.timing.limits import CAUSES, LONGEST_FS, Cause, beyond_the_limit, links_cause

Float = NDArray[np.float64]
Int64 = NDArray[np.int64]

_ROUNDING: Final = 1 + 2.0**-20
"""More than adding up in floats can be off."""


@dataclass(frozen=True)
class Costs:
    """What frames can take, in fs, as floats: columns are those of `CAUSES`.

    `unit`: (classes, causes) for one message of a pixel of each class that makes one addition for each synapse;
    `digit`: the same for each further addition. `update`, `fire`: (cores,) a neuron. `frame`: (causes,) whatever
    happens in a frame; `tail`: once besides. `most_waiting`: how many can wait for one link at a time.
    """

    unit: Float
    digit: Float
    update: Float
    fire: Float
    frame: Float
    tail: Float
    most_waiting: int


def costs_of(plan: Plan, parts: Parts, *, serial: bool) -> Costs:
    """Work out the costs of a plan; made once for a run."""
    classes = int(parts.classes[-1])
    unit, digit = np.zeros((classes, len(CAUSES))), np.zeros((classes, len(CAUSES)))
    frame, tail = np.zeros(len(CAUSES)), np.zeros(len(CAUSES))
    sends = np.array([_sending(plan, send, plan.message_fs) for send in plan.sends]).reshape(-1, len(CAUSES))
    for core, own in enumerate(plan.class_sends):
        first, encode_fs = int(parts.classes[core]), float(plan.cores[core].timing.encode_fs)
        for number, numbers in enumerate(own):
            unit[first + number] += sends[list(numbers)].sum(axis=0)
            unit[first + number, CAUSES.index("encode")] += encode_fs * len(numbers)
        _add_services(plan, parts, core, unit, digit)
        for number in plan.tokens[core]:
            frame += _sending(plan, plan.sends[number], plan.token_fs)
        frame += _scanning(plan, core)
    barrier = CAUSES.index("barrier")
    steps = 1 if plan.schedule.sends_tokens or not serial else plan.levels
    frame[barrier] += sum(plan.release_fs) * steps
    tail[barrier] += sum(plan.release_fs) * (plan.levels + 1)
    return Costs(
        unit=unit,
        digit=digit,
        update=np.array([core.timing.update_fs for core in plan.cores], np.float64),
        fire=np.array([core.timing.fire_fs for core in plan.cores], np.float64),
        frame=frame,
        tail=tail,
        most_waiting=max(1, len(plan.mesh) + len(plan.cores)) if plan.shared and not plan.chain else 1,
    )


def frame_costs(costs: Costs, slots: Slots, chosen: Int64) -> Float:
    """(frames, causes) fs: all that is done in each of the frames in slots `chosen`, added up."""
    units = slots.class_units[chosen]
    further = slots.class_digits[chosen] - units
    total: Float = units.astype(np.float64) @ costs.unit + further.astype(np.float64) @ costs.digit + costs.frame
    record = slots.record[chosen]
    total[:, CAUSES.index("update")] += record[..., c.UPDATES].astype(np.float64) @ costs.update
    total[:, CAUSES.index("fire")] += record[..., c.VALUES_OUT].astype(np.float64) @ costs.fire
    return total


def fits(costs: Costs, frames: Float, now_fs: int) -> bool:
    """Can nothing pass the limit? `frames` is `frame_costs` of all that are not done at `now_fs`, or not yet there."""
    left_fs = float(frames.sum() + costs.tail.sum()) * _ROUNDING
    return now_fs + left_fs < LONGEST_FS and left_fs * costs.most_waiting < LONGEST_FS


def too_long(costs: Costs, frames: Float, now_fs: int, frame: int) -> SimulationError:
    """What to say where frames up to number `frame`, from 0, do not fit; all before it did."""
    spent = frames.sum(axis=0) + costs.tail
    most: Cause = CAUSES[int(spent.argmax())]
    return beyond_the_limit(frame, now_fs, (most, float(spent.max())))


def _add_services(plan: Plan, parts: Parts, core: int, unit: Float, digit: Float) -> None:
    """What a message of each class of a core's pixels takes at its receivers."""
    own, first, end = plan.flows_of(core), int(parts.classes[core]), int(parts.classes[core + 1])
    hits = parts.hits[parts.hits_begin[first] : parts.hits_begin[end]].reshape(end - first, len(own))
    for place, number in enumerate(own):
        reached, of_class = np.unique(hits[:, place], return_inverse=True)
        rows = [_service(plan, plan.flows[number], int(each)) for each in reached]
        unit[first:end] += np.array([row for row, _ in rows])[of_class]
        digit[first:end, CAUSES.index("add")] += np.array([each for _, each in rows])[of_class]


def _service(plan: Plan, link: FlowPlan, hits: int) -> tuple[Float, float]:
    """(causes,) fs for one message of one addition at the end of a link, and what a further addition takes, fs."""
    row = np.zeros(len(CAUSES))
    if not hits:
        return row, 0.0
    serving, synapses = serving_at(plan, link), hits * link.channels
    row[CAUSES.index("decode")] = serving.timing.decode_fs
    row[CAUSES.index("port")] = serving.port_fs(synapses)
    rest = serving.service_fs(synapses, 1) - serving.timing.decode_fs
    row[CAUSES.index(links_cause(plan, link, hits))] += rest
    return row, float(serving.took(synapses, 1).add)


def _sending(plan: Plan, send: Send, on_link_fs: int) -> Float:
    """(causes,) fs for one message or token on its way, everything that it crosses one after the other."""
    row = np.zeros(len(CAUSES))
    links = [plan.mesh[number] for number in send.mesh_links]
    row[CAUSES.index("flit")] = max(on_link_fs, 1) * (2 + len(links) + len(send.links))
    for link in links:
        row[CAUSES.index("east_west" if link.east_west else "north_south")] += link.hop_fs
    for number in send.links:
        own = plan.flows[number]
        row[CAUSES.index("local")] += own.last_fs
        row[CAUSES.index("flit")] += 2  # where nothing takes time, something takes a femtosecond
    return row


def _scanning(plan: Plan, core: int) -> Float:
    """(causes,) fs for what a core does in every frame, message or not."""
    row, part = np.zeros(len(CAUSES)), plan.cores[core]
    looks = sum(part.window_y) * sum(part.window_x) * part.sent_shape[2]
    row[CAUSES.index("access")] = looks * part.timing.access_fs
    row[CAUSES.index("fetch")] = part.fetch_fs + 1
    return row
