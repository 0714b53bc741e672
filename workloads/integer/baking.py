"""Scales of single units folded into the weights around them (paper, Appendix C, Eqs. 26 and 27).

An integer network has one scale k per layer. Where h(k v) = k h(v), a unit's own factor can be moved into the network
itself: with k_in the factors of a layer's inputs and k_out those of its units,

    w' = w * k_out / k_in        b' = k_out * b

the unit sends k_out times what it did, and whoever hears it divides by that. Without rounding the outputs are the same;
with it the unit's effective scale is k times its factor.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.graphs.activations import function_of
from workloads.graphs.graph import INPUT, Network
from workloads.graphs.operations import (
    Activation,
    Add,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    Float32Array,
    Node,
    Shape,
)
from workloads.integer.lowering import lower

Numbers = NDArray[Any]
UnitScales = Sequence[NDArray[np.floating[Any]] | None]


def bake_scales(network: Network, unit_scales: UnitScales) -> Network:
    """The network whose units send their values times their own scale, and which computes the same without rounding.

    `unit_scales`: for the input and each hidden layer, in the order of quantise's scales, (channels,) positive numbers
    or None for ones; those of the input must be None. Products are made in float64 and stored in float32: powers of two
    lose nothing. Raises WorkloadError, naming the layer, where scales do not fit, or cannot be folded: before a clip,
    in layers without weights (sums, pools), where values with different scales are added up, and at the output.
    """
    return _baked_graph(network, _by_node(network, unit_scales))


def baked_weights(weights: Numbers, bias: Numbers, k_in: Numbers, k_out: Numbers) -> tuple[Numbers, Numbers]:
    """w * k_out / k_in and k_out * b, for weights (outputs, inputs, ...), of whatever kind of number they are."""
    rest = (1,) * (weights.ndim - 2)
    return weights * k_out.reshape(-1, 1, *rest) / k_in.reshape(len(k_in), -1, *rest), bias * k_out


def _by_node(graph: Network, unit_scales: UnitScales) -> dict[str, Numbers]:
    """Per convolution or fully connected node that has any, the scales of its outputs (channels,) float64."""
    layers = lower(graph).layers
    where = f"network {graph.name!r}"
    if len(unit_scales) != len(layers):
        raise WorkloadError(
            f"unit scales for {len(unit_scales)} senders of {where}; needed {len(layers)}: one entry for the input and "
            "one for each hidden layer, None where a layer has none"
        )
    if unit_scales[0] is not None:
        raise WorkloadError(f"{where}: unit scales for the input, before which there are no weights; give None")
    scales: dict[str, Numbers] = {}
    for layer, given in zip(layers, unit_scales[1:], strict=False):
        if given is None:
            continue
        channels, source = layer.shape[2], layer.nodes[0] if layer.nodes else ""
        _check_scales(np.asarray(given), channels, f"{where}, {layer.name}")
        operation = graph.by_name[source].operation if source else None
        if not isinstance(operation, Convolution | Dense):
            raise WorkloadError(f"{where}, {layer.name}: unit scales for a layer without weights; give None")
        whole = scales.setdefault(source, np.ones(len(operation.bias)))
        first = layer.place.first if isinstance(operation, Convolution) else 0
        whole[first : first + channels] = given
    return scales


def _check_scales(given: Numbers, channels: int, where: str) -> None:
    if given.shape != (channels,) or not np.isfinite(given).all() or not (given > 0).all():
        raise WorkloadError(
            f"{where}: unit scales are {given.shape}, {given.min(initial=np.inf):g} to {given.max(initial=-np.inf):g}; "
            f"needed {channels} positive finite numbers, one per channel"
        )


def _baked_graph(graph: Network, own: dict[str, Numbers]) -> Network:
    """Nodes in order, each with the scales of what it gives known once those of its inputs are."""
    scales: dict[str, Numbers] = {INPUT: np.ones(graph.input_map[0])}
    nodes = []
    for node in graph.nodes:
        where = f"network {graph.name!r}, node {node.name!r}"
        inputs = [scales[name] for name in node.inputs]
        if isinstance(node.operation, Convolution | Dense):
            scales[node.name] = own.get(node.name, np.ones(len(node.operation.bias)))
            nodes.append(replace(node, operation=_baked(node.operation, inputs[0], scales[node.name], graph, node)))
            continue
        scales[node.name] = _passed_on(node, inputs, graph.shapes[node.inputs[0]], where)
        nodes.append(node)
    if (scales[graph.output] != 1).any():
        raise WorkloadError(
            f"network {graph.name!r}: unit scales of what reaches the output {graph.output!r} without weights in "
            "between would change it; give None for that layer"
        )
    return replace(graph, nodes=tuple(nodes))


def _baked(
    operation: Convolution | Dense, k_in: Numbers, k_out: Numbers, graph: Network, node: Node
) -> Convolution | Dense:
    if isinstance(operation, Dense):
        k_in = _flat(k_in, graph.shapes[node.inputs[0]])
        weights, bias = baked_weights(operation.weights.T.astype(np.float64), operation.bias, k_in[None], k_out)
        return replace(operation, weights=np.ascontiguousarray(weights.T, np.float32), bias=_float32(bias))
    outputs = len(operation.weights) // operation.groups
    per_output = k_in.reshape(operation.groups, -1).repeat(outputs, axis=0)
    weights, bias = baked_weights(operation.weights.astype(np.float64), operation.bias, per_output, k_out)
    return replace(operation, weights=_float32(weights), bias=_float32(bias))


def _passed_on(node: Node, inputs: list[Numbers], shape: Shape, where: str) -> Numbers:
    """The scales of a node without weights: those of its inputs, which must suit it."""
    if isinstance(node.operation, Flatten):
        return _flat(inputs[0], shape)
    if isinstance(node.operation, Concatenate):
        return np.concatenate(inputs)
    if isinstance(node.operation, Add) and any((other != inputs[0]).any() for other in inputs[1:]):
        raise WorkloadError(
            f"{where} adds up {', '.join(node.inputs)}, whose unit scales differ; give them the same, or None"
        )
    bends = isinstance(node.operation, Activation) and not function_of(node.operation).scales
    if bends and (inputs[0] != 1).any():
        raise WorkloadError(
            f"{where} clips, and a clip of k v is not k times the clip of v, so that {node.inputs[0]!r} can have no "
            "unit scales; give None"
        )
    return inputs[0]


def _flat(scales: Numbers, shape: Shape) -> Numbers:
    """Scales of the entries of a map as a vector, in (channel, y, x) order."""
    return scales.repeat(int(np.prod(shape[1:])))


def _float32(numbers: Numbers) -> Float32Array:
    return np.ascontiguousarray(numbers, np.float32)
