"""A quantised network as data: integer weights, biases and requantisers, and the check that they fit together.

What a simulator executes. Cores are numbered from 0, the input; core l holds layer l. Every core sends a map of
integers s_l, (height, width, channels); a dense layer's map has one pixel. All in integers:

    s_0 = requantise(frame * 2**input_shift - input_offset)
    U_l = bias_l + sum over its synapses of the linear operation on the sender's s      accumulator_bits wide
    s_l = requantise(activation(max-pool(U_l)))                                         clipped to low_l .. high_l

and the accumulators of the last layer are the output. A layer may have several senders (residual addition, parts of a
concatenation) and a sender several receivers, always of a higher number.
"""

from dataclasses import dataclass
from math import prod
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from workloads.html_table import html_table, sides
from workloads.integer.linear import Convolution, DenseMatrix, Linear, Map, WeightArray, Window
from workloads.integer.requantiser import MAX_SHIFT, IntArray, Requantiser, Rounding
from workloads.integer.unary import Identity, Relu, Unary

__all__ = [
    "MAX_SHIFT",
    "FloatArray",
    "Identity",
    "IntArray",
    "IntegerLayer",
    "IntegerNetwork",
    "Map",
    "MaxPooling",
    "Overflow",
    "Precision",
    "Relu",
    "Requantiser",
    "Rounding",
    "Synapses",
    "Unary",
    "WeightArray",
    "Window",
    "dense_layer",
]

Overflow = Literal["wrap", "saturate"]
Precision = Literal["full", "scaled"]

FloatArray: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Synapses:
    """The linear operation from the map of one sender to the accumulators of a layer.

    `source`: number of the sending core. `weights` int8 when the network has at most 8 weight bits and int16
    otherwise, C-contiguous. Dense (`window` None): (inputs, outputs), row i being what one unit of the sender's
    neuron i adds, neurons in (y, x, channel) order. Convolution: (channels in, kernel y, kernel x, outputs per
    group); output channels of group g are g * outputs per group onwards, and input channels are shared out to the
    groups in order. `delay`: 0, or 1 for what the sender sent in the frame before, which no engine computes yet.
    """

    source: int
    weights: WeightArray
    window: Window | None = None
    delay: Literal[0, 1] = 0

    @property
    def linear(self) -> Linear:
        """The linear operation that these are."""
        return DenseMatrix(self.weights) if self.window is None else Convolution(self.weights, self.window)


@dataclass(frozen=True)
class MaxPooling:
    """Largest accumulator of each window of each channel; positions outside the map do not count. Pairs are (y, x)."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """A layer in integers.

    `shape`: (height, width, channels) of its accumulators. `bias`: (channels,) int32 at accumulator scale.
    `activation`: a function of one accumulator (see unary). `pool`: taken over accumulators, before the activation
    (they commute: activations here never fall). `sent_shape`: the map that is sent, `shape` where there is no pool.
    `requantiser`: None for the last layer, whose accumulators are the output. `accumulator_scale`: (channels,)
    float64, the real value of one unit: real = accumulator * accumulator_scale. `weight_bits`, `accumulator_bits`:
    its own widths, None for the network's; `zero_point`: the integer that stands for 0 in what it sends. No engine
    has other widths than the network's or another zero point than 0 yet (check_integer_network says so).
    """

    name: str
    shape: Map
    synapses: tuple[Synapses, ...]
    bias: IntArray
    activation: Unary
    requantiser: Requantiser | None
    accumulator_scale: FloatArray
    sent_shape: Map
    pool: MaxPooling | None = None
    weight_bits: int | None = None
    accumulator_bits: int | None = None
    zero_point: int = 0

    def __repr__(self) -> str:
        sums, sent = (" x ".join(map(str, shape)) for shape in (self.shape, self.sent_shape))
        return f"IntegerLayer({self.name!r}: accumulators {sums}, sends {sent}, {self.weight_count:,} weights)"

    @property
    def accumulators(self) -> int:
        """Number of accumulators."""
        return prod(self.shape)

    @property
    def outputs(self) -> int:
        """Number of neurons that send: accumulators after pooling."""
        return prod(self.sent_shape)

    @property
    def weight_count(self) -> int:
        """Number of stored weights, each kernel once."""
        return sum(int(synapses.weights.size) for synapses in self.synapses)


def dense_layer(
    name: str,
    weights: WeightArray,
    bias: IntArray,
    activation: Unary,
    requantiser: Requantiser | None,
    accumulator_scale: FloatArray,
    source: int,
) -> IntegerLayer:
    """A fully connected layer of one sender: weights (inputs, outputs), the rest (outputs,)."""
    shape = (1, 1, int(weights.shape[1]))
    return IntegerLayer(
        name, shape, (Synapses(source, weights),), bias, activation, requantiser, accumulator_scale, shape
    )


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """Integer layers in an order in which every sender comes before its receivers.

    `precision`: `full` is the fixed-point network (original, temporal difference), `scaled` the one at the paper's
    scale k (rounding, sigma-delta). `input_shape`: (height, width, channels) of a frame of uint8 pixels, which core 0
    turns into s_0 by `input_shift`, `input_offset` (channels,) int32 and `input_requantiser`. `accumulator_bits`: 8
    to 32; `overflow` says what a sum that does not fit becomes. `scales`: k_l for the input and each layer but the
    last, s_l = round(k_l * activation_l). A network at full fixed point may have one scale per channel inside
    a layer; its `scales` are then those of the layer as a whole.
    """

    name: str
    precision: Precision
    input_shape: Map
    input_requantiser: Requantiser
    layers: tuple[IntegerLayer, ...]
    weight_bits: int
    activation_bits: int
    accumulator_bits: int
    overflow: Overflow
    scales: tuple[float, ...]
    input_offset: IntArray
    input_shift: int = 0

    def __repr__(self) -> str:
        bits = f"{self.weight_bits}/{self.activation_bits}/{self.accumulator_bits}"
        return (
            f"IntegerNetwork({self.name!r}, {self.precision}: {self.inputs} inputs, {len(self.layers)} layers, "
            f"{self.outputs} outputs; {bits} bits of weights/activations/accumulators)"
        )

    def _repr_html_(self) -> str:
        """What a notebook shows: layer by layer the maps (height x width x channels), the weights, and the scale k of
        what it sends.
        """
        scales = [f"{each:.4g}" for each in self.scales[1:]] + ["accumulators"]
        rows = [
            (each.name, sides(each.shape), sides(each.sent_shape), f"{each.weight_count:,}", scale)
            for each, scale in zip(self.layers, scales, strict=True)
        ]
        title = f"Integer network {self.name} ({self.precision}): frames of {sides(self.input_shape)}"
        bits = f"{self.weight_bits}, {self.activation_bits} and {self.accumulator_bits}"
        notes = [f"{bits} bits of weights, activations and accumulators"]
        return html_table(title, ("layer", "accumulators", "sends", "weights", "scale k"), rows, notes)

    @property
    def inputs(self) -> int:
        """Number of integers in a frame."""
        return prod(self.input_shape)

    @property
    def outputs(self) -> int:
        """Number of accumulators of the last layer."""
        return self.layers[-1].accumulators

    def sent_shape(self, core: int) -> Map:
        """(height, width, channels) of the map that a core sends: core 0 is the input."""
        return self.input_shape if core == 0 else self.layers[core - 1].sent_shape
