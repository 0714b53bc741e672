"""Every accelerator that comes with deltasim runs to its dashboard, also one whose cores take no time to update."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import deltasim

from hwmodels import list_profiles


@pytest.mark.parametrize("profile", [each.name for each in list_profiles()])
def test_a_profile_runs_to_its_dashboard(profile: str, tmp_path: Path) -> None:
    done = deltasim("run", "--frames", "0:3", "--accelerator", profile, "-o", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert profile in (tmp_path / "run" / "dashboard.html").read_text("utf-8")
