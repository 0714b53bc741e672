"""PilotNet's published event table: its synaptic operations by the vendor's rule, and the true ones by ours."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from benchmarks.pilotnet import (
    FULL,
    FULL_INPUT,
    FULL_MACS,
    FULL_SYNAPSES,
    INPUT,
    INPUT_ACTIVATIONS,
    INPUT_EVENTS,
    MACS,
    SMALL,
    SYNAPSES,
    TABLE,
    Layer,
    integer_network,
    vendors_rule,
)
from hwmodels import chip_of, load_accelerator
from hwmodels.records import COLUMNS
from simulator import simulate

PRINTED = 0.005  # events and operations are printed to two decimals
EVENTS = (INPUT_EVENTS, *(row.events for row in TABLE))
ACTIVATIONS = (INPUT_ACTIVATIONS, *(row.activations for row in TABLE))
MAPS = (INPUT, *(layer.shape for layer in SMALL))


@pytest.fixture(scope="module")
def graded_chip():
    return replace(chip_of(load_accelerator("oconnor2017-int32")), encoding="graded")


def fan_out(layer: Layer, senders: tuple[int, int, int]) -> np.ndarray:
    """(height, width): synapses that an event at each pixel meets, counted one by one."""
    height, width, _ = senders
    if layer.kernel is None:
        return np.full((height, width), layer.shape[2])
    reached = np.zeros((height, width), int)
    for y, x, j, i in product(range(layer.shape[0]), range(layer.shape[1]), *map(range, layer.kernel)):
        row, column = layer.stride[0] * y + j - layer.padding[0], layer.stride[1] * x + i - layer.padding[1]
        if 0 <= row < height and 0 <= column < width:
            reached[row, column] += layer.shape[2]
    return reached


@pytest.mark.parametrize("number", range(8))
def test_published_events_give_the_published_operations_vendors_rule(number):
    layer, row = SMALL[number], TABLE[number]
    per_event = vendors_rule(1, layer)
    assert vendors_rule(EVENTS[number], layer) == pytest.approx(row.synops, abs=PRINTED * (per_event + 1))


def test_totals_and_ratios_of_the_table():
    assert sum(EVENTS) == pytest.approx(3733.14, abs=9 * PRINTED)
    assert sum(row.synops for row in TABLE) == pytest.approx(599_807.33, abs=1)
    assert sum(row.dense for row in TABLE) == 7_306_062
    assert [vendors_rule(n, layer) for n, layer in zip(ACTIVATIONS[:-1], SMALL, strict=True)] == [
        row.dense for row in TABLE
    ]
    assert round(sum(ACTIVATIONS) / 3733.14, 2) == 11.55
    assert round(7_306_062 / 599_807.33, 2) == 12.18


def test_against_the_multiply_accumulates_of_the_shapes_the_vendors_ratio_is_8_96():
    assert sum(MACS) == 5_375_238
    assert round(sum(MACS) / 599_807.33, 2) == 8.96


def test_true_operations_of_the_published_events_if_they_are_spread_evenly():
    # An event meets on average synapses / senders of them: not what the vendor's rule says, where maps have borders.
    true = [
        n * synapses / senders for n, synapses, senders in zip(EVENTS[:-1], SYNAPSES, ACTIVATIONS[:-1], strict=True)
    ]
    vendor = [vendors_rule(events, layer) for events, layer in zip(EVENTS[:-1], SMALL, strict=True)]
    assert [round(each) for each in true] == [127_056, 16_625, 106_201, 146_280, 2_990, 240, 14, 0]
    assert [round(a / b, 3) for a, b in zip(true, vendor, strict=True)] == [0.95, 0.857, 0.873, 0.455, 1, 1, 1, 1]
    assert round(sum(true)) == 399_406
    assert sum(SYNAPSES) == 5_071_110
    assert round(sum(SYNAPSES) / sum(true), 2) == 12.7


@pytest.mark.parametrize(
    ("shape", "layers", "synapses"),
    [(INPUT, SMALL, SYNAPSES), (FULL_INPUT, FULL, FULL_SYNAPSES)],
    ids=["small", "full"],
)
def test_a_dense_pass_counts_every_synapse_once(graded_chip, shape, layers, synapses):
    network = replace(integer_network(shape, layers), precision="full")
    result = simulate(network, np.zeros((1, network.inputs), np.uint8), graded_chip, "original")
    assert tuple(result.counts[0, 1:, COLUMNS.index("adds")].tolist()) == synapses
    assert tuple(result.counts[0, 1:, COLUMNS.index("multiplies")].tolist()) == synapses


def test_sizes_of_the_full_network():
    assert sum(FULL_MACS) == 14_550_054
    network = integer_network(FULL_INPUT, FULL)
    assert sum(layer.outputs for layer in network.layers) == 118_909
    assert sum(layer.weight_count for layer in network.layers) == 349_998


def test_what_is_counted_in_a_run_is_the_fan_out_of_every_event(graded_chip):
    # Each frame changes as many pixels as the table has input events; counted beside it: the vendor's rule.
    network = integer_network(INPUT, SMALL)
    random = np.random.default_rng(3)
    frames = np.repeat(random.integers(0, 256, (1, network.inputs), dtype=np.uint8), 3, axis=0)
    for t in (1, 2):
        frames[t] = frames[t - 1]
        changed = random.choice(network.inputs, round(INPUT_EVENTS), replace=False)
        frames[t, changed] ^= 128
    result = simulate(network, frames, graded_chip, "sigma_delta", keep_integers=True)
    ends = np.cumsum([height * width * channels for height, width, channels in MAPS[:-1]])
    maps = np.split(np.diff(result.integers, axis=0), ends, axis=1)
    for number, layer in enumerate(SMALL):
        sent = (maps[number] != 0).reshape(2, *MAPS[number]).sum(axis=3)
        events, true = sent.sum(), (sent * fan_out(layer, MAPS[number])).sum()
        assert result.counts[1:, number, COLUMNS.index("messages_out")].sum() <= events
        assert result.counts[1:, number + 1, COLUMNS.index("adds")].sum() == true
        if layer.kernel is None:
            assert true == vendors_rule(events, layer)
        else:
            assert true != vendors_rule(events, layer)
        if number == 0:
            assert events == 2 * round(INPUT_EVENTS)
            assert true == pytest.approx(events * SYNAPSES[0] / ACTIVATIONS[0], rel=0.02)
