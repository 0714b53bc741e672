"""The settings of a search for scales, and what a sent integer costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from workloads.field_types import Options, Real, Whole, underscored

Loss = Literal["kl", "l2", "l1"]
Measure = Literal["kl", "l2", "l1", "relative"]
Cost = Annotated[Literal["rounding", "sigma_delta"], BeforeValidator(underscored)]
CHANGES: Final[Mapping[Cost, bool]] = {"rounding": False, "sigma_delta": True}
"""Are the messages that count the changes between frames, or every frame's values?"""
Positive = Annotated[Real, Field(gt=0, allow_inf_nan=False)]


class ScaleSearch(Options):
    """How to look for scales: the paper's section 4.2 and 4.3, with its code's values as defaults."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    lambdas: tuple[Positive, ...] = Field(
        min_length=1, description="weight of computation against error, per operation and sample; a search for each"
    )
    loss: Loss = Field(
        "kl",
        description="error of the outputs against those without rounding: kl between their soft-maxes, l2 the sum of "
        "squares, l1 of magnitudes",
    )
    cost: Cost = Field(
        "rounding", description="whose messages count: every frame's (rounding) or the changes between frames"
    )
    training: Annotated[Literal["straight_through", "noise"], BeforeValidator(underscored)] = Field(
        "straight_through", description="rounding with a straight-through gradient, or uniform noise in its place"
    )
    per: Literal["layer", "unit"] = Field("layer", description="one scale per layer, or one per channel of a layer")
    epochs: Whole = Field(30, ge=1, description="passes over the frames")
    learning_rate: Positive = Field(1e-3, description="of plain gradient descent on log k")
    minibatch: Whole = Field(10, ge=1, description="frames per step; with sigma_delta, consecutive ones")
    seed: Whole = Field(1234, ge=0, lt=2**32, description="of the order of frames and of the noise")
    start: Positive = Field(1.0, description="every k at the start")
    start_scales: tuple[Positive, ...] | None = Field(
        None, description="k of the input and each hidden layer at the start, instead of start"
    )

    @model_validator(mode="after")
    def _check_run(self) -> Self:
        if CHANGES[self.cost] and self.minibatch < 2:
            raise ValueError(f"minibatch must be 2 or more for cost {self.cost}: changes need two frames")
        return self


@dataclass(frozen=True)
class SenderCost:
    """What an integer n costs that a neuron of fan-out F sends, in the unit in which operations shall be counted.

    per_unit * |n| * F + per_value * [n != 0] * F + per_digit * digits(n) * F + message_per_unit * |n|
    + message_per_value * [n != 0], digits(n) being the non-zero canonical signed digits of n. The defaults are the
    paper's (Eq. 8): an addition per unit and synapse.
    """

    per_unit: float = 1.0
    per_value: float = 0.0
    per_digit: float = 0.0
    message_per_unit: float = 0.0
    message_per_value: float = 0.0
