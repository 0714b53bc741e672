"""Beyond the paper: what the networks of Figure 4 cost as a whole system, on several accelerators."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.experiment.job import network_for, plan_job
from deltasim.experiment.settings import Settings as JobSettings
from deltasim.paper.digits import load_digits
from deltasim.paper.place import Notes, write_table
from hwmodels import Accelerator, chip_of, load_accelerator, price, totals
from hwmodels.prices.pricing import ENERGY_COLUMNS
from simulator import Plan, Result, simulate
from workloads import Network, Quantisation, QuantisedNetwork, frames_of_array, load_network, quantise, real_outputs

ACCELERATORS: Final = (
    "oconnor2017-int32",
    "horowitz-45nm",
    "jouppi-7nm",
    "seneca-22nm",
    "loihi1-davies2018",
    "loihi2-scaled",
)
NETWORK: Final = "mnist-784-200-200-10"
BITS: Final = 8
CALIBRATION: Final = 1000
AJ_PER_PJ: Final = 10**6
FS_PER_NS: Final = 10**6

Progress = Callable[[str, int, int], None]
Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Settings:
    """Test images of Temporal-MNIST, training images whose order and ranges matter, accelerators."""

    frames: int = 10_000
    accelerators: tuple[str, ...] = ACCELERATORS


QUICK: Final = Settings(frames=500, accelerators=ACCELERATORS[:3])


def systems(directory: Path, figure4: Path, figure5: Path | None, settings: Settings, progress: Progress) -> Notes:
    """Price every setting of a finished Figure 4 (its tables in `figure4`) on every accelerator.

    With a finished Figure 5, what its film cost on a whole system is put beside it.
    """
    network = load_network(NETWORK)
    digits = load_digits(CALIBRATION, settings.frames)["temporal-mnist"]
    scales = pd.read_parquet(figure4 / "scales.parquet")
    points: Rows = []
    components: Rows = []
    vectors = _vectors(scales, len(network.layers))
    for name in settings.accelerators:
        chip = load_accelerator(name)
        for place, (keys, vector) in enumerate(vectors):
            progress(name, place, len(vectors))
            quantised = _quantised(network, digits.train_images, vector, chip)
            modes = _modes(chip, first=place == 0)
            for mode in modes:
                label = {"cost": "none", "setting": "original", "lambda": np.nan} if "original" in mode else keys
                key = {"figure": "figure4", "input": "temporal-mnist", "accelerator": name, **label, "mode": mode}
                row, parts = _priced(quantised, digits.test_images, digits.test_labels, chip, mode)
                points.append({**key, **row})
                components += [{**key, **part} for part in parts]
        progress(name, len(vectors), len(vectors))
    if figure5 is not None:
        film_points, film_components = _of_film(pd.read_parquet(figure5 / "system.parquet"))
        points += film_points
        components += film_components
    write_table(directory, "points", pd.DataFrame(points))
    write_table(directory, "components", pd.DataFrame(components))
    return [
        f"Scales of Figure 4, {settings.frames:,} test images of Temporal-MNIST, {BITS}-bit weights and activations, "
        "a core for each layer.",
        "Accelerators without a multiplier run no original network.",
        "Energies include memory, messages, neurons, the input frame where the profile charges for it, and leakage "
        "for as long as a frame takes.",
    ]


def settings_of(settings: Settings, figure4_hash: str, figure5_hash: str | None) -> dict[str, Any]:
    """Everything that decides the numbers, for the manifest."""
    return {**vars(settings), "figure4": figure4_hash, "figure5": figure5_hash}


def _of_film(table: pd.DataFrame) -> tuple[Rows, Rows]:
    """Points and components of Figure 5's film, whose errors are not known: its networks have no labels."""
    points: Rows = []
    components: Rows = []
    totals_ = ("arithmetic_pj", "total_pj")
    names = [name for name in table.columns if name.endswith("_pj") and name not in totals_]
    for row in table.to_dict("records"):
        key = {name: row[name] for name in ("accelerator", "cost", "setting", "lambda", "mode")}
        key = {"figure": "figure5", "input": f"Figure 5, {row['input']} clip", **key}
        points.append({**key, **{name: row[name] for name in (*totals_, "latency_ns")}, "error_percent": np.nan})
        components.append({**key, "component": "arithmetic", "energy_pj": row["arithmetic_pj"]})
        components += [
            {**key, "component": name.removesuffix("_pj").replace("_", " ").replace("off chip", "off-chip")}
            | {"energy_pj": row[name]}
            for name in names
        ]
    return points, components


def _vectors(scales: pd.DataFrame, senders: int) -> list[tuple[dict[str, Any], tuple[float, ...]]]:
    """Every setting with its scales, unoptimised ones among them."""
    found = []
    for (cost, setting), rows in scales.groupby(["cost", "setting"], sort=False):
        ordered = rows.sort_values("layer")
        keys = {"cost": cost, "setting": setting, "lambda": float(ordered["lambda"].iloc[0])}
        found.append((keys, tuple(float(each) for each in ordered["scale"])))
    assert all(len(vector) == senders for _, vector in found)  # noqa: S101 - figure4 writes one for every sender
    return found


def _quantised(
    network: Network, calibration: NDArray[np.uint8], scales: tuple[float, ...], chip: Accelerator
) -> QuantisedNetwork:
    own = chip.precision
    settings = Quantisation(
        weight_bits=min(BITS, own.weight_bits),
        activation_bits=min(BITS, own.activation_bits),
        accumulator_bits=own.accumulator_bits,
        scales=scales,
    )
    return quantise(network, calibration, settings)


def _modes(chip: Accelerator, *, first: bool) -> tuple[str, ...]:
    """The networks of a setting; the original ones, which scales do not change, with the first."""
    original = ("original", "original_sparse") if first and chip.core.multiply is not None else ()
    return (*original, "rounding", "sigma_delta")


def _priced(
    quantised: QuantisedNetwork, images: NDArray[np.uint8], labels: NDArray[np.int64], chip: Accelerator, mode: str
) -> tuple[dict[str, Any], Rows]:
    """Energy, time and error of one network, and its energy by component; means per frame."""
    job = plan_job(quantised, frames_of_array("test", images), chip, JobSettings(modes=(mode,)))
    network, count = network_for(quantised, mode), len(images)
    result = simulate(network, images, chip_of(chip), mode, mapping=job.mapping)
    positions = [core.position for core in result.plan.cores]
    (energy,) = totals(price(result.counts_table(), chip, positions)).to_dict("records")
    per_frame = AJ_PER_PJ * count
    by_component: dict[str, float] = {}
    for column in ENERGY_COLUMNS:
        by_component[column.component] = by_component.get(column.component, 0) + energy[column.name] / per_frame
    row = {
        "arithmetic_pj": energy["arithmetic_aj"] / per_frame,
        "total_pj": energy["total_aj"] / per_frame,
        "latency_ns": _latency_ns(result, result.plan),
        "error_percent": float(100 * (real_outputs(network, result.outputs).argmax(axis=1) != labels).mean()),
    }
    return row, [{"component": name, "energy_pj": value} for name, value in by_component.items()]


def _latency_ns(result: Result, plan: Plan) -> float:
    """Mean time of a frame, each entering when the one before has left: all frames' end over their number."""
    table = result.counts_table()
    last = table["core"] == len(plan.cores) - 1
    return float(table.loc[last, "update_end_fs"].max()) / len(result.counts) / FS_PER_NS
