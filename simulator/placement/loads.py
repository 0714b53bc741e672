"""How long a dense frame keeps each core busy: the load that an even mapping shares out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import Chip, CoreTiming
from hwmodels.encodings import ENCODINGS
from simulator.placement.dense_frame import Connection, Part, connections_of, parts_of
from simulator.placement.kinds import Kinds, fits, kinds_of
from simulator.placement.mapping import Mapping, Range, accumulator_rows, cut, part_weight_bits, pool_of, sent_map
from workloads.integer.network import IntegerNetwork


def core_loads_fs(network: IntegerNetwork, chip: Chip, mapping: Mapping) -> tuple[tuple[int, ...], ...]:
    """Time (fs) that each core of each layer works on a dense frame, if nobody waits for anybody.

    One message from every neuron, of one unit or digit: serving those that come, scanning, and encoding those that go.
    """
    loads = Loads(network, chip)
    grids = [(placement.rows, placement.channels) for placement in mapping]
    return tuple(
        tuple(
            loads.part_fs(part, loads.kinds.of_core[core], grids)
            for part, core in zip(parts_of(network, layer, placement), placement.cores, strict=True)
        )
        for layer, placement in enumerate(mapping)
    )


class Loads:
    """Loads of parts on kinds of cores, each worked out once."""

    def __init__(self, network: IntegerNetwork, chip: Chip) -> None:
        self.network = network
        self.chip = chip
        self.kinds: Kinds = kinds_of(chip)
        self.connections: list[Connection] = connections_of(network)
        self._receive: dict[tuple[int, Range, int, int], int] = {}
        self._copies: dict[tuple[int, int], NDArray[np.int64]] = {}

    def part_fs(self, part: Part, kind: int, grids: Sequence[tuple[int, int]]) -> int:
        """Load of a part on a core of a kind, the layers being cut into `grids` (row bands, channel ranges)."""
        key = (part.layer, part.accumulator_rows, part.width, kind)  # all that matters to it: bands may share rows
        if key not in self._receive:
            self._receive[key] = self._receive_fs(part, kind)
        return self._receive[key] + self._update_fs(part, self.kinds.timings[kind], grids)

    def _receive_fs(self, part: Part, kind: int) -> int:
        return sum(
            _serving_fs(self.network, self.chip, self.kinds.timings[kind], each, part)
            for each in self.connections
            if each.receiver == part.layer
        )

    def _update_fs(self, part: Part, timing: CoreTiming, grids: Sequence[tuple[int, int]]) -> int:
        """Access for every pixel looked at, update and fire for every neuron, encoding for every message."""
        _, width, _ = sent_map(self.network, part.layer)
        neurons = (part.rows[1] - part.rows[0]) * width * part.width
        looks = _looked_at(self.network, part.layer, part.rows, 0) * _looked_at(self.network, part.layer, (0, width), 1)
        sends = part.layer < len(self.network.layers)
        fire_fs = neurons * timing.fire_fs + self._messages_out(part, neurons, grids) * timing.encode_fs
        return looks * part.width * timing.access_fs + neurons * timing.update_fs + (fire_fs if sends else 0)

    def _messages_out(self, part: Part, neurons: int, grids: Sequence[tuple[int, int]]) -> int:
        if self.chip.multicast:
            return neurons
        return sum(
            int(self._bands_reached(number, grids[each.receiver][0])[slice(*part.rows)].sum())
            * (each.reaching_columns * part.width * grids[each.receiver][1])
            for number, each in enumerate(self.connections)
            if each.sender == part.layer
        )

    def _bands_reached(self, number: int, rows: int) -> NDArray[np.int64]:
        """How many of a receiver's row bands each row of the sender has messages for."""
        if (number, rows) not in self._copies:
            each = self.connections[number]
            bands = cut(sent_map(self.network, each.receiver)[0], rows)
            reached = [each.row_hits(accumulator_rows(self.network, each.receiver, band)) > 0 for band in bands]
            self._copies[number, rows] = np.sum(reached, axis=0, dtype=np.int64)
        return self._copies[number, rows]


def _looked_at(network: IntegerNetwork, layer: int, positions: Range, axis: int) -> int:
    """Along one axis: positions of accumulators that those of the map sent look at, counted once for each look."""
    pool = pool_of(network, layer)
    if pool is None:
        return positions[1] - positions[0]
    taps = pool.dilation[axis] * np.arange(pool.kernel[axis]) - pool.padding[axis]
    looks = pool.stride[axis] * np.arange(*positions)[:, None] + taps
    return int(np.count_nonzero((looks >= 0) & (looks < network.layers[layer - 1].shape[axis])))


def _serving_fs(network: IntegerNetwork, chip: Chip, timing: CoreTiming, connection: Connection, part: Part) -> int:
    """Time to serve a connection's messages in a part: docs/machine.md, each message of one unit or digit."""
    rows, row_counts = np.unique(connection.row_hits(part.accumulator_rows), return_counts=True)
    columns, column_counts = np.unique(connection.columns, return_counts=True)
    pixels = np.outer(rows, columns).astype(object)  # Python integers: a long latency takes a product beyond int64
    counts = np.outer(row_counts, column_counts)
    synapses = pixels * min(connection.channels, part.width)
    add_fs = _shared_out(synapses, timing.add_lanes) * timing.add_fs
    multiply_fs = np.zeros_like(add_fs)
    if ENCODINGS[chip.encoding].multiplies and timing.multiply_fs is not None:
        multiply_fs = _shared_out(synapses, timing.multiply_lanes) * timing.multiply_fs
    operations_fs = np.maximum(add_fs, multiply_fs) if timing.pipelined else add_fs + multiply_fs
    weights, state = timing.weight_memory, timing.state_memory
    weight_bits = synapses * network.weight_bits
    weights_fs = _shared_out(_shared_out(weight_bits, weights.word_bits), weights.ports) * weights.access_fs
    if chip.stream_word_bits and not fits(weights, part_weight_bits(network, part.layer, part.channels)):
        weights_fs = chip.stream_latency_fs + _shared_out(weight_bits, chip.stream_word_bits) * chip.stream_word_fs
    state_words = _shared_out(synapses * network.accumulator_bits, state.word_bits)
    state_fs = _shared_out(2 * state_words, state.ports) * state.access_fs
    message_fs = timing.decode_fs + np.maximum(operations_fs, np.maximum(weights_fs, state_fs))
    return int((message_fs * counts * (pixels > 0)).sum()) * connection.sender_channels


def _shared_out(things: NDArray[np.int64], width: int) -> NDArray[np.int64]:
    """How many turns it takes, `width` of them at a time."""
    return -(-things // width)
