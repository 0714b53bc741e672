"""The benchmark of operations counts what the messages cost, by both conventions, layer by layer."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from block_graphs import Blocks

from benchmarks.operations import layer_table, measure, together, totals_table
from hwmodels import chip_of, load_accelerator
from workloads import frames_of_array, quantise
from workloads.graphs.graph import INPUT
from workloads.integer.forward import integer_forward

SIZE, FRAMES, CHANNELS, OUTPUTS = 6, 4, 3, 5


@pytest.fixture(scope="module")
def measured():
    """A 3 x 3 convolution that keeps the size, behind an input, before another one; and its integers."""
    blocks = Blocks(SIZE)
    graph = blocks.graph(blocks.conv(blocks.conv(INPUT, OUTPUTS), OUTPUTS, act=None))
    pixels = np.random.default_rng(5).integers(0, 256, (FRAMES, CHANNELS * SIZE * SIZE)).astype(np.uint8)
    pixels[2:, : SIZE * SIZE] = pixels[1, : SIZE * SIZE]
    network = quantise(graph, pixels).scaled
    first, rest = measure(network, frames_of_array("array", pixels), chip_of(load_accelerator("oconnor2017-int32")))
    return first, rest, integer_forward(network, pixels).activations


def reached(channels):
    """(SIZE, SIZE): neurons of a 3 x 3 convolution that a pixel reaches: fewer from the border."""
    side = np.full(SIZE, 3)
    side[[0, -1]] = 2
    return np.outer(side, side) * channels


def maps(activations):
    return activations.reshape(FRAMES, SIZE, SIZE, -1).astype(np.int64)


def changes(values):
    return np.abs(np.diff(values, axis=0, prepend=0))


def test_operations_are_those_of_the_messages(measured):
    first, rest, activations = measured
    for layer, (sent, channels) in enumerate(zip(activations, (OUTPUTS, OUTPUTS), strict=False)):
        s, fan_out = maps(sent), reached(channels)[..., None]
        for part, frames in ((first, slice(0, 1)), (rest, slice(1, None))):
            for mode, values in (("rounding", np.abs(s)), ("sigma_delta", changes(s))):
                unary = int((values[frames] * fan_out).sum())
                graded = 2 * int(((values[frames] != 0) * fan_out).sum())
                assert part.counted[mode, "unary"][layer] == unary
                assert part.counted[mode, "graded"][layer] == graded
                assert part.paper[mode][layer] == int(values[frames].sum()) * 9 * channels


def test_dense_operations_with_and_without_borders(measured):
    first, rest, _ = measured
    inside = 2 * SIZE * SIZE * OUTPUTS * CHANNELS * 9
    assert (first.dense_paper[0], rest.dense_paper[0]) == (inside, 3 * inside)
    assert rest.dense[0] == 3 * 2 * CHANNELS * int(reached(OUTPUTS).sum())


def test_tables_add_up(measured):
    first, rest, _ = measured
    both = together(first, rest)
    assert both.frames == FRAMES
    assert sum(both.counted["rounding", "unary"]) == sum(
        sum(part.counted["rounding", "unary"]) for part in (first, rest)
    )
    *_, last = layer_table(both)
    cells = [cell.strip() for cell in last.strip("|").split("|")]
    assert cells[0] == "all"
    changed = sum(both.counted["sigma_delta", "unary"])
    assert cells[7] == f"{sum(both.dense) / changed:.1f}"
    assert cells[9] == f"{changed / sum(both.counted['rounding', 'unary']):.2f}"
    row = totals_table({"all": both})[2]
    assert row.endswith(f"| {float(sum(both.dense_paper) / sum(both.paper['sigma_delta'], Fraction())):.1f} |")
