"""Times on the mesh worked out by hand: links that flows share, buffers that fill up, trees, the off-chip port.

Steps begin together here (`barrier`, without latency), so that there are no end-of-frame tokens to reckon with: what
crosses a link are the messages. Flits take 7, hops 3 east-west and 5 north-south; a message is one flit.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_chips import CHIP, CORE, chain, frames, with_core

from hwmodels import chip_of, load_accelerator
from hwmodels.records import COLUMNS, LINK_COLUMNS
from simulator import Placement, simulate

ENGINES = ["fast", "reference"]
FLIT, EAST, NORTH = CHIP.flit_fs, CHIP.hop_ew_fs, CHIP.hop_ns_fs
SERVICE = CORE.decode_fs + CORE.add_fs  # of a message that meets one synapse

# nothing but the mesh takes time in the update phase; the first message leaves at 0
MESH = with_core(
    replace(CHIP, shared_links=True, synchronisation="barrier", barrier_fs=((1, 0),)),
    access_fs=0,
    fire_fs=0,
    encode_fs=0,
)


def run(engine, chip, pixels, layers, neurons=1):
    """One frame; the input and the one layer have a core for each part: their channels are shared out.

    Cores 0 to 3 of the mesh stand in row 0, cores 7 to 4 below them in row 1.
    """
    parts = zip(("input", "fc1"), layers, strict=True)
    mapping = tuple(Placement(name, cores, channels=len(cores)) for name, cores in parts)
    network = chain(len(pixels), neurons)
    return simulate(network, frames(pixels), chip, mapping=mapping, engine=engine, record_messages=True)


def row(result, core):
    return dict(zip(COLUMNS, result.counts[0, core].tolist(), strict=True))


def link(result, begin, end):
    """What the links table says of the link between two tiles."""
    (number,) = [i for i, each in enumerate(result.plan.mesh) if (each.begin, each.end) == (begin, end)]
    return dict(zip(LINK_COLUMNS, result.mesh[0, number].tolist(), strict=True))


def times(result, column, sender=None, receiver=None):
    """That time of all messages between two cores in use, in the order of their sending."""
    table = result.messages_table()
    of_sender = table["sender"] == (table["sender"] if sender is None else sender)
    of_receiver = table["receiver"] == (table["receiver"] if receiver is None else receiver)
    return table[of_sender & of_receiver][column].tolist()


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shared", [False, True])
def test_a_message_alone_takes_its_hops_and_its_flits(engine, shared):
    """Loihi 1 (docs/sources.md): three hops east and two north take 3 * 4.1 ns + 2 * 6.5 ns = 25.3 ns; then the tail
    has to come in, four flits of 4 bits for its 16.
    """
    loihi = chip_of(load_accelerator("loihi1-sanafe"))
    hops = {"hop_ew_fs": loihi.hop_ew_fs, "hop_ns_fs": loihi.hop_ns_fs, "rows": 3, "cores": MESH.cores[:1] * 12}
    chip = replace(MESH, shared_links=shared, link_bits=4, **hops)
    result = run(engine, chip, [1], [(0,), (11,)])
    assert times(result, "sent_fs") == [0]
    assert times(result, "arrival_fs") == [25_300_000 + 4 * FLIT]
    assert result.mesh[0, :, LINK_COLUMNS.index("flits")].tolist() == [4] * 5
    assert (row(result, 0)["flit_hops_ew"], row(result, 0)["flit_hops_ns"]) == (3 * 4, 2 * 4)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shared", [False, True])
def test_a_message_within_a_tile_takes_its_flits_and_the_local_way(engine, shared):
    chip = replace(MESH, shared_links=shared, cores_per_tile=2, local_fs=11)
    result = run(engine, chip, [1], [(0,), (1,)])
    assert times(result, "arrival_fs") == [FLIT + 11]
    assert (row(result, 0)["flits_local"], result.mesh.size) == (1, 0)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("later", [0, 2, 3, 5, 10, 12])
def test_two_flows_share_a_link_in_the_order_in_which_they_ask(engine, later):
    """Input part 0 in tile (0, 0), part 1 in (1, 0), the layer in (2, 0): the link (1, 0) -> (2, 0) carries both.

    Part 0 sends at 100 and asks for it a hop later, at 103; part 1 sends and asks at 100 + later. At 103 both ask, and
    the buffer of an incoming link has a lower number than a core's own.
    """
    slow = [replace(core, encode_fs=encode) for core, encode in zip(MESH.cores, [100, 100 + later], strict=False)]
    chip = replace(MESH, cores=(*slow, *MESH.cores[2:]))
    result = run(engine, chip, [1, 1], [(0, 1), (2,)])
    asked = [100 + EAST, 100 + later]
    first = 0 if later >= EAST else 1
    given = [max(own, asked[first] + FLIT) for own in asked]
    given[first] = asked[first]
    assert [times(result, "arrival_fs", sender)[0] for sender in (0, 1)] == [each + EAST + FLIT for each in given]
    both = link(result, (1, 0), (2, 0))
    assert both["wait_fs"] == sum(given) - sum(asked)
    assert (both["messages"], both["flits"], both["busy_fs"]) == (2, 2, 2 * FLIT)
    assert link(result, (0, 0), (1, 0))["wait_fs"] == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("positions", [(0, 1), (1, 0)])
def test_of_two_that_ask_together_the_lower_numbered_core_goes_first(engine, positions):
    """Both parts of the input in tile (0, 0): both ask at 0, the second waits for the first's flit.

    Cores in use are numbered part by part, wherever they stand.
    """
    result = run(engine, replace(MESH, cores_per_tile=2), [1, 1], [positions, (2,)])
    assert [times(result, "arrival_fs", sender)[0] for sender in (0, 1)] == [EAST + FLIT, FLIT + EAST + FLIT]
    assert link(result, (0, 0), (1, 0))["wait_fs"] == FLIT


@pytest.mark.parametrize("engine", ENGINES)
def test_private_links_make_nobody_wait(engine):
    chip = replace(MESH, cores_per_tile=2, shared_links=False)
    result = run(engine, chip, [1, 1], [(0, 1), (2,)])
    assert [times(result, "arrival_fs", sender)[0] for sender in (0, 1)] == [EAST + FLIT] * 2
    assert link(result, (0, 0), (1, 0))["wait_fs"] == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("depth", [1, 2, None])
def test_a_buffer_of_one_message_costs_a_hop_for_each_message(engine, depth):
    """Four unit events from tile (0, 0) to (2, 0).

    A place in the buffer at (1, 0) is taken when a message gets the link towards it, and free when its tail has left
    on the next: a hop and a flit later. With one place the next message gets the link only then, where with more it
    gets it a flit after the first. Every message waits a hop for the link and leaves the core's own buffer a flit after
    that; so the core sends at 0, 7 (its port is free), 17 and 27.
    """
    result = run(engine, replace(MESH, router_depth=depth), [4], [(0,), (2,)])
    pace = FLIT + EAST if depth == 1 else FLIT
    assert times(result, "arrival_fs") == [2 * EAST + FLIT + i * pace for i in range(4)]
    sent = [0, FLIT, FLIT + pace, FLIT + 2 * pace]
    assert times(result, "sent_fs") == sent
    core, first = row(result, 0), link(result, (0, 0), (1, 0))
    assert core["update_end_fs"] == core["blocked_injection_fs"] == sent[-1]
    assert (core["update_busy_fs"], core["blocked_queue_fs"]) == (0, 0)
    assert first["wait_fs"] == 3 * (pace - FLIT)
    assert link(result, (1, 0), (2, 0))["wait_fs"] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_a_busy_link_fills_the_buffers_before_it_and_stalls_both_senders(engine):
    """Input part 0 (A) at (0, 0), part 1 (B) at (1, 0), the layer at (2, 0), three events each, one place a buffer.

    The buffer at (2, 0) takes a message every 10 (as above), and who asked first gets it: B, A, B, A, B, A.

        message  sent  asks at (0, 0)  gets it  asks at (1, 0)  gets it  arrives, 10 later
        B0          0                                        0        0                 10
        A0          0               0        0               3       10                 20
        B1          7                                        7       20                 30
        A1          7               7       17              20       30                 40  A0 has left (1, 0) at 17
        B2         27                                       27       40                 50  B1 has left at 27
        A2         24              24       37              40       50                 60  A1 has left (0, 0) at 24
    """
    result = run(engine, replace(MESH, router_depth=1), [3, 3], [(0, 1), (2,)])
    assert (times(result, "sent_fs", 0), times(result, "sent_fs", 1)) == ([0, 7, 24], [0, 7, 27])
    assert (times(result, "arrival_fs", 0), times(result, "arrival_fs", 1)) == ([20, 40, 60], [10, 30, 50])
    assert [row(result, core)["blocked_injection_fs"] for core in (0, 1)] == [24, 27]
    assert link(result, (0, 0), (1, 0))["wait_fs"] == (17 - 7) + (37 - 24)
    assert link(result, (1, 0), (2, 0))["wait_fs"] == (10 - 3) + (20 - 7) + (30 - 20) + (40 - 27) + (50 - 40)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shared", [False, True])
def test_a_receiver_without_a_free_place_keeps_messages_out_of_the_mesh(engine, shared):
    """Three events over two hops to a queue of one: a message leaves when the one before is taken into service.

    0 arrives at 13 and is served; 1 has the way into the mesh at 7 and waits for the queue until 13; 2 has it at 20 and
    waits until 1 is taken in, when 0 has been served. No message waits within the mesh, however small its buffers.
    """
    chip = with_core(replace(MESH, shared_links=shared, router_depth=1), queue_depth=1)
    result = run(engine, chip, [3], [(0,), (2,)])
    way = 2 * EAST + FLIT
    assert times(result, "sent_fs") == [0, way, way + SERVICE]
    assert times(result, "start_fs") == [way, way + SERVICE, way + 2 * SERVICE]
    core = row(result, 0)
    assert core["blocked_injection_fs"] == FLIT + FLIT
    assert core["blocked_queue_fs"] == (way - FLIT) + (SERVICE - FLIT)
    assert result.mesh[0, :, LINK_COLUMNS.index("wait_fs")].tolist() == [0, 0]


@pytest.mark.parametrize("engine", ENGINES)
def test_multicast_sends_once_and_copies_where_the_ways_part(engine):
    """From (0, 0) to (2, 0) and (1, 1): the hop to (1, 0) is shared, there the tree parts, two flits go on at once."""
    result = run(engine, replace(MESH, multicast=True), [1], [(0,), (2, 6)], neurons=2)
    assert times(result, "sent_fs") == [0, 0]
    assert times(result, "arrival_fs", receiver=1) == [EAST + EAST + FLIT]
    assert times(result, "arrival_fs", receiver=2) == [EAST + NORTH + FLIT]
    core = row(result, 0)
    assert (core["messages_out"], core["flit_hops_ew"], core["flit_hops_ns"], core["blocked_injection_fs"]) == (
        1,
        2,
        1,
        0,
    )
    assert result.mesh[0, :, LINK_COLUMNS.index("flits")].tolist() == [1, 1, 1]
    assert [row(result, each)["messages_in"] for each in (1, 2)] == [1, 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_without_multicast_the_shared_hop_is_crossed_twice(engine):
    """The message to the second receiver waits for the port, a flit, and goes the same way."""
    result = run(engine, MESH, [1], [(0,), (2, 6)], neurons=2)
    assert times(result, "sent_fs") == [0, FLIT]
    assert times(result, "arrival_fs", receiver=1) == [EAST + EAST + FLIT]
    assert times(result, "arrival_fs", receiver=2) == [FLIT + EAST + NORTH + FLIT]
    core = row(result, 0)
    assert (core["messages_out"], core["flit_hops_ew"], core["flit_hops_ns"]) == (2, 3, 1)
    assert core["blocked_injection_fs"] == FLIT
    assert link(result, (0, 0), (1, 0))["flits"] == 2
    assert [link(result, (1, 0), end)["flits"] for end in ((2, 0), (1, 1))] == [1, 1]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shared", [False, True])
def test_a_multicast_message_waits_for_the_slowest_of_its_receivers(engine, shared):
    """Receiver 2, at (1, 1), has a queue of one and takes ten times as long: receiver 1 gets messages at its pace."""
    cores = list(MESH.cores)
    cores[6] = replace(CORE, queue_depth=1, decode_fs=10 * CORE.decode_fs)
    chip = replace(MESH, multicast=True, shared_links=shared, cores=tuple(cores))
    result = run(engine, chip, [3], [(0,), (2, 6)], neurons=2)
    taken = EAST + NORTH + FLIT  # the first message by receiver 2
    sent = [0, taken, taken + 10 * CORE.decode_fs + CORE.add_fs]
    assert times(result, "sent_fs", receiver=1) == times(result, "sent_fs", receiver=2) == sent
    assert times(result, "arrival_fs", receiver=1) == [each + 2 * EAST + FLIT for each in sent]
    core = row(result, 0)
    assert core["blocked_injection_fs"] == 2 * FLIT
    assert core["blocked_queue_fs"] == sent[-1] - 2 * FLIT


# weights from off-chip memory: words of 32 bits, one every 2000, the first after another 500
WORD, LATENCY = 2000, 500
STREAMS = with_core(
    replace(MESH, multicast=True, stream_word_bits=32, stream_word_fs=WORD, stream_latency_fs=LATENCY),
    weight_memory=replace(CORE.weight_memory, capacity_bits=1),
)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("chip", "positions", "arrival", "port_given"),
    [
        # in one tile, a hop away: both ask at once, the lower-numbered core goes first and reads one word
        (replace(STREAMS, cores_per_tile=2), (2, 3), [10, 10], [10, 10 + WORD]),
        # part 1 is a hop nearer and asks first; it reads two words
        (STREAMS, (2, 1), [13, 10], [10 + 2 * WORD, 10]),
    ],
)
def test_cores_that_read_their_weights_from_off_chip_memory_take_turns(engine, chip, positions, arrival, port_given):
    """Nine neurons on two cores: 4 weights of 8 bits are a word, 5 are two. The port is busy for the words; the core
    serves until they are there, the latency and the words after it got the port, and decodes besides.
    """
    result = run(engine, chip, [1], [(0,), positions], neurons=9)
    for part, words in enumerate((1, 2)):
        core = row(result, 1 + part)
        service = CORE.decode_fs + LATENCY + words * WORD
        assert times(result, "start_fs", receiver=1 + part) == [arrival[part]]
        assert core["blocked_memory_fs"] == port_given[part] - arrival[part]
        assert core["serve_busy_fs"] == service
        assert core["serve_end_fs"] == port_given[part] + service
        assert (core["off_chip_weight_reads"], core["weight_reads"]) == (words, 0)
    np.testing.assert_array_equal(result.outputs, [[1] * 9])
