"""A graph on its way to layers: what has been made of it, and who reads what."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from workloads.errors import WorkloadError
from workloads.graphs.graph import Network
from workloads.graphs.operations import INPUT, Activation, Concatenate, Flatten, Node, Operation
from workloads.integer.float_layers import FloatLayer, map_of
from workloads.integer.network import Map


@dataclass(frozen=True, eq=False)
class Draft:
    """The layers made so far of a graph.

    `layers`: layer l - 1 is that of core l. `parts`: the cores whose maps, one after the other, are the value of a
    node. `uses`: by how many nodes it is read, through those that only pass it on (count_uses).
    """

    graph: Network
    uses: dict[str, int]
    layers: list[FloatLayer]
    parts: dict[str, tuple[int, ...]]

    def sent_shape(self, core: int) -> Map:
        """Map that a core sends."""
        return self.layers[core - 1].sent_shape if core else map_of(self.graph.input_map)

    def name(self, core: int) -> str:
        """Name of a core's layer."""
        return self.layers[core - 1].name if core else INPUT

    def refusal(self, node: Node, why: str) -> WorkloadError:
        """The error that says why a node cannot be lowered."""
        kind = type(node.operation).__name__
        return WorkloadError(f"network {self.graph.name!r}, node {node.name!r} ({kind}): {why}")

    def append(self, layer: FloatLayer) -> int:
        """Add a layer; gives the number of its core."""
        self.layers.append(layer)
        return len(self.layers)

    def extent(self, node: Node, shape: Map) -> int:
        """How much of the first axis of a node's value a part takes: channels of a map, entries of a vector."""
        return shape[2] if len(self.graph.shapes[node.name]) == 3 else prod(shape)


def count_uses(nodes: Sequence[Node], output: str) -> dict[str, int]:
    """How many nodes read each value; one that only passes it on counts as often as it is itself read."""
    uses = dict.fromkeys([INPUT, *(node.name for node in nodes)], 0)
    uses[output] = 1
    for node in reversed(nodes):
        for name in node.inputs:
            uses[name] += uses[node.name] if passes_on(node.operation) else 1
    return uses


def passes_on(operation: Operation) -> bool:
    """Whether an operation changes no value: it joins, reshapes, or clips to everything."""
    if isinstance(operation, Activation) and operation.kind == "clip":
        return operation.low == float("-inf") and operation.high == float("inf")
    return isinstance(operation, Concatenate | Flatten)
