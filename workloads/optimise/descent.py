"""Stochastic gradient descent on log k, an epoch at a time (JAX)."""

from collections.abc import Callable
from math import prod
from typing import Final, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from workloads.optimise.gradients import Kappas
from workloads.optimise.model import Model, model_arrays, values_per_frame
from workloads.optimise.order import epoch_order
from workloads.optimise.rounding import NOISE, ROUNDING
from workloads.optimise.schedules import Epoch, FloatArray, Material, Told, all_at_once, one_by_one, start_measured
from workloads.optimise.settings import ScaleSearch

TOGETHER_BYTES: Final = 64 << 20  # of values, if all searches of a step are to be computed together
_TENSORS: Final = 2  # kept of a layer for its gradient: its sums and what it sends

RunEpoch: TypeAlias = Callable[[Kappas, int, Told], tuple[Kappas, FloatArray, FloatArray]]


def descent(model: Model, settings: ScaleSearch, frames: NDArray[np.uint8]) -> RunEpoch:
    """A function of log scales (searches, width) per slot, the epoch's number, and who is told of steps done.

    It gives the log scales after the epoch, and mean error and operations per sample of each search. Epoch 0 measures
    the start: nothing is learnt. `frames`: (n, H, W, C) uint8.
    """
    material = Material(
        model=model,
        arrays=jax.device_put(model_arrays(model)),
        frames=jnp.asarray(frames),
        lambdas=np.array(settings.lambdas, np.float32),
        rate=np.float32(settings.learning_rate),
        corruption=ROUNDING if settings.training == "straight_through" else NOISE,
    )
    values = values_per_frame(model, prod(frames.shape[1:])) * settings.minibatch * len(settings.lambdas)
    schedule = (all_at_once if values * _TENSORS * 4 <= TOGETHER_BYTES else one_by_one)(material)
    seed = jax.random.key(settings.seed)

    def run(kappas: Kappas, number: int, told: Told) -> tuple[Kappas, FloatArray, FloatArray]:
        epoch = Epoch(
            order=epoch_order(settings, len(frames), number),
            key=jax.random.fold_in(seed, number),
            told=told,
        )
        return schedule(kappas, epoch) if number else (kappas, *start_measured(material, kappas, epoch))

    return run
