"""Integer numerics, mapping, timing and counting of a network on a chip. Knows no joules and no plots."""

from simulator.automatic import map_automatically
from simulator.blocks import Arrival, Block
from simulator.errors import SimulationError
from simulator.fast import FastState, advance, checkpoint, restore, start
from simulator.mapping import Mapping, Placement, one_core_each
from simulator.modes import Mode, mode_named
from simulator.plan import Plan
from simulator.planning import plan_network
from simulator.shortages import InfeasibleError
from simulator.simulate import Result, block_size, counts_table, mesh_table, messages_table, simulate

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
