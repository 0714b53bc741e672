"""The linear operations from a sender's map to a layer's accumulators: one small type each, listed in `Linear`.

Synapses say by their window which one they are (`Synapses.linear`). Changes pass through all of them as values do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Map: TypeAlias = tuple[int, int, int]
WeightArray: TypeAlias = NDArray[np.signedinteger[Any]]


@dataclass(frozen=True)
class Window:
    """How a convolution's kernel moves over the sender's map. Pairs are (y, x); `padding` is (top, left), of zeros.

    Output pixel (y, x) reads input pixels (stride * y + dilation * i - padding top, ...), i = 0 .. kernel y - 1.
    """

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1


@dataclass(frozen=True, eq=False)
class DenseMatrix:
    """Every neuron of the sender meets every accumulator. `weights`: (inputs, outputs)."""

    weights: WeightArray

    @property
    def groups(self) -> int:
        """All channels are one group."""
        return 1

    @property
    def axes(self) -> str:
        """What the axes of the weights are, in words."""
        return "(inputs, outputs)"

    def problems(self, sent: Map, shape: Map) -> Iterator[str]:
        """What keeps it from leading from a map `sent` to accumulators of `shape`."""
        inputs, outputs = self.weights.shape
        if inputs != np.prod(sent):
            yield f"weights take {inputs} inputs but the sender's map {sent} has {np.prod(sent)} neurons"
        if shape != (1, 1, outputs):
            yield f"dense weights give {outputs} outputs, but shape is {shape}; needed (1, 1, {outputs})"


@dataclass(frozen=True, eq=False)
class Convolution:
    """A kernel that moves over the sender's map. `weights`: (channels in, kernel y, kernel x, outputs per group)."""

    weights: WeightArray
    window: Window

    @property
    def groups(self) -> int:
        """Groups of channels that do not meet."""
        return self.window.groups

    @property
    def axes(self) -> str:
        """What the axes of the weights are, in words."""
        return "(channels in, kernel y, kernel x, outputs per group)"

    def problems(self, sent: Map, shape: Map) -> Iterator[str]:
        """What keeps it from leading from a map `sent` to accumulators of `shape`."""
        weights, window = self.weights, self.window
        pairs = (("stride", window.stride, 1), ("dilation", window.dilation, 1), ("padding", window.padding, 0))
        for name, pair, least in pairs:
            if len(pair) != 2 or min(pair) < least:
                yield f"{name} is {pair}; needed (y, x), each {least} or more"
        if window.groups < 1 or weights.shape[0] % window.groups:
            yield f"{weights.shape[0]} input channels cannot be shared by {window.groups} groups"
        if weights.shape[0] != sent[2]:
            yield f"weights take {weights.shape[0]} channels but the sender's map {sent} has {sent[2]}"
        if weights.shape[3] * window.groups != shape[2]:
            made = weights.shape[3] * window.groups
            yield f"{window.groups} groups of {weights.shape[3]} outputs are {made} channels, but shape is {shape}"


Linear: TypeAlias = DenseMatrix | Convolution


def magnitudes(linear: Linear) -> NDArray[np.int64]:
    """Sum of |w| into each output channel, (channels,) int64: what inputs of magnitude 1 add at most."""
    weights = np.abs(linear.weights.astype(np.int64))
    sums: NDArray[np.int64] = weights.reshape(linear.groups, -1, weights.shape[-1]).sum(axis=1)
    return sums.ravel()
