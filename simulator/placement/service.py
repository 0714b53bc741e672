"""What serving one message takes at its receiver, in words and in time: docs/machine.md, "Receive phase"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import CoreTiming

Count = TypeVar("Count", int, NDArray[np.int64])


@dataclass(frozen=True)
class Stream:
    """Off-chip memory that weights are read from: bits and time of a word, and time until the first is there."""

    word_bits: int
    word_fs: int
    latency_fs: int


class Took(NamedTuple):
    """Times (fs) of what serving a message consists of, decoding left out."""

    add: int
    state: int
    multiply: int
    weights: int


@dataclass(frozen=True)
class Serving:
    """A core as its messages meet it: its latencies, the network's widths, and where its weights come from.

    `multiplies`: does a message take one multiplication for each synapse? All results are exact, of any size.
    """

    timing: CoreTiming
    multiplies: bool
    weight_bits: int
    accumulator_bits: int
    stream: Stream | None = None

    def words(self, synapses: int) -> tuple[int, int]:
        """(words of weights read, words of state read and also written) for a message that reaches so many synapses."""
        word_bits = self.stream.word_bits if self.stream else self.timing.weight_memory.word_bits
        state_bits = synapses * self.accumulator_bits
        return (
            ceil_div(synapses * self.weight_bits, word_bits),
            ceil_div(state_bits, self.timing.state_memory.word_bits),
        )

    def took(self, synapses: int, additions: int) -> Took:
        """What a message takes that makes `additions` additions for each of its synapses."""
        timing = self.timing
        weight_words, state_words = self.words(synapses)
        weights, state = timing.weight_memory, timing.state_memory
        multiply_fs = 0
        if self.multiplies and timing.multiply_fs is not None:
            multiply_fs = ceil_div(synapses, timing.multiply_lanes) * timing.multiply_fs
        weights_fs = ceil_div(weight_words, weights.ports) * weights.access_fs
        if self.stream:
            weights_fs = self.stream.latency_fs + weight_words * self.stream.word_fs
        return Took(
            add=ceil_div(additions * synapses, timing.add_lanes) * timing.add_fs,
            state=ceil_div(2 * state_words, state.ports) * state.access_fs,
            multiply=multiply_fs,
            weights=weights_fs,
        )

    def service_fs(self, synapses: int, additions: int) -> int:
        """Time (fs) to serve it: decoding, then operations or memory, whichever is longer.

        Over kinds of operations `ceil(count / lanes) * latency`, the slowest kind alone where the datapath is
        pipelined. Weight and state memory work side by side. Where weights are streamed the time starts when the
        off-chip port is free.
        """
        took = self.took(synapses, additions)
        operations_fs = max(took.add, took.multiply) if self.timing.pipelined else took.add + took.multiply
        return self.timing.decode_fs + max(operations_fs, took.weights, took.state)

    def port_fs(self, synapses: int) -> int:
        """Time (fs) that it keeps the off-chip port busy; 0 where weights are not streamed."""
        return self.words(synapses)[0] * self.stream.word_fs if self.stream else 0


def ceil_div(a: Count, b: int) -> Count:
    """a / b, rounded up; b > 0."""
    return -(-a // b)
