"""dashboard.html: one run, explained to somebody who did not make it."""

from __future__ import annotations

import json
from pathlib import Path

from hwmodels.modes import modes_in
from reports.dashboard.page import render
from reports.dashboard.strip import film_strip
from reports.errors import RunError
from reports.figures import captions
from reports.figures.plots import WINDOW, run_plots, window
from reports.figures.theme import network_name
from reports.run import files
from reports.run.atomic import replace_text
from reports.run.finished import Run
from reports.tables import details
from reports.tables.core_details import cores_table, mapping_sentence
from reports.tables.headline import (
    agreement_verdicts,
    baseline_mode,
    baseline_note,
    cards,
    focus_mode,
    frames_words,
    rate,
    saving_pair,
    verdicts,
)
from reports.tables.layer_details import layers_table
from reports.tables.quantisation import fidelities, precision_name
from reports.tables.quantisation_details import quantisation_table


def write_dashboard(run: Run, path: Path | str | None = None) -> Path:
    """Write the page to the file `path`, dashboard.html in the run's directory unless given, replacing an older one in
    one step. Returns its path. Raises RunError for a run in memory without a path, or a path that is none of a page.
    """
    path = run.directory_for("its dashboard") / files.DASHBOARD if path is None else Path(path)
    if path.suffix != ".html" or path.is_dir() or not path.parent.is_dir():
        raise RunError(f"{path}: cannot be the dashboard; give a file in a directory that is there, its name in .html")
    replace_text(path, dashboard_html(run))
    return path


def dashboard_html(run: Run) -> str:
    """The page as text: self-contained, loads nothing."""
    subtitle = [run.manifest.get("network"), run.manifest.get("dataset"), frames_words(run)]
    baseline = baseline_mode(run)
    return render(
        "dashboard.html.j2",
        run_plots(run),
        title=run.name,
        subtitle=" · ".join(str(part) for part in (*subtitle, run.accelerator.name) if part),
        footer=captions.FOOTER,
        agreement=agreement_verdicts(run),
        warnings=run.warnings,
        cards=cards(run),
        verdicts=verdicts(run),
        baseline_note=baseline_note(run),
        focus=network_name(focus_mode(run)),
        baseline=network_name(baseline) if baseline else "",
        saving=" over ".join(network_name(mode) for mode in saving_pair(run) or ()),
        meanings=[mode.meaning for mode in modes_in(run.modes) if mode.meaning],
        rate=rate(run),
        arrival=captions.ARRIVALS.get(str(run.manifest.get("arrival")), ""),
        costs=details.costs_table(run),
        times=details.times_table(run),
        conventions=details.conventions_table(run),
        layers=layers_table(run, focus_mode(run)),
        cores=cores_table(run, focus_mode(run)),
        mapping=mapping_sentence(run),
        quantisation=quantisation_table(run),
        fidelities=[(precision_name(run, each.precision).capitalize(), each.sentence) for each in fidelities(run)],
        quantisation_note=captions.quantisation_note(run),
        equalities=details.equality_table(run),
        parameters=details.parameters_table(run),
        accelerator=run.accelerator,
        experiment=run.experiment_yaml,
        manifest=json.dumps(run.manifest, indent=2, ensure_ascii=False),
        sizes=[size for size in (25, WINDOW, 300) if size < run.frame_count],
        window=window(run),
        frame_count=run.frame_count,
        frames_text=frames_words(run),
        answers_note=captions.answers_note(run),
        strip=film_strip(run),
    )
