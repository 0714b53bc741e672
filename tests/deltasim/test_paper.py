"""The paper's experiments, small: their tables, their equalities, and where they are put."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from deltasim.paper.figure2 import run as figure2
from deltasim.paper.figure4 import run as figure4
from deltasim.paper.pages.page import claims, write_page
from deltasim.paper.place import Figure, make_figure
from deltasim.paper.systems import run as systems
from reports import RunError

pytest.importorskip("jax")

SEED = 5


def _silent(what: str, done: int, count: int) -> None:
    assert what
    assert 0 <= done <= count


def _figure(name: str, settings: dict, seed: int = SEED) -> Figure:
    return Figure(name, f"deltasim paper {name}", True, seed, "a network", "a data set", settings)


@pytest.fixture(scope="module")
def small_figure4(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("paper") / "figure4"
    settings = figure4.Settings(lambdas=(1e-9, 1e-4), epochs=2, learning_rate=0.02, train_frames=400, test_frames=200)
    make_figure(
        _figure("figure4", figure4.settings_of(settings)),
        path,
        lambda place: figure4.figure4(place, settings, SEED, _silent),
    )
    return path


def test_figure4_has_every_setting_of_every_search(small_figure4: Path) -> None:
    points = pd.read_parquet(small_figure4 / "points.parquet")
    settings = points.loc[points["mode"] == "sigma_delta", ["dataset", "cost", "setting"]]
    costs = [("none", "unoptimised")] + [
        (cost, setting) for cost in figure4.Settings().costs for setting in ("1e-09", "0.0001")
    ]
    assert set(settings.itertuples(index=False, name=None)) == {
        (dataset, *each) for dataset in ("mnist", "temporal-mnist") for each in costs
    }
    assert sorted(path.name for path in small_figure4.iterdir()) == [
        "equalities.parquet",
        "manifest.json",
        "points.parquet",
        "scales.parquet",
        "trajectory.parquet",
    ]


def test_figure4_agrees_where_it_must(small_figure4: Path) -> None:
    equalities = pd.read_parquet(small_figure4 / "equalities.parquet")
    assert len(equalities) == 7 * 8
    assert (equalities["integers"] > 0).all()
    assert (equalities["differing"] == 0).all()
    points = pd.read_parquet(small_figure4 / "points.parquet")
    keys = ["cost", "setting"]
    columns = ["test_error_percent", "train_error_percent"]
    for _, group in points[points["mode"].isin(["rounding", "sigma_delta"])].groupby(keys):
        assert len(group[columns].drop_duplicates()) == 1  # of both networks, on both data sets


def test_figure4_counts_as_the_paper(small_figure4: Path) -> None:
    points = pd.read_parquet(small_figure4 / "points.parquet").set_index(["mode", "dataset"])
    original = points.loc[("original", "mnist")]
    assert original["operations"].item() == 397_600  # Eq. 22
    assert original["energy_nj"].item() == pytest.approx(636.16)
    rounding = points.loc[("rounding", "temporal-mnist")]
    assert np.allclose(rounding["energy_nj"], rounding["operations"] * 0.1 / 1000)
    assert (points.loc[("sigma_delta", "temporal-mnist"), "operations"].to_numpy() < rounding["operations"]).all()


def test_a_larger_lambda_gives_fewer_operations(small_figure4: Path) -> None:
    points = pd.read_parquet(small_figure4 / "points.parquet")
    for cost in figure4.Settings().costs:
        own = points[(points["cost"] == cost) & (points["mode"] == "sigma_delta") & (points["dataset"] == "mnist")]
        assert own.sort_values("lambda")["operations"].is_monotonic_decreasing


def test_whole_systems_price_every_setting(small_figure4: Path, tmp_path: Path) -> None:
    settings = systems.Settings(frames=50, accelerators=("oconnor2017-int32", "horowitz-45nm", "loihi1-davies2018"))
    path = tmp_path / "systems"
    make_figure(
        _figure("systems", systems.settings_of(settings, "of figure 4", None)),
        path,
        lambda place: systems.systems(place, small_figure4, None, settings, _silent),
    )
    points, components = (pd.read_parquet(path / f"{name}.parquet") for name in ("points", "components"))
    assert len(points) == 3 * 7 * 2 + 2 * 2  # two networks at seven settings, and the original ones of two chips
    keys = ["accelerator", "cost", "setting", "mode"]
    summed = components.groupby(keys)["energy_pj"].sum()
    assert np.allclose(points.set_index(keys)["total_pj"].sort_index(), summed.sort_index(), rtol=1e-12)
    assert (points["total_pj"] >= points["arithmetic_pj"]).all()
    assert write_page(path).stat().st_size > 1_000_000
    assert claims(path)


def _small_figure2(path: Path, seed: int) -> dict[str, bytes]:
    settings = figure2.Settings(samples=20, vectors=8, epochs=3, epochs_shown=2)
    make_figure(
        _figure("figure2", figure2.settings_of(settings), seed),
        path,
        lambda place: figure2.figure2(place, settings, seed, _silent),
    )
    return {table.name: table.read_bytes() for table in path.glob("*.parquet")}


def test_one_seed_gives_the_same_tables(tmp_path: Path) -> None:
    first = _small_figure2(tmp_path / "a", 1)
    assert first == _small_figure2(tmp_path / "b", 1)
    other = _small_figure2(tmp_path / "c", 2)
    assert all(first[name] != other[name] for name in first)


def _write(place: Path) -> list[str]:
    pd.DataFrame({"a": [1]}).to_parquet(place / "a.parquet")
    return []


def test_an_experiment_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "figure"
    assert make_figure(_figure("figure2", {"a": 1}), path, _write)
    assert not make_figure(_figure("figure2", {"a": 1}), path, pytest.fail)
    with pytest.raises(RunError, match=r"figure holds another experiment.*--overwrite"):
        make_figure(_figure("figure2", {"a": 2}), path, _write)
    assert make_figure(_figure("figure2", {"a": 2}), path, _write, overwrite=True)
    assert json.loads((path / "manifest.json").read_text())["settings"] == {"a": 2}


def test_what_is_no_experiment_is_never_replaced(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("all of it")
    with pytest.raises(RunError, match="not replaced"):
        make_figure(_figure("figure2", {}), mine, _write, overwrite=True)
    assert (mine / "thesis.txt").read_text() == "all of it"


def test_an_interrupted_experiment_leaves_no_directory_and_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "figure"

    def stop(place: Path) -> list[str]:
        (place / "search.checkpoint.npz").write_bytes(b"half way")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_figure(_figure("figure2", {}), path, stop)
    assert not path.exists()

    def go_on(place: Path) -> list[str]:
        assert (place / "search.checkpoint.npz").read_bytes() == b"half way"
        return _write(place)

    assert make_figure(_figure("figure2", {}), path, go_on)
    assert sorted(file.name for file in path.iterdir()) == ["a.parquet", "manifest.json"]
