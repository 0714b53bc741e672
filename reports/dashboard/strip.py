"""The film strip under the cost of frames: one sheet of pictures, and what the networks answered to each."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd

from reports.dashboard.thumbnails import sheet
from reports.figures.theme import network_colour, network_name
from reports.run.finished import Run
from reports.tables.answers import reference_mode
from reports.tables.headline import focus_mode

MOST_FRAMES: Final = 10_000
"""More would make the page larger than mail and browsers like; the whole run is shown in bins."""
_NARROWEST_NAME: Final = 4
"""Names of classes up to so many characters fit under a small picture."""


def film_strip(run: Run) -> dict[str, Any]:
    """What the page's script needs: `sheet`, and `lines`, the answers that stand under each picture, one below another.

    Frames are counted from 0: the n-th is number `first + n * step` of its source.
    The first line is the truth: the label, or without labels the original network's answer; the last one the focus's.
    `wide` pictures have room for names and details.
    """
    pictures = sheet(run.sample_frames)
    shown = pictures.count if pictures else 0
    lines = _lines(run, shown)
    longest = max((len(name) for line in lines for name in line["classes"]), default=0)
    return {
        "frames": min(run.frame_count, MOST_FRAMES),
        "first": int(run.frame_numbers[0]),
        "step": int(run.manifest.get("frame_step", 1)),
        "lines": lines,
        "wide": run.sample_frames.ndim == 4 or longest > _NARROWEST_NAME,
        "sheet": None if pictures is None else vars(pictures),
    }


def _lines(run: Run, shown: int) -> list[dict[str, Any]]:
    focus, reference = focus_mode(run), reference_mode(run.modes)
    if not run.classifies:
        return []
    lines = []
    if run.labels is not None:
        lines.append({"name": "label", "colour": None, "classes": _class_names(run, focus, "label", shown)})
    elif reference is not None and reference != focus:
        lines.append(_answers(run, reference, shown))
    return [*lines, _answers(run, focus, shown)]


def _answers(run: Run, mode: str, shown: int) -> dict[str, Any]:
    classes = _class_names(run, mode, "prediction", shown)
    return {"name": network_name(mode), "colour": network_colour(mode), "classes": classes}


def _class_names(run: Run, mode: str, column: str, shown: int) -> list[str]:
    values: pd.Series[Any] = run.frames.loc[run.frames["mode"] == mode, column].iloc[:shown]
    return [run.classes[value] if 0 <= value < len(run.classes) else str(value) for value in values]
