"""What runs where: the layers of a network placed on the cores of a chip, and what each message then costs there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from hwmodels.chip import Chip, CoreTiming, Encoding
from simulator.errors import SimulationError
from simulator.modes import Mode, encoding_on_wire, signed_digits
from workloads import IntegerNetwork

FRAME_BITS = 8  # a pixel of an input frame


@dataclass(frozen=True)
class CorePlan:
    """One core in use: its layer, its place, and the words and femtoseconds that its actions take.

    `fan_out` is the true number of synapses of each of its neurons: the neurons of the next core. The words per message
    are read (weights) or read and written (state) when one message is served, the words per update when the
    neurons are scanned; `last` words are the values last sent, which only a delta network keeps.
    """

    layer: str
    neurons: int
    fan_in: int
    fan_out: int
    column: int
    row: int
    timing: CoreTiming
    weight_words_per_message: int
    state_words_per_message: int
    accumulator_words: int
    last_words: int
    off_chip_words: int
    weight_memory_bits: int
    state_memory_bits: int


@dataclass(frozen=True)
class LinkPlan:
    """The way from a core to the next: flits, hops and times (fs) of one message and of one token."""

    message_flits: int
    token_flits: int
    hops_ew: int
    hops_ns: int
    message_fs: int
    token_fs: int
    wire_fs: int

    @property
    def local(self) -> bool:
        """True when both ends share a tile."""
        return self.hops_ew == 0 and self.hops_ns == 0


@dataclass(frozen=True)
class Plan:
    """A network on a chip in one mode: everything an engine needs besides the weights."""

    mode: Mode
    encoding: Encoding
    cores: tuple[CorePlan, ...]
    links: tuple[LinkPlan, ...]
    barrier: bool
    barrier_fs: int
    frame_fetch_fs: int


def ceil_div(a: int, b: int) -> int:
    """a / b, rounded up; b > 0."""
    return -(-a // b)


def plan_network(network: IntegerNetwork, chip: Chip, mode: Mode) -> Plan:
    """Place layer l of `network` on core l of `chip` (core 0 takes the input) and work out its costs.

    Raises SimulationError that lists every demand the chip cannot meet: what is asked, what is there, what would help.
    """
    encoding = encoding_on_wire(mode, chip.encoding)
    neurons = [network.layers[0].weights.shape[0], *(layer.weights.shape[1] for layer in network.layers)]
    problems = _width_problems(network, chip, encoding, mode)
    if len(neurons) > len(chip.cores):
        problems.append(
            f"{len(network.layers)} layers and the input need {len(neurons)} cores, {chip.name} has {len(chip.cores)}: "
            "use a bigger mesh (mesh.columns, mesh.rows, mesh.cores_per_tile)"
        )
        raise _cannot(network, chip, problems)
    cores = tuple(_core_plan(network, chip, mode, neurons, index) for index in range(len(neurons)))
    for core in cores:
        problems += _memory_problems(core)
    if problems:
        raise _cannot(network, chip, problems)
    links = tuple(_link_plan(chip, encoding, a, b) for a, b in pairwise(cores))
    tiles = len({(core.column, core.row) for core in cores})
    return Plan(
        mode=mode,
        encoding=encoding,
        cores=cores,
        links=links,
        barrier=chip.synchronisation == "barrier",
        barrier_fs=_barrier_fs(chip, tiles),
        frame_fetch_fs=cores[0].off_chip_words * chip.frame_word_fs,
    )


def service_fs(core: CorePlan, encoding: Encoding, value: int) -> int:
    """Time (fs) to serve one wire message of `value`: decoding plus operations or memory, whichever is longer.

    `value` is the integer carried (+1 or -1 when unary). DESIGN section 6: over kinds `ceil(count / lanes) *
    latency`, the slowest kind alone where the datapath is pipelined. Weight and state memory work side by side.
    """
    timing = core.timing
    digits = signed_digits(value) if encoding == "shift_add" else 1
    add_fs = ceil_div(digits * core.neurons, timing.add_lanes) * timing.add_fs
    multiply_fs = 0
    if encoding == "graded" and timing.multiply_fs is not None:
        multiply_fs = ceil_div(core.neurons, timing.multiply_lanes) * timing.multiply_fs
    operations_fs = max(add_fs, multiply_fs) if timing.pipelined else add_fs + multiply_fs
    weights, state = timing.weight_memory, timing.state_memory
    weights_fs = ceil_div(core.weight_words_per_message, weights.ports) * weights.access_fs
    state_fs = ceil_div(2 * core.state_words_per_message, state.ports) * state.access_fs
    return timing.decode_fs + max(operations_fs, weights_fs, state_fs)


def _core_plan(network: IntegerNetwork, chip: Chip, mode: Mode, neurons: list[int], index: int) -> CorePlan:
    timing = chip.cores[index]
    column, row = _tile(chip, index)
    count = neurons[index]
    fan_in = neurons[index - 1] if index else 0
    last_core = index == len(neurons) - 1
    accumulator_bits = count * network.accumulator_bits if index else 0
    last_bits = count * network.activation_bits if mode.delta and not last_core else 0
    weight_bits = fan_in * count * network.weight_bits
    frame_bits = count * FRAME_BITS if index == 0 and chip.frame_word_bits else 0
    state_word = timing.state_memory.word_bits
    return CorePlan(
        layer=network.layers[index - 1].name if index else "input",
        neurons=count,
        fan_in=fan_in,
        fan_out=0 if last_core else neurons[index + 1],
        column=column,
        row=row,
        timing=timing,
        weight_words_per_message=ceil_div(count * network.weight_bits, timing.weight_memory.word_bits) if index else 0,
        state_words_per_message=ceil_div(accumulator_bits, state_word),
        accumulator_words=ceil_div(accumulator_bits, state_word),
        last_words=ceil_div(last_bits, state_word),
        off_chip_words=ceil_div(frame_bits, chip.frame_word_bits) if frame_bits else 0,
        weight_memory_bits=weight_bits,
        state_memory_bits=accumulator_bits + last_bits,
    )


def _tile(chip: Chip, core: int) -> tuple[int, int]:
    """Column and row of a core: tiles are filled row by row in a snake, so that neighbours in the chain touch."""
    row, column = divmod(core // chip.cores_per_tile, chip.columns)
    return (column if row % 2 == 0 else chip.columns - 1 - column), row


def _link_plan(chip: Chip, encoding: Encoding, sender: CorePlan, receiver: CorePlan) -> LinkPlan:
    payload = 0 if encoding == "unary" else chip.payload_bits
    message_flits = ceil_div(chip.header_bits + payload, chip.link_bits)
    token_flits = ceil_div(chip.header_bits, chip.link_bits)
    hops_ew, hops_ns = abs(sender.column - receiver.column), abs(sender.row - receiver.row)
    hops_fs = hops_ew * chip.hop_ew_fs + hops_ns * chip.hop_ns_fs
    return LinkPlan(
        message_flits=message_flits,
        token_flits=token_flits,
        hops_ew=hops_ew,
        hops_ns=hops_ns,
        message_fs=message_flits * chip.flit_fs,
        token_fs=token_flits * chip.flit_fs,
        wire_fs=hops_fs if hops_ew or hops_ns else chip.local_fs,
    )


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
