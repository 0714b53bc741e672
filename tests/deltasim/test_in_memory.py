"""Simulating writes nothing unless it is told where; what is then saved is what it would have written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deltasim as ds

EXAMPLES = Path(__file__).parents[2] / "examples"


def _case(chip: str) -> tuple[ds.QuantisedNetwork, np.ndarray, ds.Accelerator]:
    random = np.random.default_rng(5)
    shapes = ((12, 9), (9, 4))
    network = ds.network_from_arrays([random.normal(size=shape) for shape in shapes])
    pixels = np.repeat(random.integers(0, 256, (130, 12), dtype=np.uint8), 2, axis=0)  # of more than one chunk
    return ds.quantise(network, pixels), pixels, ds.load_accelerator(chip)


def _files(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.iterdir()}


@pytest.mark.parametrize(
    ("chip", "options"),
    [
        ("horowitz-45nm", {}),
        ("horowitz-45nm", {"modes": ["rounding", "sigma_delta"], "engine": "reference", "record_messages": True}),
        (str(EXAMPLES / "tiled-array.yaml"), {"arrival": "pipelined", "mapping": "balance", "record_messages": True}),
    ],
)
def test_a_run_in_memory_saved_is_the_run_in_a_directory(
    chip: str, options: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    network, pixels, accelerator = _case(chip)
    pixels = pixels[:9] if options.get("engine") == "reference" else pixels
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    kept = ds.simulate(network, pixels, accelerator, **options)
    assert kept.path is None
    assert [*Path().iterdir()] == []
    stored = ds.simulate(network, pixels, accelerator, out=tmp_path / "stored", **options)
    assert kept.summary().equals(stored.summary())
    kept.save(tmp_path / "saved")
    assert _files(tmp_path / "saved") == _files(tmp_path / "stored")
    again = ds.simulate(network, pixels, accelerator, out=tmp_path / "saved", **options)  # is read, not repeated
    assert again.manifest == stored.manifest


def test_a_dashboard_of_a_run_in_memory_needs_a_path(tmp_path: Path) -> None:
    network, pixels, accelerator = _case("horowitz-45nm")
    run = ds.simulate(network, pixels[:20], accelerator, modes="sigma_delta")
    with pytest.raises(ds.RunError, match=r"in memory: has no directory for its dashboard; give a path, or save it"):
        ds.dashboard(run)
    assert ds.dashboard(run, tmp_path / "page.html") == tmp_path / "page.html"
    assert "sigma-delta" in (tmp_path / "page.html").read_text(encoding="utf-8")
    repriced = ds.reprice(run, "jouppi-7nm")
    assert repriced.after.path is None
    assert repriced.after.manifest["priced"]["run"] == run.manifest["config_hash"]


def test_traces_are_kept_of_a_run_in_memory_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DELTASIM_CACHE", str(tmp_path / "cache"))
    network, pixels, accelerator = _case("horowitz-45nm")
    kept = ds.simulate(network, pixels, accelerator, traces="keep")
    assert len([*(tmp_path / "cache" / "traces").iterdir()]) == 2  # one of each precision
    again = ds.simulate(network, pixels, accelerator)
    assert again.counts.equals(kept.counts)
    assert {mode: again.outputs[mode].tolist() for mode in again.modes} == {
        mode: kept.outputs[mode].tolist() for mode in kept.modes
    }
