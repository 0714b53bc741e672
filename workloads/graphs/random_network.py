"""The random network of the paper's Figure 2, and samples to run through it.

O'Connor and Welling (ICLR 2017), section 5.1, as their code has it (`demo_comp_error_scale_optimizer.py`): ReLU layers
100-100-100-100, weights drawn for ReLUs (variance 2 / inputs) and multiplied by 1/2, 8 and 1/4, so that layers differ
in how large their activations are; Gaussian inputs. The text speaks of "100-100-100" and three factors; three weight
matrices fit the three factors.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workloads.graphs.graph import INPUT, Activation, Dense, Network, Node, Preprocessing

SIZES: Final = (100, 100, 100, 100)
FACTORS: Final = (0.5, 8.0, 0.25)
STEPS_PER_UNIT: Final = 32  # of an 8-bit pixel: inputs of a normal distribution reach from -4 to 3.97
MIDDLE: Final = 128


def random_network(seed: int) -> Network:
    """The network, whose input is (pixel - 128) / 32, with weights of the given seed and no biases."""
    random = np.random.RandomState(seed)  # the legacy generator's stream is the same in every NumPy version
    nodes: list[Node] = []
    before = INPUT
    for number, (inputs, outputs, factor) in enumerate(zip(SIZES, SIZES[1:], FACTORS, strict=False), start=1):
        weights = random.standard_normal((inputs, outputs)) * np.sqrt(2 / inputs) * factor
        dense = Dense(weights.astype(np.float32), np.zeros(outputs, np.float32))
        nodes.append(Node(f"layer{number}", dense, (before,)))
        before = f"layer{number}"
        if number < len(FACTORS):
            nodes.append(Node(f"{before}.relu", Activation("relu"), (before,)))
            before = f"{before}.relu"
    normalisation = Preprocessing("gray", (float(MIDDLE),), (1 / STEPS_PER_UNIT,))
    return Network("random 100-100-100-100", (1, 1, SIZES[0]), tuple(nodes), before, (), normalisation)


def gaussian_frames(count: int, seed: int) -> NDArray[np.uint8]:
    """`count` samples of a standard normal distribution as the network's pixels, (count, 100) uint8."""
    random = np.random.RandomState(seed)
    samples = np.rint(random.standard_normal((count, SIZES[0])) * STEPS_PER_UNIT) + MIDDLE
    return samples.clip(0, 255).astype(np.uint8)
