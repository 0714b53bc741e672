"""Algorithms 1 to 4 of O'Connor & Welling, "Sigma-Delta Quantized Networks" (ICLR 2017), word for word.

They are the definition that the engines' integer arithmetic is tested against, and work on anything with `+` and `-`:
numpy arrays, integers, `fractions.Fraction`. Each takes a sequence over time and yields its output, frame by frame.

Rounding at ties decides whether Algorithm 3 equals Algorithm 4 at every step. The residue form of herding keeps `phi
+ x - round(phi + x)`, so the rounding has to commute with integer shifts: `round(x + n) == round(x) + n`. Half up,
`floor(x + 1/2)`, does. Half to even and half away from zero do not: there the two algorithms still add up to within
one half of each other, but may send a change in a different frame. Algorithm 4 is right with any rounding, and is
what deltasim's cores do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

Rounding = Callable[[Any], Any]


def temporal_difference(xs: Iterable[Any]) -> Iterator[Any]:
    """Algorithm 1, Delta_T: what changed since the last frame; the first frame is sent whole (the state starts at
    0).
    """
    last: Any = 0
    for x in xs:
        yield x - last
        last = x


def temporal_integration(xs: Iterable[Any]) -> Iterator[Any]:
    """Algorithm 2, Sigma_T: the running sum; undoes Algorithm 1 (Eq. 1)."""
    total: Any = 0
    for x in xs:
        total = total + x
        yield total


def herding(xs: Iterable[Any], rounding: Rounding) -> Iterator[Any]:
    """Algorithm 3: round what came in plus the residue phi kept from before; |phi| <= 1/2 stays behind."""
    phi: Any = 0
    for x in xs:
        phi = phi + x
        s = rounding(phi)
        phi = phi - s
        yield s


def delta_herding(xs: Iterable[Any], rounding: Rounding) -> Iterator[Any]:
    """Algorithm 4: the change of the rounded value. Equal to herding of Algorithm 1's output (Appendix A, Eqs.
    11-21).
    """
    last: Any = 0
    for x in xs:
        s = rounding(x)
        yield s - last
        last = s
