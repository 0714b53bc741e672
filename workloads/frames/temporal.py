"""Temporal ordering: turn a set of images into something like a video.

O'Connor and Welling, "Sigma-Delta Quantized Networks" (ICLR 2017), Appendix D: keep a buffer of candidates, pick the
one closest to the current image, refill its place with the next sample, until all are used. Their code starts at sample
0, keeps 1000 candidates and measures the L1 distance of raw pixels; so does this. They leave ties open: here the first
place of the buffer wins.
"""

import math

import numpy as np
from numpy.typing import NDArray

from workloads.compiled import compiled
from workloads.errors import WorkloadError

Pixels = NDArray[np.uint8]
Sums = NDArray[np.int32]


def temporal_order(images: Pixels, buffer: int = 1000) -> NDArray[np.int64]:
    """Order `images` (n, pixels) uint8 so that neighbours look alike; return the (n,) int64 permutation.

    Raises WorkloadError if `images` is no such array or `buffer` is less than 1.
    """
    if images.ndim != 2 or images.dtype != np.uint8:
        raise WorkloadError(f"images are {images.shape} {images.dtype}; needed (n, pixels) uint8")
    if buffer < 1:
        raise WorkloadError(f"buffer is {buffer}; needed 1 or more candidates")
    if 0 in images.shape:
        return np.arange(len(images), dtype=np.int64)
    run = max(1, math.isqrt(images.shape[1]))
    sums = np.add.reduceat(images, np.arange(0, images.shape[1], run), axis=1, dtype=np.int32)
    return _greedy_order(np.ascontiguousarray(images), sums, run, buffer)


def _greedy_order(images: Pixels, sums: Sums, run: int, buffer: int) -> NDArray[np.int64]:
    """Plain Python: compiling it takes longer than its few thousand turns, and the work is in `_closest`."""
    count = images.shape[0]
    order = np.zeros(count, np.int64)
    places = np.arange(1, min(buffer, count - 1) + 1)
    following = 1 + len(places)
    for position in range(1, count):
        place = int(_closest(images, sums, run, int(order[position - 1]), places))
        order[position] = places[place]
        if following < count:
            places[place] = following
            following += 1
        else:  # closing the gap keeps the order of the places, so ties fall as if it were left empty
            places = np.delete(places, place)
    return order


@compiled
def _closest(images: Pixels, sums: Sums, run: int, current: int, places: NDArray[np.int64]) -> int:
    """First of `places` whose image has the least L1 distance to image `current`.

    The sums over runs of pixels differ by no more than the pixels do, so a candidate whose sums are already too far
    apart needs no look at its pixels. That decides nearly all of them and never changes the outcome.
    """
    pixels = images.shape[1]
    best_place = 0
    best = np.int64(255) * pixels + 1
    for place in range(len(places)):
        candidate = places[place]
        if _distance(sums[current], sums[candidate], 0, sums.shape[1]) >= best:
            continue
        distance = np.int64(0)
        for start in range(0, pixels, 4 * run):
            distance += _distance(images[current], images[candidate], start, min(start + 4 * run, pixels))
            if distance >= best:
                break
        if distance < best:
            best = distance
            best_place = place
    return best_place


@compiled
def _distance(first: Pixels | Sums, second: Pixels | Sums, start: int, stop: int) -> np.int32:
    total = np.int32(0)  # 32 bits: twice as many lanes as 64
    for i in range(start, stop):
        total += np.int32(abs(np.int32(first[i]) - np.int32(second[i])))
    return total
