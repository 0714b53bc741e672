"""The network with something in the place of rounding, and what it costs and errs, for several searches at once (JAX).

Values are (searches, frames, height, width, channels). The linear operations see searches and frames as rows of one
batch, so that all searches share one product with the weights.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import jax.numpy as jnp
import numpy as np
from jax import lax
from numpy.typing import NDArray

from workloads.graphs.graph import Preprocessing
from workloads.integer.float_layers import FloatLayer
from workloads.optimise.losses import output_error
from workloads.optimise.maps import Array, LayerArrays, layer_arrays, layer_map
from workloads.optimise.rounding import Corruption, drawn_noise, message_cost, sent_values
from workloads.optimise.settings import CHANGES, Cost, Loss, SenderCost

Send: TypeAlias = Callable[[int, Array], Array]


@dataclass(frozen=True, eq=False)
class Model:
    """What stays the same in a search. `fan_outs`: per sender (height, width) synapses per neuron."""

    layers: tuple[FloatLayer, ...]
    preprocessing: Preprocessing
    fan_outs: tuple[NDArray[np.int64], ...]
    costs: tuple[SenderCost, ...]
    loss: Loss
    cost: Cost
    slots: tuple[int, ...]


def model_arrays(model: Model) -> list[LayerArrays]:
    """The weights, handed to compiled functions as an argument: as constants they would be compiled in."""
    return [layer_arrays(layer) for layer in model.layers]


def values_per_frame(model: Model, inputs: int) -> int:
    """How many numbers a frame of `inputs` pixels makes on its way through the network."""
    return inputs + sum(prod(layer.shape) + prod(layer.sent_shape) for layer in model.layers)


def real_input(model: Model, frames: Array) -> Array:
    """The real input (1, n, H, W, C) of frames (n, H, W, C) uint8."""
    mean, scale = (np.array(numbers, np.float32) for numbers in (model.preprocessing.mean, model.preprocessing.scale))
    return ((frames.astype(jnp.float32) - mean) * scale)[None]


def outputs_of(model: Model, arrays: Sequence[LayerArrays], real: Array, send: Send) -> Array:
    """The outputs (searches, n, H, W, C) for real input (1, n, H, W, C); `send(core, values)` is what a core sends."""
    sent = [send(0, real)]
    for core, (layer, weights) in enumerate(zip(model.layers, arrays, strict=True), start=1):
        heard = [sent[link.source] for link in layer.links]
        rows = [values.reshape(-1, *values.shape[2:]) for values in heard]
        values = layer_map(layer, weights, rows)
        values = values.reshape(heard[0].shape[0], -1, *values.shape[1:])
        sent.append(send(core, values) if core < len(model.layers) else values)
    return sent[-1]


def exact_outputs(model: Model, arrays: Sequence[LayerArrays], real: Array) -> Array:
    """The outputs (1, n, H, W, C) without rounding."""
    return outputs_of(model, arrays, real, lambda _, values: values)


def measure(
    model: Model,
    arrays: Sequence[LayerArrays],
    kappas: Sequence[Array],
    real: Array,
    exact: Array,
    key: Array,
    corruption: Corruption,
) -> tuple[Array, Array]:
    """Mean error and mean operations per sample, each (searches,), at log scales `kappas`, (searches, width) per slot.

    The gradient of the operations is that of each layer's own term alone: its input is taken to be constant. A change
    of k in an early layer also shifts what later layers send, but by straight-through gradients those terms were
    unstable (paper, section 4.2, Eq. 10), and they are second to the layer's own.
    """
    operations = []
    shapes = [real.shape[2:], *(layer.sent_shape for layer in model.layers[:-1])]
    noise = drawn_noise(corruption, key, real.shape[1], shapes)  # the same for all searches

    def send(core: int, values: Array) -> Array:
        kappa = kappas[model.slots[core]][:, None, None, None, :]
        operations.append(_sent_cost(model, core, kappa, values, corruption))
        return sent_values(corruption, noise[core], kappa, values)

    outputs = outputs_of(model, arrays, real, send)
    error = output_error(model.loss, outputs, exact).mean(1)
    return error, sum(operations[1:], start=operations[0])


def _sent_cost(model: Model, core: int, kappa: Array, values: Array, corruption: Corruption) -> Array:
    """Mean cost per sample of what a core sends, (searches,), at log scale kappa; `values` (searches, n, H, W, C)."""
    k, values = jnp.exp(kappa), lax.stop_gradient(values)
    counted = corruption.counted(k * values)
    if CHANGES[model.cost]:
        # Changes before k, whose gradient is then a sum over changes. As one over values times k it has two terms for
        # a pixel that stays the same, which compilers may round differently, and would no longer be 0 for it.
        counted, values = counted[:, 1:] - counted[:, :-1], values[:, 1:] - values[:, :-1]
    fan_out = model.fan_outs[core].astype(np.float32)
    return message_cost(model.costs[core], fan_out, counted, k * values).sum((1, 2, 3)) / values.shape[1]
