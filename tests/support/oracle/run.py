"""One run, as tables."""

from __future__ import annotations

from dataclasses import dataclass

from oracle.counting import counts_of, flows_of
from oracle.machine import machine_of, messages
from oracle.times import Run
from oracle.values import FULL, layers_of, values_of


@dataclass(frozen=True)
class Tables:
    """counts: [frame][core] {column: integer}, columns that are 0 may be missing. links: [frame][link] five integers.
    outputs: [frame] accumulators. integers: [frame] those of all layers. messages: [(frame, sender, receiver, neuron,
    value, ready, sent, arrival, start, end)], by frame, receiver and sender, in the order of sending.
    """

    counts: list
    links: list
    outputs: list
    integers: list
    messages: list


def run(network, frames, chip, mode, arrival, mapping=None):
    """Simulate `frames`, (n, pixels) of uint8."""
    layers = layers_of(network)
    encoding = "graded" if mode in FULL else chip.encoding
    steps = values_of(network, layers, frames, mode, lambda value: messages(encoding, value))
    machine = machine_of(network, layers, chip, mode, mapping)
    done = Run(machine, steps, arrival)
    if min(done.done) < len(steps):
        raise AssertionError("the chip is deadlocked")
    rows = [
        (c.frame, pair.sender, pair.receiver, c.neuron, c.value, c.ready, c.sent, c.arrival, c.start, c.end)
        for pair, queue in zip(machine.pairs, done.queues, strict=True)
        for c in queue.copies
        if not c.token
    ]
    return Tables(
        counts=counts_of(machine, steps, done),
        links=flows_of(machine, done, len(steps)),
        outputs=[of_layers[-1].integers for of_layers in steps],
        integers=[[s for step in of_layers for s in step.integers] for of_layers in steps],
        messages=sorted(rows, key=lambda row: (row[0], row[2], row[1])),
    )
