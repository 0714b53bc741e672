"""What runs where: the layers of a network placed on the cores of a chip, and what each message then costs there."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import Chip, CoreTiming, Encoding
from simulator.errors import SimulationError
from simulator.modes import Mode, encoding_on_wire, signed_digits
from workloads.integer_network import IntegerNetwork, Map, MaxPooling, Synapses

FRAME_BITS = 8  # a pixel of an input frame

Count = TypeVar("Count", int, NDArray[np.int64])


@dataclass(frozen=True)
class CorePlan:
    """One core in use: its layer, its place, its maps, and the words that its actions take.

    `shape` is the map of accumulators (height, width, channels), `sent_shape` the map it sends (after pooling); the
    last core's is scanned, not sent. `window_y[y]` is how many rows of accumulators sent row y looks at (1 without
    pooling), `window_x` the same for columns. `last` is kept for the values last sent, which only a delta network
    does.
    """

    layer: str
    shape: Map
    sent_shape: Map
    column: int
    row: int
    timing: CoreTiming
    window_y: tuple[int, ...]
    window_x: tuple[int, ...]
    accumulator_bits: int
    last_bits: int
    off_chip_words: int
    weight_memory_bits: int
    senders: tuple[int, ...]
    level: int

    @property
    def neurons(self) -> int:
        """Neurons scanned in the update phase."""
        return prod(self.sent_shape)

    @property
    def accumulators(self) -> int:
        """Accumulators; none in the input core."""
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
class LinkPlan:
    """The way from a core to one that it sends to: flits, hops, times (fs), and the synapses a message meets there.

    A message from pixel (y, x) reaches `hits_y[y] * hits_x[x] * channels` neurons: the true number of synapses,
    borders and strides included. Where that is 0 no message is sent.
    """

    sender: int
    receiver: int
    message_flits: int
    token_flits: int
    hops_ew: int
    hops_ns: int
    message_fs: int
    token_fs: int
    wire_fs: int
    hits_y: tuple[int, ...]
    hits_x: tuple[int, ...]
    channels: int

    @property
    def local(self) -> bool:
        """True when both ends share a tile."""
        return self.hops_ew == 0 and self.hops_ns == 0

    @property
    def most_hits(self) -> int:
        """Most pixels of the receiver that one message reaches."""
        return max(self.hits_y) * max(self.hits_x)


@dataclass(frozen=True)
class Plan:
    """A network on a chip in one mode: everything an engine needs besides the weights.

    `links` are ordered by receiver, and within it by sender; `outgoing[c]` are the numbers of core c's own links.
    """

    mode: Mode
    encoding: Encoding
    cores: tuple[CorePlan, ...]
    links: tuple[LinkPlan, ...]
    outgoing: tuple[tuple[int, ...], ...]
    weight_bits: int
    barrier: bool
    barrier_fs: int
    frame_fetch_fs: int

    @property
    def chain(self) -> bool:
        """True when every core but the last sends to the next one only."""
        return all(link.receiver == link.sender + 1 for link in self.links) and len(self.links) == len(self.cores) - 1


def ceil_div(a: Count, b: int) -> Count:
    """a / b, rounded up; b > 0."""
    return -(-a // b)


def plan_network(network: IntegerNetwork, chip: Chip, mode: Mode) -> Plan:
    """Place layer l of `network` on core l of `chip` (core 0 takes the input) and work out its costs.

    Raises SimulationError that lists every demand the chip cannot meet: what is asked, what is there, what would help.
    """
    encoding = encoding_on_wire(mode, chip.encoding)
    count = len(network.layers) + 1
    problems = _width_problems(network, chip, encoding, mode)
    if count > len(chip.cores):
        problems.append(
            f"{count - 1} layers and the input need {count} cores, {chip.name} has {len(chip.cores)}: "
            "use a bigger mesh (mesh.columns, mesh.rows, mesh.cores_per_tile)"
        )
        raise _cannot(network, chip, problems)
    cores: list[CorePlan] = []
    for index in range(count):
        cores.append(_core_plan(network, chip, mode, cores, index))
    for core in cores:
        problems += _memory_problems(core)
    problems += _order_problems(network)
    if problems:
        raise _cannot(network, chip, problems)
    links = tuple(
        _link_plan(network, chip, encoding, cores, synapses, index)
        for index, layer in enumerate(network.layers, start=1)
        for synapses in sorted(layer.synapses, key=lambda each: each.source)
    )
    tiles = len({(core.column, core.row) for core in cores})
    return Plan(
        mode=mode,
        encoding=encoding,
        cores=tuple(cores),
        links=links,
        outgoing=tuple(
            tuple(number for number, link in enumerate(links) if link.sender == core) for core in range(count)
        ),
        weight_bits=network.weight_bits,
        barrier=chip.synchronisation == "barrier",
        barrier_fs=_barrier_fs(chip, tiles),
        frame_fetch_fs=cores[0].off_chip_words * chip.frame_word_fs,
    )


def link_macs(plan: Plan, link: LinkPlan) -> int:
    """Multiply-accumulates at the end of a link if every neuron of the sender sends one message: its synapses."""
    return sum(link.hits_y) * sum(link.hits_x) * plan.cores[link.sender].sent_shape[2] * link.channels


def words_per_message(plan: Plan, link: LinkPlan, hits: int) -> tuple[int, int]:
    """(weight words read, state words read and also written) for a message that reaches `hits` pixels."""
    core = plan.cores[link.receiver]
    synapses = hits * link.channels
    weight_words = ceil_div(synapses * plan.weight_bits, core.timing.weight_memory.word_bits)
    return weight_words, core.words(synapses * core.accumulator_bits)


def service_fs(plan: Plan, link: LinkPlan, hits: int, value: int) -> int:
    """Time (fs) to serve one wire message of `value` that reaches `hits` pixels: decoding plus operations or memory.

    `value` is the integer carried (+1 or -1 when unary). DESIGN section 6: over kinds `ceil(count / lanes) *
    latency`, the slowest kind alone where the datapath is pipelined; or the memory, whichever is longer. Weight and
    state memory work side by side.
    """
    timing = plan.cores[link.receiver].timing
    synapses = hits * link.channels
    digits = signed_digits(value) if plan.encoding == "shift_add" else 1
    add_fs = ceil_div(digits * synapses, timing.add_lanes) * timing.add_fs
    multiply_fs = 0
    if plan.encoding == "graded" and timing.multiply_fs is not None:
        multiply_fs = ceil_div(synapses, timing.multiply_lanes) * timing.multiply_fs
    operations_fs = max(add_fs, multiply_fs) if timing.pipelined else add_fs + multiply_fs
    weight_words, state_words = words_per_message(plan, link, hits)
    weights, state = timing.weight_memory, timing.state_memory
    weights_fs = ceil_div(weight_words, weights.ports) * weights.access_fs
    state_fs = ceil_div(2 * state_words, state.ports) * state.access_fs
    return timing.decode_fs + max(operations_fs, weights_fs, state_fs)


def _core_plan(network: IntegerNetwork, chip: Chip, mode: Mode, before: list[CorePlan], index: int) -> CorePlan:
    timing = chip.cores[index]
    column, row = _tile(chip, index)
    last_core = index == len(network.layers)
    layer = network.layers[index - 1] if index else None
    shape = layer.shape if layer else network.input_shape
    sent = (layer.shape if last_core else layer.sent_shape) if layer else network.input_shape
    window_y, window_x = _pool_windows(layer.pool if layer and not last_core else None, shape, sent)
    frame_bits = prod(shape) * FRAME_BITS if index == 0 and chip.frame_word_bits else 0
    senders = tuple(sorted(synapses.source for synapses in layer.synapses)) if layer else ()
    return CorePlan(
        layer=layer.name if layer else "input",
        shape=shape,
        sent_shape=sent,
        column=column,
        row=row,
        timing=timing,
        window_y=window_y,
        window_x=window_x,
        accumulator_bits=network.accumulator_bits if layer else 0,
        last_bits=network.activation_bits if mode.delta and not last_core else 0,
        off_chip_words=ceil_div(frame_bits, chip.frame_word_bits) if frame_bits else 0,
        weight_memory_bits=layer.weight_count * network.weight_bits if layer else 0,
        senders=senders,
        level=1 + max(before[sender].level for sender in senders) if senders else 0,
    )


def _pool_windows(pool: MaxPooling | None, shape: Map, sent: Map) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many rows, and columns, of accumulators each row, and column, of the map sent looks at."""
    if pool is None:
        return (1,) * sent[0], (1,) * sent[1]
    return tuple(
        tuple(
            sum(
                0 <= pool.stride[axis] * o + pool.dilation[axis] * k - pool.padding[axis] < shape[axis]
                for k in range(pool.kernel[axis])
            )
            for o in range(sent[axis])
        )
        for axis in (0, 1)
    )  # type: ignore[return-value] # two axes, two tuples


def _hits(synapses: Synapses, sender: Map, receiver: Map, axis: int) -> tuple[int, ...]:
    """Along one axis: how many positions of the receiver each position of the sender reaches."""
    window = synapses.window
    if window is None:
        return (1,) * sender[axis]
    kernel = synapses.weights.shape[1 + axis]
    stride, padding, dilation = window.stride[axis], window.padding[axis], window.dilation[axis]
    counts = [0] * sender[axis]
    for o in range(receiver[axis]):
        for k in range(kernel):
            i = stride * o + dilation * k - padding
            if 0 <= i < sender[axis]:
                counts[i] += 1
    return tuple(counts)


def _tile(chip: Chip, core: int) -> tuple[int, int]:
    """Column and row of a core: tiles are filled row by row in a snake, so that neighbours in the chain touch."""
    row, column = divmod(core // chip.cores_per_tile, chip.columns)
    return (column if row % 2 == 0 else chip.columns - 1 - column), row


def _link_plan(
    network: IntegerNetwork, chip: Chip, encoding: Encoding, cores: list[CorePlan], synapses: Synapses, index: int
) -> LinkPlan:
    sender, receiver = cores[synapses.source], cores[index]
    payload = 0 if encoding == "unary" else chip.payload_bits
    message_flits = ceil_div(chip.header_bits + payload, chip.link_bits)
    token_flits = ceil_div(chip.header_bits, chip.link_bits)
    hops_ew, hops_ns = abs(sender.column - receiver.column), abs(sender.row - receiver.row)
    hops_fs = hops_ew * chip.hop_ew_fs + hops_ns * chip.hop_ns_fs
    dense = synapses.window is None
    alone = all(len(layer.synapses) == 1 for layer in network.layers)
    return LinkPlan(
        sender=synapses.source,
        receiver=index,
        message_flits=message_flits,
        token_flits=token_flits,
        hops_ew=hops_ew,
        hops_ns=hops_ns,
        message_fs=message_flits * chip.flit_fs,
        token_fs=token_flits * chip.flit_fs,
        wire_fs=_wire_fs(hops_fs if hops_ew or hops_ns else chip.local_fs, alone=alone),
        hits_y=_hits(synapses, sender.sent_shape, receiver.shape, 0),
        hits_x=_hits(synapses, sender.sent_shape, receiver.shape, 1),
        channels=receiver.shape[2] if dense else int(synapses.weights.shape[3]),
    )


def _wire_fs(latency_fs: int, *, alone: bool) -> int:
    """Messages that meet those of other senders take at least 1 fs, so that their order at the receiver is defined."""
    return latency_fs if alone else max(latency_fs, 1)


def _barrier_fs(chip: Chip, tiles: int) -> int:
    if chip.synchronisation != "barrier":
        return 0
    for most, latency_fs in chip.barrier_fs:
        if tiles <= most:
            return latency_fs
    return chip.barrier_fs[-1][1]


def _width_problems(network: IntegerNetwork, chip: Chip, encoding: Encoding, mode: Mode) -> list[str]:
    problems = [
        f"{name} of {asked} bits, {chip.name} has {there} (precision.{name}): quantise to {there} bits or widen it"
        for name, asked, there in (
            ("weight_bits", network.weight_bits, chip.weight_bits),
            ("activation_bits", network.activation_bits, chip.activation_bits),
            ("accumulator_bits", network.accumulator_bits, chip.accumulator_bits),
        )
        if asked > there
    ]
    used = chip.cores[1 : len(network.layers) + 1]
    if encoding == "graded" and any(core.multiply_fs is None for core in used):
        problems.append(
            f"mode {mode.name!r} sends graded messages, which need a multiplier, and {chip.name} has none: run "
            "rounding and sigma_delta only (with unary or shift_add messages), or give core.multiply"
        )
    if encoding != "unary" and chip.payload_bits < network.activation_bits + 1:
        problems.append(
            f"changes of {network.activation_bits}-bit activations need {network.activation_bits + 1} bits, "
            f"messages.payload_bits is {chip.payload_bits}: widen it or quantise to fewer activation_bits"
        )
    return problems


def _order_problems(network: IntegerNetwork) -> list[str]:
    """Sums that depend on the order of arrival have no defined value."""
    return [
        f"layer {layer.name!r} has {len(layer.synapses)} senders and accumulators that saturate: the order in which "
        "their messages arrive would change the sum; use overflow: wrap"
        for layer in network.layers
        if network.overflow == "saturate" and len(layer.synapses) > 1
    ]


def _memory_problems(core: CorePlan) -> list[str]:
    problems = []
    for name, asked, memory, help_ in (
        ("weight_memory", core.weight_memory_bits, core.timing.weight_memory, "fewer weight_bits"),
        ("state_memory", core.state_memory_bits, core.timing.state_memory, "fewer accumulator_bits"),
    ):
        if memory.capacity_bits is not None and asked > memory.capacity_bits:
            problems.append(
                f"layer {core.layer!r} needs {asked / 8192:.1f} KiB of {name}, core {core.timing.name!r} has "
                f"{memory.capacity_bits / 8192:.1f} KiB, {(asked - memory.capacity_bits) / 8192:.1f} KiB too little: "
                f"{help_}, or a larger core.{name}.capacity"
            )
    return problems


def _cannot(network: IntegerNetwork, chip: Chip, problems: list[str]) -> SimulationError:
    lines = "".join(f"\n  - {problem}" for problem in problems)
    return SimulationError(f"network {network.name!r} does not fit accelerator {chip.name!r}:{lines}")
