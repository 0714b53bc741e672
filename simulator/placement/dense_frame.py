"""What a dense frame, one message from every neuron, asks of the parts of layers: how many messages go where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.placement.mapping import Mapping, Placement, Range, accumulator_rows, cut, sent_map
from workloads.integer.network import IntegerNetwork, Synapses
from workloads.integer.windows import hits, hits_by_output, kernel_axis


@dataclass(frozen=True, eq=False)
class Connection:
    """How the messages of one layer meet the accumulators of another.

    `rows_above[y, i]`: how many of the accumulator rows above row y a message from row i meets; `columns[j]`: how many
    columns one from column j meets. `sender_channels`: of the map sent; `channels`: how many of the receiver's one
    message meets.
    """

    sender: int
    receiver: int
    rows_above: NDArray[np.int64]
    columns: NDArray[np.int64]
    sender_channels: int
    channels: int

    def row_hits(self, rows: Range) -> NDArray[np.int64]:
        """How many accumulator rows of a range a message from each row of the sender meets."""
        hits: NDArray[np.int64] = self.rows_above[rows[1]] - self.rows_above[rows[0]]
        return hits

    @property
    def reaching_columns(self) -> int:
        """Columns of the sender whose messages meet anything."""
        return int(np.count_nonzero(self.columns))


@dataclass(frozen=True)
class Part:
    """A part of a layer: the rows and channels of the map it sends, and the rows of accumulators it holds."""

    layer: int
    rows: Range
    channels: Range
    accumulator_rows: Range

    @property
    def width(self) -> int:
        """Number of channels."""
        return self.channels[1] - self.channels[0]


def parts_of(network: IntegerNetwork, layer: int, placement: Placement) -> list[Part]:
    """The parts of a layer, band by band, within a band range by range."""
    height, _, channels = sent_map(network, layer)
    return [
        Part(layer, rows, each, accumulator_rows(network, layer, rows))
        for rows in cut(height, placement.rows)
        for each in cut(channels, placement.channels)
    ]


def all_parts(network: IntegerNetwork, mapping: Mapping) -> list[Part]:
    """The parts of all layers in the order of their numbers."""
    return [part for layer, placement in enumerate(mapping) for part in parts_of(network, layer, placement)]


def connections_of(network: IntegerNetwork) -> list[Connection]:
    """All connections, receiver by receiver."""
    return [
        _connection(network, synapses, receiver)
        for receiver, layer in enumerate(network.layers, start=1)
        for synapses in layer.synapses
    ]


def _connection(network: IntegerNetwork, synapses: Synapses, receiver: int) -> Connection:
    sender, shape = sent_map(network, synapses.source), network.layers[receiver - 1].shape
    rows, columns = np.ones((shape[0], sender[0]), np.int64), np.full(sender[1], shape[1], np.int64)
    if synapses.window is not None:
        down, across = (kernel_axis(synapses.window, synapses.weights.shape[1 + axis], axis) for axis in (0, 1))
        rows, columns = hits_by_output(down, shape[0], sender[0]), hits(across, np.arange(shape[1]), sender[1])
    above = np.zeros((shape[0] + 1, sender[0]), np.int64)
    np.cumsum(rows, axis=0, out=above[1:])
    return Connection(
        sender=synapses.source,
        receiver=receiver,
        rows_above=above,
        columns=columns,
        sender_channels=sender[2],
        channels=shape[2] if synapses.window is None else int(synapses.weights.shape[3]),
    )


def messages_between(connection: Connection, senders: list[Part], receivers: list[Part]) -> NDArray[np.int64]:
    """Messages of a dense frame from each part of the sender to each of the receiver: (senders, receivers)."""
    reached = {part.accumulator_rows: connection.row_hits(part.accumulator_rows) > 0 for part in receivers}
    rows = np.array(
        [
            [np.count_nonzero(reached[part.accumulator_rows][slice(*sender.rows)]) for part in receivers]
            for sender in senders
        ],
        np.int64,
    )
    widths = np.array([sender.width for sender in senders], np.int64)
    return rows * (widths * connection.reaching_columns)[:, None]


def messages_into(network: IntegerNetwork, connections: list[Connection], layer: int, rows: int, channels: int) -> int:
    """Messages of a dense frame into a layer cut so: every part gets those that meet its rows."""
    bands = [accumulator_rows(network, layer, band) for band in cut(sent_map(network, layer)[0], rows)]
    return sum(
        int(np.count_nonzero(each.row_hits(band))) * each.reaching_columns * each.sender_channels * channels
        for each in connections
        if each.receiver == layer
        for band in bands
    )
