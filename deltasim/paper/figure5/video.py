"""Figure 5's numbers: what the networks cost on two clips, at each setting of the scales."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.words import UNOPTIMISED, in_order
from reports.errors import RunError

STATIC, MOVING = "static", "moving"
PAPERS_FACTORS: Final = {STATIC: 11.0, MOVING: 4.0}
"""How many times less computation than the original, about (caption of Figure 5)."""


@dataclass(frozen=True)
class Video:
    """The tables of one experiment on a static clip spliced to a moving one.

    `frames` (frame, clip, setting, mode, operations, energy_pj) and `agreement` (frame, setting, top1, top5,
    feature_error) have a row per frame, `layers` (clip, setting, mode, layer_index, layer, operations) means per frame.
    """

    frames: pd.DataFrame
    layers: pd.DataFrame
    agreement: pd.DataFrame

    @property
    def count(self) -> int:
        """Frames of both clips."""
        return int(self.frames["frame"].max()) + 1

    @property
    def clips(self) -> list[str]:
        """Clips in the order they are shown in."""
        return [str(clip) for clip in in_order(self.frames.sort_values("frame", kind="stable")["clip"])]

    @property
    def splice(self) -> int | None:
        """The first frame of the second clip, None if there is one clip only."""
        later = self.frames.loc[self.frames["clip"] != self.clips[0], "frame"]
        return None if later.empty else int(later.min())

    @cached_property
    def settings(self) -> list[str]:
        """The settings of sigma-delta, unoptimised first, then by lambda."""
        found = {str(name) for name in self.frames.loc[self.frames["mode"] == "sigma_delta", "setting"]}
        return sorted(found, key=lambda name: -math.inf if name == UNOPTIMISED else _number(name))

    @cached_property
    def chosen(self) -> str:
        """The setting shown first: of those optimised, where the static clip's saving is nearest to the paper's."""
        optimised = [name for name in self.settings if name != UNOPTIMISED] or self.settings
        wanted = PAPERS_FACTORS[STATIC]
        return min(optimised, key=lambda name: abs(math.log(max(self.factor(STATIC, name), 1e-9) / wanted)))

    def per_frame(self, mode: str, setting: str, column: str = "operations") -> NDArray[np.float64]:
        """(frames,) what each frame costs; the original does not depend on the setting."""
        rows = self._rows(self.frames, mode, setting).sort_values("frame")
        return rows[column].to_numpy(np.float64)

    def has(self, mode: str) -> bool:
        """Whether a network was run."""
        return bool((self.frames["mode"] == mode).any())

    def modes(self) -> list[str]:
        """The networks that were run, in the order of the table."""
        return [str(mode) for mode in in_order(self.frames["mode"])]

    def mean(self, clip: str, mode: str, setting: str, column: str = "operations") -> float:
        """What a frame of a clip costs, the first included; NaN if it was not measured."""
        rows = self._rows(self.frames, mode, setting)
        return float(rows.loc[rows["clip"] == clip, column].mean())

    def factor(self, clip: str, setting: str, column: str = "operations") -> float:
        """How many times less sigma-delta costs than the original."""
        mine = self.mean(clip, "sigma_delta", setting, column)
        return self.mean(clip, "original", setting, column) / mine if mine else math.nan

    def steady_factor(self, clip: str, setting: str) -> float:
        """The same in operations, without the first frame of the clip, which is new; NaN if it is the only one."""
        place = sorted({int(frame) for frame in self.frames.loc[self.frames["clip"] == clip, "frame"]})[1:]
        mine, theirs = (self.per_frame(mode, setting)[place] for mode in ("sigma_delta", "original"))
        return float(theirs.sum() / mine.sum()) if mine.sum() else math.nan

    def by_layer(self, clip: str, mode: str, setting: str) -> dict[str, float]:
        """Operations per frame of each layer that makes any, in order."""
        rows = self._rows(self.layers, mode, setting).sort_values("layer_index")
        rows = rows[rows["clip"] == clip]
        return {str(name): float(value) for name, value in zip(rows["layer"], rows["operations"], strict=True)}

    def ratios(self, clip: str, setting: str) -> dict[str, float]:
        """Sigma-delta's operations over rounding's, of each layer where rounding makes any."""
        mine, theirs = (self.by_layer(clip, mode, setting) for mode in ("sigma_delta", "rounding"))
        return {name: mine[name] / value for name, value in theirs.items() if value and name in mine}

    def agrees(self, setting: str, column: str) -> NDArray[np.float64] | None:
        """(frames,) of `agreement`, None where it is not known, as top1 is for networks without classes."""
        rows = self.agreement[self.agreement["setting"] == setting].sort_values("frame")
        values = pd.to_numeric(rows[column].astype(object), errors="coerce").to_numpy(np.float64)
        return None if not len(values) or np.isnan(values).any() else values

    @staticmethod
    def _rows(table: pd.DataFrame, mode: str, setting: str) -> pd.DataFrame:
        rows: pd.DataFrame = table[table["mode"] == mode]
        wanted: pd.DataFrame = rows[rows["setting"] == setting]
        if wanted.empty and mode in {"original", "original_sparse", "temporal_difference"} and not rows.empty:
            wanted = rows[rows["setting"] == rows["setting"].iloc[0]]
        return wanted


def video_of(experiment: Experiment) -> Video:
    """The tables of Figure 5. Raises RunError if a network or a clip is missing."""
    video = Video(
        experiment.table("frames", "frame", "clip", "setting", "mode", "operations", "energy_pj"),
        experiment.table("layers", "clip", "setting", "mode", "layer_index", "layer", "operations"),
        experiment.table("agreement", "frame", "setting", "top1", "top5", "feature_error"),
    )
    missing = [mode for mode in ("original", "rounding", "sigma_delta") if not video.has(mode)]
    missing += [clip for clip in PAPERS_FACTORS if clip not in video.clips]
    if missing:
        raise RunError(
            f"{experiment.path}: frames.parquet lacks {', '.join(missing)}; make it again: {experiment.command}"
        )
    return video


def _number(setting: str) -> float:
    try:
        return float(setting)
    except ValueError:
        return math.inf


def labels_of(experiment: Experiment, setting: str) -> dict[str, dict[int, str]]:
    """What each network calls each frame, by mode and frame; empty without classes."""
    if not experiment.has("labels"):
        return {}
    result: dict[str, dict[int, str]] = {}
    rows: list[dict[str, Any]] = experiment.rows("labels", "frame", "setting", "mode", "label", may_be_empty=True)
    for row in rows:
        if str(row["setting"]) == setting or str(row["mode"]) == "original":
            result.setdefault(str(row["mode"]), {})[int(row["frame"])] = str(row["label"])
    return result
