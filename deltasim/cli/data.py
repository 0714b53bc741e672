"""`deltasim data`: clips and networks that are not part of deltasim, out of pinned, hash-checked PyPI wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from deltasim.cli.options import Json

if TYPE_CHECKING:
    from workloads.assets import Asset

data_app = typer.Typer(
    name="data",
    help="Clips and networks to try: list them, fetch them into a cache with your own pip and package index.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@data_app.command(name="list")
def list_(json: Json = False) -> None:
    """List what can be fetched, and where it is if it was."""
    from deltasim.cli.show import print_json
    from workloads.assets import ASSETS, cache_folder

    rows = [_row(asset) for asset in ASSETS.values()]
    if json:
        print_json({"cache": str(cache_folder()), "assets": rows})
        return
    for row in rows:
        print(f"{row['name']:22} {row['description']}")  # noqa: T201
        print(f"{'':22} {row['state']}; {row['from']}, {row['licence']}")  # noqa: T201
    print(f"cache: {cache_folder()}   (set DELTASIM_CACHE for another)")  # noqa: T201


@data_app.command(name="fetch", epilog="Example: deltasim data fetch bikes vgg16-convolutions")
def fetch_(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="What to fetch; see deltasim data list.")],
    json: Json = False,
) -> None:
    """Fetch assets into the cache and print their paths; what is there already is not fetched again."""
    from deltasim.cli.progress import status_line
    from deltasim.cli.show import print_json
    from workloads.assets import asset_named, fetch

    chosen = [asset_named(name) for name in names]
    with status_line("looking into the cache") as say:
        paths = fetch(chosen, report=say)
    if json:
        print_json({name: str(path) for name, path in paths.items()})
        return
    for name, path in paths.items():
        print(f"{name:22} {path}")  # noqa: T201


def _row(asset: Asset) -> dict[str, str | None]:
    from workloads.assets import AssetError, find_asset

    try:
        path = find_asset(asset)
        state = "not fetched" if path is None else f"fetched: {path}"
    except AssetError as error:
        path, state = None, f"damaged: {error}"
    return {
        "name": asset.name,
        "description": asset.description,
        "state": state,
        "path": None if path is None else str(path),
        "from": f"{asset.wheel.package} {asset.wheel.version} ({asset.wheel.size_bytes / 1e6:.1f} MB)",
        "licence": asset.licence,
    }
