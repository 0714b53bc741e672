"""The reference engine: SimPy, one process per core, one event per message. Plain, slow, the definition.

Every wire message waits for the link and for a free slot in the receiver's queue, travels, waits to be served, and adds
its weight row when it is served. Times are integer femtoseconds, so runs repeat exactly.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, cast

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
    new_core,
    receive,
    scan_neuron,
    touched,
    wire_messages,
)
from workloads import IntegerNetwork

Process = Generator[simpy.Event, Any, Any]


@dataclass
class Channel:
    """The way from one core to the next: a link, the receiver's queue slots, and what has arrived in order."""

    link: simpy.Resource
    slots: simpy.Container
    inbox: simpy.Store
    messages: list[Message]


@dataclass
class Machine:
    """All that the processes share."""

    env: simpy.Environment
    plan: Plan
    arrival: Arrival
    frames: NDArray[np.uint8]
    cores: list[Core]
    channels: list[Channel]
    sent_all: list[list[simpy.Event]]  # [core][frame]: its update phase is over
    served_all: list[list[simpy.Event]]  # [core][frame]: its receive phase is over
    released: list[simpy.Event]  # [step]: the barrier before it has opened
    integers: NDArray[np.int64]  # (frames, neurons)


def run_reference(network: IntegerNetwork, plan: Plan, frames: NDArray[np.uint8], arrival: Arrival) -> Block:
    """Simulate all `frames` (n, pixels) uint8 at once; the block has the integers and every message.

    Messages are ordered by frame, then sender, then sending order.
    """
    env = simpy.Environment()
    cores = [new_core(index, plan, network) for index in range(len(plan.cores))]
    channels = [_channel(env, core.timing.queue_depth) for core in plan.cores[1:]]
    steps = len(frames) * len(cores) + 1
    machine = Machine(
        env=env,
        plan=plan,
        arrival=arrival,
        frames=frames,
        cores=cores,
        channels=channels,
        sent_all=[[env.event() for _ in frames] for _ in cores],
        served_all=[[env.event() for _ in frames] for _ in cores],
        released=[env.event() for _ in range(steps)],
        integers=np.zeros((len(frames), sum(core.part.neurons for core in cores)), np.int64),
    )
    if plan.barrier:
        env.process(_barrier(machine))
    for core in cores:
        env.process(_core(machine, core))
    env.run()
    return _block(machine)


def _now(env: simpy.Environment) -> int:
    """The time in fs: all delays are integers, so it is one, too."""
    return int(env.now)


def _channel(env: simpy.Environment, depth: int) -> Channel:
    return Channel(simpy.Resource(env), simpy.Container(env, depth, init=depth), simpy.Store(env), [])


def _core(machine: Machine, core: Core) -> Process:
    """Receive phase, update phase, frame after frame."""
    env, free_fs = machine.env, 0
    for frame in range(len(machine.frames)):
        begin_frame(core, frame)
        if core.layer is None:
            core.accumulators = [int(pixel) for pixel in machine.frames[frame]]
            core.row["serve_first_fs"] = core.row["serve_end_fs"] = free_fs
        elif machine.plan.barrier:
            yield from _serve_step(machine, core, frame)
        else:
            yield from _serve_until_token(machine, core, frame)
        core.row["starved_fs"] = core.row["serve_end_fs"] - free_fs - core.row["serve_busy_fs"]
        machine.served_all[core.index][frame].succeed()
        yield from _wait_for_turn(machine, core, frame)
        core.row["update_start_fs"] = _now(env)
        yield from _update(machine, core, frame)
        end_frame(core, frame)
        free_fs = core.row["update_end_fs"] = _now(env)
        _keep_integers(machine, core, frame)
        machine.sent_all[core.index][frame].succeed()


def _serve_until_token(machine: Machine, core: Core, frame: int) -> Process:
    channel = machine.channels[core.index - 1]
    while True:
        message: Message = yield channel.inbox.get()
        yield from _serve(machine, core, message)
        if message.token:
            break
    core.row["serve_end_fs"] = _now(machine.env)
    if core.row["messages_in"] == 0:
        core.row["serve_first_fs"] = _now(machine.env)


def _serve_step(machine: Machine, core: Core, frame: int) -> Process:
    """Under barriers no token says that a frame is over: all messages sent have been served when the sender is done."""
    channel, sender = machine.channels[core.index - 1], machine.cores[core.index - 1]
    done = machine.sent_all[core.index - 1][frame]
    end_fs = _now(machine.env)
    while not (done.triggered and core.received == sender.rows[frame]["messages_out"]):
        get = channel.inbox.get()
        yield get if done.triggered else get | done
        if not get.triggered:
            get.cancel()
            continue
        yield from _serve(machine, core, cast("Message", get.value))
        end_fs = _now(machine.env)
    core.row["serve_end_fs"] = end_fs
    if core.row["messages_in"] == 0:
        core.row["serve_first_fs"] = end_fs


def _serve(machine: Machine, core: Core, message: Message) -> Process:
    """Free the queue slot, work, add the weight row."""
    env = machine.env
    message.start_fs = _now(env)
    yield machine.channels[core.index - 1].slots.put(1)
    if not message.token:
        if core.row["messages_in"] == 0:
            core.row["serve_first_fs"] = _now(env)
        busy_fs = service_fs(core.part, machine.plan.encoding, message.value)
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
    if arrival.kind == "serial" and frame > 0:
        yield machine.sent_all[-1][frame - 1]
    if _now(env) < frame * arrival.interval_fs:
        yield env.timeout(frame * arrival.interval_fs - _now(env))
    core.row["starved_fs"] += _now(env) - before
    if not machine.plan.barrier:
        core.row["serve_first_fs"] = core.row["serve_end_fs"] = _now(env)


def _update(machine: Machine, core: Core, frame: int) -> Process:
    """Scan the neurons in order, send what changed, close with a token."""
    env, timing = machine.env, core.part.timing
    now = _now(env)
    if core.layer is None:
        yield env.timeout(machine.plan.frame_fetch_fs)
    for neuron in range(core.part.neurons):
        yield env.timeout(timing.access_fs + (timing.update_fs if touched(core, frame) else 0))
        value = scan_neuron(core, neuron, frame)
        if value is None or core.is_last:
            continue
        yield env.timeout(timing.fire_fs)
        for message in wire_messages(core, frame, neuron, value):
            yield env.timeout(timing.encode_fs)
            yield from _send(machine, core, message)
    if not machine.plan.barrier and not core.is_last:
        yield from _send(machine, core, Message(frame, -1, 0, token=True))
    core.row["update_busy_fs"] = _now(env) - now - core.row["blocked_link_fs"] - core.row["blocked_queue_fs"]


def _send(machine: Machine, core: Core, message: Message) -> Process:
    """Wait for the link, then for a free slot; the message then travels while the core goes on."""
    env, channel = machine.env, machine.channels[core.index]
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
    env.process(_travel(machine, core, message, request))


def _travel(machine: Machine, core: Core, message: Message, request: simpy.resources.resource.Request) -> Process:
    link = machine.plan.links[core.index]
    yield machine.env.timeout(link.token_fs if message.token else link.message_fs)
    machine.channels[core.index].link.release(request)
    yield machine.env.timeout(link.wire_fs)
    message.arrival_fs = _now(machine.env)
    yield machine.channels[core.index].inbox.put(message)


def _step_of(machine: Machine, core: int, frame: int) -> int:
    return frame * len(machine.cores) + core if machine.arrival.kind == "serial" else frame + core


def _barrier(machine: Machine) -> Process:
    """Open step after step: all that send in a step have sent, all that serve have served."""
    frames, cores = range(len(machine.frames)), range(len(machine.cores))
    for step, release in enumerate(machine.released):
        release.succeed()
        active = [(core, frame) for core in cores for frame in frames if _step_of(machine, core, frame) == step]
        waits = [machine.sent_all[core][frame] for core, frame in active]
        waits += [machine.served_all[core + 1][frame] for core, frame in active if core + 1 < len(machine.cores)]
        yield machine.env.all_of(waits)
        yield machine.env.timeout(machine.plan.barrier_fs)


def _keep_integers(machine: Machine, core: Core, frame: int) -> None:
    first = sum(other.part.neurons for other in machine.cores[: core.index])
    machine.integers[frame, first : first + core.part.neurons] = core.integers


def _block(machine: Machine) -> Block:
    for sender, channel in enumerate(machine.channels):
        _fill_queue_peaks(machine.cores[sender + 1], channel.messages)
    counts = [[[row[name] for name in COLUMNS] for row in core.rows] for core in machine.cores]
    messages = [
        (message.frame, sender, *(getattr(message, name) for name in MESSAGE_COLUMNS[2:]))
        for sender, channel in enumerate(machine.channels)
        for message in channel.messages
        if not message.token
    ]
    ordered = sorted(messages, key=lambda row: row[:2])
    return Block(
        first=0,
        counts=np.array(counts, np.int64).reshape(len(counts), -1, len(COLUMNS)).transpose(1, 0, 2),
        outputs=machine.integers[:, -machine.cores[-1].part.neurons :].astype(np.int32),
        integers=machine.integers.astype(np.int32),
        messages=np.array(ordered, np.int64).reshape(-1, len(MESSAGE_COLUMNS)),
    )


def _fill_queue_peaks(receiver: Core, messages: list[Message]) -> None:
    """By definition: at each sending, the messages (this one too) sent so far whose service has not begun."""
    for position, message in enumerate(messages):
        waiting = sum(earlier.start_fs > message.sent_fs for earlier in messages[:position])
        row = receiver.rows[message.frame]
        row["queue_peak"] = max(row["queue_peak"], waiting + 1)
