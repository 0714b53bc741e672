"""The settings of quantisation."""

from typing import Annotated, Final, Literal

import numpy as np
from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema

from workloads.field_types import Options, Real, Whole
from workloads.integer.calibration import Calibration
from workloads.integer.network import Overflow, Rounding

MOST_LEVELS: Final = 65535


def _levels(raw: object) -> int | Literal["all"]:
    """Checked by hand: of a union pydantic says what is wrong with each choice."""
    if raw == "all":
        return "all"
    if not isinstance(raw, int | np.integer) or isinstance(raw, bool) or not 1 <= raw <= MOST_LEVELS:
        raise ValueError(f"must be a whole number from 1 to {MOST_LEVELS}, or all")
    return int(raw)


Levels = Annotated[
    int | Literal["all"],
    PlainValidator(_levels),
    WithJsonSchema({"anyOf": [{"const": "all"}, {"type": "integer", "minimum": 1, "maximum": MOST_LEVELS}]}),
]
Scale = Annotated[Real, Field(gt=0, allow_inf_nan=False)]


class Quantisation(Options):
    """How to make integers; part of an experiment file, so the fields are checked and described here."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    weight_bits: Whole = Field(8, ge=2, le=16, description="bits of a weight, sign included; symmetric around 0")
    activation_bits: Whole = Field(8, ge=2, le=16, description="bits of an integer activation; unsigned after a ReLU")
    accumulator_bits: Whole = Field(32, ge=8, le=32, description="bits of an accumulator, sign included")
    overflow: Overflow = Field("wrap", description="what becomes of a sum that does not fit the accumulator")
    rounding: Rounding = Field("half_up", description="where requantisation rounds ties")
    levels: Levels = Field(
        15,
        description="integer steps a layer's calibrated range spans at scale k; all: as many as its integers have, so "
        "that rounding and sigma-delta answer as the original does",
    )
    calibration: Calibration = Field(
        "percentile",
        description="what a layer's range is: a percentile of its activation magnitudes, the largest, or the range "
        "that gives the least mean squared error (mse) when cut into its steps",
    )
    percentile: Real = Field(
        99.9, gt=0, le=100, description="share of activation magnitudes, in percent, that the calibrated range covers"
    )
    scales: tuple[Scale, ...] | None = Field(
        None, description="the paper's k of the input and each hidden layer, instead of levels"
    )

    @property
    def covered_percent(self) -> float | None:
        """Percentile that ends the calibrated range; None where squared error decides."""
        return {"percentile": self.percentile, "largest": 100.0, "mse": None}[self.calibration]
