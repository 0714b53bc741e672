"""One network of Figure 1 on a chip: its maps, and the frames underway in it, as flat arrays for compiled kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.counts.columns import WIDTH
from simulator.counts.part_arrays import Parts
from simulator.placement.plan import Plan
from simulator.values.arrays import NEURONS_TO_SHARE, Trace, offsets
from simulator.wire_table import is_plain, wire_table

Int64 = NDArray[np.int64]
Int32 = NDArray[np.int32]
Bytes = NDArray[np.uint8]


class Maps(NamedTuple):
    """What does not change during a run, layer by layer; layer 0 is the input. Maps are flat, (y, x, channel)."""

    sent: Int64  # (layers + 1,): neurons that layer l sends are sent[l] .. sent[l + 1] of all
    pixel: Int64  # (layers + 1,): and their pixels
    sent_shape: Int64  # (layers, 3)
    looks: Int64  # per pixel sent: accumulator pixels it looks at
    lead: Int64  # (layers,): the first core in use that holds the layer: the record row of its values
    hits: Int64  # in a chain, per pixel of the sender, link after link: pixels reached
    hits_begin: Int64  # (links + 1,)
    changes: bool  # changes are sent, else values
    zeros: bool  # the zeros as well
    wire: Int64  # (magnitudes, columns): what is sent for a value, see simulator.wire_table
    plain: bool  # one message of one addition for every value: no need to look
    neurons_to_share: int


class Slots(NamedTuple):
    """A ring of frames underway: the messages each core sends in them, and their record rows.

    Of a network that sends what the trace lists the arrays up to `updated` are the trace's own.
    """

    neuron: Int32  # (ring, neurons): sending neuron within its layer, in scan order
    value: Int32  # (ring, neurons)
    messages: Int64  # (ring, layers): how many values each layer sends
    pixel_messages: Int32  # (ring, pixels sent): how many of them come from each pixel
    updated: Bytes  # (ring, pixels sent): requantised in this frame
    part_messages: Int64  # (ring, cores in use): how many of the messages come from each core
    part_begin: Int64  # (ring, cores in use): the first of them in its layer's list, or in `picked`
    picked: Int32  # (ring, neurons): where a layer is cut by channels, places in its list, core after core
    positions: Int64  # (ring, cores in use): pixels of accumulators looked at
    class_units: Int64  # (ring, classes): wire messages to each receiver, from the pixels of a class
    class_digits: Int64  # (ring, classes): additions per synapse for them
    record: Int64  # (ring, cores in use, WIDTH)
    mesh: Int64  # (ring, mesh links, 2): waiting time, queue peak, on shared links


class Listing(NamedTuple):
    """What a network that sends values has to know to list them: the integers that the changes so far add up to."""

    integers: Int32  # (neurons,); empty where the trace lists what is sent


def map_arrays(plan: Plan, largest: int) -> Maps:
    """Lay the plan's layers out flat. `largest`: no magnitude above it is ever sent."""
    layers, wire = plan.layers, wire_table(plan.encoding, largest)
    hits = [np.outer(link.hits_y, link.hits_x).reshape(-1) for link in plan.flows] if plan.chain else []
    return Maps(
        sent=offsets(layer.neurons for layer in layers),
        pixel=offsets(layer.sent_shape[0] * layer.sent_shape[1] for layer in layers),
        sent_shape=np.array([layer.sent_shape for layer in layers], np.int64),
        looks=np.concatenate([np.outer(each.window_y, each.window_x).reshape(-1) for each in layers]).astype(np.int64),
        lead=np.array([layer.cores[0] for layer in layers], np.int64),
        hits=np.concatenate([*hits, np.zeros(0, np.int64)]).astype(np.int64),
        hits_begin=offsets(len(each) for each in hits),
        changes=plan.mode.delta,
        zeros=plan.mode.dense,
        wire=wire,
        plain=is_plain(wire),
        neurons_to_share=NEURONS_TO_SHARE,
    )


def lists_as_traced(plan: Plan, *, carried: bool) -> bool:
    """Whether a network sends just what the trace of its integers lists: changes (`carried`), or non-zero values."""
    return plan.mode.delta if carried else not plan.mode.dense


def new_slots(maps: Maps, parts: Parts, plan: Plan, trace: Trace, *, carried: bool) -> Slots:
    """Room for the frames of the trace."""
    ring, layers, neurons = len(trace.messages), len(maps.sent_shape), int(maps.sent[-1])
    cores, classes = len(plan.cores), int(parts.classes[-1])
    picked = neurons if (np.diff(parts.cores) > parts.bands).any() else 0
    own = (
        {
            "neuron": np.zeros((ring, neurons), np.int32),
            "value": np.zeros((ring, neurons), np.int32),
            "messages": np.zeros((ring, layers), np.int64),
            "pixel_messages": np.zeros((ring, int(maps.pixel[-1])), np.int32),
        }
        if not lists_as_traced(plan, carried=carried)
        else {name: getattr(trace, name) for name in ("neuron", "value", "messages", "pixel_messages")}
    )
    return Slots(
        **own,
        updated=trace.updated if maps.changes else np.ones((ring, int(maps.pixel[-1])), np.uint8),
        part_messages=np.zeros((ring, cores), np.int64),
        part_begin=np.zeros((ring, cores), np.int64),
        picked=np.zeros((ring, picked), np.int32),
        positions=np.zeros((ring, cores), np.int64),
        class_units=np.zeros((ring, classes), np.int64),
        class_digits=np.zeros((ring, classes), np.int64),
        record=np.zeros((ring, cores, WIDTH), np.int64),
        mesh=np.zeros((ring, len(plan.mesh), 2), np.int64),
    )


def new_listing(maps: Maps, *, as_traced: bool) -> Listing:
    """Before the first frame, s = 0."""
    return Listing(np.zeros(0 if as_traced else int(maps.sent[-1]), np.int32))
