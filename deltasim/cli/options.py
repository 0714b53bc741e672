"""What the commands take, with the words that `--help` has for it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from hwmodels.records import MODES

MOST_THREADS: Final = 1024  # what they share is laid out for each of them

What = Annotated[
    Path | None,
    typer.Argument(
        metavar="WHAT",
        help="An experiment in YAML; or a video, a folder of images, a .npy or .npz stack or a fetched clip (deltasim "
        "data list), which run through SqueezeNet unless --network says otherwise. [default: the bundled "
        "Temporal-MNIST experiment]",
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", "-o", metavar="DIR", help="Run directory. [default: runs/NAME-HASH]")
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Simulate again, and replace the run that is there.")]
AcceleratorName = Annotated[
    str | None, typer.Option(metavar="NAME|FILE", help="Another accelerator: a profile (deltasim list) or a YAML file.")
]
NetworkName = Annotated[
    str | None,
    typer.Option(metavar="NAME|FILE", help="Another network: bundled (deltasim list), or a .onnx or .npz file."),
]
OutputName = Annotated[
    str | None,
    typer.Option(
        "--output", metavar="NAME", help="Node or value at which the network ends, instead of its own output."
    ),
]
InputShape = Annotated[
    str | None,
    typer.Option(
        "--input-shape", metavar="C,H,W", help="Shape of a frame, where an ONNX network leaves it open: 3,224,224."
    ),
]
NormalisationName = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How pixels become the input of an ONNX network, as in its training: torch-rgb (torchvision), caffe-bgr "
        "(Caffe, VGG), unit-rgb or unit-gray (0 to 1).",
    ),
]
Range = Annotated[
    str | None, typer.Option(metavar="START:STOP", help="Only these frames: 0:100 are the first hundred.")
]
Modes = Annotated[
    str | None,
    typer.Option(metavar="A,B,...", help=f"Only these networks: {', '.join(MODES)}. [default: all that can run]"),
]
ScalesName = Annotated[
    str | None, typer.Option("--scales", metavar="FILE", help="Scales that `deltasim optimise` found for this network.")
]
EngineName = Annotated[
    str | None,
    typer.Option(metavar="fast|reference", help="The reference is SimPy, one event per message: slow. Same results."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST_THREADS, metavar="N", help="Simulate with at most N threads. Same results. [default: all cores]"
    ),
]
Traces = Annotated[
    Literal["use", "keep", "off"],
    typer.Option(
        "--traces",
        metavar="use|keep|off",
        help="keep: keep the integers found, so that another accelerator needs only counts and times (see deltasim "
        "traces). use: read back what was kept. Same results.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines; progress stays on standard error.")]
RunPath = Annotated[
    Path, typer.Argument(metavar="RUN", help="A run directory, such as runs/temporal-mnist-0123456789.")
]
