"""A quantised network as data: integer weights, biases and requantisers, and the check that they fit together.

What a simulator executes. With `s_0 = requantise(frame)` and layers counted from 1, all in integers:

    a_l = activation(bias_l + s_{l-1} @ weights_l)        accumulator_bits wide, wrapping or saturating
    s_l = clip(round(a_l * multiplier_l / 2**shift_l), low_l, high_l)

and the accumulators of the last layer are the output.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError

Rounding = Literal["half_up", "half_even", "half_away"]
Overflow = Literal["wrap", "saturate"]
Activation = Literal["relu", "identity"]
Precision = Literal["full", "scaled"]

IntArray: TypeAlias = NDArray[np.int32]
WeightArray: TypeAlias = NDArray[np.signedinteger[Any]]
FloatArray: TypeAlias = NDArray[np.float64]

MAX_SHIFT = 62  # |accumulator * multiplier| < 2**62 and half of 2**62 more still fit a signed 64-bit integer


@dataclass(frozen=True, eq=False)
class Requantiser:
    """Turns integers at one scale into integers at another: `s = clip(round(a * multiplier / 2**shift), low, high)`.

    `multiplier`: (channels,) int32, not negative. `shift`: (channels,) int32, 1 to 62. There is one channel per output
    of the layer, or a single one for all (the input). `low`, `high`: range of s, both included. `rounding`: what
    becomes of ties: `half_up` is floor(x + 1/2), `half_even` goes to the even neighbour, `half_away` away from zero.
    The product of an int32 and the multiplier stays below 2**62 in magnitude, so int64 arithmetic is exact.
    """

    multiplier: IntArray
    shift: IntArray
    low: int
    high: int
    rounding: Rounding


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """A fully connected layer in integers.

    `weights`: (inputs, outputs), int8 when the network has at most 8 weight bits and int16 otherwise, C-contiguous, so
    row i is what one unit of input neuron i adds to the accumulators. `bias`: (outputs,) int32 at accumulator scale.
    `requantiser`: None for the last layer, whose accumulators are the output. `accumulator_scale`: (outputs,) float64,
    the real value of one accumulator unit: real = accumulator * accumulator_scale.
    """

    name: str
    weights: WeightArray
    bias: IntArray
    activation: Activation
    requantiser: Requantiser | None
    accumulator_scale: FloatArray

    @property
    def inputs(self) -> int:
        """Number of input neurons."""
        return int(self.weights.shape[0])

    @property
    def outputs(self) -> int:
        """Number of output neurons."""
        return int(self.weights.shape[1])


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A chain of integer layers.

    `precision`: `full` is the fixed-point network (original, temporal difference), `scaled` the one at the paper's
    scale k (rounding, sigma-delta). `input_requantiser`: from the integers of a frame (uint8 pixels) to s_0.
    `accumulator_bits`: 8 to 32; `overflow` says what a sum that does not fit becomes. `scales`: k_l for the input and
    each hidden layer, s_l = round(k_l * activation_l), l = 0 .. L-1.
    """

    name: str
    precision: Precision
    input_requantiser: Requantiser
    layers: tuple[IntegerLayer, ...]
    weight_bits: int
    activation_bits: int
    accumulator_bits: int
    overflow: Overflow
    scales: tuple[float, ...]

    @property
    def inputs(self) -> int:
        """Number of integers in a frame."""
        return self.layers[0].inputs

    @property
    def outputs(self) -> int:
        """Number of accumulators of the last layer."""
        return self.layers[-1].outputs


def check_integer_network(network: IntegerNetwork) -> None:
    """Raise WorkloadError unless every array has the shape, dtype and range its docstring promises."""
    problem = next(_problems(network), None)
    if problem is not None:
        raise WorkloadError(f"integer network {network.name!r}: {problem}")


def _problems(network: IntegerNetwork) -> Iterator[str]:
    yield from _setting_problems(network)
    if not network.layers:
        yield "has no layers; a network needs at least one"
        return
    if len(network.scales) != len(network.layers):
        yield f"has {len(network.scales)} scales; needs {len(network.layers)}: the input's and each hidden layer's"
    # Raw pixels are never negative, so the integers they become are the same range as after a ReLU.
    yield from _requantiser_problems("input", network.input_requantiser, "relu", (1,), network.activation_bits)
    for index, layer in enumerate(network.layers):
        where = f"layer {index + 1} ({layer.name!r})"
        yield from (f"{where}: {problem}" for problem in _layer_problems(layer, network))
        if index and layer.inputs != network.layers[index - 1].outputs:
            yield f"{where} takes {layer.inputs} inputs but the layer before gives {network.layers[index - 1].outputs}"
        if (layer.requantiser is None) != (index == len(network.layers) - 1):
            yield f"{where}: the last layer, and only it, has requantiser None"
        if layer.requantiser is not None:
            channels = (1, layer.outputs)
            yield from _requantiser_problems(
                where, layer.requantiser, layer.activation, channels, network.activation_bits
            )


def _setting_problems(network: IntegerNetwork) -> Iterator[str]:
    ranges = (("weight_bits", 2, 16), ("activation_bits", 2, 16), ("accumulator_bits", 8, 32))
    for name, low, high in ranges:
        value = getattr(network, name)
        if not low <= value <= high:
            yield f"{name} is {value}; allowed {low} to {high}"
    for name, allowed in (("overflow", get_args(Overflow)), ("precision", get_args(Precision))):
        value = getattr(network, name)
        if value not in allowed:
            yield f"{name} is {value!r}; allowed {', '.join(allowed)}"
    for scale in network.scales:
        if not (np.isfinite(scale) and scale > 0):
            yield f"scale {scale} is not a positive finite number"


def _layer_problems(layer: IntegerLayer, network: IntegerNetwork) -> Iterator[str]:
    if layer.weights.ndim != 2 or 0 in layer.weights.shape:
        yield f"weights have shape {layer.weights.shape}; needed (inputs, outputs), neither of them 0"
        return
    width = np.int8 if network.weight_bits <= 8 else np.int16
    if layer.weights.dtype != width:
        yield f"weights are {layer.weights.dtype}; {network.weight_bits} weight bits are stored as {np.dtype(width)}"
    if not layer.weights.flags.c_contiguous:
        yield "weights are not C-contiguous; a row must be one run in memory"
    most = 2 ** (network.weight_bits - 1)
    least, largest = layer.weights.min(), layer.weights.max()
    if least < -most or largest >= most:
        yield f"weights span {least} .. {largest}; {network.weight_bits} bits hold -{most} .. {most - 1}"
    for name, array, dtype in (
        ("bias", layer.bias, np.int32),
        ("accumulator_scale", layer.accumulator_scale, np.float64),
    ):
        if array.shape != (layer.outputs,) or array.dtype != dtype:
            yield f"{name} is {array.shape} {array.dtype}; needed ({layer.outputs},) {np.dtype(dtype)}"
    if not fits(layer.bias, network.accumulator_bits):
        yield f"bias spans {layer.bias.min()} .. {layer.bias.max()}, beyond {network.accumulator_bits} accumulator bits"
    if layer.activation not in get_args(Activation):
        yield f"activation is {layer.activation!r}; allowed {', '.join(get_args(Activation))}"


def _requantiser_problems(
    where: str, requantiser: Requantiser, activation: Activation, channels: tuple[int, ...], activation_bits: int
) -> Iterator[str]:
    for name in ("multiplier", "shift"):
        array = getattr(requantiser, name)
        if array.dtype != np.int32 or array.ndim != 1 or array.size not in channels:
            allowed = " or ".join(str(count) for count in sorted(set(channels)))
            yield f"{where}: {name} is {array.shape} {array.dtype}; needed {allowed} int32 values"
    if requantiser.multiplier.shape != requantiser.shift.shape:
        yield f"{where}: {requantiser.multiplier.size} multipliers but {requantiser.shift.size} shifts"
    if (requantiser.multiplier < 0).any():
        yield f"{where}: multiplier {requantiser.multiplier.min()} is negative"
    if (requantiser.shift < 1).any() or (requantiser.shift > MAX_SHIFT).any():
        yield f"{where}: shifts span {requantiser.shift.min()} .. {requantiser.shift.max()}; allowed 1 to {MAX_SHIFT}"
    if (requantiser.low, requantiser.high) != activation_range(activation, activation_bits):
        low, high = activation_range(activation, activation_bits)
        yield (
            f"{where}: clips to {requantiser.low} .. {requantiser.high}; "
            f"{activation} in {activation_bits} bits is {low} .. {high}"
        )
    if requantiser.rounding not in get_args(Rounding):
        yield f"{where}: rounding is {requantiser.rounding!r}; allowed {', '.join(get_args(Rounding))}"


def activation_range(activation: Activation, bits: int) -> tuple[int, int]:
    """Smallest and largest integer activation: unsigned after a ReLU, two's complement otherwise."""
    return (0, 2**bits - 1) if activation == "relu" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def fits(values: NDArray[np.signedinteger[Any]], bits: int) -> bool:
    """Whether every value is representable in `bits` bits of two's complement."""
    return bool(values.min() >= -(2 ** (bits - 1)) and values.max() < 2 ** (bits - 1))
