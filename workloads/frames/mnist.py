"""The MNIST handwritten digits, in the order they were published.

Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"; licence CC BY-SA 3.0 (see
`data/LICENSE-mnist.txt`).
"""

from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workloads.frames.description import Description
from workloads.frames.source import ArrayPixels

Split = Literal["train", "test"]

SHAPE = (28, 28)


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """`images`: (count, 784) uint8, 0 is background. `labels`: (count,) int64, the digit."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class MnistImages(Description):
    """The images of one split, read from the package when they are asked for."""

    split: Split

    @cached_property
    def data(self) -> LabelledImages:
        """Images and labels as they were published."""
        return load_mnist(self.split)


@dataclass(frozen=True, eq=False)
class MnistPixels:
    """Pixels of one split, in `order` if not None."""

    images: MnistImages
    order: NDArray[np.int64] | None

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Frames start .. stop-1 as (stop - start, 784) uint8."""
        return ArrayPixels(self.images.data.images, self.order).read(start, stop)


def load_mnist(split: Split) -> LabelledImages:
    """Read the 60,000 training or the 10,000 test images."""
    source = resources.files("workloads") / "data" / "mnist.npz"
    with resources.as_file(source) as path, np.load(path, allow_pickle=False) as archive:
        images = archive[f"x_{split}"]
        labels = archive[f"y_{split}"].astype(np.int64)
    return LabelledImages(images.reshape(len(images), -1), labels)


def temporal_test_order() -> NDArray[np.int64]:
    """The order of the test images in Temporal-MNIST, (10000,): `temporal_order` of them, which takes seconds, kept."""
    with resources.as_file(resources.files("workloads") / "data" / "temporal-mnist-test.npy") as path:
        order: NDArray[np.int64] = np.load(path, allow_pickle=False).astype(np.int64)
    return order
