"""An encoding as a table over the magnitudes of values: all that compiled kernels know of it.

The messages of a value are a run of equal ones, then those of what is left of it. So a kernel that is at magnitude m
sends RUN messages that carry PART each, with the value's sign, and goes on at m - RUN * PART, until it has sent
MESSAGES of them.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from hwmodels.encodings import Encoding

# Columns, in the row of a magnitude:
MESSAGES = 0  # messages on the wire for a value of it
ADDITIONS = 1  # additions for each synapse that all of them make together
PART = 2  # the magnitude that each of the first messages carries
RUN = 3  # how many of these there are
EACH = 4  # additions for each synapse that one message makes which carries it
COLUMNS = 5


@cache
def wire_table(encoding: Encoding, largest: int) -> NDArray[np.int64]:
    """(largest + 1, COLUMNS) int64, a row for each magnitude from 0 on; shared, so not to be written to."""
    each = [encoding.additions(magnitude) for magnitude in range(largest + 1)]
    messages, additions = [0] * (largest + 1), [0] * (largest + 1)
    runs = [encoding.first(magnitude) for magnitude in range(largest + 1)]
    for magnitude, (part, run) in enumerate(runs):
        messages[magnitude], additions[magnitude] = run, run * each[part]
        if rest := magnitude - run * part:
            messages[magnitude] += messages[rest]
            additions[magnitude] += additions[rest]
    parts, lengths = zip(*runs, strict=True)
    return np.column_stack([messages, additions, parts, lengths, each]).astype(np.int64)


def is_plain(table: NDArray[np.int64]) -> bool:
    """True where every value is one message that makes one addition: nobody then has to look at the values."""
    return bool((table[:, [MESSAGES, ADDITIONS]] == 1).all())
