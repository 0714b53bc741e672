"""Folding of what a graph has no operation for: scales and zero padding into the layers beside them, exactly.

Arithmetic is float64; each array is rounded to float32 once, at the end. Every pass takes drafts in order and gives
drafts in order that compute the same; after the last of them only operations of graphs are left.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.graphs.activations import function_of
from workloads.graphs.operations import (
    INPUT,
    Activation,
    AveragePool,
    Convolution,
    Dense,
    Flatten,
    MaxPool,
    Node,
    Shape,
    Softmax,
)
from workloads.onnx.drafts import Draft, DraftOperation, FlattenChannelsLast, Scale, ZeroPad, draft_shape, wide
from workloads.onnx.windows import padded_by

Drafts = tuple[list[Draft], str]
"""Drafts in order, and the name of the one that is the output."""


def fold(drafts: Sequence[Draft], output: str, input_shape: Shape) -> tuple[tuple[Node, ...], str]:
    """Nodes with operations of graphs only, arrays float32, and the name of the output."""
    passes: list[Callable[[list[Draft], str, Shape], Drafts]] = [
        _padding_into_windows,
        _scales_into_layers_before,
        _scales_into_dense_after,
        _left_over_to_convolutions,
        _order_into_dense,
        _flatten_before_softmax,
        _no_flatten_before_dense,
    ]
    current, last = list(drafts), output
    with np.errstate(over="ignore", invalid="ignore"):  # what is not finite in the end is refused by name
        for each in passes:
            current, last = each(current, last, input_shape)
    return tuple(_finished(draft) for draft in current), last


def _padding_into_windows(drafts: list[Draft], output: str, _: Shape) -> Drafts:
    """Zeros around a map become the padding of the convolutions, and where that is the same, of the pools, after it."""
    by_name = {draft.name: draft for draft in drafts}
    result = []
    for draft in drafts:
        before = by_name.get(draft.inputs[0])
        if before is not None and isinstance(before.operation, ZeroPad):
            wider = _with_zeros(draft.operation, before.operation, by_name.get(before.inputs[0]))
            if wider is not None:
                draft = replace(draft, operation=wider, inputs=before.inputs)  # noqa: PLW2901 # the same node, widened
        by_name[draft.name] = draft
        result.append(draft)
    return _without_unread(result, output), output


def _with_zeros(operation: DraftOperation, zeros: ZeroPad, source: Draft | None) -> DraftOperation | None:
    """`operation` with the zeros as its own padding; None if that is not the same."""
    if isinstance(operation, Convolution):
        return padded_by(operation, zeros.padding)
    if isinstance(operation, AveragePool | MaxPool) and operation.ceil:
        return None  # which window is the last depends on what is map and what is padding
    if isinstance(operation, AveragePool):
        wider = padded_by(operation, zeros.padding)
        counts = operation.count_padding or not any(operation.padding)
        fits = all(pad < operation.kernel[side % 2] for side, pad in enumerate(wider.padding))
        return replace(wider, count_padding=True) if counts and fits and isinstance(wider, AveragePool) else None
    if isinstance(operation, MaxPool) and source is not None and _never_negative(source.operation):
        wider = padded_by(operation, zeros.padding)
        # a window that sees a pixel that is not negative does not notice zeros
        fits = all(pad < operation.kernel[side % 2] for side, pad in enumerate(wider.padding))
        return wider if fits else None
    return None


def _never_negative(operation: DraftOperation) -> bool:
    return isinstance(operation, Activation) and function_of(operation).unsigned(operation)


def _scales_into_layers_before(drafts: list[Draft], output: str, _: Shape) -> Drafts:
    """(W x + b) * factor + shift = (W * factor) x + (b * factor + shift), where nothing else reads W x + b."""
    readers = Counter(name for draft in drafts for name in draft.inputs)
    readers[output] += 1
    by_name: dict[str, Draft] = {}
    renamed: dict[str, str] = {}
    for draft in drafts:
        inputs = tuple(renamed.get(name, name) for name in draft.inputs)
        before = by_name.get(inputs[0])
        if isinstance(draft.operation, Scale) and before is not None and readers[draft.inputs[0]] == 1:
            layer = _scaled(before.operation, draft.operation)
            if layer is not None:
                by_name[before.name] = replace(before, operation=layer)
                renamed[draft.name] = before.name
                continue
        by_name[draft.name] = replace(draft, inputs=inputs)
    return list(by_name.values()), renamed.get(output, output)


def _scaled(layer: DraftOperation, scale: Scale) -> DraftOperation | None:
    """One operation for `layer` and then `scale`; None if `layer` is not linear."""
    if isinstance(layer, Scale):
        return Scale(layer.factor * scale.factor, layer.shift * scale.factor + scale.shift)
    if not isinstance(layer, Convolution | Dense):
        return None
    outputs = scale.factor if isinstance(layer, Dense) else scale.factor[:, None, None, None]
    weights, bias = layer.weights * outputs, layer.bias * scale.factor + scale.shift
    return replace(layer, weights=wide(weights), bias=wide(bias))


def _scales_into_dense_after(drafts: list[Draft], output: str, _: Shape) -> Drafts:
    """W (x * factor + shift) + b = (W * factor) x + (W shift + b), where only fully connected layers read the scale."""
    by_name = {draft.name: draft for draft in drafts}
    others = {name for draft in drafts if not isinstance(draft.operation, Dense) for name in draft.inputs} | {output}
    for draft in drafts:
        before = by_name.get(draft.inputs[0])
        if before is None or not isinstance(before.operation, Scale) or before.name in others:
            continue
        scale, layer = before.operation, draft.operation
        if isinstance(layer, Dense) and scale.factor.size == layer.weights.shape[0]:
            weights, bias = layer.weights * scale.factor[:, None], layer.bias + scale.shift @ layer.weights
            by_name[draft.name] = replace(
                draft, operation=replace(layer, weights=wide(weights), bias=wide(bias)), inputs=before.inputs
            )
    return _without_unread(list(by_name.values()), output), output


def _left_over_to_convolutions(drafts: list[Draft], output: str, input_shape: Shape) -> Drafts:
    """A scale or zeros that could not be folded, as a 1 x 1 convolution of each channel with itself.

    On vectors a scale becomes a fully connected layer with weights on its diagonal alone.
    """
    shapes = _shapes(drafts, input_shape)
    result = []
    for draft in drafts:
        operation, shape = draft.operation, shapes[draft.inputs[0]]
        channels = shape[0]
        if isinstance(operation, Scale) and len(shape) == 1:
            operation = Dense(wide(np.diag(operation.factor)), wide(operation.shift))
        elif isinstance(operation, Scale):
            weights = operation.factor[:, None, None, None]
            operation = Convolution(wide(weights), wide(operation.shift), groups=channels)
        elif isinstance(operation, ZeroPad):
            ones = np.ones((channels, 1, 1, 1), np.float32)
            operation = Convolution(ones, ones[:, 0, 0, 0] * 0, padding=operation.padding, groups=channels)
        result.append(replace(draft, operation=operation))
    return result, output


def _order_into_dense(drafts: list[Draft], output: str, input_shape: Shape) -> Drafts:
    """A vector in H, W, C order becomes one in C, H, W order, the weights of the layers that read it reordered."""
    by_name, shapes = {draft.name: draft for draft in drafts}, _shapes(drafts, input_shape)
    readers: dict[str, list[Draft]] = {name: [] for name in shapes}
    for draft in drafts:
        for name in draft.inputs:
            readers[name].append(draft)
    for draft in drafts:
        if not isinstance(draft.operation, FlattenChannelsLast):
            continue
        by_name[draft.name] = replace(draft, operation=Flatten())
        shape = shapes[draft.inputs[0]]
        for reader in readers[draft.name] if shape[1:] != (1, 1) else ():
            by_name[reader.name] = _reordered(reader, shape, draft.name)
        if shape[1:] != (1, 1) and draft.name == output:
            raise WorkloadError(f"node {output!r}, the output, is a map as a vector with channels last; end before it")
    return list(by_name.values()), output


def _reordered(reader: Draft, shape: Shape, source: str) -> Draft:
    """`reader` with weights for its input in C, H, W order, `shape` being (C, H, W)."""
    layer = reader.operation
    if not isinstance(layer, Dense):
        raise WorkloadError(
            f"node {source!r} gives a map as a vector with channels last, and {reader.name!r} reads it. Supported "
            "there: fully connected layers only"
        )
    channels, height, width = shape
    weights = layer.weights.reshape(height, width, channels, -1).transpose(2, 0, 1, 3).reshape(layer.weights.shape)
    return replace(reader, operation=replace(layer, weights=weights))


def _flatten_before_softmax(drafts: list[Draft], output: str, input_shape: Shape) -> Drafts:
    """Soft-max of (C, 1, 1) and then flatten, at the end, the other way round: soft-max may only be last."""
    places = {draft.name: place for place, draft in enumerate(drafts)}
    place = places[output]
    before = places.get(drafts[place].inputs[0], -1)
    if before < 0 or not isinstance(drafts[place].operation, Flatten):
        return drafts, output
    single_place = _shapes(drafts, input_shape)[drafts[before].name][1:] == (1, 1)
    if not isinstance(drafts[before].operation, Softmax) or not single_place:
        return drafts, output
    first, second = drafts[before], drafts[place]
    swapped = list(drafts)
    swapped[before] = replace(second, inputs=first.inputs)
    swapped[place] = replace(first, inputs=(second.name,))
    return swapped, first.name


def _no_flatten_before_dense(drafts: list[Draft], output: str, _: Shape) -> Drafts:
    """A fully connected layer reads maps in the same order as their vectors: it needs no flatten before it."""
    by_name = {draft.name: draft for draft in drafts}
    result = []
    for draft in drafts:
        before = by_name.get(draft.inputs[0])
        skip = before is not None and isinstance(draft.operation, Dense) and isinstance(before.operation, Flatten)
        result.append(replace(draft, inputs=before.inputs) if skip and before is not None else draft)
    return _without_unread(result, output), output


def _shapes(drafts: list[Draft], input_shape: Shape) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {INPUT: input_shape}
    for draft in drafts:
        shapes[draft.name] = draft_shape(draft.operation, [shapes[name] for name in draft.inputs])
    return shapes


def _without_unread(drafts: list[Draft], output: str) -> list[Draft]:
    """The drafts that the output needs."""
    needed = {output}
    for draft in reversed(drafts):
        if draft.name in needed:
            needed.update(draft.inputs)
    return [draft for draft in drafts if draft.name in needed]


def _finished(draft: Draft) -> Node:
    operation = draft.operation
    if isinstance(operation, Scale | ZeroPad | FlattenChannelsLast):
        raise TypeError(f"node {draft.name!r} is still a {type(operation).__name__}: a folding pass is missing")
    if isinstance(operation, Convolution | Dense):
        weights, bias = (_rounded(array, draft.name) for array in (operation.weights, operation.bias))
        operation = replace(operation, weights=weights, bias=bias)
    return Node(draft.name, operation, draft.inputs)


def _rounded(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        small = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(small).all():
        raise WorkloadError(
            f"node {name!r}: weights reach {np.abs(array).max():.3g}, beyond float32, with scales folded in"
        )
    return small
