"""More hardware that makes a frame later: what is first come, first served is not monotone.

In a chain with links of its own it is (`test_in_a_chain_more_hardware_never_makes_a_frame_later`). Where several cores
share a link, a receiver or the off-chip port, whatever makes one message earlier can put it before another that the
frame's end depends on. These are the smallest cases that a random search came up with, worked out by hand.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_chips import CHIP, CORE, chain, frames, with_core

from hwmodels.records import COLUMNS
from simulator import Placement, simulate

ENGINES = ["fast", "reference"]

# one flit of 1 and hops of 1; no tokens; only the latencies given below
QUICK = with_core(
    replace(
        CHIP,
        synchronisation="barrier",
        barrier_fs=((1, 0),),
        flit_fs=1,
        hop_ew_fs=1,
        hop_ns_fs=1,
    ),
    access_fs=0,
    fire_fs=0,
    encode_fs=0,
    decode_fs=0,
    add_fs=0,
)


def with_cores(chip, **changed):
    """The chip with cores changed: core_2={"queue_depth": 1}."""
    cores = list(chip.cores)
    for name, changes in changed.items():
        place = int(name.removeprefix("core_"))
        cores[place] = replace(cores[place], **changes)
    return replace(chip, cores=tuple(cores))


def run(engine, chip, pixels, neurons, layers):
    """One frame through an input and a layer whose channels are shared out over the cores given."""
    parts = zip(("input", "fc1"), layers, strict=True)
    mapping = tuple(Placement(name, cores, channels=len(cores)) for name, cores in parts)
    network = chain(len(pixels), neurons)
    result = simulate(network, frames(pixels), chip, mapping=mapping, engine=engine, record_messages=True)
    return result.counts[0, :, COLUMNS.index("update_end_fs")].max(), result.messages_table()


def served(table, receiver, column="start_fs", sender=0):
    return table[(table["sender"] == sender) & (table["receiver"] == receiver)][column].tolist()


# three events, 10 apart, to A one hop away and B two; both take a word of weights, 10 on the port, from off-chip memory
STREAM = with_cores(
    with_core(
        replace(QUICK, multicast=True, stream_word_bits=16, stream_word_fs=10),
        weight_memory=replace(CORE.weight_memory, capacity_bits=1),
    ),
    core_0={"encode_fs": 10},
    core_1={"decode_fs": 10},
    core_2={"decode_fs": 20},
)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_deeper_queue_can_make_a_frame_later(engine):
    """A takes 20 a message, B 30, from when they get the port; the frame ends with B's three.

    Deep queues: all messages are there in time. A asks at 12, 32 and 52, B at 13, gets the port at 22 and asks again at
    52, together with A, whose number is lower: A gets it until 62, and B serves 22-52, 62-92, 92-122.
    One place: the third message leaves only when B takes the second from its queue, at 52, and is at A at 54. B has got
    the port at 52 and serves 22-52, 52-82, 82-112.
    """
    deep, messages = run(engine, STREAM, [3], 2, [(0,), (1, 2)])
    assert served(messages, 1, "arrival_fs") == [12, 22, 32]
    assert served(messages, 1) == [12, 32, 52]
    assert served(messages, 2) == [13, 52, 92]
    assert served(messages, 2, "end_fs") == [52, 92, 122]
    shallow, messages = run(engine, with_core(STREAM, queue_depth=1), [3], 2, [(0,), (1, 2)])
    assert served(messages, 1, "sent_fs") == [10, 20, 52]
    assert served(messages, 1) == [12, 32, 54]
    assert served(messages, 2, "end_fs") == [52, 82, 112]
    assert (deep, shallow) == (122, 112)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_second_lane_can_make_a_frame_later(engine):
    """A has two neurons, 10 for each addition: 30 a message with one lane, 20, as above, with two.

    With one lane it asks for the port at 12, 42 and 72, never together with B, which serves 22-52, 52-82, 82-112.
    """
    ends = []
    for lanes in (1, 2):
        chip = with_cores(STREAM, core_1={"add_fs": 10, "add_lanes": lanes})
        end, messages = run(engine, chip, [3], 4, [(0,), (1, 2)])
        assert served(messages, 1) == [12 + i * (30 if lanes == 1 else 20) for i in range(3)]
        ends.append(end)
    assert ends == [112, 122]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("depth", [2, None])
def test_a_larger_router_buffer_can_make_a_frame_later(engine, depth):
    """Senders 0 at (2, 0) and 1 at (2, 1), encoding in 1 and 2, two events each to receivers 2 at (1, 1) and 3 at
    (1, 0), whose queues have one place for each sender; 3 decodes in 1.

    Sender 0 is done with receiver 2 at 4 and sends to 3 at 5. With one place a buffer, its second event to 3 has to
    wait for the link and is there at 10; so 3 takes sender 1's first event in when it comes, at 9, and the place in the
    queue is free for sender 1's second, which comes at 12 and is served until 13.
    With two places, sender 0's second event is there at 9, too, and goes first; sender 1's is taken in at 10, the next
    one leaves then, comes at 13 and is served until 14.
    """
    chip = with_core(replace(QUICK, shared_links=True), queue_depth=1)
    chip = with_cores(chip, core_2={"encode_fs": 1}, core_5={"encode_fs": 2}, core_1={"decode_fs": 1})
    small, messages = run(engine, replace(chip, router_depth=1), [2, 2], 2, [(2, 5), (6, 1)])
    assert (served(messages, 3, "arrival_fs", 0), served(messages, 3, "arrival_fs", 1)) == ([8, 10], [9, 12])
    assert (served(messages, 3, "start_fs", 0), served(messages, 3, "start_fs", 1)) == ([8, 10], [9, 12])
    large, messages = run(engine, replace(chip, router_depth=depth), [2, 2], 2, [(2, 5), (6, 1)])
    assert (served(messages, 3, "arrival_fs", 0), served(messages, 3, "arrival_fs", 1)) == ([7, 9], [9, 13])
    assert (served(messages, 3, "start_fs", 0), served(messages, 3, "start_fs", 1)) == ([7, 9], [10, 13])
    assert (small, large) == (13, 14)
