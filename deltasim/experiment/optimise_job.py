"""A search for scales: what is searched for, on which network and frames, and the files it leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import ValidationError

from deltasim.cli.overlay import wrong_options
from deltasim.experiment.execute import check_place
from deltasim.experiment.files import Experiment, Loaded, load_experiment
from deltasim.experiment.fingerprint import versions
from deltasim.experiment.job import plan_job
from deltasim.experiment.message_costs import message_costs
from deltasim.experiment.scales_file import ScalesFile, SenderScale, network_hash, write_scales
from deltasim.experiment.settings import Settings
from reports import RunError
from reports.run.atomic import replacing
from workloads import Network, list_datasets
from workloads.content_hash import content_sha256
from workloads.integer.lowering import lower
from workloads.optimise import OptimisedScales, ScaleSearch, SenderCost, optimise_scales

_OPTIONS: Final = {"lambdas": "lambda", "learning_rate": "rate", "cost": "of", "": "minibatch"}
MOST_BYTES: Final = 2**30  # of frames held in memory
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class OptimiseJob:
    """A search, worked out and checked: `frames` (n, pixels) uint8; `costs` of None are operations."""

    source: str
    network: Network
    frames: NDArray[np.uint8]
    settings: ScaleSearch
    costs: tuple[SenderCost, ...] | None
    accelerator: str | None
    name: str

    @property
    def unit(self) -> str:
        """What the cost is counted in."""
        return "operations" if self.costs is None else "pJ"

    @property
    def default_path(self) -> Path:
        """scales/NAME-HASH in the working directory, of its own for every search."""
        return Path("scales") / f"{self.name}-{content_sha256((self, versions()))[:10]}"

    def describe(self) -> dict[str, Any]:
        """How the scales are found, for their files."""
        return {
            "settings": self.settings.model_dump(mode="json", exclude={"lambdas"}),
            "frames": f"{len(self.frames)} of {self.source}",
            "unit": self.unit,
            "accelerator": self.accelerator,
            "versions": versions(),
        }


def optimise_job(
    experiment: Experiment,
    folder: Path,
    *,
    lambdas: tuple[float, ...],
    minimise: Literal["operations", "energy"],
    cost: str,
    loss: Literal["kl", "l2", "l1"] | None,
    training: Literal["straight_through", "noise"] | None,
    per: Literal["layer", "unit"],
    epochs: int,
    learning_rate: float,
    minibatch: int | None,
    seed: int,
    from_levels: bool,
    say: Callable[[str], None] | None = None,
) -> OptimiseJob:
    """Load what the experiment names, and fill in what was left out. Raises as `load_experiment` does."""
    loaded = load_experiment(_on_training_images(experiment), folder, say)
    network = loaded.network
    convolves = any(link.window is not None for layer in lower(network).layers for link in layer.links)
    settings = _search(
        lambdas=lambdas,
        loss=loss or ("kl" if prod(network.shapes[network.output][1:]) == 1 else "l2"),
        cost=cost,
        training=training or ("noise" if convolves else "straight_through"),
        per=per,
        epochs=epochs,
        learning_rate=learning_rate,
        minibatch=minibatch or (2 if convolves else 10),
        seed=seed,
        start_scales=loaded.quantised.scaled.scales if from_levels else None,
    )
    most = max(1, MOST_BYTES // loaded.frames.pixels)
    return OptimiseJob(
        source=loaded.frames.name,
        network=network,
        frames=loaded.frames.read(0, min(most, loaded.frames.count)),
        settings=settings,
        costs=_energy_costs(loaded, settings.cost) if minimise == "energy" else None,
        accelerator=loaded.accelerator.name if minimise == "energy" else None,
        name=experiment.name,
    )


def _search(**fields: Any) -> ScaleSearch:  # noqa: ANN401 - the model checks them
    try:
        return ScaleSearch.model_validate(fields)
    except ValidationError as error:
        raise wrong_options(error, _OPTIONS) from None


def run_optimise(
    job: OptimiseJob, out: Path | None = None, *, overwrite: bool = False, progress: Progress | None = None
) -> tuple[OptimisedScales, list[Path]]:
    """Search, and write a scales file for each lambda and the trajectory (Parquet) into a directory.

    Raises RunError if the directory holds files of another search, unless `overwrite`.
    """
    directory = out or job.default_path
    check_place(directory)
    paths = [directory / f"lambda-{_shortest(lambda_)}.yaml" for lambda_ in job.settings.lambdas]
    checkpoint = directory / "search.checkpoint.npz"
    if out is not None and not overwrite and any(path.exists() for path in paths):
        raise RunError(f"{directory} holds scales already: choose another directory with --out, or --overwrite")
    if overwrite:
        checkpoint.unlink(missing_ok=True)
    directory.mkdir(parents=True, exist_ok=True)

    def report(done: int, count: int) -> None:
        if progress is not None:
            progress("search", done, count)

    result = optimise_scales(
        job.network, job.frames, job.settings, costs=job.costs, checkpoint=checkpoint, progress=report
    )
    for number, path in enumerate(paths):
        write_scales(path, _file(job, result, number))
    with replacing(directory / "trajectory.parquet") as temporary:
        pd.DataFrame(result.trajectory).to_parquet(temporary, index=False)
    checkpoint.unlink(missing_ok=True)
    return result, paths


def _shortest(number: float) -> str:
    """Six digits where they are the number, else all of them: no two numbers share a file."""
    return f"{number:g}" if float(f"{number:g}") == number else repr(number)


def _file(job: OptimiseJob, result: OptimisedScales, number: int) -> ScalesFile:
    found = result.found[number]
    units = found.unit_factors if job.settings.per == "unit" else (None,) * len(found.scales)
    return ScalesFile(
        network=job.network.name,
        network_sha256=network_hash(job.network),
        found={"lambda": job.settings.lambdas[number], **job.describe()},
        scales=tuple(
            SenderScale(sender=name, scale=scale, units=None if unit is None else tuple(unit.tolist()))
            for name, scale, unit in zip(result.names, found.scales, units, strict=True)
        ),
    )


def _on_training_images(experiment: Experiment) -> Experiment:
    """The experiment on the training images of its data set, if that has any: the others are for judging scales."""
    frames = experiment.frames
    if frames.dataset in list_datasets():
        return experiment.model_copy(update={"frames": frames.model_copy(update={"split": "train"})})
    return experiment


def _energy_costs(loaded: Loaded, cost: str) -> tuple[SenderCost, ...]:
    """What messages cost on the accelerator, its cores used as the experiment says."""
    settings = Settings(modes=(cost,), mapping=loaded.experiment.mapping)
    job = plan_job(loaded.quantised, loaded.frames, loaded.accelerator, settings)
    return message_costs(job.plans[0], loaded.accelerator)
