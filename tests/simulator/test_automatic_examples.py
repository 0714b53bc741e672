"""Layers mapped onto cores by themselves: small chips worked out by hand, and VGG-16."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise, product

import numpy as np
import pytest
from mapped_cases import assert_mapped
from small_chips import CHIP, CORE, chain, identity, with_core

from hwmodels.chip import Chip, MemoryTiming
from simulator.placement.automatic import map_automatically
from simulator.placement.kinds import kinds_of, too_many
from simulator.placement.levers import Change
from simulator.placement.loads import core_loads_fs
from simulator.placement.mapping import Placement, one_core_each
from simulator.placement.placing import strips, tile_distances, traffic
from simulator.placement.routes import tile_of
from simulator.placement.shortages import InfeasibleError
from workloads.integer.network import IntegerLayer, IntegerNetwork, MaxPooling, Synapses, Window, dense_layer
from workloads.integer.unary import Relu

KIB = 8 * 1024


def test_one_core_each_where_it_fits_and_balance_has_nothing_to_gain():
    network = chain(3, 5, 4)
    assert map_automatically(network, CHIP) == one_core_each(network)
    timeless = with_core(add_fs=0, decode_fs=0, encode_fs=0, access_fs=0, fire_fs=0)
    assert map_automatically(network, timeless, strategy="balance") == one_core_each(network)


def small_memories(weight_kib: float, state_kib: float, count: int = 8) -> Chip:
    weights, state = (MemoryTiming(int(kib * KIB), 64, 1, 0) for kib in (weight_kib, state_kib))
    chip = with_core(weight_memory=weights, state_memory=state)
    return replace(chip, cores=chip.cores[:1] * count, columns=4, rows=-(-count // 4))


def test_a_dense_layer_is_cut_by_channels_until_its_weights_fit():
    network = chain(1024, 64, 10)  # 64 KiB and 640 bytes of weights
    mapping = map_automatically(network, small_memories(16, 1))
    assert [(each.rows, each.channels) for each in mapping] == [(1, 1), (1, 4), (1, 1)]
    # on a mesh two tiles high the input touches three of the four parts
    assert traffic(network, small_memories(16, 1), mapping) == 1024 * (1 + 1 + 1 + 2) + 16 * (1 + 1 + 2 + 3)


def test_the_report_says_how_much_is_missing_and_what_would_do():
    network = chain(1024, 64, 10)
    with pytest.raises(InfeasibleError) as caught:
        map_automatically(network, small_memories(2, 1))
    (shortage,) = caught.value.shortages
    assert (shortage.layer, shortage.resource, shortage.demanded, shortage.available) == (None, "cores", 34, 8)
    assert [lever.changes for lever in caught.value.levers] == [
        (Change("cores", 26),),
        (Change("weight_memory", 11),),  # 6 parts of 11 KiB
        (Change("off_chip"),),
    ]
    assert str(caught.value).splitlines()[1:] == [
        "  - 2 layers and the input need at least 34 cores so that their parts fit memories, by hand has 8 to use, "
        "26 too few (most: fc1 takes 32, input takes 1, fc2 takes 1)",
        "  - each of these would do: 26 more cores like 'core' (a bigger mesh); cores with 11 KiB of weight_memory "
        "(core.weight_memory.capacity); off_chip.holds_weights: true (weights that don't fit are streamed)",
    ]


def test_a_layer_that_no_core_holds():
    with pytest.raises(InfeasibleError) as caught:
        map_automatically(chain(1024, 64, 10), small_memories(0.75, 1))
    (shortage,) = caught.value.shortages
    assert (shortage.layer, shortage.resource, shortage.gap, shortage.unit) == ("fc1", "weight_memory", 0.25, "KiB")
    assert shortage.levers == caught.value.levers
    assert (
        "layer 'fc1', even cut into 1 x 64 parts (rows x channels), needs 1 KiB of weight_memory, the largest there is "
        "has 0.75 KiB, 0.25 KiB too little"
    ) in str(caught.value)


def test_what_saturates_is_not_cut():
    with pytest.raises(
        InfeasibleError, match=r"'fc1', which can't be split, needs 64.0 KiB of weight_memory"
    ) as caught:
        map_automatically(chain(1024, 64, 10, overflow="saturate"), small_memories(16, 1))
    assert [lever.changes[0] for lever in caught.value.levers] == [
        Change("weight_memory", 64),
        Change("weight_bits", 2),
        Change("overflow"),
        Change("off_chip"),
    ]


def test_fewer_cores_than_layers_and_too_little_memory():
    with pytest.raises(InfeasibleError) as caught:
        map_automatically(chain(1024, 64, 10), small_memories(0.5, 0.5, count=2))
    assert [(each.layer, each.resource, each.gap) for each in caught.value.shortages] == [
        ("fc1", "weight_memory", 0.5),
        (None, "cores", 2 + 1 + 2 - 2),
    ]
    changes = (Change("cores", 1), Change("weight_memory", 64), Change("state_memory", 1))
    assert [lever.changes for lever in caught.value.levers] == [changes]


def test_a_limit_of_cores_is_kept_or_refused():
    network, chip = chain(1024, 64, 10), small_memories(16, 1)
    assert sum(len(each.cores) for each in map_automatically(network, chip, strategy="balance", cores=7)) == 7
    with pytest.raises(InfeasibleError, match="use 6 of the 8 cores"):
        map_automatically(network, chip, cores=5)


def test_weights_are_streamed_only_where_cores_are_too_few():
    network = chain(1024, 64, 10)
    chip = replace(small_memories(2, 1), stream_word_bits=64)
    assert [len(each.cores) for each in map_automatically(network, chip)] == [1, 1, 1]
    enough = replace(small_memories(2, 1, count=40), stream_word_bits=64)
    assert [len(each.cores) for each in map_automatically(network, enough)] == [1, 32, 1]


def test_a_layer_goes_where_the_cores_are_that_hold_it():
    chip = small_memories(1, 1)
    large = replace(chip.cores[0], name="large", weight_memory=MemoryTiming(64 * KIB, 64, 1, 0))
    assert map_automatically(chain(1024, 64, 10), replace(chip, cores=(*chip.cores[:7], large)))[1].cores == (7,)


def layer(name, source, sent, channels, groups=1, pool=False):
    """A 3 x 3 convolution with a border of zeros, of a map, perhaps halved by pooling."""
    weights = np.broadcast_to(np.zeros((), np.int8), (sent[2], 3, 3, channels // groups))
    shape = (*sent[:2], channels)
    window = Window(padding=(1, 1), groups=groups)
    return IntegerLayer(
        name=name,
        shape=shape,
        synapses=(Synapses(source, weights, window),),
        bias=np.zeros(channels, np.int32),
        activation=Relu(),
        requantiser=identity(),
        accumulator_scale=np.ones(channels),
        sent_shape=(shape[0] // 2, shape[1] // 2, channels) if pool else shape,
        pool=MaxPooling((2, 2), (2, 2)) if pool else None,
    )


def vgg16(side: int) -> IntegerNetwork:
    """Its shapes; all weights are one zero."""
    layers: list[IntegerLayer] = []
    sent = (side, side, 3)
    for channels, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for number in range(count):
            layers.append(layer(f"conv{len(layers) + 1}", len(layers), sent, channels, pool=number == count - 1))
            sent = layers[-1].sent_shape
    for outputs in (4096, 4096, 1000):
        name, weights = f"fc{len(layers) + 1}", np.broadcast_to(np.zeros((), np.int8), (int(np.prod(sent)), outputs))
        bias, unit = np.zeros(outputs, np.int32), np.ones(outputs)
        layers.append(dense_layer(name, weights, bias, Relu(), identity(), unit, len(layers)))
        sent = (1, 1, outputs)
    return replace(chain(side, 1), name="VGG-16", input_shape=(side, side, 3), layers=tuple(layers))


def test_grouped_layers_are_cut_by_rows():
    depthwise = layer("depthwise", 0, (16, 16, 32), 32, groups=32)
    network = replace(chain(1, 1), input_shape=(16, 16, 32), layers=(depthwise,))
    mapping = map_automatically(network, small_memories(1, 16))
    assert (mapping[1].rows, mapping[1].channels) == (2, 1)


def test_vgg16_on_128_cores_of_512_kib():
    with pytest.raises(InfeasibleError, match=r"388 cores .* 260 too few \(most: fc14 takes 205") as caught:
        map_automatically(vgg16(224), small_memories(512, 512, count=128))
    assert [lever.changes for lever in caught.value.levers] == [
        (Change("cores", 260),),
        (Change("weight_memory", 1617), Change("state_memory", 1593)),
    ]


@pytest.mark.parametrize("strategy", ["fit", "balance"])
def test_small_images_through_vgg16_on_128_cores_of_512_kib(strategy):
    network, chip = vgg16(32), replace(small_memories(512, 512, count=128), columns=16, rows=8)
    mapping = map_automatically(network, chip, strategy=strategy)
    assert_mapped(network, chip, mapping)
    assert sum(len(each.cores) for each in mapping) == {"fit": 82, "balance": 124}[strategy]
    along = iter(range(128))
    snake = tuple(replace(each, cores=tuple(next(along) for _ in each.cores)) for each in mapping)
    assert traffic(network, chip, mapping) < 0.8 * traffic(network, chip, snake)


def test_cuts_by_rows_keep_messages_away_from_parts_they_do_not_reach():
    network = vgg16(224)
    chip = small_memories(100_000, 1024, count=128)
    assert [(each.rows, each.channels) for each in map_automatically(network, chip)][:4] == [
        (1, 1),
        (16, 1),
        (14, 1),
        (8, 1),
    ]


def test_loads_by_hand():
    """conv of 4 x 4 pixels, 2 -> 2 channels, in two bands: a message meets 2 x 2, 2 x 3 or 3 x 3 pixels."""
    network = replace(chain(1, 1), input_shape=(4, 4, 2), layers=(layer("conv", 0, (4, 4, 2), 2),))
    mapping = (Placement("input", (0,)), Placement("conv", (1, 2), rows=2))
    hits_x = [2, 3, 3, 2]
    hits_y = [2, 2, 1]  # the upper band's two rows, seen from rows 0, 1 and 2
    served = sum(10_000 + 100 * 2 * y * x for y in hits_y for x in hits_x) * 2
    scanned = 2 * 4 * 2 * 1_000_000
    inputs = 32 * (1_000_000 + 30_000_000) + (24 + 24) * 200_000
    assert core_loads_fs(network, CHIP, mapping) == ((inputs,), (served + scanned, served + scanned))
    once = 32 * (1_000_000 + 30_000_000 + 200_000)
    assert core_loads_fs(network, replace(CHIP, multicast=True), mapping)[0] == (once,)


def test_balance_splits_the_slowest_layer():
    """The middle layer has 64 x 64 synapses, the last 64; scanning and sending take no time."""
    network = chain(64, 64, 1)
    chip = with_core(decode_fs=0, encode_fs=0, access_fs=0, fire_fs=0)
    mapping = map_automatically(network, chip, strategy="balance")
    assert [len(each.cores) for each in mapping] == [1, 6, 1]
    assert [load // 100 for load in core_loads_fs(network, chip, mapping)[1]] == [640, 704, 704, 640, 704, 704]


def test_balance_leaves_the_fast_core_to_the_heaviest_layer():
    network = chain(64, 64, 8)
    slow = with_core(decode_fs=0, encode_fs=0, access_fs=0, fire_fs=0)
    chip = replace(slow, cores=(*slow.cores[:2], replace(slow.cores[0], add_fs=1)), columns=3, rows=1)
    assert map_automatically(network, chip, strategy="balance")[1].cores == (2,)


def test_tiles_in_a_snake_and_in_strips():
    assert [tile_of(CHIP, core) for core in range(8)] == [*product(range(4), [0]), *product([3, 2, 1, 0], [1])]
    assert strips(CHIP, 4) == list(range(8))
    assert strips(CHIP, 2) == [0, 1, 6, 7, 5, 4, 3, 2]
    assert all(tile_distances(CHIP)[a, b] == 1 for a, b in pairwise(range(8)))


def test_enough_cores_of_each_kind():
    kinds = kinds_of(replace(CHIP, cores=(CORE, replace(CORE, name="other"), replace(CORE, add_lanes=2))))
    assert kinds.of_core == (0, 0, 1)
    assert too_many(kinds, {0b01: 2, 0b11: 1}) is None
    assert too_many(kinds, {0b01: 1, 0b10: 2}) == 0b10
    assert too_many(kinds, {0b01: 2, 0b11: 2}) == 0b11
