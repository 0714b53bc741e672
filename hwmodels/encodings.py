"""Message encodings, the one table of them: how a value travels, and what its messages make a receiver do.

For a value n to a neuron with fan-out F (the true number of synapses): `unary` sends |n| unit events, each F additions
(the paper's own accounting; spiking chips); `graded` sends one message, F multiplications and F additions; `shift_add`
sends one, and as many times F additions as n has non-zero digits in canonical signed-digit form. Nothing else asks for
an encoding's name: what is done is read from its fields.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

EncodingName = Literal["unary", "graded", "shift_add"]


@dataclass(frozen=True)
class Encoding:
    """An encoding. Adding one is an entry in `ENCODINGS` and its name in `EncodingName`.

    messages: `one` message carries the whole value, or `units`: as many as its magnitude, each +1 or -1. additions: of
    one message for each synapse: `one`, or as many as the `signed_digits` of what it carries. multiplies: is there also
    one multiplication? carries_value: does a message take payload bits?
    """

    name: EncodingName
    messages: Literal["one", "units"]
    additions: Literal["one", "signed_digits"]
    multiplies: bool
    carries_value: bool

    def carried(self, value: int) -> list[int]:
        """What each message on the wire carries, for a value that is sent; they add up to it."""
        if self.messages == "units":
            return [1 if value > 0 else -1] * abs(value)
        return [value]

    def adds(self, carried: int) -> int:
        """Additions of one message for each synapse; `carried` is what it carries."""
        return signed_digits(carried) if self.additions == "signed_digits" else 1

    def message_bits(self, header_bits: int, payload_bits: int) -> int:
        """Bits of one message on the wire, on a chip whose messages have so many."""
        return header_bits + (payload_bits if self.carries_value else 0)


GRADED: Final = Encoding("graded", messages="one", additions="one", multiplies=True, carries_value=True)

ENCODINGS: Final[dict[str, Encoding]] = {
    each.name: each
    for each in (
        Encoding("unary", messages="units", additions="one", multiplies=False, carries_value=False),
        GRADED,
        Encoding("shift_add", messages="one", additions="signed_digits", multiplies=False, carries_value=True),
    )
}
assert tuple(ENCODINGS) == get_args(EncodingName)  # noqa: S101 - the type checker's names are the table's


def without_multiplier() -> str:
    """The names of the encodings that need no multiplier, for people."""
    return " or ".join(name for name, each in ENCODINGS.items() if not each.multiplies)


def signed_digits(value: int) -> int:
    """Non-zero digits of a canonical signed-digit number: the additions a shift-and-add multiplication by it takes.

    The canonical form (Reitwiesner 1960) has no two adjacent non-zero digits, and the fewest of all forms; they stand
    where `value` and `3 * value` differ in binary.
    """
    magnitude = abs(value)
    return (magnitude ^ (3 * magnitude)).bit_count()
