"""One core of the reference engine: its integers and its counts, message by message and neuron by neuron.

Neurons and accumulators have their numbers in the layer's whole maps; a core touches only its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hwmodels.records import COLUMNS
from simulator.placement.plan import CorePlan, FlowPlan, LayerPlan, Plan
from simulator.placement.service import ceil_div
from simulator.reference.integers import accumulate_exactly, activate_and_requantise
from simulator.reference.maps import Reach, pooled_positions, reach_of
from workloads.integer.network import IntegerLayer, IntegerNetwork


@dataclass
class Message:
    """One wire message on link number `link`, or (token) the end of a frame. Copies of one have one `serial`."""

    frame: int
    link: int
    neuron: int
    value: int
    token: bool = False
    serial: int = 0
    ready_fs: int = 0
    sent_fs: int = 0
    arrival_fs: int = 0
    start_fs: int = 0
    end_fs: int = 0


@dataclass
class Core:
    """State of one core. `layer` is None where the input is; `rows` holds one dict of counts and times per frame.

    `reach[link][neuron]` lists what a message of that neuron adds to here: (accumulator, weight) pairs.
    `positions[pixel]` are the accumulator pixels that a sent pixel looks at. `neurons` are those it scans, in order.
    """

    index: int
    plan: Plan
    network: IntegerNetwork
    layer: IntegerLayer | None
    reach: dict[int, Reach]
    positions: list[list[int]]
    neurons: list[int]
    own: list[int]
    accumulators: dict[int, int]
    last: dict[int, int]
    integers: dict[int, int]
    rows: list[dict[str, int]] = field(default_factory=list)
    touched: set[int] = field(default_factory=set)
    looked_at: int = 0
    port_free_fs: int = 0

    @property
    def part(self) -> CorePlan:
        """Where this core stands in the plan."""
        return self.plan.cores[self.index]

    @property
    def whole(self) -> LayerPlan:
        """The layer it holds a part of."""
        return self.plan.layers[self.part.layer_index]

    @property
    def is_last(self) -> bool:
        """True for a core the host reads out."""
        return self.part.layer_index == len(self.plan.layers) - 1

    @property
    def row(self) -> dict[str, int]:
        """Counts and times of the frame underway."""
        return self.rows[-1]


def new_core(index: int, plan: Plan, network: IntegerNetwork) -> Core:
    """A core at time zero: s[-1] = 0."""
    part = plan.cores[index]
    whole = plan.layers[part.layer_index]
    layer = network.layers[part.layer_index - 1] if part.layer_index else None
    pool = layer.pool if layer is not None and part.layer_index < len(plan.layers) - 1 else None
    neurons = _numbers(whole.sent_shape, part.rows, part.channels)
    own = _numbers(whole.shape, part.accumulator_rows, part.channels)
    return Core(
        index=index,
        plan=plan,
        network=network,
        layer=layer,
        reach=_reach(index, plan, network, layer, set(own)),
        positions=pooled_positions(pool, whole.shape, whole.sent_shape),
        neurons=neurons,
        own=own,
        accumulators=dict.fromkeys(own, 0),
        last=dict.fromkeys(neurons, 0),
        integers=dict.fromkeys(neurons, 0),
    )


def _numbers(shape: tuple[int, int, int], rows: tuple[int, int], channels: tuple[int, int]) -> list[int]:
    """Numbers, in a map of this shape, of what lies in these rows and channels."""
    return [(y * shape[1] + x) * shape[2] + c for y in range(*rows) for x in range(shape[1]) for c in range(*channels)]


def _reach(
    index: int, plan: Plan, network: IntegerNetwork, layer: IntegerLayer | None, own: set[int]
) -> dict[int, Reach]:
    """What a message over each link into a core adds to: of the layer's accumulators its own."""
    result = {}
    for number, link in enumerate(plan.flows):
        if link.receiver == index and layer is not None:
            source = plan.cores[link.sender].layer_index
            synapses = next(each for each in layer.synapses if each.source == source)
            whole = reach_of(synapses, network.sent_shape(source), layer.shape)
            result[number] = [[(target, weight) for target, weight in pairs if target in own] for pairs in whole]
    return result


def take_in(core: Core, pixels: list[int]) -> None:
    """The frame, given in (channel, y, x) order, as the accumulators of the input, in (y, x, channel) order."""
    height, width, channels = core.whole.shape
    for number in core.own:
        pixel, channel = divmod(number, channels)
        shifted = pixels[channel * height * width + pixel] * 2**core.network.input_shift
        core.accumulators[number] = shifted - int(core.network.input_offset[channel])


def begin_frame(core: Core, frame: int) -> None:
    """A new row; accumulators take their bias in the first frame, and in every frame of a frame-by-frame network."""
    core.rows.append(dict.fromkeys(COLUMNS, 0))
    core.touched = set()
    core.looked_at = 0
    if core.layer is not None and is_fresh(core, frame):
        for number in core.own:
            core.accumulators[number] = int(core.layer.bias[number % core.whole.shape[2]])
        bits = len(core.own) * core.network.accumulator_bits
        core.row["state_writes"] += ceil_div(bits, core.part.timing.state_memory.word_bits)


def is_fresh(core: Core, frame: int) -> bool:
    """True where everything is computed anew: the input, the first frame, frame-by-frame networks."""
    return core.layer is None or frame == 0 or not core.plan.mode.delta


def receive(core: Core, message: Message) -> None:
    """Serve one message: add `value` times the weight of every synapse that it meets."""
    synapses = core.reach[message.link][message.neuron]
    timing, bits = core.part.timing, core.network.accumulator_bits
    for target, weight in synapses:
        total = core.accumulators[target] + message.value * weight
        core.accumulators[target], clipped = accumulate_exactly(total, core.network)
        core.touched.add(target // core.whole.shape[2])
        core.row["accumulator_clips"] += clipped
        core.row["adds"] += core.plan.encoding.adds(message.value)
        core.row["multiplies"] += core.plan.encoding.multiplies
    core.row["messages_in"] += 1
    weight_bits = len(synapses) * core.network.weight_bits
    if core.part.streams:
        core.row["off_chip_weight_reads"] += ceil_div(weight_bits, core.part.stream_word_bits)
    else:
        core.row["weight_reads"] += ceil_div(weight_bits, timing.weight_memory.word_bits)
    state_words = ceil_div(len(synapses) * bits, timing.state_memory.word_bits)
    core.row["state_reads"] += state_words
    core.row["state_writes"] += state_words


def is_touched(core: Core, pixel: int, frame: int) -> bool:
    """Has any accumulator that a sent pixel looks at been reached in this frame?"""
    return is_fresh(core, frame) or any(position in core.touched for position in core.positions[pixel])


def scan_neuron(core: Core, neuron: int, frame: int) -> int | None:
    """Requantise one neuron in the update phase and return the value it sends, None for nothing."""
    channels = core.whole.sent_shape[2]
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


def hits(plan: Plan, link: FlowPlan, neuron: int) -> int:
    """Pixels of the receiver's part that a message from this neuron reaches."""
    sender = plan.cores[link.sender]
    _, width, channels = plan.layers[sender.layer_index].sent_shape
    y, x = divmod(neuron // channels, width)
    return link.hits_y[y - sender.rows[0]] * link.hits_x[x]


def end_frame(core: Core) -> None:
    """Close the row: memory words of the scan, frame fetch, peak."""
    part, network = core.part, core.network
    word = part.timing.state_memory.word_bits
    if core.layer is not None:
        core.row["state_reads"] += ceil_div(core.looked_at * network.accumulator_bits, word)
        core.row["accumulator_peak"] = max(abs(each) for each in core.accumulators.values())
    if core.plan.mode.delta and not core.is_last:
        core.row["state_reads"] += ceil_div(core.row["updates"] * network.activation_bits, word)
    core.row["off_chip_reads"] = part.off_chip_words
