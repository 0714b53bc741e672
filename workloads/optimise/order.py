"""In which order frames are shown: per epoch, the frames of each step, from the seed and the epoch alone."""

import numpy as np
from numpy.typing import NDArray

from workloads.errors import WorkloadError
from workloads.optimise.settings import CHANGES, ScaleSearch


def steps_per_epoch(settings: ScaleSearch, frames: int) -> int:
    """Whole minibatches in the frames. Raises WorkloadError if there is none."""
    if frames < settings.minibatch:
        raise WorkloadError(
            f"{frames} frames to optimise scales on, fewer than one minibatch of {settings.minibatch}; give more "
            "frames, or lower minibatch"
        )
    return frames // settings.minibatch


def epoch_order(settings: ScaleSearch, frames: int, epoch: int) -> NDArray[np.int32]:
    """Indexes of frames (steps, minibatch) for an epoch: shuffled, or whole runs of consecutive frames shuffled.

    What does not fill a minibatch is left out of this epoch: other frames each time.
    """
    random = np.random.default_rng([settings.seed, epoch])
    steps = steps_per_epoch(settings, frames)
    used = steps * settings.minibatch
    if not CHANGES[settings.cost]:
        order = random.permutation(frames)[:used]
        return order.reshape(steps, settings.minibatch).astype(np.int32)
    first = random.integers(0, frames - used + 1)
    runs = np.arange(first, first + used, dtype=np.int32).reshape(steps, settings.minibatch)
    shuffled: NDArray[np.int32] = random.permutation(runs)
    return shuffled
