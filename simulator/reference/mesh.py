"""The reference engine's mesh: a SimPy process for every router's buffer and for every link between tiles.

A message goes from tile to tile by XY, a decision at each; where the ways of several receivers part, it is copied.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any

import simpy

from simulator.placement.plan import Plan
from simulator.placement.routes import Tile
from simulator.reference.core import Message

Process = Generator[simpy.Event, Any, Any]
Deliver = Callable[[Message, int], None]
"""Takes a copy of a message and the time (fs) after which its tail is at its receiver."""

MANY = 2**40


class Last(simpy.Event):
    """An event of this moment that comes after all others of it: whoever asks for something now has asked."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env)
        self._ok = True
        self._value = None
        env.schedule(self, priority=simpy.events.EventPriority(2))


@dataclass(eq=False)
class Buffer:
    """Messages at a router, in order; `room` has its free places. Each item: copies of one message, by receiver."""

    number: int
    tile: Tile
    room: simpy.Container
    news: simpy.Event
    items: deque[list[Message]] = field(default_factory=deque)


@dataclass(frozen=True)
class Asking:
    """The head of a buffer wants a link."""

    asked_fs: int
    buffer: Buffer
    copies: list[Message]
    given: simpy.Event


@dataclass(eq=False)
class Track:
    """One directed link between neighbouring tiles."""

    number: int
    hop_fs: int
    end: Buffer
    news: simpy.Event
    asking: list[Asking] = field(default_factory=list)
    free_fs: int = 0


@dataclass(eq=False)
class Mesh:
    """All buffers and links in use; `waits[frame][link]` and `peaks` are what the links table holds."""

    env: simpy.Environment
    plan: Plan
    deliver: Deliver
    into: list[Buffer]  # where each core's messages enter
    tracks: dict[tuple[Tile, Tile], Track]
    waits: list[list[int]]
    peaks: list[list[int]]


def new_mesh(env: simpy.Environment, plan: Plan, frames: int, deliver: Deliver) -> Mesh:
    """The mesh at time zero, its processes started."""
    depth = plan.router_depth or MANY

    def buffer(number: int, tile: Tile) -> Buffer:
        return Buffer(number, tile, simpy.Container(env, depth, init=depth), env.event())

    tracks = {
        (link.begin, link.end): Track(number, link.hop_fs, buffer(number, link.end), env.event())
        for number, link in enumerate(plan.mesh)
    }
    mesh = Mesh(
        env=env,
        plan=plan,
        deliver=deliver,
        into=[buffer(len(plan.mesh) + number, core.tile) for number, core in enumerate(plan.cores)],
        tracks=tracks,
        waits=[[0] * len(plan.mesh) for _ in range(frames)],
        peaks=[[0] * len(plan.mesh) for _ in range(frames)],
    )
    for track in tracks.values():
        env.process(_give(mesh, track))
        env.process(_forward(mesh, track.end))
    for each in mesh.into:
        env.process(_forward(mesh, each))
    return mesh


def put_in(mesh: Mesh, buffer: Buffer, copies: list[Message]) -> None:
    """A message (its copies, one for each receiver) has come to a buffer whose place it holds already."""
    buffer.items.append(copies)
    buffer.news.succeed()
    buffer.news = mesh.env.event()


def _forward(mesh: Mesh, buffer: Buffer) -> Process:
    """One message after the other: hand over what ends here, ask for the links that it leaves by, leave."""
    env, plan = mesh.env, mesh.plan
    while True:
        while not buffer.items:
            yield buffer.news
        copies = buffer.items[0]
        on_link_fs = plan.token_fs if copies[0].token else plan.message_fs
        onwards: dict[Tile, list[Message]] = {}
        for copy in copies:
            link = plan.flows[copy.link]
            end = plan.cores[link.receiver].tile
            if end == buffer.tile:
                mesh.deliver(copy, max(on_link_fs + link.last_fs, 1))
            else:
                onwards.setdefault(_next_tile(buffer.tile, end), []).append(copy)
        asking = [Asking(int(env.now), buffer, part, env.event()) for part in onwards.values()]
        for tile, each in zip(onwards, asking, strict=True):
            track = mesh.tracks[buffer.tile, tile]
            track.asking.append(each)
            track.news.succeed()
            track.news = env.event()
        yield env.all_of([each.given for each in asking])
        yield env.timeout(max(on_link_fs, 1))
        buffer.items.popleft()
        yield buffer.room.put(1)


def _next_tile(here: Tile, end: Tile) -> Tile:
    if here[0] != end[0]:
        return here[0] + (1 if end[0] > here[0] else -1), here[1]
    return here[0], here[1] + (1 if end[1] > here[1] else -1)


def _give(mesh: Mesh, track: Track) -> Process:
    """Give a link to who asked first, of equals the lower-numbered buffer, whenever it is free and there is room."""
    env, plan = mesh.env, mesh.plan
    while True:
        while not track.asking:
            yield track.news
        if env.now < track.free_fs:
            yield env.timeout(track.free_fs - env.now)
        yield track.end.room.get(1)
        yield Last(env)
        chosen = min(track.asking, key=lambda each: (each.asked_fs, each.buffer.number))
        track.asking.remove(chosen)
        message, now = chosen.copies[0], int(env.now)
        mesh.waits[message.frame][track.number] += now - chosen.asked_fs
        peaks = mesh.peaks[message.frame]
        peaks[track.number] = max(peaks[track.number], len(chosen.buffer.items))
        track.free_fs = now + (plan.token_fs if message.token else plan.message_fs)
        env.process(_cross(mesh, track, chosen.copies))
        chosen.given.succeed()


def _cross(mesh: Mesh, track: Track, copies: list[Message]) -> Process:
    yield mesh.env.timeout(track.hop_fs)
    put_in(mesh, track.end, copies)
