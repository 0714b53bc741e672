"""A network's numbers are the same whatever others are simulated in the same run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import deltasim as ds
from deltasim.cli.app import app
from reports import write_trace

CHIP = """
schema: deltasim/accelerator/1
name: leaks
extends: horowitz-45nm
core: {idle_mw: 0.25}
leakage: {core_mw: 1.5, unused_core_mw: 0.5, chip_mw: 40}
mesh: {links: shared}
sources: [{of: [core, leakage, mesh], source: made up, status: assumed}]
"""
TABLES = ("frames", "layers", "cores", "links", "intervals", "energy", "layer_shares")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], ds.Run]:
    """All networks together, some, and each alone."""
    folder, rng = tmp_path_factory.mktemp("modes"), np.random.default_rng(7)
    (folder / "chip.yaml").write_text(CHIP)
    weights = [np.abs(rng.normal(size=shape)).astype(np.float32) for shape in ((6, 5), (5, 4), (4, 3))]
    biases = [np.zeros(width, np.float32) for width in (5, 4, 3)]
    network = ds.network_from_arrays(weights, biases, name="small", input_scale=1 / 255)
    frames = rng.integers(0, 256, (3, 6), dtype=np.uint8)
    quantised, chip = ds.quantise(network, frames), ds.load_accelerator(folder / "chip.yaml")
    sets = [tuple(ds.MODES), ("sigma_delta", "original"), *((mode,) for mode in ds.MODES)]
    return {
        modes: ds.simulate(
            quantised,
            frames,
            chip,
            modes=modes,
            arrival="pipelined",
            record_messages=True,
            out=folder / "-".join(modes),
        )
        for modes in sets
    }


def rows(table: pd.DataFrame, mode: str) -> list[dict]:
    """What a table says of a network; answers beside others' are left out."""
    own = table[table["mode"].astype(str) == mode].astype(object)
    beside = [name for name in own if str(name).startswith(("agree", "identical"))]
    return own.drop(columns=["mode", *beside]).where(own.notna(), None).to_dict("records")


def test_any_networks_of_a_run_have_the_numbers_of_the_whole_run(runs: dict[tuple[str, ...], ds.Run]) -> None:
    whole = runs[tuple(ds.MODES)]
    for modes, run in runs.items():
        for mode in modes:
            assert rows(run.summary(), mode) == rows(whole.summary(), mode)
            for name in TABLES:
                assert rows(getattr(run, name), mode) == rows(getattr(whole, name), mode), (modes, name)
            assert rows(ds.reprice(run, node="7 nm").table, mode) == rows(ds.reprice(whole, node="7 nm").table, mode)


def test_leakage_runs_to_the_end_of_the_last_layer(runs: dict[tuple[str, ...], ds.Run]) -> None:
    for modes, run in runs.items():
        for mode in modes:
            own = run.counts[run.counts["mode"] == mode]
            ended = own.loc[own["core"] == own["core"].max(), "update_end_fs"].max()
            assert run.intervals.loc[run.intervals["mode"] == mode, "interval_fs"].sum() == ended


def test_traces_are_the_same(runs: dict[tuple[str, ...], ds.Run], tmp_path: Path) -> None:
    texts = []
    for run in (runs[("sigma_delta",)], runs[tuple(ds.MODES)]):
        path = tmp_path / f"{len(texts)}.json"
        write_trace(run, path, "sigma_delta")
        texts.append(path.read_text().split('"traceEvents"')[1])
    assert texts[0] == texts[1]


def test_a_run_whose_frames_cost_more_than_9_joules(tmp_path: Path) -> None:
    """10 W at a frame a second: 10 J in one row, more than an int64 of attojoules holds."""
    (tmp_path / "chip.yaml").write_text(CHIP.replace("chip_mw: 40", "chip_mw: 10 W"))
    (tmp_path / "run.yaml").write_text(
        "schema: deltasim/experiment/1\nname: paced\naccelerator: chip.yaml\narrival: paced\nframe_rate_hz: 1\n"
        "frames: {range: '0:3'}\nmodes: [sigma_delta]\n".replace("'", '"')
    )
    done = CliRunner().invoke(app, ["run", str(tmp_path / "run.yaml"), "-o", str(tmp_path / "run")])
    assert done.exit_code == 0, done.output
    run = ds.load_run(tmp_path / "run")
    assert run.summary()["power_mw"].iloc[0] == pytest.approx(10_000, rel=0.01)
    assert run.frames["leakage_pj"].iloc[1] == pytest.approx(1e13, rel=0.01)
    assert CliRunner().invoke(app, ["price", str(tmp_path / "run"), "--node", "7 nm"]).exit_code == 0
    assert CliRunner().invoke(app, ["report", str(tmp_path / "run")]).exit_code == 0
