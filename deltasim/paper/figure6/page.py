"""Figure 6: how much a layer's values change from one frame to the next."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from deltasim.paper.pages.claim import Claim, Holds, claim
from deltasim.paper.pages.experiment import Experiment
from deltasim.paper.pages.section import Section
from deltasim.paper.pages.words import make_table, shortened
from reports.dashboard.page import Plot
from reports.figures.heatmaps import COSINE, DISTANCE, Shade, layers_over_frames

_COLUMNS: Final = ("frame", "layer_index", "layer", "l1_distance", "cosine")
_MUCH: Final = 0.5
"""Less than this share of the pixels' difference is much smaller."""
_MORE: Final = 1.2
"""More than so many times the pixels' difference is significantly more dissimilar."""


def means(experiment: Experiment) -> pd.DataFrame:
    """`layer, l1_distance, cosine_distance`, means over frames, the input first; the cosine distance is 1 - cosine."""
    table = experiment.table("means", "layer_index", "layer", "l1_distance", "cosine").sort_values("layer_index")
    return table.assign(cosine_distance=1 - table["cosine"]).reset_index(drop=True)


def figure6_claims(experiment: Experiment) -> list[Claim]:
    """Both are the paper's own observations (Figure 6, Appendix F): features do not change more slowly than pixels."""
    table = means(experiment)
    middle = 1 + len(table) // 2
    low, high = table.iloc[1:middle], table.iloc[middle:]
    upper: dict[str, list[str]] = {}
    lower: dict[str, list[str]] = {}
    for name in ("l1_distance", "cosine_distance"):
        pixels = float(table[name].iloc[0])
        upper[name] = [
            str(layer) for layer, value in zip(high["layer"], high[name], strict=True) if value < _MUCH * pixels
        ]
        lower[name] = [
            str(layer) for layer, value in zip(low["layer"], low[name], strict=True) if value <= _MORE * pixels
        ]
    return [
        claim(
            experiment,
            "The difference between frames is not much smaller in higher layers than between their pixels.",
            "Figure 6, Appendix F",
            _beside(table, high, "the upper half of the layers"),
            _verdict([len(each) for each in upper.values()], len(high)),
            f"Much smaller is less than half of the pixels' difference{_which(upper)}.",
        ),
        claim(
            experiment,
            "In the lower layers the features of neighbouring frames are significantly more dissimilar than their "
            "pixels.",
            "Figure 6, Appendix F",
            _beside(table, low, "the lower half of the layers"),
            _verdict([len(each) for each in lower.values()], len(low)),
            f"Significantly more is over {_MORE:g} times the pixels' difference{_which(lower, 'not so')}.",
        ),
    ]


def _verdict(against: list[int], layers: int) -> Holds:
    """By the number of layers that speak against the claim, of each measure."""
    return "yes" if not any(against) else "no" if all(number == layers for number in against) else "partly"


def _beside(table: pd.DataFrame, layers: pd.DataFrame, which: str) -> str:
    words = {"l1_distance": "L1 distance", "cosine_distance": "1 − cosine"}  # noqa: RUF001 - a minus
    parts = [
        f"{word} {layers[name].min():.3g} to {layers[name].max():.3g}, pixels {table[name].iloc[0]:.3g}"
        for name, word in words.items()
    ]
    return f"in {which}: {'; '.join(parts)}"


def _which(layers: dict[str, list[str]], what: str = "so") -> str:
    words = {"l1_distance": "in L1", "cosine_distance": "in cosine"}
    found = [f"{words[name]} {shortened(some)}" for name, some in layers.items() if some]
    return f"; {what} are {'; '.join(found)}" if found else ""


def figure6_sections(experiment: Experiment) -> list[Section]:
    """Two heat maps with the averages beside them, and the averages in numbers."""
    table, averages = _whole(experiment.table("adjacent", *_COLUMNS)), means(experiment)
    splice = experiment.settings.get("splice")
    mark = int(splice) if isinstance(splice, int | float) else None
    note = " The dashed line is where the second clip begins." if mark is not None else ""
    distance = (
        "L1 distance of the features of a frame and of the frame before, each divided by its L1 norm: 0 for equal up "
        f"to a factor, 2 for nothing in common. Rows are layers, after the nonlinearity, the input first.{note} "
        "Colours end where 99 % of the values are. Right: means within the clips; the norms themselves are 1."
    )
    cosine = (
        f"Cosine similarity of the same: 1 for equal up to a factor.{note} Colours end where 99 % of the values are. "
        "Right: means within the clips."
    )
    plots = [
        Section("distance", "L1 distance", plots=(Plot("l1", distance, {"": _map(table, averages, DISTANCE, mark)}),)),
        Section(
            "similarity",
            "Cosine similarity",
            plots=(Plot("cosine", cosine, {"": _map(table, averages, COSINE, mark)}),),
        ),
    ]
    return [*plots, Section("averages", "Averages", tables=(make_table(TITLES, mean_rows(experiment)),))]


def _whole(table: pd.DataFrame) -> pd.DataFrame:
    """Every layer in every frame from 0 on, missing where it was not measured, as it is in the first frame."""
    names = table.drop_duplicates("layer_index").set_index("layer_index")["layer"]
    index = pd.MultiIndex.from_product([range(int(table["frame"].max()) + 1), sorted(names.index)], names=_COLUMNS[:2])
    whole = table.set_index(list(_COLUMNS[:2]))[["l1_distance", "cosine"]].reindex(index).reset_index()
    return whole.assign(layer=whole["layer_index"].map(names))


def _map(table: pd.DataFrame, averages: pd.DataFrame, shade: Shade, splice: int | None) -> go.Figure:
    """Layers over frames, and beside them the averages, which leave out the step between the clips."""
    result = layers_over_frames(table, shade)
    mean = dict(zip(averages["layer"].astype(str), averages[shade.column], strict=True))
    result.for_each_trace(lambda bars: bars.update(x=[mean.get(name) for name in bars.y]), selector={"type": "bar"})
    values = table[shade.column].dropna().to_numpy(np.float64)
    ends = (float(values.min()), float(np.percentile(values, 99)))
    if shade.bright == "low":
        ends = (float(np.percentile(values, 1)), float(values.max()))
    if ends[0] < ends[1]:
        result.update_traces(zmin=ends[0], zmax=ends[1], selector={"type": "heatmap"})
    if splice is not None:
        result.add_vline(x=splice - 0.5, line={"color": "#e8590c", "width": 1.5, "dash": "dash"}, row=1, col=1)
    return result


TITLES: Final = ("layer", "L1 distance", "of the pixels'", "cosine similarity", "1 − cosine, of the pixels'")  # noqa: RUF001


def mean_rows(experiment: Experiment) -> list[tuple[str, ...]]:
    """The averages of each layer in words, under `TITLES`."""
    table = means(experiment)
    pixels = table.iloc[0]

    def share(value: float, whole: float) -> str:
        return f"{value / whole:.2f}×" if whole else "not defined"  # noqa: RUF001

    return [
        (
            str(row["layer"]),
            f"{row['l1_distance']:.3f}",
            share(row["l1_distance"], pixels["l1_distance"]),
            f"{row['cosine']:.3f}",
            share(row["cosine_distance"], pixels["cosine_distance"]),
        )
        for row in table.to_dict("records")
    ]
