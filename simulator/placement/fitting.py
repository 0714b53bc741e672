"""As few cores as possible: the ways to cut each layer so that its parts fit memories, and the best choice of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Final, TypeAlias

from hwmodels.chip import Chip
from simulator.placement.dense_frame import Connection, connections_of, messages_into
from simulator.placement.kinds import Kinds, kinds_of, too_many
from simulator.placement.mapping import cut, is_grouped, part_state_bits, part_weight_bits, sent_map
from workloads.integer.network import IntegerNetwork

MOST_CHOICES: Final = 4096  # kept from layer to layer; only chips of several kinds of cores have more


@dataclass(frozen=True)
class Cut:
    """One way to cut a layer: its grid, the set of kinds of cores that hold each part, and what it costs.

    `streamed_bits`: weights read from off-chip memory in a dense frame, because no core holds them. `messages`: that
    the parts get in a dense frame.
    """

    rows: int
    channels: int
    kinds: int
    streamed_bits: int
    messages: int

    @property
    def parts(self) -> int:
        """Cores it takes."""
        return self.rows * self.channels

    def beats(self, other: Cut) -> bool:
        """True when it is nowhere worse."""
        return (
            not other.kinds & ~self.kinds
            and self.parts <= other.parts
            and self.streamed_bits <= other.streamed_bits
            and self.messages <= other.messages
        )


class Cutter:
    """The ways to cut the layers of a network for a chip."""

    def __init__(self, network: IntegerNetwork, chip: Chip) -> None:
        self.network = network
        self.kinds: Kinds = kinds_of(chip)
        self.whole = network.overflow == "saturate"  # what saturates depends on the order of all messages: no cuts
        self.streaming = chip.stream_word_bits > 0
        self.connections: list[Connection] = connections_of(network)
        self._band_bits: dict[tuple[int, int], int] = {}

    def smallest(self, layer: int) -> list[Cut]:
        """The cuts with the fewest parts, for each set of kinds that could hold them; none that another one beats."""
        limits = [
            (weights, state, streams)
            for weights, state in product(
                {timing.weight_memory.capacity_bits for timing in self.kinds.timings},
                {timing.state_memory.capacity_bits for timing in self.kinds.timings},
            )
            for streams in ((False, True) if self.streaming and layer else (False,))
        ]
        grids = {
            (*grid, streams)
            for weights, state, streams in limits
            for grid in self._fewest(layer, None if streams else weights, state)
        }
        cuts = [self.cut(layer, rows, channels, streams=streams) for rows, channels, streams in sorted(grids)]
        kept: list[Cut] = []
        for each in sorted(cuts, key=lambda c: (c.streamed_bits, c.parts, c.messages, -c.rows)):
            if each.kinds and not any(other.beats(each) for other in kept):
                kept.append(each)
        return kept

    def cut(self, layer: int, rows: int, channels: int, *, streams: bool = False) -> Cut:
        """A grid as a Cut; `streams`: its weights need not fit."""
        weight_bits, state_bits = self.demand(layer, rows, channels)
        held = self.kinds.holding(weight_bits, state_bits)
        kinds = self.kinds.holding(0, state_bits) if streams else held
        return Cut(
            rows,
            channels,
            kinds,
            self._streamed_bits(layer) if kinds & ~held else 0,
            messages_into(self.network, self.connections, layer, rows, channels),
        )

    def demand(self, layer: int, rows: int, channels: int) -> tuple[int, int]:
        """(weight bits, state bits) of the largest part."""
        there = sent_map(self.network, layer)[2]
        widest = -(-there // channels)
        return part_weight_bits(self.network, layer, (0, widest)), self._channel_bits(layer, rows) * widest

    def _channel_bits(self, layer: int, rows: int) -> int:
        """State of the largest of `rows` bands, for one channel."""
        if (layer, rows) not in self._band_bits:
            bands = cut(sent_map(self.network, layer)[0], rows)
            self._band_bits[layer, rows] = max(part_state_bits(self.network, layer, band, (0, 1)) for band in bands)
        return self._band_bits[layer, rows]

    def _fewest(self, layer: int, weights: int | None, state: int | None) -> list[tuple[int, int]]:
        """All grids of as few parts as fit into so much weight and state memory (None: any amount)."""
        height, _, there = sent_map(self.network, layer)
        uncut = is_grouped(self.network, layer) or self.whole
        channel_bits = part_weight_bits(self.network, layer, (0, there)) // there
        best: int | None = None
        grids: list[tuple[int, int]] = []
        for rows in range(1, 2 if self.whole else height + 1):
            if best is not None and rows > best:
                break
            room = there if state is None else min(there, state // self._channel_bits(layer, rows))
            if weights is not None and channel_bits:
                room = min(room, weights // channel_bits)
            if room < (there if uncut else 1):
                continue
            channels = -(-there // room)
            if best is None or rows * channels < best:
                best, grids = rows * channels, []
            if rows * channels == best:
                grids.append((rows, channels))
        return grids

    def _streamed_bits(self, layer: int) -> int:
        """Weights that the messages of a dense frame read."""
        synapses = sum(
            int(each.rows_above[-1].sum() * each.columns.sum()) * each.sender_channels * each.channels
            for each in self.connections
            if each.receiver == layer
        )
        return synapses * self.network.weight_bits


_Chosen: TypeAlias = tuple[Cut, "_Chosen"] | None
_State: TypeAlias = dict[tuple[int, ...], tuple[int, int, _Chosen]]


def choose(ways: Sequence[Sequence[Cut]], kinds: Kinds, limit: int) -> list[Cut] | None:
    """One cut per layer, all on at most `limit` cores: least streaming, then fewest cores, then fewest messages.

    None if there is none. Exact unless more than MOST_CHOICES combinations of kinds of cores are open at once.
    """
    sets = sorted({cut.kinds for cuts in ways for cut in cuts})
    states: _State = {(0,) * len(sets): (0, 0, None)}
    for cuts in ways:
        longer: _State = {}
        for demand, (streamed, messages, chosen) in states.items():
            for each in cuts:
                place = sets.index(each.kinds)
                key = (*demand[:place], demand[place] + each.parts, *demand[place + 1 :])
                value = (streamed + each.streamed_bits, messages + each.messages, (each, chosen))
                if sum(key) <= limit and (key not in longer or value[:2] < longer[key][:2]):
                    longer[key] = value
        possible = [key for key in longer if too_many(kinds, dict(zip(sets, key, strict=True))) is None]
        possible.sort(key=lambda key: (sum(key), longer[key][:2], key))
        states = {key: longer[key] for key in possible[:MOST_CHOICES]}
    if not states:
        return None
    best = min(states, key=lambda key: (states[key][0], sum(key), states[key][1], key))
    return _listed(states[best][2])


def _listed(chosen: _Chosen) -> list[Cut]:
    cuts = []
    while chosen is not None:
        cuts.append(chosen[0])
        chosen = chosen[1]
    return cuts[::-1]
