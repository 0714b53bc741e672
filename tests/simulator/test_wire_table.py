"""The table that compiled kernels read says what the encodings say, message by message."""

from __future__ import annotations

import pytest

from hwmodels.encodings import ENCODINGS
from simulator.wire_table import ADDITIONS, EACH, MESSAGES, PART, RUN, is_plain, wire_table

LARGEST = 600


def messages_by(table, magnitude):
    """As the kernels find them: run by run, until all have been sent."""
    found, rest = [], magnitude
    while len(found) < table[magnitude, MESSAGES]:
        part, run = table[rest, [PART, RUN]].tolist()
        found += [part] * run
        rest -= part * run
    return found


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=list(ENCODINGS))
def test_a_walk_over_the_table_sends_what_the_encoding_sends(encoding):
    table = wire_table(encoding, LARGEST)
    assert len(table) == LARGEST + 1
    for magnitude in range(LARGEST + 1):
        carried = encoding.carried(magnitude)
        assert messages_by(table, magnitude) == carried
        assert encoding.carried(-magnitude) == [-each for each in carried]
        assert table[magnitude, ADDITIONS] == sum(encoding.adds(each) for each in carried)
        assert table[magnitude, EACH] == encoding.adds(magnitude)


def test_only_graded_values_need_no_look():
    """One message each, one addition each."""
    assert [name for name, each in ENCODINGS.items() if is_plain(wire_table(each, 15))] == ["graded"]
