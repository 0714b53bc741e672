"""How the value of a message is cut into pieces that are added one after the other: as a table over magnitudes.

It matters where accumulators saturate: each piece's sum is clipped in turn.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

# Columns, in the row of a magnitude:
PIECES = 0  # of a value of it
PART = 1  # the magnitude of each of its first pieces
RUN = 2  # how many of these there are
COLUMNS = 3


@dataclass(frozen=True)
class Cut:
    """`first` gives of a magnitude that of its first pieces and how many equal ones these are; what is left of it goes
    the same way.
    """

    name: str
    first: Callable[[int], tuple[int, int]]


def _whole(magnitude: int) -> tuple[int, int]:
    return magnitude, 1


WHOLE: Final = Cut("whole", _whole)


@cache
def cut_table(cut: Cut, largest: int) -> NDArray[np.int64]:
    """(largest + 1, COLUMNS) int64, a row for each magnitude from 0 on; shared, so not to be written to."""
    table = np.zeros((largest + 1, COLUMNS), np.int64)
    for magnitude in range(largest + 1):
        part, run = cut.first(magnitude)
        rest = magnitude - part * run
        table[magnitude] = run + (table[rest, PIECES] if rest else 0), part, run
    return table
