"""Profiles and examples that are computed from others: every number follows from those it says it follows from."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from hwmodels import Accelerator, CoreTiming, chip_of, load_accelerator, scaled, scaling
from hwmodels.prices.new_prices import energies_of
from hwmodels.technology import Point, gate_energy

EXAMPLES = Path(__file__).parents[2] / "examples"
# Simonyan and Zisserman, arXiv 1409.1556, table 1, column D: input and output channels, side of the map.
VGG16 = (
    (3, 64, 224), (64, 64, 224), (64, 128, 112), (128, 128, 112), (128, 256, 56), (256, 256, 56), (256, 256, 56),
    (256, 512, 28), (512, 512, 28), (512, 512, 28), (512, 512, 14), (512, 512, 14), (512, 512, 14),
)  # fmt: skip


def example(name: str) -> Accelerator:
    return load_accelerator(EXAMPLES / f"{name}.yaml")


@pytest.mark.parametrize("name", ["eyeriss-like", "neuronflow-like", "tiled-array", "streamed-weights"])
def test_every_number_of_an_example_has_a_source(name: str) -> None:
    rows = example(name).provenance
    assert [row.path for row in rows if row.status == "not given"] == []
    assert all(len(row.source) > 30 for row in rows if row.status in {"assumed", "computed", "second-hand"})


def fits(state: int, weights: int, core: CoreTiming) -> bool:
    assert core.state_memory.capacity_bits is not None
    assert core.weight_memory.capacity_bits is not None
    return state <= core.state_memory.capacity_bits and weights <= core.weight_memory.capacity_bits


def state_bits(rows: int, side: int, channels: int, *, pooled: bool) -> int:
    """Accumulators of 32 bits and last values of 8 of `rows` rows of the map that is sent, after pooling by 2."""
    sent = side // 2 if pooled else side
    return rows * (side * side // sent * 32 + sent * 8) * channels


def parts_needed(layer: int, core: CoreTiming) -> int:
    """The fewest parts of a convolution of VGG-16, bands of rows or ranges of channels, that fit a core."""
    inputs, outputs, side = VGG16[layer]
    pooled = layer + 1 == len(VGG16) or VGG16[layer + 1][2] < side
    sent = side // 2 if pooled else side
    bands = [(-(-sent // n), outputs) for n in range(1, sent + 1)]
    ranges = [(sent, -(-outputs // n)) for n in range(1, outputs + 1)]
    found = [
        next(
            (
                n
                for n, (rows, channels) in enumerate(cuts, start=1)
                if fits(state_bits(rows, side, channels, pooled=pooled), inputs * channels * 72, core)
            ),
            10**6,
        )
        for cuts in (bands, ranges)
    ]
    return min(found)


def test_vgg16_fits_the_tiled_array_only_when_every_layer_is_split() -> None:
    chip = chip_of(example("tiled-array"))
    parts = [parts_needed(layer, chip.cores[0]) for layer in range(13)]
    assert parts == [32, 28, 16, 14, 8, 8, 7, 5, 10, 10, 10, 10, 10]
    assert sum(parts) + 2 == 170 <= len(chip.cores) == 256
    sides = [side for _, _, side in VGG16]
    sent = [side if side == after else side // 2 for side, after in zip(sides, [*sides[1:], 7], strict=True)]
    state = sum(o * (side**2 * 32 + out**2 * 8) for (_, o, side), out in zip(VGG16, sent, strict=True)) / 2**23
    assert (round(state), round(sum(i * o * 9 for i, o, _ in VGG16) / 2**20, 1)) == (60, 14.0)
    assert fits(224 * 224 * 3 * 8, 0, chip.cores[0])


def test_the_tiled_array_extrapolates_nothing_and_shares_its_links() -> None:
    own = example("tiled-array")
    rows = {row.path: row for row in own.provenance}
    for at in ("weight_memory.read", "state_memory.read", "state_memory.write"):
        assert rows[f"core.{at}_energy_pj"].status == "computed"
    chip = chip_of(own)
    assert (chip.shared_links, chip.router_depth, chip.multicast, chip.stream_word_bits) == (True, 8, True, 0)
    assert own.core.decode.energy_pj == load_accelerator("vgg-class").core.decode.energy_pj
    assert own.operations == load_accelerator("horowitz-45nm").operations


def test_two_layers_of_the_bundled_network_stream_their_weights() -> None:
    chip = chip_of(example("streamed-weights"))
    assert (chip.stream_word_bits, chip.stream_word_fs, chip.stream_latency_fs) == (64, 625_000, 27_500_000)
    room = chip.cores[0].weight_memory.capacity_bits
    assert room is not None
    assert [inputs * outputs * 8 > room for inputs, outputs in ((784, 200), (200, 200), (200, 10))] == [
        True,
        True,
        False,
    ]
    kept = chip_of(load_accelerator("horowitz-45nm"))
    assert (chip.frame_word_fs, chip.cores[0].add_fs) == (kept.frame_word_fs, kept.cores[0].add_fs)


@pytest.mark.parametrize("layer", range(13))
def test_vgg_class_has_room_for_every_layer_of_vgg16(layer: int) -> None:
    core = chip_of(load_accelerator("vgg-class")).cores[layer + 1]
    inputs, outputs, side = VGG16[layer]
    assert core.state_memory.capacity_bits is not None
    assert core.weight_memory.capacity_bits is not None
    assert outputs * side * side * (32 + 8) <= core.state_memory.capacity_bits
    assert inputs * outputs * 9 * 8 <= core.weight_memory.capacity_bits


def test_vgg_class_keeps_large_maps_where_they_are_needed() -> None:
    cores = chip_of(load_accelerator("vgg-class")).cores
    assert [core.name for core in cores[:6]] == ["front"] * 5 + ["core"]
    needed = [outputs * side * side * 40 for _, outputs, side in VGG16]
    assert [bits > 4 * 2**23 for bits in needed] == [True] * 4 + [False] * 9


def test_vgg_class_has_the_energies_of_horowitz() -> None:
    own, base = load_accelerator("vgg-class"), load_accelerator("horowitz-45nm")
    assert own.operations == base.operations
    assert own.memories.sram is not None
    assert base.memories.sram is not None
    assert own.memories.sram.points == base.memories.sram.points
    assert own.core.decode.energy_pj.value == pytest.approx(2e7 * (384 / 8192) ** 0.5 * 48 / 64, rel=2e-3)
    assert own.mesh.east_west.energy_pj.value == 2 * base.mesh.east_west.energy_pj.value


def test_energies_beyond_the_cited_points_are_called_assumed() -> None:
    rows = {row.path: row for row in load_accelerator("vgg-class").provenance}
    beyond, within = (rows[f"{at}.read_energy_pj"] for at in ("core.state_memory", "cores[0].weight_memory"))
    assert (beyond.status, within.status) == ("assumed", "computed")
    assert "no source has 4 MiB: extrapolated beyond the points of memories.sram (8 KiB to 1 MiB)" in beyond.source


def test_loihi2_is_loihi1_with_the_advertised_speed_ups() -> None:
    first, second = load_accelerator("loihi1-sanafe"), load_accelerator("loihi2-scaled")
    shared = energies_of(first).keys() & energies_of(second).keys()
    assert {path: energies_of(first)[path] for path in shared} == {path: energies_of(second)[path] for path in shared}
    one, two = chip_of(first), chip_of(second)
    assert one.cores[0].add_fs == 5 * two.cores[0].add_fs
    assert (one.cores[0].access_fs, one.cores[0].update_fs) == (2 * two.cores[0].access_fs, 2 * two.cores[0].update_fs)
    assert two.cores[0].encode_fs == 30_000_000 // 10 + 5_100_000
    assert [round(fs / 9e3) for _, fs in one.barrier_fs] == [fs // 1000 for _, fs in two.barrier_fs]  # whole ps
    assert all("caled, not measured" in row.source for row in second.provenance if row.path.endswith("int24.latency"))


def test_truenorth_counts_synaptic_events_and_nothing_else() -> None:
    energies = energies_of(load_accelerator("truenorth"))
    assert [path for path, energy in energies.items() if energy] == [("operations", "add", "int32", "energy_pj")]
    assert pytest.approx(26e-12, rel=0.05) == 72e-3 / (2**20 * 20 * 128)  # 72 mW, 20 Hz, 128 synapses of 2**20 neurons


def test_jouppi_computes_what_it_does_not_cite() -> None:
    energies = energies_of(load_accelerator("jouppi-7nm"))
    add, multiply = (energies["operations", kind, "int32", "energy_pj"] for kind in ("add", "multiply"))
    assert energies["core", "neuron", "update", "energy_pj"] == multiply + 3 * add
    assert energies["core", "neuron", "access", "energy_pj"] == energies["core", "encode", "energy_pj"] == add
    other = scaling(load_accelerator("horowitz-45nm"), "7").other
    assert other is not None
    assert energies["core", "decode", "energy_pj"] == pytest.approx(1_770_000 * other, rel=1e-2)


def test_the_delta_array_is_horowitz_at_28_nm() -> None:
    base = load_accelerator("horowitz-45nm")
    expected, found = energies_of(scaled(base, scaling(base, "28"))), energies_of(example("neuronflow-like"))
    kept = {path for path in expected if path[0] in {"mesh", "off_chip"}}
    for path in expected.keys() - kept:
        assert found[path] == pytest.approx(expected[path], abs=4), path  # points are rounded before words of 256 bits
    assert {path: found[path] for path in kept} == {path: energies_of(base)[path] for path in kept}


def test_the_frame_based_array_costs_multiples_of_one_mac() -> None:
    factor = gate_energy(Point(Fraction(65), Fraction("0.9"))) / gate_energy(Point(Fraction(45), Fraction("0.9")))
    energies = energies_of(example("eyeriss-like"))
    add, multiply = (
        energies["operations", "add", "int32", "energy_pj"],
        energies["operations", "multiply", "int16", "energy_pj"],
    )
    assert (add, multiply) == (pytest.approx(10**5 * factor, rel=1e-3), pytest.approx(10**6 * factor, rel=1e-3))
    mac = add + multiply
    assert (
        energies["core", "weight_memory", "read_energy_pj"]
        == energies["core", "state_memory", "write_energy_pj"]
        == mac
    )
    assert energies["mesh", "local", "energy_pj"] == 2 * mac
    assert energies["core", "decode", "energy_pj"] == energies["core", "encode", "energy_pj"] == 6 * mac
    assert energies["off_chip", "energy_pj"] == 200 * mac
    assert energies["core", "neuron", "update", "energy_pj"] == multiply + 3 * add
