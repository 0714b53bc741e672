"""The page of one experiment: the claims with their verdicts, figures in the paper's arrangement, how it was made."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deltasim.paper.figure2.claims import figure2_claims
from deltasim.paper.figure2.page import figure2_sections
from deltasim.paper.figure3.page import figure3_claims, figure3_sections
from deltasim.paper.figure4.claims import figure4_claims, table_claims
from deltasim.paper.figure4.page import figure4_sections, table_sections
from deltasim.paper.figure5.claims import figure5_claims
from deltasim.paper.figure5.page import figure5_sections, figure5_strip
from deltasim.paper.figure6.page import figure6_claims, figure6_sections
from deltasim.paper.pages.claim import Claim
from deltasim.paper.pages.experiment import Experiment, load_experiment
from deltasim.paper.pages.section import Section
from deltasim.paper.pages.words import make_table
from deltasim.paper.systems.claims import systems_claims
from deltasim.paper.systems.page import systems_sections
from reports.dashboard.page import Table, render
from reports.errors import RunError
from reports.run.atomic import replace_text

WINDOWS: Final = (25, 50, 100)
"""How many frames a reader can choose to see at a time."""


@dataclass(frozen=True)
class Kind:
    """How an experiment of one figure is shown."""

    title: str
    claims: Callable[[Experiment], list[Claim]]
    sections: Callable[[Experiment], list[Section]]
    strip: Callable[[Experiment], dict[str, Any]] | None = None
    heading: str = "What the paper says, and what came out"


KINDS: Final[dict[str, Kind]] = {
    "figure2": Kind("Figure 2: scales of a random network", figure2_claims, figure2_sections),
    "figure3": Kind("Figure 3: Temporal-MNIST", figure3_claims, figure3_sections),
    "figure4": Kind(
        "Figure 4: error against computation on MNIST and Temporal-MNIST", figure4_claims, figure4_sections
    ),
    "table": Kind("Appendix E: the table behind Figure 4", table_claims, table_sections),
    "figure5": Kind("Figure 5: two clips, frame by frame", figure5_claims, figure5_sections, figure5_strip),
    "figure6": Kind("Figure 6: change from frame to frame, layer by layer", figure6_claims, figure6_sections),
    "systems": Kind(
        "The paper's networks as whole systems",
        systems_claims,
        systems_sections,
        heading="Beyond the paper: what is left when everything is counted",
    ),
}


def kind_of(experiment: Experiment) -> Kind:
    """How the experiment is shown. Raises RunError for a figure that is not known."""
    if experiment.figure not in KINDS:
        raise RunError(
            f"{experiment.path} holds {experiment.figure!r}; there are pages for {', '.join(KINDS)}: write it with "
            "this version"
        )
    return KINDS[experiment.figure]


def claims(directory: Path | str) -> list[Claim]:
    """What the paper says about the figure in `directory`, beside what its tables say. Raises RunError."""
    experiment = load_experiment(directory)
    return kind_of(experiment).claims(experiment)


def write_page(directory: Path | str) -> Path:
    """Write FIGURE.html beside the tables in `directory`, replacing an older one in one step. Returns its path.

    Raises RunError, with the remedy, if `directory` holds no finished experiment or one of its tables is wrong.
    """
    experiment = load_experiment(directory)
    path = experiment.path / f"{experiment.figure}.html"
    replace_text(path, page_html(experiment))
    return path


def page_html(experiment: Experiment) -> str:
    """The page as text: self-contained, loads nothing."""
    kind = kind_of(experiment)
    sections = kind.sections(experiment)
    strip = kind.strip(experiment) if kind.strip else None
    frames = int(strip["frames"]) if strip else 0
    return render(
        "paper.html.j2",
        [plot for section in sections for plot in section.plots],
        title=kind.title,
        subtitle=" · ".join(
            (experiment.manifest["network"], experiment.manifest["dataset"], f"seed {experiment.manifest['seed']}")
        ),
        footer="O'Connor and Welling, Sigma-Delta Quantized Networks, ICLR 2017, made anew from scratch with deltasim.",
        heading=kind.heading,
        quick=experiment.quick,
        claims=kind.claims(experiment),
        sections=sections,
        notes=experiment.manifest["notes"],
        command=experiment.command,
        facts=_facts(experiment),
        settings=json.dumps(experiment.settings, indent=2, ensure_ascii=False),
        frame_count=frames,
        sizes=[size for size in WINDOWS if size < frames],
        strip=strip,
    )


def _facts(experiment: Experiment) -> Table:
    manifest = experiment.manifest
    made = {"network": manifest["network"], "dataset": manifest["dataset"], "seed": str(manifest["seed"])}
    if "created" in manifest:
        made["created"] = manifest["created"]
    if "versions" in manifest:
        made["versions"] = ", ".join(f"{name} {version}" for name, version in manifest["versions"].items())
    return make_table(("what", "how"), made.items(), words=2)
