"""`deltasim run --traces` and `deltasim traces`: what is kept, what it is good for, and how much room it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from command_line import deltasim, refused

import deltasim as ds
from deltasim.experiment.traces import clear_traces, list_traces, traces_folder
from workloads import Frames

FILES = ("counts.parquet", "links.parquet", "manifest.json", "outputs.npz", "sample_frames.npz")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DELTASIM_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def network() -> ds.QuantisedNetwork:
    calibration = ds.frames("mnist", split="train", frames="0:50").read(0, 50)
    return ds.quantise(ds.load_network("mnist-784-200-200-10"), calibration)


class Counted:
    """The frames of Temporal-MNIST, and how many of them were read."""

    def __init__(self, count: int) -> None:
        self.source = ds.frames("temporal-mnist", frames=f"0:{count}")
        self.read_frames = 0

    def read(self, begin: int, end: int) -> np.ndarray:
        self.read_frames += end - begin
        return self.source.read(begin, end)

    def frames(self) -> Frames:
        source = self.source
        return Frames(source.name, source.count, source.shape, None, self.read, source=f"{source.count} counted")


def contents(path: Path) -> Iterator[bytes]:
    return ((path / name).read_bytes() for name in FILES)


def test_every_frame_is_read_once(network: ds.QuantisedNetwork, tmp_path: Path) -> None:
    counted = Counted(30)
    ds.simulate(network, counted.frames(), "horowitz-45nm", out=tmp_path / "run")
    assert counted.read_frames == 30  # five networks, and the pictures of the dashboard


def test_another_chip_reads_no_frame_and_ends_with_the_bytes_of_a_fresh_run(
    network: ds.QuantisedNetwork, tmp_path: Path
) -> None:
    first = Counted(30)
    ds.simulate(network, first.frames(), "horowitz-45nm", out=tmp_path / "first", traces="keep")
    kept = list_traces()
    assert sorted((each.precision, each.count) for each in kept) == [("full", 30), ("scaled", 30)]
    for chip in ("oconnor2017-int32", "jouppi-7nm", "seneca-22nm"):
        counted = Counted(30)
        ds.simulate(network, counted.frames(), chip, out=tmp_path / chip)
        assert counted.read_frames == 0
        ds.simulate(network, counted.frames(), chip, out=tmp_path / f"{chip}-fresh", traces="off")
        assert list(contents(tmp_path / chip)) == list(contents(tmp_path / f"{chip}-fresh"))


def test_keeping_changes_no_byte_and_what_is_there_is_not_made_again(
    network: ds.QuantisedNetwork, tmp_path: Path
) -> None:
    frames = ds.frames("temporal-mnist", frames="0:30")
    ds.simulate(network, frames, "horowitz-45nm", out=tmp_path / "a", traces="off")
    ds.simulate(network, frames, "horowitz-45nm", modes=["rounding"], out=tmp_path / "b", traces="keep")
    assert [each.precision for each in list_traces()] == ["scaled"]
    before = {each.key: (each.path / "trace.json").read_bytes() for each in list_traces()}
    ds.simulate(network, frames, "horowitz-45nm", out=tmp_path / "c", traces="keep")  # the other is found and kept
    assert sorted(each.precision for each in list_traces()) == ["full", "scaled"]
    assert all((traces_folder() / key / "trace.json").read_bytes() == text for key, text in before.items())
    assert list(contents(tmp_path / "a")) == list(contents(tmp_path / "c"))


def test_other_frames_and_other_networks_have_other_traces(network: ds.QuantisedNetwork, tmp_path: Path) -> None:
    for number, chosen in enumerate(("0:10", "0:11", "1:11")):
        frames = ds.frames("temporal-mnist", frames=chosen)
        out = tmp_path / str(number)
        ds.simulate(network, frames, "horowitz-45nm", modes="rounding", out=out, traces="keep")
    other = ds.quantise(ds.load_network("mnist-784-200-200-10"), np.full((2, 784), 200, np.uint8))
    ds.simulate(other, frames, "horowitz-45nm", modes="rounding", out=tmp_path / "other", traces="keep")
    assert len(list_traces()) == 4


def test_room_is_made_by_removing_what_was_not_used_for_longest(
    network: ds.QuantisedNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(name: str, chosen: str) -> None:
        frames = ds.frames("temporal-mnist", frames=chosen)
        ds.simulate(network, frames, "horowitz-45nm", modes="rounding", out=tmp_path / name, traces="keep")

    run("a", "0:20")
    (first,) = list_traces()
    monkeypatch.setenv("DELTASIM_TRACES_GIB", str(2.5 * first.bytes / 2**30))
    run("b", "20:40")
    run("a again", "0:20")  # is read back, so it was used last
    run("c", "40:60")
    assert {each.key for each in list_traces()} > {first.key}
    assert len(list_traces()) == 2
    assert sum(each.bytes for each in list_traces()) <= 2.5 * first.bytes
    monkeypatch.setenv("DELTASIM_TRACES_GIB", str(first.bytes / 4 / 2**30))
    run("d", "60:80")  # alone larger than all may be
    assert len(list_traces()) == 2
    monkeypatch.setenv("DELTASIM_TRACES_GIB", "much")
    with pytest.raises(ds.SimulationError, match="DELTASIM_TRACES_GIB=much: needed a number of GiB, 0 or more"):
        run("e", "80:90")


def test_a_damaged_trace_is_named_with_what_helps(network: ds.QuantisedNetwork, tmp_path: Path) -> None:
    frames = ds.frames("temporal-mnist", frames="0:10")
    ds.simulate(network, frames, "horowitz-45nm", modes="rounding", out=tmp_path / "a", traces="keep")
    (kept,) = list_traces()
    (file,) = kept.path.glob("*.arrow")
    file.write_bytes(file.read_bytes()[:-8])
    with pytest.raises(ds.SimulationError, match="deltasim traces clear"):
        ds.simulate(network, frames, "truenorth", modes="rounding", out=tmp_path / "b")
    assert clear_traces() == [kept.path]
    ds.simulate(network, frames, "truenorth", modes="rounding", out=tmp_path / "b")  # goes on, or begins anew
    (tmp_path / "cache" / "traces").mkdir(exist_ok=True)
    (tmp_path / "cache" / "traces" / "torn").mkdir()
    (tmp_path / "cache" / "traces" / "torn" / "trace.json").write_text("{")
    with pytest.raises(ds.SimulationError, match=r"torn/trace\.json: can't be read"):
        list_traces()
    assert clear_traces() == [tmp_path / "cache" / "traces" / "torn"]


def test_what_a_kill_left_half_removed_is_no_trace_and_is_cleared(network: ds.QuantisedNetwork, tmp_path: Path) -> None:
    frames = ds.frames("temporal-mnist", frames="0:10")
    ds.simulate(network, frames, "horowitz-45nm", modes="rounding", out=tmp_path / "a", traces="keep")
    (kept,) = list_traces()
    (kept.path / "trace.json").unlink()  # a kill while it was removed
    (kept.path.parent / ".staged.1").mkdir()  # and one while another was published
    assert list_traces() == []
    ds.simulate(network, frames, "jouppi-7nm", modes="rounding", out=tmp_path / "b", traces="keep")  # found again
    assert [each.key for each in list_traces()] == [kept.key]
    (kept.path / "trace.json").unlink()
    assert clear_traces() == []
    assert list(kept.path.parent.iterdir()) == []


def test_a_wrong_word_is_refused(network: ds.QuantisedNetwork) -> None:
    frames = ds.frames("temporal-mnist", frames="0:2")
    with pytest.raises(ds.ConfigError, match="traces"):
        ds.simulate(network, frames, "horowitz-45nm", traces="always")  # type: ignore[arg-type]


def test_the_commands(tmp_path: Path, cache: Path) -> None:
    out = str(tmp_path / "run")
    deltasim("run", "--frames", "0:12", "--modes", "rounding", "-o", out, "--traces", "keep", cwd=tmp_path)
    said = deltasim("traces", "list", cwd=tmp_path).stdout
    assert "mnist-784-200-200-10 (scaled), 12 frames of temporal-mnist test" in said
    assert f"{cache / 'traces'}: 0.00 of 20 GiB" in said
    found = json.loads(deltasim("traces", "list", "--json", cwd=tmp_path).stdout)
    (row,) = found["traces"]
    assert row["frames"] == 12
    assert "no trace 'zz' is kept" in refused(deltasim("traces", "clear", "zz", cwd=tmp_path))
    assert row["path"] in deltasim("traces", "clear", row["key"][:8], cwd=tmp_path).stdout
    assert json.loads(deltasim("traces", "list", "--json", cwd=tmp_path).stdout)["traces"] == []
