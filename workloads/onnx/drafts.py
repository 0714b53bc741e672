"""Nodes on their way from ONNX to a graph: two more operations, which the folding passes remove."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import NDArray

from workloads.graphs.operations import Float32Array, Operation, Padding, Shape
from workloads.graphs.shapes import output_shape


@dataclass(frozen=True, eq=False)
class Scale:
    """`in * factor + shift`, per channel (entry of a vector); both (C,) float64. Batch normalisation and the like."""

    factor: NDArray[np.float64]
    shift: NDArray[np.float64]


@dataclass(frozen=True)
class ZeroPad:
    """A map with rows and columns of zeros around it."""

    padding: Padding


@dataclass(frozen=True)
class FlattenChannelsLast:
    """A map as a vector in H, W, C order, as networks of frameworks that keep channels last have it."""


DraftOperation: TypeAlias = Operation | Scale | ZeroPad | FlattenChannelsLast


@dataclass(frozen=True, eq=False)
class Draft:
    """As graph_operations.Node; weights and biases are float64 until all folding is done."""

    name: str
    operation: DraftOperation
    inputs: tuple[str, ...]


def wide(array: NDArray[np.float64]) -> Float32Array:
    """`array` itself, for an operation in a draft: float64 although its field says float32, until folding is done."""
    return cast("Float32Array", array)


def draft_shape(operation: DraftOperation, inputs: Sequence[Shape]) -> Shape:
    """Shape of what `operation` gives. Raises WorkloadError if it cannot take these inputs."""
    if isinstance(operation, Scale):
        return inputs[0]
    if isinstance(operation, ZeroPad):
        (channels, height, width), (top, left, bottom, right) = inputs[0], operation.padding
        return channels, height + top + bottom, width + left + right
    if isinstance(operation, FlattenChannelsLast):
        return (prod(inputs[0]),)
    return output_shape(operation, inputs)
