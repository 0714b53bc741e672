"""The search for scales: epochs of descent, what they leave behind, and where to go on after an interruption."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.graphs.graph import Network
from workloads.optimise.checkpoint import Progress, identity_of, not_begun, read_checkpoint, write_checkpoint
from workloads.optimise.found import OptimisedScales
from workloads.optimise.order import steps_per_epoch
from workloads.optimise.parameters import found_scales, layer_scales, starting_values
from workloads.optimise.prepared import frame_maps, prepare
from workloads.optimise.settings import ScaleSearch, SenderCost


def optimise_scales(
    network: Network,
    frames: NDArray[np.uint8],
    settings: ScaleSearch,
    *,
    costs: Sequence[SenderCost] | None = None,
    checkpoint: Path | None = None,
    every: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> OptimisedScales:
    """Find the scales k that trade error for computation, one vector for each of the settings' lambdas.

    Minimises L_error + lambda L_comp (paper, Eq. 9) by stochastic gradient descent on log k (Eq. 10), both as means per
    sample. L_error is how far the outputs of the rounding network (Eq. 5) are from those without rounding (Eq. 7),
    L_comp the sum over senders of what their integers cost (Eq. 8: |s| times fan-out). `frames`: (n, pixels) uint8,
    for sigma_delta in their order in time. `costs`: per sender, the input first; the paper's additions by default.

    `checkpoint`: a file written after every `every` epochs; the same call goes on from it and ends with the same bits.
    `progress(done, all)` counts steps. Equal calls give equal bits on one machine. Raises WorkloadError if JAX is not
    installed, network, frames, costs or checkpoint do not fit, or a search diverges.
    """
    model, parameters = prepare(network, settings.loss, settings.cost, settings.per, costs)
    from workloads.optimise.descent import descent  # noqa: PLC0415 - JAX is an extra

    maps = frame_maps(network, frames)
    steps = steps_per_epoch(settings, len(frames))
    state = not_begun(starting_values(parameters, settings, network.name), len(parameters.names))
    identity = identity_of(settings, model.layers, model.preprocessing, model.costs, frames)
    if checkpoint is not None:
        state = read_checkpoint(checkpoint, identity, state)
    run = descent(model, settings, maps)
    while state.epochs <= settings.epochs:
        epoch = state.epochs
        told = partial(_tell, progress, epoch * steps, steps * (settings.epochs + 1))
        kappas, error, operations = run(state.kappas, epoch, told)
        arrays = tuple(np.asarray(kappa) for kappa in kappas)
        _check_finite(arrays, settings, network.name, epoch)
        state = state.after(arrays, error, operations, layer_scales(parameters, arrays))
        if checkpoint is not None and (epoch % every == 0 or epoch == settings.epochs):
            write_checkpoint(checkpoint, identity, state)
    found = found_scales(parameters, state.kappas, settings)
    return OptimisedScales(settings, parameters.names, parameters.groups, found, _trajectory(state))


def _tell(progress: Callable[[int, int], None] | None, before: int, total: int, done: int) -> None:
    if progress is not None:
        progress(before + done, total)


def _trajectory(state: Progress) -> dict[str, NDArray[Any]]:
    """A row per search and epoch, searches one after the other."""
    epochs, searches, senders = state.scales.shape
    columns: dict[str, NDArray[Any]] = {
        "search": np.repeat(np.arange(searches), epochs),
        "epoch": np.tile(np.arange(epochs), searches),
        "error": state.errors.T.ravel(),
        "operations": state.operations.T.ravel(),
    }
    for sender in range(senders):
        columns[f"k_{sender}"] = state.scales[:, :, sender].T.ravel()
    return columns


def _check_finite(kappas: Sequence[NDArray[np.float32]], settings: ScaleSearch, network: str, epoch: int) -> None:
    """Raise WorkloadError if a search has left the numbers that float32 holds."""
    finite = np.all([np.isfinite(np.exp(kappa)).all(axis=1) & (np.exp(kappa) > 0).all(axis=1) for kappa in kappas], 0)
    if not finite.all():
        search = int(np.argmin(finite))
        raise WorkloadError(
            f"network {network!r}: the search for lambda {settings.lambdas[search]:g} diverged in epoch {epoch}: a "
            f"scale is no longer a positive finite number; lower learning_rate (now {settings.learning_rate:g})"
        )
