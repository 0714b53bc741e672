"""Layers mapped onto cores by themselves: memories, load, distances, and what is said when there is no mapping."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st
from mapped_cases import assert_mapped
from random_cases import networks
from small_chips import CHIP, CORE, with_core

from hwmodels.chip import MemoryTiming
from simulator.errors import SimulationError
from simulator.modes import mode_named
from simulator.placement.automatic import map_automatically
from simulator.placement.dense_frame import all_parts, connections_of, messages_between, parts_of
from simulator.placement.fitting import Cutter
from simulator.placement.levers import Problem
from simulator.placement.loads import core_loads_fs
from simulator.placement.mapping import (
    Placement,
    is_grouped,
    part_state_bits,
    part_weight_bits,
    sent_map,
)
from simulator.placement.placing import flits_between, in_order, near, tile_distances, traffic
from simulator.placement.plan import service_fs
from simulator.placement.planning import plan_network
from simulator.placement.shortages import InfeasibleError

capacities = st.sampled_from([200, 800, 3000, None]) | st.integers(100, 6000)
latencies = st.sampled_from([0, 1, 10, 1000])


@st.composite
def memories(draw):
    return MemoryTiming(draw(capacities), draw(st.sampled_from([8, 64])), draw(st.integers(1, 2)), draw(latencies))


@st.composite
def chips(draw):
    """Small chips of one to three kinds of cores, most of them with little memory."""
    kinds = [
        replace(
            CORE,
            name=f"kind{number}",
            add_lanes=draw(st.integers(1, 8)),
            add_fs=draw(latencies),
            multiply_fs=draw(st.none() | latencies),
            decode_fs=draw(latencies),
            encode_fs=draw(latencies),
            access_fs=draw(latencies),
            weight_memory=draw(memories()),
            state_memory=draw(memories()),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    columns, rows, per_tile = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    count = columns * rows * per_tile
    return replace(
        CHIP,
        cores=tuple(kinds[draw(st.integers(0, len(kinds) - 1))] for _ in range(count)),
        columns=columns,
        rows=rows,
        cores_per_tile=per_tile,
        encoding=draw(st.sampled_from(["unary", "graded"])),
        multicast=draw(st.booleans()),
        stream_word_bits=draw(st.sampled_from([0, 0, 16])),
        stream_word_fs=draw(latencies),
    )


cases = st.tuples(networks("scaled", branches=True) | networks("scaled", branches=False), chips())
strategies = st.sampled_from(["fit", "balance"])


def mapped(network, chip, **settings):
    try:
        return map_automatically(network, chip, **settings)
    except InfeasibleError:
        return None


def largest_load(network, chip, mapping):
    return max(max(loads) for loads in core_loads_fs(network, chip, mapping))


@given(cases, strategies, st.none() | st.integers(1, 30))
def test_parts_fit_their_memories_and_hold_every_neuron_once(case, strategy, cores):
    network, chip = case
    mapping = mapped(network, chip, strategy=strategy, cores=cores)
    event("mapped" if mapping else "infeasible")
    if mapping:
        assert_mapped(network, chip, mapping)
        assert cores is None or sum(len(placement.cores) for placement in mapping) <= cores
        assert map_automatically(network, chip, strategy=strategy, cores=cores) == mapping


@given(cases)
def test_balance_never_has_a_larger_largest_load(case):
    network, chip = case
    if (fitting := mapped(network, chip)) is not None:
        balanced = map_automatically(network, chip, strategy="balance")
        assert_mapped(network, chip, balanced)
        assert largest_load(network, chip, balanced) <= largest_load(network, chip, fitting)
        assert sum(len(each.cores) for each in balanced) >= sum(len(each.cores) for each in fitting)


def refusal(network, chip):
    """The error, or None if it can be mapped."""
    try:
        map_automatically(network, chip)
    except InfeasibleError as error:
        return error
    return None


@given(cases)
def test_each_lever_makes_it_feasible(case):
    network, chip = case
    if (error := refusal(network, chip)) is None:
        return
    assert error.shortages
    assert error.levers
    assert all(shortage.gap > 0 for shortage in error.shortages)
    for lever in error.levers:
        assert lever.text in str(error)
        after = Problem(network, chip, len(chip.cores)).after(lever.changes)
        assert_mapped(after.network, after.chip, map_automatically(after.network, after.chip, cores=after.limit))


@given(cases)
def test_levers_are_no_larger_than_they_must_be(case):
    network, chip = case
    if (error := refusal(network, chip)) is None:
        return
    problem = Problem(network, chip, len(chip.cores))
    for lever in error.levers:
        for change in lever.changes:
            less = change.value + (1 if change.setting.endswith("_bits") else -1)
            smaller = [replace(each, value=less) if each is change else each for each in lever.changes]
            if change.setting not in ("overflow", "off_chip"):
                assert not problem.after(each for each in smaller if each.value > 0).solvable


@given(cases, st.data())
def test_no_more_traffic_than_along_the_snake(case, data):
    network, chip = case
    if (mapping := mapped(network, chip)) is None:
        return
    flits = flits_between(network, chip, all_parts(network, mapping))
    allowed = np.array([[data.draw(st.integers(0, 3)) > 0 for _ in chip.cores] for _ in flits])
    try:
        snake = in_order(allowed, range(len(chip.cores)))
    except SimulationError:
        return
    cores = near(flits, chip, allowed)
    distances = tile_distances(chip)
    assert len(set(cores)) == len(cores)
    assert all(allowed[part, core] for part, core in enumerate(cores))
    assert (flits * distances[np.ix_(cores, cores)]).sum() <= (flits * distances[np.ix_(snake, snake)]).sum()


@given(networks("scaled", branches=True), st.integers(100, 4000), st.integers(100, 4000))
def test_no_grid_of_fewer_parts_fits(network, weight_bits, state_bits):
    chip = with_core(weight_memory=MemoryTiming(weight_bits, 8, 1, 1), state_memory=MemoryTiming(state_bits, 8, 1, 1))
    for layer in range(len(network.layers) + 1):
        height, _, channels = sent_map(network, layer)
        grids = product(range(1, height + 1), range(1, 2 if is_grouped(network, layer) else channels + 1))
        fitting = [
            rows * across
            for rows, across in grids
            if (rows * across == 1 or network.overflow == "wrap")
            and all(
                part_weight_bits(network, layer, part.channels) <= weight_bits
                and part_state_bits(network, layer, part.rows, part.channels) <= state_bits
                for part in parts_of(network, layer, Placement("", (), rows, across))
            )
        ]
        assert [each.parts for each in Cutter(network, chip).smallest(layer)] == sorted(fitting)[:1]


def synapses_of_a_neuron(network, synapses, receiver, y, x):
    """Accumulator rows of each pixel that a neuron of the sender has synapses in, found tap by tap."""
    height, width, _ = network.layers[receiver - 1].shape
    if synapses.window is None:
        return [0]
    window, (_, taps_y, taps_x, _) = synapses.window, synapses.weights.shape
    return [
        row
        for row, column in product(range(height), range(width))
        for tap_y, tap_x in product(range(taps_y), range(taps_x))
        if (row * window.stride[0] + tap_y * window.dilation[0] - window.padding[0]) == y
        and (column * window.stride[1] + tap_x * window.dilation[1] - window.padding[1]) == x
    ]


@given(networks("scaled", branches=True), st.integers(1, 3), st.integers(1, 3))
def test_messages_between_parts_are_those_of_neurons_with_synapses_there(network, bands, ranges):
    grids = [
        (min(bands, shape[0]), min(ranges, shape[2]))
        for shape in (sent_map(network, number) for number in range(len(network.layers) + 1))
    ]
    connections = iter(connections_of(network))
    for receiver, layer in enumerate(network.layers, start=1):
        for synapses in layer.synapses:
            senders = parts_of(network, synapses.source, Placement("", (), *grids[synapses.source]))
            receivers = parts_of(network, receiver, Placement("", (), *grids[receiver]))
            _, width, _ = sent_map(network, synapses.source)
            counts = np.zeros((len(senders), len(receivers)), int)
            for s, sender in enumerate(senders):
                for y, x in product(range(*sender.rows), range(width)):
                    rows = set(synapses_of_a_neuron(network, synapses, receiver, y, x))
                    for r, part in enumerate(receivers):
                        counts[s, r] += sender.width * bool(rows & set(range(*part.accumulator_rows)))
            assert (messages_between(next(connections), senders, receivers) == counts).all()


@given(cases)
def test_a_plan_has_the_same_loads_traffic_and_memory(case):
    """The planner works them out from every pixel of every link."""
    network, chip = case
    encoding = "unary" if any(core.multiply_fs is None for core in chip.cores) else chip.encoding
    chip = replace(chip, weight_bits=16, encoding=encoding, multicast=False)
    if (mapping := mapped(network, chip)) is None:
        return
    plan = plan_network(network, chip, mode_named("sigma_delta"), mapping)
    loads = [load for loads in core_loads_fs(network, chip, mapping) for load in loads]
    flit_hops = 0
    for link in plan.flows:
        sender = plan.cores[link.sender]
        hits = np.outer(link.hits_y, link.hits_x)
        messages = np.count_nonzero(hits) * sender.sent_shape[2]
        flit_hops += messages * plan.message_flits * (link.hops_ew + link.hops_ns)
        served = sum(service_fs(plan, link, int(each), 1) for each in hits[hits > 0])
        loads[link.receiver] -= served * sender.sent_shape[2]
        loads[link.sender] -= messages * sender.timing.encode_fs
    for core, rest in zip(plan.cores, loads, strict=True):
        looks = sum(core.window_y) * sum(core.window_x) * core.sent_shape[2]
        fires = core.layer_index < len(network.layers)
        timing = core.timing
        assert rest == looks * timing.access_fs + core.neurons * (timing.update_fs + timing.fire_fs * fires)
    assert flit_hops == traffic(network, chip, mapping)
