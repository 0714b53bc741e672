"""Small float graphs with the block structures of well-known networks, random weights scaled to keep their variance."""

from __future__ import annotations

import numpy as np

from workloads import Network, Preprocessing
from workloads.graphs.graph import (
    INPUT,
    Activation,
    Add,
    AveragePool,
    Concatenate,
    Convolution,
    Dense,
    Flatten,
    GlobalAveragePool,
    MaxPool,
    Node,
    Softmax,
)

IMAGENET = Preprocessing("rgb", (123.675, 116.28, 103.53), (1 / 58.395, 1 / 57.12, 1 / 57.375))
RELU = Activation("relu")
RELU6 = Activation("clip", 0.0, 6.0)


class Blocks:
    """A graph under construction: every method adds a node and gives its name."""

    def __init__(self, size: int = 32, seed: int = 0) -> None:
        self.random, self.size = np.random.default_rng(seed), size
        self.nodes: list[Node] = []
        self.channels = {INPUT: 3}

    def add(self, operation, *inputs: str, channels: int | None = None) -> str:
        name = f"{type(operation).__name__.lower()}{len(self.nodes)}"
        self.nodes.append(Node(name, operation, inputs))
        self.channels[name] = self.channels[inputs[0]] if channels is None else channels
        return name

    def conv(self, source: str, outputs: int, size: int = 3, stride: int = 1, groups: int = 1, act=RELU) -> str:
        taken = self.channels[source] // groups
        deviation = (2 / (taken * size * size)) ** 0.5
        weights = self.random.normal(0, deviation, (outputs, taken, size, size)).astype(np.float32)
        bias = self.random.normal(0, 0.1, outputs).astype(np.float32)
        pad = size // 2
        operation = Convolution(weights, bias, (stride, stride), (pad, pad, pad, pad), groups=groups)
        name = self.add(operation, source, channels=outputs)
        return name if act is None else self.add(act, name)

    def pool(self, source: str, size: int = 2, stride: int = 2, pad: int = 0, average: bool = False) -> str:
        kind = AveragePool if average else MaxPool
        return self.add(kind((size, size), (stride, stride), (pad, pad, pad, pad), ceil=not average), source)

    def concat(self, *sources: str) -> str:
        return self.add(Concatenate(), *sources, channels=sum(self.channels[name] for name in sources))

    def classifier(self, source: str, inputs: int, outputs: int = 10) -> Network:
        weights = self.random.normal(0, inputs**-0.5, (inputs, outputs)).astype(np.float32)
        bias = self.random.normal(0, 0.1, outputs).astype(np.float32)
        name = self.add(Dense(weights, bias), self.add(Flatten(), source))
        return self.graph(self.add(Softmax(), name))

    def graph(self, output: str) -> Network:
        return Network("blocks", (3, self.size, self.size), tuple(self.nodes), output, preprocessing=IMAGENET)


def vgg() -> Network:
    """Pairs of 3 x 3 convolutions, max-pools, a fully connected layer on a map."""
    b, x = Blocks(), INPUT
    for width in (8, 16, 32):
        x = b.pool(b.conv(b.conv(x, width), width))
    return b.classifier(x, 32 * 4 * 4)


def resnet() -> Network:
    """Bottlenecks with identity and projected shortcuts."""
    b = Blocks()
    x = b.pool(b.conv(INPUT, 16, 7, 2), 3, 2, 1)
    for width, stride in ((16, 1), (16, 1), (32, 2), (32, 1)):
        inner = b.conv(b.conv(x, width // 4, 1), width // 4, 3, stride)
        shortcut = x if b.channels[x] == width else b.conv(x, width, 1, stride, act=None)
        x = b.add(RELU, b.add(Add(), b.conv(inner, width, 1, act=None), shortcut))
    return b.classifier(b.add(GlobalAveragePool(), x), 32)


def mobilenet() -> Network:
    """Depthwise convolutions, ReLU6, inverted residuals with linear ends."""
    b = Blocks()
    x = b.conv(INPUT, 8, 3, 2, act=RELU6)
    for width, stride in ((8, 1), (16, 2), (16, 1), (16, 1)):
        wide = b.conv(x, 4 * b.channels[x], 1, act=RELU6)
        deep = b.conv(wide, b.channels[wide], 3, stride, groups=b.channels[wide], act=RELU6)
        y = b.conv(deep, width, 1, act=None)
        x = b.add(Add(), y, x) if stride == 1 and b.channels[x] == width else y
    return b.classifier(b.add(GlobalAveragePool(), b.conv(x, 64, 1, act=RELU6)), 64)


def googlenet() -> Network:
    """Four branches side by side, one of them pooled, and a pool over the joined map."""
    b = Blocks()
    x = b.pool(b.conv(INPUT, 16, 3), 3, 2)
    for number in range(2):
        branches = (
            b.conv(x, 8, 1),
            b.conv(b.conv(x, 8, 1), 12, 3),
            b.conv(b.conv(x, 4, 1), 8, 5),
            b.conv(b.pool(x, 3, 1, 1), 8, 1),
        )
        x = b.concat(*branches)
        x = b.pool(x, 3, 2) if number == 0 else x
    return b.classifier(b.pool(x, 8, 1, average=True), 36)


def densenet() -> Network:
    """Batch normalisation and ReLU before each convolution, layers that read all before them, an averaging pool."""
    b = Blocks()
    x = b.conv(INPUT, 8, 3, 2, act=None)
    for number in range(2):
        for _ in range(3):
            normalised = b.conv(x, b.channels[x], 1, groups=b.channels[x])
            x = b.concat(x, b.conv(b.conv(normalised, 16, 1), 8, act=None))
        if number == 0:
            x = b.pool(b.conv(b.conv(x, b.channels[x], 1, groups=b.channels[x]), 16, 1, act=None), average=True)
    return b.classifier(b.add(GlobalAveragePool(), b.add(RELU, x)), b.channels[x])


STRUCTURES = {each.__name__: each for each in (vgg, resnet, mobilenet, googlenet, densenet)}


def smooth_frames(count: int, channels: int, size: int, seed: int = 0) -> np.ndarray:
    """(count, channels * size * size) uint8: sums of slow waves, different in every frame and channel."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size] / size
    frames = np.zeros((count, channels, size, size))
    for place in np.ndindex(count, channels):
        for _ in range(6):
            down, across, phase = random.uniform(-3, 3, 3)
            frames[place] += random.normal() * np.sin(2 * np.pi * (down * y + across * x) + phase)
    low, high = frames.min(axis=(1, 2, 3), keepdims=True), frames.max(axis=(1, 2, 3), keepdims=True)
    return np.rint(255 * (frames - low) / (high - low)).astype(np.uint8).reshape(count, -1)
