"""Networks, their quantisation to integers, and frames to run them on. Knows no accelerators, energy or time."""

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
from workloads.quantise import QuantisedNetwork, quantise
from workloads.reference import IntegerTrace, integer_forward, own_order, real_outputs
from workloads.temporal import temporal_order

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
