"""Message encodings, the one table of them: how a value travels, and what its messages make a receiver do.

For a value n to a neuron with fan-out F (the true number of synapses): `unary` sends |n| unit events, each F additions
(the paper's own accounting; spiking chips); `graded` sends one message, F multiplications and F additions; `shift_add`
sends one, and as many times F additions as n has non-zero digits in canonical signed-digit form; `sign_magnitude_burst`
sends one for each bit that is set in |n|, the lowest first, each F additions. Nothing else asks for an encoding's name:
what is done is read from its fields.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, get_args

EncodingName = Literal["unary", "graded", "shift_add", "sign_magnitude_burst"]


@dataclass(frozen=True)
class Payload:
    """What the payload of a message holds, its sign included; `bits` of it by the bits of an activation."""

    what: str
    bits: Callable[[int], int]


@dataclass(frozen=True)
class Encoding:
    """An encoding. Adding one is an entry in `ENCODINGS` and its name in `EncodingName`.

    first: of a value's magnitude, (what each of its first messages carries, how many equal ones these are); what is
    left of it goes the same way, and all carry its sign. additions: of one message for each synapse, by the magnitude
    it carries. multiplies: is there also one multiplication? payload: what a message carries besides its header.
    """

    name: EncodingName
    first: Callable[[int], tuple[int, int]]
    additions: Callable[[int], int]
    multiplies: bool
    payload: Payload | None

    def carried(self, value: int) -> list[int]:
        """What each message on the wire carries, in their order, for a value that is sent; they add up to it."""
        messages, rest = [], abs(value)
        while True:
            part, count = self.first(rest)
            messages += [part if value > 0 else -part] * count
            rest -= part * count
            if not rest:
                return messages

    def adds(self, carried: int) -> int:
        """Additions of one message for each synapse; `carried` is what it carries."""
        return self.additions(abs(carried))

    def message_bits(self, header_bits: int, payload_bits: int) -> int:
        """Bits of one message on the wire, on a chip whose messages have so many."""
        return header_bits + (payload_bits if self.payload else 0)


def signed_digits(value: int) -> int:
    """Non-zero digits of a canonical signed-digit number: the additions a shift-and-add multiplication by it takes.

    The canonical form (Reitwiesner 1960) has no two adjacent non-zero digits, and the fewest of all forms; they stand
    where `value` and `3 * value` differ in binary.
    """
    magnitude = abs(value)
    return (magnitude ^ (3 * magnitude)).bit_count()


def _whole(magnitude: int) -> tuple[int, int]:
    return magnitude, 1


def _units(magnitude: int) -> tuple[int, int]:
    return 1, magnitude


def _lowest_bit(magnitude: int) -> tuple[int, int]:
    return magnitude & -magnitude, 1 if magnitude else 0


def _one(_: int) -> int:
    return 1


def _signed(activation_bits: int) -> int:
    return activation_bits + 1


def _signed_place(activation_bits: int) -> int:
    return 1 + (activation_bits - 1).bit_length()  # a change has as many bits as an activation, and a sign


CHANGE: Final = Payload("change", _signed)
GRADED: Final = Encoding("graded", first=_whole, additions=_one, multiplies=True, payload=CHANGE)

ENCODINGS: Final[dict[str, Encoding]] = {
    each.name: each
    for each in (
        Encoding("unary", first=_units, additions=_one, multiplies=False, payload=None),
        GRADED,
        Encoding("shift_add", first=_whole, additions=signed_digits, multiplies=False, payload=CHANGE),
        Encoding(
            "sign_magnitude_burst",
            first=_lowest_bit,
            additions=_one,
            multiplies=False,
            payload=Payload("place", _signed_place),
        ),
    )
}
assert tuple(ENCODINGS) == get_args(EncodingName)  # noqa: S101 - the type checker's names are the table's


def without_multiplier() -> str:
    """The names of the encodings that need no multiplier, for people."""
    *others, last = (name for name, each in ENCODINGS.items() if not each.multiplies)
    return f"{', '.join(others)} or {last}"
