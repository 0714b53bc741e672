"""What the networks answered: the class of the largest output, beside the labels and beside the original network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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
    present = set(modes)
    return next((mode for mode in ("original", "original_sparse") if mode in present), None)


def scaled(outputs: NDArray[np.integer[Any]], scales: float | list[float]) -> NDArray[np.float64]:
    """(frames, classes) outputs as real numbers; `scales` is one for all, one per class, or one per channel of a map
    whose channels change fastest. Raises ValueError if their number does not divide the number of outputs.
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
    outputs: Mapping[str, NDArray[np.float64]], labels: NDArray[np.int64] | None, *, classifies: bool = True
) -> dict[str, Any]:
    """Columns `prediction, label, correct, agrees, agrees_top5` of the frames table, mode by mode, frame by frame.

    `outputs` is (frames, classes) for each mode, at one scale. `correct` is missing without `labels`; `agrees` (the
    answer is the original network's) and `agrees_top5` (it is among the original's first five) without an original
    network, the latter also with ten classes or fewer. All are missing where the outputs are not classes.
    """
    missing: list[None] = [None] * sum(len(values) for values in outputs.values())
    columns: dict[str, Any] = dict.fromkeys(_TYPES, missing)
    if classifies:
        predictions = {mode: values.argmax(axis=1) for mode, values in outputs.items()}
        columns |= _beside_labels(predictions, labels) | _beside_original(outputs, predictions)
    return {name: pd.array(values, dtype=_TYPES[name]) for name, values in columns.items()}


def _beside_labels(
    predictions: Mapping[str, NDArray[np.int64]], labels: NDArray[np.int64] | None
) -> dict[str, NDArray[Any]]:
    prediction = np.concatenate(list(predictions.values()))
    if labels is None:
        return {"prediction": prediction}
    every = np.tile(labels, len(predictions))
    return {"prediction": prediction, "label": every, "correct": prediction == every}


def _beside_original(
    outputs: Mapping[str, NDArray[np.float64]], predictions: Mapping[str, NDArray[np.int64]]
) -> dict[str, NDArray[Any]]:
    reference = reference_mode(outputs)
    if reference is None:
        return {}
    rank = np.concatenate([ranks(outputs[reference], prediction) for prediction in predictions.values()])
    few = outputs[reference].shape[1] <= MOST_FOR_TOP_1_ALONE
    return {"agrees": rank == 0} if few else {"agrees": rank == 0, "agrees_top5": rank < 5}
