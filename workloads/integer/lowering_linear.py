"""Convolutions, fully connected layers and additions of values made of parts, as layers."""

from math import prod

from workloads.graphs.operations import Add, Convolution, Dense, Node
from workloads.integer.float_layers import (
    FloatLayer,
    Link,
    Place,
    convolution_link,
    dense_link,
    depthwise_link,
    merged_links,
    selection_link,
    zeros,
)
from workloads.integer.lowering_draft import Draft


def convolve(draft: Draft, node: Node, operation: Convolution) -> tuple[int, ...]:
    """A layer, or one for each run of parts in which whole groups lie."""
    outputs, taken = len(operation.weights) // operation.groups, operation.weights.shape[1]
    _, height, width = draft.graph.shapes[node.name]
    runs = _aligned_runs(draft, node, operation)
    made, first = [], 0  # first group of the run
    for number, run in enumerate(runs, start=1):
        groups = sum(draft.sent_shape(core)[2] for core in run) // taken
        mine = slice(first * outputs, (first + groups) * outputs)
        layer = FloatLayer(
            name=node.name if len(runs) == 1 else f"{node.name}.{number}",
            nodes=(node.name,),
            links=_convolution_links(draft, operation, run, mine, groups),
            bias=operation.bias[mine],
            shape=(height, width, groups * outputs),
            sent_shape=(height, width, groups * outputs),
            place=Place(node.name, first * outputs),
        )
        made.append(draft.append(layer))
        first += groups
    return tuple(made)


def _aligned_runs(draft: Draft, node: Node, operation: Convolution) -> list[list[int]]:
    """The parts of a convolution's input, cut wherever a part and a group end together."""
    parts, taken = draft.parts[node.inputs[0]], operation.weights.shape[1]
    if operation.groups == 1:
        return [list(parts)]
    runs: list[list[int]] = [[]]
    channels = 0
    for core in parts:
        runs[-1].append(core)
        channels += draft.sent_shape(core)[2]
        if channels % taken == 0:
            if len(runs[-1]) > 1 and channels > taken:
                raise draft.refusal(node, _straddling(draft, runs[-1], operation.groups, taken))
            runs.append([])
            channels = 0
    return runs[:-1]


def _straddling(draft: Draft, run: list[int], groups: int, taken: int) -> str:
    names = ", ".join(f"{draft.name(core)} ({draft.sent_shape(core)[2]} channels)" for core in run)
    return (
        f"its {groups} groups of {taken} channels straddle the concatenated {names}; supported are groups that begin "
        "and end with them, or lie within one of them. Put a 1 x 1 convolution in between, or use one group"
    )


def _convolution_links(
    draft: Draft, operation: Convolution, run: list[int], outputs: slice, groups: int
) -> tuple[Link, ...]:
    weights = operation.weights[outputs]
    if len(run) == 1:
        return (convolution_link(run[0], operation, weights, groups),)
    links, first = [], 0
    for core in run:
        channels = draft.sent_shape(core)[2]
        links.append(convolution_link(core, operation, weights[:, first : first + channels], 1))
        first += channels
    return merged_links(links)


def dense(draft: Draft, node: Node, operation: Dense) -> tuple[int, ...]:
    """A layer with rows of weights from each part."""
    links, first = [], 0
    for core in draft.parts[node.inputs[0]]:
        shape = draft.sent_shape(core)
        links.append(dense_link(core, operation.weights[first : first + prod(shape)], shape))
        first += prod(shape)
    shape = (1, 1, operation.weights.shape[1])
    layer = FloatLayer(
        node.name, (node.name,), merged_links(links), operation.bias, shape, shape, place=Place(node.name)
    )
    return (draft.append(layer),)


def add(draft: Draft, node: Node, _: Add) -> tuple[int, ...]:
    """A layer for each part, where the addends have parts alike; one that leads all to their channels otherwise."""
    addends = [draft.parts[name] for name in node.inputs]
    shapes = [[draft.sent_shape(core) for core in parts] for parts in addends]
    if any(other != shapes[0] for other in shapes[1:]):
        return (draft.append(selected(draft, node, addends)),)
    made, first = [], 0
    for number, shape in enumerate(shapes[0]):
        layer = FloatLayer(
            name=node.name if len(shapes[0]) == 1 else f"{node.name}.{number + 1}",
            nodes=(node.name,),
            links=merged_links([depthwise_link(parts[number], shape[2]) for parts in addends]),
            bias=zeros(shape[2]),
            shape=shape,
            sent_shape=shape,
            place=Place(node.name, first),
            counts=True,
        )
        made.append(draft.append(layer))
        first += draft.extent(node, shape)
    return tuple(made)


def selected(draft: Draft, node: Node, addends: list[tuple[int, ...]]) -> FloatLayer:
    """The sum of values made of differently many parts, each led to its channels."""
    sides = {draft.sent_shape(core)[:2] for parts in addends for core in parts}
    if len(sides) > 1:
        maps = ", ".join(" x ".join(map(str, side)) for side in sorted(sides))
        raise draft.refusal(node, f"its vectors are made of maps of different sizes ({maps}), which is not supported")
    channels = sum(draft.sent_shape(core)[2] for core in addends[0])
    links = []
    for parts in addends:
        first = 0
        for core in parts:
            links.append(selection_link(core, draft.sent_shape(core)[2], first, channels))
            first += draft.sent_shape(core)[2]
    shape = (*sides.pop(), channels)
    return FloatLayer(
        node.name, (node.name,), merged_links(links), zeros(channels), shape, shape, Place(node.name), counts=True
    )
