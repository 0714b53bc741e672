"""The MNIST handwritten digits, in the order they were published.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"; licence CC BY-SA 3.0 (see
`data/LICENSE-mnist.txt`).
"""

from dataclasses import dataclass
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "test"]

SHAPE = (28, 28)


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """`images`: (count, 784) uint8, 0 is background. `labels`: (count,) int64, the digit."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


def load_mnist(split: Split) -> LabelledImages:
    """Read the 60,000 training or the 10,000 test images."""
    source = resources.files("workloads") / "data" / "mnist.npz"
    with resources.as_file(source) as path, np.load(path, allow_pickle=False) as archive:
        images = archive[f"x_{split}"]
        labels = archive[f"y_{split}"].astype(np.int64)
    return LabelledImages(images.reshape(len(images), -1), labels)
