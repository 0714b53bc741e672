"""Pages of the paper's experiments: whole, self-contained, the same each time; and the parts they are made of."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paper_tables import (
    figure4_points,
    make_figure2,
    make_figure3,
    make_figure4,
    make_figure5,
    make_figure6,
    make_systems,
    point,
)

from deltasim.paper.figure4.appendix_e import TITLES, appendix_rows
from deltasim.paper.figure5.page import figure5_strip, setting_rows
from deltasim.paper.figure5.video import video_of
from deltasim.paper.figure6.page import figure6_sections
from deltasim.paper.pages.axes import log_axis, plain
from deltasim.paper.pages.experiment import load_experiment
from deltasim.paper.pages.fronts import front
from deltasim.paper.pages.page import write_page
from deltasim.paper.pages.pictures import grid
from deltasim.paper.pages.points import Point, Points, points_of
from deltasim.paper.systems.points import systems_of
from reports import RunError


def make_table(directory: Path) -> Path:
    return make_figure4(directory, "table")


MAKERS: dict[str, Callable[[Path], Path]] = {
    "figure2": make_figure2,
    "figure3": make_figure3,
    "figure4": make_figure4,
    "table": make_table,
    "figure5": make_figure5,
    "figure6": make_figure6,
    "systems": make_systems,
}


@pytest.mark.parametrize("figure", MAKERS)
def test_every_page_is_whole_and_the_same_each_time(tmp_path: Path, figure: str) -> None:
    directory = MAKERS[figure](tmp_path / figure)
    page = write_page(directory)
    text = page.read_bytes()
    assert page == directory / f"{figure}.html"
    assert write_page(directory).read_bytes() == text
    assert not list(directory.glob(".*"))
    words = text.decode("utf-8")
    assert f"deltasim paper {figure}" in words
    assert "Numbers of a test, made by arithmetic." in words
    assert "Made with --quick" not in words
    outside = re.sub(r"<script>.*?</script>", "", words, flags=re.DOTALL)
    assert not re.findall(r"(?:src|href)=\"https?:", outside)


def test_a_quick_page_says_so_and_names_are_escaped(tmp_path: Path) -> None:
    directory = make_figure3(tmp_path / "figure3")
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"quick": True, "dataset": "<script>alert(1)</script>"}
    (directory / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    text = write_page(directory).read_text(encoding="utf-8")
    assert "Made with --quick" in text
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_rows_of_appendix_e_in_its_own_format() -> None:
    rows = [
        {**point("mnist", "none", "original", "original", 397_190.0, 2.05), "operations_sparse": 119_999.9},
        point("temporal-mnist", "none", "original", "original", 397_190.0, 2.05),
        point("mnist", "none", "unoptimised", "rounding", 999.9, 40.0),
        point("mnist", "rounding", "1e-10", "rounding", 123_456.7, 2.345),
        point("temporal-mnist", "rounding", "1e-10", "sigma_delta", 61_728.3, 2.345),
    ]
    found = appendix_rows(Points(tuple(Point.of(row) for row in rows)))
    assert len(TITLES) == len(found[0]) == 8
    assert found[0] == (
        "unoptimised",
        "Original",
        r"397\119",
        r"1.02\2.05",
        r"636\191",
        r"397\119",
        r"1.02\2.05",
        r"636\191",
    )
    assert found[1][:5] == ("unoptimised", "Round", "0", r"20\40", "0.1")
    assert found[4][:5] == ("1e-10", "Round", "123", r"1.17\2.35", "12.3")
    assert found[5][1:3] == ("Sigma-Delta", "\u2013")
    assert found[5][5:] == ("61", r"1.17\2.35", "6.17")


def test_points_in_order(tmp_path: Path) -> None:
    points = points_of(load_experiment(make_figure4(tmp_path / "figure4", points=figure4_points()[::-1])))
    assert points.datasets == ["mnist", "temporal-mnist"]
    assert points.costs == ["rounding", "sigma_delta"]
    lambdas = [each.lambda_ for each in points.line("mnist", "rounding")]
    assert lambdas == sorted(lambdas)
    assert len(lambdas) == 10


def test_video_by_hand(tmp_path: Path) -> None:
    experiment = load_experiment(make_figure5(tmp_path / "figure5"))
    video = video_of(experiment)
    assert (video.count, video.splice, video.clips) == (60, 30, ["static", "moving"])
    assert video.settings == ["unoptimised", "1e-09", "1e-08", "1e-07"]
    assert video.chosen == "1e-07"
    wave = 1 + 0.1 * np.sin(np.arange(30))
    kept = 0.4 * (3 * wave[0] + wave[1:].sum() / 11) / 30
    assert video.factor("static", "1e-07") == pytest.approx(1 / kept)
    assert video.factor("static", "1e-07", "energy_pj") == pytest.approx(16 / kept)
    assert video.steady_factor("static", "1e-07") == pytest.approx(29 / (0.4 * wave[1:].sum() / 11))
    assert video.ratios("moving", "1e-08")["conv1_1"] == pytest.approx(0.41)
    row = next(row for row in setting_rows(video) if row[:2] == ("moving", "\u03bb = 1e-08"))
    assert row[2:4] == ("31.0\u00a0G", "31.0\u00a0G")
    assert row[7:9] == ("80.0 %", "96.7 %")


def test_the_strip_has_pictures_of_the_frames_that_were_kept(tmp_path: Path) -> None:
    strip = figure5_strip(load_experiment(make_figure5(tmp_path / "figure5", every=3)))
    assert strip["shown"] == list(range(0, 60, 3))
    assert strip["sheet"]["count"] == 20
    assert [line["name"] for line in strip["lines"]] == ["original", "sigma-delta"]
    assert strip["lines"][1]["classes"][:2] == ["dog", "a long name of a class, with a comma"]
    assert figure5_strip(load_experiment(make_figure5(tmp_path / "features", classes=False)))["lines"] == []


def test_a_video_without_a_moving_clip_is_refused(tmp_path: Path) -> None:
    directory = make_figure5(tmp_path / "figure5")
    frames = pd.read_parquet(directory / "frames.parquet")
    frames[frames["clip"] == "static"].to_parquet(directory / "frames.parquet")
    with pytest.raises(RunError, match=r"frames.parquet lacks moving; make it again: deltasim paper figure5"):
        write_page(directory)


def test_systems_shown_first(tmp_path: Path) -> None:
    systems = systems_of(load_experiment(make_systems(tmp_path / "systems")))
    assert systems.inputs == ["mnist", "temporal-mnist"]
    assert systems.chosen("mnist").setting == "4.64e-09"  # 2.26 %, the next has 2.52 %, the original 2.05 %
    assert [case.setting for case in systems.shown("mnist")] == ["4.64e-09", "unoptimised", "1e-10", "1e-05"]
    case = systems.chosen("temporal-mnist")
    adds = 3e6 / 2.2**3  # of rounding, twice those of sigma-delta, at 40.1 pJ; off-chip memory takes 40 nJ
    expected = (40.1 * adds + 40_000) / (40.1 * adds / 2 + 40_000)
    assert systems.factor(case, "tiled-array", "total_pj", "rounding") == pytest.approx(expected)
    assert math.isnan(systems.factor(case, "loihi1-davies2018", "total_pj"))
    assert systems.modes(case, "loihi1-davies2018") == ["rounding", "sigma_delta"]


@given(st.lists(st.floats(1e-12, 1e12), min_size=2, max_size=20), st.integers(4, 12))
def test_logarithmic_axes_have_few_round_ticks_inside(values: list[float], most: int) -> None:
    axis = log_axis("", values, plain, most)
    low, high = axis["range"]
    assert low < min(map(math.log10, values))
    assert high > max(map(math.log10, values))
    ticks = axis["tickvals"]
    assert ticks == sorted(set(ticks))
    assert all(low <= math.log10(tick) <= high for tick in ticks)
    assert len(ticks) <= max(most, (high - low) / 3 + 1)
    assert len(ticks) >= min(1, int((high - low) / 3))


POINTS = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 9)), min_size=1, max_size=12)


@given(POINTS)
def test_the_front_is_what_nothing_beats(points: list[tuple[float, float]]) -> None:
    kept = [a for a in set(points) if not any(b != a and b[0] <= a[0] and b[1] <= a[1] for b in points)]
    assert sorted(front(points)) == sorted(kept)


def test_pictures_beside_each_other() -> None:
    black, white = np.zeros((2, 3), np.uint8), np.full((2, 3), 255, np.uint8)
    image = grid([[black, white], [white, black]], gap=(1, 2))
    assert image.shape == (5, 8)
    assert (image[2] == 128).all()
    assert (image[:, 3:5] == 128).all()
    assert image[0].tolist() == [0, 0, 0, 128, 128, 255, 255, 255]


def test_the_averages_beside_a_heat_map_are_those_of_the_table(tmp_path: Path) -> None:
    directory = make_figure6(tmp_path / "figure6")
    means = pd.read_parquet(directory / "means.parquet").assign(l1_distance=range(14), cosine=0.5)
    means.to_parquet(directory / "means.parquet")
    (distance, similarity, _) = figure6_sections(load_experiment(directory))
    for section, expected in ((distance, list(range(14))), (similarity, [0.5] * 14)):
        (bars,) = (trace for trace in section.plots[0].variants[""].data if trace.type == "bar")
        assert list(bars.x) == expected
        assert list(bars.y) == list(means["layer"])
