"""Mapping by itself: layers on as few cores as hold them, or on as many as make the frame faster, close together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hwmodels.chip import Chip
from simulator.placement.balancing import Balancer
from simulator.placement.dense_frame import all_parts
from simulator.placement.fitting import Cut, Cutter, choose
from simulator.placement.loads import Loads, core_loads_fs
from simulator.placement.mapping import (
    Mapping,
    Placement,
    layer_names,
    one_core_each,
)
from simulator.placement.placing import flits_between, near
from simulator.placement.shortages import infeasible
from workloads.integer.network import IntegerNetwork

Strategy: TypeAlias = Literal["fit", "balance"]


def map_automatically(
    network: IntegerNetwork, chip: Chip, *, strategy: Strategy = "fit", cores: int | None = None
) -> Mapping:
    """A mapping whose parts all fit their cores' memories, in every mode; at most `cores` cores (default: all).

    `fit`: as few cores as possible, layer l on core l where that fits. `balance`: then further cores for the slowest
    layers, as long as the busiest core gets less to do. Parts that talk to each other are put close together. The same
    mapping every time. Raises InfeasibleError that says what is lacking and what would do.
    """
    limit = len(chip.cores) if cores is None else min(cores, len(chip.cores))
    cutter = Cutter(network, chip)
    cuts = choose([cutter.smallest(layer) for layer in range(len(network.layers) + 1)], cutter.kinds, limit)
    if cuts is None:
        raise infeasible(network, chip, limit)
    fitting = _fitting(cutter, chip, cuts, limit)
    return fitting if strategy == "fit" else _balanced(cutter, chip, cuts, fitting, limit)


def _fitting(cutter: Cutter, chip: Chip, cuts: list[Cut], limit: int) -> Mapping:
    network, of_core = cutter.network, cutter.kinds.of_core
    count = len(network.layers) + 1
    if count <= limit and all(cutter.cut(layer, 1, 1).kinds >> of_core[layer] & 1 for layer in range(count)):
        return one_core_each(network)
    allowed = np.array(
        [[bool(cut.kinds >> kind & 1) for kind in of_core] for cut in cuts for _ in range(cut.parts)], np.bool_
    )
    return place(network, chip, cuts, allowed)


def _balanced(cutter: Cutter, chip: Chip, cuts: list[Cut], fitting: Mapping, limit: int) -> Mapping:
    """Split further; the mapping that only fits if that doesn't help."""
    network = cutter.network
    balancer = Balancer(cutter, Loads(network, chip), limit)
    split = balancer.balance(cuts)
    most_fs = balancer.limit_of(split).load_fs
    grids = [(cut.rows, cut.channels) for cut in split]
    rows = []
    for layer, cut in enumerate(split):
        loads = balancer.layer_loads(layer, cut, grids)
        rows += [[loads[kind] <= most_fs for kind in cutter.kinds.of_core]] * cut.parts
    balanced = place(network, chip, split, np.array(rows, np.bool_))
    return balanced if _largest_fs(network, chip, balanced) < _largest_fs(network, chip, fitting) else fitting


def _largest_fs(network: IntegerNetwork, chip: Chip, mapping: Mapping) -> int:
    return max(max(loads) for loads in core_loads_fs(network, chip, mapping))


def place(network: IntegerNetwork, chip: Chip, cuts: Sequence[Cut], allowed: NDArray[np.bool_]) -> Mapping:
    """Cores for all parts, near to those they talk to; allowed: (parts, cores)."""
    anywhere = _mapping(network, cuts, range(len(allowed)))
    return _mapping(network, cuts, near(flits_between(network, chip, all_parts(network, anywhere)), chip, allowed))


def _mapping(network: IntegerNetwork, cuts: Sequence[Cut], cores: Sequence[int]) -> Mapping:
    left = iter(cores)
    return tuple(
        Placement(name, tuple(next(left) for _ in range(cut.parts)), cut.rows, cut.channels)
        for name, cut in zip(layer_names(network), cuts, strict=True)
    )
