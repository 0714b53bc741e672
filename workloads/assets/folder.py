"""Where fetched files are kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path:
    """DELTASIM_CACHE if set, else `deltasim` in the platform's folder for caches; it need not exist.

    Linux and other Unix: XDG_CACHE_HOME if absolute, else ~/.cache (XDG Base Directory Specification 0.8). macOS:
    ~/Library/Caches. Windows: LOCALAPPDATA.
    """
    own = os.environ.get("DELTASIM_CACHE")
    if own:
        return Path(own).absolute()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "deltasim"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "deltasim" / "Cache"
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "deltasim"
