"""The page of Figure 5: two clips, their frames, what each costs and what the networks see in them."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from deltasim.paper.figure5.plots import (
    cost_by_layer,
    cost_per_frame,
    error_so_far,
    feature_errors,
    ratio_by_layer,
    saving_and_agreement,
)
from deltasim.paper.figure5.video import Video, labels_of, video_of
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.pictures import data_url, grid
from deltasim.paper.pages.scale_plots import scale_lines, scales_by_layer, search_lines, search_paths
from deltasim.paper.pages.section import Fold, Pictures, Section
from deltasim.paper.pages.words import make_table, operations, setting_name
from reports.dashboard.page import Plot
from reports.dashboard.thumbnails import sheet
from reports.figures.theme import network_colour, network_name
from reports.tables.numbers import NOTHING, ratio

_MOST_EDGES: Final = 4


def figure5_sections(experiment: Experiment) -> list[Section]:
    """In the paper's order, then the settings beside each other."""
    video = video_of(experiment)
    sections = [_frames(experiment, video), *_agreement(experiment, video), _layers(video), _settings(video)]
    if experiment.has("scales"):
        lines = scale_lines(experiment.rows("scales", "setting", "layer", "name", "scale"))
        caption = (
            "What the values of each layer are multiplied by before they are rounded, found on other frames than these."
        )
        sections.append(
            Section(
                "scales-section", "The scales found", plots=(Plot("scales", caption, {"": scales_by_layer(lines)}),)
            )
        )
    if experiment.has("trajectory"):
        lines = search_lines(experiment.rows("trajectory", "setting", "epoch", "error", "operations"))
        note = (
            "Every search from its start (dot) to its end (cross), on the training frames: means of the error that is "
            "minimised and of the rounding network's operations, as the search itself sees them."
        )
        plot = Plot("search", note, {"": search_paths(lines, "error minimised")})
        sections.append(Section("paths", "The way there", plots=(plot,)))
    return sections


def figure5_strip(experiment: Experiment) -> dict[str, Any]:
    """The pictures under the cost per frame, and what the original and sigma-delta call them."""
    video = video_of(experiment)
    arrays = experiment.arrays("pictures") or {}
    numbers = [int(number) for number in arrays.get("frame", np.zeros(0, np.int64))]
    pictures = sheet(np.asarray(arrays["frames"], np.uint8)) if numbers else None
    labels = labels_of(experiment, video.chosen)
    modes = [mode for mode in ("original", "sigma_delta") if mode in labels]
    lines = [
        {
            "name": network_name(mode),
            "colour": network_colour(mode),
            "classes": [labels[mode].get(frame, "") for frame in range(video.count)],
        }
        for mode in modes
    ]
    return {
        "frames": video.count,
        "lines": lines,
        "wide": True,
        "sheet": None if pictures is None else vars(pictures),
        "shown": numbers,
    }


def _frames(experiment: Experiment, video: Video) -> Section:
    settings = [video.chosen, *(name for name in video.settings if name != video.chosen)]
    variants = {setting_name(name): cost_per_frame(video, name) for name in settings}
    variants[f"energy, {setting_name(video.chosen)}"] = cost_per_frame(video, video.chosen, "energy_pj")
    labels = labels_of(experiment, video.chosen)
    names = " and the names that the original and sigma-delta give them" if labels else ""
    caption = (
        "What every frame costs. The dashed line is where the moving clip begins. Below: some of the frames "
        f"shown{names}. The first frame is sent whole. Energy is that of 32-bit integer arithmetic."
    )
    plot = Plot("cost-per-frame", caption, variants, choose="Scales", pictures=video.count)
    clips = []
    if experiment.has("clips"):
        rows = experiment.rows("clips", "clip", "name", "first", "last", "frames")
        clips = [f"{row['clip']}: {row['name']}, frames {row['first']} to {row['last']}" for row in rows]
    text = f"{'; '.join(clips)}." if clips else ""
    return Section("frames", "Frames, and what each costs", text, plots=(plot,))


def _agreement(experiment: Experiment, video: Video) -> list[Section]:
    sections = []
    answered = [name for name in video.settings if video.agrees(name, "top1") is not None]
    if answered:
        variants = {setting_name(name): error_so_far(video, name) for name in answered}
        first = setting_name(video.chosen)
        caption = (
            "The paper's cumulative mean error: the share of the frames so far on which sigma-delta, and so rounding, "
            "answers otherwise."
        )
        plot = Plot("error-so-far", caption, variants, choose="Scales", first=first, follows=True)
        sections.append(Section("answers", "Is it the original's answer?", plots=(plot,)))
    if any(video.agrees(name, "feature_error") is not None for name in video.settings):
        caption = "L2 distance of the last layer's outputs from the original's, in percent of the original's length."
        plot = Plot("feature-error", caption, {"": feature_errors(video)}, follows=True)
        sections.append(
            Section("features", "Are they the original's features?", pictures=_edges(experiment), plots=(plot,))
        )
    return sections


def _edges(experiment: Experiment) -> tuple[Pictures, ...]:
    """Edge maps of the original above those of sigma-delta, if the experiment made any."""
    arrays = experiment.arrays("edges")
    if arrays is None or not len(arrays["frame"]):
        return ()
    places = np.unique(np.linspace(0, len(arrays["frame"]) - 1, _MOST_EDGES).astype(int))
    rows = [[np.asarray(arrays[name][place], np.uint8) for place in places] for name in ("original", "sigma_delta")]
    image = grid(rows, gap=(4, 4))
    frames = ", ".join(str(int(arrays["frame"][place])) for place in places)
    caption = f"Edges, the original above and sigma-delta below: frames {frames}."
    return (Pictures(data_url(image), caption, 1000 if image.shape[1] > 260 else 4 * image.shape[1]),)


def _layers(video: Video) -> Section:
    costs = {f"{clip} clip": cost_by_layer(video, clip) for clip in video.clips}
    settings = [video.chosen, *(name for name in video.settings if name != video.chosen)]
    ratios = {setting_name(name): ratio_by_layer(video, name) for name in settings}
    caption = f"Operations of each layer, means per frame, at {setting_name(video.chosen)}."
    note = "Sigma-delta's operations over rounding's, means over the frames of a clip. At 1 nothing is saved."
    rows = [
        (name, *(f"{video.ratios(clip, video.chosen).get(name, float('nan')):.3f}" for clip in video.clips))
        for name in video.ratios(video.clips[0], video.chosen)
    ]
    table = make_table(("layer", *(f"{clip} clip" for clip in video.clips)), rows)
    return Section(
        "layers",
        "Layer by layer",
        plots=(
            Plot("layer-costs", caption, costs, choose="Clip"),
            Plot("layer-ratios", note, ratios, choose="Scales"),
        ),
        folds=(Fold(f"Sigma-delta over rounding at {setting_name(video.chosen)}", table),),
    )


def _settings(video: Video) -> Section:
    text = (
        f"{setting_name(video.chosen)} is shown first on this page: of the settings found by the search the one whose "
        "saving on the static clip is nearest to the paper's 11 times."
    )
    caption = "How many times fewer operations sigma-delta makes than the original, means over the frames of a clip."
    plot = Plot("savings", caption, {"": saving_and_agreement(video)})
    return Section(
        "settings", "Every setting", text, plots=(plot,), tables=(make_table(TITLES, setting_rows(video), 2),)
    )


TITLES: Final = (
    "clip",
    "scales",
    "original",
    "rounding",
    "sigma-delta",
    "times less",
    "in energy",
    "same answer",
    "in first five",
    "feature error",
)


def setting_rows(video: Video) -> list[tuple[str, ...]]:
    """Every clip at every setting in words, under `TITLES`: operations per frame, savings and agreement on the clip."""
    rows = []
    for clip in video.clips:
        place = np.unique(video.frames.loc[video.frames["clip"] == clip, "frame"])
        for name in video.settings:
            costs = [operations(video.mean(clip, mode, name)) for mode in ("original", "rounding", "sigma_delta")]
            savings = [ratio(video.factor(clip, name, column)) for column in ("operations", "energy_pj")]
            agreement = []
            for column in ("top1", "top5", "feature_error"):
                values = video.agrees(name, column)
                agreement.append(NOTHING if values is None else f"{100 * values[place].mean():.1f} %")
            rows.append((clip, setting_name(name), *costs, *savings, *agreement))
    return rows
