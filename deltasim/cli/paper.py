"""`deltasim paper`: the figures of "Sigma-Delta Quantized Networks", made anew, each a page and its tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from deltasim.cli.options import InputShape, Json, NetworkName, NormalisationName, OutputName, Overwrite
from deltasim.paper.defaults import PLACE, SEED

paper_app = typer.Typer(
    name="paper",
    help="The figures of O'Connor & Welling, Sigma-Delta Quantized Networks (ICLR 2017), made anew with deltasim: each "
    "a page to open and its data as Parquet.",
    epilog="Needs pip install 'deltasim[optimise]', for figures 5 and 6 'deltasim[optimise,video,onnx]'. Start with: "
    "deltasim paper figure2 --quick",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Quick = Annotated[bool, typer.Option("--quick", help="Fewer frames, settings and epochs: under two minutes.")]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 16, help="Of weights, samples, orders and noise.")]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where it goes. [default: runs/paper/FIGURE]")
]
Clip = Annotated[
    str | None,
    typer.Option(
        metavar="CLIP[:A:B]",
        help="A video, folder of images or fetched clip (deltasim data list), frames A to B of it.",
    ),
]
Training = Annotated[
    list[str] | None,
    typer.Option(
        metavar="CLIP[:A:B]", help="Frames to find the scales on; may be given several times. Others than shown."
    ),
]
Lambdas = Annotated[
    list[float] | None,
    typer.Option("--lambda", metavar="X", help="Weight of computation against error; may be given several times."),
]
HELP = {
    "figure2": "Random network: scales found for six lambdas, among a thousand random ones.",
    "figure3": "Snippets of Temporal-MNIST.",
    "figure4": "784-200-200-10: error against operations and energy, on MNIST and Temporal-MNIST.",
    "table": "Appendix E: the numbers of Figure 4 as the paper prints them.",
    "figure5": "A static clip spliced to a moving one: cost by frame and layer, and agreement.",
    "figure6": "How much features of neighbouring frames differ, layer by layer.",
    "systems": "Beyond the paper: the networks of Figure 4 as a whole system, on several accelerators.",
}


def _make_one(
    name: str,
    *,
    quick: bool,
    seed: int,
    out: Path | None,
    overwrite: bool,
    json: bool,
    video: dict[str, Any],
) -> None:
    """Make an experiment and say what came out; of `video` what is not None was asked for."""
    from deltasim.cli.progress import progress_bars
    from deltasim.experiment.execute import check_place
    from deltasim.paper.make import MAKERS, Request, place_name

    place = out or PLACE / place_name(name, quick)
    check_place(place)
    with progress_bars("") as progress:
        given = {field: value for field, value in video.items() if value is not None}
        directory = MAKERS[name](Request(place, quick, seed, overwrite, progress, given))
    conclude(directory, json=json)


def _command(name: str) -> Callable[..., None]:
    """The command that makes an experiment whose input is fixed."""

    def command(
        quick: Quick = False,
        seed: Seed = SEED,
        out: Out = None,
        overwrite: Overwrite = False,
        json: Json = False,
    ) -> None:
        _make_one(name, quick=quick, seed=seed, out=out, overwrite=overwrite, json=json, video={})

    return command


def _figure5(
    network: NetworkName = None,
    output: OutputName = None,
    input_shape: InputShape = None,
    normalisation: NormalisationName = None,
    static: Clip = None,
    moving: Clip = None,
    train: Training = None,
    lambdas: Lambdas = None,
    quick: Quick = False,
    seed: Seed = SEED,
    out: Out = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    from deltasim.cli.overlay import chosen_shape

    video = {
        "network": network,
        "output": output,
        "input_shape": None if input_shape is None else chosen_shape(input_shape),
        "normalisation": normalisation,
        "static": static,
        "moving": moving,
        "train": tuple(train) if train else None,
        "lambdas": tuple(lambdas) if lambdas else None,
    }
    _make_one("figure5", quick=quick, seed=seed, out=out, overwrite=overwrite, json=json, video=video)


def _figure6(
    network: NetworkName = None,
    output: OutputName = None,
    input_shape: InputShape = None,
    normalisation: NormalisationName = None,
    static: Clip = None,
    moving: Clip = None,
    quick: Quick = False,
    seed: Seed = SEED,
    out: Out = None,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    from deltasim.cli.overlay import chosen_shape

    video = {
        "network": network,
        "output": output,
        "input_shape": None if input_shape is None else chosen_shape(input_shape),
        "normalisation": normalisation,
        "static": static,
        "moving": moving,
    }
    _make_one("figure6", quick=quick, seed=seed, out=out, overwrite=overwrite, json=json, video=video)


_ON_VIDEO: dict[str, Callable[..., None]] = {"figure5": _figure5, "figure6": _figure6}
for _name, _help in HELP.items():
    paper_app.command(name=_name, help=_help)(_ON_VIDEO.get(_name) or _command(_name))


@paper_app.command(name="all")
def all_(
    quick: Quick = False,
    seed: Seed = SEED,
    place: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Where the figures go, each into its own directory.")
    ] = PLACE,
    results: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Also write what came out of every claim, in Markdown.")
    ] = None,
) -> None:
    """Make every figure that is not there yet, and the page of results."""
    from deltasim.cli.progress import progress_bars
    from deltasim.paper.make import MAKERS, Request, place_name
    from deltasim.paper.pages.markdown import results_markdown
    from deltasim.paper.pages.page import write_page
    from reports.run.atomic import replace_text

    directories = []
    for name, make in MAKERS.items():
        with progress_bars("") as progress:
            directories.append(make(Request(place / place_name(name, quick), quick, seed, False, progress)))
        print(f"{HELP[name]}\n  {write_page(directories[-1]).absolute()}")  # noqa: T201
    if results is not None:
        replace_text(results, results_markdown(directories))
        print(f"Results: {results.absolute()}")  # noqa: T201


@paper_app.command(name="results")
def results_(
    directories: Annotated[
        list[Path] | None, typer.Argument(metavar="DIR...", help="Finished figures. [default: all in runs/paper]")
    ] = None,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="Where the page goes.")] = Path("results.md"),
) -> None:
    """Write what came out of every claim of the paper, in Markdown, from finished figures."""
    from deltasim.paper.pages.markdown import results_markdown
    from reports import RunError
    from reports.run.atomic import replace_text

    chosen = directories or sorted(each.parent for each in PLACE.glob("*/manifest.json") if "-quick" not in str(each))
    if not chosen:
        raise RunError(f"no figures in {PLACE} yet: make them with deltasim paper all")
    replace_text(out, results_markdown(chosen))
    print(f"Results: {out.absolute()}")  # noqa: T201


def conclude(directory: Path, *, json: bool) -> None:
    """Write the page anew; print every claim with what came out, and where the page is."""
    from deltasim.cli.show import print_json
    from deltasim.cli.terminal import plain_console
    from deltasim.paper.pages.page import claims, write_page

    page, found = write_page(directory), claims(directory)
    if json:
        print_json({"page": str(page), "directory": str(directory), "claims": [asdict(each) for each in found]})
        return
    console = plain_console()
    for each in found:
        console.print(f"[{each.holds}] {each.claim}", markup=False, highlight=False)
        console.print(f"      {each.ours}", markup=False, highlight=False)
    console.print(f"\nPage:   {page.absolute()}", soft_wrap=True, highlight=False)
    console.print(f"Tables: {directory.absolute()}", soft_wrap=True, highlight=False)
