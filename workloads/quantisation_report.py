"""What quantisation did to a network: widths, ranges, saturation and agreement with float, measured on frames."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.bounds import bits_needed, largest_inputs, static_bound
from workloads.integer_network import IntegerNetwork, Precision
from workloads.network import FloatingArray
from workloads.reference import IntegerTrace, integer_forward


@dataclass(frozen=True)
class InputReport:
    """The integers of the frames themselves; the fields mean what they do in LayerReport."""

    precision: Precision
    scale: float
    saturated_share: float
    signal_to_noise_db: float


@dataclass(frozen=True)
class LayerReport:
    """One layer at one precision.

    `scale`: k of its activations, None for the last layer. `weight_low`, `weight_high`: range of its integer weights.
    `static_bound`: largest accumulator magnitude possible, `bits_needed` to hold it, and `accumulator_bits` there are;
    `peak`: largest magnitude seen. `saturated_share`: share of activations clipped. `signal_to_noise_db`: power of the
    float activations (of the last layer: outputs) over that of their difference to the integers' real values.
    """

    precision: Precision
    layer: int
    name: str
    scale: float | None
    weight_low: int
    weight_high: int
    static_bound: int
    bits_needed: int
    accumulator_bits: int
    peak: int
    saturated_share: float
    signal_to_noise_db: float


@dataclass(frozen=True)
class QuantisationReport:
    """`agreement`: per precision, share of the `frames` calibration frames whose largest output is float's largest."""

    frames: int
    inputs: tuple[InputReport, ...]
    layers: tuple[LayerReport, ...]
    agreement: dict[Precision, float]

    @property
    def fits(self) -> bool:
        """Whether no accumulator of either network can ever overflow, whatever the frames."""
        return all(layer.bits_needed <= layer.accumulator_bits for layer in self.layers)


def quantisation_report(
    values: tuple[FloatingArray, ...], frames: NDArray[np.uint8], networks: tuple[IntegerNetwork, ...]
) -> QuantisationReport:
    """Compare integer `networks` with the float `values` (as of network.activations) on the same `frames`."""
    traces = [(network, integer_forward(network, frames)) for network in networks]
    best = values[-1].argmax(axis=1)
    return QuantisationReport(
        frames=len(frames),
        inputs=tuple(_input_report(network, trace, values[0]) for network, trace in traces),
        layers=tuple(
            _layer_report(network, trace, index, values[index + 1])
            for network, trace in traces
            for index in range(len(network.layers))
        ),
        agreement={
            network.precision: float((_outputs(network, t).argmax(axis=1) == best).mean()) for network, t in traces
        },
    )


def _input_report(network: IntegerNetwork, trace: IntegerTrace, values: FloatingArray) -> InputReport:
    real = trace.activations[0] / network.scales[0]
    share = trace.saturated[0] / values.size
    return InputReport(network.precision, network.scales[0], share, signal_to_noise_db(values, real))


def _layer_report(network: IntegerNetwork, trace: IntegerTrace, index: int, values: FloatingArray) -> LayerReport:
    layer = network.layers[index]
    bound = int(static_bound(layer, largest_inputs(network)[index]).max())
    last = layer.requantiser is None
    scale = None if last else network.scales[index + 1]
    real = _outputs(network, trace) if scale is None else trace.activations[index + 1] / scale
    return LayerReport(
        precision=network.precision,
        layer=index + 1,
        name=layer.name,
        scale=scale,
        weight_low=int(layer.weights.min()),
        weight_high=int(layer.weights.max()),
        static_bound=bound,
        bits_needed=bits_needed(bound),
        accumulator_bits=network.accumulator_bits,
        peak=trace.peaks[index],
        saturated_share=0.0 if last else trace.saturated[index + 1] / values.size,
        signal_to_noise_db=signal_to_noise_db(values, real),
    )


def _outputs(network: IntegerNetwork, trace: IntegerTrace) -> NDArray[np.float64]:
    return trace.outputs * network.layers[-1].accumulator_scale


def signal_to_noise_db(signal: NDArray[Any], approximation: NDArray[Any]) -> float:
    """10 log10 of sum(signal**2) / sum((signal - approximation)**2); infinite where they are equal."""
    exact = signal.astype(np.float64)
    noise = float(((exact - approximation) ** 2).sum())
    power = float((exact**2).sum())
    if noise == 0:
        return float("inf")
    return 10 * float(np.log10(power / noise)) if power else float("-inf")
