"""Cores that receive and update in turn: docs/machine.md, "Time"."""

from __future__ import annotations

from oracle.clock import Clock
from oracle.costs import cost_of
from oracle.machine import release_fs
from oracle.mesh import Mesh
from oracle.messages import Copy, Queue, Times


class Run:
    """All frames through the machine. `times[core][frame]`; the queues keep all messages."""

    def __init__(self, machine, steps, arrival):
        self.machine, self.steps, self.arrival = machine, steps, arrival
        self.clock = Clock()
        self.mesh = Mesh(machine, self.clock) if machine.chip.shared_links else None
        self.queues = [Queue(machine.cores[pair.receiver].timing.queue_depth) for pair in machine.pairs]
        self.times = [[] for _ in machine.cores]
        self.done = [0] * len(machine.cores)  # frames a core is done with
        self.there = [0] * len(machine.cores)  # frames a core has had in full, on a chip with group barriers
        self.port_free = [0] * len(machine.cores)  # the core's own port into the mesh
        self.serial = self.underway = 0
        self.open = 0 if machine.dataflow else -1  # the last step that has begun
        self.over = 0  # steps that are over
        self.off_chip_free, self.off_chip_requests = 0, []
        self.clock.at_the_end_of_a_moment(self._give_off_chip_port)
        if not machine.dataflow:
            self.clock.start(self._barrier())
        for core in machine.cores:
            self.clock.start(self._core(core))
        self.clock.run()

    def step_of(self, level, frame):
        """The step in which a level sends a frame."""
        return frame * (max(self.machine.levels) + 1) + level if self.arrival.kind == "serial" else frame + level

    def _barrier(self):
        clock, frames = self.clock, len(self.steps)
        levels = {core.level for core in self.machine.cores}
        last = self.step_of(max(levels), frames - 1)
        for step in range(last + 1):
            self.open = step
            active = [
                (core.number, frame)
                for core in self.machine.cores
                for frame in range(frames)
                if self.step_of(core.level, frame) == step
            ]
            yield lambda active=active: self.underway == 0 and all(self.done[core] > frame for core, frame in active)
            self.over = step + 1
            yield clock.until(clock.now + self.machine.barrier_fs)

    def _core(self, core):
        clock = self.clock
        for frame in range(len(self.steps)):
            free = clock.now
            times = Times(serve_end_fs=free)
            self.times[core.number].append(times)
            if core.layer:
                yield from self._receive(core, frame, times)
                times.starved_fs = times.serve_end_fs - free - times.serve_busy_fs - times.blocked_memory_fs
            if not self.machine.dataflow:
                step = self.step_of(core.level, frame)
                yield lambda step=step: self.open >= step
                times.barrier_fs = clock.now - times.serve_end_fs
            if not core.layer:
                yield from self._await_frame(frame, times)
            yield from self._await_group(core, frame, times)
            if times.serve_first_fs is None:
                times.serve_first_fs = times.serve_end_fs
            times.update_start_fs = clock.now
            yield from self._update(core, frame, times)
            times.update_end_fs = clock.now
            spent = times.update_end_fs - times.update_start_fs
            times.update_busy_fs = spent - times.blocked_injection_fs - times.blocked_queue_fs
            self.done[core.number] = frame + 1

    def _await_frame(self, frame, times):
        """The input: until there is room for another frame, and until it is there."""
        clock, before = self.clock, self.clock.now
        most = 1 if self.arrival.kind == "serial" else len(self.machine.layers)
        yield lambda: min(self.done) > frame - most
        yield clock.until(frame * self.arrival.interval_fs)
        times.starved_fs = clock.now - before
        if self.machine.dataflow:
            times.serve_end_fs = clock.now

    def _await_group(self, core, frame, times):
        """Until all that begin together have the frame."""
        clock, together = self.clock, self.machine.together(core)
        if together:
            self.there[core.number] = frame + 1
            yield lambda: all(self.there[each.number] > frame for each in together)
            yield clock.until(clock.now + release_fs(self.machine.chip, together))
            times.barrier_fs = clock.now - times.serve_end_fs

    def _receive(self, core, frame, times):
        """Serve in order of arrival until the frame is over."""
        clock, waited_for = self.clock, set(core.incoming)
        step = None if self.machine.dataflow else self.step_of(core.level, frame)
        while waited_for:
            yield lambda: self._next(waited_for) is not None or (step is not None and self.over >= step)
            copy = self._next(waited_for)
            if copy is None:
                return
            self.queues[copy.pair].taken += 1
            copy.start = clock.now
            if copy.token:
                waited_for.discard(copy.pair)
            else:
                if times.serve_first_fs is None:
                    times.serve_first_fs = clock.now
                yield from self._serve(core, copy, times)
            copy.end = times.serve_end_fs = clock.now
            self.underway -= 1

    def _next(self, pairs):
        """Who has come first, of equals the one of the lower-numbered sender."""
        heads = [copy for copy in (self.queues[pair].head(self.clock.now) for pair in pairs) if copy is not None]
        return min(heads, key=lambda copy: (copy.arrival, self.machine.pairs[copy.pair].sender), default=None)

    def _serve(self, core, copy, times):
        clock = self.clock
        cost = cost_of(self.machine, self.machine.pairs[copy.pair], copy.neuron, copy.value)
        if core.streams:
            request = [clock.now, core.number, cost.port_fs, False]
            self.off_chip_requests.append(request)
            yield lambda: request[3]
            times.blocked_memory_fs += clock.now - copy.start
        yield clock.until(clock.now + cost.service_fs)
        times.serve_busy_fs += cost.service_fs

    def _give_off_chip_port(self):
        if not self.off_chip_requests or self.clock.now < self.off_chip_free:
            return False
        first = min(self.off_chip_requests)
        self.off_chip_requests.remove(first)
        first[3] = True
        self.off_chip_free = self.clock.alarm(self.clock.now + first[2])
        return True

    def _update(self, core, frame, times):
        """Scan the neurons in order, send what is sent, and (dataflow) the tokens."""
        machine, clock, timing = self.machine, self.clock, core.timing
        step, layer = self.steps[frame][core.layer], machine.layers[core.layer]
        ahead = core.fetched * machine.chip.frame_word_fs
        for neuron in core.neurons:
            ahead += len(layer.looks[neuron // layer.sent_shape[2]]) * timing.access_fs
            ahead += timing.update_fs if step.updated[neuron] else 0
            if neuron not in step.sent:
                continue
            ahead += timing.fire_fs
            reached = [number for number in core.outgoing if machine.pairs[number].fan_out[neuron]]
            for receivers in self._sends(reached):
                for value in machine.messages(step.sent[neuron]):
                    yield clock.until(clock.now + ahead + timing.encode_fs)
                    ahead = 0
                    yield from self._send(core, receivers, (frame, neuron, value, False), times)
        yield clock.until(clock.now + ahead)
        for receivers in self._sends(core.outgoing if machine.dataflow else []):
            yield from self._send(core, receivers, (frame, -1, 0, True), times)

    def _sends(self, receivers):
        """Who gets the same message: all, or each its own."""
        if self.machine.chip.multicast:
            return [receivers] if receivers else []
        return [[number] for number in receivers]

    def _send(self, core, receivers, what, times):
        """Wait for the way into the mesh, then for the queues, and leave."""
        clock, ready = self.clock, self.clock.now
        frame, neuron, value, token = what
        own = self.mesh.into[core.number] if self.mesh else None
        yield clock.until(self.port_free[core.number])
        yield lambda: own is None or own.has_room
        times.blocked_injection_fs += clock.now - ready
        before = clock.now
        yield lambda: all(self.queues[number].has_room for number in receivers)
        times.blocked_queue_fs += clock.now - before
        flits = self.machine.flits_fs(token)
        self.port_free[core.number] = clock.now + flits
        self.serial += 1
        copies = [Copy(frame, n, neuron, value, token, self.serial, ready, clock.now) for n in receivers]
        for copy in copies:
            self.queues[copy.pair].copies.append(copy)
            self.underway += 1
            if own is None:
                copy.arrival = clock.alarm(clock.now + flits + self.machine.pairs[copy.pair].way_fs)
        if own is not None:
            own.items.append((clock.now, copies))
