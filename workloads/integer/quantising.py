"""From a float network to two integer networks that share their weights.

`full` has each scale k as large as the activation width allows; `scaled` has the coarse scales of the rounding and
sigma-delta networks. How a layer becomes integers stands in integer_layers, how a graph becomes layers in lowering.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.shapes import fit_frames, flat_frames
from workloads.frames.source import Frames, stacked
from workloads.graphs.graph import Network, Preprocessing
from workloads.integer.calibration import measure, pixel_range, preprocessing_of
from workloads.integer.checks import WIDEST_INPUT_SHIFT, check_integer_network
from workloads.integer.float_layers import map_of
from workloads.integer.layers import integer_layer
from workloads.integer.lowering import Lowered, lower
from workloads.integer.network import FloatArray, IntArray, IntegerNetwork, Precision
from workloads.integer.quantisation import Quantisation
from workloads.integer.quantisation_report import quantisation_report
from workloads.integer.quantised import QuantisedNetwork
from workloads.integer.requantising import requantiser_of
from workloads.integer.scales import check_ranges, coarse_scales, full_scales, senders_of

_LARGEST_MEAN = 2.0**14
CALIBRATION_BYTES = 64 * 2**20


def _pixels(
    calibration: Frames | NDArray[np.uint8] | Sequence[NDArray[np.uint8]], shape: tuple[int, ...], network: str
) -> NDArray[np.uint8]:
    """Calibration frames (n, pixels) in the network's order. Raises WorkloadError if they are of another shape."""
    if isinstance(calibration, Frames):
        fitting = fit_frames(calibration, shape, network)
        return fitting.read(0, min(fitting.count, max(1, CALIBRATION_BYTES // fitting.pixels)))
    return flat_frames(stacked(calibration), shape, "calibration frames", network)


def quantise(
    network: Network,
    calibration: Frames | NDArray[np.uint8] | Sequence[NDArray[np.uint8]],
    settings: Quantisation | None = None,
) -> QuantisedNetwork:
    """Make integers of a float network, with scales for the activations seen on `calibration` frames.

    `calibration`: (n, *input_shape) uint8, or (n, pixels), frames flattened in that order, (channel, y, x) for maps; or
    a list of such frames; or Frames, of which as many are read as fit 64 MiB. A soft-max at the end is left to float.
    Raises WorkloadError if the frames do not fit, a node of a graph cannot be computed in integers, a layer is silent
    on the frames, or a bias does not fit the accumulator.
    """
    settings = settings or Quantisation()
    preprocessing = preprocessing_of(network)
    calibration = _pixels(calibration, network.input_shape, network.name)
    if not len(calibration):
        raise WorkloadError(f"no calibration frames for network {network.name!r}; a few hundred typical ones will do")
    lowered = lower(network)
    magnitudes = measure(network, lowered.layers[:-1], calibration, settings.covered_percent)
    senders = senders_of(lowered.layers, preprocessing, pixel_range(calibration), magnitudes, settings)
    check_ranges(senders, settings, network.name, len(calibration))
    scaled_k = coarse_scales(senders, settings, network.name)
    full_k = full_scales(senders)
    finest = tuple(max(pair) for pair in zip(full_k, scaled_k, strict=True))  # weights serve both
    full = _integer_network(network, lowered, "full", full_k, finest, settings)
    scaled = _integer_network(network, lowered, "scaled", scaled_k, finest, settings)
    report = quantisation_report(network, lowered, calibration, (full, scaled))
    networks: dict[Precision, IntegerNetwork] = {"full": full, "scaled": scaled}
    return QuantisedNetwork(networks, report, network.input_shape, network.shapes[network.output])


def _integer_network(
    graph: Network,
    lowered: Lowered,
    precision: Precision,
    scales: tuple[float, ...],
    finest: tuple[float, ...],
    settings: Quantisation,
) -> IntegerNetwork:
    preprocessing = preprocessing_of(graph)
    shift, offset = _input_offset(preprocessing, graph.name)
    factors = np.array(preprocessing.scale) * scales[0] / 2.0**shift
    result = IntegerNetwork(
        name=graph.name,
        precision=precision,
        input_shape=map_of(graph.input_map),
        input_requantiser=requantiser_of(_one_if_equal(factors), bool(offset.max() <= 0), settings),
        layers=tuple(
            integer_layer(layer, scales[layer.links[0].source], k_out, settings, finest[layer.links[0].source])
            for layer, k_out in zip(lowered.layers, (*scales[1:], None), strict=True)
        ),
        weight_bits=settings.weight_bits,
        activation_bits=settings.activation_bits,
        accumulator_bits=settings.accumulator_bits,
        overflow=settings.overflow,
        scales=scales,
        input_offset=offset,
        input_shift=shift,
    )
    check_integer_network(result)
    return result


def _input_offset(preprocessing: Preprocessing, name: str) -> tuple[int, IntArray]:
    """The smallest shift at which the means are integers to 2**-17 of a pixel, and those integers."""
    mean = np.array(preprocessing.mean, np.float64)
    if np.abs(mean).max() >= _LARGEST_MEAN:
        raise WorkloadError(
            f"network {name!r} subtracts mean {preprocessing.mean} from pixels of 0..255; supported are means up to "
            f"{_LARGEST_MEAN:.0f}"
        )
    for shift in range(WIDEST_INPUT_SHIFT + 1):
        offset = np.rint(mean * 2.0**shift)
        if (np.abs(offset / 2.0**shift - mean) <= 2.0 ** -(WIDEST_INPUT_SHIFT + 1)).all():
            break
    return shift, offset.astype(np.int32)


def _one_if_equal(factors: FloatArray) -> FloatArray:
    return factors[:1] if (factors == factors[0]).all() else factors
