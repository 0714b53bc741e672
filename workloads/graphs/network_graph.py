"""A chain of fully connected layers as a graph, so that everything after it knows graphs only."""

from math import prod

from workloads.graphs.graph import INPUT, Activation, Dense, Graph, Node, Preprocessing
from workloads.graphs.network import Network


def graph_of(network: Network) -> Graph:
    """The graph that computes what `network` does, and takes the same frames.

    Layers keep their names, a ReLU is named after its layer; a name that occurs again gets a number. A frame is a gray
    image (1, H, W) where `network` says its height and width, and (1, 1, pixels) otherwise.
    """
    nodes: list[Node] = []
    taken = {INPUT}
    before = INPUT
    for layer in network.layers:
        name = _unused(layer.name, taken)
        nodes.append(Node(name, Dense(layer.weights, layer.bias), (before,)))
        if layer.activation == "relu":
            nodes.append(Node(_unused(f"{name}.relu", taken), Activation("relu"), (name,)))
        before = nodes[-1].name
    sides = network.input_shape if len(network.input_shape) == 2 else (1, prod(network.input_shape))
    normalisation = Preprocessing("gray", (0.0,), (network.input_scale,))
    return Graph(network.name, (1, *sides), tuple(nodes), before, network.classes, normalisation)


def _unused(name: str, taken: set[str]) -> str:
    number, wanted = 2, name
    while name in taken or not name:
        name, number = f"{wanted}.{number}", number + 1
    taken.add(name)
    return name
