"""A message on the wire, and the queues that it waits in."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(eq=False)
class Copy:
    """A message, or the token that ends a frame, on its way to one receiver. Copies of one have one `serial`."""

    frame: int
    pair: int
    neuron: int
    value: int
    token: bool
    serial: int
    ready: int
    sent: int
    arrival: int | None = None
    start: int | None = None
    end: int | None = None


@dataclass(eq=False)
class Queue:
    """Of one pair: all copies ever sent, how many of them have been taken, and those not served yet."""

    depth: int
    copies: list[Copy] = field(default_factory=list)
    taken: int = 0

    @property
    def has_room(self):
        return len(self.copies) - self.taken < self.depth

    def head(self, now):
        """The next to be served, if it has arrived."""
        if self.taken < len(self.copies):
            copy = self.copies[self.taken]
            if copy.arrival is not None and copy.arrival <= now:
                return copy
        return None


@dataclass
class Times:
    """Of one core in one frame."""

    serve_first_fs: int | None = None
    serve_end_fs: int = 0
    update_start_fs: int = 0
    update_end_fs: int = 0
    serve_busy_fs: int = 0
    update_busy_fs: int = 0
    starved_fs: int = 0
    barrier_fs: int = 0
    blocked_injection_fs: int = 0
    blocked_queue_fs: int = 0
    blocked_memory_fs: int = 0
