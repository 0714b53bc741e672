"""Figure 3: snippets of Temporal-MNIST, and how much nearer its frames are to the frame before."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray

from deltasim.paper.pages.claim import Claim, claim
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.pictures import data_url, grid
from deltasim.paper.pages.points import DATASETS, SHUFFLED, TEMPORAL
from deltasim.paper.pages.section import Pictures, Section
from deltasim.paper.pages.words import make_table
from reports.dashboard.page import Plot
from reports.figures.theme import figure
from reports.tables.numbers import count, ratio

_COLOURS: Final = {SHUFFLED: "#9098a0", TEMPORAL: "#009E73"}
_BINS: Final = 60
_ZOOM: Final = 2


def _distances(experiment: Experiment) -> dict[str, NDArray[np.float64]]:
    """Mean absolute difference of pixels to the frame before, 0 to 255, by order; the first has none."""
    table = experiment.table("distances", "order", "frame", "l1_distance").dropna().sort_values("frame")
    return {
        name: table.loc[table["order"] == name, "l1_distance"].to_numpy(np.float64) for name in (SHUFFLED, TEMPORAL)
    }


def figure3_claims(experiment: Experiment) -> list[Claim]:
    """That the frames of Temporal-MNIST resemble their neighbours."""
    found = _distances(experiment)
    before, after = (float(found[name].mean()) for name in (SHUFFLED, TEMPORAL))
    nearer = float((found[TEMPORAL] < np.median(found[SHUFFLED])).mean())
    return [
        claim(
            experiment,
            "Reordered as Temporal-MNIST, frames resemble the frame before.",
            "Figure 3, Appendix D",
            f"pixels differ by {after:.1f} of 255 from those of the frame before, {before:.1f} in MNIST's own order "
            f"({ratio(before / after)} as far)",
            after < before,
            f"Means over {count(len(found[TEMPORAL]))} frames; {nearer:.1%} of Temporal-MNIST's steps are smaller "
            "than the median step of MNIST.",
        )
    ]


def figure3_sections(experiment: Experiment) -> list[Section]:
    """The snippets, a column each, and the distances of all frames."""
    found = _distances(experiment)
    spread = Plot("distances", "How far frames are from the frame before: share of all frames.", {"": _spread(found)})
    along = Plot(
        "along",
        "The same along the data set, in means of neighbouring frames. The search takes the nearest of so many "
        "candidates; near the end few are left.",
        {"": _along(found)},
    )
    return [
        Section("snippets", "Snippets of adjacent frames", pictures=(_snippets(experiment),)),
        Section(
            "distances-section",
            "Distance to the frame before",
            plots=(spread, along),
            tables=(make_table(TITLES, distance_rows(experiment)),),
        ),
    ]


def _snippets(experiment: Experiment) -> Pictures:
    columns = ("snippet", "position", "frame", "label", "height", "width", "pixels")
    rows = experiment.rows("snippets", *columns)
    snippets: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: (int(row["snippet"]), int(row["position"]))):
        snippets.setdefault(int(row["snippet"]), []).append(row)
    length = min(map(len, snippets.values()))
    pictures = [[_picture(snippet[position]) for snippet in snippets.values()] for position in range(length)]
    image = grid(pictures, gap=(1, 6))
    begins = ", ".join(str(int(snippet[0]["frame"])) for snippet in snippets.values())
    caption = (
        f"Each column shows {length} adjacent frames of Temporal-MNIST, from the top. They begin at frames {begins}."
    )
    return Pictures(data_url(image), caption, min(image.shape[1] * _ZOOM, 1000))


def _picture(row: dict[str, Any]) -> NDArray[np.uint8]:
    return np.array([*row["pixels"]]).astype(np.uint8).reshape(int(row["height"]), int(row["width"]))


def _spread(found: dict[str, NDArray[np.float64]]) -> go.Figure:
    result = figure(
        height=340,
        barmode="overlay",
        bargap=0,
        xaxis={"title": {"text": "mean absolute difference of pixels (0 to 255)"}, "rangemode": "tozero"},
        yaxis={"title": {"text": "share of frames (%)"}, "ticksuffix": "%", "rangemode": "tozero"},
    )
    edges = np.linspace(0, max(float(values.max()) for values in found.values()), _BINS + 1)
    for name, values in found.items():
        shares = 100 * np.histogram(values, edges)[0] / len(values)
        result.add_bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=shares,
            width=edges[1] - edges[0],
            name=DATASETS[name],
            marker={"color": _COLOURS[name], "line": {"width": 0}},
            opacity=0.7,
            hovertemplate=f"{DATASETS[name]}<br>%{{y:.2f}} % of frames differ by about %{{x:.1f}}<extra></extra>",
        )
    return result


def _along(found: dict[str, NDArray[np.float64]]) -> go.Figure:
    result = figure(
        height=300,
        xaxis={"title": {"text": "frame"}, "tickformat": "d"},
        yaxis={"title": {"text": "difference of pixels"}, "rangemode": "tozero"},
    )
    for name, values in found.items():
        starts = np.unique(np.linspace(0, len(values), 200, endpoint=False).astype(int))
        sizes = np.diff(np.append(starts, len(values)))
        result.add_scatter(
            x=starts + sizes / 2 + 0.5,
            y=np.add.reduceat(values, starts) / sizes,
            mode="lines",
            line={"color": _COLOURS[name], "width": 1.8},
            name=DATASETS[name],
            hovertemplate=f"{DATASETS[name]}, around frame %{{x:.0f}}<br>difference %{{y:.1f}} of 255<extra></extra>",
        )
    return result


TITLES: Final = ("order of frames", "frames", "mean", "median", "95th percentile", "largest")


def distance_rows(experiment: Experiment) -> list[tuple[str, ...]]:
    """Differences of pixels to the frame before, 0 to 255, in words, under `TITLES`."""
    rows = []
    for name, values in _distances(experiment).items():
        series = pd.Series(values)
        numbers = (series.mean(), series.median(), series.quantile(0.95), series.max())
        rows.append((DATASETS[name], count(len(values)), *(f"{number:.1f}" for number in numbers)))
    return rows
