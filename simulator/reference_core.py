"""One core of the reference engine: its integers and its counts, message by message and neuron by neuron."""

from __future__ import annotations

from dataclasses import dataclass, field

from hwmodels.records import COLUMNS
from simulator.digest import digest_keys
from simulator.plan import CorePlan, Plan, ceil_div
from simulator.reference_integers import accumulate_exactly, canonical_digits, requantise_exactly
from workloads import IntegerLayer, IntegerNetwork


@dataclass
class Message:
    """One wire message, or (token) the end of a frame."""

    frame: int
    neuron: int
    value: int
    token: bool = False
    ready_fs: int = 0
    sent_fs: int = 0
    arrival_fs: int = 0
    start_fs: int = 0
    end_fs: int = 0


@dataclass
class Core:
    """State of one core. `layer` is None for the input core; `rows` holds one dict of counts and times per frame."""

    index: int
    plan: Plan
    network: IntegerNetwork
    layer: IntegerLayer | None
    accumulators: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    integers: list[int] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    weights: list[list[int]] = field(default_factory=list)
    rows: list[dict[str, int]] = field(default_factory=list)
    received: int = 0

    @property
    def part(self) -> CorePlan:
        """Where this core stands in the plan."""
        return self.plan.cores[self.index]

    @property
    def is_last(self) -> bool:
        """True for the core the host reads out."""
        return self.index == len(self.plan.cores) - 1

    @property
    def row(self) -> dict[str, int]:
        """Counts and times of the frame underway."""
        return self.rows[-1]


def new_core(index: int, plan: Plan, network: IntegerNetwork) -> Core:
    """A core at time zero: s[-1] = 0."""
    neurons = plan.cores[index].neurons
    before = sum(core.neurons for core in plan.cores[:index])
    layer = network.layers[index - 1] if index else None
    return Core(
        index=index,
        plan=plan,
        network=network,
        layer=layer,
        accumulators=[0] * neurons,
        last=[0] * neurons,
        integers=[0] * neurons,
        keys=[int(key) for key in digest_keys(neurons, before)],
        weights=layer.weights.tolist() if layer is not None else [],
    )


def begin_frame(core: Core, frame: int) -> None:
    """A new row; accumulators take their bias in the first frame, and in every frame of a frame-by-frame network."""
    core.rows.append(dict.fromkeys(COLUMNS, 0))
    core.received = 0
    if core.layer is not None and (frame == 0 or not core.plan.mode.delta):
        core.accumulators = [int(bias) for bias in core.layer.bias]
        core.row["state_writes"] += ceil_div(
            len(core.accumulators) * core.network.accumulator_bits, core.part.timing.state_memory.word_bits
        )


def receive(core: Core, message: Message) -> None:
    """Serve one message: add `value` times the sender's weight row to the accumulators."""
    weights = core.weights[message.neuron]
    timing, bits = core.part.timing, core.network.accumulator_bits
    for o, weight in enumerate(weights):
        total = core.accumulators[o] + message.value * weight
        core.accumulators[o], clipped = accumulate_exactly(total, core.network)
        core.row["accumulator_clips"] += clipped
        if core.plan.encoding == "shift_add":
            core.row["adds"] += sum(digit != 0 for digit in canonical_digits(message.value))
        else:
            core.row["adds"] += 1
        core.row["multiplies"] += core.plan.encoding == "graded"
    core.received += 1
    core.row["messages_in"] += 1
    core.row["weight_reads"] += ceil_div(len(weights) * core.network.weight_bits, timing.weight_memory.word_bits)
    state_words = ceil_div(len(weights) * bits, timing.state_memory.word_bits)
    core.row["state_reads"] += state_words
    core.row["state_writes"] += state_words


def touched(core: Core, frame: int) -> bool:
    """Were the core's accumulators changed in this frame, so that its neurons have to be requantised?"""
    return core.layer is None or frame == 0 or not core.plan.mode.delta or core.received > 0


def scan_neuron(core: Core, neuron: int, frame: int) -> int | None:
    """Requantise one neuron in the update phase and return the value it sends, None for nothing."""
    core.row["accesses"] += 1
    if not touched(core, frame):
        return None
    core.row["updates"] += 1
    accumulator = core.accumulators[neuron]
    if core.layer is not None:
        core.row["accumulator_peak"] = max(core.row["accumulator_peak"], abs(accumulator))
    requantiser = core.layer.requantiser if core.layer is not None else core.network.input_requantiser
    if requantiser is None:
        core.integers[neuron] = accumulator
        return None
    activation = core.layer.activation if core.layer is not None else "identity"
    s, clipped = requantise_exactly(accumulator, neuron, requantiser, activation)
    core.integers[neuron] = s
    core.row["saturations"] += clipped
    value = s - core.last[neuron] if core.plan.mode.delta else s
    core.row["nonzero"] += value != 0
    if value == 0 and not core.plan.mode.dense:
        return None
    core.last[neuron] = s
    core.row["state_writes"] += core.plan.mode.delta
    core.row["values_out"] += 1
    core.row["fires"] += 1
    core.row["l1_out"] += abs(value)
    return value


def wire_messages(core: Core, frame: int, neuron: int, value: int) -> list[Message]:
    """What one value becomes on the wire: unit events when unary, else one message."""
    if core.plan.encoding != "unary":
        return [Message(frame, neuron, value)]
    return [Message(frame, neuron, 1 if value > 0 else -1) for _ in range(abs(value))]


def count_sent(core: Core, message: Message) -> None:
    """Book one message or token on its way to the next core."""
    link = core.plan.links[core.index]
    flits = link.token_flits if message.token else link.message_flits
    core.row["tokens_out" if message.token else "messages_out"] += 1
    core.row["flits_local"] += flits if link.local else 0
    core.row["flit_hops_ew"] += flits * link.hops_ew
    core.row["flit_hops_ns"] += flits * link.hops_ns


def end_frame(core: Core, frame: int) -> None:
    """Close the row: memory words of the scan, frame fetch, digest, and the peak where nothing was scanned anew."""
    part, network = core.part, core.network
    word = part.timing.state_memory.word_bits
    if touched(core, frame):
        accumulator_bits = part.neurons * network.accumulator_bits if core.layer is not None else 0
        keeps_last = core.plan.mode.delta and not core.is_last
        last_bits = part.neurons * network.activation_bits if keeps_last else 0
        core.row["state_reads"] += ceil_div(accumulator_bits, word) + ceil_div(last_bits, word)
    elif frame > 0:
        core.row["accumulator_peak"] = core.rows[-2]["accumulator_peak"]
    core.row["off_chip_reads"] = part.off_chip_words
    total = sum(integer * key for integer, key in zip(core.integers, core.keys, strict=True)) % 2**64
    core.row["digest"] = total - 2**64 if total >= 2**63 else total
