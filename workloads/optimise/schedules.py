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
from workloads.optimise.model import Model, exact_outputs, measure, real_input
from workloads.optimise.rounding import Corruption

FloatArray = NDArray[np.float64]
Told: TypeAlias = Callable[[int], None]


@dataclass(frozen=True, eq=False)
class Epoch:
    """What an epoch shows: frames number `order` (steps, minibatch), noise of `key`; `told` hears of steps done."""

    order: NDArray[np.int32]
    key: Array
    told: Told


@dataclass(frozen=True, eq=False)
class Material:
    """What all epochs have in common: weights, frames (n, H, W, C) uint8 on the device, and how to learn from them."""

    model: Model
    arrays: Sequence[LayerArrays]
    frames: Array
    lambdas: NDArray[np.float32]
    rate: np.float32
    corruption: Corruption


Schedule: TypeAlias = Callable[[Kappas, Epoch], tuple[Kappas, FloatArray, FloatArray]]


def start_measured(material: Material, kappas: Kappas, epoch: Epoch) -> tuple[FloatArray, FloatArray]:
    """Mean error and operations (searches,) of an epoch in which nothing is learnt, all searches being at one start."""
    model = material.model

    def terms(
        arrays: Sequence[LayerArrays], frames: Array, batch: Array, kappas: Kappas, key: Array
    ) -> tuple[Array, Array]:
        real = real_input(model, frames[batch])
        exact = exact_outputs(model, arrays, real)
        return measure(model, arrays, kappas, real, exact, key, material.corruption)

    measured, one, sums = compiled(terms), tuple(kappa[:1] for kappa in kappas), np.zeros((2, 1))
    for number, batch in enumerate(epoch.order):
        noise = jax.random.fold_in(epoch.key, number)
        sums += np.array(measured(material.arrays, material.frames, batch, one, noise), np.float64)
        epoch.told(number + 1)
    error, operations = (sums / len(epoch.order)).repeat(len(material.lambdas), axis=1)
    return error, operations


def all_at_once(material: Material) -> Schedule:
    """Log scales to those after an epoch, and mean error and operations (searches,): a loop compiled as a whole."""
    model = material.model

    def loop(
        arrays: Sequence[LayerArrays], frames: Array, kappas: Kappas, order: Array, key: Array
    ) -> tuple[Kappas, tuple[Array, Array]]:
        def step(kappas: Kappas, numbered: tuple[Array, Array]) -> tuple[Kappas, tuple[Array, Array]]:
            number, batch = numbered
            real = real_input(model, frames[batch])
            exact = exact_outputs(model, arrays, real)
            noise = jax.random.fold_in(key, number)
            slopes, error, operations = gradients(
                model, arrays, kappas, material.lambdas, real, exact, noise, material.corruption
            )
            return stepped(kappas, slopes, material.rate), (error, operations)

        result: tuple[Kappas, tuple[Array, Array]] = jax.lax.scan(step, kappas, (jnp.arange(len(order)), order))
        return result

    compiled_loop = compiled(loop)

    def run(kappas: Kappas, epoch: Epoch) -> tuple[Kappas, FloatArray, FloatArray]:
        kappas, terms = compiled_loop(material.arrays, material.frames, kappas, epoch.order, epoch.key)
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
        arrays: Sequence[LayerArrays], kappas: Kappas, weight: Array, shown: tuple[Array, Array], key: Array
    ) -> tuple[Kappas, Array, Array]:
        slopes, *terms = gradients(model, arrays, kappas, weight, *shown, key, material.corruption)
        return stepped(kappas, slopes, material.rate), *terms

    prepared, learnt = compiled(prepare), compiled(learn)

    def run(kappas: Kappas, epoch: Epoch) -> tuple[Kappas, FloatArray, FloatArray]:
        searches = [tuple(kappa[search][None] for kappa in kappas) for search in range(len(material.lambdas))]
        sums = np.zeros((2, len(searches)))
        for number, batch in enumerate(epoch.order):
            shown = prepared(material.arrays, material.frames, batch)
            noise = jax.random.fold_in(epoch.key, number)
            for search, weight in enumerate(material.lambdas):
                searches[search], *terms = learnt(material.arrays, searches[search], weight[None], shown, noise)
                sums[:, search] += [float(term[0]) for term in terms]
            epoch.told(number + 1)
        error, operations = sums / len(epoch.order)
        return tuple(jnp.concatenate(slot) for slot in zip(*searches, strict=True)), error, operations

    return run
