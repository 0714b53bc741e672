"""A trained network in float: a chain of fully connected layers, and its forward pass."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.content_hash import content_sha256
from workloads.errors import WorkloadError, did_you_mean
from workloads.html_table import html_table

Activation = Literal["relu", "identity"]
Float32Array = NDArray[np.float32]
FloatingArray = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class LinearLayer:
    """`activation(x @ weights + bias)`; `weights`: (inputs, outputs) float32, `bias`: (outputs,) float32."""

    name: str
    weights: Float32Array
    bias: Float32Array
    activation: Activation

    def __repr__(self) -> str:
        inputs, outputs = self.weights.shape
        return f"LinearLayer({self.name!r}: {inputs} to {outputs}, {self.activation})"


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in order, and what the integers of a frame mean.

    `input_scale`: the real value of one step of a pixel; the first layer sees pixel * input_scale, pixels being 0..255.
    `input_shape`: shape of a frame, its product being the inputs of the first layer. `classes`: names of the outputs,
    empty when they have none. The last layer's activation is `identity`: its sums are the output of the network.
    """

    name: str
    layers: tuple[LinearLayer, ...]
    input_scale: float
    input_shape: tuple[int, ...]
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check_network(self)

    def __repr__(self) -> str:
        return f"Network({self.name!r}: {self.inputs} inputs, {len(self.layers)} layers, {self.outputs} outputs)"

    def _repr_html_(self) -> str:
        """What a notebook shows: layer by layer, how many neurons and weights there are."""
        rows = [
            (
                each.name,
                str(each.weights.shape[0]),
                str(each.weights.shape[1]),
                f"{each.weights.size:,}",
                each.activation,
            )
            for each in self.layers
        ]
        return html_table(f"Network {self.name}", ("layer", "inputs", "outputs", "weights", "activation"), rows)

    @property
    def inputs(self) -> int:
        """Number of pixels in a frame."""
        return int(self.layers[0].weights.shape[0])

    @property
    def outputs(self) -> int:
        """Number of outputs."""
        return int(self.layers[-1].weights.shape[1])

    def sha256(self) -> str:
        """Hash of everything that the network is, names included."""
        return content_sha256(self)


def network_from_arrays(
    weights: Sequence[NDArray[Any]],
    biases: Sequence[NDArray[Any]] | None = None,
    *,
    name: str = "network",
    activations: Sequence[Activation] | None = None,
    layer_names: Sequence[str] | None = None,
    input_scale: float = 1 / 255,
    input_shape: tuple[int, ...] | None = None,
    classes: Sequence[str] = (),
) -> Network:
    """Make a network of float arrays, one (inputs, outputs) matrix and one (outputs,) bias per layer.

    Without `biases` they are zero; without `activations` every layer but the last has a ReLU. Raises WorkloadError if
    an array is not float, not finite as float32, or does not fit its neighbours.
    """
    count = len(weights)
    if not count:
        raise WorkloadError(f"network {name!r} has no layers; needed one weight matrix or more")
    vectors = [np.zeros(np.shape(matrix)[-1:], np.float32) for matrix in weights] if biases is None else biases
    kinds: Sequence[Activation] = activations if activations is not None else _default_activations(count)
    names = [f"layer{number}" for number in range(1, count + 1)] if layer_names is None else layer_names
    _check_counts(count, {"biases": len(vectors), "activations": len(kinds), "layer_names": len(names)}, name)
    layers = tuple(
        LinearLayer(
            layer, _float32(matrix, f"{name}, {layer}: weights"), _float32(vector, f"{name}, {layer}: bias"), kind
        )
        for layer, matrix, vector, kind in zip(names, weights, vectors, kinds, strict=True)
    )
    shape = np.shape(weights[0])[:1] if input_shape is None else input_shape
    return Network(name, layers, float(input_scale), tuple(int(side) for side in shape), tuple(classes))


def forward(network: Network, frames: NDArray[np.uint8]) -> FloatingArray:
    """Outputs (n, outputs) float32 of `frames` (n, inputs) uint8."""
    return activations(network, frames)[-1]


def activations(
    network: Network, frames: NDArray[np.uint8], dtype: type[np.float32 | np.float64] = np.float32
) -> tuple[FloatingArray, ...]:
    """The real input (n, inputs) and, for each layer, what it puts out for `frames` (n, inputs) uint8, all `dtype`."""
    check_frames(frames, network.inputs, network.name)
    pixels: FloatingArray = frames.astype(dtype)
    values = [pixels * network.input_scale]
    for layer in network.layers:
        sums = values[-1] @ layer.weights.astype(dtype, copy=False) + layer.bias
        values.append(np.maximum(sums, 0) if layer.activation == "relu" else sums)
    return tuple(values)


def check_frames(frames: NDArray[Any], inputs: int, name: str) -> None:
    """Raise WorkloadError unless `frames` are (n, inputs) uint8."""
    if frames.dtype != np.uint8 or frames.ndim != 2 or frames.shape[1] != inputs:
        raise WorkloadError(
            f"frames are {frames.shape} {frames.dtype}; network {name!r} takes (n, {inputs}) uint8: pixels "
            "0..255, each frame flattened"
        )


def _float32(array: NDArray[Any], where: str) -> Float32Array:
    array = np.asarray(array)
    if array.dtype.kind != "f":
        raise WorkloadError(f"{where} are {array.dtype}; needed floats. Integers are made by quantise(), not given")
    if not np.isfinite(array).all():
        place = tuple(int(axis) for axis in np.argwhere(~np.isfinite(array))[0])
        raise WorkloadError(f"{where} have {array[place]} at {place}; every value must be finite")
    with np.errstate(over="ignore"):
        small = np.ascontiguousarray(array, np.float32)
    if not np.isfinite(small).all():
        raise WorkloadError(f"{where} reach {np.abs(array).max():.3g}, beyond float32")
    return small


def _default_activations(layers: int) -> list[Activation]:
    return ["relu" if number < layers else "identity" for number in range(1, layers + 1)]


def _check_counts(layers: int, counts: dict[str, int], name: str) -> None:
    for what, count in counts.items():
        if count != layers:
            raise WorkloadError(f"network {name!r}: {layers} weight matrices but {count} {what}; needed one per layer")


def _check_network(network: Network) -> None:
    where = f"network {network.name!r}"
    if not network.layers:
        raise WorkloadError(f"{where} has no layers; needed one weight matrix or more")
    for layer in network.layers:
        _check_layer(layer, f"{where}, {layer.name}")
    for before, after in pairwise(network.layers):
        _check_neighbours(before, after, where)
    if network.layers[-1].activation != "identity":
        raise WorkloadError(
            f"{where}: the last layer has activation {network.layers[-1].activation!r}; its sums are the output, so "
            "it must be 'identity'. Apply the last ReLU or soft-max to the outputs"
        )
    if not (np.isfinite(network.input_scale) and network.input_scale > 0):
        raise WorkloadError(f"{where}: input_scale is {network.input_scale}; needed a positive number such as 1/255")
    if int(np.prod(network.input_shape)) != network.inputs or min(network.input_shape, default=0) < 1:
        raise WorkloadError(
            f"{where}: input_shape {network.input_shape} does not hold the {network.inputs} inputs of layer 1"
        )
    if network.classes and len(network.classes) != network.outputs:
        raise WorkloadError(f"{where}: {len(network.classes)} class names for {network.outputs} outputs")


def _check_layer(layer: LinearLayer, where: str) -> None:
    if layer.weights.ndim != 2 or 0 in layer.weights.shape:
        raise WorkloadError(
            f"{where}: weights have shape {layer.weights.shape}; needed (inputs, outputs), neither of them 0"
        )
    if layer.bias.shape != layer.weights.shape[1:]:
        raise WorkloadError(
            f"{where}: bias has shape {layer.bias.shape}; needed ({layer.weights.shape[1]},), one per output"
        )
    for what, array in (("weights", layer.weights), ("bias", layer.bias)):
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise WorkloadError(
                f"{where}: {what} must be finite float32; network_from_arrays() converts and says what is not"
            )
    known = get_args(Activation)
    if layer.activation not in known:
        raise WorkloadError(f"{where}: no activation {layer.activation!r}.{did_you_mean(layer.activation, known)}")


def _check_neighbours(before: LinearLayer, after: LinearLayer, where: str) -> None:
    given, taken = before.weights.shape[1], after.weights.shape[0]
    if given == taken:
        return
    turned = before.weights.shape[0] == after.weights.shape[1]
    hint = " Weights are (inputs, outputs); transpose matrices that are (outputs, inputs)." if turned else ""
    raise WorkloadError(f"{where}: {before.name} gives {given} values but {after.name} takes {taken}.{hint}")
