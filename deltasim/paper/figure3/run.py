"""Figure 3: snippets of Temporal-MNIST, and how much closer its neighbours are than those of MNIST as published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from deltasim.paper.place import Notes, write_table
from workloads import Frames, load_frames

ORDERS: Final = ("mnist", "temporal-mnist")
_BLOCK: Final = 1000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Settings:
    """What is shown: `snippets` runs of `length` adjacent frames, of the first `frames` test images in each order."""

    snippets: int = 10
    length: int = 8
    frames: int = 10_000


QUICK: Final = Settings(frames=2_000)


def figure3(directory: Path, settings: Settings, progress: Progress) -> Notes:
    """Write the tables of Figure 3 (paper, Section 5.2 and Appendix D) into `directory`.

    `snippets`: one row per picture, pixels 0..255 row by row. `distances`: mean absolute difference of a frame's pixels
    and those of the frame before, 0..255, in both orders; missing for the first frame.
    """
    tables = []
    for done, order in enumerate(ORDERS):
        progress("order", done, len(ORDERS))
        frames = load_frames(order, split="test", frames=f"0:{settings.frames}")
        tables.append(distances_table(order, frames))
    write_table(directory, "snippets", snippets_table(frames, settings.snippets, settings.length))
    write_table(directory, "distances", pd.concat(tables, ignore_index=True))
    progress("order", len(ORDERS), len(ORDERS))
    published, ordered = (table["l1_distance"].mean() for table in tables)
    return [
        f"A pixel differs from the frame before by {ordered:.1f} of 255 on average in Temporal-MNIST, by "
        f"{published:.1f} in MNIST as it was published ({settings.frames:,} test images).",
    ]


def settings_of(settings: Settings) -> dict[str, Any]:
    """Everything that decides the numbers, for the manifest."""
    return {**vars(settings), "split": "test"}


def snippets_table(frames: Frames, snippets: int, length: int) -> pd.DataFrame:
    """One row per picture, of runs of adjacent frames that are spread evenly over all of them.

    Columns `snippet, position, frame, label, height, width, pixels`, the latter a list of uint8. Frames are (height,
    width) and have labels.
    """
    height, width = frames.shape
    starts = np.linspace(0, frames.count - length, snippets).astype(np.int64)
    rows = []
    for snippet, start in enumerate(starts.tolist()):
        for position, pixels in enumerate(frames.read(start, start + length)):
            label = -1 if frames.labels is None else int(frames.labels[start + position])
            place = {"snippet": snippet, "position": position, "frame": start + position, "label": label}
            rows.append({**place, "height": height, "width": width, "pixels": pixels})
    return pd.DataFrame(rows)


def distances_table(order: str, frames: Frames) -> pd.DataFrame:
    """One row per frame: `order, frame, l1_distance`."""
    distances = np.full(frames.count, np.nan)
    for start in range(1, frames.count, _BLOCK):
        stop = min(start + _BLOCK, frames.count)
        pixels = frames.read(start - 1, stop).astype(np.int16)
        distances[start:stop] = np.abs(np.diff(pixels, axis=0)).mean(axis=1)
    return pd.DataFrame({"order": order, "frame": np.arange(frames.count), "l1_distance": distances})
