"""What is known of a layer's integers in one frame, whatever chip they are found for: places in a row of the trace."""

from __future__ import annotations

from typing import Final

LISTED: Final = 0  # messages of the trace
LISTED_L1: Final = 1  # sum of their magnitudes
UPDATES: Final = 2  # neurons requantised: a pixel of accumulators that they look at was touched
POSITIONS: Final = 3  # pixels of accumulators looked at for them
CLIPPED: Final = 4  # of the neurons requantised, those whose activation was clipped
CLIPPED_ALL: Final = 5  # the same of all neurons
ADDITIONS_CLIPPED: Final = 6  # by accumulators that saturate
PEAK: Final = 7  # largest magnitude of an accumulator
S_L1: Final = 8  # as the columns of hwmodels.records that are called so
S_SQUARE: Final = 9
S_PRODUCT: Final = 10
S_DISTANCE: Final = 11
DIGEST: Final = 12
WIDTH: Final = 13
