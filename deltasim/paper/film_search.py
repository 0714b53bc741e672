"""The search for the scales that a film is shown at, on other frames than the film's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.paper.clips import spread
from deltasim.paper.film import Film
from deltasim.paper.float_outputs import float_outputs
from deltasim.paper.place import write_table
from deltasim.paper.records import ScaleRow
from deltasim.paper.searches import setting_name
from deltasim.paper.video_settings import ACTIVATION_BITS, CALIBRATION_FRAMES, WEIGHT_BITS, Settings, loss_of
from workloads import Network, Quantisation, quantise
from workloads.optimise import OptimisedScales, ScaleSearch, optimise_scales

UNOPTIMISED: Final = "unoptimised"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Setting:
    """Scales of the senders (input and hidden layers), and the lambda they were found for (NaN: none, all are 1)."""

    name: str
    lambda_: float
    senders: tuple[str, ...]
    scales: tuple[float, ...]

    def rows(self) -> Iterator[ScaleRow]:
        """A row for each sender: `setting, lambda, layer, name, scale`."""
        for layer, (name, scale) in enumerate(zip(self.senders, self.scales, strict=True)):
            yield {"setting": self.name, "lambda": self.lambda_, "layer": layer, "name": name, "scale": scale}


def find_settings(directory: Path, settings: Settings, film: Film, seed: int, progress: Progress) -> list[Setting]:
    """All scales 1, and those found for each lambda on the film's training clips.

    Writes the table `trajectory`: `setting, lambda, epoch, error, operations`, means over an epoch, the error in the
    units of the recipe. A checkpoint in `directory` lets an interrupted search go on.
    """
    shown, recipe = spread(film.training, settings.train_frames), settings.recipe(film.network)
    unit = error_unit(film.network, shown)
    search = ScaleSearch(
        lambdas=tuple(each * unit for each in recipe.lambdas),
        loss=loss_of(film.network),
        training="noise",
        epochs=settings.epochs,
        learning_rate=recipe.learning_rate / unit,
        minibatch=1,
        seed=seed,
        start_scales=_starting_scales(film, recipe.start_levels),
    )
    result = optimise_scales(
        film.network,
        shown,
        search,
        checkpoint=directory / "search.checkpoint.npz",
        progress=lambda done, count: progress("search", done, count),
    )
    write_table(directory, "trajectory", _trajectory(result, recipe.lambdas, unit))
    ones = Setting(UNOPTIMISED, nan, result.names, (1.0,) * len(result.names))
    found = [
        Setting(setting_name(lambda_), lambda_, result.names, each.scales)
        for lambda_, each in zip(recipe.lambdas, result.found, strict=True)
    ]
    return [ones, *found]


def error_unit(network: Network, frames: NDArray[np.uint8]) -> float:
    """What errors are measured in: the mean over `frames` (n, pixels) of the outputs' squared length, for the loss l2;
    1 for the loss kl.
    """
    if loss_of(network) == "kl":
        return 1.0
    outputs = float_outputs(network, frames).astype(np.float64)
    return float((outputs**2).sum(axis=1).mean())


def _starting_scales(film: Film, levels: int) -> tuple[float, ...]:
    """Scales at which each layer's range, of least squared error on some training frames, spans `levels` steps."""
    settings = Quantisation(weight_bits=WEIGHT_BITS, activation_bits=ACTIVATION_BITS, calibration="mse", levels=levels)
    return quantise(film.network, spread(film.training, CALIBRATION_FRAMES), settings).scaled.scales


def _trajectory(result: OptimisedScales, lambdas: tuple[float, ...], unit: float) -> pd.DataFrame:
    path = pd.DataFrame(result.trajectory)
    own = [lambdas[int(search)] for search in path["search"]]
    keys = {"setting": [setting_name(each) for each in own], "lambda": own, "epoch": path["epoch"]}
    return pd.DataFrame({**keys, "error": path["error"] / unit, "operations": path["operations"]})
