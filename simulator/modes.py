"""A mode by its name, and what it puts on the wire. `hwmodels.modes` has the table of them."""

from __future__ import annotations

from hwmodels.encodings import ENCODINGS, GRADED, Encoding, EncodingName
from hwmodels.modes import MODES_TABLE, Mode
from simulator.errors import SimulationError
from simulator.values.cuts import Cut

__all__ = ["Mode", "encoded_modes", "encoding_on_wire", "mode_named"]


def mode_named(name: str) -> Mode:
    """The mode of that name; raises SimulationError for another name."""
    if name not in MODES_TABLE:
        raise SimulationError(f"unknown mode {name!r}: one of {', '.join(MODES_TABLE)}")
    return MODES_TABLE[name]


def encoding_on_wire(mode: Mode, chip_encoding: EncodingName) -> Encoding:
    """How the mode's messages travel: those at full fixed point always graded, others as the chip encodes them."""
    return GRADED if mode.precision == "full" else ENCODINGS[chip_encoding]


def cut_of(encoding: Encoding) -> Cut:
    """The pieces in which an accumulator adds what comes in an encoding's messages."""
    return Cut(encoding.first.__name__.strip("_"), encoding.first)


def encoded_modes() -> tuple[str, ...]:
    """Names of the modes whose messages travel as the chip encodes them: all that a chip without multiplier can run."""
    return tuple(name for name, mode in MODES_TABLE.items() if mode.precision == "scaled")
