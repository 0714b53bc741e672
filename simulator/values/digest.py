"""A 64-bit hash of a core's integers, so that two runs of any length can be compared integer by integer."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from workloads.compiled import without_refcounts

_GOLDEN: Final = 0x9E3779B97F4A7C15


def digest_keys(count: int, first: int = 0) -> NDArray[np.int64]:
    """Odd 64-bit keys, one per neuron, (count,) int64: neuron i of the core that starts at `first` has key first + i.

    The digest of integers s is sum(s[i] * key[i]) modulo 2**64. It is linear, so two vectors that differ collide only
    when their difference is orthogonal to the keys: for a single differing integer never (the keys are odd),
    otherwise with probability about 2**-64. The keys are the splitmix64 sequence (Steele, Lea & Flood, OOPSLA 2014).
    """
    with np.errstate(over="ignore"):
        z = (np.arange(first + 1, first + count + 1, dtype=np.uint64)) * np.uint64(_GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z | np.uint64(1)).view(np.int64)


@without_refcounts
def key_of(number: int) -> int:
    """digest_keys(1, number)[0] for compiled loops, computed where it is used: a table would take 8 bytes a neuron."""
    z = np.uint64(number + 1) * np.uint64(_GOLDEN)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    key: int = np.int64(z | np.uint64(1))  # type: ignore[assignment] # one type in numba
    return key
