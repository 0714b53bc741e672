"""Networks, their quantisation to integers, and frames to run them on. Knows no accelerators, energy or time."""

from workloads.bounds import bits_needed, largest_inputs, static_bound
from workloads.datasets import list_datasets, load_frames
from workloads.errors import WorkloadError
from workloads.frames import Frames, frames_of_array
from workloads.integer_network import IntegerLayer, IntegerNetwork, Requantiser, check_integer_network
from workloads.network import LinearLayer, Network, activations, forward, network_from_arrays
from workloads.network_files import list_networks, load_network, save_network
from workloads.quantisation_report import InputReport, LayerReport, QuantisationReport
from workloads.quantise import Quantisation, QuantisedNetwork, quantise
from workloads.reference import IntegerTrace, integer_forward
from workloads.temporal import temporal_order

__all__ = [
    "Frames",
    "InputReport",
    "IntegerLayer",
    "IntegerNetwork",
    "IntegerTrace",
    "LayerReport",
    "LinearLayer",
    "Network",
    "Quantisation",
    "QuantisationReport",
    "QuantisedNetwork",
    "Requantiser",
    "WorkloadError",
    "activations",
    "bits_needed",
    "check_integer_network",
    "forward",
    "frames_of_array",
    "integer_forward",
    "largest_inputs",
    "list_datasets",
    "list_networks",
    "load_frames",
    "load_network",
    "network_from_arrays",
    "quantise",
    "save_network",
    "static_bound",
    "temporal_order",
]
