"""Figure 5: original, rounding and sigma-delta network on a film, at scales found on other frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from deltasim.paper.clips import spread
from deltasim.paper.counted import Counted, equalities
from deltasim.paper.edges import Sides, difference, float_edges, integer_edges, load_sides
from deltasim.paper.film import MOVING, STATIC, Film
from deltasim.paper.film_run import SYSTEM, at_other_prices, count_film, film_in_integers, run_film
from deltasim.paper.film_search import UNOPTIMISED, Setting, find_settings
from deltasim.paper.film_tables import Answers, answers_tables, frames_table, layers_table, system_table
from deltasim.paper.place import Notes, write_table
from deltasim.paper.records import EqualityRow
from deltasim.paper.video_settings import ACTIVATION_BITS, CALIBRATION_FRAMES, WEIGHT_BITS, Settings, loss_of
from reports.run.atomic import write_arrays
from simulator import SimulationError
from workloads import IntegerNetwork

AT_SCALES: Final = ("rounding", "sigma_delta")
MODES: Final = ("original", *AT_SCALES)
PAPERS_SAVING: Final = 11.0  # on the static clip (caption of Figure 5)
EDGE_FRAMES: Final = 8
THUMBNAIL: Final = 112  # pixels of its longer side
MOST_PICTURES: Final = 100

Progress = Callable[[str, int, int], None]


def figure5(directory: Path, settings: Settings, film: Film, seed: int, progress: Progress) -> Notes:
    """Write the tables of Figure 5 (paper, Section 5.3) into `directory`.

    Beside them, where the settings say so, a run of a whole system for each lambda, whose dashboard can be opened, and
    `system`, what it cost; and of a network that sees edges, edges.npz.
    """
    found = find_settings(directory, settings, film, seed, progress)
    calibration = spread((film.static, film.moving), CALIBRATION_FRAMES)
    original = count_film(film, film_in_integers(film, calibration), ("original",), progress)["original"]
    shown = [_show(film, calibration, setting, original, progress) for setting in found]
    tables = {
        "frames": pd.concat([each.frames for each in shown]),
        "layers": pd.concat([each.layers for each in shown]),
        "scales": pd.DataFrame([row for setting in found for row in setting.rows()]),
        "clips": pd.DataFrame(
            [{"clip": clip, **part.describe()} for clip, part in ((STATIC, film.static), (MOVING, film.moving))]
        ),
    }
    tables["agreement"], tables["labels"] = answers_tables(film, {each.setting.name: each.answers for each in shown})
    tables["equalities"] = pd.DataFrame([row for each in shown for row in each.equalities])
    notes = _notes(settings, film, int(tables["equalities"]["differing"].sum()))
    if settings.systems:
        try:
            tables["system"] = pd.concat(_systems(directory, film, calibration, found, progress))
        except SimulationError as error:  # the network is too big for that system; the figure itself needs none
            notes.append(f"Not simulated on {SYSTEM}: {error}")
    for name, table in tables.items():
        write_table(directory, name, table)
    write_pictures(directory, film)
    sides = load_sides(settings.network)
    return notes if sides is None else [*notes, write_edges(directory, film, sides, _nearest(shown, tables["frames"]))]


@dataclass(frozen=True, eq=False)
class Shown:
    """The film shown at one setting: the network, its tables, outputs, and whether networks that must agree do."""

    setting: Setting
    network: IntegerNetwork
    frames: pd.DataFrame
    layers: pd.DataFrame
    answers: Answers
    equalities: list[EqualityRow]


def _show(film: Film, calibration: NDArray[np.uint8], setting: Setting, original: Counted, progress: Progress) -> Shown:
    network = film_in_integers(film, calibration, setting.scales)
    scaled = count_film(film, network, AT_SCALES, progress, setting.name)
    counted = {"original": original, **scaled}
    return Shown(
        setting=setting,
        network=network.scaled,
        frames=pd.concat([frames_table(film, setting.name, each) for each in counted.values()]),
        layers=pd.concat([layers_table(film, setting.name, each) for each in counted.values()]),
        answers={mode: (counted[mode].outputs, counted[mode].output_scale) for mode in MODES},
        equalities=[
            {
                "setting": setting.name,
                "what": "rounding and sigma-delta, every layer and frame",
                "integers": each.integers + each.outputs,
                "differing": each.layer_frames_differing + each.outputs_differing,
            }
            for each in equalities(scaled)
        ],
    )


def _systems(
    directory: Path, film: Film, calibration: NDArray[np.uint8], found: Sequence[Setting], progress: Progress
) -> list[pd.DataFrame]:
    """The film on a whole system at every setting found; the original, which scales do not change, with the first."""
    tables: list[pd.DataFrame] = []
    for setting in (each for each in found if each.name != UNOPTIMISED):
        modes = AT_SCALES if tables else MODES
        run = run_film(film, calibration, setting, modes, directory / f"run-{setting.name}", progress)
        tables += [system_table(film, setting, name, each) for name, each in at_other_prices(run).items()]
    return tables


def _nearest(shown: Sequence[Shown], frames: pd.DataFrame) -> Shown:
    """The one whose saving on the static clip, of those with a lambda, is nearest to the paper's."""
    means = frames[frames["clip"] == STATIC].groupby(["setting", "mode"])["operations"].mean()

    def away(one: Shown) -> float:
        saving = means[one.setting.name, "original"] / max(means[one.setting.name, "sigma_delta"], 1)
        return abs(float(np.log(saving / PAPERS_SAVING)))

    return min((one for one in shown if one.setting.name != UNOPTIMISED), key=away)


def write_edges(directory: Path, film: Film, sides: Sides, shown: Shown) -> str:
    """Edges of some frames in edges.npz: `frame`, `original` (of the float network) and `sigma_delta` (n, H, W) uint8.

    Returns a note on how they differ.
    """
    chosen = np.unique(np.linspace(0, film.frames.count - 1, EDGE_FRAMES).astype(np.int64))
    pixels = np.concatenate([film.frames.read(frame, frame + 1) for frame in chosen.tolist()])
    original, sigma_delta = float_edges(film.network, sides, pixels), integer_edges(shown.network, sides, pixels)
    arrays: dict[str, NDArray[Any]] = {"frame": chosen, "original": original, "sigma_delta": sigma_delta}
    write_arrays(directory / "edges.npz", arrays)
    return (
        f"Edges of sigma-delta, at λ = {shown.setting.name}, differ from the float network's by "
        f"{difference(original, sigma_delta):.1f} of 255 on average over {len(chosen)} frames."
    )


def write_pictures(directory: Path, film: Film) -> None:
    """Every second frame, or fewer of a long film, as thumbnails in pictures.npz: `frame`, `frames` (n, h, w, 3)."""
    step = max(2, -(-film.frames.count // MOST_PICTURES))
    chosen = np.arange(0, film.frames.count, step)
    pictures = film.pictures(chosen.tolist(), THUMBNAIL)
    write_arrays(directory / "pictures.npz", {"frame": chosen, "frames": pictures})


def _notes(settings: Settings, film: Film, differing: int) -> Notes:
    training = ", ".join(each.words for each in film.training)
    unit = "squared, as a share of the outputs' squared length" if loss_of(film.network) == "l2" else "KL divergence"
    return [
        f"Scales were found on {settings.train_frames} frames of {training}, none of which is shown. Errors of the "
        f"search: {unit}; its λ counts operations against these.",
        f"Integers: {WEIGHT_BITS}-bit weights, {ACTIVATION_BITS}-bit activations, 32-bit accumulators; every count is "
        "of messages sent in the simulator.",
        "Agreement, labels of the original and errors are against the float network.",
        f"Rounding and sigma-delta compared on every integer of every layer and frame: {differing} differences.",
    ]
