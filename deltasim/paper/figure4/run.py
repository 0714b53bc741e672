"""Figure 4 and the table of Appendix E: error against computation of 784-200-200-10, on MNIST and Temporal-MNIST."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.paper.digits import Digits, load_digits
from deltasim.paper.measure import Measured, measure, quantised_at
from deltasim.paper.place import Notes, write_table
from deltasim.paper.records import EqualityRow, MeasuredRow, PointRow, SettingKeys
from deltasim.paper.searches import Found, search_named, searches_of
from hwmodels import Chip, chip_of, load_accelerator
from reports.run.atomic import replace_text
from workloads import Network, QuantisedNetwork, forward, load_network

NETWORK: Final = "mnist-784-200-200-10"
ACCELERATOR: Final = "oconnor2017-int32"  # add 0.1 pJ, multiply 3.1 pJ, all else free; unit events
WEIGHT_BITS, ACTIVATION_BITS = 8, 12
CALIBRATION: Final = 1000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Settings:
    """How the experiment is made; its own numbers (docs/sources.md) unless it is quick."""

    lambdas: tuple[float, ...] = tuple(float(each) for each in np.logspace(-10, -5, 10))
    epochs: int = 30
    learning_rate: float = 1e-3
    minibatch: int = 10
    train_frames: int = 60_000
    test_frames: int = 10_000
    costs: tuple[str, ...] = ("rounding", "sigma_delta", "energy:horowitz-45nm")


QUICK: Final = Settings(
    lambdas=(1e-10, 5.99e-8, 1e-5), epochs=2, train_frames=3_000, test_frames=1_000, costs=("rounding", "sigma_delta")
)


@dataclass(frozen=True, eq=False)
class _Bench:
    """What every setting is measured on."""

    network: Network
    digits: dict[str, Digits]
    chip: Chip

    @property
    def calibration(self) -> NDArray[np.uint8]:
        return self.digits["mnist"].train_images[:CALIBRATION]


def figure4(directory: Path, settings: Settings, seed: int, progress: Progress) -> Notes:
    """Write the tables of Figure 4 into `directory`."""
    network = load_network(NETWORK)
    digits = load_digits(settings.train_frames, settings.test_frames)
    bench = _Bench(network, digits, chip_of(load_accelerator(ACCELERATOR)))
    found = [_unoptimised(network)]
    for search in searches_of(settings.costs, settings, seed):
        found += search_named(search, network, digits, directory, progress)
    points, equalities = _measure_all(bench, directory, found, progress)
    write_table(directory, "points", pd.DataFrame(points))
    write_table(directory, "equalities", pd.DataFrame(equalities))
    write_table(directory, "scales", pd.DataFrame([row for each in found for row in each.scale_rows()]))
    write_table(directory, "trajectory", pd.concat([each.trajectory for each in found[1:]], ignore_index=True))
    return _notes(settings)


def settings_of(settings: Settings) -> dict[str, Any]:
    """Everything that decides the numbers, for the manifest."""
    return {
        **vars(settings),
        "weight_bits": WEIGHT_BITS,
        "activation_bits": ACTIVATION_BITS,
        "accelerator": ACCELERATOR,
    }


def _notes(settings: Settings) -> Notes:
    return [
        f"Integers: {WEIGHT_BITS}-bit weights, {ACTIVATION_BITS}-bit activations, 32-bit accumulators; every count is "
        "of messages sent in the simulator.",
        "Operations of the original network are Eq. 22 (dense) and those of non-zero activations (sparse); rounding "
        "and sigma-delta are counted in additions, without the bias, as the authors' code does.",
        f"Scales were found on {settings.train_frames:,} training images; 'sigma_delta' counts the changes between "
        "neighbours of Temporal-MNIST's training images, 'energy' what these cost on that accelerator, in picojoules.",
    ]


def _unoptimised(network: Network) -> Found:
    names = ["input", *(layer.name for layer in network.layers[:-1])]
    return Found("none", "unoptimised", float("nan"), tuple(names), (1.0,) * len(names), pd.DataFrame())


def _measure_all(
    bench: _Bench, directory: Path, settings: list[Found], progress: Progress
) -> tuple[list[PointRow], list[EqualityRow]]:
    """Points and equalities of the original network and of all settings; what was measured already is read back."""
    points, equalities = _original_points(bench), []
    for number, setting in enumerate(settings):
        progress("measured", number, len(settings))
        kept = directory / f"{number:02d}.measured.json"
        if not kept.exists():
            quantised = quantised_at(bench.network, bench.calibration, setting.scales, WEIGHT_BITS, ACTIVATION_BITS)
            rows, equal = _setting(bench, setting, quantised)
            replace_text(kept, json.dumps([rows, equal]))
        rows, equal = json.loads(kept.read_text(encoding="utf-8"))
        points += rows
        equalities += equal
    for kept in directory.glob("*.measured.json"):
        kept.unlink()
    progress("measured", len(settings), len(settings))
    return points, equalities


def _original_points(bench: _Bench) -> list[PointRow]:
    """The float network's errors, and the original in integers, dense and sparse."""
    ones = (1.0,) * len(bench.network.layers)
    quantised = quantised_at(bench.network, bench.calibration, ones, WEIGHT_BITS, ACTIVATION_BITS)
    rows: list[PointRow] = []
    keys: SettingKeys = {"cost": "none", "setting": "original", "lambda": float("nan")}
    for dataset, digits in bench.digits.items():
        train, test = (
            float(100 * (forward(bench.network, images).argmax(axis=1) != labels).mean())
            for images, labels in ((digits.train_images, digits.train_labels), (digits.test_images, digits.test_labels))
        )
        rows.append({"dataset": dataset, **keys, "mode": "float", **_errors_alone(train, test)})
        dense = measure(quantised, digits.test_images, bench.chip, "original")
        sparse = measure(quantised, digits.test_images, bench.chip, "original_sparse")
        trained = measure(quantised, digits.train_images, bench.chip, "original_sparse")
        rows.append(
            {
                "dataset": dataset,
                **keys,
                "mode": "original",
                "operations": dense.operations,
                "operations_sparse": sparse.operations,
                "energy_nj": dense.energy_nj,
                "energy_sparse_nj": sparse.energy_nj,
                "train_error_percent": trained.error_percent(digits.train_labels),
                "test_error_percent": dense.error_percent(digits.test_labels),
            }
        )
    return rows


def _setting(bench: _Bench, setting: Found, quantised: QuantisedNetwork) -> tuple[list[PointRow], list[EqualityRow]]:
    """Rounding and sigma-delta at one setting, on both data sets, and the equalities between them."""
    rows, outputs = list[PointRow](), {}
    for dataset, digits in bench.digits.items():
        for mode in ("rounding", "sigma_delta"):
            test, train = (
                measure(quantised, images, bench.chip, mode) for images in (digits.test_images, digits.train_images)
            )
            outputs[dataset, mode] = _by_image(digits, test, train)
            rows.append({"dataset": dataset, **setting.keys(), "mode": mode, **_numbers(digits, test, train)})
    return rows, [{**setting.keys(), **each} for each in _equalities(outputs)]


def _errors_alone(train: float, test: float) -> MeasuredRow:
    """Of the float network, which has no operations to count."""
    unknown = float("nan")
    return {
        "operations": unknown,
        "operations_sparse": unknown,
        "energy_nj": unknown,
        "energy_sparse_nj": unknown,
        "train_error_percent": train,
        "test_error_percent": test,
    }


def _numbers(digits: Digits, test: Measured, train: Measured) -> MeasuredRow:
    return {
        "operations": test.operations,
        "operations_sparse": float("nan"),
        "train_error_percent": train.error_percent(digits.train_labels),
        "test_error_percent": test.error_percent(digits.test_labels),
        "energy_nj": test.energy_nj,
        "energy_sparse_nj": float("nan"),
    }


def _by_image(digits: Digits, test: Measured, train: Measured) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Outputs in the published order of the images, whatever order they were shown in."""
    placed = []
    for order, measured in ((digits.test_order, test), (digits.train_order, train)):
        back = np.empty_like(measured.outputs)
        back[order] = measured.outputs
        placed.append(back)
    return placed[0], placed[1]


def _equalities(
    outputs: dict[tuple[str, str], tuple[NDArray[np.int32], NDArray[np.int32]]],
) -> Iterator[EqualityRow]:
    """What has to agree, integer by integer: the networks on each data set, and each network across the data sets."""
    pairs = [
        (dataset, "rounding and sigma-delta", (dataset, "rounding"), (dataset, "sigma_delta"))
        for dataset in ("mnist", "temporal-mnist")
    ]
    pairs += [
        ("both", f"{mode}: MNIST and Temporal-MNIST, image by image", ("mnist", mode), ("temporal-mnist", mode))
        for mode in ("rounding", "sigma_delta")
    ]
    for dataset, what, first, second in pairs:
        for split, a, b in zip(("test", "train"), outputs[first], outputs[second], strict=True):
            yield {
                "dataset": dataset,
                "what": f"{what}, outputs on {split} images",
                "integers": a.size,
                "differing": int((a != b).sum()),
            }
