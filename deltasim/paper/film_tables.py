"""The tables of Figure 5: what a film cost, frame by frame and layer by layer, and what the networks answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.paper.counted import Counted
from deltasim.paper.film import Film
from deltasim.paper.film_search import Setting
from deltasim.paper.float_outputs import classifies, float_outputs
from hwmodels.prices.conventions import INT32_ADD_AJ, INT32_MULTIPLY_AJ
from reports import Run
from reports.tables.answers import MOST_FOR_TOP_1_ALONE, ranks

TOP: Final = 5
AJ_PER_PJ: Final = 10**6
_BLOCK: Final = 8

Answers = Mapping[str, tuple[NDArray[np.int32], NDArray[np.float64]]]
"""For each mode the outputs (frames, outputs) int32, and the real value of one unit of each output."""


def frames_table(film: Film, setting: str, counted: Counted) -> pd.DataFrame:
    """One row per frame: `frame, clip, begins, setting, mode, operations, energy_pj` (arithmetic alone).

    `begins` is True in the first frame of a clip, which has no like before it.
    """
    table = _operations(film, setting, counted)
    keys = ["frame", "clip", "begins", "setting", "mode"]
    return table.groupby(keys, sort=False, as_index=False)[["operations", "energy_pj"]].sum()


def layers_table(film: Film, setting: str, counted: Counted) -> pd.DataFrame:
    """One row per clip and layer: `clip, setting, mode, layer_index, layer, operations, steady`.

    Operations are those for the messages that the layer received, means per frame: `operations` over all frames of the
    clip, `steady` over those but its first one.
    """
    table = _operations(film, setting, counted)
    table["steady"] = table["operations"].where(~table["begins"])
    keys = ["clip", "setting", "mode", "layer_index", "layer"]
    received = table[table["layer_index"] > 0]
    return received.groupby(keys, sort=False, as_index=False)[["operations", "steady"]].mean()


def _operations(film: Film, setting: str, counted: Counted) -> pd.DataFrame:
    counts = counted.counts
    number = counts["frame"].to_numpy()
    return pd.DataFrame(
        {
            "frame": number,
            "clip": film.clip_of[number],
            "begins": film.begins[number],
            "setting": setting,
            "mode": counts["mode"],
            "layer_index": counts["layer_index"],
            "layer": counts["layer"],
            "operations": counts["adds"] + counts["multiplies"],
            "energy_pj": (counts["adds"] * INT32_ADD_AJ + counts["multiplies"] * INT32_MULTIPLY_AJ) / AJ_PER_PJ,
        }
    )


def system_table(film: Film, setting: Setting, accelerator: str, run: Run) -> pd.DataFrame:
    """What a whole system needs, one row per clip and mode: `input, accelerator, cost, setting, lambda, mode,
    arithmetic_pj, total_pj, latency_ns` and each component's energy in pJ; means per frame over all frames of the clip.
    """
    frames = run.frames
    energies = [name for name in frames.columns if name.endswith("_pj")]
    table = frames[["mode", *energies, "latency_ns"]].astype({"mode": str})
    table.insert(0, "input", film.clip_of[frames["frame"].to_numpy()])
    means = table.groupby(["input", "mode"], sort=False, as_index=False).mean()
    means.insert(1, "accelerator", accelerator)
    scaled = means["mode"].isin(["rounding", "sigma_delta"])  # what the scales change
    means.insert(2, "cost", np.where(scaled, "rounding", "none"))
    means.insert(3, "setting", np.where(scaled, setting.name, "original"))
    means.insert(4, "lambda", np.where(scaled, setting.lambda_, np.nan))
    return means


def answers_tables(film: Film, answers: Mapping[str, Answers]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the networks answered at each setting, beside the float network: `agreement` and `labels`.

    `agreement`, one row per frame and setting: `frame, setting, top1, top5, feature_error, original_error`. top1 and
    top5 say whether the rounding network's answer is the float network's, or among its first five; missing where the
    outputs are no classes. The errors are ||out - float|| / ||float|| of all outputs, of the rounding network and of
    the original in integers. `labels`: `frame, setting, mode, label`, that of `original` being the float network's;
    empty where the outputs are no classes.
    """
    agreement: dict[str, list[pd.DataFrame]] = {setting: [] for setting in answers}
    labels: dict[str, list[pd.DataFrame]] = {setting: [] for setting in answers}
    for first in range(0, film.frames.count, _BLOCK):
        last = min(first + _BLOCK, film.frames.count)
        true = float_outputs(film.network, film.frames.read(first, last)).astype(np.float64)
        for setting, own in answers.items():
            real = {mode: scale * integers[first:last] for mode, (integers, scale) in own.items()}
            agreement[setting].append(_agreement(film, first, setting, true, real))
            labels[setting].append(_labels(film, first, setting, true, real))
    return _joined(agreement), _joined(labels)


def _joined(tables: Mapping[str, list[pd.DataFrame]]) -> pd.DataFrame:
    return pd.concat([table for blocks in tables.values() for table in blocks], ignore_index=True)


def _agreement(
    film: Film, first: int, setting: str, true: NDArray[np.float64], real: Mapping[str, NDArray[np.float64]]
) -> pd.DataFrame:
    top1, top5 = pd.array([None] * len(true), "boolean"), pd.array([None] * len(true), "boolean")
    if classifies(film.network):
        rank = ranks(true, real["rounding"].argmax(axis=1))
        top1 = pd.array(rank == 0, "boolean")
        if true.shape[1] > MOST_FOR_TOP_1_ALONE:
            top5 = pd.array(rank < TOP, "boolean")
    return pd.DataFrame(
        {
            "frame": np.arange(first, first + len(true)),
            "setting": setting,
            "top1": top1,
            "top5": top5,
            "feature_error": relative_error(real["rounding"], true),
            "original_error": relative_error(real["original"], true),
        }
    )


def _labels(
    film: Film, first: int, setting: str, true: NDArray[np.float64], real: Mapping[str, NDArray[np.float64]]
) -> pd.DataFrame:
    if not classifies(film.network):
        return pd.DataFrame({"frame": np.zeros(0, np.int64), "setting": "", "mode": "", "label": ""})
    names = film.network.classes or tuple(map(str, range(true.shape[1])))
    frames = np.arange(first, first + len(true))
    shown = {"original": true, "rounding": real["rounding"], "sigma_delta": real["sigma_delta"]}
    answers = {mode: values.argmax(axis=1) for mode, values in shown.items()}
    tables = [
        pd.DataFrame({"frame": frames, "setting": setting, "mode": mode, "label": [names[each] for each in answer]})
        for mode, answer in answers.items()
    ]
    return pd.concat(tables, ignore_index=True)


def relative_error(values: NDArray[np.float64], true: NDArray[np.float64]) -> NDArray[np.float64]:
    """||values - true|| / ||true|| of each row of (n, outputs) arrays; missing where `true` has nothing but zeros."""
    difference, norm = np.linalg.norm(values - true, axis=1), np.linalg.norm(true, axis=1)
    return np.asarray(np.divide(difference, norm, out=np.full(len(norm), np.nan), where=norm > 0))
