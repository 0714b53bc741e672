"""What is where on the chip, who sends to whom, and what a message costs: "Placement", "Messages", "Time"."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from oracle.maps import met
from oracle.values import DELTA, FULL


@dataclass
class Core:
    """One core in use: rows and channels of its layer's map, the rows of accumulators it holds, its place."""

    number: int
    layer: int
    part: int
    tile: tuple[int, int]
    timing: object
    rows: range
    channels: range
    held: range
    neurons: list[int]
    accumulators: int
    level: int
    streams: bool
    fetched: int  # words of an input frame
    group: int | None  # on a chip with group barriers
    incoming: list[int] = field(default_factory=list)  # pairs
    outgoing: list[int] = field(default_factory=list)


@dataclass
class Pair:
    """A core and one that it sends to: how many synapses each of the sender's neurons has there."""

    sender: int
    receiver: int
    fan_out: dict[int, int]
    rows: dict[int, int]  # of each row of the sender: rows of accumulators that it meets
    columns: dict[int, int]
    way_fs: int
    local_fs: int


@dataclass
class Machine:
    """A network on a chip in one mode."""

    network: object
    chip: object
    mode: str
    layers: list
    encoding: str
    cores: list[Core]
    pairs: list[Pair]
    links: list[tuple]  # (tile, tile), by number
    levels: list[int]
    message_flits: int
    token_flits: int
    barrier_fs: int

    def flits_fs(self, token):
        return (self.token_flits if token else self.message_flits) * self.chip.flit_fs

    def hop_fs(self, link):
        """Along a row or a column, on shared links."""
        east_west = link[0][1] == link[1][1]
        return max(1, self.chip.hop_ew_fs if east_west else self.chip.hop_ns_fs)

    def messages(self, value):
        """What goes on the wire for a value."""
        return messages(self.encoding, value)

    @property
    def dataflow(self):
        """Tokens say that a frame is over."""
        return self.chip.synchronisation != "barrier"

    def together(self, core):
        """The cores that begin to send a frame with this one; none where it is alone."""
        found = [own for own in self.cores if (own.group, own.level) == (core.group, core.level)]
        return found if core.group is not None and len(found) > 1 else []


def machine_of(network, layers, chip, mode, mapping):
    encoding = "graded" if mode in FULL else chip.encoding
    levels = [0]
    for each in layers[1:]:
        levels.append(1 + max(levels[source] for source in each.incoming))
    cores = _cores(network, layers, chip, mapping, levels)
    pairs = _pairs(layers, cores)
    for number, pair in enumerate(pairs):
        cores[pair.sender].outgoing.append(number)
        cores[pair.receiver].incoming.append(number)
    bits = chip.header_bits + (0 if encoding == "unary" else chip.payload_bits)
    machine = Machine(
        network, chip, mode, layers, encoding, cores, pairs, [], levels,
        up(bits, chip.link_bits), up(chip.header_bits, chip.link_bits), 0,
    )  # fmt: skip
    machine.barrier_fs = 0 if machine.dataflow else release_fs(chip, cores)
    machine.links = _links(machine)
    _set_ways(machine)
    return machine


def messages(encoding, value):
    """What goes on the wire for a value."""
    if encoding == "unary":
        return [1 if value > 0 else -1] * abs(value)
    if encoding == "sign_magnitude_burst":
        sign, magnitude = (1 if value > 0 else -1), abs(value)
        return [sign * 2**place for place in range(magnitude.bit_length()) if magnitude // 2**place % 2]
    return [value]


def up(a, b):
    """a / b, rounded up."""
    return (a + b - 1) // b


def bands(length, count):
    return [range(length * i // count, length * (i + 1) // count) for i in range(count)]


def tile_of(chip, core):
    """Tile by tile, row by row in a snake."""
    row, place = divmod(core // chip.cores_per_tile, chip.columns)
    return (chip.columns - 1 - place if row % 2 else place, row)


def _cores(network, layers, chip, mapping, levels):
    out = []
    for index, each in enumerate(layers):
        at, rows, channels = ((index,), 1, 1) if mapping is None else _placement(mapping[index])
        cut_rows = bands(each.sent_shape[0], rows)
        cuts = [(band, held, own) for band, held in zip(cut_rows, _held(each, cut_rows), strict=True)
                for own in bands(each.sent_shape[2], channels)]  # fmt: skip
        for part, (position, (band, held, own)) in enumerate(zip(at, cuts, strict=True)):
            width, all_channels = each.sent_shape[1:]
            neurons = [(y * width + x) * all_channels + c for y in band for x in range(width) for c in own]
            timing, words = chip.cores[position], 0
            if index == 0 and chip.frame_word_bits:
                words = up(8 * len(neurons), chip.frame_word_bits)
            weights = 0
            if index:
                stored = sum(synapses.weights.size for synapses in each.layer.synapses)
                weights = stored * len(own) // each.shape[2] * network.weight_bits
            room = timing.weight_memory.capacity_bits
            out.append(
                Core(
                    len(out), index, part, tile_of(chip, position), timing, band, own, held, neurons,
                    len(held) * each.shape[1] * len(own) if index else 0, levels[index],
                    bool(chip.stream_word_bits and room is not None and weights > room), words,
                    _group_of(chip, position),
                )
            )  # fmt: skip
    return out


def _group_of(chip, position):
    members = [group for group, size in enumerate(chip.groups) for _ in range(size)]
    return members[position] if chip.synchronisation == "group_barrier" and position < len(members) else None


def _placement(placement):
    return placement.cores, placement.rows, placement.channels


def _held(each, cut_rows):
    """Rows of accumulators of each band: those it looks at, and those below them that no window looks at."""
    pool = None if each.layer is None or each.is_last else each.layer.pool
    if pool is None:
        return cut_rows
    height = each.shape[0]
    tops = [_inside(band.start * pool.stride[0] - pool.padding[0], height) for band in cut_rows]
    looked = (pool.kernel[0] - 1) * pool.dilation[0]
    ends = [_inside((band.stop - 1) * pool.stride[0] - pool.padding[0] + looked + 1, height) for band in cut_rows]
    ends = [max(end, top) for end, top in zip(ends, [*tops[1:], height], strict=True)]
    return [range(top, end) for top, end in zip([0, *tops[1:]], ends, strict=True)]


def _inside(row, height):
    return max(0, min(height, row))


def _pairs(layers, cores):
    of_layer = {index: [core for core in cores if core.layer == index] for index in range(len(layers))}
    out = []
    for index, each in enumerate(layers):
        for source, reach in each.incoming.items():
            sender_map = layers[source].sent_shape
            (synapses,) = [own for own in each.layer.synapses if own.source == source]
            for receiver in of_layer[index]:
                met = [_pair(sender, receiver, synapses, reach, sender_map, each.shape) for sender in of_layer[source]]
                heard = [pair for pair in met if any(pair.fan_out.values())]
                out += heard or met[:1]  # whom nobody reaches hears from the first part that a frame is over
    return sorted(out, key=lambda pair: (pair.sender, pair.receiver))


def _pair(sender, receiver, synapses, reach, sender_map, shape):
    fan_out = {}
    for neuron in sender.neurons:
        at = [divmod(accumulator, shape[2]) for accumulator, _ in reach[neuron]]
        fan_out[neuron] = sum(
            pixel // shape[1] in receiver.held and channel in receiver.channels for pixel, channel in at
        )
    rows = {y: met(synapses, 0, y, receiver.held) for y in sender.rows}
    columns = {x: met(synapses, 1, x, range(shape[1])) for x in range(sender_map[1])}
    return Pair(sender.number, receiver.number, fan_out, rows, columns, 0, 0)


def route(begin, end):
    """The hops of a way: along the row, then along the column."""
    corners = [(x, begin[1]) for x in _steps(begin[0], end[0])] + [(end[0], y) for y in _steps(begin[1], end[1])[1:]]
    return list(pairwise(corners))


def _steps(a, b):
    return list(range(a, b + 1)) if b >= a else list(range(a, b - 1, -1))


def way(machine, number):
    """The hops of a pair's way."""
    pair = machine.pairs[number]
    return route(machine.cores[pair.sender].tile, machine.cores[pair.receiver].tile)


def _links(machine):
    """Links as they come up: by how far pixels reach, then (dataflow) all tokens."""
    links = {}
    for core in machine.cores:
        own = core.outgoing
        width = machine.layers[core.layer].sent_shape[1]
        rows = sorted({tuple(machine.pairs[n].rows[y] for n in own) for y in core.rows})
        columns = sorted({tuple(machine.pairs[n].columns[x] for n in own) for x in range(width)})
        reached = [
            [n for n, a, b in zip(own, row, column, strict=True) if a and b] for row in rows for column in columns
        ]
        for numbers in reached:
            for number in numbers:
                links |= dict.fromkeys(way(machine, number))
    for core in machine.cores if machine.dataflow else []:
        for number in core.outgoing:
            links |= dict.fromkeys(way(machine, number))
    return list(links)


def _set_ways(machine):
    """How long the heads of private messages are underway, and of those that stay in a tile."""
    chip, cores, pairs = machine.chip, machine.cores, machine.pairs
    next_only = [(pair.sender, pair.receiver) for pair in pairs] == [(n, n + 1) for n in range(len(cores) - 1)]
    chain = next_only and len(cores) == len(machine.layers) and sum(core.streams for core in cores) <= 1
    for number, pair in enumerate(pairs):
        hops = way(machine, number)
        pair.local_fs = 0 if hops else chip.local_fs
        total = pair.local_fs + sum(chip.hop_ew_fs if a[1] == b[1] else chip.hop_ns_fs for a, b in hops)
        pair.way_fs = total if chain else max(1, total)


def release_fs(chip, cores):
    """From when all these cores are there to when they go on."""
    tiles = len({core.tile for core in cores})
    fitting = [fs for most, fs in chip.barrier_fs if tiles <= most]
    return fitting[0] if fitting else chip.barrier_fs[-1][1]


def is_delta(machine):
    return machine.mode in DELTA
