"""Time is refused before it passes 2**63 fs, in both engines, whatever it is that takes so long."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_cases import cases
from small_chips import CHIP, chain, frames, with_core

from hwmodels.chip import Chip, MemoryTiming
from simulator import Arrival, SimulationError, one_core_each, plan_network, simulate
from simulator.chip_run import find_times, follow
from simulator.fast import find, start
from simulator.modes import mode_named
from simulator.placement.loads import core_loads_fs
from simulator.timing.limits import LONGEST_FS
from simulator.timing.longest import frame_costs

SECOND = 10**15
BEYOND = 2**70
ENGINES = ["fast", "reference"]
NETWORK = chain(2, 2, 1)
MANY = np.tile(frames([3, 0], [0, 2]), (3, 1))


def memory_of(capacity_bits: int | None, access_fs: int) -> MemoryTiming:
    return MemoryTiming(capacity_bits=capacity_bits, word_bits=64, ports=1, access_fs=access_fs)


SLOW = {
    "weight_memory": lambda fs: with_core(weight_memory=memory_of(None, fs)),
    "state_memory": lambda fs: with_core(state_memory=memory_of(None, fs)),
    "multiply_fs": lambda fs: replace(with_core(multiply_fs=fs), encoding="graded"),
    "local_fs": lambda fs: replace(CHIP, cores_per_tile=8, columns=1, rows=1, local_fs=fs),
    "hop_ns_fs": lambda fs: replace(CHIP, columns=1, rows=8, hop_ns_fs=fs),
    "hop_ew_fs": lambda fs: replace(CHIP, hop_ew_fs=fs),
    "flit_fs": lambda fs: replace(CHIP, flit_fs=fs),
    "frame_word_fs": lambda fs: replace(CHIP, frame_word_bits=64, frame_word_fs=fs),
    "barrier_fs": lambda fs: replace(CHIP, synchronisation="barrier", barrier_fs=((1, fs),)),
    "stream_word_fs": lambda fs: replace(
        with_core(weight_memory=memory_of(8, 0)), stream_word_bits=64, stream_word_fs=fs
    ),
}


def slow(what: str, fs: int) -> Chip:
    """The chip with one thing that takes so long."""
    return SLOW[what](fs) if what in SLOW else with_core(**{what: fs})


NAMED = {
    "access_fs": "core.neuron.access",
    "update_fs": "core.neuron.update",
    "fire_fs": "core.neuron.fire",
    "encode_fs": "core.encode",
    "decode_fs": "core.decode",
    "add_fs": "operations.add",
    "multiply_fs": "operations.multiply",
    "weight_memory": "core.weight_memory",
    "state_memory": "core.state_memory",
    "frame_word_fs": "off_chip.time_per_word",
    "stream_word_fs": "off_chip.time_per_word",
    "flit_fs": "mesh.flit_latency",
    "hop_ew_fs": "mesh.east_west",
    "hop_ns_fs": "mesh.north_south",
    "local_fs": "mesh.local",
    "barrier_fs": "synchronisation.latency",
}


@pytest.mark.parametrize("kind", ["serial", "pipelined"])
@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("what", NAMED)
def test_whatever_takes_too_long_is_refused_by_its_name(what: str, shared: bool, kind: str) -> None:
    for fs in (LONGEST_FS // 3, LONGEST_FS, BEYOND):
        chip = replace(slow(what, fs), shared_links=shared, router_depth=2 if shared else None)
        for engine in ENGINES:
            with pytest.raises(SimulationError, match=r"2\.5 hours") as caught:
                simulate(NETWORK, MANY, chip, engine=engine, arrival=Arrival(kind))
            assert engine == "reference" or NAMED[what] in str(caught.value)


@pytest.mark.parametrize("what", NAMED)
def test_the_number_of_frames_that_is_named_can_be_simulated(what: str) -> None:
    many = np.tile(frames([3, 0], [0, 2]), (200, 1))
    for engine in ENGINES:
        with pytest.raises(SimulationError) as caught:
            simulate(NETWORK, many, slow(what, 100 * SECOND), engine=engine)
        count = int(re.search(r"at most (\d+) frame", str(caught.value))[1])
        ends = simulate(NETWORK, many[:count], slow(what, 100 * SECOND), engine=engine).counts_table()["update_end_fs"]
        slower = simulate(NETWORK, many[:count], slow(what, SECOND), engine=engine).counts_table()["update_end_fs"]
        assert np.allclose(ends, 100 * slower.astype(float), rtol=1e-6, atol=1e-4 * SECOND)
        assert ends.max() > 0.7 * LONGEST_FS  # and little less than what there is time for


def test_what_never_happens_may_take_any_time() -> None:
    chip = replace(with_core(multiply_fs=BEYOND), hop_ns_fs=BEYOND, local_fs=BEYOND)
    for engine in ENGINES:
        expected = simulate(NETWORK, MANY, CHIP, engine=engine)
        assert np.array_equal(simulate(NETWORK, MANY, chip, engine=engine).counts, expected.counts)


@pytest.mark.parametrize("engine", ENGINES)
def test_frames_that_arrive_too_late_are_refused(engine: str) -> None:
    for interval in (LONGEST_FS // 5, LONGEST_FS, BEYOND):
        with pytest.raises(SimulationError, match=r"2\.5 hours"):
            simulate(NETWORK, MANY, CHIP, engine=engine, arrival=Arrival("pipelined", interval))
    fits = simulate(NETWORK, MANY, CHIP, engine=engine, arrival=Arrival("pipelined", LONGEST_FS // 6))
    assert fits.counts_table()["update_start_fs"].max() > LONGEST_FS // 6 * 5


def slower(chip: Chip, factor: int) -> Chip:
    """All times of a chip made longer."""

    def longer(thing):
        changes = {}
        for field in fields(thing):
            value = getattr(thing, field.name)
            if isinstance(value, MemoryTiming):
                changes[field.name] = longer(value)
            elif field.name.endswith("_fs") and isinstance(value, int):
                changes[field.name] = value * factor
        return replace(thing, **changes)

    barrier = tuple((tiles, fs * factor) for tiles, fs in chip.barrier_fs)
    return replace(longer(chip), cores=tuple(longer(core) for core in chip.cores), barrier_fs=barrier)


@given(cases() | cases(branches=True, splits=True))
def test_no_frame_takes_longer_than_all_that_it_does(case) -> None:
    plan = plan_network(case.network, case.chip, mode_named(case.mode), case.mapping)
    state = start(case.network, plan, case.arrival, block=len(case.frames))
    find(state, case.frames.reshape(len(case.frames), -1))
    (run,) = state.runs
    follow(run, state.found)
    spent = frame_costs(run.costs, run.slots, np.arange(len(case.frames)))
    find_times(run, last=True)
    arrival = (len(case.frames) - 1) * case.arrival.interval_fs
    assert run.times.update_end.max() <= arrival + spent.sum() + run.costs.tail.sum()


@given(cases() | cases(branches=True, splits=True), st.floats(0.5, 1.5))
@settings(max_examples=60)
def test_near_the_limit_both_engines_say_the_same_or_refuse(case, share: float) -> None:
    def run(chip, engine, arrival):
        """The result; None if it was refused for its length."""
        given = {"mapping": case.mapping, "engine": engine, "arrival": arrival}
        with suppress(SimulationError):
            return simulate(case.network, case.frames, chip, case.mode, **given)
        with pytest.raises(SimulationError, match=r"2\.5 hours"):
            simulate(case.network, case.frames, chip, case.mode, **given)
        return None

    end = max(int(run(case.chip, "fast", case.arrival).counts_table()["update_end_fs"].max()), 1)
    factor = int(share * LONGEST_FS / end)
    chip, arrival = slower(case.chip, factor), replace(case.arrival, interval_fs=case.arrival.interval_fs * factor)
    fast, reference = run(chip, "fast", arrival), run(chip, "reference", arrival)
    if reference is None:
        assert fast is None
    if fast is not None:
        assert np.array_equal(fast.counts, reference.counts)
        assert np.array_equal(fast.mesh, reference.mesh)
        assert min(fast.counts_table()[name].min() for name in ("starved_fs", "update_end_fs", "serve_end_fs")) >= 0


@pytest.mark.parametrize("what", [each for each in NAMED if each not in {"barrier_fs", "frame_word_fs"}])
def test_loads_that_decide_a_mapping_are_exact_however_long(what: str) -> None:
    mapping = one_core_each(NETWORK)
    none, one, many = (core_loads_fs(NETWORK, slow(what, fs), mapping) for fs in (0, SECOND, BEYOND * SECOND))
    for before, slower_by_one, slower_by_many in zip(none, one, many, strict=True):
        # exactly so for what adds up; where the longest of several counts, by no less than what is over the others
        more = [(b - a, c - a) for a, b, c in zip(before, slower_by_one, slower_by_many, strict=True)]
        assert all(abs(most - BEYOND * least) <= BEYOND * 10**9 for least, most in more)
