"""Networks, their quantisation to integers, and frames to run them on. Knows no accelerators, energy or time."""

from importlib import import_module
from typing import TYPE_CHECKING

_HOMES = {
    "Frames": "frames",
    "Graph": "graph",
    "InputReport": "quantisation_report",
    "IntegerLayer": "integer_network",
    "IntegerNetwork": "integer_network",
    "IntegerTrace": "reference",
    "LayerReport": "quantisation_report",
    "LinearLayer": "network",
    "MaxPooling": "integer_network",
    "Network": "network",
    "Preprocessing": "graph",
    "Quantisation": "quantisation",
    "QuantisationReport": "quantisation_report",
    "QuantisedNetwork": "quantising",
    "Requantiser": "integer_network",
    "Synapses": "integer_network",
    "Window": "integer_network",
    "WorkloadError": "errors",
    "activations": "network",
    "bits_needed": "bounds",
    "check_integer_network": "integer_checks",
    "cut_graph": "graph",
    "dense_layer": "integer_network",
    "fit_frames": "frame_shapes",
    "forward": "network",
    "frames_of_array": "frames",
    "graph_of": "network_graph",
    "integer_forward": "reference",
    "largest_inputs": "bounds",
    "list_datasets": "datasets",
    "list_networks": "load",
    "load_frames": "datasets",
    "load_network": "load",
    "network_from_arrays": "network",
    "normalised": "normalisation",
    "own_order": "reference",
    "quantise": "quantising",
    "real_outputs": "reference",
    "run_graph": "graph_run",
    "save_network": "network_files",
    "static_bound": "bounds",
    "temporal_order": "temporal",
}
"""Every public name, and in which module of this package it is."""

if TYPE_CHECKING:
    from workloads.bounds import bits_needed, largest_inputs, static_bound
    from workloads.datasets import list_datasets, load_frames
    from workloads.errors import WorkloadError
    from workloads.frame_shapes import fit_frames
    from workloads.frames import Frames, frames_of_array
    from workloads.graph import Graph, Preprocessing, cut_graph
    from workloads.graph_run import run_graph
    from workloads.integer_checks import check_integer_network
    from workloads.integer_network import (
        IntegerLayer,
        IntegerNetwork,
        MaxPooling,
        Requantiser,
        Synapses,
        Window,
        dense_layer,
    )
    from workloads.load import list_networks, load_network
    from workloads.network import LinearLayer, Network, activations, forward, network_from_arrays
    from workloads.network_files import save_network
    from workloads.network_graph import graph_of
    from workloads.normalisation import normalised
    from workloads.quantisation import Quantisation
    from workloads.quantisation_report import InputReport, LayerReport, QuantisationReport
    from workloads.quantising import QuantisedNetwork, quantise
    from workloads.reference import IntegerTrace, integer_forward, own_order, real_outputs
    from workloads.temporal import temporal_order
else:

    def __getattr__(name: str) -> object:
        """A public name, when it is first asked for: what nobody uses is not imported."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "Frames",
    "Graph",
    "InputReport",
    "IntegerLayer",
    "IntegerNetwork",
    "IntegerTrace",
    "LayerReport",
    "LinearLayer",
    "MaxPooling",
    "Network",
    "Preprocessing",
    "Quantisation",
    "QuantisationReport",
    "QuantisedNetwork",
    "Requantiser",
    "Synapses",
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
    "graph_of",
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
