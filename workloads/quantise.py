"""From a float network to two integer networks that share their weights.

For layer l with inputs s_in = round(k_in * x), weights W = round(w / w_scale) and per-output-channel w_scale[c]:

    accumulator   bias + s_in @ W          one unit is worth w_scale[c] / k_in
    bias          round(b * k_in / w_scale[c])
    next s        round(accumulator * w_scale[c] * k_out / k_in)

so the scale k of a layer is folded into the requantiser before it and the weights after it, and the same W serves every
k (paper, section 4.1 and Appendix C: the division by k moves into the next weights). `full` has each k as large as the
activation width allows; `scaled` has the coarse scales of the rounding and sigma-delta networks.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from workloads.bounds import PIXEL_MAX
from workloads.errors import WorkloadError
from workloads.fixedpoint import multiplier_and_shift
from workloads.integer_network import (
    Activation,
    FloatArray,
    IntArray,
    IntegerLayer,
    IntegerNetwork,
    Overflow,
    Precision,
    Requantiser,
    Rounding,
    WeightArray,
    activation_range,
    check_integer_network,
)
from workloads.network import Float32Array, FloatingArray, LinearLayer, Network, activations
from workloads.quantisation_report import QuantisationReport, quantisation_report

# A channel whose weights are all zero, or thousands of times smaller than the layer's largest, is quantised as if its
# largest weight were this fraction of it. Its bias, counted in units of a tiny scale, would not fit otherwise.
SMALLEST_CHANNEL = 2.0**-12

Scale = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Quantisation(BaseModel):
    """How to make integers; part of an experiment file, so the fields are checked and described here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight_bits: int = Field(8, ge=2, le=16, description="bits of a weight, sign included; symmetric around 0")
    activation_bits: int = Field(8, ge=2, le=16, description="bits of an integer activation; unsigned after a ReLU")
    accumulator_bits: int = Field(32, ge=8, le=32, description="bits of an accumulator, sign included")
    overflow: Overflow = Field("wrap", description="what becomes of a sum that does not fit the accumulator")
    rounding: Rounding = Field("half_up", description="where requantisation rounds ties")
    levels: int = Field(15, ge=1, le=65535, description="integer steps a layer's calibrated range spans at scale k")
    percentile: float = Field(
        99.9, gt=0, le=100, description="share of activation magnitudes, in percent, that the calibrated range covers"
    )
    scales: tuple[Scale, ...] | None = Field(
        None, description="the paper's k of the input and each hidden layer, instead of levels"
    )


@dataclass(frozen=True)
class QuantisedNetwork:
    """`full`: for the original and temporal-difference networks. `scaled`: for rounding and sigma-delta."""

    full: IntegerNetwork
    scaled: IntegerNetwork
    report: QuantisationReport


def quantise(
    network: Network, calibration: NDArray[np.uint8], settings: Quantisation | None = None
) -> QuantisedNetwork:
    """Quantise `network`, choosing scales by its activations on `calibration` (n, inputs) uint8 frames.

    The input's range is known (pixels 0..255); a hidden layer's is the `percentile` of its magnitudes. Raises
    WorkloadError if no scale can be chosen, or a bias does not fit the accumulator.
    """
    settings = settings or Quantisation()
    if len(calibration) == 0:
        raise WorkloadError("no calibration frames; needed at least one, a few hundred are better")
    values = activations(network, calibration, np.float64)
    peaks = _peaks(network, values, settings.percentile)
    full = _integer_network(network, "full", _full_scales(network, peaks, settings), settings)
    scaled = _integer_network(network, "scaled", _coarse_scales(network, peaks, settings), settings)
    return QuantisedNetwork(full, scaled, quantisation_report(values, calibration, (full, scaled)))


def quantise_weights(weights: Float32Array, bits: int) -> tuple[WeightArray, FloatArray]:
    """Integer weights of (inputs, outputs) float ones, and their scale per output (outputs,): w = integer * scale.

    Symmetric: the largest magnitude of a channel becomes 2**(bits-1) - 1; the most negative integer is not used.
    """
    most = 2 ** (bits - 1) - 1
    magnitudes = np.abs(weights.astype(np.float64)).max(axis=0)
    least = magnitudes.max() * SMALLEST_CHANNEL or 1.0  # in a layer of zeros any scale will do
    scale = np.maximum(magnitudes, least) / most
    return np.rint(weights / scale).astype(np.int8 if bits <= 8 else np.int16), scale


def _peaks(network: Network, values: tuple[FloatingArray, ...], percentile: float) -> list[float]:
    peaks = [PIXEL_MAX * network.input_scale]
    for layer, activation in zip(network.layers[:-1], values[1:-1], strict=True):
        peak = float(np.percentile(np.abs(activation), percentile))
        if peak == 0:
            raise WorkloadError(
                f"network {network.name!r}, {layer.name}: {percentile} % of its activations are 0 on the "
                f"{len(activation)} calibration frames, so no scale can be chosen; calibrate on other frames, or raise "
                "percentile (100 at most)"
            )
        peaks.append(peak)
    return peaks


def _highest(network: Network, settings: Quantisation) -> list[int]:
    """Largest integer activation of the input and each hidden layer."""
    kinds = ("relu", *(layer.activation for layer in network.layers[:-1]))
    return [activation_range(kind, settings.activation_bits)[1] for kind in kinds]


def _full_scales(network: Network, peaks: list[float], settings: Quantisation) -> tuple[float, ...]:
    return tuple(_six_digits(high / peak) for high, peak in zip(_highest(network, settings), peaks, strict=True))


def _coarse_scales(network: Network, peaks: list[float], settings: Quantisation) -> tuple[float, ...]:
    if settings.scales is not None:
        if len(settings.scales) != len(network.layers):
            raise WorkloadError(
                f"{len(settings.scales)} scales for network {network.name!r}; needed {len(network.layers)}: one for "
                "the input and one for each hidden layer"
            )
        return settings.scales
    highest = min(_highest(network, settings))
    if settings.levels > highest:
        raise WorkloadError(
            f"levels is {settings.levels}, but {settings.activation_bits}-bit activations of network {network.name!r} "
            f"reach {highest}; lower levels or raise activation_bits"
        )
    return tuple(_six_digits(settings.levels / peak) for peak in peaks)


def _six_digits(scale: float) -> float:
    """Matrix products differ in their last bits from machine to machine; rounded scales and their integers do not."""
    return float(f"{scale:.6g}")


def _integer_network(
    network: Network, precision: Precision, scales: tuple[float, ...], settings: Quantisation
) -> IntegerNetwork:
    following = (*scales[1:], None)
    result = IntegerNetwork(
        name=network.name,
        precision=precision,
        input_requantiser=_requantiser(np.array([network.input_scale * scales[0]]), "relu", settings),
        layers=tuple(
            _integer_layer(layer, k_in, k_out, settings)
            for layer, k_in, k_out in zip(network.layers, scales, following, strict=True)
        ),
        weight_bits=settings.weight_bits,
        activation_bits=settings.activation_bits,
        accumulator_bits=settings.accumulator_bits,
        overflow=settings.overflow,
        scales=scales,
    )
    check_integer_network(result)
    return result


def _integer_layer(layer: LinearLayer, k_in: float, k_out: float | None, settings: Quantisation) -> IntegerLayer:
    weights, weight_scale = quantise_weights(layer.weights, settings.weight_bits)
    unit = weight_scale / k_in
    return IntegerLayer(
        name=layer.name,
        weights=weights,
        bias=_integer_bias(layer, unit, settings.accumulator_bits),
        activation=layer.activation,
        requantiser=None if k_out is None else _requantiser(unit * k_out, layer.activation, settings),
        accumulator_scale=unit,
    )


def _integer_bias(layer: LinearLayer, unit: FloatArray, bits: int) -> IntArray:
    real = np.rint(layer.bias / unit)
    limit = 2.0 ** (bits - 1)
    if (np.abs(real) >= limit).any():
        output = int(np.abs(real).argmax())
        raise WorkloadError(
            f"{layer.name}, output {output}: bias {layer.bias[output]:.6g} is {real[output]:.0f} accumulator units, "
            f"beyond {bits} bits; raise accumulator_bits, or make the units coarser (fewer weight or activation bits, "
            "smaller scales)"
        )
    return real.astype(np.int32)


def _requantiser(factors: FloatArray, activation: Activation, settings: Quantisation) -> Requantiser:
    multiplier, shift = multiplier_and_shift(factors)
    low, high = activation_range(activation, settings.activation_bits)
    return Requantiser(multiplier, shift, low, high, settings.rounding)
