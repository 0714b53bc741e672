"""Train the bundled network `mnist-784-200-200-10`: `python -m workloads.graphs.train_mnist [--check]`.

The recipe is the sigma-delta paper's (section 5.2 and the authors' code): 784-200-200-10, ReLU, soft-max, negative log
likelihood, Glorot normal weights, biases from zero, SGD with minibatches of 20 at rate 0.01 for 50 epochs over the
60,000 training images, seed 1234; samples come in a new random order every epoch. Nothing was tuned, and the test set
is looked at once, after the last epoch. It takes about 40 s on one core.

`--check` trains again and compares with the shipped file. Promised: bit-identical weights on the same kind of machine
and libraries, the same accuracy to 0.1 % anywhere. The only operations that a platform may round differently are `exp`,
`log` and `sqrt` of the C library; all others are single IEEE operations in a fixed order.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import Progress

from workloads.frames.mnist import SHAPE, load_mnist
from workloads.graphs.graph import Network
from workloads.graphs.network import forward, network_from_arrays
from workloads.graphs.network_files import load_network, save_network
from workloads.graphs.sgd import initial_parameters, train_epoch

NAME = "mnist-784-200-200-10"
SEED = 1234
EPOCHS = 50
BATCH = 20
RATE = 0.01
INPUT_SCALE = 1 / 255


def train(progress: Progress) -> Network:
    """Train from scratch on the 60,000 training images."""
    data = load_mnist("train")
    random = np.random.RandomState(SEED)  # its stream never changes between NumPy versions, unlike a Generator's
    parameters = initial_parameters((784, 200, 200, 10), random)
    task = progress.add_task("training", total=EPOCHS)
    for _ in range(EPOCHS):
        order = random.permutation(len(data.images))
        loss = train_epoch(
            parameters, data.images, data.labels, order.reshape(-1, BATCH), input_scale=INPUT_SCALE, rate=RATE
        )
        progress.update(task, advance=1, description=f"training, loss {loss:.4f}")
    return network_from_arrays(
        parameters.weights,
        parameters.biases,
        name=NAME,
        input_scale=INPUT_SCALE,
        input_shape=SHAPE,
        classes=[str(digit) for digit in range(10)],
    )


def accuracy_on_test_set(network: Network) -> float:
    """Share of the 10,000 MNIST test images that `network` gets right."""
    data = load_mnist("test")
    return float((forward(network, data.images).argmax(axis=1) == data.labels).mean())


def identical(first: Network, second: Network) -> bool:
    """Whether two networks have the same weights and biases, bit for bit."""
    return all(
        np.array_equal(one.weights, other.weights) and np.array_equal(one.bias, other.bias)
        for one, other in zip(first.layers, second.layers, strict=True)
    )


def main() -> int:
    """Train and write the bundled file, or with --check compare; exit code 1 if the check fails."""
    parser = argparse.ArgumentParser(description="train the bundled MNIST network")
    parser.add_argument("--check", action="store_true", help="compare with the shipped weights, write nothing")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1] / "data" / f"{NAME}.npz")
    arguments = parser.parse_args()
    console = Console(markup=False, emoji=False, highlight=False)  # a path is shown as it is
    with Progress(console=console) as progress:
        network = train(progress)
    accuracy = accuracy_on_test_set(network)
    console.print(f"test accuracy {accuracy:.2%}")
    if not arguments.check:
        save_network(network, arguments.output)
        console.print(f"written to {arguments.output}")
        return 0
    shipped = load_network(NAME)
    same = identical(network, shipped)
    shipped_accuracy = accuracy_on_test_set(shipped)
    console.print(
        f"shipped weights: test accuracy {shipped_accuracy:.2%}, {'bit-identical' if same else 'NOT bit-identical'}"
    )
    return 0 if same or abs(accuracy - shipped_accuracy) <= 0.001 else 1


if __name__ == "__main__":
    sys.exit(main())
