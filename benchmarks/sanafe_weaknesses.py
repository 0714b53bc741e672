"""What SANA-FE makes of wrong architecture files and of a convolution, each in a process that may die."""

from __future__ import annotations

import ast
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

CHILD = Path(__file__).parent / "sanafe_wrong.py"


def weaknesses(python: Path) -> dict[str, list[dict[str, Any]]]:
    """Per case: how the process ended, and the last line it left."""
    return {"SANA-FE and what is wrong": [_row(python, case) for case in [*_cases(), "convolution"]]}


def _cases() -> list[str]:
    """The names of the child's cases, read from its text: it can be imported in SANA-FE's environment only."""
    tree = ast.parse(CHILD.read_text())
    changes = next(
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "CHANGES"
    )
    return list(ast.literal_eval(changes))


def _row(python: Path, case: str) -> dict[str, Any]:
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [str(python), "-I", str(CHILD), case, folder], capture_output=True, text=True, check=False
        )
    said = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return {"case": case, "ended": _ending(done.returncode), "what happened": said[-1] if said else ""}


def _ending(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
