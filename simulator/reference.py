"""The reference engine: SimPy, one process per core, one event per message. Plain, slow, the definition.

Every wire message waits for its link and for a free slot in its queue at the receiver, travels, waits to be served,
and adds its weights when it is served. A core with several senders has a queue for each and serves in order of
arrival, of two that arrive together the one from the lower-numbered sender first; a sender whose frame is over waits
for the others. Times are integer femtoseconds, so runs repeat exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from hwmodels.records import COLUMNS, MESSAGE_COLUMNS
from simulator.blocks import Arrival, Block
from simulator.plan import Plan, service_fs
from simulator.reference_core import (
    Core,
    Message,
    begin_frame,
    count_sent,
    end_frame,
    hits,
    is_touched,
    new_core,
    receive,
    scan_neuron,
    take_in,
    wire_messages,
)
from workloads.integer_network import IntegerNetwork

Process = Generator[simpy.Event, Any, Any]


@dataclass
class Channel:
    """One link: its resource, the free slots of its queue at the receiver, and what has arrived there in order."""

    link: simpy.Resource
    slots: simpy.Container
    arrived: deque[Message]
    messages: list[Message]


@dataclass
class Machine:
    """All that the processes share. Lists of lists of events are indexed [core][frame]."""

    env: simpy.Environment
    plan: Plan
    arrival: Arrival
    frames: NDArray[np.uint8]
    cores: list[Core]
    channels: list[Channel]
    news: list[simpy.Event]  # [core]: something arrives, or a sender is done
    sent_all: list[list[simpy.Event]]  # the update phase is over
    served_all: list[list[simpy.Event]]  # the receive phase is over
    released: list[simpy.Event]  # [step]: the barrier before it has opened
    integers: NDArray[np.int64]  # (frames, neurons)


def run_reference(network: IntegerNetwork, plan: Plan, frames: NDArray[np.uint8], arrival: Arrival) -> Block:
    """Simulate all `frames` (n, pixels) uint8 at once; the block has the integers and every message.

    Messages are ordered by frame, then sender, then sending order.
    """
    env = simpy.Environment()
    cores = [new_core(index, plan, network) for index in range(len(plan.cores))]
    machine = Machine(
        env=env,
        plan=plan,
        arrival=arrival,
        frames=frames,
        cores=cores,
        channels=[_channel(env, plan.cores[link.receiver].timing.queue_depth) for link in plan.links],
        news=[env.event() for _ in cores],
        sent_all=[[env.event() for _ in frames] for _ in cores],
        served_all=[[env.event() for _ in frames] for _ in cores],
        released=[env.event() for _ in range(len(frames) * len(cores) + 1)],
        integers=np.zeros((len(frames), sum(core.part.neurons for core in cores)), np.int64),
    )
    if plan.barrier:
        env.process(_barrier(machine))
    for core in cores:
        env.process(_core(machine, core))
    env.run()
    return _block(machine)


def _channel(env: simpy.Environment, depth: int) -> Channel:
    return Channel(simpy.Resource(env), simpy.Container(env, depth, init=depth), deque(), [])


def _now(env: simpy.Environment) -> int:
    """The time in fs: all delays are integers, so it is one, too."""
    return int(env.now)


def _core(machine: Machine, core: Core) -> Process:
    """Receive phase, update phase, frame after frame."""
    env, free_fs = machine.env, 0
    for frame in range(len(machine.frames)):
        begin_frame(core, frame)
        if core.layer is None:
            take_in(core, machine.frames[frame].tolist())
            core.row["serve_first_fs"] = core.row["serve_end_fs"] = free_fs
        else:
            yield from _serve_frame(machine, core, frame)
        core.row["starved_fs"] = core.row["serve_end_fs"] - free_fs - core.row["serve_busy_fs"]
        machine.served_all[core.index][frame].succeed()
        yield from _wait_for_turn(machine, core, frame)
        core.row["update_start_fs"] = _now(env)
        yield from _update(machine, core, frame)
        end_frame(core)
        free_fs = core.row["update_end_fs"] = _now(env)
        _keep_integers(machine, core, frame)
        machine.sent_all[core.index][frame].succeed()
        for link in machine.plan.links:
            if link.sender == core.index:
                _tell(machine, link.receiver)


def _serve_frame(machine: Machine, core: Core, frame: int) -> Process:
    """Serve until the frame is over: a token has come on every link; under barriers all that was sent has been
    served.
    """
    env, links = machine.env, machine.plan.links
    mine = [number for number, link in enumerate(links) if link.receiver == core.index]
    open_links = set(mine)
    end_fs = _now(env)
    while not _frame_is_over(machine, core, frame, open_links):
        yield env.timeout(0)  # whatever arrives now has arrived
        waiting = [
            machine.channels[number].arrived[0] for number in sorted(open_links) if machine.channels[number].arrived
        ]
        if not waiting:
            if not _frame_is_over(machine, core, frame, open_links):
                yield machine.news[core.index]
            continue
        message = min(waiting, key=lambda each: (each.arrival_fs, links[each.link].sender))
        machine.channels[message.link].arrived.popleft()
        yield from _serve(machine, core, message)
        if message.token:
            open_links.remove(message.link)
        end_fs = _now(env)
    core.row["serve_end_fs"] = end_fs
    if core.row["messages_in"] == 0:
        core.row["serve_first_fs"] = end_fs


def _frame_is_over(machine: Machine, core: Core, frame: int, open_links: set[int]) -> bool:
    if not machine.plan.barrier:
        return not open_links
    senders = [machine.plan.links[number].sender for number in open_links]
    if not all(machine.sent_all[sender][frame].triggered for sender in senders):
        return False
    sent = sum(
        not message.token and message.frame == frame
        for number in open_links
        for message in machine.channels[number].messages
    )
    return core.row["messages_in"] == sent


def _tell(machine: Machine, core: int) -> None:
    """Wake a core that waits for news."""
    machine.news[core].succeed()
    machine.news[core] = machine.env.event()


def _serve(machine: Machine, core: Core, message: Message) -> Process:
    """Free the queue slot, work, add the weights."""
    env, plan = machine.env, machine.plan
    message.start_fs = _now(env)
    yield machine.channels[message.link].slots.put(1)
    if not message.token:
        if core.row["messages_in"] == 0:
            core.row["serve_first_fs"] = _now(env)
        link = plan.links[message.link]
        channels = plan.cores[link.sender].sent_shape[2]
        busy_fs = service_fs(plan, link, hits(link, message.neuron // channels), message.value)
        yield env.timeout(busy_fs)
        receive(core, message)
        core.row["serve_busy_fs"] += busy_fs
    message.end_fs = _now(env)


def _wait_for_turn(machine: Machine, core: Core, frame: int) -> Process:
    """Before the update phase: the barrier, and for the input core the frame itself."""
    env, arrival = machine.env, machine.arrival
    if machine.plan.barrier:
        before = core.row["serve_end_fs"]
        yield machine.released[_step_of(machine, core.index, frame)]
        core.row["barrier_fs"] = _now(env) - before
    if core.layer is not None:
        return
    before = _now(env)
    underway = 1 if arrival.kind == "serial" else len(machine.cores)  # at most one frame per core is in the chip
    if frame >= underway:
        yield machine.sent_all[-1][frame - underway]
    if _now(env) < frame * arrival.interval_fs:
        yield env.timeout(frame * arrival.interval_fs - _now(env))
    core.row["starved_fs"] += _now(env) - before
    if not machine.plan.barrier:
        core.row["serve_first_fs"] = core.row["serve_end_fs"] = _now(env)


def _update(machine: Machine, core: Core, frame: int) -> Process:
    """Scan the neurons in order, send what changed, close with a token on every link."""
    env, timing, plan = machine.env, core.part.timing, machine.plan
    now, channels = _now(env), core.part.sent_shape[2]
    if core.layer is None:
        yield env.timeout(plan.frame_fetch_fs)
    for neuron in range(core.part.neurons):
        pixel = neuron // channels
        update_fs = timing.update_fs if is_touched(core, pixel, frame) else 0
        yield env.timeout(len(core.positions[pixel]) * timing.access_fs + update_fs)
        value = scan_neuron(core, neuron, frame)
        if value is None:
            continue
        yield env.timeout(timing.fire_fs)
        for message in wire_messages(core, frame, neuron, value):
            yield env.timeout(timing.encode_fs)
            yield from _send(machine, core, message)
    for number, link in enumerate(plan.links):
        if link.sender == core.index and not plan.barrier:
            yield from _send(machine, core, Message(frame, number, -1, 0, token=True))
    core.row["update_busy_fs"] = _now(env) - now - core.row["blocked_link_fs"] - core.row["blocked_queue_fs"]


def _send(machine: Machine, core: Core, message: Message) -> Process:
    """Wait for the link, then for a free slot; the message then travels while the core goes on."""
    env, channel = machine.env, machine.channels[message.link]
    message.ready_fs = _now(env)
    request = channel.link.request()
    yield request
    core.row["blocked_link_fs"] += _now(env) - message.ready_fs
    waits_from = _now(env)
    yield channel.slots.get(1)
    core.row["blocked_queue_fs"] += _now(env) - waits_from
    message.sent_fs = _now(env)
    channel.messages.append(message)
    count_sent(core, message)
    env.process(_hold(machine, message, request))
    env.process(_travel(machine, message))


def _hold(machine: Machine, message: Message, request: simpy.resources.resource.Request) -> Process:
    link = machine.plan.links[message.link]
    yield machine.env.timeout(link.token_fs if message.token else link.message_fs)
    machine.channels[message.link].link.release(request)


def _travel(machine: Machine, message: Message) -> Process:
    link = machine.plan.links[message.link]
    on_link_fs = link.token_fs if message.token else link.message_fs
    yield machine.env.timeout(on_link_fs + link.wire_fs)
    message.arrival_fs = _now(machine.env)
    machine.channels[message.link].arrived.append(message)
    _tell(machine, link.receiver)


def _step_of(machine: Machine, core: int, frame: int) -> int:
    """The step in which a core sends a frame: as many after the frame's first as the core is away from the input."""
    levels = max(each.level for each in machine.plan.cores) + 1
    level = machine.plan.cores[core].level
    return frame * levels + level if machine.arrival.kind == "serial" else frame + level


def _barrier(machine: Machine) -> Process:
    """Open step after step: all that send in a step have sent, all that serve have served."""
    frames, cores = range(len(machine.frames)), range(len(machine.cores))
    for step, release in enumerate(machine.released):
        release.succeed()
        active = [(core, frame) for core in cores for frame in frames if _step_of(machine, core, frame) == step]
        waits = [machine.sent_all[core][frame] for core, frame in active]
        waits += [
            machine.served_all[link.receiver][frame]
            for core, frame in active
            for link in machine.plan.links
            if link.sender == core and machine.plan.cores[link.receiver].level == machine.plan.cores[core].level + 1
        ]
        yield machine.env.all_of(waits)
        yield machine.env.timeout(machine.plan.barrier_fs)


def _keep_integers(machine: Machine, core: Core, frame: int) -> None:
    first = sum(other.part.neurons for other in machine.cores[: core.index])
    machine.integers[frame, first : first + core.part.neurons] = core.integers


def _block(machine: Machine) -> Block:
    plan = machine.plan
    for link, channel in zip(plan.links, machine.channels, strict=True):
        depth = plan.cores[link.receiver].timing.queue_depth
        _fill_queue_peaks(machine.cores[link.receiver], channel.messages, depth)
    counts = [[[row[name] for name in COLUMNS] for row in core.rows] for core in machine.cores]
    messages = [
        (message.frame, link.sender, link.receiver, *(getattr(message, name) for name in MESSAGE_COLUMNS[3:]))
        for link, channel in zip(plan.links, machine.channels, strict=True)
        for message in channel.messages
        if not message.token
    ]
    return Block(
        first=0,
        counts=np.array(counts, np.int64).reshape(len(counts), -1, len(COLUMNS)).transpose(1, 0, 2),
        outputs=machine.integers[:, -machine.cores[-1].part.neurons :].astype(np.int32),
        integers=machine.integers.astype(np.int32),
        messages=np.array(messages, np.int64).reshape(-1, len(MESSAGE_COLUMNS)),
    )


def _fill_queue_peaks(receiver: Core, messages: list[Message], depth: int) -> None:
    """By definition: at each sending, the messages (this one too) sent so far on the link that are not being served
    yet.

    A slot that is freed and taken at one time counts once.
    """
    for position, message in enumerate(messages):
        waiting = sum(earlier.start_fs >= message.sent_fs for earlier in messages[:position])
        row = receiver.rows[message.frame]
        row["queue_peak"] = max(row["queue_peak"], min(waiting + 1, depth))
