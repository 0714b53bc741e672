"""The phases of one layer in one frame, one at a time: what `simulator.values.finding` runs in one piece."""

from __future__ import annotations

from simulator.values.finding import Finder, share_phase
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


def receive(finder: Finder, layer: int, *, fresh: bool) -> None:
    """The receive phase of a layer in the frame of slot 0, on all threads if it is worth it."""
    net, state, trace = finder.net, finder.state, finder.trace
    bands = int(receiving_bands(net, state, layer, fresh))
    if bands > 1:
        share_phase(finder, RECEIVE, 0, layer, fresh=fresh)
    else:
        receive_band(net, state, trace, 0, layer, fresh, True, FIRST, ALONE)
    end_receive(net, state, layer, fresh, bands)


def send(finder: Finder, layer: int, *, fresh: bool) -> None:
    """The update phase of a layer in the frame of slot 0, on all threads if it is worth it."""
    net, state, trace = finder.net, finder.state, finder.trace
    bands = int(updating_bands(net, state, layer))
    if bands > 1:
        share_phase(finder, UPDATE, 0, layer, fresh=fresh)
    else:
        update_band(net, state, trace, 0, layer, fresh or layer == 0, FIRST, ALONE)
    end_update(net, state, trace, 0, layer, bands)
