"""Functions of one integrated value that a layer may have: one small type each, listed in `Unary` and nowhere else.

A layer sends `clip(round(h(U) * multiplier / 2**shift), low, high)`, U being its accumulators, pooled. A type says
what h is in the terms that the compiled kernels know: bounds of U, a table, and a second requantiser for what is
negative. So it does not matter to the fast engine which function it is; the reference engine computes each in its own
words.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from workloads.integer.requantiser import IntArray, Requantiser

_LEAST, _MOST = -(2**31), 2**31 - 1


class _Function:
    """What most functions have in common: they let every accumulator through."""

    @property
    def unsigned(self) -> bool:
        """Whether what is sent is never negative, so that its integers need no sign."""
        return False

    @property
    def leak(self) -> Requantiser | None:
        """The requantiser of negative accumulators, where it is another."""
        return None

    def bounds(self, channels: int) -> tuple[IntArray, IntArray]:
        """Smallest and largest accumulator of each channel that is not bounded, (channels,) int32 each."""
        return np.full(channels, _LEAST, np.int32), np.full(channels, _MOST, np.int32)

    @property
    def places(self) -> tuple[int, int] | None:
        """What the requantiser clips to, where that is not the range of what is sent."""
        return None

    @property
    def looked_up(self) -> IntArray:
        """What stands in the place of what the requantiser gives, from its lowest on; empty where nothing does."""
        return np.zeros(0, np.int32)

    def ends(self, requantiser: Requantiser) -> tuple[int, int]:
        """Smallest and largest integer sent."""
        return requantiser.low, requantiser.high

    def sent(self, requantised: IntArray, requantiser: Requantiser) -> IntArray:
        """What is sent where the requantiser gave these."""
        return requantised

    def problems(self, channels: int, accumulator_bits: int) -> Iterator[str]:
        """What is wrong with its numbers, for a layer of so many channels."""
        yield from ()


@dataclass(frozen=True)
class Identity(_Function):
    """h(U) = U."""


@dataclass(frozen=True)
class Relu(_Function):
    """h(U) = max(U, 0)."""

    @property
    def unsigned(self) -> bool:
        """It is."""
        return True

    def bounds(self, channels: int) -> tuple[IntArray, IntArray]:
        """From 0 on."""
        return np.zeros(channels, np.int32), np.full(channels, _MOST, np.int32)


@dataclass(frozen=True, eq=False)
class Clip(_Function):
    """h(U) = min(max(U, low), high); `limits`: low and high of each channel, (2, channels) int32."""

    limits: IntArray

    @property
    def unsigned(self) -> bool:
        """Where no lower limit is below 0."""
        return bool(self.limits[0].min() >= 0)

    def bounds(self, channels: int) -> tuple[IntArray, IntArray]:
        """The limits."""
        return self.limits[0], self.limits[1]

    def problems(self, channels: int, accumulator_bits: int) -> Iterator[str]:
        """Limits of another shape, the wrong way round, or beyond the accumulator."""
        limits = self.limits
        if limits.shape != (2, channels) or limits.dtype != np.int32:
            yield f"limits is {limits.shape} {limits.dtype}; needed {(2, channels)} int32"
            return
        if (limits[0] > limits[1]).any():
            yield f"limits {limits[0].tolist()} .. {limits[1].tolist()}: a lower one is above its upper one"
        most = 2 ** (accumulator_bits - 1)
        if limits.min() < -most or limits.max() >= most:
            yield f"limits span {limits.min()} .. {limits.max()}, beyond {accumulator_bits} accumulator bits"


@dataclass(frozen=True, eq=False)
class Leaky(_Function):
    """h(U) = U where U >= 0, a multiple of it elsewhere: `negative` takes the requantiser's place there."""

    negative: Requantiser

    @property
    def leak(self) -> Requantiser | None:
        """It."""
        return self.negative


@dataclass(frozen=True, eq=False)
class Table(_Function):
    """Any function: what the requantiser gives is no s but a place in `entries`, (even size,) int32, where s stands.

    Place 0 is in the middle: the requantiser clips to -size / 2 .. size / 2 - 1, and beyond the table its ends hold.
    """

    entries: IntArray

    @property
    def unsigned(self) -> bool:
        """Where no entry is below 0."""
        return bool(self.entries.min() >= 0)

    @property
    def looked_up(self) -> IntArray:
        """The entries."""
        return self.entries

    @property
    def places(self) -> tuple[int, int] | None:
        """Of the table."""
        return -(len(self.entries) // 2), len(self.entries) // 2 - 1

    def problems(self, channels: int, accumulator_bits: int) -> Iterator[str]:
        """A table of another shape."""
        entries = self.entries
        if entries.ndim != 1 or entries.dtype != np.int32 or not entries.size or entries.size % 2:
            yield f"entries are {entries.shape} {entries.dtype}; needed (size,) int32, an even number of them"

    def ends(self, requantiser: Requantiser) -> tuple[int, int]:
        """Of the entries."""
        return int(self.entries.min()), int(self.entries.max())

    def sent(self, requantised: IntArray, requantiser: Requantiser) -> IntArray:
        """The entries at those places."""
        return self.entries[requantised - requantiser.low]


Unary: TypeAlias = Identity | Relu | Clip | Leaky | Table
UNARY: tuple[type[Unary], ...] = get_args(Unary)


def bounded(unary: Unary, values: NDArray[np.int32], channels: int) -> NDArray[np.int32]:
    """Accumulators (n, neurons) within the function's bounds; neurons are in (y, x, channel) order."""
    low, high = (np.resize(each, values.shape[1]) for each in unary.bounds(channels))
    return np.clip(values, low, high)
