"""Times worked out by hand, and laws that every run keeps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from random_cases import cases
from small_chips import CHIP, CORE, chain, frames, with_core

from hwmodels.chip import MemoryTiming
from hwmodels.records import COLUMNS
from simulator import Arrival, SimulationError, plan_network, simulate
from simulator.modes import mode_named

ENGINES = ["fast", "reference"]


def row(result, frame, core):
    return dict(zip(COLUMNS, result.counts[frame, core].tolist(), strict=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_one_core_one_message(engine):
    result = simulate(chain(1, 1), frames([1]), CHIP, engine=engine, record_messages=True)
    scan, fire, encode = CORE.access_fs, CORE.fire_fs, CORE.encode_fs
    sent = scan + fire + encode
    arrival = sent + 7 + 3  # one flit, one hop east
    served = arrival + CORE.decode_fs + CORE.add_fs
    message = result.messages_table().iloc[0]
    assert message[["ready_fs", "sent_fs", "arrival_fs", "start_fs", "end_fs"]].tolist() == [
        sent,
        sent,
        arrival,
        arrival,
        served,
    ]
    into, out = row(result, 0, 0), row(result, 0, 1)
    # the token waits for the link behind the message, travels, and is taken in when the message has been served
    assert into["update_end_fs"] == sent + 7
    assert into["blocked_injection_fs"] == 7
    assert out["serve_end_fs"] == max(served, sent + 7 + 7 + 3)
    assert out["update_end_fs"] == out["serve_end_fs"] + scan
    assert result.outputs.tolist() == [[1]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("encoding", "adds", "multiplies", "messages", "service"),
    [
        ("unary", 3 * 7, 0, 7, 10_000 + 3 * 100),
        ("graded", 3, 3, 1, 10_000 + 3 * 100 + 3 * 1000),
        ("shift_add", 2 * 3, 0, 1, 10_000 + 2 * 3 * 100),  # 7 = 8 - 1
        ("sign_magnitude_burst", 3 * 3, 0, 3, 10_000 + 3 * 100),  # 1, 2, 4
    ],
)
def test_what_a_message_of_seven_costs_three_neurons(engine, encoding, adds, multiplies, messages, service):
    chip = replace(CHIP, encoding=encoding)
    result = simulate(chain(1, 3), frames([7]), chip, engine=engine, record_messages=True)
    out = row(result, 0, 1)
    assert (out["adds"], out["multiplies"], out["messages_in"]) == (adds, multiplies, messages)
    table = result.messages_table()
    assert set(table["end_fs"] - table["start_fs"]) == {service}
    assert result.outputs.tolist() == [[7, 7, 7]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_burst_sends_the_bits_of_a_change_one_after_another_the_lowest_first(engine):
    """5 is 1 and 4; the change from 5 to 3 is -2, one message."""
    chip = replace(CHIP, encoding="sign_magnitude_burst")
    result = simulate(chain(1, 1), frames([5], [3]), chip, "sigma_delta", engine=engine, record_messages=True)
    table = result.messages_table()
    assert table[["frame", "value"]].to_numpy().tolist() == [[0, 1], [0, 4], [1, -2]]
    first, second = table["ready_fs"].tolist()[:2]
    assert first == CORE.access_fs + CORE.fire_fs + CORE.encode_fs
    assert second == table["sent_fs"][0] + CORE.encode_fs
    assert result.outputs.tolist() == [[5], [3]]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("encoding", "clips"), [("graded", 1), ("unary", 5), ("shift_add", 1), ("sign_magnitude_burst", 2)]
)
def test_every_message_is_clipped_in_turn(engine, encoding, clips):
    """Up to 127 by 7 x 50: 350 at once; 50, 100, 150 and so on; or 50, 150 and 350."""
    network = replace(chain(1, 1, weight=50, overflow="saturate"), accumulator_bits=8)
    result = simulate(network, frames([7]), replace(CHIP, encoding=encoding), "rounding", engine=engine)
    assert result.outputs.tolist() == [[127]]
    assert row(result, 0, 1)["accumulator_clips"] == clips


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("pipelined", "service"), [(False, 1300), (True, 1000)])
def test_lanes_and_pipelining(engine, pipelined, service):
    # 5 neurons on 2 adders: 3 rounds of 100; on 5 multipliers: 1 round of 1000
    chip = with_core(replace(CHIP, encoding="graded"), add_lanes=2, multiply_lanes=5, pipelined=pipelined, decode_fs=0)
    result = simulate(chain(1, 5), frames([7]), chip, engine=engine)
    assert row(result, 0, 1)["serve_busy_fs"] == service


@pytest.mark.parametrize("engine", ENGINES)
def test_a_slow_memory_sets_the_pace(engine):
    # 9 accumulators of 32 bits are 5 words of 64: read and written 10 accesses, over 2 ports 5 rounds of 999
    chip = with_core(state_memory=MemoryTiming(None, 64, 2, 999))
    result = simulate(chain(1, 9), frames([1]), chip, engine=engine)
    assert row(result, 0, 1)["serve_busy_fs"] == CORE.decode_fs + 5 * 999


@pytest.mark.parametrize("engine", ENGINES)
def test_a_chain_without_contention(engine):
    """Service outlasts emission, so each core works without a break: the latency is the sum of its parts."""
    chip = with_core(access_fs=0, fire_fs=0, encode_fs=1)
    result = simulate(chain(4, 3, 2), frames([1, 1, 1, 1]), chip, engine=engine)
    first_arrival = 1 + 7 + 3
    serve_1 = 4 * (CORE.decode_fs + 3 * CORE.add_fs)  # four unit events from the input
    emit_1 = 1 + 7 + 3  # until the first event of core 1 arrives
    serve_2 = 3 * 4 * (CORE.decode_fs + 2 * CORE.add_fs)  # three neurons of value 4
    assert row(result, 0, 2)["update_end_fs"] == first_arrival + serve_1 + emit_1 + serve_2
    assert result.outputs.tolist() == [[12, 12]]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_full_queue_holds_the_sender_back(engine):
    """Depth 1: a message leaves when the one before is taken in, a service time after that one's arrival."""
    chip = with_core(access_fs=0, fire_fs=0, encode_fs=0, queue_depth=1)
    result = simulate(chain(1, 1), frames([3]), chip, engine=engine, record_messages=True)
    table = result.messages_table()
    way, service = 7 + 3, CORE.decode_fs + CORE.add_fs
    assert table["sent_fs"].tolist() == [0, way, way + service]
    assert table["start_fs"].tolist() == [way, way + service, way + 2 * service]
    into, out = row(result, 0, 0), row(result, 0, 1)
    assert (into["blocked_injection_fs"], out["queue_peak"]) == (7 + 7 + 7, 1)
    assert into["update_end_fs"] == way + 2 * service  # the token takes the slot of the last message
    assert into["blocked_queue_fs"] == into["update_end_fs"] - into["blocked_injection_fs"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("mode", ["sigma_delta", "temporal_difference"])
def test_constant_input_sends_nothing_after_the_first_frame(engine, mode):
    network = chain(3, 4, 2, precision="full" if mode == "temporal_difference" else "scaled")
    same = frames(*[[5, 0, 200]] * 4)
    result = simulate(network, same, CHIP, mode, engine=engine)
    column = COLUMNS.index("messages_out")
    assert result.counts[0, :2, column].min() > 0
    assert result.counts[1:, :, column].sum() == 0
    assert (result.outputs == result.outputs[0]).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_barrier_steps_begin_together(engine):
    chip = replace(CHIP, synchronisation="barrier", barrier_fs=((1, 1), (3, 17)))
    arrival = Arrival("pipelined")
    result = simulate(chain(2, 2, 2), frames([1, 2], [3, 4], [0, 9]), chip, engine=engine, arrival=arrival)
    ends = {
        step: max(
            [row(result, step - core, core)["update_end_fs"] for core in range(3) if 0 <= step - core < 3]
            + [row(result, step - core + 1, core)["serve_end_fs"] for core in (1, 2) if 0 <= step - core + 1 < 3]
        )
        for step in range(5)
    }
    for step in range(1, 5):
        for core in range(3):
            if 0 <= step - core < 3:
                assert row(result, step - core, core)["update_start_fs"] == ends[step - 1] + 17  # three tiles


@pytest.mark.parametrize("engine", ENGINES)
def test_frames_that_arrive_at_a_rate_wait_for_their_time(engine):
    result = simulate(chain(1, 1), frames([1], [2]), CHIP, engine=engine, arrival=Arrival("pipelined", 10**9))
    assert row(result, 1, 0)["update_start_fs"] == 10**9


@settings(max_examples=100)
@given(cases())
def test_every_core_accounts_for_all_its_time_and_messages(case):
    result = simulate(case.network, case.frames, case.chip, case.mode, arrival=case.arrival)
    at = {name: result.counts[..., place] for place, name in enumerate(COLUMNS)}
    spans = np.diff(at["update_end_fs"], axis=0, prepend=0)
    parts = ["serve_busy_fs", "update_busy_fs", "starved_fs", "barrier_fs", "blocked_injection_fs", "blocked_queue_fs"]
    np.testing.assert_array_equal(sum(at[part] for part in parts), spans)
    assert all(at[part].min() >= 0 for part in parts)
    np.testing.assert_array_equal(at["messages_in"][:, 1:], at["messages_out"][:, :-1])
    depths = [core.queue_depth for core in case.chip.cores[1 : len(case.network.layers) + 1]]
    assert (at["queue_peak"][:, 1:] <= depths).all()


@settings(max_examples=50)
@given(cases())
def test_a_deeper_queue_never_makes_a_frame_later(case):
    def ends(depth):
        deep = with_core(case.chip, queue_depth=depth)
        result = simulate(case.network, case.frames, deep, case.mode, arrival=case.arrival)
        return result.counts[..., COLUMNS.index("update_end_fs")]

    shallow, deep = ends(1), ends(5)
    assert (deep <= shallow).all()


def test_what_does_not_fit_is_refused_with_every_reason():
    small = MemoryTiming(64, 64, 1, 0)
    chip = with_core(
        replace(CHIP, weight_bits=4, encoding="graded", payload_bits=8), multiply_fs=None, weight_memory=small
    )
    with pytest.raises(SimulationError) as refused:
        plan_network(chain(20, 3), chip, mode_named("sigma_delta"))
    text = str(refused.value)
    for reason in (
        "weight_bits of 8 bits",
        "need a multiplier",
        "messages.payload_bits is 8",
        "0.0586 KiB of weight_memory",
    ):
        assert reason in text, reason


def test_too_few_cores_are_refused():
    with pytest.raises(SimulationError, match="8 layers and the input need 9 cores, by hand has 8"):
        plan_network(chain(*[1] * 9), CHIP, mode_named("sigma_delta"))


@pytest.mark.parametrize(
    ("array", "mode", "message"),
    [
        (np.zeros((2, 3), np.uint8), "sigma_delta", r"frames of uint8 and shape \(2, 3\).*takes \(n, 2\) uint8"),
        (np.zeros((2, 2), np.float32), "sigma_delta", "frames of float32"),
        (np.zeros((2, 2), np.uint8), "sigma-delta", "unknown mode 'sigma-delta'"),
        (np.zeros((2, 2), np.uint8), "original", "runs the full network"),
    ],
)
def test_wrong_frames_and_modes_are_refused(array, mode, message):
    with pytest.raises(SimulationError, match=message):
        simulate(chain(2, 2), array, CHIP, mode)


def test_time_that_no_longer_fits_is_refused():
    slow = with_core(access_fs=2**61)
    with pytest.raises(SimulationError, match=r"2\.5 hours"):
        simulate(chain(1, 1), frames(*[[1]] * 300), slow)
