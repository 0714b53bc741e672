"""Small networks for tests of the search for scales."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from workloads import Network, Preprocessing, network_from_arrays
from workloads.graphs.graph import (
    INPUT,
    Activation,
    Add,
    Concatenate,
    Convolution,
    Dense,
    GlobalAveragePool,
    MaxPool,
    Node,
)

RELU = Activation("relu")


def chain(seed: int = 0, sizes: tuple[int, ...] = (12, 8, 7, 5)) -> Network:
    """Fully connected layers with biases."""
    random = np.random.default_rng(seed)
    weights = [random.normal(0, (2 / a) ** 0.5, (a, b)) for a, b in pairwise(sizes)]
    biases = [random.normal(0, 0.1, b) for b in sizes[1:]]
    return network_from_arrays(weights, biases)


def branches(activation: Activation = RELU, addition: bool = True, seed: int = 0) -> Network:
    """Strided and grouped convolutions, a max-pool, a concatenation, an addition, a mean, a fully connected layer."""
    random = np.random.default_rng(seed)

    def conv(outputs: int, inputs: int, size: int, **fields) -> Convolution:
        weights = random.normal(0, (2 / (inputs * size * size)) ** 0.5, (outputs, inputs, size, size))
        return Convolution(weights.astype(np.float32), random.normal(0, 0.1, outputs).astype(np.float32), **fields)

    nodes = (
        Node("a", conv(4, 3, 3, stride=(2, 2), padding=(1, 1, 1, 1)), (INPUT,)),
        Node("a.act", activation, ("a",)),
        Node("pool", MaxPool((2, 2), (2, 2)), ("a.act",)),
        Node("b", conv(3, 4, 1), ("pool",)),
        Node("b.act", RELU, ("b",)),
        Node("c", conv(4, 2, 3, padding=(1, 1, 1, 1), groups=2), ("pool",)),
        Node("c.act", RELU, ("c",)),
        Node("joined", Concatenate(), ("b.act", "c.act")),
        Node("d", conv(4, 7, 1), ("joined",)),
        *(
            (Node("sum", Add(), ("d", "pool")), Node("last", RELU, ("sum",)))
            if addition
            else (Node("last", RELU, ("d",)),)
        ),
        Node("mean", GlobalAveragePool(), ("last",)),
        Node("out", Dense(random.normal(size=(4, 5)).astype(np.float32), np.zeros(5, np.float32)), ("mean",)),
    )
    normalisation = Preprocessing("rgb", (100.0, 120.0, 140.0), (1 / 64,) * 3)
    return Network("branches", (3, 9, 9), nodes, "out", preprocessing=normalisation)


def frames(count: int, pixels: int, seed: int = 0) -> np.ndarray:
    """Noise, uint8."""
    return np.random.default_rng(seed).integers(0, 256, (count, pixels), dtype=np.uint8)
