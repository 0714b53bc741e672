"""One core of the reference engine: its integers and its counts, message by message and neuron by neuron."""

from __future__ import annotations

from dataclasses import dataclass, field

from hwmodels.records import COLUMNS
from simulator.digest import digest_keys
from simulator.plan import CorePlan, LinkPlan, Plan, ceil_div
from simulator.reference_integers import accumulate_exactly, activate_and_requantise, canonical_digits
from simulator.reference_maps import Reach, pooled_positions, reach_of
from workloads.integer_network import IntegerLayer, IntegerNetwork


@dataclass
class Message:
    """One wire message on link number `link`, or (token) the end of a frame."""

    frame: int
    link: int
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
    """State of one core. `layer` is None for the input core; `rows` holds one dict of counts and times per frame.

    `reach[source][neuron]` lists what a message of that sender's neuron adds to: (accumulator, weight) pairs.
    `positions[pixel]` are the accumulator pixels that a sent pixel looks at.
    """

    index: int
    plan: Plan
    network: IntegerNetwork
    layer: IntegerLayer | None
    reach: dict[int, Reach]
    positions: list[list[int]]
    accumulators: list[int]
    last: list[int]
    integers: list[int]
    integers_before: list[int]
    keys: list[int]
    rows: list[dict[str, int]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    looked_at: int = 0

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
    part = plan.cores[index]
    before = sum(core.neurons for core in plan.cores[:index])
    layer = network.layers[index - 1] if index else None
    pool = layer.pool if layer is not None and index < len(plan.cores) - 1 else None
    height, width, channels = part.shape
    return Core(
        index=index,
        plan=plan,
        network=network,
        layer=layer,
        reach={each.source: reach_of(each, network.sent_shape(each.source), part.shape) for each in layer.synapses}
        if layer is not None
        else {},
        positions=pooled_positions(pool, part.shape, part.sent_shape),
        accumulators=[0] * (height * width * channels),
        last=[0] * part.neurons,
        integers=[0] * part.neurons,
        integers_before=[0] * part.neurons,
        keys=[int(key) for key in digest_keys(part.neurons, before)],
    )


def take_in(core: Core, pixels: list[int]) -> None:
    """The frame, given in (channel, y, x) order, as the input core's accumulators in (y, x, channel) order."""
    height, width, channels = core.part.shape
    network = core.network
    for y in range(height):
        for x in range(width):
            for c in range(channels):
                pixel = pixels[(c * height + y) * width + x]
                shifted = pixel * 2**network.input_shift - int(network.input_offset[c])
                core.accumulators[(y * width + x) * channels + c] = shifted


def begin_frame(core: Core, frame: int) -> None:
    """A new row; accumulators take their bias in the first frame, and in every frame of a frame-by-frame network."""
    core.rows.append(dict.fromkeys(COLUMNS, 0))
    core.touched = set()
    core.looked_at = 0
    if core.layer is not None and is_fresh(core, frame):
        channels = core.part.shape[2]
        core.accumulators = [int(core.layer.bias[i % channels]) for i in range(len(core.accumulators))]
        bits = len(core.accumulators) * core.network.accumulator_bits
        core.row["state_writes"] += ceil_div(bits, core.part.timing.state_memory.word_bits)


def is_fresh(core: Core, frame: int) -> bool:
    """True where everything is computed anew: the input core, the first frame, frame-by-frame networks."""
    return core.layer is None or frame == 0 or not core.plan.mode.delta


def receive(core: Core, message: Message) -> None:
    """Serve one message: add `value` times the weight of every synapse that it meets."""
    source = core.plan.links[message.link].sender
    synapses = core.reach[source][message.neuron]
    timing, bits = core.part.timing, core.network.accumulator_bits
    for target, weight in synapses:
        total = core.accumulators[target] + message.value * weight
        core.accumulators[target], clipped = accumulate_exactly(total, core.network)
        core.touched.add(target // core.part.shape[2])
        core.row["accumulator_clips"] += clipped
        if core.plan.encoding == "shift_add":
            core.row["adds"] += sum(digit != 0 for digit in canonical_digits(message.value))
        else:
            core.row["adds"] += 1
        core.row["multiplies"] += core.plan.encoding == "graded"
    core.row["messages_in"] += 1
    core.row["weight_reads"] += ceil_div(len(synapses) * core.network.weight_bits, timing.weight_memory.word_bits)
    state_words = ceil_div(len(synapses) * bits, timing.state_memory.word_bits)
    core.row["state_reads"] += state_words
    core.row["state_writes"] += state_words


def is_touched(core: Core, pixel: int, frame: int) -> bool:
    """Has any accumulator that a sent pixel looks at been reached in this frame?"""
    return is_fresh(core, frame) or any(position in core.touched for position in core.positions[pixel])


def scan_neuron(core: Core, neuron: int, frame: int) -> int | None:
    """Requantise one neuron in the update phase and return the value it sends, None for nothing."""
    channels = core.part.sent_shape[2]
    pixel, channel = divmod(neuron, channels)
    core.row["accesses"] += len(core.positions[pixel])
    if not is_touched(core, pixel, frame):
        return None
    core.row["updates"] += 1
    core.looked_at += len(core.positions[pixel])
    accumulator = max(core.accumulators[position * channels + channel] for position in core.positions[pixel])
    if core.is_last:
        core.integers[neuron] = accumulator
        return None
    s, clipped = activate_and_requantise(accumulator, neuron, channel, core.network, core.layer)
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
    """What one value becomes on the wire, link by link: unit events when unary, else one message each.

    Nothing goes to a receiver in which the neuron has no synapse.
    """
    messages = []
    for number, link in enumerate(core.plan.links):
        if link.sender == core.index and hits(link, neuron // core.part.sent_shape[2]) > 0:
            if core.plan.encoding == "unary":
                messages += [Message(frame, number, neuron, 1 if value > 0 else -1) for _ in range(abs(value))]
            else:
                messages.append(Message(frame, number, neuron, value))
    return messages


def hits(link: LinkPlan, pixel: int) -> int:
    """Pixels of the receiver that a message from this pixel reaches."""
    y, x = divmod(pixel, len(link.hits_x))
    return link.hits_y[y] * link.hits_x[x]


def count_sent(core: Core, message: Message) -> None:
    """Book one message or token on its way."""
    link = core.plan.links[message.link]
    flits = link.token_flits if message.token else link.message_flits
    core.row["tokens_out" if message.token else "messages_out"] += 1
    core.row["flits_local"] += flits if link.local else 0
    core.row["flit_hops_ew"] += flits * link.hops_ew
    core.row["flit_hops_ns"] += flits * link.hops_ns


def end_frame(core: Core) -> None:
    """Close the row: memory words of the scan, frame fetch, peak and digest."""
    part, network = core.part, core.network
    word = part.timing.state_memory.word_bits
    if core.layer is not None:
        core.row["state_reads"] += ceil_div(core.looked_at * network.accumulator_bits, word)
        core.row["accumulator_peak"] = max(abs(each) for each in core.accumulators)
    if core.plan.mode.delta and not core.is_last:
        core.row["state_reads"] += ceil_div(core.row["updates"] * network.activation_bits, word)
        now, before = core.integers, core.integers_before
        norms = [sum(abs(s) for s in integers) for integers in (now, before)]
        pairs = list(zip(now, before, strict=True))
        core.row["s_l1"], core.row["s_square"] = norms[0], sum(s * s for s in now)
        core.row["s_product"] = sum(s * old for s, old in pairs)
        core.row["s_distance"] = sum(abs(s * norms[1] - old * norms[0]) for s, old in pairs)
    core.integers_before = list(core.integers)
    core.row["off_chip_reads"] = part.off_chip_words
    total = sum(integer * key for integer, key in zip(core.integers, core.keys, strict=True)) % 2**64
    core.row["digest"] = total - 2**64 if total >= 2**63 else total
