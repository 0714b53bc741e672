"""The integers of a block of frames: compiled loops, and what they leave to a dense product or to several threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simulator.values.kernels_frames import (
    COMPARE,
    CORE,
    DONE,
    FRAME,
    MADE,
    PRODUCT,
    RECEIVE,
    UPDATE,
    distance_band,
    frame_values,
)
from simulator.values.kernels_receive import receive_band
from simulator.values.kernels_update import update_band
from simulator.values.products import dense_layer_of, dense_product

if TYPE_CHECKING:
    from simulator.fast import FastState


def find_integers(state: FastState, frames: NDArray[np.uint8], known: int, integers: NDArray[np.int32]) -> None:
    """Run `frames` (n, pixels) uint8, in the order the cores hold them, of which the first is number `known`; see
    `frame_values`.
    """
    arrays = (state.net, state.timing, state.parts, state.values, state.slots, frames)
    cursor = state.values.cursor
    while (asked := int(frame_values(*arrays, known, integers))) != DONE:
        core, number = int(cursor[CORE]), known + int(cursor[FRAME])
        fresh = number == 0 or not state.net.delta
        if asked == PRODUCT:
            make_product(state, core)
        else:
            share_phase(state, asked, number % len(state.outputs), core, fresh=fresh, adding=not cursor[MADE])


def share_phase(state: FastState, phase: int, slot: int, core: int, *, fresh: bool, adding: bool = True) -> None:
    """Have all threads do a phase of one core: RECEIVE, UPDATE or COMPARE."""
    net, values, slots = state.net, state.values, state.slots
    if phase == RECEIVE:
        state.team.share(receive_band, net, values, slots, slot, core, fresh, adding)
    elif phase == UPDATE:
        state.team.share(update_band, net, state.timing, values, slots, slot, core, fresh or core == 0)
    elif phase == COMPARE:
        state.team.share(distance_band, net, values, slots, slot, core)


def make_product(state: FastState, core: int) -> None:
    """Make a core's accumulators from the integers of its senders by a dense product."""
    if core not in state.dense:
        state.dense[core] = dense_layer_of(state.network, core, int(state.net.product[core]))
    dense, sent, begin = state.dense[core], state.net.sent, state.net.begin
    senders = [each.source for each in dense.layer.synapses]
    dense_product(
        dense,
        [state.values.integers[sent[sender] : sent[sender + 1]] for sender in senders],
        state.values.accumulator[begin[core] : begin[core + 1]],
    )
