"""Who waits for whom in a deadlock.

A plan can't: a message leaves only when all its receivers have a place for it, so the mesh always runs empty, XY routes
never wait for each other in a circle, and a network has no circles of cores. This says so if that is ever wrong.
"""

from __future__ import annotations

from simulator.counts.part_arrays import Parts
from simulator.placement.plan import Plan
from simulator.timing.events import SERVING, UPDATING, EventState


def who_waits(plan: Plan, parts: Parts, events: EventState, frames: int) -> list[str]:
    """One line for each core that is not done with all `frames`: for which frame it waits, and for whom."""
    lines = []
    for number in range(len(plan.cores)):
        frame = int(events.frame[number])
        if frame >= frames:
            continue
        phase, held_by = int(events.phase[number]), int(events.held_by[number])
        if phase == UPDATING and held_by >= 0:
            receiver = plan.flows[held_by].receiver
            depth = plan.cores[receiver].timing.queue_depth
            why = f"can't send to {core_name(plan, receiver)}, whose queue of {depth} messages is full"
        elif phase == UPDATING:
            why = f"can't send: the buffer of its router at tile {plan.cores[number].tile} is full"
        elif phase == SERVING:
            incoming = parts.incoming_link[parts.incoming[number] : parts.incoming[number + 1]]
            senders = [core_name(plan, plan.flows[link].sender) for link in incoming if not events.closed[link]]
            why = f"waits for the end of the frame from {', '.join(senders)}"
        else:
            why = "waits for its turn"
        lines.append(f"{core_name(plan, number)} (core {plan.cores[number].position}), frame {frame}: {why}")
    return lines


def core_name(plan: Plan, number: int) -> str:
    """A layer's name, with the number of the part where it has several."""
    core = plan.cores[number]
    first, end = plan.layers[core.layer_index].cores
    return core.layer if end - first == 1 else f"{core.layer}.{core.part}"
