"""The four networks of the paper's Figure 1 as one machine with two switches, and what they put on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from hwmodels.encodings import ENCODINGS, GRADED, Encoding, EncodingName
from hwmodels.records import MODES
from simulator.errors import SimulationError
from simulator.values.function import Addition


@dataclass(frozen=True)
class Mode:
    """A network of Figure 1: are changes sent or values, at which precision, and are zero values sent too?"""

    name: str
    delta: bool
    precision: Literal["full", "scaled"]
    dense: bool = False


_MODES: Final = (
    Mode("original", delta=False, precision="full", dense=True),
    Mode("original_sparse", delta=False, precision="full"),
    Mode("temporal_difference", delta=True, precision="full"),
    Mode("rounding", delta=False, precision="scaled"),
    Mode("sigma_delta", delta=True, precision="scaled"),
)
assert tuple(mode.name for mode in _MODES) == MODES  # noqa: S101 - the contract names the same five


def mode_named(name: str) -> Mode:
    """The mode of that name; raises SimulationError for another name."""
    for mode in _MODES:
        if mode.name == name:
            return mode
    raise SimulationError(f"unknown mode {name!r}: one of {', '.join(MODES)}")


def encoding_on_wire(mode: Mode, chip_encoding: EncodingName) -> Encoding:
    """How the mode's messages travel: those at full fixed point always graded, others as the chip encodes them."""
    return GRADED if mode.precision == "full" else ENCODINGS[chip_encoding]


def addition_of(encoding: Encoding) -> Addition:
    """How an accumulator adds what comes in an encoding's messages."""
    return Addition.UNITS if encoding.messages == "units" else Addition.WHOLE
