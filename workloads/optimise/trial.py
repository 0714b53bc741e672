"""The rounding network in float at given scales, batch after batch of frames (JAX)."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from workloads.optimise.compilation import compiled
from workloads.optimise.found import FloatArray
from workloads.optimise.losses import output_error
from workloads.optimise.maps import Array, LayerArrays
from workloads.optimise.model import Model, exact_outputs, model_arrays, outputs_of, real_input
from workloads.optimise.rounding import half_up, message_cost
from workloads.optimise.settings import CHANGES


def trial(model: Model, frames: NDArray[np.uint8], batch: int) -> Callable[[FloatArray], FloatArray]:
    """A function of scales (m, senders): sums over frames of error, operations and |exact outputs|, (3, m).

    `frames`: (n, H, W, C) uint8, `batch` of them at a time.
    """
    arrays = jax.device_put(model_arrays(model))
    measured = compiled(lambda *given: _measured(model, *given))
    shapes = [frames.shape[1:], *(layer.sent_shape for layer in model.layers[:-1])]

    def run(scales: FloatArray) -> FloatArray:
        sums = np.zeros((3, len(scales)))
        k = jnp.asarray(scales, jnp.float32)
        kept = shapes if CHANGES[model.cost] else ()
        before = [jnp.zeros((len(k), 1, *shape), jnp.float32) for shape in kept]
        for first in range(0, len(frames), batch):
            terms, before = measured(arrays, k, frames[first : first + batch], before)
            sums += [np.asarray(term, np.float64).reshape(len(k), -1).sum(axis=1) for term in terms]
        return sums

    return run


def _measured(
    model: Model, arrays: Sequence[LayerArrays], k: Array, frames: Array, before: Sequence[Array]
) -> tuple[tuple[Array, Array, Array], list[Array]]:
    """Error (m, n), operations (m, n, senders) and |exact| (m, n), and the last integers that each sender has now.

    `before`: those it had, or nothing where every frame's integers are sent rather than changes.
    """
    operations, last = [], []

    def send(core: int, values: Array) -> Array:
        scale = k[:, core, None, None, None, None]
        counted = integers = half_up(scale * values)
        if before:
            counted = jnp.diff(integers, axis=1, prepend=before[core])
            last.append(integers[:, -1:])
        fan_out = model.fan_outs[core].astype(np.float32)
        operations.append(message_cost(model.costs[core], fan_out, counted, counted).sum((2, 3)))
        return integers / scale

    real = real_input(model, frames)
    exact = exact_outputs(model, arrays, real)
    outputs = outputs_of(model, arrays, real, send)
    magnitude = jnp.broadcast_to(jnp.abs(exact).sum((2, 3, 4)), outputs.shape[:2])
    return (output_error(model.loss, outputs, exact), jnp.stack(operations, -1), magnitude), last
