"""Networks made of arrays, one fully connected layer after the other, and the forward pass of any network."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError, did_you_mean
from workloads.graphs.graph import Network, Preprocessing
from workloads.graphs.layers import LayerActivation, LinearLayer, nodes_of
from workloads.graphs.operations import INPUT, Float32Array, FloatingArray
from workloads.graphs.run import normalise, run_graph


def network_from_arrays(
    weights: Sequence[NDArray[Any]],
    biases: Sequence[NDArray[Any]] | None = None,
    *,
    name: str = "network",
    activations: Sequence[LayerActivation] | None = None,
    layer_names: Sequence[str] | None = None,
    input_scale: float = 1 / 255,
    input_shape: tuple[int, ...] | None = None,
    classes: Sequence[str] = (),
) -> Network:
    """Make a network of float arrays, one (inputs, outputs) matrix and one (outputs,) bias per layer.

    Without `biases` they are zero; without `activations` every layer but the last has a ReLU. `input_scale`: the real
    value of one step of a pixel; the first layer sees pixel * input_scale, pixels being 0..255. `input_shape`: of a
    frame, its product being the inputs of the first layer. Raises WorkloadError if an array is not float, not finite
    as float32, or does not fit its neighbours.
    """
    count = len(weights)
    if not count:
        raise WorkloadError(f"network {name!r} has no layers; needed one weight matrix or more")
    vectors = [np.zeros(np.shape(matrix)[-1:], np.float32) for matrix in weights] if biases is None else biases
    kinds: Sequence[LayerActivation] = activations if activations is not None else _default_activations(count)
    names = [f"layer{number}" for number in range(1, count + 1)] if layer_names is None else layer_names
    _check_counts(count, {"biases": len(vectors), "activations": len(kinds), "layer_names": len(names)}, name)
    layers = tuple(
        LinearLayer(
            layer, _float32(matrix, f"{name}, {layer}: weights"), _float32(vector, f"{name}, {layer}: bias"), kind
        )
        for layer, matrix, vector, kind in zip(names, weights, vectors, kinds, strict=True)
    )
    given = np.shape(weights[0])[:1] if input_shape is None else input_shape
    shape = tuple(int(side) for side in given)
    _check_layers(layers, shape, float(input_scale), f"network {name!r}")
    if classes and len(classes) != layers[-1].bias.size:
        raise WorkloadError(f"network {name!r}: {len(classes)} class names for {layers[-1].bias.size} outputs")
    nodes = nodes_of(layers)
    return Network(
        name, shape, nodes, nodes[-1].name, tuple(classes), Preprocessing("gray", (0.0,), (float(input_scale),))
    )


def forward(network: Network, frames: NDArray[np.uint8]) -> FloatingArray:
    """Outputs (n, outputs) float32 of `frames` (n, inputs) uint8, maps flattened in (channel, y, x) order."""
    return _run(network, frames, (network.output,), np.float32)[0]


def activations(
    network: Network, frames: NDArray[np.uint8], dtype: type[np.float32 | np.float64] = np.float32
) -> tuple[FloatingArray, ...]:
    """The real input (n, inputs) and, for each layer of a chain, what it puts out for `frames` (n, inputs) uint8, all
    `dtype`. Raises WorkloadError for a network that is no chain.
    """
    readers = {name: node.name for node in network.nodes for name in node.inputs}
    ends = (readers[layer.name] if layer.activation == "relu" else layer.name for layer in network.layers)
    return tuple(_run(network, frames, (INPUT, *ends), dtype))


def check_frames(frames: NDArray[Any], inputs: int, name: str) -> None:
    """Raise WorkloadError unless `frames` are (n, inputs) uint8."""
    if frames.dtype != np.uint8 or frames.ndim != 2 or frames.shape[1] != inputs:
        raise WorkloadError(
            f"frames are {frames.shape} {frames.dtype}; network {name!r} takes (n, {inputs}) uint8: pixels "
            "0..255, each frame flattened"
        )


def _run(
    network: Network, frames: NDArray[np.uint8], nodes: tuple[str, ...], dtype: type[np.float32 | np.float64]
) -> list[FloatingArray]:
    """What each of `nodes` gives, (n, values)."""
    check_frames(frames, network.inputs, network.name)
    if network.preprocessing is None:
        raise WorkloadError(
            f"network {network.name!r} does not say how pixels become its input; load it with a normalisation"
        )
    real = normalise(network.preprocessing, frames.reshape(-1, *network.input_map))
    values = run_graph(network, real, nodes, dtype)
    return [values[name].reshape(len(frames), -1) for name in nodes]


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


def _default_activations(layers: int) -> list[LayerActivation]:
    return ["relu" if number < layers else "identity" for number in range(1, layers + 1)]


def _check_counts(layers: int, counts: dict[str, int], name: str) -> None:
    for what, count in counts.items():
        if count != layers:
            raise WorkloadError(f"network {name!r}: {layers} weight matrices but {count} {what}; needed one per layer")


def _check_layers(layers: Sequence[LinearLayer], shape: tuple[int, ...], input_scale: float, where: str) -> None:
    """What the network's own check could not say in the words of whoever gives arrays."""
    for layer in layers:
        _check_layer(layer, f"{where}, {layer.name}")
    for before, after in pairwise(layers):
        _check_neighbours(before, after, where)
    if layers[-1].activation != "identity":
        raise WorkloadError(
            f"{where}: the last layer has activation {layers[-1].activation!r}; its sums are the output, so "
            "it must be 'identity'. Apply the last ReLU or soft-max to the outputs"
        )
    if not (np.isfinite(input_scale) and input_scale > 0):
        raise WorkloadError(f"{where}: input_scale is {input_scale}; needed a positive number such as 1/255")
    inputs = layers[0].weights.shape[0]
    if int(np.prod(shape)) != inputs or min(shape, default=0) < 1:
        raise WorkloadError(f"{where}: input_shape {shape} does not hold the {inputs} inputs of layer 1")


def _check_layer(layer: LinearLayer, where: str) -> None:
    if layer.weights.ndim != 2 or 0 in layer.weights.shape:
        raise WorkloadError(
            f"{where}: weights have shape {layer.weights.shape}; needed (inputs, outputs), neither of them 0"
        )
    if layer.bias.shape != layer.weights.shape[1:]:
        raise WorkloadError(
            f"{where}: bias has shape {layer.bias.shape}; needed ({layer.weights.shape[1]},), one per output"
        )
    known = get_args(LayerActivation)
    if layer.activation not in known:
        raise WorkloadError(f"{where}: no activation {layer.activation!r}.{did_you_mean(layer.activation, known)}")


def _check_neighbours(before: LinearLayer, after: LinearLayer, where: str) -> None:
    given, taken = before.weights.shape[1], after.weights.shape[0]
    if given == taken:
        return
    turned = before.weights.shape[0] == after.weights.shape[1]
    hint = " Weights are (inputs, outputs); transpose matrices that are (outputs, inputs)." if turned else ""
    raise WorkloadError(f"{where}: {before.name} gives {given} values but {after.name} takes {taken}.{hint}")
