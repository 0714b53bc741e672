"""A network on a chip: which part of which layer each core in use holds, its links, and what a message costs there."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import CoreTiming
from hwmodels.encodings import Encoding
from hwmodels.schedules import Schedule
from simulator.modes import Mode
from simulator.placement.mapping import Range
from simulator.placement.routes import MeshLink, Send
from simulator.placement.service import Count, Serving, Stream, ceil_div
from workloads.integer.network import Map

FRAME_BITS = 8  # a pixel of an input frame


@dataclass(frozen=True)
class LayerPlan:
    """One layer: its maps, where its messages come from, and the cores in use that hold it, cores[0] .. cores[1] - 1.

    `shape` is the map of accumulators (height, width, channels), `sent_shape` the map it sends (after pooling); the
    last layer's is scanned, not sent. `window_y[y]` is how many rows of accumulators sent row y looks at (1 without
    pooling), `window_x` the same for columns. `level` is the longest way from the input.
    """

    name: str
    shape: Map
    sent_shape: Map
    window_y: tuple[int, ...]
    window_x: tuple[int, ...]
    senders: tuple[int, ...]
    level: int
    cores: Range

    @property
    def neurons(self) -> int:
        """Neurons that send."""
        return prod(self.sent_shape)


@dataclass(frozen=True)
class CorePlan:
    """One core in use: its part of a layer, its place, its maps, and the words that its actions take.

    `layer` is the layer's name, `part` which of its parts this is. It sends rows `rows` and channels `channels` of the
    layer's map, and holds the accumulators of rows `accumulator_rows`. `shape`, `sent_shape`, `window_y`, `window_x` as
    in LayerPlan, of this part alone. `last_bits` is kept for the values last sent, which only a delta network does.
    `streams`: its weights do not fit and are read from off-chip memory, `stream_word_bits` a word.
    """

    layer: str
    layer_index: int
    part: int
    position: int
    column: int
    row: int
    timing: CoreTiming
    rows: Range
    channels: Range
    accumulator_rows: Range
    shape: Map
    sent_shape: Map
    window_y: tuple[int, ...]
    window_x: tuple[int, ...]
    accumulator_bits: int
    last_bits: int
    off_chip_words: int
    fetch_fs: int
    weight_memory_bits: int
    streams: bool
    stream_word_bits: int
    stream_word_fs: int
    stream_latency_fs: int
    senders: tuple[int, ...]
    level: int

    @property
    def tile(self) -> tuple[int, int]:
        """Column and row of the tile."""
        return self.column, self.row

    @property
    def neurons(self) -> int:
        """Neurons scanned in the update phase."""
        return prod(self.sent_shape)

    @property
    def accumulators(self) -> int:
        """Accumulators; none where the input is."""
        return prod(self.shape) if self.accumulator_bits else 0

    @property
    def state_memory_bits(self) -> int:
        """Accumulators and values last sent."""
        return self.accumulators * self.accumulator_bits + self.neurons * self.last_bits

    @property
    def reset_words(self) -> int:
        """Words of all accumulators, written when they take their bias."""
        return self.words(self.accumulators * self.accumulator_bits)

    def words(self, bits: Count) -> Count:
        """`bits` in words of the state memory, rounded up."""
        return ceil_div(bits, self.timing.state_memory.word_bits)

    def scan_words(self, positions: Count, neurons: Count) -> Count:
        """Words read to update `neurons` neurons that look at `positions` pixels' accumulators (of all channels)."""
        return self.words(positions * self.sent_shape[2] * self.accumulator_bits) + self.words(neurons * self.last_bits)


@dataclass(frozen=True)
class FlowPlan:
    """A core and one that it sends to: the synapses that a message meets there, and the way.

    A message from pixel (y, x) of the sender's part reaches `hits_y[y] * hits_x[x] * channels` neurons: the true
    number of synapses, borders and strides included. Where that is 0 no message is sent. `connection` numbers the
    pairs of layers that are connected. `wire_fs` is the time underway where the link is the connection's own;
    `last_fs` the part of it inside the last tile.
    """

    sender: int
    receiver: int
    connection: int
    hops_ew: int
    hops_ns: int
    wire_fs: int
    last_fs: int
    hits_y: tuple[int, ...]
    hits_x: tuple[int, ...]
    channels: int

    @property
    def most_hits(self) -> int:
        """Most pixels of the receiver that one message reaches."""
        return max(self.hits_y) * max(self.hits_x)


@dataclass(frozen=True)
class Plan:
    """A network on a chip in one mode: everything an engine needs besides the weights.

    `cores` go layer by layer, `links` sender by sender and within it receiver by receiver. `connections` are pairs of
    layers (sender, receiver), ordered by receiver. `sends` are all ways of sending that occur: one message on its way
    to one receiver, or (multicast) to several. `classes[c]` gives each pixel of core c its class: pixels of a class
    reach the same receivers equally far, and their values go out by `class_sends[c][class]`; `tokens[c]` are the sends
    of its end-of-frame tokens. `mesh` lists the links between tiles that are used.

    `group_of[c]` numbers the cores that core c waits for before it sends a frame, -1 where it waits for nobody;
    `release_fs[group]` is the time from when all of them are there to when they go on.
    """

    mode: Mode
    encoding: Encoding
    layers: tuple[LayerPlan, ...]
    cores: tuple[CorePlan, ...]
    connections: tuple[tuple[int, int], ...]
    flows: tuple[FlowPlan, ...]
    mesh: tuple[MeshLink, ...]
    sends: tuple[Send, ...]
    classes: tuple[NDArray[np.int32], ...]
    class_sends: tuple[tuple[tuple[int, ...], ...], ...]
    tokens: tuple[tuple[int, ...], ...]
    message_flits: int
    token_flits: int
    message_fs: int
    token_fs: int
    weight_bits: int
    schedule: Schedule
    group_of: tuple[int, ...]
    release_fs: tuple[int, ...]
    shared: bool
    multicast: bool
    router_depth: int | None
    chain: bool

    @property
    def levels(self) -> int:
        """Longest way from the input to the last layer, both counted."""
        return max(layer.level for layer in self.layers) + 1

    @property
    def layered(self) -> bool:
        """True when every connection goes from one level to the next."""
        return all(self.layers[b].level == self.layers[a].level + 1 for a, b in self.connections)

    def flows_of(self, core: int) -> list[int]:
        """Numbers of a core's own links."""
        return [number for number, link in enumerate(self.flows) if link.sender == core]


def flow_macs(plan: Plan, link: FlowPlan) -> int:
    """Multiply-accumulates at the end of a link if every neuron of the sender sends one message: its synapses."""
    return sum(link.hits_y) * sum(link.hits_x) * plan.cores[link.sender].sent_shape[2] * link.channels


def serving_at(plan: Plan, link: FlowPlan) -> Serving:
    """The receiver of a link as a message meets it."""
    core = plan.cores[link.receiver]
    stream = Stream(core.stream_word_bits, core.stream_word_fs, core.stream_latency_fs) if core.streams else None
    return Serving(core.timing, plan.encoding.multiplies, plan.weight_bits, core.accumulator_bits, stream)


def words_per_message(plan: Plan, link: FlowPlan, hits: int) -> tuple[int, int]:
    """(words of weights read, state words read and also written) for a message that reaches `hits` pixels.

    Weights are read from the core's own memory, or from off-chip memory where they are streamed.
    """
    return serving_at(plan, link).words(hits * link.channels)


def service_fs(plan: Plan, link: FlowPlan, hits: int, value: int) -> int:
    """Time (fs) to serve one wire message that carries `value` and reaches `hits` pixels.

    Decoding plus operations or memory. Where weights are streamed the time starts when the off-chip port is free.
    """
    return serving_at(plan, link).service_fs(hits * link.channels, plan.encoding.adds(value))


def port_fs(plan: Plan, link: FlowPlan, hits: int) -> int:
    """Time (fs) that a message keeps the off-chip port busy; 0 where weights are not streamed."""
    return serving_at(plan, link).port_fs(hits * link.channels)
