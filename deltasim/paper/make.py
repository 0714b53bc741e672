"""The experiments by name: each with its settings, the tables it needs from another one, and where it goes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from typing import Any, Final

from deltasim.paper import video_settings
from deltasim.paper.defaults import SEED
from deltasim.paper.figure2 import run as random_networks
from deltasim.paper.figure3 import run as snippets
from deltasim.paper.figure4 import run as digits
from deltasim.paper.figure5 import run as films
from deltasim.paper.figure6 import run as neighbours
from deltasim.paper.place import Figure, Notes, finished_hash, make_figure
from deltasim.paper.records import MANIFEST
from deltasim.paper.systems import run as whole_systems
from workloads import WorkloadError

Progress = Callable[[str, int, int], None]


OPTIONS: Final = MappingProxyType({"lambdas": "lambda"})  # of the command, where it is not the field's name


@dataclass(frozen=True)
class Request:
    """How an experiment is asked for. `out`: its directory, beside which those it builds on are found or made.

    `video`: what Figures 5 and 6 shall have other than usual, by field of `video_settings.Settings`.
    """

    out: Path
    quick: bool
    seed: int
    overwrite: bool
    progress: Progress
    video: Mapping[str, Any] = field(default_factory=dict)

    def command(self, name: str) -> str:
        """What to type to have it again."""
        words = ["deltasim", "paper", name, *(["--quick"] if self.quick else [])]
        if self.seed != SEED:
            words += ["--seed", str(self.seed)]
        for name_, value in self.video.items():
            if name_ == "input_shape":
                words += ["--input-shape", ",".join(map(str, value))]
                continue
            for each in value if isinstance(value, tuple) else (value,):
                words += [
                    f"--{OPTIONS.get(name_, name_)}",
                    quote(f"{each:g}" if isinstance(each, float) else str(each)),
                ]
        return " ".join(words)

    def beside(self, name: str) -> Request:
        """Another experiment with the same options, never made again if it is there."""
        return replace(self, out=self.out.absolute().parent / place_name(name, self.quick), overwrite=False)


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


def figure3(request: Request) -> Path:
    """Temporal-MNIST."""
    settings = snippets.QUICK if request.quick else snippets.Settings()
    figure = Figure(
        "figure3",
        request.command("figure3"),
        request.quick,
        request.seed,
        "none",
        "temporal-mnist test",
        snippets.settings_of(settings),
    )
    return _made(figure, request, lambda place: snippets.figure3(place, settings, request.progress))


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


def figure5(request: Request) -> Path:
    """A static clip spliced to a moving one."""
    settings = _video(request)
    film = settings.film()
    figure = Figure(
        "figure5",
        request.command("figure5"),
        request.quick,
        request.seed,
        film.network.name,
        film.title,
        video_settings.settings_of(settings, film),
    )
    return _made(figure, request, lambda place: films.figure5(place, settings, film, request.seed, request.progress))


def figure6(request: Request) -> Path:
    """How much features of neighbouring frames differ."""
    film = _video(request).film()
    figure = Figure(
        "figure6",
        request.command("figure6"),
        request.quick,
        request.seed,
        film.network.name,
        film.title,
        neighbours.settings_of(film),
    )
    return _made(figure, request, lambda place: neighbours.figure6(place, film, request.progress))


def _video(request: Request) -> video_settings.Settings:
    usual = video_settings.QUICK if request.quick else video_settings.Settings()
    for each in request.video.get("lambdas", ()):
        if not each > 0:
            raise WorkloadError(f"--lambda is {each:g}; needed a number above 0, such as 1e-12")
    return replace(usual, **request.video)


def systems(request: Request) -> Path:
    """Figure 4 priced as a whole system; Figure 4 is made first unless it is there."""
    source = figure4(request.beside("figure4"))
    settings = whole_systems.QUICK if request.quick else whole_systems.Settings()
    film = request.beside("figure5").out
    films_hash = finished_hash(film) if (film / "system.parquet").exists() else None
    figure = Figure(
        "systems",
        request.command("systems"),
        request.quick,
        request.seed,
        whole_systems.NETWORK,
        "temporal-mnist test",
        whole_systems.settings_of(settings, str(finished_hash(source)), films_hash),
    )
    beside = film if films_hash else None
    return _made(
        figure, request, lambda place: whole_systems.systems(place, source, beside, settings, request.progress)
    )


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
    "figure3": figure3,
    "figure4": figure4,
    "table": table,
    "figure5": figure5,
    "figure6": figure6,
    "systems": systems,
}
