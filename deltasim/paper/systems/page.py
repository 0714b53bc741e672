"""The page of whole systems: the paper's figures with memory, mesh and leakage in the price."""

from __future__ import annotations

from typing import Final

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from deltasim.paper.pages.axes import joules, log_axis, percents
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.section import Fold, Section
from deltasim.paper.pages.words import in_order, is_known, make_table, mode_colour, mode_name, setting_name
from deltasim.paper.systems.points import Case, System, Systems, systems_of
from reports.dashboard.page import Plot
from reports.figures.theme import component_colours, energy_axis, figure
from reports.tables.numbers import NOTHING, percent, quantity, ratio

_COLUMNS: Final = 3


def systems_sections(experiment: Experiment) -> list[Section]:
    """Savings, where the energy goes, the trade-off at the prices of whole systems, all numbers."""
    systems = systems_of(experiment)
    first = [systems.chosen(name) for name in systems.inputs]
    shown = in_order([*first, *(case for name in systems.inputs for case in systems.shown(name))])
    sections = [_savings(systems, shown, first), _components(systems, shown)]
    curves = {name: each for name in systems.inputs if (each := _trade_off(systems, name)) is not None}
    if curves:
        caption = (
            "The trade-off of Figure 4 with the whole system on the energy axis: each point has scales found for one "
            "λ. The line is at the original's error, its dots are what it costs with zeros left out, where that was "
            "priced, and with all."
        )
        plot = Plot("whole-trade-offs", caption, curves, choose="Input")
        sections.append(Section("trade-off", "Error against energy of the whole system", plots=(plot,)))
    return sections


def _savings(systems: Systems, shown: list[Case], first: list[Case]) -> Section:
    caption = (
        "How many times less energy a frame takes with sigma-delta than with the original: by arithmetic alone, which "
        "is the paper's accounting, and by everything that the accelerator's prices hold. Bars begin at 1, where "
        "nothing is saved; the axis is logarithmic. Accelerators without a multiplier run no original."
    )
    plot = Plot("factors", caption, {case.name: _factors(systems, case) for case in shown}, choose="Input and scales")
    rows = [row for case in first for row in saving_rows(systems, case)]
    everything = [row for case in systems.cases for row in saving_rows(systems, case)]
    fold = Fold("Every setting", make_table(TITLES, everything, 3))
    text = (
        "An addition of 32-bit integers is 0.1 pJ at 45 nm; fetching what it adds, and keeping the chip powered, is "
        "more. Shown first are the cheapest of the paper's scales with at most a quarter of a point more errors than "
        "the original, or, where none is, those of the least λ."
    )
    tables = (make_table(TITLES, rows, 3),)
    return Section("savings", "What is left of the saving", text, plots=(plot,), tables=tables, folds=(fold,))


def _factors(systems: Systems, case: Case) -> go.Figure:
    result = figure(height=400, xaxis={"type": "category"})
    kinds = [
        ("arithmetic alone", "arithmetic_pj", "original", "#CC6677"),
        ("whole system", "total_pj", "original", "#009E73"),
        ("whole system, original without zeros", "total_pj", "original_sparse", "#88BBE8"),
    ]
    every = [1.0]
    for name, column, baseline, colour in kinds:
        values = [
            systems.factor(case, accelerator, column, baseline) for accelerator in systems.accelerators(case.input)
        ]
        if not any(map(is_known, values)):
            continue
        result.add_bar(
            x=systems.accelerators(case.input),
            y=[value - 1 if is_known(value) else None for value in values],
            base=1,
            customdata=values,
            text=[ratio(value) if is_known(value) else "" for value in values],
            textposition="outside",
            cliponaxis=False,
            name=name,
            marker_color=colour,
            hovertemplate=f"%{{x}}, {name}<br>%{{customdata:.3g}} times less energy (J) per frame<extra></extra>",
        )
        every += [value for value in values if is_known(value)]
    axis = log_axis("times less energy", every, lambda value: f"{value:g}×", most=8)  # noqa: RUF001
    low, high = axis["range"]
    room = 0.08 * (high - low)  # for the numbers at the bars
    result.update_yaxes({**axis, "range": [low - room, high + room]})
    result.add_hline(y=1, line={"color": "#8a949f", "width": 1})
    return result


def _components(systems: Systems, shown: list[Case]) -> Section:
    caption = "Energy of a frame by component, each accelerator on an axis of its own."
    figures = {case.name: _stacks(systems, case) for case in shown}
    plot = Plot("components", caption, figures, choose="Input and scales")
    return Section("components-section", "Where the energy goes", plots=(plot,))


def _stacks(systems: Systems, case: Case) -> go.Figure:
    names = systems.accelerators(case.input)
    result = _panels(names, 330, barmode="stack")
    every = [each for each in systems.systems if each.components]
    colours = component_colours(in_order(part for each in every for part in each.components))
    named: set[str] = set()
    for place, accelerator in enumerate(names):
        row, column = place // _COLUMNS + 1, place % _COLUMNS + 1
        modes = systems.modes(case, accelerator)
        priced = [each for mode in modes if (each := systems.at(case, accelerator, mode)) is not None]
        for part, colour in colours.items():
            values = [each.components.get(part, 0.0) * 1e-12 for each in priced]
            if not any(values):
                continue
            result.add_bar(
                x=[mode_name(each.mode) for each in priced],
                y=values,
                name=part,
                legendgroup=part,
                showlegend=part not in named,
                marker_color=colour,
                hovertemplate=f"{accelerator}, %{{x}}<br>{part}: %{{y:.4s}}J per frame<extra></extra>",
                row=row,
                col=column,
            )
            named.add(part)
        title = "energy per frame" if column == 1 else ""
        result.update_yaxes({**energy_axis("energy"), "title": {"text": title}}, row=row, col=column)
        result.update_xaxes(tickangle=-35, row=row, col=column)
    return result


def _panels(names: list[str], height: int, **layout: str) -> go.Figure:
    """An empty figure with a panel for each accelerator, at most three beside each other."""
    rows = -(-len(names) // _COLUMNS)
    result = make_subplots(
        rows=rows,
        cols=min(_COLUMNS, len(names)),
        subplot_titles=names,
        horizontal_spacing=0.09,
        vertical_spacing=0.3 / rows,
        figure=figure(height=130 + height * rows, **layout),
    )
    return result.update_annotations(font_size=14)


def _trade_off(systems: Systems, name: str) -> go.Figure | None:
    """Error against whole-system energy, a panel per accelerator; None without errors or with few settings."""
    lines = {
        accelerator: {mode: systems.line(name, accelerator, mode) for mode in ("rounding", "sigma_delta")}
        for accelerator in systems.accelerators(name)
    }
    every = [each for line in lines.values() for mode in line.values() for each in mode]
    if len(every) < 4 or not all(is_known(each.error_percent) for each in every):
        return None
    result = _panels(systems.accelerators(name), 300)
    originals = [each for each in systems.systems if each.case.input == name and each.mode.startswith("original")]
    errors = [each.error_percent for each in [*every, *originals]]
    for place, accelerator in enumerate(systems.accelerators(name)):
        row, column = place // _COLUMNS + 1, place % _COLUMNS + 1
        beside = [each for each in originals if each.accelerator == accelerator]
        mine = [each for mode in lines[accelerator].values() for each in mode] + beside
        for trace in [*_curves(lines[accelerator]), *_dots(beside, mine)]:
            trace.showlegend = place == 0 and trace.mode != "markers"
            result.add_trace(trace, row=row, col=column)
        energies = [each.total_pj * 1e-12 for each in mine]
        result.update_xaxes(log_axis("energy per frame (J)", energies, joules, most=4), row=row, col=column)
        result.update_yaxes(log_axis("error (%)" if column == 1 else "", errors, percents, most=8), row=row, col=column)
    return result


def _curves(lines: dict[str, list[System]]) -> list[go.Scatter]:
    return [
        go.Scatter(
            x=[each.total_pj * 1e-12 for each in line],
            y=[each.error_percent for each in line],
            customdata=[setting_name(each.case.setting) for each in line],
            mode="lines+markers",
            line={"color": mode_colour(mode), "width": 2},
            marker={"size": 6},
            name=mode_name(mode),
            legendgroup=mode,
            hovertemplate=f"{mode_name(mode)}, %{{customdata}}<br>%{{x:.4s}}J per frame<br>error %{{y:.2f}} "
            "%<extra></extra>",
        )
        for mode, line in lines.items()
    ]


def _dots(originals: list[System], every: list[System]) -> list[go.Scatter]:
    if not originals:
        return []
    energies = [each.total_pj * 1e-12 for each in every]
    line = go.Scatter(
        x=[min(energies) / 10, max(energies) * 10],
        y=[originals[0].error_percent] * 2,
        mode="lines",
        line={"color": mode_colour("original"), "width": 1.5},
        name="original (dots: zeros left out, all)",
        legendgroup="original",
        hoverinfo="skip",
    )
    dots = go.Scatter(
        x=[each.total_pj * 1e-12 for each in originals],
        y=[each.error_percent for each in originals],
        customdata=[mode_name(each.mode) for each in originals],
        mode="markers",
        marker={"color": [mode_colour(each.mode) for each in originals], "size": 10},
        name=mode_name("original"),
        legendgroup="original",
        hovertemplate="%{customdata}<br>%{x:.4s}J per frame<br>error %{y:.2f} %<extra></extra>",
    )
    return [line, dots]


TITLES: Final = (
    "input and scales",
    "accelerator",
    "network",
    "whole system",
    "arithmetic",
    "of it",
    "latency",
    "sigma-delta takes less, whole",
    "in arithmetic",
)


def saving_rows(systems: Systems, case: Case) -> list[tuple[str, ...]]:
    """Every network on every accelerator in one case, in words, under `TITLES`; means per frame."""
    rows = []
    for accelerator in systems.accelerators(case.input):
        for mode in systems.modes(case, accelerator):
            found = systems.at(case, accelerator, mode)
            if found is None:
                continue
            factors = [systems.factor(case, accelerator, column, mode) for column in ("total_pj", "arithmetic_pj")]
            saved = [NOTHING if mode == "sigma_delta" else ratio(factor) for factor in factors]
            share = percent(100 * found.arithmetic_pj / found.total_pj if found.total_pj else None, 1)
            energies = [quantity(value * 1e-12, "J") for value in (found.total_pj, found.arithmetic_pj)]
            latency = quantity(found.latency_ns * 1e-9, "s")
            rows.append((case.name, accelerator, mode_name(mode), *energies, share, latency, *saved))
    return rows
