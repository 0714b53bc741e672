"""The layers an integer network will have, still in float: one linear operation each, and what follows it in its core.

Maps here are laid out as in an integer network: (height, width, channels), weights as in integer_network.Synapses.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from workloads.graphs.activations import function_of
from workloads.graphs.operations import Activation, Convolution, Float32Array, FloatingArray, Shape
from workloads.integer.network import Map, MaxPooling, Window

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Link:
    """Weights from one sender: float32 in the layout of integer_network.Synapses, dense if `window` is None."""

    source: int
    weights: Float32Array
    window: Window | None = None


@dataclass(frozen=True)
class Place:
    """Where a float graph has the map a layer sends: channels (or entries) `first` and on of node `node`."""

    node: str
    first: int = 0


@dataclass(frozen=True, eq=False)
class FloatLayer:
    """A layer before quantisation; shapes are (height, width, channels).

    `counts`: its weights are counts (how often a value is added), kept as they are instead of being scaled.
    `divisors`: (height, width) by which its sums are divided (average pools), or None. `bias`: (channels,).
    `nodes`: the graph's nodes that it computes. `place`: where the graph has what it sends.
    """

    name: str
    nodes: tuple[str, ...]
    links: tuple[Link, ...]
    bias: Float32Array
    shape: Map
    sent_shape: Map
    place: Place
    counts: bool = False
    divisors: FloatArray | None = None
    pool: MaxPooling | None = None
    activation: Activation | None = None

    @property
    def uneven(self) -> bool:
        """Whether accumulators of one channel have different units, so that they cannot be compared with each other."""
        return self.divisors is not None and bool((self.divisors != self.divisors.flat[0]).any())

    @property
    def unsigned(self) -> bool:
        """Whether its activation never lets a negative value pass."""
        return self.activation is not None and function_of(self.activation).unsigned(self.activation)

    @property
    def rises(self) -> bool:
        """Whether its activation never falls, so that a maximum may be taken before it."""
        return self.activation is None or function_of(self.activation).rises


def map_of(shape: Shape) -> Map:
    """(height, width, channels) of a graph's value: a vector is one pixel."""
    return (shape[1], shape[2], shape[0]) if len(shape) == 3 else (1, 1, shape[0])


def sent_values(place: Place, shape: Map, values: FloatingArray) -> FloatingArray:
    """What a layer sends, (n, H * W * C) in (y, x, channel) order, out of the graph's `values` at its place."""
    height, width, channels = shape
    taken = channels if values.ndim == 4 else prod(shape)
    maps = values[:, place.first : place.first + taken].reshape(len(values), channels, height, width)
    return maps.transpose(0, 2, 3, 1).reshape(len(values), -1)


def convolution_link(source: int, operation: Convolution, weights: Float32Array, groups: int) -> Link:
    """Weights (out, in / groups, kernel y, kernel x) of some of a convolution's channels, from one sender."""
    outputs, taken, *kernel = weights.shape
    grouped = weights.reshape(groups, outputs // groups, taken, *kernel).transpose(0, 2, 3, 4, 1)
    laid_out = np.ascontiguousarray(grouped.reshape(groups * taken, *kernel, outputs // groups))
    top, left = operation.padding[:2]
    return Link(source, laid_out, Window(operation.stride, (top, left), operation.dilation, groups))


def dense_link(source: int, weights: Float32Array, shape: Map) -> Link:
    """Rows (C * H * W, outputs) in (channel, y, x) order, for a sender whose map is `shape`."""
    height, width, channels = shape
    rows = weights.reshape(channels, height, width, -1).transpose(1, 2, 0, 3)
    return Link(source, np.ascontiguousarray(rows.reshape(len(weights), -1)))


def depthwise_link(
    source: int,
    channels: int,
    kernel: tuple[int, int] = (1, 1),
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
) -> Link:
    """The sum over each window of each channel; by default, of one pixel: the map as it is."""
    return Link(source, np.ones((channels, *kernel, 1), np.float32), Window(stride, padding, groups=channels))


def selection_link(source: int, channels: int, first: int, outputs: int) -> Link:
    """The map as it is, as channels `first` and on of `outputs`."""
    weights = np.zeros((channels, 1, 1, outputs), np.float32)
    weights[np.arange(channels), 0, 0, first + np.arange(channels)] = 1
    return Link(source, weights, Window())


def merged_links(links: list[Link]) -> tuple[Link, ...]:
    """One link per sender: weights from the same sender over the same window are added up."""
    merged: dict[int, Link] = {}
    for link in links:
        known = merged.get(link.source)
        merged[link.source] = link if known is None else Link(link.source, known.weights + link.weights, link.window)
    return tuple(merged.values())


def zeros(channels: int) -> Float32Array:
    """No bias."""
    return np.zeros(channels, np.float32)
