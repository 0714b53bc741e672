"""`deltasim optimise`: scales for a network, by gradient descent on error and cost (paper, section 4)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypedDict

import typer

from deltasim.cli.options import (
    AcceleratorName,
    InputShape,
    Json,
    NetworkName,
    NormalisationName,
    OutputName,
    Overwrite,
    Range,
    What,
)

if TYPE_CHECKING:
    from deltasim.experiment.optimise_job import OptimiseJob
    from workloads.optimise import OptimisedScales

Lambdas = Annotated[
    list[float] | None,
    typer.Option(
        "--lambda",
        metavar="X",
        help="How much error an operation is worth; give several for several trade-offs, found side by side. The "
        "cheaper a network has to be, the larger. [default: 1e-9, 1e-8, 1e-7]",
    ),
]
Minimise = Annotated[
    Literal["operations", "energy"],
    typer.Option(help="What a message costs: operations, as in the paper, or its energy on the accelerator (pJ)."),
]
Of = Annotated[
    str,
    typer.Option(
        metavar="rounding|sigma-delta",
        help="Whose messages are counted: rounding's, as in the paper, or sigma-delta's, the changes between "
        "neighbouring frames.",
    ),
]
Loss = Annotated[
    Literal["kl", "l2", "l1"] | None,
    typer.Option(help="How outputs are compared. [default: kl for classes, l2 for maps of features]"),
]
Training = Annotated[
    Literal["straight-through", "noise"] | None,
    typer.Option(
        help="How rounding is differentiated: as if it were the identity, or as uniform noise, which convolutional "
        "networks need. [default: noise if the network has convolutions]"
    ),
]
Per = Annotated[Literal["layer", "unit"], typer.Option(help="One scale for each layer, or for each of its channels.")]
Epochs = Annotated[int, typer.Option(min=1, help="Times that all frames are shown.")]
Rate = Annotated[float, typer.Option(min=0, help="Learning rate, of the logarithm of the scales.")]
Batch = Annotated[int | None, typer.Option(min=1, help="Frames a step. [default: 10, or 2 with convolutions]")]
Seed = Annotated[int, typer.Option(min=0, help="Of the order of frames and of the noise.")]
Levels = Annotated[
    bool, typer.Option("--from-levels", help="Start from the experiment's scales by `levels`, not from k = 1.")
]
Target = Annotated[
    Path | None,
    typer.Option("--out", "-o", metavar="DIR", help="Where the files go. [default: scales/NAME-HASH]"),
]


def optimise(
    experiment: What = None,
    lambdas: Lambdas = None,
    minimise: Minimise = "operations",
    of: Of = "rounding",
    loss: Loss = None,
    training: Training = None,
    per: Per = "layer",
    epochs: Epochs = 10,
    rate: Rate = 1e-3,
    minibatch: Batch = None,
    seed: Seed = 1234,
    from_levels: Levels = False,
    frames: Range = None,
    network: NetworkName = None,
    output: OutputName = None,
    input_shape: InputShape = None,
    normalisation: NormalisationName = None,
    accelerator: AcceleratorName = None,
    out: Target = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Find scales that trade error against cost, and write them for `deltasim run --scales`.

    The frames of the experiment are what the scales are found on (of a bundled data set its training images): use
    others to judge them. An interrupted search goes on after its last finished epoch.
    """
    from deltasim.cli.overlay import with_options
    from deltasim.cli.progress import progress_bars, status_line
    from deltasim.cli.show import print_json
    from deltasim.experiment.files import experiment_of
    from deltasim.experiment.optimise_job import optimise_job, run_optimise

    chosen, folder = experiment_of(experiment)
    chosen = with_options(
        chosen,
        network=network,
        output=output,
        input_shape=input_shape,
        normalisation=normalisation,
        accelerator=accelerator,
        frames=frames,
    )
    with status_line(f"loading {chosen.network} and frames") as say:
        job = optimise_job(
            chosen,
            folder,
            lambdas=tuple(lambdas or (1e-9, 1e-8, 1e-7)),
            minimise=minimise,
            cost=of,
            loss=loss,
            training=None if training is None else "noise" if training == "noise" else "straight_through",
            per=per,
            epochs=epochs,
            learning_rate=rate,
            minibatch=minibatch,
            seed=seed,
            from_levels=from_levels,
            say=say,
        )
    with progress_bars("steps") as progress:
        result, paths = run_optimise(job, out, overwrite=overwrite, progress=progress)
    rows = _rows(job, result, paths)
    if json:
        print_json({"unit": job.unit, "found": rows})
        return
    named = {"network": network, "normalisation": normalisation, "accelerator": accelerator}
    _print(job, rows, run_command(experiment, named, rows[0]["file"]))


FoundScales = TypedDict(
    "FoundScales",
    {
        "lambda": float,
        "error_first": float,
        "error_last": float,
        "cost_first": float,
        "cost_last": float,
        "scales": dict[str, float],
        "file": str,
    },
)
"""What was found for one lambda, in the JSON: mean error and cost of the first and the last epoch, and the scales."""


def _rows(job: OptimiseJob, result: OptimisedScales, paths: list[Path]) -> list[FoundScales]:
    """One entry for each lambda: the mean error and cost of the first and the last epoch, and the scales."""
    path, rows = result.trajectory, list[FoundScales]()
    for number, (found, lambda_, file) in enumerate(zip(result.found, job.settings.lambdas, paths, strict=True)):
        own = path["search"] == number
        error, cost = path["error"][own], path["operations"][own]
        rows.append(
            {
                "lambda": lambda_,
                "error_first": float(error[0]),
                "error_last": float(error[-1]),
                "cost_first": float(cost[0]),
                "cost_last": float(cost[-1]),
                "scales": dict(zip(result.names, found.scales, strict=True)),
                "file": str(file),
            }
        )
    return rows


def run_command(what: Path | None, named: Mapping[str, str | None], scales: str) -> str:
    """The command that runs what was searched on with the scales found; `named`: the options of the search."""
    options = [word for name, value in named.items() if value is not None for word in (f"--{name}", value)]
    return shlex.join(["deltasim", "run", *([] if what is None else [str(what)]), *options, "--scales", scales])


def _print(job: OptimiseJob, rows: list[FoundScales], command: str) -> None:
    from rich.table import Table

    from deltasim.cli.terminal import plain_console

    title = f"{job.network.name}: scales found on {len(job.frames):,} frames of {job.source}"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("lambda", f"error, {job.settings.loss}", "", f"{job.unit}/frame", "", "scales"):
        table.add_column(name, justify="left" if name == "scales" else "right", no_wrap=name != "scales")
    for row in rows:
        scales = list(row["scales"].values())
        shown = ", ".join(f"{scale:.4g}" for scale in scales[:6]) + (", ..." if len(scales) > 6 else "")
        table.add_row(
            f"{row['lambda']:g}",
            f"{row['error_first']:.4g}",
            f"-> {row['error_last']:.4g}",
            f"{row['cost_first']:,.0f}",
            f"-> {row['cost_last']:,.0f}",
            shown,
        )
    console = plain_console()
    console.print(table)
    for row in rows:
        console.print(f"Scales: {row['file']}", soft_wrap=True, highlight=False)
    console.print(f"Try:    {command}", soft_wrap=True, highlight=False, markup=False)
