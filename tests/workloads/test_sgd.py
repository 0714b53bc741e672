"""The compiled training step against the same step in NumPy."""

import numpy as np

from workloads.graphs.sgd import Parameters, initial_parameters, train_epoch

IMAGES = np.random.default_rng(3).integers(0, 256, (12, 7), dtype=np.uint8)
LABELS = np.arange(12, dtype=np.int64) % 4
BATCHES = np.arange(12, dtype=np.int64).reshape(3, 4)


def start() -> Parameters:
    return initial_parameters((7, 6, 5, 4), np.random.RandomState(1))


def numpy_epoch(parameters: Parameters, rate: float) -> float:
    weights = [array.astype(np.float64) for array in parameters.weights]
    biases = [array.astype(np.float64) for array in parameters.biases]
    losses = []
    for batch in BATCHES:
        values = [IMAGES[batch] / 255]
        for index in range(3):
            sums = values[-1] @ weights[index] + biases[index]
            values.append(np.maximum(sums, 0) if index < 2 else sums)
        shifted = values[3] - values[3].max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        losses.append(-logs[np.arange(4), LABELS[batch]].mean())
        gradient = (np.exp(logs) - np.eye(4)[LABELS[batch]]) / 4
        for index in (2, 1, 0):
            below = gradient @ weights[index].T * (values[index] > 0)
            weights[index] -= rate * values[index].T @ gradient
            biases[index] -= rate * gradient.sum(axis=0)
            gradient = below
    for array, exact in zip((*parameters.weights, *parameters.biases), (*weights, *biases), strict=True):
        array[:] = exact
    return float(np.mean(losses))


def test_an_epoch_is_gradient_descent() -> None:
    compiled, plain = start(), start()
    loss = train_epoch(compiled, IMAGES, LABELS, BATCHES, input_scale=1 / 255, rate=0.5)
    assert abs(loss - numpy_epoch(plain, 0.5)) < 1e-5
    for got, expected in zip((*compiled.weights, *compiled.biases), (*plain.weights, *plain.biases), strict=True):
        np.testing.assert_allclose(got, expected, atol=1e-5)
    assert not np.array_equal(compiled.weights[0], start().weights[0])


def test_training_repeats_bit_for_bit() -> None:
    one, other = start(), start()
    for parameters in (one, other):
        train_epoch(parameters, IMAGES, LABELS, BATCHES, input_scale=1 / 255, rate=0.1)
    for first, second in zip(one.weights, other.weights, strict=True):
        assert first.tobytes() == second.tobytes()
