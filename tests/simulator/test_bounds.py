"""No index of a compiled loop leaves its array."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.mark.slow
def test_no_kernel_leaves_its_arrays_on_random_cases(tmp_path):
    own = {"NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    paths = os.pathsep.join([str(SUPPORT.parents[1]), str(SUPPORT)])
    command = [sys.executable, str(SUPPORT / "bounds_checked.py")]
    done = subprocess.run(
        command,
        env={**os.environ, **own, "PYTHONPATH": paths},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("bounds kept")
