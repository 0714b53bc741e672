"""What the networks answered, against rankings worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reports_branching import make_branching_run
from reports_example import make_run

from reports import load_run
from reports.tables.answers import answer_columns, ranks, scaled


def test_ranks_with_ties() -> None:
    values = np.array([[5.0, 9.0, 5.0, 1.0]] * 4)
    assert ranks(values, np.array([0, 1, 2, 3])).tolist() == [1, 0, 2, 3]


def test_scales_of_channels_repeat_over_a_map() -> None:
    assert scaled(np.array([[1, 2, 3, 4]]), [1.0, 10.0]).tolist() == [[1, 20, 3, 40]]
    assert scaled(np.array([[1, 2]]), 0.5).tolist() == [[0.5, 1.0]]
    with pytest.raises(ValueError, match="broadcast"):
        scaled(np.array([[1, 2, 3]]), [1.0, 10.0])


def test_agreement_with_the_first_five() -> None:
    original = np.arange(12.0, 0.0, -1.0)[None].repeat(3, axis=0)  # its ranking is 0, 1, 2, ...
    other = np.eye(12)[[0, 4, 5]]
    columns = answer_columns({"original": original, "rounding": other}, None)
    assert columns["prediction"].tolist() == [0, 0, 0, 0, 4, 5]
    assert columns["agrees"].tolist() == [True, True, True, True, False, False]
    assert columns["agrees_top5"].tolist() == [True, True, True, True, True, False]
    few = answer_columns({"original": original[:, :10], "rounding": other[:, :10]}, None)
    assert pd.isna(few["agrees_top5"]).all()


def test_agreement_in_the_summary(tmp_path: Path) -> None:
    run = load_run(make_branching_run(tmp_path / "run", frames=14))
    summary = run.summary().set_index("mode")
    assert summary.loc["sigma_delta", "agreement_percent"] == pytest.approx(100 * 12 / 14)
    assert summary.loc["sigma_delta", "agreement_top5_percent"] == 100
    assert pd.isna(summary.loc["sigma_delta", "error_percent"])
    assert pd.isna(load_run(make_run(tmp_path / "chain")).summary()["agreement_top5_percent"]).all()


def test_a_map_of_features_is_no_answer(tmp_path: Path) -> None:
    run = load_run(make_branching_run(tmp_path / "run", frames=3, classes=None))
    assert run.classifies  # one pixel: its outputs are classes, if without names
    last = {**run.parts[-1], "sent_shape": [2, 3, 2]}
    maps = type(run)(**{**vars_of(run), "parts": (*run.parts[:-1], last)})
    assert not maps.classifies
    assert maps.frames[["prediction", "agrees", "agrees_top5"]].isna().all(axis=None)


def vars_of(run: object) -> dict[str, object]:
    return {name: getattr(run, name) for name in type(run).__dataclass_fields__}
