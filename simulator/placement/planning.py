"""From a network, a chip and a mapping to a plan: parts of layers on cores, links between them, sends over the mesh."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import Chip
from hwmodels.encodings import Encoding
from hwmodels.schedules import SCHEDULES, Schedule
from simulator.modes import Mode, encoding_on_wire
from simulator.placement.mapping import (
    Mapping,
    Range,
    accumulator_rows,
    cut,
    layer_names,
    mapping_problems,
    one_core_each,
    part_weight_bits,
    pool_of,
    refuse,
    sent_map,
)
from simulator.placement.plan import FRAME_BITS, CorePlan, FlowPlan, LayerPlan, Plan
from simulator.placement.plan_problems import memory_problems, network_problems
from simulator.placement.routes import MeshLink, Send, Tile, send_to, tile_of
from simulator.placement.service import ceil_div
from workloads.integer.network import IntegerNetwork, Map, MaxPooling, Synapses
from workloads.integer.windows import hits, kernel_axis, looks, pool_axis

Classes = tuple[NDArray[np.int32], tuple[tuple[int, ...], ...]]


def plan_network(network: IntegerNetwork, chip: Chip, mode: Mode, mapping: Mapping | None = None) -> Plan:
    """Put every layer of `network` where `mapping` says (layer l on core l unless given) and work out what it costs.

    Raises SimulationError that lists every demand the chip cannot meet: what is asked, what is there, what would help.
    """
    mapping = one_core_each(network) if mapping is None else mapping
    encoding = encoding_on_wire(mode, chip.encoding)
    problems = network_problems(network, chip, encoding, mode, mapping)
    if len(mapping) > len(chip.cores):
        raise refuse(network, chip, problems)
    misplaced = mapping_problems(network, chip, mapping)
    if misplaced:
        raise refuse(network, chip, problems + misplaced)
    layers = _layer_plans(network, mapping)
    cores = tuple(_core_plans(network, chip, mode, mapping, layers))
    problems += [problem for core in cores for problem in memory_problems(chip, core)]
    if problems:
        raise refuse(network, chip, problems)
    return _with_ways(network, chip, mode, encoding, layers, cores)


def _with_ways(
    network: IntegerNetwork,
    chip: Chip,
    mode: Mode,
    encoding: Encoding,
    layers: tuple[LayerPlan, ...],
    cores: tuple[CorePlan, ...],
) -> Plan:
    """The plan, once it is known what is where."""
    connections = tuple(
        (synapses.source, layer)
        for layer, own in enumerate(network.layers, start=1)
        for synapses in sorted(own.synapses, key=lambda each: each.source)
    )
    links = tuple(_links(network, chip, layers, cores, connections))
    schedule = SCHEDULES[chip.synchronisation]
    group_of = schedule.groups(chip, [(core.position, core.level) for core in cores])
    ways = _Ways(chip.multicast, cores, links, _own_links(cores, links))
    classes = [ways.classes_of(core) for core in range(len(cores))]
    tokens = tuple(ways.sends_of(core, ways.own[core]) if schedule.sends_tokens else () for core in range(len(cores)))
    message_flits = ceil_div(encoding.message_bits(chip.header_bits, chip.payload_bits), chip.link_bits)
    token_flits = ceil_div(chip.header_bits, chip.link_bits)
    plan = Plan(
        mode=mode,
        encoding=encoding,
        layers=layers,
        cores=cores,
        connections=connections,
        flows=links,
        mesh=tuple(_mesh_links(chip, ways.mesh)),
        sends=tuple(ways.sends),
        classes=tuple(pixels for pixels, _ in classes),
        class_sends=tuple(sends for _, sends in classes),
        tokens=tokens,
        message_flits=message_flits,
        token_flits=token_flits,
        message_fs=message_flits * chip.flit_fs,
        token_fs=token_flits * chip.flit_fs,
        weight_bits=network.weight_bits,
        schedule=schedule,
        group_of=group_of,
        release_fs=tuple(_release_fs(chip, schedule, cores, group_of)),
        shared=chip.shared_links,
        multicast=chip.multicast,
        router_depth=chip.router_depth,
        chain=False,
    )
    if _is_chain(plan):
        return replace(plan, chain=True)
    return replace(plan, flows=tuple(map(_takes_time, links)))


def _layer_plans(network: IntegerNetwork, mapping: Mapping) -> tuple[LayerPlan, ...]:
    plans: list[LayerPlan] = []
    first = 0
    for index, name in enumerate(layer_names(network)):
        layer = network.layers[index - 1] if index else None
        shape, sent = layer.shape if layer else network.input_shape, sent_map(network, index)
        window_y, window_x = _pool_windows(pool_of(network, index), shape, sent)
        senders = tuple(sorted(synapses.source for synapses in layer.synapses)) if layer else ()
        level = 1 + max(plans[sender].level for sender in senders) if senders else 0
        end = first + len(mapping[index].cores)
        plans.append(LayerPlan(name, shape, sent, window_y, window_x, senders, level, (first, end)))
        first = end
    return tuple(plans)


def _core_plans(
    network: IntegerNetwork, chip: Chip, mode: Mode, mapping: Mapping, layers: tuple[LayerPlan, ...]
) -> Iterator[CorePlan]:
    for index, (placement, layer) in enumerate(zip(mapping, layers, strict=True)):
        bands = cut(layer.sent_shape[0], placement.rows)
        ranges = cut(layer.sent_shape[2], placement.channels)
        parts = [(rows, channels) for rows in bands for channels in ranges]
        for part, ((rows, channels), position) in enumerate(zip(parts, placement.cores, strict=True)):
            yield _core_plan(network, chip, mode, layers, index, part, position, rows, channels)


def _core_plan(
    network: IntegerNetwork,
    chip: Chip,
    mode: Mode,
    layers: tuple[LayerPlan, ...],
    index: int,
    part: int,
    position: int,
    rows: Range,
    channels: Range,
) -> CorePlan:
    layer, timing = layers[index], chip.cores[position]
    column, row = tile_of(chip, position)
    held = accumulator_rows(network, index, rows)
    count = channels[1] - channels[0]
    sent_shape = (rows[1] - rows[0], layer.sent_shape[1], count)
    frame_bits = prod(sent_shape) * FRAME_BITS if index == 0 and chip.frame_word_bits else 0
    off_chip_words = ceil_div(frame_bits, chip.frame_word_bits) if frame_bits else 0
    weight_bits = part_weight_bits(network, index, channels)
    capacity = timing.weight_memory.capacity_bits
    return CorePlan(
        layer=layer.name,
        layer_index=index,
        part=part,
        position=position,
        column=column,
        row=row,
        timing=timing,
        rows=rows,
        channels=channels,
        accumulator_rows=held,
        shape=(held[1] - held[0], layer.shape[1], count),
        sent_shape=sent_shape,
        window_y=layer.window_y[rows[0] : rows[1]],
        window_x=layer.window_x,
        accumulator_bits=network.accumulator_bits if index else 0,
        last_bits=network.activation_bits if mode.delta and index < len(network.layers) else 0,
        off_chip_words=off_chip_words,
        fetch_fs=off_chip_words * chip.frame_word_fs,
        weight_memory_bits=weight_bits,
        streams=capacity is not None and weight_bits > capacity and chip.stream_word_bits > 0,
        stream_word_bits=chip.stream_word_bits,
        stream_word_fs=chip.stream_word_fs,
        stream_latency_fs=chip.stream_latency_fs,
        senders=tuple(core for sender in layer.senders for core in range(*layers[sender].cores)),
        level=layer.level,
    )


def _links(
    network: IntegerNetwork,
    chip: Chip,
    layers: tuple[LayerPlan, ...],
    cores: tuple[CorePlan, ...],
    connections: tuple[tuple[int, int], ...],
) -> Iterator[FlowPlan]:
    """Links between all parts of connected layers that reach each other, by sender and receiver."""
    pairs = sorted(
        (sender, receiver, number)
        for number, (source, layer) in enumerate(connections)
        for sender in range(*layers[source].cores)
        for receiver in range(*layers[layer].cores)
    )
    links = []
    for sender, receiver, number in pairs:
        source, layer = connections[number]
        synapses = next(each for each in network.layers[layer - 1].synapses if each.source == source)
        links.append(_link(network, chip, cores, (sender, receiver, number), synapses))
    reached = {(link.connection, link.receiver) for link in links if link.most_hits > 0}
    for link in links:  # who is reached by no part of a sender still has to hear from it that a frame is over
        first_part = cores[link.sender].part == 0
        if link.most_hits > 0 or (first_part and (link.connection, link.receiver) not in reached):
            yield link


def _link(
    network: IntegerNetwork, chip: Chip, cores: tuple[CorePlan, ...], ends: tuple[int, int, int], synapses: Synapses
) -> FlowPlan:
    sender, receiver = cores[ends[0]], cores[ends[1]]
    hops_ew, hops_ns = abs(sender.column - receiver.column), abs(sender.row - receiver.row)
    hops_fs = hops_ew * chip.hop_ew_fs + hops_ns * chip.hop_ns_fs
    last_fs = 0 if hops_ew or hops_ns else chip.local_fs
    rows, held = sender.rows, receiver.accumulator_rows
    shape = network.sent_shape(synapses.source)
    width = network.layers[receiver.layer_index - 1].shape[1]
    grouped = synapses.window is not None and synapses.window.groups > 1
    return FlowPlan(
        sender=ends[0],
        receiver=ends[1],
        connection=ends[2],
        hops_ew=hops_ew,
        hops_ns=hops_ns,
        wire_fs=hops_fs + last_fs,
        last_fs=last_fs,
        hits_y=_hits(synapses, shape[0], 0, held)[rows[0] : rows[1]],
        hits_x=_hits(synapses, shape[1], 1, (0, width)),
        channels=int(synapses.weights.shape[3]) if grouped else receiver.shape[2],
    )


def _takes_time(link: FlowPlan) -> FlowPlan:
    """Messages that meet those of other senders take at least 1 fs, so that their order at the receiver is defined."""
    return replace(link, wire_fs=max(link.wire_fs, 1))


@dataclass
class _Ways:
    """The sends and mesh links that occur, numbered as they come up."""

    multicast: bool
    cores: tuple[CorePlan, ...]
    links: tuple[FlowPlan, ...]
    own: list[list[int]]  # numbers of every core's links
    sends: list[Send] = field(default_factory=list)
    mesh: dict[tuple[Tile, Tile], int] = field(default_factory=dict)
    known: dict[tuple[int, ...], int] = field(default_factory=dict)

    def classes_of(self, core: int) -> Classes:
        """The class of every pixel of a core, and each class's sends."""
        own = self.own[core]
        height, width, _ = self.cores[core].sent_shape
        rows, row_class = _distinct([self.links[number].hits_y for number in own], height)
        columns, column_class = _distinct([self.links[number].hits_x for number in own], width)
        pixels = np.add.outer(row_class * len(columns), column_class).reshape(-1).astype(np.int32)
        sends = tuple(
            self.sends_of(core, [own[i] for i in range(len(own)) if row[i] * column[i] > 0])
            for row in rows
            for column in columns
        )
        return pixels, sends

    def sends_of(self, core: int, links: list[int]) -> tuple[int, ...]:
        """How one value goes to the receivers of `links`: in one send, or in one for each."""
        if self.multicast and links:
            return (self._send(core, tuple(links)),)
        return tuple(self._send(core, (number,)) for number in links)

    def _send(self, core: int, links: tuple[int, ...]) -> int:
        if links not in self.known:
            receivers = [(number, self.cores[self.links[number].receiver].tile) for number in links]
            self.known[links] = len(self.sends)
            self.sends.append(send_to(self.cores[core].tile, receivers, self.mesh))
        return self.known[links]


def _own_links(cores: tuple[CorePlan, ...], links: tuple[FlowPlan, ...]) -> list[list[int]]:
    own: list[list[int]] = [[] for _ in cores]
    for number, link in enumerate(links):
        own[link.sender].append(number)
    return own


def _distinct(hits: list[tuple[int, ...]], length: int) -> tuple[list[tuple[int, ...]], NDArray[np.int64]]:
    """The different columns of a table of hits (a row per link), and which of them each position has."""
    table = np.array(hits, np.int64).reshape(len(hits), length)
    if not len(hits):
        return [()], np.zeros(length, np.int64)
    distinct, place = np.unique(table, axis=1, return_inverse=True)
    return [tuple(int(hit) for hit in column) for column in distinct.T], place.reshape(-1)


def _mesh_links(chip: Chip, mesh: dict[tuple[Tile, Tile], int]) -> Iterator[MeshLink]:
    """On shared links a hop takes at least 1 fs, so that the order in which messages ask for a link is defined."""
    for begin, end in mesh:
        hop_fs = chip.hop_ew_fs if begin[1] == end[1] else chip.hop_ns_fs
        yield MeshLink(begin, end, max(hop_fs, 1) if chip.shared_links else hop_fs)


def _is_chain(plan: Plan) -> bool:
    """True where every core sends to the next one only and shares nothing: times then follow link by link."""
    alone = all(link.receiver == link.sender + 1 for link in plan.flows) and len(plan.flows) == len(plan.cores) - 1
    one_part_each = len(plan.cores) == len(plan.layers)
    one_port_each = sum(core.streams for core in plan.cores) <= 1
    nobody_waits = not plan.schedule.sends_tokens or not plan.release_fs  # or all go in steps
    rest = alone and one_part_each and one_port_each and nobody_waits
    return rest and (not plan.shared or _nothing_shared(plan))


def _nothing_shared(plan: Plan) -> bool:
    """True where shared links are used by one core each, and their buffers always have room by the time it is asked."""
    used = [number for send in plan.sends for number in send.mesh_links]
    if len(used) != len(plan.mesh) or min(plan.message_fs, plan.token_fs) < 1:
        return False
    hops_fs = sum(link.hop_fs for link in plan.mesh) + sum(link.last_fs for link in plan.flows)
    if hops_fs != sum(link.wire_fs for link in plan.flows):
        return False  # hops that take no time take 1 fs on shared links
    for send in plan.sends:
        encode_fs = plan.cores[plan.flows[send.links[0]].sender].timing.encode_fs
        # a core's messages follow each other no faster than this; a token needs no encoding
        apart_fs = (
            min(plan.message_fs, plan.token_fs) if plan.schedule.sends_tokens else max(plan.message_fs, encode_fs)
        )
        underway_fs = [plan.message_fs + plan.mesh[number].hop_fs for number in send.mesh_links]
        if plan.router_depth is not None and plan.router_depth * apart_fs < max(underway_fs, default=0):
            return False
    return True


def _pool_windows(pool: MaxPooling | None, shape: Map, sent: Map) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many rows, and columns, of accumulators each row, and column, of the map sent looks at."""
    if pool is None:
        return (1,) * sent[0], (1,) * sent[1]
    down, across = (tuple(looks(pool_axis(pool, axis), np.arange(sent[axis]), shape[axis]).tolist()) for axis in (0, 1))
    return down, across


def _hits(synapses: Synapses, sender: int, axis: int, held: Range) -> tuple[int, ...]:
    """Along one axis: how many of the receiver's positions `held` each position of the sender reaches."""
    window = synapses.window
    if window is None:
        return (1,) * sender
    windows = kernel_axis(window, synapses.weights.shape[1 + axis], axis)
    return tuple(hits(windows, np.arange(*held), sender).tolist())


def _release_fs(
    chip: Chip, schedule: Schedule, cores: tuple[CorePlan, ...], group_of: tuple[int, ...]
) -> Iterator[int]:
    tiles: list[set[Tile]] = [set() for _ in range(max(group_of) + 1)]
    for core, group in zip(cores, group_of, strict=True):
        if group >= 0:
            tiles[group].add(core.tile)
    for each in tiles:
        yield schedule.release_fs(chip, len(each))
