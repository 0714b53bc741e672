"""Which networks lost how many answers, by hand: beside the original on the run, beside float on calibration frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from quantisation_content import content
from reports_branching import make_branching_run
from reports_example import make_run

from reports import agreement_percent, load_run, low_agreement
from reports.tables.headline import agreement_verdicts, verdicts

COARSE = ["rounding", "sigma_delta"]
SCALES = {"original": [1.0, 1.0], "rounding": [1.0, 1.0], "sigma_delta": [1.0, 1.0]}


def shares(full: float, scaled: float) -> dict[str, Any]:
    return {**content(), "agreement": {"full": full, "scaled": scaled}}


def test_beside_the_original(tmp_path: Path) -> None:
    """Of the example's two frames the coarse networks answer the first as the original does, not the second."""
    run = load_run(make_run(tmp_path / "run", quantisation=shares(1.0, 0.5), output_scales=SCALES))
    assert agreement_percent(run) == {"original": 100.0, "rounding": 50.0, "sigma_delta": 50.0}
    (found,) = low_agreement(run)  # what they lost beside float is said by it
    assert (found.beside, found.modes, found.agreement_percent, found.frames) == ("original", tuple(COARSE), 50.0, 2)
    assert found.finding == (
        "Rounding and sigma-delta answer as the original network, at full fixed point, on only 50.00 % of 2 frames."
    )
    (first,) = agreement_verdicts(run)
    assert (first.kind, first.strong) == ("bad", found.finding)
    assert "the same, bit for bit" in verdicts(run)[0].strong


@pytest.mark.parametrize(
    ("full", "scaled", "modes", "percent", "finer", "wider"),
    [
        (1.0, 0.9, None, None, False, False),
        (1.0, 0.875, COARSE, 87.5, True, False),
        (0.875, 0.875, COARSE, 87.5, False, True),
        (0.875, 0.5, COARSE, 50.0, True, True),
        (0.5, 0.875, COARSE, 87.5, False, True),
    ],
)
def test_beside_float_where_there_is_no_original(
    tmp_path: Path, full: float, scaled: float, modes: list[str] | None, percent: float, finer: bool, wider: bool
) -> None:
    run = load_run(make_run(tmp_path / "run", COARSE, quantisation=shares(full, scaled)))
    assert agreement_percent(run) == {}
    found = low_agreement(run)
    assert [(each.beside, list(each.modes), each.agreement_percent, each.frames) for each in found] == (
        [] if modes is None else [("float", modes, percent, 8)]
    )
    assert [("levels: all" in each.remedy, "weight_bits" in each.remedy) for each in found] == (
        [] if modes is None else [(finer, wider)]
    )


def test_full_precision_beside_float_stands_after_the_original(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run", quantisation=shares(0.25, 0.125), output_scales=SCALES))
    assert [(each.beside, each.modes, each.agreement_percent) for each in low_agreement(run)] == [
        ("original", tuple(COARSE), 50.0),
        ("float", ("original",), 25.0),
    ]


def test_a_run_that_says_nothing_of_quantisation(tmp_path: Path) -> None:
    assert low_agreement(load_run(make_run(tmp_path / "run", COARSE))) == ()


def test_maps_of_features_have_no_answers_to_keep(tmp_path: Path) -> None:
    run = load_run(make_branching_run(tmp_path / "run", frames=3, classes=None))
    last = {**run.parts[-1], "sent_shape": [2, 3, 2]}
    maps = replace(run, parts=(*run.parts[:-1], last))
    assert not maps.classifies
    assert agreement_percent(maps) == {}
    assert low_agreement(maps) == ()
