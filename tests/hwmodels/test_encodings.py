"""The table of encodings: what every message carries, costs and takes on the wire."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwmodels.encodings import ENCODINGS, Encoding, EncodingName, without_multiplier
from simulator.modes import encoding_on_wire, mode_named

VALUES = st.integers(-(2**17), 2**17).filter(bool)
every = pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))


def digits_of_least_weight(value: int) -> int:
    """Fewest powers of two, added or subtracted, that make `value`: by halving, an odd one both ways."""
    value = abs(value)
    if value < 2:
        return value
    if value % 2 == 0:
        return digits_of_least_weight(value // 2)
    return 1 + min(digits_of_least_weight((value - 1) // 2), digits_of_least_weight((value + 1) // 2))


def test_the_names_are_those_that_a_file_may_give() -> None:
    """And each encoding is registered under its own."""
    assert tuple(ENCODINGS) == get_args(EncodingName) == tuple(each.name for each in ENCODINGS.values())


@every
@given(VALUES)
def test_what_the_messages_carry_adds_up_to_the_value(encoding: Encoding, value: int) -> None:
    """So a receiver that adds them all knows it."""
    value %= 1000
    value -= 500
    assert sum(encoding.carried(value)) == value
    assert 0 not in encoding.carried(value) or value == 0


@given(VALUES)
def test_additions_of_each(value: int) -> None:
    """The definition, per synapse: |n| for unary, 1 for graded, fewest digits for shift_add, bits for bursts."""
    small = value % 64 + 1
    assert [sum(map(ENCODINGS["unary"].adds, ENCODINGS["unary"].carried(n))) for n in (small, -small)] == [small] * 2
    assert ENCODINGS["graded"].adds(value) == 1
    assert ENCODINGS["shift_add"].adds(value) == digits_of_least_weight(value)
    burst = ENCODINGS["sign_magnitude_burst"]
    assert sum(map(burst.adds, burst.carried(value))) == f"{abs(value):b}".count("1")


def test_a_burst_is_the_bits_of_a_value_the_lowest_first() -> None:
    """Each with the value's sign; nothing for zero."""
    burst = ENCODINGS["sign_magnitude_burst"]
    assert [burst.carried(value) for value in (1, -6, 0, 255)] == [[1], [-2, -4], [], [2**i for i in range(8)]]


@given(st.integers(2, 16))
def test_the_payload_of_a_burst_holds_every_place_of_a_change_and_its_sign(bits: int) -> None:
    """The widest change of activations of so many bits is all ones; no payload of a bit less would do."""
    payload = ENCODINGS["sign_magnitude_burst"].payload
    assert payload is not None
    places = len(ENCODINGS["sign_magnitude_burst"].carried(2**bits - 1))
    held = [n for n in range(1, 10) if 2 ** (n - 1) >= places]
    assert payload.bits(bits) == held[0]


def test_bits_of_a_message() -> None:
    """A unit event is its address; a value takes the payload as well."""
    assert {name: each.message_bits(24, 9) for name, each in ENCODINGS.items()} == {
        "unary": 24,
        "graded": 33,
        "shift_add": 33,
        "sign_magnitude_burst": 33,
    }


def test_which_need_a_multiplier() -> None:
    """As errors say it."""
    assert without_multiplier() == "unary, shift_add or sign_magnitude_burst"


def test_values_at_full_precision_are_graded_whatever_the_chip() -> None:
    """Others as the chip encodes them."""
    for name in get_args(EncodingName):
        assert encoding_on_wire(mode_named("original"), name).name == "graded"
        assert encoding_on_wire(mode_named("sigma_delta"), name).name == name
