"""How the experiments on video are made: network, clips, and the search for scales."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from deltasim.paper.film import Film, load_film, picture_network
from deltasim.paper.float_outputs import classifies
from workloads import Network
from workloads.graphs.normalisation import Normalisation

ACCELERATOR: Final = "oconnor2017-int32"  # add 0.1 pJ, multiply 3.1 pJ, all else free; unit events
WEIGHT_BITS, ACTIVATION_BITS = 11, 14  # 14: what VGG-16 sends at k = 1; 11: its sums then fit 32 bits
CALIBRATION_FRAMES: Final = 4  # of the film: the ranges of activations at full fixed point

FilmLoss = Literal["kl", "l2"]


@dataclass(frozen=True)
class Recipe:
    """A search: its lambdas, per operation; the learning rate of log k; and how many steps a layer's range spans at
    the scales it starts from.

    From k = 1, where the paper's code starts, activations of these networks are sent in steps of a thousandth, and the
    first of its thousands of steps go into coarser ones; so the search starts there.
    """

    lambdas: tuple[float, ...]
    learning_rate: float
    start_levels: int


RECIPES: Final = MappingProxyType(
    {
        "kl": Recipe((1e-11, 1e-10, 1e-9), learning_rate=0.5, start_levels=31),
        "l2": Recipe((1e-12, 3e-12, 1e-11, 3e-11), learning_rate=2.0, start_levels=15),
    }
)
"""By how outputs are compared. L2 errors are in units of the outputs' mean squared length, so that they, and with them
lambda and the learning rate, mean the same for every network; Kullback-Leibler divergences have a unit of their own."""


@dataclass(frozen=True)
class Settings:
    """How Figures 5 and 6 are made. Clips are named as in `clips.open_clip`; lambdas and learning rate of
    None are those of the recipe.

    Scales are found on `train_frames` frames of the clips `train`, spread evenly, one a step, with noise for rounding
    (paper, Section 5.3; five epochs, as its code). `systems`: also simulate the film on a whole system, at each
    setting.
    """

    network: str = "vgg16-convolutions"
    normalisation: Normalisation | None = None
    output: str | None = None
    input_shape: tuple[int, ...] | None = None
    static: str = "carphone:0:60"
    moving: str = "bikes:76:136"
    train: tuple[str, ...] = ("carphone:60:120", "bikes:0:76", "bikes:136:250")
    train_frames: int = 24
    lambdas: tuple[float, ...] | None = None
    learning_rate: float | None = None
    epochs: int = 5
    systems: bool = True

    def film(self) -> Film:
        """The network and its clips."""
        network = picture_network(self.network, self.normalisation, self.output, self.input_shape)
        return load_film(network, self.static, self.moving, self.train)

    def recipe(self, network: Network) -> Recipe:
        """How scales are searched for, with what was asked for in place of the usual."""
        usual = RECIPES[loss_of(network)]
        return replace(
            usual,
            lambdas=self.lambdas or usual.lambdas,
            learning_rate=self.learning_rate or usual.learning_rate,
        )


QUICK: Final = Settings(
    network="squeezenet11",
    static="carphone:0:10",
    moving="bikes:80:90",
    train=("carphone:60:120", "bikes:0:76"),
    train_frames=6,
    lambdas=(1e-10, 1e-9),
    epochs=2,
    systems=False,
)


def loss_of(network: Network) -> FilmLoss:
    """How outputs are compared: as probabilities where they are classes, else by squares (paper, Eq. 7)."""
    return "kl" if classifies(network) else "l2"


def settings_of(settings: Settings, film: Film) -> dict[str, Any]:
    """Everything that decides the numbers of Figure 5, for the manifest."""
    recipe = settings.recipe(film.network)
    return {
        **vars(settings),
        **vars(recipe),
        **film.describe(),
        "loss": loss_of(film.network),
        "calibration_frames": CALIBRATION_FRAMES,
        "weight_bits": WEIGHT_BITS,
        "activation_bits": ACTIVATION_BITS,
        "accelerator": ACCELERATOR,
    }
