"""How an epoch is computed: all searches and steps in one compiled loop, or one search of one step at a time (JAX)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from workloads.optimise.compilation import compiled
from workloads.optimise.gradients import Kappas, gradients, stepped
from workloads.optimise.maps import Array, LayerArrays
from workloads.optimise.model import Model, exact_outputs, real_input
from workloads.optimise.rounding import Corruption

FloatArray = NDArray[np.float64]
Told: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Epoch:
    """What an epoch shows: frames number `order` (steps, minibatch), with noise of `key`, learnt from at `rate`.

    `told` hears how many steps are done.
    """

    order: NDArray[np.int32]
    key: Array
    rate: np.float32
    told: Told


@dataclass(frozen=True, eq=False)
class Material:
    """What all epochs have in common. `frames`: (n, H, W, C) uint8 on the device, `arrays` the weights."""

    model: Model
    arrays: Sequence[LayerArrays]
    frames: Array
    lambdas: NDArray[np.float32]
    corruption: Corruption


Schedule: TypeAlias = Callable[[Kappas, Epoch], tuple[Kappas, FloatArray, FloatArray]]


def all_at_once(material: Material) -> Schedule:
    """Log scales to those after an epoch, and mean error and operations (searches,): a loop compiled as a whole."""
    model = material.model

    def loop(
        arrays: Sequence[LayerArrays], frames: Array, kappas: Kappas, order: Array, key: Array, rate: Array
    ) -> tuple[Kappas, tuple[Array, Array]]:
        def step(kappas: Kappas, numbered: tuple[Array, Array]) -> tuple[Kappas, tuple[Array, Array]]:
            number, batch = numbered
            real = real_input(model, frames[batch])
            exact = exact_outputs(model, arrays, real)
            noise = jax.random.fold_in(key, number)
            slopes, error, operations = gradients(
                model, arrays, kappas, material.lambdas, real, exact, noise, material.corruption
            )
            return stepped(kappas, slopes, rate), (error, operations)

        result: tuple[Kappas, tuple[Array, Array]] = jax.lax.scan(step, kappas, (jnp.arange(len(order)), order))
        return result

    compiled_loop = compiled(loop)

    def run(kappas: Kappas, epoch: Epoch) -> tuple[Kappas, FloatArray, FloatArray]:
        kappas, terms = compiled_loop(material.arrays, material.frames, kappas, epoch.order, epoch.key, epoch.rate)
        error, operations = (np.asarray(term, np.float64).mean(axis=0) for term in terms)
        epoch.told(len(epoch.order))
        return kappas, error, operations

    return run


def one_by_one(material: Material) -> Schedule:
    """As all_at_once, with the values of one search of one step alive at a time; exact outputs are shared."""
    model = material.model

    def prepare(arrays: Sequence[LayerArrays], frames: Array, batch: Array) -> tuple[Array, Array]:
        real = real_input(model, frames[batch])
        return real, exact_outputs(model, arrays, real)

    def learn(
        arrays: Sequence[LayerArrays],
        kappas: Kappas,
        weight: Array,
        shown: tuple[Array, Array],
        key: Array,
        rate: Array,
    ) -> tuple[Kappas, Array, Array]:
        slopes, *terms = gradients(model, arrays, kappas, weight, *shown, key, material.corruption)
        return stepped(kappas, slopes, rate), *terms

    prepared, learnt = compiled(prepare), compiled(learn)

    def run(kappas: Kappas, epoch: Epoch) -> tuple[Kappas, FloatArray, FloatArray]:
        searches = [tuple(kappa[search][None] for kappa in kappas) for search in range(len(material.lambdas))]
        sums = np.zeros((2, len(searches)))
        for number, batch in enumerate(epoch.order):
            shown = prepared(material.arrays, material.frames, batch)
            noise = jax.random.fold_in(epoch.key, number)
            for search, weight in enumerate(material.lambdas):
                searches[search], *terms = learnt(
                    material.arrays, searches[search], weight[None], shown, noise, epoch.rate
                )
                sums[:, search] += [float(term[0]) for term in terms]
            epoch.told(number + 1)
        error, operations = sums / len(epoch.order)
        return tuple(jnp.concatenate(slot) for slot in zip(*searches, strict=True)), error, operations

    return run
