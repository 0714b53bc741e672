"""dashboard.html: one run, explained to somebody who did not make it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pandas as pd
import plotly.graph_objects as go

from reports import captions, details, files
from reports.atomic import replace_text
from reports.figures import accuracy, frames, layers, networks
from reports.figures.theme import core_name, network_name
from reports.figures.timeline import timeline
from reports.headline import baseline_mode, baseline_note, cards, focus_mode, rate, verdicts
from reports.numbers import count
from reports.page import Plot, render
from reports.run import Run
from reports.thumbnails import sheet

_WINDOW: Final = 100
_EXACT_FRAMES: Final = 10_000
"""More would make the page larger than mail and browsers like; the whole run is shown in bins."""
_TIMELINE_FRAMES: Final = 3


def write_dashboard(run: Run) -> Path:
    """Write `dashboard.html` into the run's directory, replacing an older one in one step. Returns its path."""
    path = run.path / files.DASHBOARD
    replace_text(path, dashboard_html(run))
    return path


def dashboard_html(run: Run) -> str:
    """The page as text: self-contained, loads nothing."""
    plots = [*_network_plots(run), *_cost_plots(run), *_layer_plots(run), *_time_plots(run), *_answer_plots(run)]
    subtitle = [run.manifest.get("network"), run.manifest.get("dataset"), f"{count(run.frame_count)} frames"]
    baseline = baseline_mode(run)
    return render(
        "dashboard.html.j2",
        plots,
        title=run.name,
        subtitle=" · ".join(str(part) for part in (*subtitle, run.accelerator.name) if part),
        footer=captions.FOOTER,
        cards=cards(run),
        verdicts=verdicts(run),
        baseline_note=baseline_note(run),
        focus=network_name(focus_mode(run)),
        baseline=network_name(baseline) if baseline else "",
        rate=rate(run),
        arrival=captions.ARRIVALS.get(str(run.manifest.get("arrival")), ""),
        costs=details.costs_table(run),
        times=details.times_table(run),
        conventions=details.conventions_table(run),
        layers=details.layers_table(run, focus_mode(run)),
        equalities=details.equality_table(run),
        parameters=details.parameters_table(run),
        accelerator=run.accelerator,
        experiment=run.experiment_yaml,
        manifest=json.dumps(run.manifest, indent=2, ensure_ascii=False),
        window=_WINDOW,
        frame_count=run.frame_count,
        frames_text=count(run.frame_count),
        strip=_strip(run),
    )


def _plot(name: str, variants: go.Figure | dict[str, go.Figure], **options: Any) -> Plot:  # noqa: ANN401 - Plot's own
    figures = variants if isinstance(variants, dict) else {"": variants}
    return Plot(name, options.pop("caption", None) or captions.CAPTIONS[name], figures, **options)


def _network_plots(run: Run) -> list[Plot]:
    by_layer = {network_name(mode): layers.energy_by_layer(run.energy, mode, run.frame_count) for mode in run.modes}
    return [
        _plot("four-networks", networks.four_networks(run.summary())),
        _plot("arithmetic-and-whole", networks.arithmetic_and_whole(run.energy, run.frame_count)),
        _plot("energy-by-layer", by_layer, first=network_name(focus_mode(run))),
    ]


def _cost_plots(run: Run) -> list[Plot]:
    shown = run.frames[run.frames["frame"] < _EXACT_FRAMES]
    exact = {name: frames.cost_per_frame(shown, cost) for name, cost in frames.COSTS.items()}
    caption = captions.CAPTIONS["cost-per-frame"]
    if run.frame_count > _EXACT_FRAMES:
        caption += f" Of this long run the plot holds the first {count(_EXACT_FRAMES)} frames."
    spread = {name: frames.cost_distribution(run.frames, cost) for name, cost in frames.COSTS.items()}
    plots = [
        _plot("cost-per-frame", exact, caption=caption, choose="Cost", pictures=len(run.sample_frames)),
        _plot("distribution", spread, choose="Cost"),
    ]
    if run.frame_count > 2 * _WINDOW:
        whole = {name: frames.cost_overview(run.frames, cost) for name, cost in frames.COSTS.items()}
        plots.append(_plot("cost-overview", whole, choose="Cost"))
    return plots


def _layer_plots(run: Run) -> list[Plot]:
    return [_plot("sparsity", layers.sparsity(run.layers))] if len(run.cores) > 1 else []


def _time_plots(run: Run) -> list[Plot]:
    depths = [core.queue_depth for core in run.chip.cores[: len(run.cores)]]
    shares = {network_name(mode): layers.time_shares(run.layers, mode) for mode in run.modes}
    note = captions.EXACT_TIMELINE if run.has_messages else captions.COARSE_TIMELINE
    return [
        _plot("timeline", _timelines(run), caption=f"{captions.CAPTIONS['timeline']} {note}", choose="Frames"),
        _plot("time-shares", shares, first=network_name(focus_mode(run))),
        _plot("queue-peaks", layers.queue_peaks(run.layers, depths)),
    ]


def _timelines(run: Run) -> dict[str, go.Figure]:
    """The first frames, and frames from the middle of the run, of the focus and of its baseline."""
    starts = sorted({0, run.frame_count // 2} if run.frame_count >= 2 * _TIMELINE_FRAMES else {0})
    names = [core_name(core["core"], core["layer"]) for core in run.cores]
    result = {}
    for mode in filter(None, (focus_mode(run), baseline_mode(run))):
        counts = run.counts[run.counts["mode"] == mode]
        for first in starts:
            last = min(first + _TIMELINE_FRAMES, run.frame_count) - 1
            messages = run.messages_of(mode, first, last) if run.has_messages else None
            result[f"{network_name(mode)}, {first} to {last}"] = timeline(counts, first, last, names, messages)
    return result


def _answer_plots(run: Run) -> list[Plot]:
    labelled = run.labels is not None
    if not labelled and run.frames["agrees"].isna().any():
        return []
    caption = captions.ERROR_SO_FAR if labelled else captions.DISAGREEMENT_SO_FAR
    result = [_plot("running-error", accuracy.running_error(run.frames), caption=caption)]
    if len(run.classes) <= accuracy.MOST_CLASSES:
        result.append(_plot("confusion", accuracy.confusion(run.frames, focus_mode(run), run.classes)))
    return result


def _strip(run: Run) -> dict[str, Any]:
    """What the page needs to put pictures under the cost of frames: one sheet of them, and the answers."""
    pictures = sheet(run.sample_frames)
    shown = pictures.count if pictures else 0
    chosen = run.frames[run.frames["mode"] == focus_mode(run)].iloc[:shown]
    truth = None
    if run.labels is not None:
        truth = _class_names(run, chosen["label"])
    elif (reference := accuracy.reference_mode(run.modes)) is not None:
        truth = _class_names(run, run.frames.loc[run.frames["mode"] == reference, "prediction"].iloc[:shown])
    return {
        "frames": min(run.frame_count, _EXACT_FRAMES),
        "network": network_name(focus_mode(run)),
        "answers": _class_names(run, chosen["prediction"]),
        "truth": truth,
        "truthName": "label" if run.labels is not None else "the original answers",
        "sheet": None if pictures is None else vars(pictures),
    }


def _class_names(run: Run, values: pd.Series[Any]) -> list[str]:
    return [run.classes[value] if 0 <= value < len(run.classes) else str(value) for value in values]
