"""Stochastic gradient descent for a ReLU network with soft-max outputs, in compiled loops of a fixed order.

Every sum is made in the order written, without fused or reassociated arithmetic, so a run repeats bit for bit; a BLAS
product would depend on its version, the processor and the number of threads. The innermost loops add a scaled row to a
row, which compilers vectorise without reordering. Zero activations are skipped: they add nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workloads.compiled import compiled

Matrix = NDArray[np.float32]
Matrices = tuple[Matrix, Matrix, Matrix]


@dataclass(frozen=True, eq=False)
class Parameters:
    """Weights (inputs, outputs) float32 and biases (outputs,) float32 of three layers, changed in place by training."""

    weights: Matrices
    biases: Matrices


def initial_parameters(sizes: tuple[int, int, int, int], random: np.random.RandomState) -> Parameters:
    """Normal weights of variance 2 / (inputs + outputs) (Glorot and Bengio 2010, eq. 12), zero biases."""

    def draw(inputs: int, outputs: int) -> Matrix:
        deviation = np.sqrt(2.0 / (inputs + outputs))
        weights: Matrix = (random.standard_normal((inputs, outputs)) * deviation).astype(np.float32)
        return weights

    first, second, third = (draw(sizes[i], sizes[i + 1]) for i in range(3))
    zeros = tuple(np.zeros(size, np.float32) for size in sizes[1:])
    return Parameters((first, second, third), (zeros[0], zeros[1], zeros[2]))


def train_epoch(
    parameters: Parameters,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    batches: NDArray[np.int64],
    *,
    input_scale: float,
    rate: float,
) -> float:
    """Pass once over `images` (n, pixels), changing `parameters`; return the mean loss in nats.

    `batches` (steps, batch): which images each step takes. The gradient is the mean over the batch.
    """
    step = np.float32(rate / batches.shape[1])
    weights, biases = parameters.weights, parameters.biases
    return _epoch((weights, biases), (images, labels), batches, np.float32(input_scale), step) / batches.size


@compiled
def _epoch(
    parameters: tuple[Matrices, Matrices],
    data: tuple[NDArray[np.uint8], NDArray[np.int64]],
    batches: NDArray[np.int64],
    scale: np.float32,
    step: np.float32,
) -> float:
    weights, biases = parameters
    images, labels = data
    batch = batches.shape[1]
    x = np.zeros((batch, weights[0].shape[0]), np.float32)
    h1 = np.zeros((batch, weights[0].shape[1]), np.float32)
    h2 = np.zeros((batch, weights[1].shape[1]), np.float32)
    out = np.zeros((batch, weights[2].shape[1]), np.float32)
    d1 = np.zeros_like(h1)
    d2 = np.zeros_like(h2)
    loss = 0.0
    for samples in batches:
        for n in range(batch):
            for i in range(x.shape[1]):
                x[n, i] = np.float32(images[samples[n], i]) * scale
        _forward(x, weights[0], biases[0], h1, True)
        _forward(h1, weights[1], biases[1], h2, True)
        _forward(h2, weights[2], biases[2], out, False)
        for n in range(batch):
            loss += _softmax_gradient(out[n], labels[samples[n]])
        _backward(out, weights[2], h2, d2)
        _backward(d2, weights[1], h1, d1)
        _descend(h2, out, weights[2], biases[2], step)
        _descend(h1, d2, weights[1], biases[1], step)
        _descend(x, d1, weights[0], biases[0], step)
    return loss


@compiled
def _forward(x: Matrix, weights: Matrix, bias: Matrix, y: Matrix, rectify: bool) -> None:
    for n in range(x.shape[0]):
        row = y[n]
        row[:] = bias
        for i in range(x.shape[1]):
            value = x[n, i]
            if value != 0:
                for o in range(row.shape[0]):
                    row[o] += value * weights[i, o]
        if rectify:
            for o in range(row.shape[0]):
                row[o] = max(row[o], np.float32(0))


@compiled
def _softmax_gradient(out: Matrix, label: int) -> float:
    """Turn logits into d loss / d logits, that is softmax minus one-hot, in place; return the loss."""
    top = out.max()
    total = 0.0
    for o in range(out.shape[0]):
        total += np.exp(np.float64(out[o] - top))
    loss: float = np.log(total) - np.float64(out[label] - top)
    for o in range(out.shape[0]):
        out[o] = np.float32(np.exp(np.float64(out[o] - top)) / total)
    out[label] -= np.float32(1)
    return loss


@compiled
def _backward(gradient: Matrix, weights: Matrix, h: Matrix, below: Matrix) -> None:
    """`below` = gradient of the layer's inputs h: through the weights, and through the ReLU that made h."""
    turned = weights.T.copy()
    for n in range(gradient.shape[0]):
        row = below[n]
        row[:] = 0
        for o in range(gradient.shape[1]):
            value = gradient[n, o]
            if value != 0:
                for i in range(row.shape[0]):
                    row[i] += value * turned[o, i]
        for i in range(row.shape[0]):
            if h[n, i] <= 0:
                row[i] = 0


@compiled
def _descend(x: Matrix, gradient: Matrix, weights: Matrix, bias: Matrix, step: np.float32) -> None:
    for n in range(x.shape[0]):
        for i in range(x.shape[1]):
            if x[n, i] != 0:
                value = step * x[n, i]
                for o in range(weights.shape[1]):
                    weights[i, o] -= value * gradient[n, o]
        for o in range(bias.shape[0]):
            bias[o] -= step * gradient[n, o]
