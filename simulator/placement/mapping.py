"""Which cores a layer runs on: a grid of row bands and channel ranges of the map it sends, a core for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from hwmodels.chip import Chip
from simulator.errors import SimulationError
from workloads.integer.network import IntegerNetwork, Map, MaxPooling
from workloads.integer.windows import first_tap, pool_axis, reach

Range: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Placement:
    """One layer on cores of the chip (numbers in mesh order).

    The map it sends is cut into `rows` bands of rows times `channels` ranges of channels, as even as they can be;
    `cores` has one core for each, band by band, within a band range by range.
    """

    layer: str
    cores: tuple[int, ...]
    rows: int = 1
    channels: int = 1


Mapping: TypeAlias = tuple[Placement, ...]
"""One placement per layer in the network's order; the first is the input's."""


def one_core_each(network: IntegerNetwork) -> Mapping:
    """Layer l on core l: neighbours in a chain are then neighbours on the mesh."""
    return tuple(Placement(name, (core,)) for core, name in enumerate(layer_names(network)))


def layer_names(network: IntegerNetwork) -> list[str]:
    """Names of all layers, the input first."""
    return ["input", *(layer.name for layer in network.layers)]


def cut(length: int, parts: int) -> list[Range]:
    """0 .. length in `parts` ranges (begin, end), as even as they can be."""
    return [(length * part // parts, length * (part + 1) // parts) for part in range(parts)]


def sent_map(network: IntegerNetwork, layer: int) -> Map:
    """The map a layer sends; for the last one, whose accumulators are the output, all of them."""
    if layer == 0:
        return network.input_shape
    own = network.layers[layer - 1]
    return own.shape if layer == len(network.layers) else own.sent_shape


def pool_of(network: IntegerNetwork, layer: int) -> MaxPooling | None:
    """The pooling between a layer's accumulators and the map it sends; the last one's are not pooled."""
    return network.layers[layer - 1].pool if 0 < layer < len(network.layers) else None


def accumulator_rows(network: IntegerNetwork, layer: int, rows: Range) -> Range:
    """The rows of accumulators that a band of sent rows looks at, and those below them that no window looks at.

    Bands that look at a row together hold it both: it is computed twice.
    """
    pool = pool_of(network, layer)
    if pool is None:
        return rows
    height, sent = network.layers[layer - 1].shape[0], sent_map(network, layer)[0]
    windows = pool_axis(pool, 0)

    def first(row: int) -> int:
        return min(max(first_tap(windows, row), 0), height)

    last = first_tap(windows, rows[1] - 1) + reach(windows, 1)
    begin = 0 if rows[0] == 0 else first(rows[0])
    end = height if rows[1] == sent else min(max(last, first(rows[1])), height)
    return begin, end


def mapping_problems(network: IntegerNetwork, chip: Chip, mapping: Mapping) -> list[str]:
    """What is wrong with a mapping, whatever its memories hold: layers, cores that are not there or taken, bad cuts."""
    names = layer_names(network)
    given = [placement.layer for placement in mapping]
    if given != names:
        return [f"the mapping is of layers {', '.join(given)}; {network.name!r} has {', '.join(names)}"]
    problems: list[str] = []
    taken: dict[int, str] = {}
    for layer, placement in enumerate(mapping):
        problems += _cut_problems(network, layer, placement)
        for core in placement.cores:
            if not 0 <= core < len(chip.cores):
                problems.append(
                    f"layer {placement.layer!r} is put on core {core}, {chip.name} has cores 0 to "
                    f"{len(chip.cores) - 1}: choose another, or use a bigger mesh (mesh.columns, mesh.rows)"
                )
            elif core in taken:
                problems.append(f"core {core} is given to {taken[core]!r} and to {placement.layer!r}: choose another")
            taken.setdefault(core, placement.layer)
    return problems


def _cut_problems(network: IntegerNetwork, layer: int, placement: Placement) -> list[str]:
    height, _, channels = sent_map(network, layer)
    name, cores = placement.layer, len(placement.cores)
    if placement.rows < 1 or placement.channels < 1 or placement.rows * placement.channels != cores:
        return [
            f"layer {name!r} is cut into {placement.rows} row bands x {placement.channels} channel ranges and has "
            f"{cores} cores: give as many cores as parts"
        ]
    problems = [
        f"layer {name!r} can't be cut into {parts} {what}, its map has {there}: at most {there}"
        for what, parts, there in (
            ("row bands", placement.rows, height),
            ("channel ranges", placement.channels, channels),
        )
        if parts > there
    ]
    if cores > 1 and network.overflow == "saturate":
        problems.append(
            f"layer {name!r} is split and accumulators saturate: what is clipped depends on the order of all "
            "messages; use overflow: wrap, or one core"
        )
    if layer and placement.channels > 1 and is_grouped(network, layer):
        problems.append(f"layer {name!r} has grouped synapses, which reach some channels only: cut it by rows")
    return problems


def is_grouped(network: IntegerNetwork, layer: int) -> bool:
    """True where a message does not reach all channels of a layer: its parts are then bands of rows only."""
    if layer == 0:
        return False
    return any(each.window is not None and each.window.groups > 1 for each in network.layers[layer - 1].synapses)


def refuse(network: IntegerNetwork, chip: Chip, problems: Sequence[str]) -> SimulationError:
    """One error that lists everything."""
    lines = "".join(f"\n  - {problem}" for problem in problems)
    return SimulationError(f"network {network.name!r} does not fit accelerator {chip.name!r}:{lines}")


def part_weight_bits(network: IntegerNetwork, layer: int, channels: Range) -> int:
    """Weights of a part's channels; a band of rows holds whole kernels. None in the input."""
    if layer == 0:
        return 0
    own = network.layers[layer - 1]
    return own.weight_count * (channels[1] - channels[0]) // own.shape[2] * network.weight_bits


def part_state_bits(network: IntegerNetwork, layer: int, rows: Range, channels: Range, *, delta: bool = True) -> int:
    """Accumulators of a part (the input: none) and, in delta networks, its values last sent (the last layer: none)."""
    bits = 0
    if layer:
        begin, end = accumulator_rows(network, layer, rows)
        bits += (end - begin) * network.layers[layer - 1].shape[1] * network.accumulator_bits
    if delta and layer < len(network.layers):
        bits += (rows[1] - rows[0]) * sent_map(network, layer)[1] * network.activation_bits
    return bits * (channels[1] - channels[0])
