"""The phases of one core in one frame, one at a time: what `simulator.values.finding` runs in one piece."""

from __future__ import annotations

from simulator.fast import FastState
from simulator.values.finding import share_phase
from simulator.values.kernels_frames import (
    ALONE,
    FIRST,
    RECEIVE,
    UPDATE,
    end_receive,
    end_update,
    receiving_bands,
    updating_bands,
)
from simulator.values.kernels_receive import receive_band
from simulator.values.kernels_update import update_band


def receive(state: FastState, core: int, *, fresh: bool) -> None:
    """The receive phase of a core in the frame of slot 0, on all threads if it is worth it."""
    bands = int(receiving_bands(state.net, state.values, core, fresh))
    if bands > 1:
        share_phase(state, RECEIVE, 0, core, fresh=fresh)
    else:
        receive_band(state.net, state.values, state.slots, 0, core, fresh, True, FIRST, ALONE)
    end_receive(state.net, state.values, core, fresh, bands)


def send(state: FastState, core: int, *, fresh: bool) -> None:
    """The update phase of a core in the frame of slot 0, on all threads if it is worth it."""
    bands = int(updating_bands(state.net, state.values, core))
    if bands > 1:
        share_phase(state, UPDATE, 0, core, fresh=fresh)
    else:
        chip = (state.net, state.timing, state.values, state.slots)
        update_band(*chip, 0, core, fresh or core == 0, FIRST, ALONE)
    end_update(state.net, state.timing, state.parts, state.values, state.slots, 0, core, bands)
