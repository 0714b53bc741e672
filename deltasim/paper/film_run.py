"""A film given to a network of integers: counted as the paper counts, or simulated whole on an accelerator."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import resources
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from deltasim.experiment.execute import run_job
from deltasim.experiment.files import Precision, channel_order, quantisation_of
from deltasim.experiment.job import plan_job
from deltasim.experiment.repricing import reprice
from deltasim.experiment.settings import Settings as JobSettings
from deltasim.paper.counted import Counted, count
from deltasim.paper.film import Film
from deltasim.paper.film_search import Setting
from deltasim.paper.video_settings import ACCELERATOR, ACTIVATION_BITS, WEIGHT_BITS
from hwmodels import chip_of, load_accelerator
from reports import Run, write_dashboard
from workloads import Quantisation, QuantisedNetwork, quantise

SYSTEM: Final = "vgg-class"  # has room for pictures of 224 x 224, and lanes for video rate

Progress = Callable[[str, int, int], None]


def film_in_integers(
    film: Film, calibration: NDArray[np.uint8], scales: Sequence[float] | None = None
) -> QuantisedNetwork:
    """The film's network in integers; activations at full fixed point span what `calibration` (n, pixels) shows.

    Wide enough that the original in integers is nearly the float network, and that scales clip next to nothing.
    """
    settings = Quantisation(
        weight_bits=WEIGHT_BITS,
        activation_bits=ACTIVATION_BITS,
        calibration="largest",
        scales=None if scales is None else tuple(scales),
    )
    return quantise(film.network, calibration, settings)


def count_film(
    film: Film, network: QuantisedNetwork, modes: Sequence[str], progress: Progress, label: str = ""
) -> dict[str, Counted]:
    """What the film costs in each mode by the paper's accounting; `label` says to `progress` which setting it is."""
    chip = chip_of(load_accelerator(ACCELERATOR))

    def told(mode: str) -> Callable[[int, int], None]:
        return lambda done, frames: progress(f"{label} {mode}".strip(), done, frames)

    return {mode: count(network, film.frames, chip, mode, told(mode)) for mode in modes}


def run_film(
    film: Film, calibration: NDArray[np.uint8], setting: Setting, modes: Sequence[str], out: Path, progress: Progress
) -> Run:
    """The film at one setting of the scales, simulated on a whole system into the run directory `out`, with its
    dashboard; 8-bit weights and activations. A run of the same that is there is read.
    """
    chip = load_accelerator(SYSTEM)
    widths = quantisation_of(Precision(calibration="largest", scales=setting.scales), chip)
    job = plan_job(
        quantise(film.network, calibration, widths),
        film.frames,
        chip,
        JobSettings(name=f"{film.network.name}, lambda {setting.name}", modes=tuple(modes)),
        classes=film.network.classes,
        channels=channel_order(film.network),
    )
    label = f"{setting.name} on {SYSTEM}"
    run = run_job(job, out, progress=lambda mode, done, frames: progress(f"{label}: {mode}", done, frames))
    write_dashboard(run)
    return run


def at_other_prices(run: Run) -> dict[str, Run]:
    """The run as it was simulated, and its counts at other prices, by the name of what they cost on."""
    with resources.as_file(resources.files("deltasim") / "experiments" / "large-memories-7nm.yaml") as prices:
        priced = {f"{SYSTEM}, prices of jouppi-7nm": reprice(run, prices).after}
    return {SYSTEM: run, **priced, f"{SYSTEM}, scaled to 7 nm": reprice(run, node="7 nm").after}
