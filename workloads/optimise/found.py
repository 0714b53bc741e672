"""What a search for scales gives."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workloads.optimise.settings import ScaleSearch

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FoundScales:
    """The scales found for one lambda.

    `scales`: k of the input and each hidden layer, to six significant digits. `unit_factors`: per sender (channels,)
    float64 by which the scale of each channel differs from the layer's k, as bake_scales takes them; None where a
    layer has one scale.
    """

    lambda_: float
    scales: tuple[float, ...]
    unit_factors: tuple[FloatArray | None, ...]


@dataclass(frozen=True, eq=False)
class OptimisedScales:
    """All searches of one call.

    `names`: of the senders, the input first. `groups`: senders with the same number share their scale. `found`: one per
    lambda, in their order. `trajectory`: columns of equal length, a row per search and epoch: `search` (place of its
    lambda), `epoch` (0: the start, measured without learning), `error` and `operations` (means per sample over the
    epoch, in the network as it was trained), `k_0`, `k_1`, ... (scale of each sender after the epoch).
    """

    settings: ScaleSearch
    names: tuple[str, ...]
    groups: tuple[int, ...]
    found: tuple[FoundScales, ...]
    trajectory: dict[str, NDArray[Any]]
