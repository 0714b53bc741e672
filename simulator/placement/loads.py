"""How long a dense frame keeps each core busy: the load that an even mapping shares out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import Chip, CoreTiming
from hwmodels.encodings import ENCODINGS
from simulator.placement.dense_frame import Connection, Part, connections_of, parts_of
from simulator.placement.kinds import Kinds, fits, kinds_of
from simulator.placement.mapping import Mapping, Range, accumulator_rows, cut, part_weight_bits, pool_of, sent_map
from simulator.placement.service import Serving, Stream
from workloads.integer.network import IntegerNetwork
from workloads.integer.windows import looks, pool_axis


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
        looked_at = _looked_at(self.network, part.layer, part.rows, 0) * _looked_at(
            self.network, part.layer, (0, width), 1
        )
        sends = part.layer < len(self.network.layers)
        fire_fs = neurons * timing.fire_fs + self._messages_out(part, neurons, grids) * timing.encode_fs
        return looked_at * part.width * timing.access_fs + neurons * timing.update_fs + (fire_fs if sends else 0)

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
    return int(looks(pool_axis(pool, axis), np.arange(*positions), network.layers[layer - 1].shape[axis]).sum())


def _serving_fs(network: IntegerNetwork, chip: Chip, timing: CoreTiming, connection: Connection, part: Part) -> int:
    """Time to serve a connection's messages in a part, each message of one unit or digit."""
    stream = None
    if chip.stream_word_bits and not fits(timing.weight_memory, part_weight_bits(network, part.layer, part.channels)):
        stream = Stream(chip.stream_word_bits, chip.stream_word_fs, chip.stream_latency_fs)
    multiplies = ENCODINGS[chip.encoding].multiplies
    serving = Serving(timing, multiplies, network.weight_bits, network.accumulator_bits, stream)
    channels = min(connection.channels, part.width)
    pixels: Counter[int] = Counter()
    for rows, row_count in Counter(connection.row_hits(part.accumulator_rows).tolist()).items():
        for columns, column_count in Counter(connection.columns.tolist()).items():
            pixels[rows * columns] += row_count * column_count
    return connection.sender_channels * sum(
        count * serving.service_fs(hits * channels, 1) for hits, count in pixels.items() if hits
    )
