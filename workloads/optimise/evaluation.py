"""Error and operations of given scales, without learning."""

from collections.abc import Sequence
from math import prod
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from workloads.graphs.graph import Network
from workloads.integer.scales import check_scales
from workloads.optimise.found import FloatArray
from workloads.optimise.prepared import frame_maps, prepare
from workloads.optimise.settings import Cost, Measure, SenderCost

BATCH_BYTES: Final = 256 << 20
FRAMES_AT_ONCE: Final = 100


def cost_and_error(
    network: Network,
    frames: NDArray[np.uint8],
    scales: ArrayLike,
    *,
    loss: Measure = "kl",
    cost: Cost = "rounding",
    costs: Sequence[SenderCost] | None = None,
) -> tuple[FloatArray, FloatArray]:
    """Errors (m,) and operations (m,) float64 per sample of the rounding network in float at `scales` (m, senders).

    `frames`: (n, pixels) uint8. `loss`: as in ScaleSearch, or "relative": the sum of |output - exact| over that of
    |exact|, over all frames. With cost "sigma_delta" frames are one sequence, whose first frame is sent whole. Raises
    WorkloadError as optimise_scales does.
    """
    model, parameters = prepare(network, "l1" if loss == "relative" else loss, cost, "layer", costs)
    from workloads.optimise.model import values_per_frame  # noqa: PLC0415 - JAX is an extra
    from workloads.optimise.trial import trial  # noqa: PLC0415

    vectors = np.atleast_2d(np.asarray(scales, np.float64))
    for vector in vectors:
        check_scales(parameters.names, parameters.groups, tuple(vector), network.name)
    maps = frame_maps(network, frames)
    at_once = max(1, BATCH_BYTES // (4 * values_per_frame(model, prod(maps.shape[1:]))))
    batch = min(len(maps), FRAMES_AT_ONCE, at_once)
    run = trial(model, maps, batch)
    several = max(1, at_once // batch)
    sums = [run(vectors[first : first + several]) for first in range(0, len(vectors), several)]
    errors, operations, exact = np.concatenate(sums, axis=1)
    return errors / (exact if loss == "relative" else len(maps)), operations / len(maps)
