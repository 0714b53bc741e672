"""Figure 6: how alike the activations of neighbouring frames are, layer by layer, in L1 distance and in cosine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pandas as pd

from deltasim.paper.clips import spread
from deltasim.paper.film import Film
from deltasim.paper.film_run import count_film, film_in_integers
from deltasim.paper.place import Notes, write_table
from deltasim.paper.video_settings import ACCELERATOR, ACTIVATION_BITS, CALIBRATION_FRAMES, WEIGHT_BITS
from reports.tables.changes import changes_table

MODE: Final = "temporal_difference"
_MEASURES: Final = ["l1_distance", "cosine"]

Progress = Callable[[str, int, int], None]


def figure6(directory: Path, film: Film, progress: Progress) -> Notes:
    """Write the tables of Figure 6 (paper, Appendix F) into `directory`.

    `adjacent`: one row per frame and layer, the input being layer 0, after the nonlinearity; see
    `reports.tables.changes.changes_table`. `means`: over all frames with a frame before them in the same clip, and for
    each clip alone.
    """
    network = film_in_integers(film, spread((film.static, film.moving), CALIBRATION_FRAMES))
    counted = count_film(film, network, (MODE,), progress)[MODE]
    adjacent = adjacent_table(changes_table(counted.counts, MODE), film)
    write_table(directory, "adjacent", adjacent)
    within = adjacent[~adjacent["splice"]]
    write_table(directory, "means", _means(within, ["layer_index", "layer"]))
    write_table(directory, "clip_means", _means(within, ["clip", "layer_index", "layer"]))
    return [
        f"Activations are those of the original network in integers ({WEIGHT_BITS}-bit weights, {ACTIVATION_BITS}-bit "
        "activations), as the temporal-difference network sends their changes.",
        f"Means leave out frame {film.splice}, where the clips meet.",
    ]


def settings_of(film: Film) -> dict[str, Any]:
    """Everything that decides the numbers, for the manifest."""
    return {
        **film.describe(),
        "calibration_frames": CALIBRATION_FRAMES,
        "weight_bits": WEIGHT_BITS,
        "activation_bits": ACTIVATION_BITS,
        "accelerator": ACCELERATOR,
    }


def adjacent_table(changes: pd.DataFrame, film: Film) -> pd.DataFrame:
    """Columns `frame, clip, splice, layer_index, layer, l1_distance, cosine` of the layers that send values on.

    `splice` is True in the frame where the clips meet. The output layer, which sends none, is left out.
    """
    sending = changes.groupby("layer_index")[_MEASURES].transform("count").sum(axis=1) > 0
    table = changes[sending].reset_index(drop=True)
    frame = table["frame"].to_numpy()
    table.insert(1, "clip", film.clip_of[frame])
    table.insert(2, "splice", frame == film.splice)
    return table


def _means(adjacent: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return adjacent.groupby(keys, sort=False, as_index=False)[_MEASURES].mean()
