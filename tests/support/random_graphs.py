"""Small random float graphs of all layer kinds, for hypothesis."""

import numpy as np
from hypothesis import strategies as st

from workloads.errors import WorkloadError
from workloads.graphs.graph import (
    INPUT,
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Network,
    Node,
    Softmax,
)
from workloads.graphs.shapes import output_shape

_PAIR = st.tuples(st.integers(1, 3), st.integers(1, 3))
_KINDS = ["convolution", "depthwise", "max", "average", "relu", "clip", "leaky", "add", "concatenate"]


@st.composite
def graphs(draw, most_nodes: int = 7, softmax: bool = True) -> Network:
    """A graph of maps with joins, perhaps ended by a global pool, a fully connected layer and a soft-max."""
    shapes = {INPUT: (draw(st.integers(1, 4)), draw(st.integers(3, 9)), draw(st.integers(3, 9)))}
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes: list[Node] = []
    for number in range(draw(st.integers(1, most_nodes))):
        node = draw(_nodes(f"n{number}", shapes, rng))
        try:
            shapes[node.name] = output_shape(node.operation, [shapes[name] for name in node.inputs])
        except WorkloadError:
            continue
        nodes.append(node)
    for operation in draw(_heads(softmax)):
        before = nodes[-1].name if nodes else INPUT
        inputs = int(np.prod(shapes[before]))
        head = Dense(_normal(rng, inputs, 5), _normal(rng, 5)) if operation is Dense else operation
        nodes.append(Node(f"n{len(nodes)}.end", head, (before,)))
        shapes[nodes[-1].name] = output_shape(head, [shapes[before]])
    if not nodes:
        nodes.append(Node("only", Activation("relu"), (INPUT,)))
    needed = _needed(nodes)
    return Network("random", shapes[INPUT], needed, needed[-1].name)


def _needed(nodes: list[Node]) -> tuple[Node, ...]:
    needed = {nodes[-1].name}
    for node in reversed(nodes):
        if node.name in needed:
            needed.update(node.inputs)
    return tuple(node for node in nodes if node.name in needed)


@st.composite
def _nodes(draw, name, shapes, rng) -> Node:
    source = draw(st.sampled_from([*shapes][-2:]))
    kind = draw(st.sampled_from(_KINDS))
    if kind in {"convolution", "depthwise"}:
        return Node(name, draw(_convolutions(shapes[source][0], rng, kind == "depthwise")), (source,))
    if kind in {"max", "average"}:
        return Node(name, draw(_pools(kind)), (source,))
    if kind in {"add", "concatenate"}:
        skip = 0 if kind == "add" else 1
        partners = [other for other, shape in shapes.items() if shape[skip:] == shapes[source][skip:]]
        others = draw(st.lists(st.sampled_from(partners), min_size=1, max_size=2))
        return Node(name, Add() if kind == "add" else Concatenate(), (source, *others))
    activations = {
        "relu": Activation("relu"),
        "clip": Activation("clip", draw(st.sampled_from([-1.0, 0.0])), draw(st.sampled_from([0.5, 6.0]))),
        "leaky": Activation("leaky", slope=draw(st.sampled_from([0.125, 0.01]))),
    }
    return Node(name, activations[kind], (source,))


@st.composite
def _convolutions(draw, channels, rng, depthwise) -> Convolution:
    divisors = [groups for groups in range(1, channels + 1) if channels % groups == 0]
    groups = channels if depthwise else draw(st.sampled_from(divisors))
    outputs = groups * draw(st.integers(1, 3))
    kernel = draw(_PAIR)
    padding = tuple(draw(st.integers(0, 3)) for _ in range(4))
    return Convolution(
        _normal(rng, outputs, channels // groups, *kernel),
        _normal(rng, outputs),
        stride=draw(_PAIR),
        padding=padding,
        dilation=draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 3)])),
        groups=groups,
    )


@st.composite
def _pools(draw, kind) -> MaxPool | AveragePool:
    kernel = draw(_PAIR)
    padding = tuple(draw(st.integers(0, kernel[side % 2] - 1)) for side in range(4))
    stride, ceil = draw(_PAIR), draw(st.booleans())
    if kind == "average":
        return AveragePool(kernel, stride, padding, ceil, draw(st.booleans()))
    return MaxPool(kernel, stride, padding, draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2)])), ceil)


@st.composite
def _heads(draw, softmax):
    endings = [[], [Flatten()], [Dense], [GlobalAveragePool()], [GlobalAveragePool(), Dense]]
    last = [Softmax(), Softmax(logarithm=True)] if softmax else []
    return draw(st.sampled_from(endings + [[*ending, end] for end in last for ending in endings[1:]]))


def _normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)
