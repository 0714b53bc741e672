"""Versions that results depend on, so that a resumed run ends with the same bytes and two runs can be told apart."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import Final

_PACKAGES: Final = ("deltasim", "numba", "numpy", "pandas", "pyarrow", "pydantic", "simpy")


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that results depend on."""
    return {"python": platform.python_version()} | {name: version(name) for name in _PACKAGES}
