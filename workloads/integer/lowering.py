"""From a float graph to layers of one linear operation each, as the cores of an accelerator hold them.

Convolutions, fully connected layers, average pools (sums, divided when they are requantised) and additions make a layer
each. An activation and a max-pool join the layer before them where nothing else reads it, and are a layer of their own
otherwise. Concatenation and flattening make none: a value is a sequence of *parts*, each the whole map of one core, and
whoever reads it has synapses from each. So what works channel by channel on a concatenation (pools, activations,
depthwise and aligned grouped convolutions) becomes one layer per part.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from workloads.graphs.graph import Network
from workloads.graphs.operations import (
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
    Node,
    Operation,
    Softmax,
)
from workloads.graphs.shapes import output_shape, window_divisors
from workloads.integer.float_layers import FloatLayer, Place, depthwise_link, map_of, zeros
from workloads.integer.lowering_draft import Draft, count_uses, passes_on
from workloads.integer.lowering_linear import add, convolve, dense, selected
from workloads.integer.network import Map, MaxPooling

RELU = Activation("relu")


@dataclass(frozen=True, eq=False)
class Lowered:
    """`layers`: layer l - 1 is that of core l; the last one's sums are the output. `left_to_float`: nodes after it."""

    layers: tuple[FloatLayer, ...]
    left_to_float: tuple[str, ...]


def lower(graph: Network) -> Lowered:
    """The layers that compute `graph`, up to its soft-max. Raises WorkloadError, naming the node, where none can."""
    nodes = [node for node in graph.nodes if not isinstance(node.operation, Softmax)]
    left_to_float = tuple(node.name for node in graph.nodes if isinstance(node.operation, Softmax))
    output = graph.by_name[graph.output].inputs[0] if left_to_float else graph.output
    draft = Draft(graph, count_uses(nodes, output), [], {INPUT: (0,)})
    for node in nodes:
        draft.parts[node.name] = _HANDLERS[type(node.operation)](draft, node, node.operation)
    _end(draft, output)
    return Lowered(_unsigned(draft), left_to_float)


def _join(draft: Draft, node: Node, _: Operation) -> tuple[int, ...]:
    return tuple(core for name in node.inputs for core in draft.parts[name])


def _average(draft: Draft, node: Node, operation: AveragePool | GlobalAveragePool) -> tuple[int, ...]:
    def layer(core: int) -> FloatLayer:
        height, width, channels = draft.sent_shape(core)
        pool = AveragePool((height, width)) if isinstance(operation, GlobalAveragePool) else operation
        divisors = window_divisors(pool, (channels, height, width)).astype(np.float64)
        link = depthwise_link(core, channels, pool.kernel, pool.stride, pool.padding[:2])
        return replace(_identity(draft, node, core), links=(link,), divisors=divisors)

    return _per_part(draft, node, layer, fuse=None)


def _max_pool(draft: Draft, node: Node, operation: MaxPool) -> tuple[int, ...]:
    pool = MaxPooling(operation.kernel, operation.stride, operation.padding[:2], operation.dilation)

    def pooled(layer: FloatLayer) -> FloatLayer | None:
        if layer.pool is not None or layer.uneven or not layer.rises:
            return None
        return replace(layer, pool=pool, sent_shape=_pooled_shape(operation, layer.sent_shape))

    def own(core: int) -> FloatLayer:
        shape = draft.sent_shape(core)
        layer = replace(_identity(draft, node, core), shape=shape)
        return replace(layer, pool=pool, sent_shape=_pooled_shape(operation, shape))

    return _per_part(draft, node, own, pooled)


def _pooled_shape(operation: MaxPool, shape: Map) -> Map:
    return map_of(output_shape(operation, [(shape[2], shape[0], shape[1])]))


def _activate(draft: Draft, node: Node, operation: Activation) -> tuple[int, ...]:
    if operation.kind == "leaky" and operation.slope < 0:
        raise draft.refusal(
            node, f"slope {operation.slope} falls; supported are slopes of 0 and more (a ReLU is slope 0)"
        )
    if passes_on(operation):
        return draft.parts[node.inputs[0]]
    activation = RELU if operation.kind == "leaky" and operation.slope == 0 else operation

    def activated(layer: FloatLayer) -> FloatLayer | None:
        if layer.activation is not None or (layer.uneven and operation.kind == "clip"):
            return None
        return replace(layer, activation=activation)

    return _per_part(draft, node, lambda core: replace(_identity(draft, node, core), activation=activation), activated)


def _per_part(
    draft: Draft,
    node: Node,
    own: Callable[[int], FloatLayer],
    fuse: Callable[[FloatLayer], FloatLayer | None] | None,
) -> tuple[int, ...]:
    """Each part of a node's input, made part of the layer it comes from where `fuse` can, or led through its `own`."""
    cores, first = [], 0
    for core in draft.parts[node.inputs[0]]:
        fused = None
        if fuse is not None and core and draft.uses[draft.layers[core - 1].place.node] == 1:
            fused = fuse(draft.layers[core - 1])
        layer = replace(fused or own(core), place=Place(node.name, first))
        if fused is not None:
            draft.layers[core - 1] = replace(layer, nodes=(*layer.nodes, node.name))
            cores.append(core)
        else:
            cores.append(draft.append(layer))
        first += draft.extent(node, layer.sent_shape)
    return tuple(cores)


def _identity(draft: Draft, node: Node, core: int) -> FloatLayer:
    """A layer that passes on one part as it is; its shape that of one part of the node's value."""
    several = len(draft.parts[node.inputs[0]]) > 1
    shape, channels = draft.sent_shape(core), draft.sent_shape(core)[2]
    if isinstance(node.operation, AveragePool | GlobalAveragePool):
        shape = (*draft.graph.shapes[node.name][1:], channels)  # type: ignore[assignment]
    return FloatLayer(
        name=f"{node.name}.{draft.name(core)}" if several else node.name,
        nodes=(node.name,),
        links=(depthwise_link(core, channels),),
        bias=zeros(channels),
        shape=shape,
        sent_shape=shape,
        place=Place(node.name),
        counts=True,
    )


def _end(draft: Draft, output: str) -> None:
    """Have the last layer be one whose sums are the output: another, `readout`, where the output is not plain sums."""
    parts = draft.parts[output]
    layer = draft.layers[parts[0] - 1] if parts[0] else None
    if layer is not None and len(parts) == 1 and layer.activation is None and layer.pool is None:
        return
    node = draft.graph.by_name[output]
    if len(parts) == 1:
        channels = draft.sent_shape(parts[0])[2]
        shape = draft.sent_shape(parts[0])
        link = depthwise_link(parts[0], channels)
        readout = FloatLayer("readout", (), (link,), zeros(channels), shape, shape, Place(output), counts=True)
    else:
        readout = replace(selected(draft, node, [parts]), name="readout", nodes=())
    draft.append(readout)


def _unsigned(draft: Draft) -> tuple[FloatLayer, ...]:
    """The layers; those that add up what is never negative have a ReLU: it changes no value and frees the sign bit."""
    normalisation = draft.graph.preprocessing
    never_negative = [normalisation is not None and max(normalisation.mean) <= 0]
    layers = []
    for layer in draft.layers:
        unsigned = layer.unsigned
        signed = layer.activation is None or layer.activation.kind == "leaky"
        if layer.counts and signed and layer is not draft.layers[-1]:
            unsigned = all(never_negative[link.source] for link in layer.links)
            layer = replace(layer, activation=RELU) if unsigned else layer  # noqa: PLW2901
        never_negative.append(unsigned)
        layers.append(layer)
    return tuple(layers)


_HANDLERS: dict[type[Any], Callable[[Draft, Node, Any], tuple[int, ...]]] = {
    Activation: _activate,
    Add: add,
    AveragePool: _average,
    Concatenate: _join,
    Convolution: convolve,
    Dense: dense,
    Flatten: _join,
    GlobalAveragePool: _average,
    MaxPool: _max_pool,
}
