"""`deltasim traces`: integers kept by earlier runs, which a run on another accelerator reads back."""

from __future__ import annotations

from typing import Annotated

import typer

from deltasim.cli.options import Json

traces_app = typer.Typer(
    name="traces",
    help="What `deltasim run --traces keep` has kept: a run on another accelerator then needs only counts and times.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@traces_app.command(name="list")
def list_(json: Json = False) -> None:
    """List what is kept, of which network and frames, and how much room it takes."""
    from deltasim.cli.show import print_json
    from deltasim.experiment.traces import limit_bytes, list_traces, traces_folder

    kept = list_traces()
    if json:
        rows = [
            {
                "key": each.key,
                "path": str(each.path),
                "network": each.network,
                "precision": each.precision,
                "source": each.frames,
                "frames": each.count,
                "bytes": each.bytes,
            }
            for each in kept
        ]
        print_json({"folder": str(traces_folder()), "limit_bytes": limit_bytes(), "traces": rows})
        return
    for each in kept:
        what = f"{each.network} ({each.precision}), {each.count:,} frames of {each.frames}"
        print(f"{each.key[:10]}  {each.bytes / 2**20:10,.1f} MiB  {what}")  # noqa: T201
    taken = sum(each.bytes for each in kept) / 2**30
    print(f"{traces_folder()}: {taken:.2f} of {limit_bytes() / 2**30:g} GiB   (DELTASIM_TRACES_GIB sets the limit)")  # noqa: T201


@traces_app.command(epilog="Example: deltasim traces clear 9325cb5c45")
def clear(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY...]", help="How the key of one begins. [default: all]")
    ] = None,
) -> None:
    """Remove what is kept."""
    from deltasim.experiment.traces import clear_traces

    for path in clear_traces(keys or None):
        print(f"removed {path}")  # noqa: T201
