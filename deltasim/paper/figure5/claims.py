"""What the paper says about Figure 5, beside what was measured here."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from deltasim.paper.figure5.video import MOVING, PAPERS_FACTORS, STATIC, Video, video_of
from deltasim.paper.pages.claim import Claim, Holds, claim
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.words import listed, operations, setting_name, shortened, span
from reports.tables.numbers import count, ratio

_ABOUT, _IN_PART = 0.9, 0.5
"""About so many times less holds from this share of it on."""
_MOST, _ALMOST_EVERY = 50.0, 90.0  # percent of frames
_LEAST_RATIO: Final = 0.2


def figure5_claims(experiment: Experiment) -> list[Claim]:
    """Claims about video, at the setting nearest to the paper's saving on the static clip."""
    video = video_of(experiment)
    savings = [_saving(experiment, video, clip) for clip in (STATIC, MOVING)]
    rest = [_more_when_moving(experiment, video), _jump(experiment, video), *_agreement(experiment, video)]
    return [*savings, *rest, *_same_integers(experiment), _layers(experiment, video), _energy(experiment, video)]


def _saving(experiment: Experiment, video: Video, clip: str) -> Claim:
    wanted, found = PAPERS_FACTORS[clip], video.factor(clip, video.chosen)
    others = [
        f"{setting_name(name)}: {ratio(video.factor(clip, name))}" for name in video.settings if name != video.chosen
    ]
    mine = video.mean(clip, "sigma_delta", video.chosen)
    why = f"About means at least {_ABOUT * wanted:.3g}×, in part at least {_IN_PART * wanted:.3g}×. "  # noqa: RUF001
    if clip == STATIC:
        why += (
            "λ is free, so of all settings the one nearest to the paper's saving on this clip is taken: what it costs "
            "in agreement stands below. "
        )
    why += f"Means over all frames of the clip, the first included. Other settings: {listed(others)}."
    return claim(
        experiment,
        f"On the {clip} clip sigma-delta does about {wanted:g} times less computation than the original.",
        "Figure 5",
        f"{ratio(found)} less at {setting_name(video.chosen)}: {operations(mine)} operations a frame for "
        f"{operations(video.mean(clip, 'original', video.chosen))}; {ratio(video.steady_factor(clip, video.chosen))} "
        "without the clip's first frame",
        "yes" if found >= _ABOUT * wanted else "partly" if found >= _IN_PART * wanted else "no",
        why,
    )


def _more_when_moving(experiment: Experiment, video: Video) -> Claim:
    a, b = (video.mean(clip, "sigma_delta", video.chosen) for clip in (STATIC, MOVING))
    every = [
        video.mean(MOVING, "sigma_delta", name) > video.mean(STATIC, "sigma_delta", name) for name in video.settings
    ]
    return claim(
        experiment,
        "Sigma-delta does more computation for the second clip, in which there is more movement.",
        "Figure 5",
        f"{ratio(b / a)} as many operations as on the static clip at {setting_name(video.chosen)}",
        b > a,
        f"So at {sum(every)} of {len(every)} settings.",
    )


def _jump(experiment: Experiment, video: Video) -> Claim:
    splice = video.splice or 0
    costs = video.per_frame("sigma_delta", video.chosen)
    before, after = costs[1:splice], costs[splice + 1 :]
    others = float(max(before.max(initial=0.0), after.max(initial=0.0)))
    return claim(
        experiment,
        "The cost of a frame jumps where the clips are spliced together.",
        "Figure 5",
        f"frame {splice} costs {ratio(costs[splice] / np.median(before) if len(before) else np.nan)} the static "
        f"clip's median and {ratio(costs[splice] / np.median(after) if len(after) else np.nan)} the moving clip's",
        bool(costs[splice] > others),
        "Holds if it is the costliest frame but for the first of all; the costliest other one costs "
        f"{operations(others)}, it {operations(float(costs[splice]))}.",
    )


def _agreement(experiment: Experiment, video: Video) -> list[Claim]:
    """Of the answers where there are classes, and of the features where they were compared."""
    result = []
    top1, top5 = (video.agrees(video.chosen, name) for name in ("top1", "top5"))
    if top1 is not None:
        holds = float(100 * top1.mean()) > _MOST
        text = "Most of the time sigma-delta gives the same first answer as the original."
        result.append(_answers(experiment, video, "top1", text, holds, f"Most is more than {_MOST:g} % of frames."))
    if top5 is not None:
        holds = float(100 * top5.mean()) >= _ALMOST_EVERY
        text = "On almost every frame sigma-delta's answer is one of the original's first five."
        why = f"Almost every is at least {_ALMOST_EVERY:g} % of frames."
        result.append(_answers(experiment, video, "top5", text, holds, why))
    error = video.agrees(video.chosen, "feature_error")
    if error is not None:
        result.append(_features(experiment, video, error))
    return result


def _answers(experiment: Experiment, video: Video, column: str, text: str, holds: bool, why: str) -> Claim:
    shares = {}
    for name in video.settings:
        values = video.agrees(name, column)
        if values is not None:
            shares[name] = float(100 * values.mean())
    others = [f"{setting_name(name)}: {share:.1f} %" for name, share in shares.items() if name != video.chosen]
    ours = f"{shares[video.chosen]:.1f} % of frames at {setting_name(video.chosen)}"
    return claim(experiment, text, "Figure 5", ours, holds, f"{why} Other settings: {listed(others)}.")


def _features(experiment: Experiment, video: Video, error: NDArray[np.float64]) -> Claim:
    others = []
    for name in video.settings:
        values = video.agrees(name, "feature_error")
        if name != video.chosen and values is not None:
            others.append(f"{setting_name(name)}: {100 * values.mean():.1f} %")
    return claim(
        experiment,
        "The saving comes at a modest loss of accuracy.",
        "Section 5.3",
        f"the features of the last layer differ by {100 * error.mean():.1f} % of their length (L2) at "
        f"{setting_name(video.chosen)}",
        "yes" if error.mean() <= 0.1 else "partly" if error.mean() <= 0.5 else "no",
        "The paper has no number for features. Taken as modest: up to 10 %; in part: up to 50 %. Other settings: "
        f"{listed(others)}.",
    )


def _same_integers(experiment: Experiment) -> list[Claim]:
    """From the comparison of the networks' integers, if the experiment made one."""
    if not experiment.has("equalities"):
        return []
    rows = experiment.rows("equalities", "integers", "differing")
    integers, differing = (sum(int(row[name]) for row in rows) for name in ("integers", "differing"))
    return [
        claim(
            experiment,
            "The sigma-delta network is functionally equivalent to the rounding network.",
            "Figure 5",
            f"{count(differing)} of {count(integers)} integers compared differ",
            not differing,
            "The paper has small differences by floating-point errors; here both compute in integers.",
        )
    ]


def _layers(experiment: Experiment, video: Video) -> Claim:
    found = {clip: list(video.ratios(clip, video.chosen).items()) for clip in (STATIC, MOVING)}
    upper = {clip: ratios[len(ratios) // 2 :] for clip, ratios in found.items()}
    low = {clip: [name for name, value in ratios if value < _LEAST_RATIO] for clip, ratios in upper.items()}
    holds: Holds = "no" if all(low.values()) else "partly" if any(low.values()) else "yes"
    below = [f"{shortened(names)} on the {clip} clip" for clip, names in low.items() if names]
    return claim(
        experiment,
        "In the upper layers sigma-delta saves no more than below: its share of rounding's operations stays at 0.2 or "
        "above.",
        "Figure 5 (fifth plot)",
        "; ".join(
            f"upper half of the layers on the {clip} clip {_shares(upper[clip])}, lower half "
            f"{_shares(found[clip][: len(found[clip]) // 2])}"
            for clip in found
        ),
        holds,
        f"Below {_LEAST_RATIO:g}: {'; '.join(below) or 'none of the upper half'}; at {setting_name(video.chosen)}.",
    )


def _shares(ratios: list[tuple[str, float]]) -> str:
    return span((value for _, value in ratios), lambda value: f"{value:.2f}")


def _energy(experiment: Experiment, video: Video) -> Claim:
    clips = (STATIC, MOVING)
    counted = [video.factor(clip, video.chosen) for clip in clips]
    energy = [video.factor(clip, video.chosen, "energy_pj") for clip in clips]
    pairs = [
        f"{clip} {ratio(b)} in energy, {ratio(a)} in operations"
        for clip, a, b in zip(clips, counted, energy, strict=True)
    ]
    return claim(
        experiment,
        "The difference would be more pronounced if energy were counted.",
        "Figure 5",
        f"{'; '.join(pairs)}, at {setting_name(video.chosen)}",
        all(b > a for a, b in zip(counted, energy, strict=True)),
        "Energy of arithmetic alone, 32-bit integers at 45 nm.",
    )
