"""The table of modes: who is whose partner, what is shown of them, and that nobody else decides by a mode's name."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import get_args

import pytest

import hwmodels
from hwmodels.modes import MODES_TABLE, Mode, modes_in
from hwmodels.records import MODES
from workloads.optimise.settings import CHANGES, Cost

ROOT = Path(hwmodels.__file__).parents[1]
PACKAGES = ("hwmodels", "simulator", "reports", "deltasim", "workloads")
every = pytest.mark.parametrize("mode", MODES_TABLE.values(), ids=list(MODES_TABLE))


def test_the_names_are_public_and_in_the_order_of_the_table() -> None:
    assert MODES == tuple(MODES_TABLE) == tuple(each.name for each in MODES_TABLE.values())
    assert MODES == ("original", "original_sparse", "temporal_difference", "rounding", "sigma_delta")


@every
def test_a_partner_stands_before_and_computes_the_same_frame_by_frame(mode: Mode) -> None:
    if mode.partner is None:
        assert not mode.delta
        return
    partner = MODES_TABLE[mode.partner]
    assert MODES.index(partner.name) < MODES.index(mode.name)
    assert (partner.precision, partner.delta, partner.partner) == (mode.precision, False, None)


def test_nobody_is_taken_for_another() -> None:
    for shown in ("title", "short_title", "colour"):
        assert len({getattr(mode, shown) for mode in MODES_TABLE.values()}) == len(MODES_TABLE)
    assert len({(mode.precision, mode.rule) for mode in MODES_TABLE.values()}) == len(MODES_TABLE)
    assert [mode.name for mode in MODES_TABLE.values() if mode.headline] == ["sigma_delta"]


def test_modes_are_found_in_the_order_of_the_table() -> None:
    found = modes_in(["sigma_delta", "unheard_of", "original", "sigma_delta"])
    assert [mode.name for mode in found] == ["original", "sigma_delta"]


def test_what_scales_are_searched_for_is_a_mode_and_says_the_same() -> None:
    """The optimiser knows no modes, only the names of two."""
    assert tuple(CHANGES) == get_args(get_args(Cost)[0])
    for name, changes in CHANGES.items():
        assert MODES_TABLE[name].delta == changes
        assert MODES_TABLE[name].precision == "scaled"


def names_compared(tree: ast.AST) -> list[int]:
    """The lines where something is compared with a mode's name, is looked for in some, or begins with one."""
    lines = []
    for node in ast.walk(tree):
        begins = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "startswith"
        if isinstance(node, ast.Compare) or begins:
            constants = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
            lines += [node.lineno] * any(each in MODES_TABLE for each in constants if isinstance(each, str))
    return lines


@pytest.mark.parametrize(
    "text",
    ['mode == "original"', 'x if mode in {"rounding", "sigma_delta"} else y', 'mode.startswith("original")'],
)
def test_the_search_for_names_finds_them(text: str) -> None:
    assert names_compared(ast.parse(text)) == [1]


def test_nobody_decides_by_a_modes_name() -> None:
    """The paper's experiments may: they are about these networks."""
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        if "paper" not in file.relative_to(ROOT).parts
        for line in names_compared(ast.parse(file.read_text("utf-8")))
    ]
    assert found == []
