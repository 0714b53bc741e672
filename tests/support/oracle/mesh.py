"""Links between tiles as one resource each, with buffers at the routers: docs/machine.md, "Links"."""

from __future__ import annotations

from dataclasses import dataclass, field

from oracle.machine import way


@dataclass(eq=False)
class Buffer:
    """`items`: (when the head of a message is here, its copies), those still underway to it included."""

    number: int
    tile: tuple[int, int]
    depth: int | None
    items: list = field(default_factory=list)

    @property
    def has_room(self):
        return self.depth is None or len(self.items) < self.depth


@dataclass(eq=False)
class Request:
    """A message at the head of a buffer asks for a link."""

    asked: int
    buffer: Buffer
    copies: list
    given: bool = False


class Mesh:
    """All links in use; `waits` and `peaks` by (frame, link)."""

    def __init__(self, machine, clock):
        self.machine, self.clock = machine, clock
        links, depth = machine.links, machine.chip.router_depth
        self.after = [Buffer(number, end, depth) for number, (_, end) in enumerate(links)]
        self.into = [Buffer(len(links) + core.number, core.tile, depth) for core in machine.cores]
        self.requests = [[] for _ in links]
        self.free = [0] * len(links)
        self.waits, self.peaks = {}, {}
        for buffer in self.after + self.into:
            clock.start(self._forward(buffer))
        for number in range(len(links)):
            clock.at_the_end_of_a_moment(lambda number=number: self._give(number))

    def _forward(self, buffer):
        """The messages of a buffer, one after the other."""
        clock, machine = self.clock, self.machine
        while True:
            yield lambda: buffer.items and buffer.items[0][0] <= clock.now
            copies = buffer.items[0][1]
            flits = machine.flits_fs(copies[0].token)
            onwards = {}
            for copy in copies:
                hops = [hop for hop in way(machine, copy.pair) if hop[0] == buffer.tile]
                if hops:
                    onwards.setdefault(machine.links.index(hops[0]), []).append(copy)
                else:
                    local = machine.pairs[copy.pair].local_fs
                    copy.arrival = clock.alarm(clock.now + max(1, flits + local))
            asked = [Request(clock.now, buffer, part) for part in onwards.values()]
            for number, request in zip(onwards, asked, strict=True):
                self.requests[number].append(request)
            yield lambda asked=asked: all(request.given for request in asked)
            yield clock.until(clock.now + max(1, flits))
            del buffer.items[0]

    def _give(self, number):
        """One link to who asked first, if it is free and there is room behind it."""
        now, end = self.clock.now, self.after[number]
        if not self.requests[number] or now < self.free[number] or not end.has_room:
            return False
        first = min(self.requests[number], key=lambda request: (request.asked, request.buffer.number))
        self.requests[number].remove(first)
        first.given = True
        copy = first.copies[0]
        key = copy.frame, number
        here = sum(head <= now for head, _ in first.buffer.items)
        self.waits[key] = self.waits.get(key, 0) + now - first.asked
        self.peaks[key] = max(self.peaks.get(key, 0), here)
        self.free[number] = self.clock.alarm(now + self.machine.flits_fs(copy.token))
        head = self.clock.alarm(now + self.machine.hop_fs(self.machine.links[number]))
        end.items.append((head, first.copies))
        return True
