"""Any float network of linear layers, given as arrays, on frames given as an array.

    python examples/own_network.py

A tiny autoencoder-like network with random weights watches a bright square move over a 16 x 16 sensor.
"""

from itertools import pairwise

import numpy as np

import deltasim as ds


def moving_square(count: int, size: int = 16) -> np.ndarray:
    """(count, size, size) uint8: a 4 x 4 square that goes one pixel to the right every other frame."""
    frames = np.full((count, size, size), 16, np.uint8)
    for t in range(count):
        left = (t // 2) % (size - 4)
        frames[t, 6:10, left : left + 4] = 240
    return frames


def main() -> None:
    """Quantise, simulate, say what a frame costs."""
    rng = np.random.default_rng(0)
    sizes = (256, 64, 16, 64)
    network = ds.network_from_arrays(
        [rng.normal(0, (2 / a) ** 0.5, (a, b)).astype(np.float32) for a, b in pairwise(sizes)],
        [np.zeros(b, np.float32) for b in sizes[1:]],
        name="moving-square",
        input_scale=1 / 255,
        input_shape=(16, 16),
    )
    frames = moving_square(200)
    quantised = ds.quantise(network, frames[:50].reshape(50, -1), ds.Quantisation(levels=15))
    run = ds.simulate(quantised, frames, ds.load_accelerator("horowitz-45nm"), name="moving-square")
    print(run.summary()[["mode", "operations", "total_pj", "latency_ns", "identical"]].to_string(index=False))
    print(ds.dashboard(run, "dashboard.html"))


if __name__ == "__main__":
    main()
