"""Networks, their quantisation to integers, and frames to run them on. Knows no accelerators, energy or time."""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "Clip": "integer.unary",
    "Frames": "frames.source",
    "Identity": "integer.unary",
    "InputReport": "integer.quantisation_report",
    "IntegerLayer": "integer.network",
    "IntegerNetwork": "integer.network",
    "IntegerTrace": "integer.forward",
    "LayerReport": "integer.quantisation_report",
    "Leaky": "integer.unary",
    "LinearLayer": "graphs.layers",
    "MaxPooling": "integer.network",
    "Network": "graphs.graph",
    "Preprocessing": "graphs.graph",
    "Quantisation": "integer.quantisation",
    "QuantisationReport": "integer.quantisation_report",
    "QuantisedNetwork": "integer.quantised",
    "Relu": "integer.unary",
    "Requantiser": "integer.requantiser",
    "Synapses": "integer.network",
    "Table": "integer.unary",
    "Window": "integer.linear",
    "WorkloadError": "errors",
    "activations": "graphs.network",
    "bits_needed": "integer.bounds",
    "check_integer_network": "integer.checks",
    "cut_graph": "graphs.graph",
    "dense_layer": "integer.network",
    "fit_frames": "frames.shapes",
    "forward": "graphs.network",
    "frames_of_array": "frames.source",
    "integer_forward": "integer.forward",
    "largest_inputs": "integer.bounds",
    "list_datasets": "frames.datasets",
    "list_networks": "graphs.load",
    "load_frames": "frames.datasets",
    "load_network": "graphs.load",
    "network_from_arrays": "graphs.network",
    "normalised": "graphs.normalisation",
    "own_order": "integer.forward",
    "quantise": "integer.quantising",
    "real_outputs": "integer.forward",
    "run_graph": "graphs.run",
    "save_network": "graphs.network_files",
    "static_bound": "integer.bounds",
    "temporal_order": "frames.temporal",
}
"""Every public name, and in which module of this package it is."""

if TYPE_CHECKING:
    from workloads.errors import WorkloadError
    from workloads.frames.datasets import list_datasets, load_frames
    from workloads.frames.shapes import fit_frames
    from workloads.frames.source import Frames, frames_of_array
    from workloads.frames.temporal import temporal_order
    from workloads.graphs.graph import Network, Preprocessing, cut_graph
    from workloads.graphs.layers import LinearLayer
    from workloads.graphs.load import list_networks, load_network
    from workloads.graphs.network import activations, forward, network_from_arrays
    from workloads.graphs.network_files import save_network
    from workloads.graphs.normalisation import normalised
    from workloads.graphs.run import run_graph
    from workloads.integer.bounds import bits_needed, largest_inputs, static_bound
    from workloads.integer.checks import check_integer_network
    from workloads.integer.forward import IntegerTrace, integer_forward, own_order, real_outputs
    from workloads.integer.linear import Window
    from workloads.integer.network import (
        IntegerLayer,
        IntegerNetwork,
        MaxPooling,
        Synapses,
        dense_layer,
    )
    from workloads.integer.quantisation import Quantisation
    from workloads.integer.quantisation_report import InputReport, LayerReport, QuantisationReport
    from workloads.integer.quantised import QuantisedNetwork
    from workloads.integer.quantising import quantise
    from workloads.integer.requantiser import Requantiser
    from workloads.integer.unary import Clip, Identity, Leaky, Relu, Table
else:

    def __getattr__(name: str) -> object:
        """A public name, when it is first asked for: what nobody uses is not imported."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "Clip",
    "Frames",
    "Identity",
    "InputReport",
    "IntegerLayer",
    "IntegerNetwork",
    "IntegerTrace",
    "LayerReport",
    "Leaky",
    "LinearLayer",
    "MaxPooling",
    "Network",
    "Preprocessing",
    "Quantisation",
    "QuantisationReport",
    "QuantisedNetwork",
    "Relu",
    "Requantiser",
    "Synapses",
    "Table",
    "Window",
    "WorkloadError",
    "activations",
    "bits_needed",
    "check_integer_network",
    "cut_graph",
    "dense_layer",
    "fit_frames",
    "forward",
    "frames_of_array",
    "integer_forward",
    "largest_inputs",
    "list_datasets",
    "list_networks",
    "load_frames",
    "load_network",
    "network_from_arrays",
    "normalised",
    "own_order",
    "quantise",
    "real_outputs",
    "run_graph",
    "save_network",
    "static_bound",
    "temporal_order",
]
