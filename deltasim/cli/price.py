"""`deltasim price`: what a finished run costs at other prices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from deltasim.cli.options import Json, RunPath

if TYPE_CHECKING:
    from rich.console import Console

    from deltasim.experiment.repricing import Repriced

Operations = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE", help="Take the prices of this profile (deltasim list) or YAML file."),
]
ArithmeticOnly = Annotated[
    bool, typer.Option("--arithmetic-only", help="Of --operations take only adds and multiplies.")
]
Node = Annotated[
    str | None,
    typer.Option(metavar="NM", help="Scale all energies on the chip to this node, 7 to 130 nm (Stillmaker & Baas)."),
]
Voltage = Annotated[str | None, typer.Option(metavar="V", help="Supply at that node. [default: the profile's own]")]
Copy = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Also write a copy of the run with these prices and a dashboard."),
]


def price(
    run: RunPath,
    operations: Operations = None,
    arithmetic_only: ArithmeticOnly = False,
    node: Node = None,
    voltage: Voltage = None,
    out: Copy = None,
    json: Json = False,
) -> None:
    """Price a finished run again, without simulating: the prices of another profile, of another technology, or both.

    Counts, times and answers stay those of the run, and so does the run's directory.
    """
    from deltasim.cli.show import print_json
    from deltasim.cli.terminal import plain_console
    from deltasim.experiment.execute import check_place
    from deltasim.experiment.repricing import reprice
    from reports import write_priced_copy

    _check(operations, node, voltage, arithmetic_only=arithmetic_only)
    if out is not None:
        check_place(out)
    result = reprice(run, operations, node=node, voltage=voltage, arithmetic_only=arithmetic_only)
    copy = None if out is None else write_priced_copy(result.after, out)
    if json:
        print_json({**_as_json(result), "copy": None if copy is None else str(copy.path)})
        return
    print_repriced(plain_console(), result)
    if copy is not None:
        print(f"Dashboard: {copy.directory_for('its dashboard') / 'dashboard.html'}")  # noqa: T201


def print_repriced(console: Console, result: Repriced) -> None:
    """Each network's energy per frame as priced in the run and at the new prices."""
    import pandas as pd
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from hwmodels.modes import MODES_TABLE
    from reports.tables.numbers import column_unit

    before, after = result.before, result.after
    console.print(f"before  {before.accelerator.name}", highlight=False, soft_wrap=True)
    console.print(f"after   {after.accelerator.name}", highlight=False, soft_wrap=True)
    for warning in result.warnings:
        console.print(f"Warning: {warning}", style="bold yellow", soft_wrap=True, highlight=False, markup=False)
    for mode, rows in result.table.groupby("mode", sort=False):
        unit = column_unit([*rows["before_pj"], *rows["after_pj"]], "J", -12)
        table = Table(
            title=f"{MODES_TABLE[str(mode)].short_title}, {unit.unit} per frame",
            title_justify="left",
            box=SIMPLE_HEAD,
            pad_edge=False,
        )
        table.add_column("")
        for heading in ("before", "after", "after / before"):
            table.add_column(heading, justify="right")
        for _, row in rows.iterrows():
            ratio = "-" if pd.isna(row["ratio"]) else f"{row['ratio']:.4f}"
            table.add_row(str(row["component"]), unit.text(row["before_pj"]), unit.text(row["after_pj"]), ratio)
        console.print(table)
    rows_priced = f"{len(before.counts):,} rows of counts priced in {result.pricing_ms:.1f} ms, nothing simulated"
    console.print(rows_priced, highlight=False)


def _as_json(result: Repriced) -> dict[str, Any]:
    from deltasim.cli.show import records

    return {
        "run": str(result.before.path),
        "before": result.before.accelerator.name,
        "after": result.after.accelerator.name,
        "frames": result.before.frame_count,
        "warnings": list(result.warnings),
        "rows": records(result.table),
        "pricing_ms": round(result.pricing_ms, 3),
    }


def _check(operations: str | None, node: str | None, voltage: str | None, *, arithmetic_only: bool) -> None:
    from hwmodels import PricingError

    if operations is None and node is None:
        raise PricingError("say at which prices: --operations NAME or FILE, --node NM, or both")
    if arithmetic_only and operations is None:
        raise PricingError("--arithmetic-only says what to take of --operations: give that too")
    if voltage is not None and node is None:
        raise PricingError("--voltage is the supply at --node: give that too")
