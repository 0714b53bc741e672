"""Time as a row of moments: in each all goes on that can, until nothing can; then what is scarce is given away."""

from __future__ import annotations

from heapq import heappop, heappush


class Clock:
    """`now` in fs. A process is a generator that yields what it waits for: a condition, asked again and again."""

    def __init__(self):
        self.now = 0
        self._alarms = []
        self._waiting = []  # [condition, process]
        self._givers = []

    def start(self, process):
        self._waiting.append([lambda: True, process])

    def at_the_end_of_a_moment(self, give):
        """`give()` gives away at most one thing and says whether it did."""
        self._givers.append(give)

    def alarm(self, time):
        """Something may happen then."""
        if time > self.now:
            heappush(self._alarms, time)
        return time

    def until(self, time):
        """To be yielded: the time has come."""
        self.alarm(time)
        return lambda: self.now >= time

    def run(self):
        """Until nothing will happen any more."""
        while True:
            while self._go_on() or self._give():
                pass
            while self._alarms and self._alarms[0] <= self.now:
                heappop(self._alarms)
            if not self._alarms:
                return
            self.now = heappop(self._alarms)

    def _go_on(self):
        moved = False
        for entry in list(self._waiting):
            while entry[0]():
                moved = True
                following = next(entry[1], None)
                if following is None:
                    self._waiting.remove(entry)
                    break
                entry[0] = following
        return moved

    def _give(self):
        return sum(give() for give in self._givers) > 0  # all of them are asked
