"""Sentences of docs/machine.md that could be read in more than one way, each held by figures worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_chips import CHIP, CORE, chain, frames, identity, with_core

from hwmodels.chip import MemoryTiming
from hwmodels.records import COLUMNS
from simulator import Arrival, Placement, simulate
from workloads.integer.network import IntegerLayer, MaxPooling, Synapses, Window
from workloads.integer.unary import Identity, Relu

ENGINES = ["fast", "reference"]
SCAN, FIRE, ENCODE = CORE.access_fs, CORE.fire_fs, CORE.encode_fs
FLIT, EAST = CHIP.flit_fs, CHIP.hop_ew_fs

BARE = with_core(CHIP, access_fs=0, fire_fs=0, encode_fs=0, decode_fs=0, add_fs=0)
INSTANT = replace(BARE, flit_fs=0, hop_ew_fs=0, hop_ns_fs=0)
ONE_TILE = replace(BARE, cores_per_tile=4, columns=2, rows=1)


def row(result, core, frame=0):
    return dict(zip(COLUMNS, result.counts[frame, core].tolist(), strict=True))


def column(result, name, core):
    """That column of a core, frame by frame."""
    return result.counts[:, core, COLUMNS.index(name)].tolist()


def times(result, name, sender=None, receiver=None):
    """That time of all messages between two cores in use, frame by frame in the order of their sending."""
    table = result.messages_table()
    chosen = [sender in (None, a) and receiver in (None, b) for a, b in zip(table.sender, table.receiver, strict=True)]
    return table[chosen][name].tolist()


def run(engine, network, pixels, chip, *cores, cuts="channels", mode="sigma_delta", **arrival):
    """`cores` of each layer, cut by channels or by rows; layer l on core l where none are given."""
    names = ["input", *(layer.name for layer in network.layers)]
    cores = cores or tuple((number,) for number in range(len(names)))
    mapping = tuple(Placement(name, own, **{cuts: len(own)}) for name, own in zip(names, cores, strict=True))
    arrival = Arrival(**arrival)
    return simulate(network, pixels, chip, mode, mapping=mapping, engine=engine, arrival=arrival, record_messages=True)


def slow_cores(chip, **changes):
    """The chip with the cores of these numbers changed so: `core_1={...}`."""
    cores = list(chip.cores)
    for name, change in changes.items():
        number = int(name.removeprefix("core_"))
        cores[number] = replace(cores[number], **change)
    return replace(chip, cores=tuple(cores))


def columns_of(height, sent, *, weights, window, pool=None):
    """A network whose maps are one pixel wide: input (height, 1, 1), a convolution, and one output that sums up."""
    network = chain(height, 1, 1)
    kernel = np.array(weights, np.int8).reshape(1, -1, 1, 1)
    rows = (height + 2 * window.padding[0] - len(weights)) // window.stride[0] + 1
    first = IntegerLayer(
        "conv", (rows, 1, 1), (Synapses(0, kernel, window),), np.zeros(1, np.int32), Relu(), identity(), np.ones(1),
        sent_shape=(sent, 1, 1), pool=pool,
    )  # fmt: skip
    last = replace(network.layers[1], synapses=(Synapses(1, np.ones((sent, 1), np.int8)),))
    return replace(network, input_shape=(height, 1, 1), layers=(first, last))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_tokens_place_is_free_at_its_turn(engine):
    """Queues of one place. Part 0 of the input sends nothing in frame 0 but its token; part 1 is still scanning when
    part 0 sends the value of frame 1: into the place that the token had.
    """
    chip = slow_cores(with_core(CHIP, queue_depth=1), core_1={"access_fs": 10**9})
    pixels = frames([0, 0], [5, 0])
    result = run(engine, chain(2, 1), pixels, replace(chip, encoding="graded"), (0, 1), (2,), kind="pipelined")
    first_token = SCAN
    assert times(result, "sent_fs", sender=0) == [first_token + SCAN + FIRE + ENCODE]
    assert row(result, 1)["update_end_fs"] == 10**9
    # served when part 1's frame is over, too, and the layer has scanned its own neuron
    assert times(result, "start_fs", sender=0) == [10**9 + FLIT + EAST + SCAN]


@pytest.mark.parametrize("engine", ENGINES)
def test_as_many_frames_as_layers_are_in_the_chip_the_input_counted(engine):
    """Two layers: frame 1 enters while frame 0 is in the chip, frame 2 when it is out."""
    chip = slow_cores(CHIP, core_1={"access_fs": 10**9})
    result = run(engine, chain(1, 1), frames([0], [0], [0]), chip, kind="pipelined")
    ends = column(result, "update_end_fs", core=1)
    # a core's token is sent at once in frame 0, and in frame 1 as well
    assert column(result, "update_start_fs", core=0) == [0, SCAN, ends[0]]
    assert column(result, "starved_fs", core=0) == [0, 0, ends[0] - 2 * SCAN]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("parts", [(0, 1), (1, 0)])
def test_of_two_that_arrive_together_the_lower_part_goes_first(engine, parts):
    chip = with_core(ONE_TILE, decode_fs=100)
    result = run(engine, chain(2, 1), frames([1, 1]), chip, parts, (4,))
    arrived = FLIT + EAST
    assert times(result, "arrival_fs") == [arrived, arrived]
    assert [times(result, "start_fs", sender)[0] for sender in (0, 1)] == [arrived, arrived + 100]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("cores", "held"), [(1, [5]), (2, [2, 3])])
def test_accumulators_that_nobody_looks_at_are_held(engine, cores, held):
    """Five rows, windows of two: nobody looks at the last, which the last band holds; all send their pixels there."""
    network = columns_of(5, 2, weights=[1], window=Window(), pool=MaxPooling((2, 1), (2, 1)))
    chip = with_core(CHIP, state_memory=MemoryTiming(None, 32, 1, 0))
    result = run(engine, network, frames([1, 1, 1, 1, 1]), chip, (0,), tuple(range(1, 1 + cores)), (7,), cuts="rows")
    for part, rows in enumerate(held):
        counts = row(result, 1 + part)
        assert counts["messages_in"] == rows
        # set to their bias, added to, and a value last sent for each neuron
        assert counts["state_writes"] == rows + rows + counts["fires"]
        assert counts["accesses"] == 2 * 2 // cores


@pytest.mark.parametrize("engine", ENGINES)
def test_words_are_of_the_networks_bits(engine):
    """Nine accumulators of 8 bits are two words of 64, on a chip with 32; nine weights of 4 two words of 32."""
    network = replace(chain(1, 9), accumulator_bits=8, weight_bits=4)
    memories = {"state_memory": MemoryTiming(None, 64, 1, 0), "weight_memory": MemoryTiming(None, 32, 1, 0)}
    counts = row(run(engine, network, frames([1]), with_core(CHIP, **memories)), 1)
    assert (counts["weight_reads"], counts["state_writes"], counts["state_reads"]) == (2, 2 + 2, 2 + 2)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_neuron_that_changes_and_reaches_nothing_fires(engine):
    """A convolution of stride 2 looks at pixels 0 and 2 of three."""
    network = columns_of(3, 2, weights=[1], window=Window(stride=(2, 1)))
    counts = row(run(engine, network, frames([0, 1, 0]), CHIP), 0)
    assert (counts["fires"], counts["values_out"], counts["l1_out"], counts["messages_out"]) == (1, 1, 1, 0)
    assert counts["update_busy_fs"] == 3 * SCAN + FIRE


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("mode", "counted"), [("sigma_delta", [1, 0, 1]), ("rounding", [1, 1, 1])])
@pytest.mark.parametrize("weight", [100, -100])
def test_saturations_are_of_updated_neurons_at_either_end(engine, mode, counted, weight):
    """The layer's s is 0..255 and its activation the identity: 1000 is clipped at the top, -1000 at the bottom."""
    network = chain(1, 1, 1, weight=weight)
    network = replace(network, layers=(replace(network.layers[0], activation=Identity()), network.layers[1]))
    result = run(engine, network, frames([10], [10], [20]), CHIP, mode=mode)
    assert column(result, "saturations", core=1) == counted
    assert column(result, "saturations", core=0) == [0, 0, 0]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_last_layer_scans_and_sends_nothing(engine):
    result = run(engine, chain(1, 3), frames([1]), with_core(CHIP, update_fs=50))
    counts = row(result, 1)
    assert counts["update_end_fs"] - counts["update_start_fs"] == counts["update_busy_fs"] == 3 * (SCAN + 50)
    assert (counts["accesses"], counts["updates"]) == (3, 3)
    assert [counts[name] for name in ("fires", "nonzero", "values_out", "messages_out", "tokens_out")] == [0] * 5


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("chip", "way"), [(INSTANT, 1), (replace(INSTANT, flit_fs=FLIT), FLIT + 1)])
def test_a_private_way_takes_at_least_1_fs_but_in_a_chain(engine, chip, way):
    """The whole way, however many its hops; flits come on top."""
    alone = run(engine, chain(1, 1), frames([1]), chip)
    assert times(alone, "arrival_fs") == [way - 1]
    met = run(engine, chain(2, 1), frames([1, 1]), chip, (0, 1), (3,))
    assert times(met, "arrival_fs") == [way, way]


@pytest.mark.parametrize("engine", ENGINES)
def test_on_shared_links_hops_handing_over_and_leaving_take_at_least_1_fs(engine):
    """Two hops and the handing over: 3 fs. Of two messages of one core the second is at the head 1 fs later."""
    result = run(engine, chain(1, 1), frames([2]), replace(INSTANT, shared_links=True), (0,), (2,))
    assert times(result, "sent_fs") == [0, 0]
    assert times(result, "arrival_fs") == [3, 4]


@pytest.mark.parametrize("engine", ENGINES)
def test_under_barriers_the_inputs_core_waits_for_a_paced_frame(engine):
    """Step 1 begins with the layer's update phase of frame 0; frame 1 is there at 10**9."""
    chip = replace(CHIP, synchronisation="barrier", barrier_fs=((8, 17),))
    result = run(engine, chain(1, 1), frames([1], [2]), chip, kind="pipelined", interval_fs=10**9)
    step = row(result, 1)["serve_end_fs"] + 17
    assert row(result, 1)["update_start_fs"] == step
    into = row(result, 0, frame=1)
    assert into["update_start_fs"] == 10**9
    assert into["barrier_fs"] == step - row(result, 0)["update_end_fs"]
    assert into["starved_fs"] == 10**9 - step


@pytest.mark.parametrize("engine", ENGINES)
def test_a_group_barrier_holds_cores_of_one_group_and_level(engine):
    """One group of all. The layer's parts, one and two hops away, wait for each other: two tiles, 19 fs."""
    chip = replace(CHIP, synchronisation="group_barrier", groups=(8,), barrier_fs=((1, 5), (2, 19)))
    result = run(engine, chain(1, 2, 1), frames([1]), chip, (0,), (1, 2), (3,))
    near, far = row(result, 1), row(result, 2)
    assert near["serve_end_fs"] < far["serve_end_fs"]
    assert near["update_start_fs"] == far["update_start_fs"] == far["serve_end_fs"] + 19
    assert (near["barrier_fs"], far["barrier_fs"]) == (19 + far["serve_end_fs"] - near["serve_end_fs"], 19)
    for alone in (0, 3):
        assert row(result, alone)["barrier_fs"] == 0
        assert row(result, alone)["update_start_fs"] == row(result, alone)["serve_end_fs"]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_group_barrier_holds_the_inputs_cores_that_have_a_frame(engine):
    """Part 1 is at its own time ready for frame 1, and part 0 later: it fires two neurons, the other none."""
    chip = replace(CHIP, synchronisation="group_barrier", groups=(2,), barrier_fs=((1, 19),))
    result = run(engine, chain(4, 1), frames([1, 1, 0, 0], [2, 2, 0, 0]), chip, (0, 1), (2,), kind="pipelined")
    busy, idle = row(result, 0, frame=1), row(result, 1, frame=1)
    assert busy["serve_end_fs"] > idle["serve_end_fs"] == row(result, 1)["update_end_fs"]
    assert busy["update_start_fs"] == idle["update_start_fs"] == busy["serve_end_fs"] + 19
    assert idle["starved_fs"] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_the_later_bands_are_the_larger(engine):
    result = run(engine, chain(1, 8), frames([1]), CHIP, (0,), (1, 2, 3))
    assert [row(result, core)["accesses"] for core in (1, 2, 3)] == [2, 3, 3]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_place_freed_and_taken_at_once_counts_once(engine):
    """Queues of two. Nothing takes time but decoding: messages arrive at once and wait for each other."""
    chip = with_core(replace(BARE, flit_fs=0, hop_ew_fs=0), queue_depth=2, decode_fs=100)
    result = run(engine, chain(1, 1), frames([3]), chip)
    # the first is served from 0 on and counts still when the second is sent, at 0; the third is sent at 100
    assert times(result, "sent_fs") == [0, 0, 0]
    assert times(result, "start_fs") == [0, 100, 200]
    assert row(result, 1)["queue_peak"] == 2


@pytest.mark.parametrize("engine", ENGINES)
def test_who_is_reached_by_nobody_hears_that_the_frame_is_over(engine):
    """Two rows of input, four rows of accumulators: the outer two look at padding only and hear from the first part."""
    network = columns_of(2, 4, weights=[1], window=Window(padding=(1, 0)))
    result = run(engine, network, frames([1, 1]), CHIP, (0, 1), (2, 3, 4, 5), (6,), cuts="rows")
    assert [row(result, core)["messages_in"] for core in (2, 3, 4, 5)] == [0, 1, 1, 0]
    # part 0 reaches row 1 and tells rows 0 and 3 as well; part 1 reaches row 2
    assert [row(result, core)["tokens_out"] for core in (0, 1)] == [3, 1]


@pytest.mark.parametrize("engine", ENGINES)
def test_links_are_numbered_as_they_come_up(engine):
    """The input in the middle of a row of tiles, two rows high; the layer's upper row east of it, its lower row west.

    Row 0 of the input meets (1, 0) accumulator rows of the two, row 1 meets (0, 1): row 1 comes first.
    """
    network = columns_of(2, 2, weights=[1], window=Window())
    result = run(engine, network, frames([1, 1]), CHIP, (1,), (2, 0), (3,), cuts="rows")
    assert [(link.begin[0], link.end[0]) for link in result.plan.mesh] == [(1, 0), (1, 2), (2, 3), (0, 1)]
