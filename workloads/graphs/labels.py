"""Labels say which output should be the largest: one whole number a frame, that of an output."""

from __future__ import annotations

import numpy as np

from workloads.errors import WorkloadError
from workloads.frames.source import Frames


def check_labels(frames: Frames, classes: int) -> None:
    """Raise WorkloadError unless the labels, if there are any, are (count,) whole numbers from 0 to classes - 1."""
    if frames.labels is None:
        return
    labels = np.asarray(frames.labels)
    if labels.shape != (frames.count,) or labels.dtype.kind not in "iu":
        raise WorkloadError(
            f"frames {frames.name!r}: labels are {labels.shape} {labels.dtype}; needed ({frames.count},) integers, one "
            "per frame" + (", such as labels.argmax(axis=1) of one-hot ones" if labels.ndim == 2 else "")
        )
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise WorkloadError(
            f"frames {frames.name!r}: label {labels[wrong[0]]} of frame {wrong[0]} is none of the network's {classes} "
            f"outputs ({len(wrong)} of {frames.count} labels are not): needed 0 to {classes - 1}; leave such frames "
            "out, or the labels"
        )
