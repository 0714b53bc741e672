"""What quantisation did to a network: widths, ranges, saturation and agreement with float, measured on frames."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.graphs.graph import INPUT, Network
from workloads.graphs.operations import FloatingArray
from workloads.graphs.run import walk_graph
from workloads.integer.bounds import bits_needed, largest_inputs, static_bound
from workloads.integer.calibration import float_batches
from workloads.integer.float_layers import Place, sent_values
from workloads.integer.forward import integer_forward, real_outputs
from workloads.integer.lowering import Lowered
from workloads.integer.network import IntegerNetwork, Precision


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

    `nodes`: nodes of the float graph that it computes. `scale`: k of its activations, None for the last layer.
    `weight_low`, `weight_high`: range of its integer weights. `static_bound`: largest accumulator magnitude possible,
    `bits_needed` to hold it, and `accumulator_bits` there are; `peak`: largest magnitude seen. `saturated_share`: share
    of activations clipped. `signal_to_noise_db`: power of the float activations (of the last layer: outputs) over that
    of their difference to the integers' real values.
    """

    precision: Precision
    layer: int
    name: str
    nodes: tuple[str, ...]
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
    """`agreement`: per precision, share of the `frames` calibration frames whose largest output is float's largest.

    `left_to_float`: the soft-max at the end, which the integer networks leave out, by name.
    """

    frames: int
    inputs: tuple[InputReport, ...]
    layers: tuple[LayerReport, ...]
    agreement: dict[Precision, float]
    left_to_float: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Whether no accumulator of either network can ever overflow, whatever the frames."""
        return all(layer.bits_needed <= layer.accumulator_bits for layer in self.layers)


@dataclass
class _Tally:
    """Sums over batches of frames for one network; lists have one entry per core, of the last core's outputs."""

    signal: list[float]
    noise: list[float]
    saturated: list[int]
    peaks: list[int]
    agreeing: int = field(default=0)


def quantisation_report(
    graph: Network, lowered: Lowered, frames: NDArray[np.uint8], networks: Sequence[IntegerNetwork]
) -> QuantisationReport:
    """Compare integer `networks` with the float `graph` they were made of, on `frames` (n, pixels) uint8."""
    cores = len(lowered.layers) + 1
    tallies = [_Tally([0.0] * cores, [0.0] * cores, [0] * cores, [0] * cores) for _ in networks]
    for part, real in float_batches(graph, frames):
        values = _float_values(graph, lowered, networks[0], real)
        for network, tally in zip(networks, tallies, strict=True):
            _count(tally, network, frames[part], values)
    pairs = list(zip(networks, tallies, strict=True))
    return QuantisationReport(
        frames=len(frames),
        inputs=tuple(_input_report(network, tally, len(frames)) for network, tally in pairs),
        layers=tuple(
            _layer_report(network, lowered, tally, core, len(frames))
            for network, tally in pairs
            for core in range(1, cores)
        ),
        agreement={network.precision: tally.agreeing / len(frames) for network, tally in pairs},
        left_to_float=lowered.left_to_float,
    )


def signal_to_noise_db(signal: NDArray[Any], approximation: NDArray[Any]) -> float:
    """10 log10 of sum(signal**2) / sum((signal - approximation)**2), to three digits; infinite where they are equal."""
    return _ratio_db(*_powers(signal, approximation))


def _float_values(
    graph: Network, lowered: Lowered, network: IntegerNetwork, real: FloatingArray
) -> list[FloatingArray]:
    """For the input and each layer, what it sends (the last layer: its sums) in float: (n, neurons)."""
    places = [Place(INPUT), *(layer.place for layer in lowered.layers)]
    shapes = [network.sent_shape(core) for core in range(len(places))]
    wanted: dict[str, list[int]] = {}
    for core, place in enumerate(places):
        wanted.setdefault(place.node, []).append(core)
    found: list[FloatingArray] = [real] * len(places)
    for core in wanted.get(INPUT, ()):
        found[core] = sent_values(places[core], shapes[core], real)
    for node, values in walk_graph(graph, real):
        for core in wanted.get(node.name, ()):
            found[core] = sent_values(places[core], shapes[core], values)
    return found


def _count(tally: _Tally, network: IntegerNetwork, frames: NDArray[np.uint8], values: list[FloatingArray]) -> None:
    trace = integer_forward(network, frames)
    outputs = real_outputs(network, trace.outputs)
    for core, exact in enumerate(values):
        last = core == len(network.layers)
        signal, noise = _powers(exact, outputs if last else trace.activations[core] / network.scales[core])
        tally.signal[core] += signal
        tally.noise[core] += noise
        tally.saturated[core] += 0 if last else trace.saturated[core]
        tally.peaks[core] = max(tally.peaks[core], trace.peaks[core - 1] if core else 0)
    tally.agreeing += int((outputs.argmax(axis=1) == values[-1].argmax(axis=1)).sum())


def _input_report(network: IntegerNetwork, tally: _Tally, frames: int) -> InputReport:
    share = tally.saturated[0] / (frames * network.inputs)
    return InputReport(network.precision, network.scales[0], share, _ratio_db(tally.signal[0], tally.noise[0]))


def _layer_report(network: IntegerNetwork, lowered: Lowered, tally: _Tally, core: int, frames: int) -> LayerReport:
    layer = network.layers[core - 1]
    bound = int(static_bound(layer, largest_inputs(network)[core - 1]).max())
    return LayerReport(
        precision=network.precision,
        layer=core,
        name=layer.name,
        nodes=lowered.layers[core - 1].nodes,
        scale=None if layer.requantiser is None else network.scales[core],
        weight_low=min(int(synapses.weights.min()) for synapses in layer.synapses),
        weight_high=max(int(synapses.weights.max()) for synapses in layer.synapses),
        static_bound=bound,
        bits_needed=bits_needed(bound),
        accumulator_bits=network.accumulator_bits,
        peak=tally.peaks[core],
        saturated_share=tally.saturated[core] / (frames * layer.outputs),
        signal_to_noise_db=_ratio_db(tally.signal[core], tally.noise[core]),
    )


def _powers(signal: NDArray[Any], approximation: NDArray[Any]) -> tuple[float, float]:
    """Sums of squares of the signal and of the approximation's error."""
    exact = signal.astype(np.float64)
    return float((exact**2).sum()), float(((exact - approximation) ** 2).sum())


def _ratio_db(power: float, noise: float) -> float:
    """To three digits: more would depend on the order in which floats were added, and this is part of a run."""
    if noise == 0:
        return float("inf")
    return round(10 * float(np.log10(power / noise)), 3) if power else float("-inf")
