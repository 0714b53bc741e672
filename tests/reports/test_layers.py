"""Costs and changes by layer, against numbers worked out by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from reports_branching import make_branching_run, values
from reports_example import make_run

from reports import load_run
from reports.tables.changes import changes_mode, changes_table
from reports.tables.layer_costs import layer_shares_table, ratios_table


def counts_of(mode: str, layers: list[str], **columns: list[list[int]]) -> pd.DataFrame:
    """The counts table of one network from lists of (frames, cores)."""
    frames, cores = np.indices(np.shape(next(iter(columns.values()))))
    index = {"mode": mode, "frame": frames.reshape(-1), "layer_index": cores.reshape(-1), "layer": layers * len(frames)}
    zeros = dict.fromkeys(("adds", "multiplies", "l1_out"), np.zeros(frames.size, np.int64))
    return pd.DataFrame(index | zeros | {name: np.reshape(rows, -1) for name, rows in columns.items()})


def test_changes_by_hand() -> None:
    # s goes from (3, 1) to (1, 1): normalised (3/4, 1/4) and (1/2, 1/2), 1/4 + 1/4 apart.
    # s_distance = |1*4 - 3*2| + |1*4 - 1*2| = 4, over the norms 2 and 4; cosine (3 + 1) / sqrt(2 * 10)
    # The other core goes from (0, 0) to (0, 5) to (0, 7): unknown, then the same up to a factor.
    table = changes_table(
        counts_of(
            "sigma_delta",
            ["input", "output"],
            s_l1=[[4, 0], [2, 5], [2, 7]],
            s_square=[[10, 0], [2, 25], [2, 49]],
            s_product=[[0, 0], [4, 0], [2, 35]],
            s_distance=[[0, 0], [4, 0], [0, 0]],
        ),
        "sigma_delta",
    )
    distances, cosines = (table[name].to_numpy().reshape(3, 2) for name in ("l1_distance", "cosine"))
    np.testing.assert_allclose(distances, [[np.nan, np.nan], [0.5, np.nan], [0, 0]])
    np.testing.assert_allclose(cosines, [[np.nan, np.nan], [4 / np.sqrt(20), np.nan], [1, 1]])
    assert table["layer"].tolist() == ["input", "output"] * 3


def test_changes_of_products_beyond_64_bits() -> None:
    big = 2**40
    columns = {"s_l1": [[big], [big]], "s_square": [[2**62], [2**62]], "s_product": [[0], [2**61]]}
    table = changes_table(counts_of("sigma_delta", ["a"], **columns, s_distance=[[0], [2**62]]), "sigma_delta")
    assert table["l1_distance"].tolist()[1] == 2.0**62 / 2.0**80
    assert table["cosine"].tolist()[1] == 0.5


def test_changes_are_those_of_the_normalised_values(tmp_path: Path) -> None:
    run = load_run(make_branching_run(tmp_path / "run", frames=4))
    s = values(4, len(run.parts))[:, :-1].astype(float)
    normed = s / s.sum(axis=2, keepdims=True)
    expected = np.abs(normed[1:] - normed[:-1]).sum(axis=2)
    found = run.changes_of("sigma_delta")
    np.testing.assert_allclose(found["l1_distance"].to_numpy().reshape(4, -1)[1:, :-1], expected)
    length = np.sqrt((s**2).sum(axis=2))
    cosine = (s[1:] * s[:-1]).sum(axis=2) / (length[1:] * length[:-1])
    np.testing.assert_allclose(found["cosine"].to_numpy().reshape(4, -1)[1:, :-1], cosine)
    assert found.loc[found["layer"] == "conv10", ["l1_distance", "cosine"]].isna().all(axis=None)


def test_changes_come_from_a_network_that_keeps_values() -> None:
    assert changes_mode(["original", "temporal_difference", "rounding", "sigma_delta"]) == "sigma_delta"
    assert changes_mode(["original", "temporal_difference"]) == "temporal_difference"
    assert changes_mode(["original", "rounding"]) is None


def test_shares_by_hand() -> None:
    counts = counts_of("original", ["a", "b", "c"], adds=[[0, 3, 1], [0, 0, 0]], multiplies=[[0, 3, 1], [0, 0, 0]])
    table = layer_shares_table(counts)
    assert table["operations"].tolist() == [0, 6, 2, 0, 0, 0]
    np.testing.assert_array_equal(table["share_percent"], [0, 75, 25, np.nan, np.nan, np.nan])


def test_ratios_by_hand(tmp_path: Path) -> None:
    run = load_run(make_run(tmp_path / "run"))
    # unit events sent by the input: 4 and 1 beside 4 and 4; each reaches both outputs, so operations have the same
    ratios = ratios_table(run.layer_counts, "sigma_delta", "rounding")
    np.testing.assert_array_equal(ratios["unit_events"], [5 / 8, np.nan])
    np.testing.assert_array_equal(ratios["operations"], [np.nan, 5 / 8])
    later = ratios_table(run.layer_counts, "sigma_delta", "rounding", first=1)
    np.testing.assert_array_equal(later["operations"], [np.nan, 1 / 4])
    assert ratios["layer"].tolist() == ["input", "output"]


@pytest.mark.parametrize("first", [0, 3])
def test_ratios_of_a_branching_network(tmp_path: Path, first: int) -> None:
    run = load_run(make_branching_run(tmp_path / "run", frames=5))
    ratios = ratios_table(run.layer_counts, "sigma_delta", "rounding", first=first)
    s = values(5, len(run.parts))
    changes, whole = (each[first:, :-1].sum(axis=(0, 2)) for each in (np.abs(np.diff(s, axis=0, prepend=0)), s))
    np.testing.assert_allclose(ratios["unit_events"].to_numpy(), [*changes / whole, np.nan])
    assert run.senders[5] == (3, 4)  # fire3.squeeze1x1 hears both expanding layers of fire2
    both = [np.abs(np.diff(s, axis=0, prepend=0))[first:, 3:5].sum(), s[first:, 3:5].sum()]
    assert ratios["operations"][5] == pytest.approx(both[0] / both[1])
