"""The fast engine's data: which core holds which part of a layer, and what its messages reach, as flat arrays."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simulator.placement.plan import Plan
from simulator.values.arrays import offsets

Int64 = NDArray[np.int64]


class Parts(NamedTuple):
    """What does not change during a run, core in use by core in use. Classes of pixels are numbered over all cores.

    Layer l is held by cores cores[l] .. cores[l + 1]: `bands[l]` bands of rows, each of as many channel ranges. Core c
    owns classes classes[c] .., links links[c] .. and entries pixel[c] .. of `pixel_class`, and has room for picked
    messages from picked[c] on.
    """

    cores: Int64  # (layers + 1,)
    bands: Int64  # (layers,)
    layer: Int64  # (cores,)
    rows: Int64  # (cores, 2)
    channels: Int64  # (cores, 2)
    picked: Int64  # (cores + 1,)
    pixel: Int64  # (cores + 1,)
    pixel_class: NDArray[np.int32]
    classes: Int64  # (cores + 1,)
    hits: Int64  # per class, own link after own link: pixels reached
    hits_begin: Int64  # (classes + 1,)
    class_sends: Int64  # (classes + 1,) into class_send
    class_send: Int64
    tokens: Int64  # (cores + 1,) into token_send
    token_send: Int64
    send_links: Int64  # (sends + 1,) into send_link
    send_link: Int64
    links: Int64  # (cores + 1,)
    sender: Int64  # (links,)
    receiver: Int64  # (links,)
    connection: Int64  # (links,)
    channels_hit: Int64  # (links,): neurons reached per pixel hit
    incoming: Int64  # (cores + 1,) into incoming_link
    incoming_link: Int64  # links into each core, by sender
    streams: NDArray[np.bool_]  # (cores,): weights come through the off-chip port


def part_arrays(plan: Plan) -> Parts:
    """Lay the plan's cores, links and sends out flat."""
    cores, links = plan.cores, plan.flows
    classes = [len(sends) for sends in plan.class_sends]
    first_class = offsets(classes)
    hits = [_class_hits(plan, core) for core in range(len(cores))]
    incoming = [[number for number, link in enumerate(links) if link.receiver == core] for core in range(len(cores))]
    return Parts(
        cores=offsets(layer.cores[1] - layer.cores[0] for layer in plan.layers),
        bands=np.array([len({cores[c].rows for c in range(*layer.cores)}) for layer in plan.layers], np.int64),
        layer=_array(core.layer_index for core in cores),
        rows=np.array([core.rows for core in cores], np.int64),
        channels=np.array([core.channels for core in cores], np.int64),
        picked=offsets(core.neurons for core in cores),
        pixel=offsets(len(pixels) for pixels in plan.classes),
        pixel_class=np.concatenate(
            [pixels + first_class[core] for core, pixels in enumerate(plan.classes)], dtype=np.int32, casting="unsafe"
        ),
        classes=first_class,
        hits=np.concatenate([table.reshape(-1) for table in hits]),
        hits_begin=offsets(size for table in hits for size in [table.shape[1]] * len(table)),
        class_sends=offsets(len(sends) for own in plan.class_sends for sends in own),
        class_send=_array(number for own in plan.class_sends for sends in own for number in sends),
        tokens=offsets(len(sends) for sends in plan.tokens),
        token_send=_array(chain.from_iterable(plan.tokens)),
        send_links=offsets(len(send.links) for send in plan.sends),
        send_link=_array(number for send in plan.sends for number in send.links),
        links=offsets(sum(link.sender == core for link in links) for core in range(len(cores))),
        sender=_array(link.sender for link in links),
        receiver=_array(link.receiver for link in links),
        connection=_array(link.connection for link in links),
        channels_hit=_array(link.channels for link in links),
        incoming=offsets(len(numbers) for numbers in incoming),
        incoming_link=_array(chain.from_iterable(incoming)),
        streams=np.array([core.streams for core in cores]),
    )


def _class_hits(plan: Plan, core: int) -> Int64:
    """(classes, own links) pixels reached from a pixel of each class: those of the class's first pixel."""
    own = [plan.flows[number] for number in plan.flows_of(core)]
    count = len(plan.class_sends[core])
    tables = [np.outer(link.hits_y, link.hits_x).reshape(-1) for link in own]
    _, first = np.unique(plan.classes[core], return_index=True)
    result = np.zeros((count, len(own)), np.int64)
    for place, table in enumerate(tables):
        result[np.unique(plan.classes[core]), place] = table[first]
    return result


def _array(numbers: Iterable[int]) -> Int64:
    return np.array([*numbers], np.int64)
