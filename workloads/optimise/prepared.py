"""From a network and frames to the model that a search works on; without JAX, which is an extra."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.frames.shapes import flat_frames
from workloads.graphs.graph import Network
from workloads.integer.calibration import preprocessing_of
from workloads.integer.float_layers import map_of
from workloads.integer.lowering import lower
from workloads.optimise.fan_out import fan_outs
from workloads.optimise.parameters import Parameters, parameters_of
from workloads.optimise.settings import Cost, Loss, SenderCost

if TYPE_CHECKING:
    from workloads.optimise.model import Model


def prepare(
    network: Network, loss: Loss, cost: Cost, per: str, costs: Sequence[SenderCost] | None
) -> tuple["Model", Parameters]:
    """The model of a network and the parameters of its senders.

    Raises WorkloadError if JAX is missing, the network does not say how pixels become its input or cannot be computed
    in integers, or `costs` are not one per sender.
    """
    require_jax()
    from workloads.optimise.model import Model  # noqa: PLC0415 - JAX is an extra

    preprocessing = preprocessing_of(network)
    layers = lower(network).layers
    if costs is not None and len(costs) != len(layers):
        raise WorkloadError(
            f"{len(costs)} costs for network {network.name!r}; needed {len(layers)}: one for the input and one for "
            "each hidden layer"
        )
    parameters = parameters_of(layers, per)
    model = Model(
        layers=layers,
        preprocessing=preprocessing,
        fan_outs=fan_outs(layers, map_of(network.input_map)),
        costs=(SenderCost(),) * len(layers) if costs is None else tuple(costs),
        loss=loss,
        cost=cost,
        slots=parameters.slots,
    )
    return model, parameters


def require_jax() -> None:
    """Raise WorkloadError, saying how to get it, unless JAX can be imported."""
    if find_spec("jax") is None:
        raise WorkloadError(
            "optimising scales needs gradients, which JAX computes, and JAX is not installed; "
            "pip install 'deltasim[optimise]'"
        )


def frame_maps(graph: Network, frames: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Frames (n, pixels) in (channel, y, x) order, or (n, C, H, W), as maps (n, H, W, C). Raises WorkloadError if they
    do not fit.
    """
    frames = flat_frames(frames, graph.input_shape, "frames", graph.name)
    if not len(frames):
        raise WorkloadError(f"no frames to optimise scales of network {graph.name!r} on; a few hundred will do")
    return np.ascontiguousarray(frames.reshape(-1, *graph.input_map).transpose(0, 2, 3, 1))
