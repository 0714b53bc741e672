"""How many messages wait when one is sent, against the definition: looking at all that were sent before."""

from __future__ import annotations

from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from simulator.reference.block import waiting_at_sendings
from simulator.reference.core import Message

times = st.tuples(st.integers(0, 20), st.integers(0, 12))  # sent, and how much later its service starts


@given(st.lists(times, max_size=40))
def test_waiting_messages_are_those_sent_before_whose_service_has_not_begun(drawn):
    messages = [
        Message(0, 0, 0, 1, sent_fs=sent, start_fs=sent + later) for sent, later in sorted(drawn, key=itemgetter(0))
    ]
    by_definition = [
        sum(earlier.start_fs >= message.sent_fs for earlier in messages[:position])
        for position, message in enumerate(messages)
    ]
    assert waiting_at_sendings(messages) == by_definition
