"""Figure 2: a random network, scales found for several lambdas, and a thousand scales drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.paper.measure import measure, quantised_at
from deltasim.paper.place import Notes, write_table
from hwmodels import Chip, chip_of, load_accelerator
from workloads import Network, run_graph
from workloads.graphs.random_network import gaussian_frames, random_network
from workloads.graphs.run import normalise
from workloads.optimise import OptimisedScales, ScaleSearch, optimise_scales

LAMBDAS: Final = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
MEAN, DEVIATION = 3.0, 4.0  # of the random scales, |N(3, 4)|
BITS: Final = 16  # of weights and activations, so that rounding to integers at scale k is all that is lost
CALIBRATION: Final = 4  # frames; ranges are not needed where scales are given, but have to be there
MARGIN: Final = 0.98  # a random vector dominates if it is better than this much of both
LEAST_SCALE: Final = 1e-3  # of a random scale: k must be above 0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Settings:
    """How the experiment is made; its own numbers (docs/sources.md) unless it is quick."""

    samples: int = 100
    vectors: int = 1000
    epochs: int = 200
    learning_rate: float = 0.003
    minibatch: int = 10
    epochs_shown: int = 40


QUICK: Final = Settings(vectors=200, epochs=100, epochs_shown=8)


@dataclass(frozen=True, eq=False)
class _Bench:
    """What every scale vector is tried on."""

    network: Network
    frames: NDArray[np.uint8]
    true: NDArray[np.float64]
    chip: Chip

    def error_and_operations(self, scales: Sequence[float]) -> tuple[float, float]:
        """mean|out - true| / mean|true| of the rounding network, and its operations per sample."""
        quantised = quantised_at(self.network, self.frames[:CALIBRATION], scales, BITS, BITS)
        measured = measure(quantised, self.frames, self.chip, "rounding")
        error = np.abs(measured.real - self.true).mean() / np.abs(self.true).mean()
        return float(error), measured.operations


def figure2(directory: Path, settings: Settings, seed: int, progress: Progress) -> Notes:
    """Write the tables of Figure 2 into `directory`."""
    network, frames = random_network(seed), gaussian_frames(settings.samples, seed + 1)
    bench = _Bench(network, frames, _true_outputs(network, frames), chip_of(load_accelerator("oconnor2017-int32")))
    found = optimise_scales(
        network,
        frames,
        _search(settings, seed),
        checkpoint=directory / "search.checkpoint.npz",
        progress=lambda done, count: progress("search", done, count),
    )
    random = _random_scales(settings.vectors, len(found.names), seed + 2)
    tried = _tried(bench, random, lambda done, count: progress("random scales", done, count))
    tried.insert(0, "vector", range(len(tried)))
    write_table(directory, "random_points", tried)
    write_table(directory, "random_scales", _long(random, {"vector": range(len(random))}, found.names))
    _write_trajectories(directory, bench, found, settings.epochs_shown, progress)
    endpoints = _tried(bench, np.array([each.scales for each in found.found]))
    endpoints.insert(0, "lambda", LAMBDAS)
    endpoints["dominated_by"] = [
        int(((tried["error"] < MARGIN * error) & (tried["operations"] < MARGIN * operations)).sum())
        for error, operations in zip(endpoints["error"], endpoints["operations"], strict=True)
    ]
    write_table(directory, "endpoints", endpoints)
    return [
        "Errors and operations are those of the integer rounding network in the simulator, 16-bit weights, all "
        f"{settings.samples} samples; searches run in float.",
        "Inputs are Gaussian samples in steps of 1/32, because frames are 8-bit pixels.",
    ]


def settings_of(settings: Settings) -> dict[str, Any]:
    """Everything that decides the numbers, for the manifest."""
    return {**vars(settings), "lambdas": list(LAMBDAS), "random_mean": MEAN, "random_deviation": DEVIATION}


def _search(settings: Settings, seed: int) -> ScaleSearch:
    return ScaleSearch(
        lambdas=LAMBDAS,
        loss="l2",
        epochs=settings.epochs,
        learning_rate=settings.learning_rate,
        minibatch=settings.minibatch,
        seed=seed,
    )


def _true_outputs(network: Network, frames: NDArray[np.uint8]) -> NDArray[np.float64]:
    assert network.preprocessing is not None  # noqa: S101 - the random network has one
    real = normalise(network.preprocessing, frames.reshape(len(frames), *network.input_shape))
    return np.asarray(run_graph(network, real, [network.output], np.float64)[network.output], np.float64)


def _random_scales(count: int, senders: int, seed: int) -> NDArray[np.float64]:
    drawn = np.abs(np.random.RandomState(seed).normal(MEAN, DEVIATION, (count, senders)))
    return np.maximum(drawn, LEAST_SCALE)


def _tried(
    bench: _Bench, vectors: NDArray[np.float64], progress: Callable[[int, int], None] | None = None
) -> pd.DataFrame:
    """error, operations of each row of `vectors` (m, senders)."""
    rows = []
    for number, scales in enumerate(vectors, start=1):
        rows.append(bench.error_and_operations([float(scale) for scale in scales]))
        if progress is not None:
            progress(number, len(vectors))
    return pd.DataFrame(rows, columns=["error", "operations"])


def _write_trajectories(directory: Path, bench: _Bench, found: OptimisedScales, shown: int, progress: Progress) -> None:
    """Some of the epochs of every search, their scales tried like the random ones."""
    path = pd.DataFrame(found.trajectory)
    last = int(path["epoch"].max())
    epochs = np.unique(np.rint(np.geomspace(1, last + 1, shown)).astype(int) - 1)
    path = path[path["epoch"].isin(epochs)].reset_index(drop=True)
    scales = path[[f"k_{sender}" for sender in range(len(found.names))]].to_numpy(np.float64)
    keys = {
        "lambda": [LAMBDAS[int(search)] for search in path["search"]],
        "epoch": [int(epoch) for epoch in path["epoch"]],
    }
    tried = _tried(bench, scales, lambda done, count: progress("trajectories", done, count))
    write_table(directory, "trajectories", pd.DataFrame({**keys, **tried}))
    write_table(directory, "trajectory_scales", _long(scales, keys, found.names))


def _long(scales: NDArray[np.float64], keys: dict[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """A row for each vector and layer."""
    rows, senders = scales.shape
    repeated = {key: np.repeat(np.asarray(values), senders) for key, values in keys.items()}
    layers = {"layer": np.tile(np.arange(senders), rows), "name": np.tile(np.array(names, object), rows)}
    return pd.DataFrame({**repeated, **layers, "scale": scales.reshape(-1)})
