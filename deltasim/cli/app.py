"""The command `deltasim`. Exit codes: 0 done, 2 something to mend in what was asked, 130 interrupted.

What a command needs is imported when it runs: `deltasim --help` loads no engine, no tables and no plots.
"""

from __future__ import annotations

import sys
import webbrowser
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Literal, NoReturn

import typer

from deltasim.cli.data import data_app
from deltasim.cli.map import map_
from deltasim.cli.optimise import optimise
from deltasim.cli.options import (
    AcceleratorName,
    EngineName,
    InputShape,
    Json,
    Modes,
    NetworkName,
    NormalisationName,
    Out,
    OutputName,
    Overwrite,
    Range,
    RunPath,
    ScalesName,
    Threads,
    Traces,
    What,
)
from deltasim.cli.paper import paper_app
from deltasim.cli.price import price
from deltasim.cli.trace import trace
from deltasim.cli.traces import traces_app

if TYPE_CHECKING:
    from reports import Run

app = typer.Typer(
    name="deltasim",
    help="What one frame costs on a chip that sends only integer changes between layers.",
    epilog="Start with: deltasim run   (bundled network and images; ends with the path of a dashboard)",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.add_typer(data_app)
app.add_typer(paper_app)
app.command(
    epilog="Examples: deltasim optimise --frames 0:10000 --lambda 1e-8 --lambda 1e-7 | deltasim optimise bikes "
    "--frames 0:76 --lambda 1e-9 --of sigma-delta"
)(optimise)
app.command(epilog="Example: deltasim price runs/A --operations jouppi-7nm -o runs/A-7nm")(price)
app.command(name="map", epilog="Example: deltasim map my.yaml --strategy balance --cores 64 -o mapped.yaml")(map_)
app.add_typer(traces_app)
app.command(epilog="Example: deltasim trace runs/A --mode rounding --frames 0:10 -o a.json.gz")(trace)


@app.command(
    epilog="Examples: deltasim run | deltasim run my.yaml --frames 0:500 -o runs/mine | deltasim run --accelerator "
    "my-chip.yaml | deltasim run clip.mp4 | deltasim run clip.mp4 --network my.onnx --normalisation torch-rgb"
)
def run(
    experiment: What = None,
    out: Out = None,
    overwrite: Overwrite = False,
    accelerator: AcceleratorName = None,
    network: NetworkName = None,
    output: OutputName = None,
    input_shape: InputShape = None,
    normalisation: NormalisationName = None,
    frames: Range = None,
    modes: Modes = None,
    scales: ScalesName = None,
    engine: EngineName = None,
    threads: Threads = None,
    traces: Traces = "use",
    json: Json = False,
) -> None:
    """Simulate an experiment, write a run directory and its dashboard, print what a frame costs.

    Options take the place of what the experiment says. A run of the same configuration is not repeated; one that was
    interrupted goes on where it stopped.
    """
    from deltasim.api import job_of
    from deltasim.cli.overlay import with_options
    from deltasim.cli.progress import compiling_said, progress_bars, status_line
    from deltasim.experiment.execute import check_place, run_job
    from deltasim.experiment.files import experiment_of

    if out is not None:
        check_place(out)
    chosen, folder = experiment_of(experiment)
    chosen = with_options(
        chosen,
        accelerator=accelerator,
        network=network,
        output=output,
        input_shape=input_shape,
        normalisation=normalisation,
        frames=frames,
        modes=modes,
        engine=engine,
        scales=scales,
    )
    words = f"loading {chosen.network} and frames"
    with status_line(words) as say, compiling_said(say, words):
        job = job_of(chosen, folder, say=say)
    with progress_bars() as progress:
        finished = run_job(job, out, overwrite=overwrite, threads=threads, progress=progress, traces=traces)
    _conclude(finished, json=json)


@app.command()
def validate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An accelerator or an experiment, in YAML.")],
    json: Json = False,
) -> None:
    """Check a file and all that it names, without simulating."""
    from deltasim.api import job_of
    from deltasim.cli.progress import status_line
    from deltasim.cli.show import print_json
    from deltasim.experiment.files import kind_of_file, read_experiment
    from hwmodels import chip_area, load_accelerator, why_no_area
    from hwmodels.timing import core_count
    from reports.tables.numbers import significant

    kind = kind_of_file(file)
    if kind == "accelerator":
        accelerator, used = load_accelerator(file), None
        name = accelerator.name
    else:
        experiment, folder = read_experiment(file)
        with status_line(f"loading {experiment.network} and frames") as say:
            job = job_of(experiment, folder, say=say)
        name, accelerator, used = job.settings.name, job.accelerator, len(job.plans[0].cores)
    cores, area_mm2 = core_count(accelerator), chip_area(accelerator)[-1].mm2
    if json:
        found = {"cores": cores, "cores_used": used, "area_mm2": area_mm2}
        print_json({"file": str(file), "kind": kind, "name": name, "valid": True, **found})
        return
    print(f"{file}: {kind} {name!r} is valid")  # noqa: T201
    area = "" if area_mm2 is None else f", {significant(area_mm2, 4)} mm2"
    print(f"{accelerator.name}: {cores if used is None else f'{used} of {cores}'} cores{area}")  # noqa: T201
    if why := why_no_area(accelerator):
        print(f"its area is not known: {why}")  # noqa: T201


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List accelerator profiles, networks and data sets that come with deltasim."""
    from deltasim.cli.show import print_json
    from hwmodels import list_profiles
    from workloads import list_datasets, list_networks

    shipped = {
        "profiles": {profile.name: profile.description for profile in list_profiles()},
        "networks": list_networks(),
        "datasets": list_datasets(),
    }
    if json:
        print_json(shipped)
        return
    for kind, entries in shipped.items():
        print(f"{kind}:")  # noqa: T201
        for name, description in entries.items():
            print(f"  {name:22} {description}")  # noqa: T201


@app.command()
def schema(
    kind: Annotated[
        Literal["accelerator", "experiment"], typer.Argument(help="Of which kind of file.")
    ] = "accelerator",
) -> None:
    """Print the JSON Schema of accelerator or experiment files, for editors that check YAML while you type.

    Save it and put `# yaml-language-server: $schema=FILE` into the first line of your YAML.
    """
    from deltasim.cli.show import print_json
    from deltasim.experiment.files import Experiment
    from hwmodels import accelerator_json_schema

    print_json(accelerator_json_schema() if kind == "accelerator" else Experiment.model_json_schema(by_alias=True))


@app.command()
def report(
    run: RunPath,
    layers: Annotated[bool, typer.Option("--layers", help="Also print what quantisation did to every layer.")] = False,
    json: Json = False,
) -> None:
    """Write the dashboard of a finished run anew and print its table."""
    from deltasim.cli.show import print_layers
    from deltasim.cli.terminal import plain_console
    from reports import load_run

    finished = load_run(run)
    _conclude(finished, json=json)
    if layers and not json:
        print_layers(plain_console(), finished)


@app.command(name="open")
def open_(run: RunPath) -> None:
    """Open the dashboard of a finished run in the browser."""
    from deltasim.api import dashboard
    from reports import load_run

    finished = load_run(run)
    page = (finished.path / "dashboard.html").absolute()
    if not page.exists():
        page = dashboard(finished).absolute()
    if not webbrowser.open(page.as_uri()):
        print(f"no browser could be started; open {page}")  # noqa: T201


@app.command(name="compare")
def compare_(
    run_a: Annotated[Path, typer.Argument(metavar="RUN_A", help="A run directory.")],
    run_b: Annotated[Path, typer.Argument(metavar="RUN_B", help="Another one.")],
    html: Annotated[Path | None, typer.Option(help="Also write the comparison as a page.")] = None,
    json: Json = False,
) -> None:
    """Two runs side by side: by network, component and layer, as difference and ratio."""
    from deltasim.cli.show import agreement_json, print_comparison, print_json, records
    from deltasim.cli.terminal import plain_console
    from reports import compare, load_run, write_comparison

    first, second = load_run(run_a), load_run(run_b)
    table = compare(first, second)
    if html is not None:
        html = write_comparison(first, second, html)
    if json:
        kept = {"a": agreement_json(first), "b": agreement_json(second)}
        print_json({"agreement": kept, "rows": records(table), "page": None if html is None else str(html)})
        return
    print_comparison(plain_console(), first, second, table)
    if html is not None:
        print(f"Page: {html.absolute()}")  # noqa: T201


def _conclude(finished: Run, *, json: bool) -> None:
    """Write the dashboard; print what the run found and where the dashboard is."""
    from deltasim.api import dashboard
    from deltasim.cli.progress import status_line
    from deltasim.cli.show import print_json, print_summary, summary_json
    from deltasim.cli.terminal import plain_console

    with status_line("writing the dashboard"):
        page = dashboard(finished)
    if json:
        print_json(summary_json(finished))
        return
    console = plain_console()
    print_summary(console, finished)
    console.print(f"\nDashboard: {page.absolute()}", soft_wrap=True, highlight=False)
    command = sys.argv[0] if sys.argv[0].endswith("/deltasim") else "deltasim"
    console.print(f"Open it:   {command} open {quote(str(finished.path))}", soft_wrap=True, highlight=False)


def main() -> None:
    """Run the command; a user's mistake becomes one message on standard error and exit code 2."""
    try:
        app()
    except SystemExit:  # how every command ends
        raise
    except KeyboardInterrupt:
        print("deltasim: interrupted; the same command goes on where it stopped", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except _user_errors() as error:
        _fail(str(error))
    except OSError as error:  # a full disk, a folder that may not be written to
        _fail(f"{error.filename or 'standard output'}: {error.strerror or error}")  # every file says its name
    except MemoryError as error:
        _fail(f"out of memory ({error}): take a smaller network, or a machine with more")


def _user_errors() -> tuple[type[Exception], ...]:
    """Looked up once there is an error: they are from all packages."""
    from deltasim.errors import USER_ERRORS

    return USER_ERRORS


def _fail(message: str) -> NoReturn:
    print(f"deltasim: {message}", file=sys.stderr)  # noqa: T201
    sys.exit(2)
