"""The results page: every claim of the paper beside what came out, and the numbers, as Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from deltasim.paper.figure2 import page as figure2
from deltasim.paper.figure3 import page as figure3
from deltasim.paper.figure4.appendix_e import TITLES as APPENDIX_TITLES
from deltasim.paper.figure4.appendix_e import appendix_rows
from deltasim.paper.figure4.claims import summary
from deltasim.paper.figure5 import page as figure5
from deltasim.paper.figure5.video import video_of
from deltasim.paper.figure6 import page as figure6
from deltasim.paper.pages.claim import Claim
from deltasim.paper.pages.experiment import Experiment, load_experiment
from deltasim.paper.pages.page import KINDS, kind_of
from deltasim.paper.pages.points import points_of
from deltasim.paper.pages.words import cost_name, in_order, setting_name
from deltasim.paper.systems.claims import largest_component
from deltasim.paper.systems.points import Case, Systems, systems_of
from reports.errors import RunError
from reports.tables.numbers import quantity, ratio

_HOLDS: Final = {"yes": "**yes**", "partly": "**in part**", "no": "**no**"}

_INTRODUCTION: Final = """\
# The paper, reproduced

O'Connor and Welling, *Sigma-Delta Quantized Networks*, ICLR 2017, figure by figure: what the paper says, what came out
here, whether it holds and, where it does not, what stands against it. Each section begins with the command that makes
it; the command leaves tables and an interactive page in `runs/paper/`. Every count is of messages that were sent in the
simulator, and errors are those of the integer networks that sent them. The paper's digits in Appendix E are in no text
that could be reached, so its claims are compared, not its digits.

This page is written from those tables and not by hand: `make paper STATIC=vtest.avi:0:100` makes all of it again
(vtest.avi is in OpenCV's samples), `deltasim paper results --out docs/paper.md` the page alone from finished figures.
"""


def results_markdown(directories: Sequence[Path | str]) -> str:
    """The page for the experiments in `directories`, in the paper's order, ending with a line break.

    Raises RunError, with the remedy, if one of them holds no finished experiment or there is none.
    """
    experiments = [load_experiment(directory) for directory in directories]
    if not experiments:
        raise RunError("no experiment to write results of: make some with `deltasim paper FIGURE`")
    for experiment in experiments:
        kind_of(experiment)  # a figure that is not known has no place in the order
    experiments.sort(key=lambda each: [*KINDS].index(each.figure))
    found = _said_once(experiments)
    parts = [_INTRODUCTION, _overview(experiments, found)]
    figures = [each.figure for each in experiments]
    for experiment in experiments:
        several = figures.count(experiment.figure) > 1
        heading = kind_of(experiment).title + (
            f" ({experiment.manifest['network']}, {experiment.manifest['dataset']})" if several else ""
        )
        tables = _TABLES[experiment.figure](experiment)
        if experiment.figure == "figure4" and "table" not in figures:
            tables += _appendix(experiment)
        parts += [f"## {heading}\n", _made(experiment), _claims(found[experiment.path]), *tables]
    return "\n".join(parts)


def _said_once(experiments: list[Experiment]) -> dict[Path, list[Claim]]:
    """The claims of each experiment but for those that an earlier one, of the same tables, has in the same words."""
    said: set[tuple[str, str]] = set()
    found: dict[Path, list[Claim]] = {}
    for experiment in experiments:
        claims = kind_of(experiment).claims(experiment)
        found[experiment.path] = [each for each in claims if (each.claim, each.ours) not in said]
        said.update((each.claim, each.ours) for each in claims)
    return found


def _overview(experiments: list[Experiment], found: dict[Path, list[Claim]]) -> str:
    rows = []
    for experiment in experiments:
        verdicts = [each.holds for each in found[experiment.path]]
        numbers = [str(verdicts.count(holds)) for holds in ("yes", "partly", "no")]
        rows.append((kind_of(experiment).title, f"`{experiment.command}`", *numbers))
    return _table(("section", "command", "claims that hold", "in part", "that do not"), rows, words=2)


def _made(experiment: Experiment) -> str:
    """The command, what it was made of, and notes."""
    quick = (
        "**Made with `--quick`**: less data and fewer steps, to see that it works; not the paper's setting.\n\n"
        if experiment.quick
        else ""
    )
    manifest = experiment.manifest
    notes = "".join(f" {note}" for note in manifest["notes"])
    made_of = f"{manifest['network']}, {manifest['dataset']}, seed {manifest['seed']}.{notes}\n"
    return f"    {experiment.command}\n\n{quick}{made_of}"


def _claims(claims: Iterable[Claim]) -> str:
    rows = [(each.claim, each.source, each.ours, _HOLDS[each.holds], each.why) for each in claims]
    return _table(("claim", "where", "here", "holds", "why"), rows, words=5)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], words: int = 1) -> str:
    """A Markdown table whose first `words` columns hold words and the others numbers."""
    lines = [titles, ["---" if place < words else "---:" for place in range(len(titles))], *rows]
    return "".join(f"| {' | '.join(text.replace('|', chr(92) + '|') for text in line)} |\n" for line in lines)


def _figure2(experiment: Experiment) -> list[str]:
    return ["Where the searches end:\n", _table(figure2.TITLES, figure2.endpoint_rows(experiment))]


def _figure3(experiment: Experiment) -> list[str]:
    text = "Mean absolute difference of a frame's pixels (0 to 255) to those of the frame before:\n"
    return [text, _table(figure3.TITLES, figure3.distance_rows(experiment))]


def _figure4(experiment: Experiment) -> list[str]:
    return [summary(points_of(experiment)) + "\n"]


def _appendix(experiment: Experiment) -> list[str]:
    points = points_of(experiment)
    text = (
        "In the paper's format: thousands of operations per test frame (the original's dense and sparse), error in "
        "percent on training and test samples, energy of 32-bit integer arithmetic at 45 nm. Scales for rounding's "
        "operations, as in the paper:\n"
    )
    result = [text, _table(APPENDIX_TITLES, appendix_rows(points), words=2)]
    for cost in points.costs[1:]:
        rows = [row for row in appendix_rows(points, cost) if row[1] != "Original" and row[0] != "unoptimised"]
        result += [f"Scales for {cost_name(cost)}:\n", _table(APPENDIX_TITLES, rows, words=2)]
    return result


def _figure5(experiment: Experiment) -> list[str]:
    video = video_of(experiment)
    names = list(in_order(video.ratios(video.clips[0], video.chosen)))
    rows = [
        (name, *(f"{video.ratios(clip, video.chosen).get(name, float('nan')):.3f}" for clip in video.clips))
        for name in names
    ]
    return [
        "Operations per frame, and how often the answer is the original's:\n",
        _table(figure5.TITLES, figure5.setting_rows(video), words=2),
        f"Sigma-delta's operations over rounding's, layer by layer, at {setting_name(video.chosen)}:\n",
        _table(("layer", *(f"{clip} clip" for clip in video.clips)), rows),
    ]


def _figure6(experiment: Experiment) -> list[str]:
    return [
        "Means over frames, each beside the frame before in its clip:\n",
        _table(figure6.TITLES, figure6.mean_rows(experiment)),
    ]


_SYSTEM_TITLES: Final = (
    "input and scales",
    "accelerator",
    "original",
    "sigma-delta",
    "saved in arithmetic",
    "saved in the whole system",
    "beside a sparse original",
    "beside rounding",
    "most of sigma-delta's energy",
)


def _systems(experiment: Experiment) -> list[str]:
    systems = systems_of(experiment)
    chosen = [systems.chosen(name, cost) for name in systems.inputs for cost in ("rounding", *systems.costs)]
    rows = [_system(systems, case, name) for case in in_order(chosen) for name in systems.accelerators(case.input)]
    text = (
        "Whole-system energy per frame, and how many times less sigma-delta takes. The scales are the cheapest of each "
        "search with at most a quarter of a point more errors than the original, or, where none is, those of the least "
        "λ:\n"
    )
    return [text, _table(_SYSTEM_TITLES, rows, words=2)]


def _system(systems: Systems, case: Case, accelerator: str) -> tuple[str, ...]:
    found = [systems.at(case, accelerator, mode) for mode in ("original", "sigma_delta")]
    energies = [quantity(None if each is None else each.total_pj * 1e-12, "J") for each in found]
    factors = [
        systems.factor(case, accelerator, column, baseline)
        for column, baseline in (
            ("arithmetic_pj", "original"),
            ("total_pj", "original"),
            ("total_pj", "original_sparse"),
            ("total_pj", "rounding"),
        )
    ]
    left = largest_component(systems, case, accelerator)
    return (case.name, accelerator, *energies, *map(ratio, factors), left)


_TABLES: Final[dict[str, Callable[[Experiment], list[str]]]] = {
    "figure2": _figure2,
    "figure3": _figure3,
    "figure4": _figure4,
    "table": _appendix,
    "figure5": _figure5,
    "figure6": _figure6,
    "systems": _systems,
}
