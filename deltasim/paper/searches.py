"""The searches for scales that Figure 4 compares: on rounding's operations, as the paper's, and beyond it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.experiment.message_costs import message_costs
from deltasim.paper.digits import Digits
from deltasim.paper.records import ScaleRow, SettingKeys
from hwmodels import chip_of, load_accelerator
from simulator import mode_named, plan_network
from workloads import Network, Quantisation, quantise
from workloads.optimise import ScaleSearch, SenderCost, cost_and_error, optimise_scales

ENERGY = "energy:"


class SearchSettings(Protocol):
    """What is the same in all searches."""

    @property
    def lambdas(self) -> tuple[float, ...]: ...  # noqa: D102
    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def learning_rate(self) -> float: ...  # noqa: D102
    @property
    def minibatch(self) -> int: ...  # noqa: D102


@dataclass(frozen=True)
class Search:
    """One search: `cost` is what is made small: rounding, sigma_delta, or energy:ACCELERATOR (of sigma-delta)."""

    cost: str
    settings: ScaleSearch

    @property
    def accelerator(self) -> str | None:
        """Whose energy is counted; None: operations are."""
        return self.cost.removeprefix(ENERGY) if self.cost.startswith(ENERGY) else None


@dataclass(frozen=True, eq=False)
class Found:
    """Scales for one lambda, input first, and how the search went there (epoch, error, operations)."""

    cost: str
    setting: str
    lambda_: float
    names: tuple[str, ...]
    scales: tuple[float, ...]
    trajectory: pd.DataFrame

    def keys(self) -> SettingKeys:
        """The columns that say which setting a row belongs to."""
        return {"cost": self.cost, "setting": self.setting, "lambda": self.lambda_}

    def scale_rows(self) -> Iterator[ScaleRow]:
        """A row for each sender."""
        for layer, (name, scale) in enumerate(zip(self.names, self.scales, strict=True)):
            yield {**self.keys(), "layer": layer, "name": name, "scale": scale}


def searches_of(costs: Sequence[str], settings: SearchSettings, seed: int) -> list[Search]:
    """A search for each of `costs`, with lambdas per operation: those of energies are set when the energy is known."""
    return [
        Search(
            cost,
            ScaleSearch(
                lambdas=settings.lambdas,
                loss="kl",
                cost="rounding" if cost == "rounding" else "sigma_delta",
                epochs=settings.epochs,
                learning_rate=settings.learning_rate,
                minibatch=settings.minibatch,
                seed=seed,
            ),
        )
        for cost in costs
    ]


def search_named(
    search: Search,
    network: Network,
    digits: dict[str, Digits],
    directory: Path,
    progress: Callable[[str, int, int], None],
) -> list[Found]:
    """Search on training images: in published order for rounding, on Temporal-MNIST where neighbours matter."""
    shown = digits["mnist" if search.cost == "rounding" else "temporal-mnist"].train_images
    settings, costs = search.settings, None
    if search.accelerator is not None:
        costs = energy_costs(network, shown[:1000], search.accelerator)
        settings = _per_picojoule(settings, network, shown[:1000], costs)
    result = optimise_scales(
        network,
        shown,
        settings,
        costs=costs,
        checkpoint=directory / f"{search.cost.replace(':', '-')}.checkpoint.npz",
        progress=lambda done, count: progress(f"search: {search.cost}", done, count),
    )
    path = pd.DataFrame(result.trajectory)
    found = []
    for number, (each, lambda_) in enumerate(zip(result.found, search.settings.lambdas, strict=True)):
        own = path.loc[path["search"] == number, ["epoch", "error", "operations"]].reset_index(drop=True)
        own.insert(0, "cost", search.cost)
        own.insert(1, "setting", setting_name(lambda_))
        own.insert(2, "lambda", lambda_)
        found.append(Found(search.cost, setting_name(lambda_), lambda_, result.names, each.scales, own))
    return found


def setting_name(lambda_: float) -> str:
    """As the paper writes its lambdas: 1e-10, 3.59e-10."""
    return f"{lambda_:.3g}"


def energy_costs(network: Network, frames: NDArray[np.uint8], accelerator: str) -> tuple[SenderCost, ...]:
    """What a message of each layer costs on the accelerator, in pJ, one core for each layer."""
    chosen = load_accelerator(accelerator)
    quantised = quantise(network, frames, Quantisation(accumulator_bits=chosen.precision.accumulator_bits))
    plan = plan_network(quantised.scaled, chip_of(chosen), mode_named("sigma_delta"))
    return message_costs(plan, chosen)


def _per_picojoule(
    settings: ScaleSearch, network: Network, frames: NDArray[np.uint8], costs: Sequence[SenderCost]
) -> ScaleSearch:
    """The lambdas per pJ that weigh the start as the lambdas per operation do, so that both trade alike."""
    start = np.full((1, len(costs)), settings.start)
    (operations,) = cost_and_error(network, frames, start, cost=settings.cost)[1]
    (energy_pj,) = cost_and_error(network, frames, start, cost=settings.cost, costs=costs)[1]
    factor = float(operations / energy_pj)
    return settings.model_copy(update={"lambdas": tuple(each * factor for each in settings.lambdas)})
