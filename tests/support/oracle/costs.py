"""What serving one message takes: operations, words, time. docs/machine.md, "Receive phase"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from oracle.machine import up


@dataclass(frozen=True)
class Cost:
    """Of one message at its receiver."""

    adds: int
    multiplies: int
    weight_words: int
    state_words: int
    port_fs: int  # how long it keeps the off-chip port busy
    service_fs: int  # once it has the port


def cost_of(machine, pair, neuron, value):
    """A message that carries `value`."""
    core, network, chip = machine.cores[pair.receiver], machine.network, machine.chip
    timing, fan_out = core.timing, pair.fan_out[neuron]
    adds = fan_out * (digits(abs(value)) if machine.encoding == "shift_add" else 1)
    multiplies = fan_out if machine.encoding == "graded" else 0
    times = [up(adds, timing.add_lanes) * timing.add_fs]
    if multiplies:
        times.append(up(multiplies, timing.multiply_lanes) * timing.multiply_fs)
    operations = max(times) if timing.pipelined else sum(times)
    width = chip.stream_word_bits if core.streams else timing.weight_memory.word_bits
    weight_words = up(fan_out * network.weight_bits, width)
    state_words = up(fan_out * network.accumulator_bits, timing.state_memory.word_bits)
    port_fs = weight_words * chip.stream_word_fs if core.streams else 0
    weights = up(weight_words, timing.weight_memory.ports) * timing.weight_memory.access_fs
    if core.streams:
        weights = chip.stream_latency_fs + port_fs
    state = up(2 * state_words, timing.state_memory.ports) * timing.state_memory.access_fs
    service = timing.decode_fs + max(operations, weights, state)
    return Cost(adds, multiplies, weight_words, state_words, port_fs, service)


@cache
def digits(n):
    """Non-zero digits of the shortest sum of signed powers of two: the canonical one has no more."""
    if n < 2:
        return n
    return digits(n // 2) if n % 2 == 0 else 1 + min(digits(n // 2), digits(n // 2 + 1))
