"""The reference engine: SimPy, one process per core, one event per message. Plain, slow, the definition.

Every wire message waits for its way into the mesh and for a free slot in the queues of all its receivers, travels,
waits to be served, and adds its weights when it is served. A core has a queue for each core that it hears from and
serves in order of arrival, of two that arrive together the one from the lower-numbered sender first; a sender whose
frame is over waits for the others. Times are integer femtoseconds, so runs repeat exactly.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from simulator.blocks import Arrival, Block, check_block
from simulator.errors import SimulationError
from simulator.placement.plan import Plan, port_fs, service_fs
from simulator.reference.block import block_of
from simulator.reference.core import (
    Core,
    Message,
    begin_frame,
    end_frame,
    hits,
    is_touched,
    new_core,
    receive,
    scan_neuron,
    take_in,
)
from simulator.reference.mesh import Last, Mesh, new_mesh, put_in
from simulator.timing.limits import LONGEST_FS, beyond_the_limit
from simulator.timing.waiting import core_name
from workloads.integer.network import IntegerNetwork

Process = Generator[simpy.Event, Any, Any]


@dataclass
class Channel:
    """One link: the free slots of its queue at the receiver, what has arrived there in order, all its messages."""

    slots: simpy.Container
    arrived: deque[Message]
    messages: list[Message]


@dataclass
class Port:
    """The off-chip memory's port: who waits for it since when, with what to wake."""

    news: simpy.Event
    asking: list[tuple[int, int, int, simpy.Event]]  # since when, core, time it will take, given


@dataclass
class Machine:
    """All that the processes share. Lists of lists of events are indexed [core][frame]."""

    env: simpy.Environment
    plan: Plan
    arrival: Arrival
    frames: NDArray[np.uint8]
    cores: list[Core]
    channels: list[Channel]
    port: Port
    mesh: Mesh | None
    news: list[simpy.Event]  # [core]: something arrives, or the step is over
    sent_all: list[list[simpy.Event]]  # the update phase is over
    received: list[list[simpy.Event]]  # all of the frame has been served; in steps, the barrier has seen it
    released: list[simpy.Event]  # [step]: the barrier before it has opened
    quiet: simpy.Event  # nothing is underway or being served
    underway: int
    sent: int
    integers: NDArray[np.int64]  # (frames, neurons)


def run_reference(network: IntegerNetwork, plan: Plan, frames: NDArray[np.uint8], arrival: Arrival) -> Block:
    """Simulate all `frames` (n, pixels) uint8 at once; the block has the integers and every message.

    Messages are ordered by sender, then receiver, then sending order. Raises SimulationError for a deadlock:
    cores that wait for each other with frames left; and if it takes longer than 2**63 fs.
    """
    check_block(frames, network)
    env = simpy.Environment()
    machine = _machine(env, network, plan, frames, arrival)
    if plan.shared:
        machine.mesh = new_mesh(env, plan, len(frames), lambda copy, after: _set_out(machine, copy, after))
    if not plan.schedule.sends_tokens:
        env.process(_barrier(machine))
    env.process(_port(machine))
    for core in machine.cores:
        env.process(_core(machine, core))
    env.run()
    stuck = [core.index for core in machine.cores if len(frames) and not machine.sent_all[core.index][-1].triggered]
    if stuck:
        names = ", ".join(core_name(plan, core) for core in stuck)
        raise SimulationError(f"deadlock: cores wait for each other: {names}")
    if machine.mesh is not None:
        _check_time(machine, max((max(row, default=0) for row in machine.mesh.waits), default=0))
    return block_of(plan, machine.cores, [channel.messages for channel in machine.channels], machine.mesh,
                    machine.integers)  # fmt: skip


def _machine(
    env: simpy.Environment, network: IntegerNetwork, plan: Plan, frames: NDArray[np.uint8], arrival: Arrival
) -> Machine:
    cores = [new_core(index, plan, network) for index in range(len(plan.cores))]
    depths = [plan.cores[link.receiver].timing.queue_depth for link in plan.flows]
    return Machine(
        env=env,
        plan=plan,
        arrival=arrival,
        frames=frames,
        cores=cores,
        channels=[Channel(simpy.Container(env, depth, init=depth), deque(), []) for depth in depths],
        port=Port(env.event(), []),
        mesh=None,
        news=[env.event() for _ in cores],
        sent_all=[[env.event() for _ in frames] for _ in cores],
        received=[[env.event() for _ in frames] for _ in cores],
        released=[env.event() for _ in range(len(frames) * plan.levels + plan.levels)],
        quiet=env.event(),
        underway=0,
        sent=0,
        integers=np.zeros((len(frames), sum(layer.neurons for layer in plan.layers)), np.int64),
    )


def _now(env: simpy.Environment) -> int:
    """The time in fs: all delays are integers, so it is one, too."""
    return int(env.now)


def _check_time(machine: Machine, time_fs: int) -> None:
    """Raise SimulationError for what int64 fs cannot say, of whatever lasted so long: Python's integers go on."""
    if time_fs > LONGEST_FS:
        done = min(sum(event.triggered for event in sent_all) for sent_all in machine.sent_all)
        reached_fs = max(core.rows[done - 1]["update_end_fs"] for core in machine.cores) if done else 0
        raise beyond_the_limit(done, reached_fs)


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
        served = core.row["serve_busy_fs"] + core.row["blocked_memory_fs"]
        core.row["starved_fs"] = core.row["serve_end_fs"] - free_fs - served
        yield from _wait_for_turn(machine, core, frame)
        core.row["update_start_fs"] = _now(env)
        yield from _update(machine, core, frame)
        end_frame(core)
        free_fs = core.row["update_end_fs"] = _now(env)
        _check_time(machine, free_fs)
        _keep_integers(machine, core, frame)
        machine.sent_all[core.index][frame].succeed()


def _serve_frame(machine: Machine, core: Core, frame: int) -> Process:
    """Serve until the frame is over: a token has come on every link; without tokens, until the step is over."""
    env, links = machine.env, machine.plan.flows
    open_links = {number for number, link in enumerate(links) if link.receiver == core.index}
    end_fs = _now(env)
    while open_links and not machine.received[core.index][frame].triggered:
        yield env.timeout(0)  # whatever arrives now has arrived
        waiting = [
            machine.channels[number].arrived[0] for number in sorted(open_links) if machine.channels[number].arrived
        ]
        if not waiting:
            if not machine.received[core.index][frame].triggered:
                yield machine.news[core.index]
            continue
        message = min(waiting, key=lambda each: (each.arrival_fs, links[each.link].sender))
        machine.channels[message.link].arrived.popleft()
        yield from _serve(machine, core, message)
        if message.token:
            open_links.remove(message.link)
        end_fs = _now(env)
        machine.underway -= 1
        if machine.underway == 0:
            machine.quiet.succeed()
            machine.quiet = env.event()
    core.row["serve_end_fs"] = end_fs
    if core.row["messages_in"] == 0:
        core.row["serve_first_fs"] = end_fs


def _tell(machine: Machine, core: int) -> None:
    """Wake a core that waits for news."""
    machine.news[core].succeed()
    machine.news[core] = machine.env.event()


def _serve(machine: Machine, core: Core, message: Message) -> Process:
    """Free the queue slot, wait for the off-chip port if the weights come from there, work, add the weights."""
    env, plan = machine.env, machine.plan
    message.start_fs = _now(env)
    yield machine.channels[message.link].slots.put(1)
    if not message.token:
        if core.row["messages_in"] == 0:
            core.row["serve_first_fs"] = _now(env)
        link = plan.flows[message.link]
        reached = hits(plan, link, message.neuron)
        if core.part.streams:
            given = env.event()
            machine.port.asking.append((_now(env), core.index, port_fs(plan, link, reached), given))
            machine.port.news.succeed()
            machine.port.news = env.event()
            yield given
            core.row["blocked_memory_fs"] += _now(env) - message.start_fs
        busy_fs = service_fs(plan, link, reached, message.value)
        yield env.timeout(busy_fs)
        receive(core, message)
        core.row["serve_busy_fs"] += busy_fs
    message.end_fs = _now(env)


def _port(machine: Machine) -> Process:
    """Give the off-chip port to who asked first, of equals the lower-numbered core."""
    env, port = machine.env, machine.port
    while True:
        while not port.asking:
            yield port.news
        yield Last(env)
        chosen = min(port.asking, key=lambda each: each[:2])
        port.asking.remove(chosen)
        chosen[3].succeed()
        yield env.timeout(chosen[2])


def _wait_for_turn(machine: Machine, core: Core, frame: int) -> Process:
    """Before the update phase: the step, for the input the frame itself, and then those that this core waits for."""
    env, plan = machine.env, machine.plan
    tokens, group = plan.schedule.sends_tokens, plan.group_of[core.index]
    if not tokens:
        yield machine.released[_step_of(machine, core.index, frame)]
        core.row["barrier_fs"] = _now(env) - core.row["serve_end_fs"]
    if core.layer is None:
        yield from _wait_for_frame(machine, core, frame)
    if tokens and group >= 0:
        machine.received[core.index][frame].succeed()
        together = [machine.received[each][frame] for each, own in enumerate(plan.group_of) if own == group]
        yield env.all_of(together)
        yield env.timeout(plan.release_fs[group])
        core.row["barrier_fs"] = _now(env) - core.row["serve_end_fs"]


def _wait_for_frame(machine: Machine, core: Core, frame: int) -> Process:
    """The input waits for room for its next frame, and for the frame."""
    env, arrival, plan = machine.env, machine.arrival, machine.plan
    before = _now(env)
    underway = 1 if arrival.kind == "serial" else len(plan.layers)  # at most one frame per layer is in the chip
    if frame >= underway:
        yield env.all_of([sent_all[frame - underway] for sent_all in machine.sent_all])
    if _now(env) < frame * arrival.interval_fs:
        yield env.timeout(frame * arrival.interval_fs - _now(env))
    core.row["starved_fs"] += _now(env) - before
    if plan.schedule.sends_tokens:
        core.row["serve_first_fs"] = core.row["serve_end_fs"] = _now(env)


def _update(machine: Machine, core: Core, frame: int) -> Process:
    """Scan the neurons in order, send what changed, close with a token to every receiver."""
    env, timing, plan = machine.env, core.part.timing, machine.plan
    now, channels = _now(env), core.whole.sent_shape[2]
    yield env.timeout(core.part.fetch_fs)
    own = plan.flows_of(core.index)
    for neuron in core.neurons:
        pixel = neuron // channels
        update_fs = timing.update_fs if is_touched(core, pixel, frame) else 0
        yield env.timeout(len(core.positions[pixel]) * timing.access_fs + update_fs)
        value = scan_neuron(core, neuron, frame)
        if value is None:
            continue
        yield env.timeout(timing.fire_fs)
        reached = [number for number in own if hits(plan, plan.flows[number], neuron) > 0]
        for links in _together(machine, reached):
            for each in plan.encoding.carried(value):
                yield env.timeout(timing.encode_fs)
                yield from _send(machine, core, Message(frame, -1, neuron, each), links)
    for links in _together(machine, own) if plan.schedule.sends_tokens else []:
        yield from _send(machine, core, Message(frame, -1, -1, 0, token=True), links)
    core.row["update_busy_fs"] = _now(env) - now - core.row["blocked_injection_fs"] - core.row["blocked_queue_fs"]


def _together(machine: Machine, links: list[int]) -> list[list[int]]:
    """Which receivers get one message: all, or each one its own."""
    if machine.plan.multicast:
        return [links] if links else []
    return [[number] for number in links]


def _send(machine: Machine, core: Core, message: Message, links: list[int]) -> Process:
    """Wait for the way into the mesh, then for a free slot everywhere; the message then travels, the core goes on."""
    env, plan = machine.env, machine.plan
    message.ready_fs = _now(env)
    if message.ready_fs < core.port_free_fs:
        yield env.timeout(core.port_free_fs - message.ready_fs)
    if machine.mesh is not None:
        yield machine.mesh.into[core.index].room.get(1)
    core.row["blocked_injection_fs"] += _now(env) - message.ready_fs
    waits_from = _now(env)
    for number in links:
        yield machine.channels[number].slots.get(1)
    core.row["blocked_queue_fs"] += _now(env) - waits_from
    message.sent_fs = _now(env)
    on_link_fs = plan.token_fs if message.token else plan.message_fs
    core.port_free_fs = message.sent_fs + on_link_fs
    machine.sent += 1
    copies = [replace(message, link=number, serial=machine.sent) for number in links]
    machine.underway += len(copies)
    for copy in copies:
        machine.channels[copy.link].messages.append(copy)
    _count_sent(machine, core, copies)
    if machine.mesh is not None:
        put_in(machine.mesh, machine.mesh.into[core.index], copies)
        return
    for copy in copies:
        _set_out(machine, copy, on_link_fs + plan.flows[copy.link].wire_fs)


def _count_sent(machine: Machine, core: Core, copies: list[Message]) -> None:
    """Book one message or token on its way to all its receivers: a hop that they share counts once."""
    plan, token = machine.plan, copies[0].token
    flits = plan.token_flits if token else plan.message_flits
    here = core.part.tile
    ends = [plan.cores[plan.flows[copy.link].receiver].tile for copy in copies]
    rows = {(here[1], x) for end in ends for x in range(min(here[0], end[0]), max(here[0], end[0]))}
    columns = {(end[0], y) for end in ends for y in range(min(here[1], end[1]), max(here[1], end[1]))}
    core.row["tokens_out" if token else "messages_out"] += 1
    core.row["flits_local"] += flits * sum(end == here for end in ends)
    core.row["flit_hops_ew"] += flits * len(rows)
    core.row["flit_hops_ns"] += flits * len(columns)


def _set_out(machine: Machine, copy: Message, after_fs: int) -> None:
    """The message will be in its receiver's queue after a time."""
    machine.env.process(_arrive(machine, copy, after_fs))


def _arrive(machine: Machine, copy: Message, after_fs: int) -> Process:
    yield machine.env.timeout(after_fs)
    copy.arrival_fs = _now(machine.env)
    machine.channels[copy.link].arrived.append(copy)
    _tell(machine, machine.plan.flows[copy.link].receiver)


def _step_of(machine: Machine, core: int, frame: int) -> int:
    """The step in which a core sends a frame: as many after the frame's first as the core is away from the input."""
    level = machine.plan.cores[core].level
    return frame * machine.plan.levels + level if machine.arrival.kind == "serial" else frame + level


def _barrier(machine: Machine) -> Process:
    """Open step after step: all that send in a step have sent, and all that is underway has been served."""
    env, plan = machine.env, machine.plan
    frames, cores = range(len(machine.frames)), range(len(machine.cores))
    for step, release in enumerate(machine.released):
        release.succeed()
        active = [(core, frame) for core in cores for frame in frames if _step_of(machine, core, frame) == step]
        yield env.all_of([machine.sent_all[core][frame] for core, frame in active])
        while machine.underway:
            yield machine.quiet
        for level, frame in {(plan.cores[core].level, frame) for core, frame in active}:
            for receiver in cores:
                if plan.cores[receiver].level == level + 1:
                    machine.received[receiver][frame].succeed()
                    _tell(machine, receiver)
        yield env.timeout(plan.release_fs[0])


def _keep_integers(machine: Machine, core: Core, frame: int) -> None:
    first = sum(layer.neurons for layer in machine.plan.layers[: core.part.layer_index])
    for neuron, integer in core.integers.items():
        machine.integers[frame, first + neuron] = integer
