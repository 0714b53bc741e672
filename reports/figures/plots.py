"""Which figures the page of a run has: those that say something about it."""

from __future__ import annotations

from typing import Any, Final

import plotly.graph_objects as go

from hwmodels.modes import MODES_TABLE
from reports.dashboard.page import Plot
from reports.dashboard.strip import MOST_FRAMES
from reports.figures import accuracy, agreement, captions, frames, heatmaps, layer_costs, layers, networks
from reports.figures.chip_plots import chip_plots, energy_plots, time_plots
from reports.figures.theme import network_name
from reports.run.finished import Run
from reports.tables.changes import changes_mode
from reports.tables.headline import focus_mode, saving_pair
from reports.tables.layer_costs import ratios_table
from reports.tables.numbers import count

WINDOW: Final = 100
"""Frames shown at first of a long run."""
_WHOLE: Final = 400
"""A run of up to so many frames is shown whole at first."""


def window(run: Run) -> int:
    """How many frames are shown at first; 0 for all of them."""
    return 0 if run.frame_count <= _WHOLE else WINDOW


def run_plots(run: Run) -> list[Plot]:
    """All figures of a run's page."""
    groups = (network_plots, energy_plots, cost_plots, layer_plots, change_plots, chip_plots, time_plots, answer_plots)
    return [plot for group in groups for plot in group(run)]


def _plot(name: str, variants: go.Figure | dict[str, go.Figure], **options: Any) -> Plot:  # noqa: ANN401 - Plot's own
    figures = variants if isinstance(variants, dict) else {"": variants}
    return Plot(name, options.pop("caption", None) or captions.CAPTIONS[name], figures, **options)


def network_plots(run: Run) -> list[Plot]:
    """The networks side by side, and where their energy goes."""
    by_layer = {network_name(mode): layers.energy_by_layer(run.energy, mode, run.frame_count) for mode in run.modes}
    whole = networks.arithmetic_and_whole(run.energy, run.frame_count)
    return [
        _plot("four-networks", networks.four_networks(run.summary())),
        _plot("arithmetic-and-whole", whole, caption=captions.arithmetic_and_whole(run)),
        _plot("energy-by-layer", by_layer, first=network_name(focus_mode(run))),
    ]


def cost_plots(run: Run) -> list[Plot]:
    """What each frame cost, with its picture; without labels, whether the answers agree; and how costs are spread."""
    numbered = run.numbered(run.frames)
    shown = numbered[run.frames["frame"] < MOST_FRAMES]
    exact = {name: frames.cost_per_frame(shown, cost) for name, cost in frames.COSTS.items()}
    caption = captions.CAPTIONS["cost-per-frame"] + captions.under_pictures(run)
    if run.frame_count > MOST_FRAMES:
        caption += f" Of this long run the plot holds the first {count(MOST_FRAMES)} frames."
    spread = {name: frames.cost_distribution(run.frames, cost) for name, cost in frames.COSTS.items()}
    plots = [_plot("cost-per-frame", exact, caption=caption, choose="Cost", pictures=len(run.sample_frames))]
    if run.labels is None and run.frames["agrees"].notna().any() and not _only_originals(run):
        followed = agreement.agreement_so_far(numbered, focus_mode(run), run.classes)
        caption = captions.CAPTIONS["agreement"] + captions.first_five(run)
        plots.append(_plot("agreement", followed, caption=caption, follows=True))
    plots.append(_plot("distribution", spread, choose="Cost"))
    if run.frame_count > 2 * WINDOW and window(run):
        whole = {name: frames.cost_overview(numbered, cost) for name, cost in frames.COSTS.items()}
        plots.append(_plot("cost-overview", whole, choose="Cost"))
    return plots


def _only_originals(run: Run) -> bool:
    return all(MODES_TABLE[mode].is_original for mode in run.modes)


def layer_plots(run: Run) -> list[Plot]:
    """What the layers cost and send; what sending changes saves there."""
    if len(run.layout.layers) == 1:
        return []
    operations = layer_costs.operations_by_layer(run.layers, run.frame_count, share=False)
    costs = {
        "operations": operations,
        "logarithmic": go.Figure(operations).update_yaxes(type="log", dtick=1),
        "share of the network": layer_costs.operations_by_layer(run.layers, run.frame_count, share=True),
    }
    plots = [_plot("layer-operations", costs, choose="Show")]
    if pair := saving_pair(run):
        starts = {"all": 0, "all but the first": 1} if run.frame_count > 1 else {"all": 0}
        ratios = {
            name: layer_costs.ratio_by_layer(ratios_table(run.layer_counts, *pair, first=first), *pair)
            for name, first in starts.items()
        }
        plots.append(_plot("layer-ratios", ratios, choose="Frames"))
    if run.frame_count > 1:
        caption = captions.CAPTIONS["layer-shares"] + _columns_note(run)
        first = network_name(focus_mode(run))
        plots.append(_plot("layer-shares", _share_maps(run), caption=caption, first=first, follows=_exact(run)))
    return [*plots, _plot("sparsity", layers.sparsity(run.layers, run.sending))]


def _share_maps(run: Run) -> dict[str, go.Figure]:
    table = run.numbered(run.layer_shares[run.layer_shares["layer_index"] > 0])  # the input receives nothing
    return {
        network_name(mode): heatmaps.layers_over_frames(table[table["mode"] == mode], heatmaps.SHARE)
        for mode in run.modes
        if table.loc[table["mode"] == mode, heatmaps.SHARE.column].notna().any()
    }


def change_plots(run: Run) -> list[Plot]:
    """How much every layer changes from frame to frame, if a network that keeps the last frame's values was run."""
    mode = changes_mode(run.modes)
    if mode is None:
        return []
    table = run.numbered(run.changes_of(mode))
    shades = (heatmaps.DISTANCE, heatmaps.COSINE)
    maps = {
        shade.title: heatmaps.layers_over_frames(table, shade) for shade in shades if table[shade.column].notna().any()
    }
    caption = f"{captions.CAPTIONS['changes']} The values are those of the {network_name(mode)} network."
    caption += _columns_note(run)
    return [_plot("changes", maps, caption=caption, choose="Measure", follows=_exact(run))] if maps else []


def _exact(run: Run) -> bool:
    """True if a heat map has a column for every frame, so that it can follow the window of frames shown."""
    return run.frame_count <= heatmaps.MOST_COLUMNS


def _columns_note(run: Run) -> str:
    return "" if _exact(run) else " Each column is the mean of neighbouring frames."


def answer_plots(run: Run) -> list[Plot]:
    """Right and wrong, where labels or the original network say what is right and the classes are few."""
    result = []
    if run.labels is not None:
        result.append(_plot("running-error", accuracy.running_error(run.numbered(run.frames))))
    elif run.frames["agrees"].isna().any() or MODES_TABLE[focus_mode(run)].is_original:
        return []
    if len(run.classes) <= accuracy.MOST_CLASSES:
        result.append(_plot("confusion", accuracy.confusion(run.frames, focus_mode(run), run.classes)))
    return result
