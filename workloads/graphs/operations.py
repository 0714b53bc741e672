"""What a node of a network graph computes: one small class per operation, every number it needs as a field.

Values between nodes are either maps, shape (C, H, W), or vectors, shape (N,). Pairs are (y, x); padding is (top, left,
bottom, right), in pixels, each side on its own.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

INPUT = "input"
"""Name by which nodes read the frame; no node may have it."""

Float32Array = NDArray[np.float32]
FloatingArray = NDArray[np.floating[Any]]
Pair: TypeAlias = tuple[int, int]
Padding: TypeAlias = tuple[int, int, int, int]
Shape: TypeAlias = tuple[int, ...]

NO_PADDING: Padding = (0, 0, 0, 0)


@dataclass(frozen=True, eq=False)
class Convolution:
    """Sum over a window: out[o, y, x] = bias[o] + sum of weights[o, c, i, j] * in[c + first, sy*y + dy*i, sx*x + dx*j].

    `weights`: (out, in / groups, kernel y, kernel x) float32; `bias`: (out,) float32. Output o reads the in / groups
    channels of its group, which begin at `first`; groups = in is a depthwise convolution. Padding is zeros.
    """

    weights: Float32Array
    bias: Float32Array
    stride: Pair = (1, 1)
    padding: Padding = NO_PADDING
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def kernel(self) -> Pair:
        """Rows and columns of the window, without dilation."""
        return int(self.weights.shape[2]), int(self.weights.shape[3])


@dataclass(frozen=True, eq=False)
class Dense:
    """`in.ravel() @ weights + bias`, a map being read in C, H, W order. Gives a vector.

    `weights`: (inputs, outputs) float32; `bias`: (outputs,) float32.
    """

    weights: Float32Array
    bias: Float32Array


@dataclass(frozen=True)
class MaxPool:
    """Largest value of each window of each channel; padding counts as minus infinity.

    `ceil`: round the number of windows up instead of down, a last window that would begin past the map and its padding
    above or left of it left out (ONNX's `ceil_mode`).
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = NO_PADDING
    dilation: Pair = (1, 1)
    ceil: bool = False


@dataclass(frozen=True)
class AveragePool:
    """Mean of each window of each channel.

    `ceil` as in MaxPool. `count_padding`: divide by the positions inside map and padding, padding being zeros (ONNX's
    `count_include_pad`), instead of by those inside the map. Positions past both never count.
    """

    kernel: Pair
    stride: Pair = (1, 1)
    padding: Padding = NO_PADDING
    ceil: bool = False
    count_padding: bool = False


@dataclass(frozen=True)
class GlobalAveragePool:
    """Mean of each channel: (C, H, W) to (C, 1, 1)."""


@dataclass(frozen=True)
class Activation:
    """A function of one value, of a kind that activations.FUNCTIONS lists. `relu`: max(v, 0). `clip`: min(max(v, low),
    high). `leaky`: v if v >= 0, else slope * v.

    `low` and `high` matter to `clip` alone and may be infinite, `slope` to `leaky` alone. ReLU6 is clip from 0 to 6.
    """

    kind: str
    low: float = 0.0
    high: float = float("inf")
    slope: float = 0.0


@dataclass(frozen=True)
class Add:
    """Sum of two or more values of one shape (a residual connection)."""


@dataclass(frozen=True)
class Concatenate:
    """Channels of two or more maps, or entries of vectors, one after the other."""


@dataclass(frozen=True)
class Flatten:
    """A map as a vector, in C, H, W order."""


@dataclass(frozen=True)
class Softmax:
    """exp(v) over the sum of exp over the channels; its logarithm if `logarithm`. Only as the last node."""

    logarithm: bool = False


Operation: TypeAlias = (
    Convolution | Dense | MaxPool | AveragePool | GlobalAveragePool | Activation | Add | Concatenate | Flatten | Softmax
)


@dataclass(frozen=True, eq=False)
class Node:
    """An operation on the values of other nodes; `inputs` are their names, INPUT being the frame."""

    name: str
    operation: Operation
    inputs: tuple[str, ...]
