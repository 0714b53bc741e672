"""A user's text in a terminal: paths and names with brackets and colons are shown as they are, by every command."""

from __future__ import annotations

import ast
from io import StringIO
from pathlib import Path
from shlex import quote

import pytest
from command_line import deltasim
from rich.table import Table

from deltasim.cli.progress import progress_bars, status_line
from deltasim.cli.terminal import plain_console

ROOT = Path(__file__).parents[2]
NAMES = ("x[/b]", "[bold] :warning:", "[red]a[/red]:smile:", "[/]", "[link=a]b")
CHIP = "schema: deltasim/accelerator/1\nname: '{name}'\nextends: oconnor2017-int32\n"
EXPERIMENT = (
    "schema: deltasim/experiment/1\nname: strange\naccelerator: '{chip}'\n"
    "frames: {{dataset: mnist, range: '0:2'}}\nmodes: [rounding, sigma_delta]\n"
)


def _joined(text: str) -> str:
    """Without the ends of lines: a table's title is wrapped."""
    return "".join(line.strip() for line in text.splitlines())


@pytest.mark.parametrize("name", NAMES)
def test_every_command_shows_names_as_they_are(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name.replace("/", "_") / (name if "/" in name else "deeper")
    folder.mkdir(parents=True)
    chip, file, run = folder / "chip[b].yaml", folder / "[b]:smile:.yaml", folder / "run"
    chip.write_text(CHIP.format(name=name))
    file.write_text(EXPERIMENT.format(chip=chip))
    for arguments, shown in (
        (("run", file, "-o", run), [name, f"Dashboard: {run}/dashboard.html", f"open {quote(str(run))}"]),
        (("report", run, "--layers"), [name, f"Dashboard: {run}/dashboard.html"]),
        (("validate", file), [str(file), name]),
        (("validate", chip), [str(chip), name]),
        (("map", file, "-o", folder / "mapped.yaml"), [name.replace(" ", ""), f"{folder}/mapped.yaml"]),
        (("compare", run, run, "--html", folder / "page.html"), [f"A  {run}  {name}", f"{folder}/page.html"]),
        (("price", run, "--operations", chip, "-o", folder / "priced"), [name, f"{folder}/priced/dashboard.html"]),
        (("trace", run), [f"{run}/trace.json.gz"]),
    ):
        result = deltasim(*arguments, cwd=tmp_path)
        assert result.returncode == 0, result.stderr
        for text in shown:
            assert text in _joined(result.stdout) or text in _joined(result.stdout).replace(" ", ""), arguments


@pytest.mark.parametrize("name", NAMES)
def test_refusals_show_names_as_they_are(tmp_path: Path, name: str) -> None:
    for arguments in (("run", name), ("validate", name), ("report", name), ("list", name)):
        result = deltasim(*arguments, cwd=tmp_path)
        assert result.returncode == 2
        assert name in result.stderr, result.stderr


@pytest.mark.parametrize("name", NAMES)
def test_tables_bars_and_status_lines_show_names_as_they_are(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    console = plain_console(width=200)
    console.file = StringIO()
    table = Table(name, title=name, caption=name)
    table.add_row(name)
    console.print(table)
    console.print(name)
    assert console.file.getvalue().count(name) == 5
    with progress_bars(name) as report:
        report(name, 1, 2)
    with status_line(name) as say:
        say(name)
    assert capsys.readouterr().err.count(name) == 3


def test_there_is_one_way_to_make_a_console() -> None:
    """Rich reads markup and emoji unless it is told not to: only `plain_console` says so, and training in its tool."""
    found = {
        file.relative_to(ROOT).as_posix()
        for package in ("deltasim", "reports", "workloads", "hwmodels", "simulator", "benchmarks", "examples")
        for file in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).rsplit(".", 1)[-1] in {"Console", "from_markup"}
    }
    assert found == {"deltasim/cli/terminal.py", "workloads/graphs/train_mnist.py"}
