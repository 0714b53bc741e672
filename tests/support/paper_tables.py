"""Tables of the paper's experiments for tests of their pages: made by plain arithmetic, in no way results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

LAMBDAS = np.logspace(-10, -5, 10)
SETTINGS = [f"{value:.3g}" for value in LAMBDAS]
NAMES = ("input", "layer1", "layer2")


def begin(directory: Path, figure: str, *, quick: bool = False, **settings: Any) -> Path:
    """A directory with the manifest of a finished experiment."""
    directory.mkdir(parents=True)
    manifest = {
        "schema": "deltasim/paper/1",
        "figure": figure,
        "quick": quick,
        "seed": 1234,
        "command": f"deltasim paper {figure}",
        "versions": {"deltasim": "0.1.0"},
        "config_sha256": "0" * 64,
        "created": "2025-01-01T00:00:00+00:00",
        "network": "784-200-200-10",
        "dataset": "arithmetic, for tests",
        "notes": ["Numbers of a test, made by arithmetic."],
        "settings": {"epochs": 30, **settings},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return directory


def write(directory: Path, name: str, rows: list[dict[str, Any]] | pd.DataFrame) -> None:
    """NAME.parquet."""
    pd.DataFrame(rows).to_parquet(directory / f"{name}.parquet", index=False)


def point(dataset: str, cost: str, setting: str, mode: str, operations: float, error: float) -> dict[str, Any]:
    """A row of Figure 4's points."""
    original = mode == "original"
    return {
        "dataset": dataset,
        "cost": cost,
        "setting": setting,
        "lambda": float(setting) if setting[0].isdigit() else float("nan"),
        "mode": mode,
        "operations": operations,
        "operations_sparse": operations * 0.3 if original else float("nan"),
        "train_error_percent": error / 2,
        "test_error_percent": error,
        "energy_nj": operations * (1.6 if original else 0.1) / 1000,
        "energy_sparse_nj": operations * 0.48 / 1000 if original else float("nan"),
    }


def figure4_points(costs: tuple[str, ...] = ("rounding", "sigma_delta")) -> list[dict[str, Any]]:
    """Ten lambdas, each with a third of the operations of the one before."""
    rows = []
    for dataset, kept in (("mnist", 1.2), ("temporal-mnist", 0.5)):
        rows.append(point(dataset, "none", "original", "original", 397_190.0, 2.05))
        for mode, share in (("rounding", 1.0), ("sigma_delta", kept)):
            rows.append(point(dataset, "none", "unoptimised", mode, share * 30_000, 40.0))
            for number, cost in enumerate(costs):
                for step, setting in enumerate(SETTINGS):
                    adds = share * 3e6 / 2.2**step * (1 - 0.1 * number)
                    rows.append(point(dataset, cost, setting, mode, adds, round(2.05 + 0.02 * 2.2**step, 2)))
    return rows


def make_figure4(directory: Path, figure: str = "figure4", points: list[dict[str, Any]] | None = None) -> Path:
    """Figure 4, or the table of Appendix E."""
    begin(directory, figure)
    write(directory, "points", figure4_points() if points is None else points)
    scales, path = [], []
    for cost in ("rounding", "sigma_delta"):
        for setting, value in zip(SETTINGS, LAMBDAS, strict=True):
            keys = {"cost": cost, "setting": setting, "lambda": value}
            for layer, name in enumerate(NAMES):
                scales.append(
                    {**keys, "layer": layer, "name": name, "scale": 8.0 * (1e-10 / value) ** 0.2 / (layer + 1)}
                )
            for epoch in range(31):
                done = 1 - 0.8**epoch
                last = 3e6 * (1e-10 / value) ** 0.35
                operations = 30_000 * (last / 30_000) ** done
                path.append({**keys, "epoch": epoch, "error": 300 / operations, "operations": operations})
    write(directory, "scales", scales)
    write(directory, "trajectory", path)
    keys = {"cost": "rounding", "setting": SETTINGS[0], "what": "outputs", "integers": 100_000, "differing": 0}
    write(directory, "equalities", [{"dataset": name, **keys} for name in ("mnist", "temporal-mnist")])
    return directory


def make_figure2(directory: Path, vectors: int = 200) -> Path:
    """Random points above the curve error = 1000 / operations, end points on it."""
    begin(directory, "figure2")
    names = ("input", "layer1", "layer2", "output")[:3]
    scales = np.abs(np.random.RandomState(0).normal(3, 4, (vectors, 3)))
    operations = 4000 * scales.mean(axis=1)
    error = 1000 / operations * (1.1 + scales.std(axis=1))
    points = {"vector": range(vectors), "error": error, "operations": operations}
    write(directory, "random_points", pd.DataFrame(points))
    keys = [(vector, layer, name) for vector in range(vectors) for layer, name in enumerate(names)]
    random = pd.DataFrame(keys, columns=["vector", "layer", "name"]).assign(scale=scales.reshape(-1))
    write(directory, "random_scales", random)
    path, found, ends = [], [], []
    for number, value in enumerate([1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2]):
        for epoch in range(0, 201, 5):
            done = 1 - 0.97**epoch
            cost = 4000 * (16 / 2**number) ** done
            path.append(
                {"lambda": value, "epoch": epoch, "error": 1000 / cost * (1.6 - 0.6 * done), "operations": cost}
            )
            for layer, name in enumerate(names):
                scale = (16 / 2**number / (layer + 1)) ** done
                found.append({"lambda": value, "epoch": epoch, "layer": layer, "name": name, "scale": scale})
        ends.append(
            {"lambda": value, "error": path[-1]["error"], "operations": path[-1]["operations"], "dominated_by": 0}
        )
    write(directory, "trajectories", path)
    write(directory, "trajectory_scales", found)
    write(directory, "endpoints", ends)
    return directory


def make_figure3(directory: Path) -> Path:
    """Bars that move by a pixel a frame, and distances of two orders."""
    begin(directory, "figure3")
    rows = []
    for snippet in range(8):
        for position in range(8):
            image = np.zeros((28, 28), np.uint8)
            image[4:24, 3 + 2 * snippet + position % 8 : 6 + 2 * snippet + position % 8] = 255
            keys = {"snippet": snippet, "position": position, "frame": 1000 * snippet + position, "label": snippet}
            rows.append({**keys, "height": 28, "width": 28, "pixels": image.reshape(-1)})
    write(directory, "snippets", rows)
    frames = np.arange(2000)
    orders = {"mnist": 25 + 8 * np.sin(frames), "temporal-mnist": 12 + 5 * np.sin(frames) + frames / 1000}
    tables = [
        pd.DataFrame({"order": order, "frame": frames, "l1_distance": np.where(frames, values, np.nan)})
        for order, values in orders.items()
    ]
    write(directory, "distances", pd.concat(tables))
    return directory


LAYERS = ("input", *(f"conv{block}_{number}" for block in range(1, 6) for number in range(1, 3 if block < 3 else 4)))


def make_figure6(directory: Path, frames: int = 60, splice: int = 30) -> Path:
    """Distances that rise over the layers and jump where the second clip begins."""
    begin(directory, "figure6", splice=splice)
    rows = []
    for frame in range(1, frames):
        moving = 1.0 if frame == splice else 0.3 if frame > splice else 0.1
        for index, name in enumerate(LAYERS):
            far = min(1.0, moving * (1 + 0.1 * index)) * (1 + 0.1 * np.sin(frame))
            rows.append(
                {"frame": frame, "layer_index": index, "layer": name, "l1_distance": far, "cosine": 1 - far / 2}
            )
    table = pd.DataFrame(rows)
    write(directory, "adjacent", table)
    means = table.groupby(["layer_index", "layer"], as_index=False)[["l1_distance", "cosine"]].mean()
    write(directory, "means", means)
    return directory


def make_figure5(directory: Path, *, classes: bool = True, frames: int = 60, splice: int = 30, every: int = 2) -> Path:
    """Two clips of 30 frames; sigma-delta makes an eleventh and a quarter of the original's operations at 1e-08."""
    begin(directory, "figure5")
    settings = {"unoptimised": 0.5, "1e-09": 2.0, "1e-08": 1.0, "1e-07": 0.4}
    costs, layers, agreement, labels = [], [], [], []
    for setting, share in settings.items():
        for frame in range(frames):
            clip = "static" if frame < splice else "moving"
            jump = 3.0 if frame in {0, splice} else 1 / 11 if clip == "static" else 0.25
            operations = {
                "original": 31e9,
                "rounding": 31e9 * share,
                "sigma_delta": 31e9 * share * jump * (1 + 0.1 * np.sin(frame)),
            }
            for mode, value in operations.items():
                price = 1.6 if mode == "original" else 0.1
                keys = {"frame": frame, "clip": clip, "setting": setting, "mode": mode}
                costs.append({**keys, "operations": value, "energy_pj": value * price})
                if classes and mode != "rounding":
                    name = "a long name of a class, with a comma" if frame % 7 else "cat"
                    same = mode == "original" or frame % 5
                    labels.append({"frame": frame, "setting": setting, "mode": mode, "label": name if same else "dog"})
            agreement.append(
                {
                    "frame": frame,
                    "setting": setting,
                    "top1": bool(frame % 5) if classes else None,
                    "top5": bool(frame % 20) if classes else None,
                    "feature_error": 0.2 / share * (1 + 0.1 * np.sin(frame)),
                }
            )
        for clip, kept in (("static", 0.15), ("moving", 0.4)):
            for index, name in enumerate(LAYERS[1:], start=1):
                keys = {"clip": clip, "setting": setting, "layer_index": index, "layer": name}
                dense = 1e9 * (1 + index % 4)
                layers.append({**keys, "mode": "original", "operations": dense})
                layers.append({**keys, "mode": "rounding", "operations": dense * share})
                layers.append({**keys, "mode": "sigma_delta", "operations": dense * share * (kept + 0.01 * index)})
    write(directory, "frames", costs)
    write(directory, "layers", layers)
    table = pd.DataFrame(agreement)
    write(directory, "agreement", table.astype({"top1": "boolean", "top5": "boolean"}))
    write(directory, "labels", pd.DataFrame(labels, columns=["frame", "setting", "mode", "label"]))
    equal = {"what": "all layers", "integers": 1_000_000, "differing": 0}
    write(directory, "equalities", [{"setting": setting, **equal} for setting in settings])
    scales = [
        {"setting": setting, "lambda": float(setting), "layer": layer, "name": name, "scale": share * (1 + layer % 3)}
        for setting, share in settings.items()
        if setting != "unoptimised"
        for layer, name in enumerate(LAYERS[:-1])
    ]
    write(directory, "scales", scales)
    clips = [("static", "vtest", 0, splice - 1), ("moving", "bikes", 76, 76 + frames - splice - 1)]
    rows = [{"clip": a, "name": b, "first": c, "last": d, "frames": d - c + 1} for a, b, c, d in clips]
    write(directory, "clips", rows)
    shown = np.arange(0, frames, every)
    pictures = np.zeros((len(shown), 48, 64, 3), np.uint8)
    for number, frame in enumerate(shown):
        pictures[number, :, :, 2 if frame < splice else 0] = 90
        pictures[number, 10:30, frame % 50 : frame % 50 + 12] = 255
    np.savez_compressed(directory / "pictures.npz", frames=pictures, frame=shown)
    if not classes:
        edges = pictures[:, :, :, 1]
        np.savez_compressed(directory / "edges.npz", frame=shown, original=edges, sigma_delta=edges // 2)
    return directory


def make_systems(directory: Path) -> Path:
    """Arithmetic a tenth of the whole on two accelerators; a third has no multiplier and so no original."""
    begin(directory, "systems")
    points, components = [], []
    chips = {"horowitz-45nm": 6.0, "tiled-array": 40.0, "loihi1-davies2018": 90.0}
    for accelerator, memory in chips.items():
        for name in ("mnist", "temporal-mnist"):
            for row in figure4_points(("rounding",)):
                if row["dataset"] != name or (row["mode"] == "original" and accelerator.startswith("loihi")):
                    continue
                keys = {key: row[key] for key in ("cost", "setting", "lambda", "mode")}
                keys = {"figure": "figure4", "input": name, "accelerator": accelerator, **keys}
                adds = row["operations"] / (2 if row["mode"] == "original" else 1)
                arithmetic = row["energy_nj"] * 1000
                parts = {"arithmetic": arithmetic, "state memory": adds * memory, "off-chip memory": 1000 * memory}
                total, error = sum(parts.values()), row["test_error_percent"]
                numbers = {"arithmetic_pj": arithmetic, "total_pj": total, "latency_ns": adds / 10}
                points.append({**keys, **numbers, "error_percent": error})
                components += [{**keys, "component": part, "energy_pj": energy} for part, energy in parts.items()]
    write(directory, "points", points)
    write(directory, "components", components)
    return directory
