"""An environment of its own for SANA-FE, made with the user's own pip: it is never a dependency of deltasim."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import gettempdir

VERSION = "2.2.9"
CANNOT_BE_HAD = 3  # exit code


def interpreter() -> Path:
    """The Python of the environment, which is made if it isn't there. Exit with a message where it can't be had."""
    folder = Path(gettempdir()) / f"deltasim-sanafe-{VERSION}-py{sys.version_info.major}{sys.version_info.minor}"
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if _works(python):
        return python
    print(f"making an environment with SANA-FE {VERSION} in {folder}", file=sys.stderr)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", f"sanafe=={VERSION}"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            _give_up(f"{' '.join(command)}\n{done.stderr.strip()}")
    if not _works(python):
        _give_up(f"it was installed in {folder}, but `import sanafe` fails there")
    return python


def _works(python: Path) -> bool:
    check = f"import sanafe, importlib.metadata as m; assert m.version('sanafe') == '{VERSION}'"
    return (
        python.exists() and subprocess.run([str(python), "-c", check], capture_output=True, check=False).returncode == 0
    )


def _give_up(reason: str) -> None:
    print(f"SANA-FE {VERSION} can't be had here, so there is nothing to compare with: {reason}", file=sys.stderr)
    raise SystemExit(CANNOT_BE_HAD)
