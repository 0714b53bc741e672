"""Integer networks that answer for one network: at full fixed point, at scale k, or both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from workloads.errors import WorkloadError
from workloads.html_table import html_table, sides
from workloads.integer.checks import check_integer_network
from workloads.integer.network import IntegerNetwork, Map, Precision
from workloads.integer.quantisation_report import QuantisationReport

PRECISIONS: Final[dict[Precision, str]] = {"full": "full fixed point", "scaled": "scale k"}
"""How the precisions are called in text; networks are in this order."""


@dataclass(frozen=True)
class QuantisedNetwork:
    """`networks`: by precision, one or both: `full` for the original and temporal-difference networks, `scaled` for
    rounding and sigma-delta. Both have the same layers, of the same shapes and widths.

    `report`: what quantisation did, None if nobody measured it. `input_shape`: of a frame, as the float network says
    it, such as (C, H, W). `output_shape`: of what it puts out for a frame, likewise: (classes,) or (C, H, W).
    """

    networks: Mapping[Precision, IntegerNetwork]
    report: QuantisationReport | None
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]

    @staticmethod
    def of(*networks: IntegerNetwork) -> QuantisedNetwork:
        """Integer networks that were made elsewhere: one, or the same network at both precisions.

        Frames are (C, H, W), and so are outputs of more than one pixel. Raises WorkloadError if a network does not fit
        together, there are two of one precision, or they differ in more than their numbers.
        """
        for network in networks:
            check_integer_network(network)
        given = {network.precision: network for network in networks}
        if not networks or len(given) < len(networks):
            raise WorkloadError(
                f"integer networks of precision {', '.join(network.precision for network in networks) or 'none'}; "
                f"needed one of {' or '.join(PRECISIONS)}, or one of each"
            )
        if len({_form(network) for network in networks}) > 1:
            raise WorkloadError(
                f"integer networks {' and '.join(repr(network.name) for network in networks)} are not one network at "
                "two precisions: their names, layers, shapes, synapses and widths must be the same"
            )
        first = networks[0]
        ordered = {precision: given[precision] for precision in PRECISIONS if precision in given}
        return QuantisedNetwork(ordered, None, _planes(first.input_shape), _output(first.layers[-1].shape))

    @property
    def full(self) -> IntegerNetwork:
        """The network at full fixed point. Raises WorkloadError if there is none."""
        return self.at("full")

    @property
    def scaled(self) -> IntegerNetwork:
        """The network at scale k. Raises WorkloadError if there is none."""
        return self.at("scaled")

    @property
    def either(self) -> IntegerNetwork:
        """One of the networks, for what is the same at both precisions: names, shapes, widths."""
        return next(iter(self.networks.values()))

    def at(self, precision: Precision) -> IntegerNetwork:
        """The network at that precision. Raises WorkloadError if there is none."""
        if precision not in self.networks:
            there = " and ".join(PRECISIONS[each] for each in self.networks)
            raise WorkloadError(
                f"network {self.either.name!r} has integers at {there} only, none at {PRECISIONS[precision]}: "
                "leave out what needs them"
            )
        return self.networks[precision]

    def __repr__(self) -> str:
        network, agreement = self.either, {} if self.report is None else self.report.agreement
        answers = ", ".join(f"{name} {share:.2%}" for name, share in agreement.items())
        said = f"answers as float: {answers}" if answers else f"integers at {' and '.join(self.networks)} precision"
        return f"QuantisedNetwork({network.name!r}: {len(network.layers)} layers; {said})"

    def _repr_html_(self) -> str:
        """What a notebook shows: layer by layer its maps (height x width x channels), weights, and scales."""
        one = self.either
        scales = [[*(f"{each:.4g}" for each in network.scales[1:]), "-"] for network in self.networks.values()]
        rows = [
            (layer.name, sides(layer.shape), sides(layer.sent_shape), f"{layer.weight_count:,}", *own)
            for layer, *own in zip(one.layers, *scales, strict=True)
        ]
        titles = {"full": "scale, full fixed point", "scaled": "scale k"}
        headings = ("layer", "accumulators", "sends", "weights", *(titles[each] for each in self.networks))
        notes = [f"{one.weight_bits}, {one.activation_bits} and {one.accumulator_bits} bits of weights, activations"]
        notes[0] += " and accumulators"
        if self.report is not None:
            notes += [f"answers as float, {name}: {share:.2%}" for name, share in self.report.agreement.items()]
        return html_table(f"Quantised network {one.name}", headings, rows, notes)


def _form(network: IntegerNetwork) -> tuple[object, ...]:
    """What two precisions of one network have in common: all that says where things are and how wide."""
    widths = (network.weight_bits, network.activation_bits, network.accumulator_bits, network.overflow)
    layers = tuple(
        (
            layer.name,
            layer.shape,
            layer.sent_shape,
            layer.pool,
            tuple((each.source, each.weights.shape, each.window) for each in layer.synapses),
        )
        for layer in network.layers
    )
    return network.name, network.input_shape, widths, layers


def _planes(shape: Map) -> tuple[int, int, int]:
    """(C, H, W) of a map (H, W, C)."""
    height, width, channels = shape
    return channels, height, width


def _output(shape: Map) -> tuple[int, ...]:
    return (shape[2],) if shape[:2] == (1, 1) else _planes(shape)
