"""The script behind docs/answers.md answers every question, here at its smallest size."""

from __future__ import annotations

import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / "answers.py"))


@pytest.mark.parametrize(
    ("question", "tables", "rows"), [("energy", 1, 2), ("cores", 2, 2), ("queues", 1, 13), ("deltas", 1, 7)]
)
def test_every_question_is_answered_by_whole_tables(
    script: dict[str, Any], question: str, tables: int, rows: int, capsys: pytest.CaptureFixture[str]
) -> None:
    main: Callable[[list[str]], None] = script["main"]
    main([question, "--frames", "2", "--rows", "1"])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
    assert sum(line.startswith("| ---") for line in lines) == tables
    assert len(lines) - 2 * tables == rows
    assert not [line for line in lines if "nan" in line or line.count("|") < 4]
