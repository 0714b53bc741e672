"""Temporal ordering against the text of the paper's Appendix D, written out slowly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workloads import WorkloadError, temporal_order
from workloads.frames.mnist import load_mnist


def slow_order(images: np.ndarray, buffer: int) -> list[int]:
    samples = images.astype(int).tolist()
    places: list[int | None] = list(range(1, min(buffer, len(samples) - 1) + 1))
    waiting = list(range(len(places) + 1, len(samples)))
    order = [0]
    while len(order) < len(samples):
        current = samples[order[-1]]
        distances = [
            float("inf") if index is None else sum(abs(a - b) for a, b in zip(current, samples[index], strict=True))
            for index in places
        ]
        place = distances.index(min(distances))
        chosen = places[place]
        assert chosen is not None
        order.append(chosen)
        places[place] = waiting.pop(0) if waiting else None
    return order


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.sampled_from([2, 4, 256]))
def test_order_equals_the_slow_one(seed: int, count: int, pixels: int, buffer: int, shades: int) -> None:
    """Few shades give many ties, which go to the first place of the buffer."""
    images = np.random.default_rng(seed).integers(0, shades, (count, pixels), dtype=np.uint8)
    order = temporal_order(images, buffer)
    assert order.tolist() == slow_order(images, buffer)
    assert sorted(order) == list(range(count))


def test_mnist_becomes_smoother() -> None:
    images = load_mnist("test").images[:3000]
    order = temporal_order(images)
    assert order.tolist()[:1] == [0]
    assert sorted(order) == list(range(3000))

    def change(frames: np.ndarray) -> float:
        return float(np.abs(np.diff(frames.astype(np.int16), axis=0)).mean())

    assert change(images[order]) < 0.55 * change(images)  # the whole test set: 18.2 of 41.2 grey levels


def test_no_images_and_a_single_one() -> None:
    assert temporal_order(np.zeros((0, 5), np.uint8)).tolist() == []
    assert temporal_order(np.zeros((1, 5), np.uint8)).tolist() == [0]


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(WorkloadError, match=r"needed \(n, pixels\) uint8"):
        temporal_order(np.zeros((3, 2, 2), np.uint8))
    with pytest.raises(WorkloadError, match="buffer is 0"):
        temporal_order(np.zeros((3, 2), np.uint8), buffer=0)


@pytest.mark.slow
def test_training_set_is_reordered_whole() -> None:
    order = temporal_order(load_mnist("train").images)
    assert np.array_equal(np.sort(order), np.arange(60_000))
