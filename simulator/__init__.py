"""Integer numerics, mapping, timing and counting of a network on a chip. Knows no joules and no plots."""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "Arrival": "blocks",
    "Block": "blocks",
    "FastState": "fast",
    "InfeasibleError": "placement.shortages",
    "Mapping": "placement.mapping",
    "Mode": "modes",
    "Placement": "placement.mapping",
    "Plan": "placement.plan",
    "Result": "simulation",
    "SimulationError": "errors",
    "advance": "fast",
    "block_size": "simulation",
    "checkpoint": "fast",
    "counts_table": "simulation",
    "map_automatically": "placement.automatic",
    "mesh_table": "simulation",
    "messages_table": "simulation",
    "mode_named": "modes",
    "one_core_each": "placement.mapping",
    "plan_network": "placement.planning",
    "restore": "fast",
    "simulate": "simulation",
    "start": "fast",
}
"""Every public name, and in which module of this package it is."""

if TYPE_CHECKING:
    from simulator.blocks import Arrival, Block
    from simulator.errors import SimulationError
    from simulator.fast import FastState, advance, checkpoint, restore, start
    from simulator.modes import Mode, mode_named
    from simulator.placement.automatic import map_automatically
    from simulator.placement.mapping import Mapping, Placement, one_core_each
    from simulator.placement.plan import Plan
    from simulator.placement.planning import plan_network
    from simulator.placement.shortages import InfeasibleError
    from simulator.simulation import Result, block_size, counts_table, mesh_table, messages_table, simulate
else:

    def __getattr__(name: str) -> object:
        """A public name, when it is first asked for: what nobody uses is not imported."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "Arrival",
    "Block",
    "FastState",
    "InfeasibleError",
    "Mapping",
    "Mode",
    "Placement",
    "Plan",
    "Result",
    "SimulationError",
    "advance",
    "block_size",
    "checkpoint",
    "counts_table",
    "map_automatically",
    "mesh_table",
    "messages_table",
    "mode_named",
    "one_core_each",
    "plan_network",
    "restore",
    "simulate",
    "start",
]
