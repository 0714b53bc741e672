"""Networks that are a chain of fully connected layers, seen as layers: what their nodes say in other words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from workloads.graphs.operations import INPUT, Activation, Dense, Float32Array, Node

LayerActivation = Literal["relu", "identity"]
RELU = Activation("relu")


@dataclass(frozen=True, eq=False)
class LinearLayer:
    """`activation(x @ weights + bias)`; `weights`: (inputs, outputs) float32, `bias`: (outputs,) float32."""

    name: str
    weights: Float32Array
    bias: Float32Array
    activation: LayerActivation

    def __repr__(self) -> str:
        inputs, outputs = self.weights.shape
        return f"LinearLayer({self.name!r}: {inputs} to {outputs}, {self.activation})"


def nodes_of(layers: Sequence[LinearLayer]) -> tuple[Node, ...]:
    """The nodes that compute `layers` one after the other, the first one of the frame.

    Layers keep their names, a ReLU is named after its layer; a name that occurs again gets a number.
    """
    nodes: list[Node] = []
    taken = {INPUT}
    before = INPUT
    for layer in layers:
        name = _unused(layer.name, taken)
        nodes.append(Node(name, Dense(layer.weights, layer.bias), (before,)))
        if layer.activation == "relu":
            nodes.append(Node(_unused(f"{name}.relu", taken), RELU, (name,)))
        before = nodes[-1].name
    return tuple(nodes)


def layers_of(nodes: Sequence[Node]) -> tuple[LinearLayer, ...] | None:
    """`nodes` as layers; None unless they are fully connected layers in a row, ReLUs between them or not."""
    found = tuple(_walk(nodes))
    chained = all(node.inputs == (before,) for before, node in zip((INPUT, *_names(nodes)), nodes, strict=False))
    whole = len(nodes) == len(found) + sum(layer.activation == "relu" for layer in found)
    return found if found and chained and whole and found[-1].activation == "identity" else None


def _walk(nodes: Sequence[Node]) -> Iterator[LinearLayer]:
    for node, after in zip(nodes, (*nodes[1:], None), strict=True):
        if isinstance(node.operation, Dense):
            relu = after is not None and after.operation == RELU
            yield LinearLayer(node.name, node.operation.weights, node.operation.bias, "relu" if relu else "identity")


def _names(nodes: Sequence[Node]) -> list[str]:
    return [node.name for node in nodes]


def _unused(name: str, taken: set[str]) -> str:
    number, wanted = 2, name
    while name in taken or not name:
        name, number = f"{wanted}.{number}", number + 1
    taken.add(name)
    return name
