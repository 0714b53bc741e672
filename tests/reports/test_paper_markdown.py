"""The results page: sections in the paper's order, tables that are tables, claims said once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from paper_tables import (
    make_figure2,
    make_figure3,
    make_figure4,
    make_figure5,
    make_figure6,
    make_systems,
)

from deltasim.paper.pages.markdown import results_markdown
from deltasim.paper.pages.page import claims
from reports import RunError


def test_the_whole_page(tmp_path: Path) -> None:
    makers = [make_systems, make_figure6, make_figure5, make_figure4, make_figure3, make_figure2]
    directories = [make(tmp_path / make.__name__) for make in makers]
    table = make_figure4(tmp_path / "table", "table")
    text = results_markdown([table, *directories])
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    order = ["Figure 2", "Figure 3", "Figure 4", "Appendix E", "Figure 5", "Figure 6", "The paper's networks"]
    assert [heading.startswith(f"## {name}") for heading, name in zip(headings, order, strict=True)] == [True] * 7
    for section in text.split("\n## ")[1:]:
        command = section.index("\n    deltasim paper ")
        assert command < section.index("\n| ")
    found = claims(directories[3])
    assert all(text.count(f"| {claim.claim} |") == 1 for claim in found)
    assert "| One dense forward pass" in text
    assert r"| 1e-10 | Sigma-Delta | 3600 | 1.03\2.07 | 360 | 1500 | 1.03\2.07 | 150 |" in text
    assert text.count("Net Type") == 2
    assert text.endswith("|\n")


def test_every_line_of_a_table_has_as_many_cells(tmp_path: Path) -> None:
    directories = [make(tmp_path / make.__name__) for make in (make_systems, make_figure5, make_figure4)]
    manifest = json.loads((directories[0] / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {"command": "deltasim paper systems | cat", "quick": True}
    (directories[0] / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    text = results_markdown(directories)
    cells = 0
    for line in text.splitlines():
        if not line.startswith("|"):
            cells = 0
            continue
        count = line.replace(r"\|", "").count("|")
        assert cells in {0, count}, line
        cells = count
    assert "Made with `--quick`" in text
    assert "Net Type" in text, "without the table itself the numbers stand under Figure 4"


def test_two_networks_have_a_section_each(tmp_path: Path) -> None:
    first, second = make_figure5(tmp_path / "squeezenet"), make_figure5(tmp_path / "vgg", classes=False)
    for directory, network in ((first, "squeezenet11"), (second, "vgg16-convolutions")):
        manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
        (directory / "manifest.json").write_text(json.dumps(manifest | {"network": network}), encoding="utf-8")
    text = results_markdown([first, second])
    assert "## Figure 5: two clips, frame by frame (squeezenet11, " in text
    assert "## Figure 5: two clips, frame by frame (vgg16-convolutions, " in text


def test_nothing_to_write(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no experiment to write results of"):
        results_markdown([])
    with pytest.raises(RunError, match="holds no experiment"):
        results_markdown([tmp_path])
