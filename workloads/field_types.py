"""Numbers and switches of settings, taken as what they are: `true` is no number, and neither is "16".

Left to itself pydantic reads both as one. NumPy's numbers are numbers, and a whole one serves as a fraction.
"""

from __future__ import annotations

from typing import Annotated, TypeAlias

import numpy as np
from pydantic import BeforeValidator


def _whole(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, int | np.integer):
        raise ValueError("must be a whole number, without quotes or a unit")  # noqa: TRY004  pydantic's own kind
    return int(given)


def _real(given: object) -> object:
    if isinstance(given, bool) or not isinstance(given, int | float | np.integer | np.floating):
        raise ValueError("must be a number, without quotes or a unit")  # noqa: TRY004
    return given if isinstance(given, float) else given if isinstance(given, int) else given.item()


def _switch(given: object) -> object:
    if not isinstance(given, bool | np.bool_):
        raise ValueError("must be true or false")  # noqa: TRY004
    return bool(given)


Whole: TypeAlias = Annotated[int, BeforeValidator(_whole)]
Real: TypeAlias = Annotated[float, BeforeValidator(_real)]
Switch: TypeAlias = Annotated[bool, BeforeValidator(_switch)]
