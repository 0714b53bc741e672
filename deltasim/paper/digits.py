"""MNIST and Temporal-MNIST, training and test images, each in the order they are shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads import temporal_order
from workloads.frames.mnist import load_mnist


@dataclass(frozen=True, eq=False)
class Digits:
    """One data set: images (n, 784) uint8 in the order shown, their labels, and which published image each is."""

    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.int64]
    train_order: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]
    test_order: NDArray[np.int64]


def load_digits(train_frames: int, test_frames: int) -> dict[str, Digits]:
    """`mnist` and `temporal-mnist`, of the first so many training and test images as published.

    Both have the same images; Temporal-MNIST has each split reordered by itself (paper, Appendix D).
    """
    train, test = load_mnist("train"), load_mnist("test")
    images = {"train": train.images[:train_frames], "test": test.images[:test_frames]}
    published = {split: np.arange(len(each)) for split, each in images.items()}
    orders = {
        "mnist": published,
        "temporal-mnist": {split: temporal_order(each) for split, each in images.items()},
    }
    return {
        name: Digits(
            images["train"][order["train"]],
            train.labels[:train_frames][order["train"]],
            order["train"],
            images["test"][order["test"]],
            test.labels[:test_frames][order["test"]],
            order["test"],
        )
        for name, order in orders.items()
    }
