"""The experiments by name: each with its settings, the tables it needs from another one, and where it goes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deltasim.paper import figure2 as random_networks
from deltasim.paper import figure4 as digits
from deltasim.paper import systems as whole_systems
from deltasim.paper.place import MANIFEST, Figure, Notes, make_figure

Progress = Callable[[str, int, int], None]
SEED: Final = 1234  # the paper's own
PLACE: Final = Path("runs") / "paper"


@dataclass(frozen=True)
class Request:
    """How an experiment is asked for. `out`: its directory, beside which those it builds on are found or made."""

    out: Path
    quick: bool
    seed: int
    overwrite: bool
    progress: Progress

    def command(self, name: str) -> str:
        """What to type to have it again."""
        seed = "" if self.seed == SEED else f" --seed {self.seed}"
        return f"deltasim paper {name}{' --quick' if self.quick else ''}{seed}"

    def beside(self, name: str) -> Request:
        """Another experiment with the same options, never made again if it is there."""
        return Request(
            self.out.absolute().parent / place_name(name, self.quick), self.quick, self.seed, False, self.progress
        )


def place_name(name: str, quick: bool) -> str:
    """Directory of an experiment; quick ones have their own, so that they never stand where full ones are meant."""
    return f"{name}-quick" if quick else name


def figure2(request: Request) -> Path:
    """The random network."""
    settings = random_networks.QUICK if request.quick else random_networks.Settings()
    figure = Figure(
        "figure2",
        request.command("figure2"),
        request.quick,
        request.seed,
        "random 100-100-100-100",
        f"{settings.samples} Gaussian samples",
        random_networks.settings_of(settings),
    )
    return _made(
        figure, request, lambda place: random_networks.figure2(place, settings, request.seed, request.progress)
    )


def figure4(request: Request) -> Path:
    """Error against computation on MNIST and Temporal-MNIST."""
    settings = digits.QUICK if request.quick else digits.Settings()
    return _made(
        _figure4("figure4", request, settings),
        request,
        lambda place: digits.figure4(place, settings, request.seed, request.progress),
    )


def table(request: Request) -> Path:
    """Appendix E: the numbers of Figure 4, which is made first unless it is there."""
    source = figure4(request.beside("figure4"))
    settings = digits.QUICK if request.quick else digits.Settings()

    def copy(place: Path) -> Notes:
        for each in source.glob("*.parquet"):
            shutil.copyfile(each, place / each.name)
        notes: Notes = json.loads((source / MANIFEST).read_text(encoding="utf-8"))["notes"]
        return notes

    return _made(_figure4("table", request, settings), request, copy)


def systems(request: Request) -> Path:
    """Figure 4 priced as a whole system; Figure 4 is made first unless it is there."""
    source = figure4(request.beside("figure4"))
    settings = whole_systems.QUICK if request.quick else whole_systems.Settings()
    of_source = str(json.loads((source / MANIFEST).read_text(encoding="utf-8"))["config_sha256"])
    figure = Figure(
        "systems",
        request.command("systems"),
        request.quick,
        request.seed,
        whole_systems.NETWORK,
        "temporal-mnist test",
        whole_systems.settings_of(settings, of_source),
    )
    return _made(figure, request, lambda place: whole_systems.systems(place, source, settings, request.progress))


def _figure4(name: str, request: Request, settings: digits.Settings) -> Figure:
    return Figure(
        name,
        request.command(name),
        request.quick,
        request.seed,
        digits.NETWORK,
        "mnist and temporal-mnist",
        digits.settings_of(settings),
    )


def _made(figure: Figure, request: Request, make: Callable[[Path], Notes]) -> Path:
    make_figure(figure, request.out, make, overwrite=request.overwrite)
    return request.out


MAKERS: Final[dict[str, Callable[[Request], Path]]] = {
    "figure2": figure2,
    "figure4": figure4,
    "table": table,
    "systems": systems,
}
