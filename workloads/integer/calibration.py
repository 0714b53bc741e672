"""Ranges of activations, measured on sample frames in bounded memory.

Magnitudes are counted by the bits of their float32 form, whose order is that of the numbers: the upper 16 bits in one
pass over the frames, and for percentiles the lower 16 bits, of the numbers that matter, in a second one. Percentiles
are exact however many frames there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.graphs.graph import Network, Preprocessing
from workloads.graphs.normalisation import NORMALISATIONS
from workloads.graphs.operations import FloatingArray
from workloads.graphs.run import normalise, walk_graph
from workloads.integer.checks import PIXEL_MAX
from workloads.integer.float_layers import FloatLayer, sent_values

Calibration = Literal["percentile", "largest", "mse"]
Counts = NDArray[np.int64]

_BATCH_BYTES = 64 << 20
_HALF = 1 << 16
_INFINITY = 0x7F80  # upper half of the bits of infinity; those of NaN are larger
# Candidates for the range of least squared error: from the largest magnitude to 1/256 of it, 3 % apart.
_CANDIDATES = 2.0 ** -np.linspace(0, 8, 201)


@dataclass(frozen=True, eq=False)
class Magnitudes:
    """How large a layer's activations are on `frames` calibration frames.

    `counts`: (32768,) int64, of the float32 magnitudes by their upper 16 bits. `quantile`: the magnitude at the wanted
    percentile, or None if none was wanted.
    """

    counts: Counts
    quantile: float | None


def float_batches(graph: Network, frames: NDArray[np.uint8]) -> Iterator[tuple[slice, FloatingArray]]:
    """Which frames, and their real values (n, C, H, W) float32: as few as let the widest node fill 64 MB in float64."""
    normalisation = preprocessing_of(graph)
    widest = max(int(np.prod(shape)) for shape in graph.shapes.values())
    batch = max(1, _BATCH_BYTES // (8 * widest))
    for first in range(0, len(frames), batch):
        part = slice(first, first + batch)
        yield part, normalise(normalisation, frames[part].reshape(-1, *graph.input_map))


def preprocessing_of(graph: Network) -> Preprocessing:
    """How pixels become the input of `graph`. Raises WorkloadError if it does not say."""
    if graph.preprocessing is None:
        raise WorkloadError(
            f"network {graph.name!r} does not say how pixels become its input, so it cannot be made of integers; "
            "load it with one: ds.load_network(path, normalisation='torch-rgb'), or another of "
            f"{', '.join(NORMALISATIONS)}"
        )
    return graph.preprocessing


def measure(
    graph: Network, layers: tuple[FloatLayer, ...], frames: NDArray[np.uint8], percentile: float | None
) -> list[Magnitudes]:
    """Magnitudes of what each of `layers` sends when `graph` is shown `frames` (n, pixels) uint8."""
    counts = [np.zeros(_HALF // 2, np.int64) for _ in layers]
    for index, bits in _walk(graph, layers, frames):
        counts[index] += np.bincount(bits >> 16, minlength=_HALF // 2)
    for layer, count in zip(layers, counts, strict=True):
        if count[_INFINITY:].any():
            raise WorkloadError(
                f"network {graph.name!r}, {layer.name}: its activations are not finite in float32 on the calibration "
                "frames; check the weights, and the normalisation of the pixels"
            )
    if percentile is None:
        return [Magnitudes(count, None) for count in counts]
    quantiles = _quantiles(graph, layers, frames, counts, percentile)
    return [Magnitudes(count, quantile) for count, quantile in zip(counts, quantiles, strict=True)]


def pixel_range(frames: NDArray[np.uint8]) -> int:
    """The brightest pixel that the integers of the input shall reach: 1, 3, 7, ... or 255, the first that none of the
    calibration `frames` exceeds.

    A pixel is an integer already, so its range is told by the bits it uses. No percentile is taken: it would cut white
    off pictures, and all events off frames that hold few. The next power of two leaves room for other frames, so that
    pictures have 0..255 whether or not there is a white pixel among those seen. Black frames say nothing: 255.
    """
    brightest = int(frames.max(initial=0))
    return (1 << brightest.bit_length()) - 1 if brightest else PIXEL_MAX


def calibrated_range(magnitudes: Magnitudes, levels: int) -> float:
    """The range to span: the percentile where one was wanted, else that of least squared error in `levels` steps."""
    if magnitudes.quantile is not None:
        return magnitudes.quantile
    return _least_squares(magnitudes.counts, levels)


def _walk(
    graph: Network, layers: tuple[FloatLayer, ...], frames: NDArray[np.uint8]
) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    """For batch after batch of frames, the index of a layer and the bits of the magnitudes of what it sends."""
    by_node: dict[str, list[int]] = {}
    for index, layer in enumerate(layers):
        by_node.setdefault(layer.place.node, []).append(index)
    for _, real in float_batches(graph, frames):
        for node, values in walk_graph(graph, real, np.float64):  # see scales: equal on all machines to six digits
            for index in by_node.get(node.name, ()):
                sent = sent_values(layers[index].place, layers[index].sent_shape, values)
                with np.errstate(over="ignore"):  # infinity is reported by name
                    magnitudes = np.abs(sent).astype(np.float32)
                yield index, magnitudes.ravel().view(np.uint32)


def _quantiles(
    graph: Network, layers: tuple[FloatLayer, ...], frames: NDArray[np.uint8], counts: list[Counts], percentile: float
) -> list[float]:
    """The percentile of each layer, by linear interpolation between the two nearest magnitudes."""
    places = [(int(count.sum()) - 1) * (percentile / 100) for count in counts]
    ranks = [
        (int(place), min(int(place) + 1, int(count.sum()) - 1)) for place, count in zip(places, counts, strict=True)
    ]
    upper = [np.searchsorted(count.cumsum(), rank, side="right") for count, rank in zip(counts, ranks, strict=True)]
    lower = [np.zeros((2, _HALF), np.int64) for _ in layers]
    for index, bits in _walk(graph, layers, frames):
        for end in range(2):
            fitting = bits[bits >> 16 == upper[index][end]] & (_HALF - 1)
            lower[index][end] += np.bincount(fitting, minlength=_HALF)
    found = []
    for index, place in enumerate(places):
        below = counts[index].cumsum()[upper[index]] - counts[index][upper[index]]
        rest = [
            int(np.searchsorted(lower[index][end].cumsum(), ranks[index][end] - below[end], side="right"))
            for end in range(2)
        ]
        first, second = _magnitudes(np.array(upper[index], np.int64) * _HALF + rest)
        found.append(float(first + (second - first) * (place - ranks[index][0])))
    return found


def _magnitudes(bits: NDArray[np.int64]) -> NDArray[np.float64]:
    """The numbers whose float32 bits these are."""
    return bits.astype(np.uint32).view(np.float32).astype(np.float64)


def _least_squares(counts: Counts, levels: int) -> float:
    """The range that, cut into `levels` steps and with magnitudes beyond it clipped, has the least squared error.

    Magnitudes counted together are taken to be spread evenly over the numbers that share their upper 16 bits.
    """
    used = np.flatnonzero(counts)
    low, high = _magnitudes(used * _HALF), _magnitudes((used + 1) * _HALF)
    if not high[-1] or used[-1] == 0:  # zeros, and numbers too small to matter
        return 0.0
    ranges = low[-1] * _CANDIDATES
    scale = levels / ranges[:, None]
    errors = (_error_up_to(high * scale, levels) - _error_up_to(low * scale, levels)) / (scale**3 * (high - low))
    return float(ranges[np.argmin(errors @ counts[used])])


def _error_up_to(steps: NDArray[np.float64], levels: int) -> NDArray[np.float64]:
    """The integral of (t - clip(round(t)))**2 from 0 to `steps`: 1/12 per whole step and the rest of the last one."""
    whole = np.minimum(np.rint(steps), levels)
    error: NDArray[np.float64] = whole / 12 + (steps - whole) ** 3 / 3
    return error
