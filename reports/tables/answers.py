"""What the networks answered: the class of the largest output, beside the labels and beside the original network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.extensions import ExtensionArray

from hwmodels.modes import modes_in
from reports.run.outputs import Rows, in_step

MOST_FOR_TOP_1_ALONE: Final = 10
"""With more classes than this, an answer among the original's first five is of interest too (the paper's top-5)."""

_TYPES: Final = {
    "prediction": "Int64",
    "label": "Int64",
    "correct": "boolean",
    "agrees": "boolean",
    "agrees_top5": "boolean",
}


def reference_mode(modes: Iterable[str]) -> str | None:
    """The mode whose answers are those of the original network, None if it was not simulated."""
    return next((mode.name for mode in modes_in(modes) if mode.is_original), None)


def scaled(outputs: NDArray[np.integer[Any]], scales: float | list[float]) -> NDArray[np.float64]:
    """(frames, classes) outputs as real numbers; `scales` is one for all, or one per output, in their order.

    Raises ValueError if their number does not divide the number of outputs.
    """
    factors = np.atleast_1d(np.asarray(scales, np.float64))
    return np.asarray(outputs * np.tile(factors, outputs.shape[1] // len(factors)))


def ranks(values: NDArray[np.float64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """For each frame how many classes stand before `classes[frame]` when (frames, classes) `values` are sorted from the
    largest, the lower class first where values are equal: 0 for the answer itself.
    """
    frames = np.arange(len(values))
    own = values[frames, classes][:, None]
    before = (values == own) & (np.arange(values.shape[1]) < classes[:, None])
    return np.asarray((values > own).sum(axis=1) + before.sum(axis=1))


def answer_columns(
    outputs: Mapping[str, Rows],
    labels: NDArray[np.int64] | None,
    *,
    scales: Mapping[str, float | list[float]] | None = None,
    classifies: bool = True,
) -> dict[str, ExtensionArray]:
    """Columns `prediction, label, correct, agrees, agrees_top5` of the frames table, mode by mode, frame by frame.

    `outputs` is (frames, classes) for each mode, `scales` what one unit of them is (see `scaled`; 1 unless given).
    `correct` is missing without `labels`; `agrees` (the answer is the original network's) and `agrees_top5` (it is
    among the original's first five) without an original network, the latter also with ten classes or fewer. All are
    missing where the outputs are not classes.
    """
    missing: list[None] = [None] * sum(values.shape[0] for values in outputs.values())
    columns: dict[str, Any] = dict.fromkeys(_TYPES, missing)
    if classifies:
        predictions, rank = _answers(outputs, scales or {})
        columns |= _beside_labels(predictions, labels, len(outputs))
        if rank is not None:
            few = next(iter(outputs.values())).shape[1] <= MOST_FOR_TOP_1_ALONE
            columns |= {"agrees": rank == 0} | ({} if few else {"agrees_top5": rank < 5})
    return {name: pd.array(values, dtype=_TYPES[name]) for name, values in columns.items()}


def _answers(
    outputs: Mapping[str, Rows], scales: Mapping[str, float | list[float]]
) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
    """The class that each network answers, mode by mode, frame by frame, and its rank in the original network's outputs
    (see `ranks`), None without an original network.
    """
    reference = reference_mode(outputs)
    predictions: dict[str, list[NDArray[np.int64]]] = {mode: [] for mode in outputs}
    rank: dict[str, list[NDArray[np.int64]]] = {mode: [] for mode in outputs}
    for block in in_step(outputs):
        real = {mode: scaled(values, scales.get(mode, 1.0)) for mode, values in block.items()}
        for mode, values in real.items():
            predictions[mode].append(values.argmax(axis=1))
            if reference is not None:
                rank[mode].append(ranks(real[reference], predictions[mode][-1]))
    return _joined(predictions), _joined(rank) if reference is not None else None


def _joined(blocks: Mapping[str, list[NDArray[np.int64]]]) -> NDArray[np.int64]:
    return np.concatenate([block for mode in blocks.values() for block in mode])


def _beside_labels(
    prediction: NDArray[np.int64], labels: NDArray[np.int64] | None, modes: int
) -> dict[str, NDArray[Any]]:
    if labels is None:
        return {"prediction": prediction}
    every = np.tile(labels, modes)
    return {"prediction": prediction, "label": every, "correct": prediction == every}
