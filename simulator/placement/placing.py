"""Which part goes on which core: talking parts close together, so that few flits make few hops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import Chip
from hwmodels.encodings import ENCODINGS
from simulator.errors import SimulationError
from simulator.placement.dense_frame import Part, all_parts, connections_of, messages_between
from simulator.placement.mapping import Mapping
from simulator.placement.routes import tile_of
from workloads.integer.network import IntegerNetwork

MOST_WORK: Final = 2**27  # exchanges looked at from one start: about 1 s
FEW_EXCHANGES: Final = 2**17  # up to so many at a time there is time for MOST_STARTS
MOST_STARTS: Final = 3


def traffic(network: IntegerNetwork, chip: Chip, mapping: Mapping) -> int:
    """Flit-hops of a dense frame: one message from every neuron to every part it has synapses in, without tokens.

    Without multicast trees: every receiver is sent its own.
    """
    cores = np.array([core for placement in mapping for core in placement.cores])
    hops = tile_distances(chip)[np.ix_(cores, cores)]
    return int((flits_between(network, chip, all_parts(network, mapping)) * hops).sum())


def tile_distances(chip: Chip) -> NDArray[np.int64]:
    """Hops between any two cores."""
    tiles = np.array([tile_of(chip, core) for core in range(len(chip.cores))], np.int64)
    distances: NDArray[np.int64] = np.abs(tiles[:, None] - tiles[None]).sum(axis=2)
    return distances


def flits_between(network: IntegerNetwork, chip: Chip, parts: Sequence[Part]) -> NDArray[np.int64]:
    """Flits of a dense frame from each part to each: (parts, parts)."""
    bits = ENCODINGS[chip.encoding].message_bits(chip.header_bits, chip.payload_bits)
    flits = -(-bits // chip.link_bits)
    layers = [[number for number, part in enumerate(parts) if part.layer == layer] for layer in _layers(network)]
    between = np.zeros((len(parts), len(parts)), np.int64)
    for each in connections_of(network):
        senders, receivers = layers[each.sender], layers[each.receiver]
        between[np.ix_(senders, receivers)] += flits * messages_between(
            each, [parts[number] for number in senders], [parts[number] for number in receivers]
        )
    return between


def _layers(network: IntegerNetwork) -> range:
    return range(len(network.layers) + 1)


def near(flits: NDArray[np.int64], chip: Chip, allowed: NDArray[np.bool_]) -> list[int]:
    """A core for each part so that traffic is small, and not more than along the snake.

    allowed: (parts, cores). Chains of layers are also tried along snakes inside strips of columns, which keep parts
    that are far apart in number closer on wide meshes.
    """
    distances = tile_distances(chip)

    def cost(cores: list[int]) -> int:
        return int((flits * distances[np.ix_(cores, cores)]).sum())

    widths = sorted({chip.columns, *(2**power for power in range(chip.columns.bit_length()))}, reverse=True)
    starts = sorted((in_order(allowed, strips(chip, width)) for width in widths), key=cost)
    few = allowed.size <= FEW_EXCHANGES
    return min((closer(flits, distances, allowed, start) for start in starts[: MOST_STARTS if few else 1]), key=cost)


def strips(chip: Chip, width: int) -> list[int]:
    """All cores, in strips of so many columns, the first from the top down, the next from the bottom up.

    One strip of all columns is the snake: cores by number.
    """

    def key(core: int) -> tuple[int, int, int, int]:
        column, row = tile_of(chip, core)
        strip, across = divmod(column, width)
        down = row if strip % 2 == 0 else chip.rows - 1 - row
        return strip, down, across if down % 2 == 0 else -across, core

    return sorted(range(len(chip.cores)), key=key)


def in_order(allowed: NDArray[np.bool_], order: Sequence[int]) -> list[int]:
    """A core for each part, the parts one after the other along an order of cores as far as they are allowed there.

    allowed: (parts, cores). A matching by augmenting paths; raises SimulationError if there is none for all parts.
    """
    holder = [-1] * allowed.shape[1]
    options = [[core for core in order if may[core]] for may in allowed.tolist()]
    for part in range(len(options)):
        if not _seat(part, options, holder):
            raise SimulationError(f"{len(options)} parts, and too few of {allowed.shape[1]} cores hold them")
    cores = [-1] * len(options)
    for core, part in enumerate(holder):
        if part >= 0:
            cores[part] = core
    return cores


def _seat(part: int, options: list[list[int]], holder: list[int]) -> bool:
    """Give a part the first free core it may have; if there is none, have others move on, as few as can be."""
    came_from: dict[int, int] = {}  # core -> the part that asks for it
    asking = [part]
    for asker in asking:
        for core in options[asker]:
            if core in came_from:
                continue
            came_from[core] = asker
            if holder[core] < 0:
                _move_on(core, part, came_from, holder)
                return True
            asking.append(holder[core])
    return False


def _move_on(free: int, part: int, came_from: dict[int, int], holder: list[int]) -> None:
    core = free
    while True:
        asker = came_from[core]
        left = next((old for old, held in enumerate(holder) if held == asker), -1)
        holder[core] = asker
        if asker == part:
            return
        core = left


def closer(
    flits: NDArray[np.int64], distances: NDArray[np.int64], allowed: NDArray[np.bool_], start: Sequence[int]
) -> list[int]:
    """Cores with less traffic than `start`, or `start`: the exchange of two cores that saves most, again and again.

    flits: (parts, parts); distances: (cores, cores); allowed: (parts, cores). A part may also move to a free core.
    Everything is a whole number below 2**53, so that floats are exact and the result is the same everywhere.
    """
    parts, cores = allowed.shape
    both = np.zeros((cores, cores))  # a free core holds a part that talks to nobody
    both[:parts, :parts] = flits + flits.T
    hops = distances.astype(np.float64)
    at = np.array([*start, *sorted(set(range(cores)) - set(start))])
    may = np.ones((cores, cores), bool)
    may[:parts] = allowed
    cost = both @ hops[at]  # of each part on each core while all others stay where they are
    for _ in range(MOST_WORK // (parts * cores)):
        saved = _saved(both, hops, may, at, cost, parts)
        one, other = divmod(int(saved.argmax()), cores)
        if saved[one, other] <= 0:
            break
        cost += np.outer(both[:, one] - both[:, other], hops[at[other]] - hops[at[one]])
        at[[one, other]] = at[[other, one]]
    return [int(core) for core in at[:parts]]


def _saved(
    both: NDArray[np.float64],
    hops: NDArray[np.float64],
    may: NDArray[np.bool_],
    at: NDArray[np.int64],
    cost: NDArray[np.float64],
    parts: int,
) -> NDArray[np.float64]:
    """What each exchange of a part with the holder of another core saves: (parts, cores); not allowed: nothing."""
    there = cost[:, at]
    here = there.diagonal()
    saved = here[:parts, None] - there[:parts] + here - there[:, :parts].T
    saved -= 2 * both[:parts] * hops[np.ix_(at[:parts], at)]
    allowed = may[:, at]
    saved[~(allowed[:parts] & allowed[:, :parts].T)] = 0
    return saved
