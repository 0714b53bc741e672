"""The integers of a network, block of frames by block of frames: compiled loops, and what they leave to a dense product
or to several threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulator.blocks import check_block
from simulator.bundles import bundle
from simulator.sharing import Team
from simulator.values.arrays import (
    ROOMS,
    NetworkArrays,
    Trace,
    ValueState,
    network_arrays,
    new_trace,
    new_value_state,
)
from simulator.values.function import IntegerFunction
from simulator.values.kernels_frames import (
    COMPARE,
    DONE,
    FRAME,
    LAYER,
    MADE,
    PRODUCT,
    RECEIVE,
    UPDATE,
    distance_band,
    frame_values,
)
from simulator.values.kernels_receive import receive_band
from simulator.values.kernels_update import update_band
from simulator.values.products import DenseLayer, Products, dense_layer_of, dense_product
from workloads.integer.network import IntegerNetwork

Frames = NDArray[np.uint8]


@dataclass
class Finder:
    """One integer function, frame after frame. Everything that changes is in the arrays.

    `underway`: frames of the ring that somebody may still look at when the next block is found.
    """

    network: IntegerNetwork
    function: IntegerFunction
    net: NetworkArrays
    state: ValueState
    trace: Trace
    found: NDArray[np.int64]  # (1,): frames whose integers are known
    underway: int
    team: Team
    dense: dict[int, DenseLayer] = field(default_factory=dict)  # float weights of the layers that needed them

    def find(self, frames: Frames) -> None:
        """Find the integers of the next `frames` (n, pixels) uint8, in (channel, y, x) order.

        Raises SimulationError for other frames: the kernels do not look.
        """
        check_block(frames, self.network)
        maps, known = self.in_map_order(frames), int(self.found[0])
        while (asked := int(frame_values(self.net, self.state, self.trace, maps, known))) != DONE:
            layer, number = int(self.state.cursor[LAYER]), known + int(self.state.cursor[FRAME])
            fresh = number == 0 or not self.net.carried
            if asked == PRODUCT:
                make_product(self, layer)
            else:
                slot = number % len(self.trace.messages)
                share_phase(self, asked, slot, layer, fresh=fresh, adding=not self.state.cursor[MADE])
        self.found[0] += len(frames)

    def in_map_order(self, frames: Frames) -> Frames:
        """Frames (n, pixels) given in (channel, y, x) order, as the layers hold them, in (y, x, channel) order."""
        height, width, channels = self.network.input_shape
        if channels == 1:
            return np.ascontiguousarray(frames)
        maps = frames.reshape(len(frames), channels, height, width)
        return np.ascontiguousarray(maps.transpose(0, 2, 3, 1)).reshape(len(frames), -1)

    def changing(self) -> Iterator[tuple[str, NDArray[np.generic]]]:
        """Every array that what comes next depends on, by name."""
        yield "found", self.found
        for name, array in self.state._asdict().items():
            if name not in ROOMS:
                yield f"values.{name}", array
        if self.underway:
            for name, array in self.trace._asdict().items():
                yield f"trace.{name}", array


def start_finding(
    network: IntegerNetwork,
    function: IntegerFunction,
    *,
    block: int,
    underway: int = 0,
    keep_integers: bool = False,
    threads: int = 1,
    products: Products = "auto",
) -> Finder:
    """Before the first frame; at most `block` frames will be found at a time."""
    net, team = network_arrays(network, function, products), Team(threads)
    return Finder(
        network=network,
        function=function,
        net=bundle(net),
        state=bundle(new_value_state(net, team.size)),
        trace=bundle(new_trace(network, block + underway, keep_integers=keep_integers)),
        found=np.zeros(1, np.int64),
        underway=underway,
        team=team,
    )


def share_phase(finder: Finder, phase: int, slot: int, layer: int, *, fresh: bool, adding: bool = True) -> None:
    """Have all threads do a phase of one layer: RECEIVE, UPDATE or COMPARE."""
    net, state, trace = finder.net, finder.state, finder.trace
    if phase == RECEIVE:
        finder.team.share(receive_band, net, state, trace, slot, layer, fresh, adding)
    elif phase == UPDATE:
        finder.team.share(update_band, net, state, trace, slot, layer, fresh or layer == 0)
    elif phase == COMPARE:
        finder.team.share(distance_band, net, state, trace, slot, layer)


def make_product(finder: Finder, layer: int) -> None:
    """Make a layer's accumulators from the integers of its senders by a dense product."""
    if layer not in finder.dense:
        finder.dense[layer] = dense_layer_of(finder.network, layer, int(finder.net.product[layer]))
    dense, sent, begin = finder.dense[layer], finder.net.sent, finder.net.begin
    senders = [each.source for each in dense.layer.synapses]
    dense_product(
        dense,
        [finder.state.integers[sent[sender] : sent[sender + 1]] for sender in senders],
        finder.state.accumulator[begin[layer] : begin[layer + 1]],
    )
