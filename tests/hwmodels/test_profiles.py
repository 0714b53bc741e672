"""The shipped profiles hold the numbers of their sources, typed here a second time, and say where each is from."""

from __future__ import annotations

import pytest

from hwmodels import Accelerator, chip_area, chip_of, list_profiles, load_accelerator, scaled, scaling
from hwmodels.errors import key_path
from hwmodels.prices.new_prices import powers_of
from hwmodels.schema.leaves import numbers

PROFILES = [profile.name for profile in list_profiles()]

# Jouppi et al., ISCA 2021, Table 2 (SRAM: commonly attributed); Merolla et al. 2014; Simonyan and Zisserman, table 1;
# Horowitz, ISSCC 2014, Fig. 1.1.9; O'Connor & Welling 2017, section 3.3; Davies et al. 2018, Table 2; SANA-FE,
# arch/loihi.yaml; Tang et al. 2023, Table 8.
PUBLISHED = {
    "horowitz-45nm": {
        "operations.add.int8.energy_pj": "0.03 pJ",
        "operations.add.int16.energy_pj": "0.05 pJ",
        "operations.add.int32.energy_pj": "0.1 pJ",
        "operations.add.float16.energy_pj": "0.4 pJ",
        "operations.add.float32.energy_pj": "0.9 pJ",
        "operations.multiply.int8.energy_pj": "0.2 pJ",
        "operations.multiply.int32.energy_pj": "3.1 pJ",
        "operations.multiply.float16.energy_pj": "1.1 pJ",
        "operations.multiply.float32.energy_pj": "3.7 pJ",
        "memories.sram.word_bits": "64",
        "memories.sram.points[0].capacity": "8 KiB",
        "memories.sram.points[0].energy_pj": "10 pJ",
        "memories.sram.points[1].capacity": "32 KiB",
        "memories.sram.points[1].energy_pj": "20 pJ",
        "memories.sram.points[2].capacity": "1 MiB",
        "memories.sram.points[2].energy_pj": "100 pJ",
        "off_chip.word_bits": "64",
        "off_chip.energy_pj": "1950 pJ",
    },
    "oconnor2017-int32": {
        "operations.add.int32.energy_pj": "0.1 pJ",
        "operations.multiply.int32.energy_pj": "3.1 pJ",
    },
    "loihi1-davies2018": {
        "operations.add.int24.energy_pj": "23.6 pJ",
        "operations.add.int24.latency": "3.5 ns",
        "core.neuron.access.energy_pj": "52 pJ",
        "core.neuron.access.latency": "5.3 ns",
        "core.neuron.fire.energy_pj": "29 pJ",
        "core.neuron.fire.latency": "3.1 ns",
        "mesh.local.energy_pj": "1.7 pJ",
        "mesh.local.latency": "2.1 ns",
        "mesh.east_west.energy_pj": "3.0 pJ",
        "mesh.east_west.latency": "4.1 ns",
        "mesh.north_south.energy_pj": "4.0 pJ",
        "mesh.north_south.latency": "6.5 ns",
        "mesh.flit_latency": "0.291 ns",
        "mesh.columns": "8",
        "mesh.rows": "4",
        "mesh.cores_per_tile": "4",
        "synchronisation.latency[0].latency": "113 ns",
        "synchronisation.latency[1].tiles": "32",
        "synchronisation.latency[1].latency": "465 ns",
        "leakage.chip_mw": "104.4 mW",
        "core.weight_memory.capacity": "128 KiB",
        "core.weight_memory.word_bits": "64",
        "precision.weight_bits": "9",
        "precision.accumulator_bits": "24",
        "messages.header_bits": "32",
        "mesh.queue_depth": "16",
        "area.node_nm": "14 nm",
        "area.die_mm2": "60 mm2",
    },
    "loihi1-sanafe": {
        "operations.add.int24.energy_pj": "35.5 pJ",
        "operations.add.int24.latency": "3.8 ns",
        "core.neuron.access.energy_pj": "51.2 pJ",
        "core.neuron.access.latency": "6.0 ns",
        "core.neuron.update.energy_pj": "21.6 pJ",
        "core.neuron.update.latency": "3.7 ns",
        "core.encode.energy_pj": "180.3 pJ",
        "core.encode.latency": "35.1 ns",
        "core.decode.energy_pj": "0 pJ",
        "core.decode.latency": "16.0 ns",
        "mesh.east_west.energy_pj": "3.0 pJ",
        "mesh.east_west.latency": "4.1 ns",
        "mesh.north_south.energy_pj": "4.2 pJ",
        "mesh.north_south.latency": "6.5 ns",
        "synchronisation.latency[0].latency": "600 ns",
        "synchronisation.latency[1].tiles": "2",
        "synchronisation.latency[1].latency": "1000 ns",
        "synchronisation.latency[2].tiles": "4",
        "synchronisation.latency[2].latency": "1400 ns",
        "synchronisation.latency[3].tiles": "29",
        "synchronisation.latency[3].latency": "1800 ns",
        "mesh.columns": "8",
        "mesh.rows": "4",
        "mesh.cores_per_tile": "4",
        "mesh.queue_depth": "16",
    },
    "seneca-22nm": {
        "operations.add.int16.energy_pj": "1.2 pJ",
        "operations.add.int32.energy_pj": "2.4 pJ",
        "operations.add.bfloat16.energy_pj": "1.4 pJ",
        "operations.multiply.int8.energy_pj": "0.6 pJ",
        "operations.multiply.bfloat16.energy_pj": "1.4 pJ",
        "core.neuron.access.energy_pj": "0.5 pJ",
        "core.encode.energy_pj": "1.1 pJ",
        "core.weight_memory.read_energy_pj": "3.7 pJ",
        "core.state_memory.read_energy_pj": "3.7 pJ",
        "core.state_memory.write_energy_pj": "3.9 pJ",
        "mesh.east_west.energy_pj": "2 pJ",
        "mesh.north_south.energy_pj": "2 pJ",
    },
    "jouppi-7nm": {
        "operations.add.int8.energy_pj": "0.007 pJ",
        "operations.add.int32.energy_pj": "0.03 pJ",
        "operations.add.float32.energy_pj": "0.38 pJ",
        "operations.multiply.int8.energy_pj": "0.07 pJ",
        "operations.multiply.int32.energy_pj": "1.48 pJ",
        "operations.multiply.float16.energy_pj": "0.34 pJ",
        "operations.multiply.float32.energy_pj": "1.31 pJ",
        "memories.sram.points[0].energy_pj": "7.5 pJ",
        "memories.sram.points[1].energy_pj": "8.5 pJ",
        "memories.sram.points[2].energy_pj": "14 pJ",
        "off_chip.energy_pj": "1300 pJ",
        "technology.node_nm": "7 nm",
    },
    "truenorth": {
        "operations.add.int32.energy_pj": "26 pJ",
        "technology.node_nm": "28 nm",
        "technology.voltage_v": "0.775 V",
        "synchronisation.latency": "1 ms",
        "mesh.columns": "64",
        "mesh.rows": "64",
        "area.node_nm": "28 nm",
        "area.die_mm2": "430 mm2",
    },
    "loihi2-scaled": {
        "operations.add.int24.energy_pj": "35.5 pJ",
        "operations.add.int24.latency": "0.76 ns",
        "core.neuron.access.energy_pj": "51.2 pJ",
        "core.neuron.access.latency": "3.0 ns",
        "core.neuron.update.energy_pj": "21.6 pJ",
        "core.neuron.update.latency": "1.85 ns",
        "core.encode.energy_pj": "180.3 pJ",
        "core.encode.latency": "8.1 ns",
        "core.decode.latency": "16.0 ns",
        "mesh.north_south.energy_pj": "4.2 pJ",
        "synchronisation.latency[0].latency": "66.667 ns",
        "synchronisation.latency[3].latency": "200 ns",
        "precision.weight_bits": "8",
        "area.die_mm2": "31 mm2",
    },
    "vgg-class": {
        "operations.add.int32.energy_pj": "0.1 pJ",
        "operations.multiply.int8.energy_pj": "0.2 pJ",
        "memories.sram.points[2].energy_pj": "100 pJ",
        "off_chip.energy_pj": "1950 pJ",
        "core.weight_memory.capacity": "2560 KiB",
        "cores[0].state_memory.capacity": "16 MiB",
        "mesh.east_west.energy_pj": "4 pJ",
        "mesh.queue_depth": "16",
    },
}


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> Accelerator:
    return load_accelerator(request.param)


@pytest.mark.parametrize("name", PROFILES)
def test_numbers_are_those_of_the_sources(name: str) -> None:
    values = {row.path: row.value for row in load_accelerator(name).provenance}
    assert {path: values[path] for path in PUBLISHED[name]} == PUBLISHED[name]


def test_every_number_has_a_source(profile: Accelerator) -> None:
    paths = {row.path for row in profile.provenance}
    assert len(paths) == len(profile.provenance)
    # What a named kind of core takes over from the default core is listed there.
    own = {key_path(path) for path, _ in numbers(profile) if path[0] != "cores"}
    assert own <= paths
    assert [row.path for row in profile.provenance if row.status == "not given" or not row.source] == []


def test_every_energy_that_is_not_published_says_how_it_came_about(profile: Accelerator) -> None:
    unpublished = [row for row in profile.provenance if row.status in {"assumed", "computed", "second-hand"}]
    assert all(len(row.source) > 30 for row in unpublished)


def test_the_paper_counts_nothing_but_arithmetic() -> None:
    energies = [row for row in load_accelerator("oconnor2017-int32").provenance if row.value.endswith((" pJ", " mW"))]
    assert sorted(row.value for row in energies if row.value[:2] not in {"0 "}) == ["0.1 pJ", "3.1 pJ"]


def test_a_second_hand_number_is_not_called_published() -> None:
    status = {row.path: row.status for row in load_accelerator("horowitz-45nm").provenance}
    assert status["operations.add.int16.energy_pj"] == "second-hand"
    assert status["operations.add.int32.energy_pj"] == "published"


@pytest.mark.parametrize(
    ("name", "cores", "clock_fs", "encoding", "multiplier"),
    [
        ("horowitz-45nm", 16, 2_000_000, "graded", True),
        ("oconnor2017-int32", 256, 2_000_000, "unary", True),
        ("loihi1-davies2018", 128, None, "unary", False),
        ("loihi1-sanafe", 128, None, "unary", False),
        ("seneca-22nm", 16, 2_000_000, "graded", True),
        ("jouppi-7nm", 16, 2_000_000, "graded", True),
        ("truenorth", 4096, None, "unary", False),
        ("loihi2-scaled", 128, None, "graded", True),
        ("vgg-class", 32, 2_000_000, "graded", True),
    ],
)
def test_chips(name: str, cores: int, clock_fs: int | None, encoding: str, multiplier: bool) -> None:
    chip = chip_of(load_accelerator(name))
    assert (len(chip.cores), chip.clock_period_fs, chip.encoding) == (cores, clock_fs, encoding)
    assert all((core.multiply_fs is not None) == multiplier == (core.multiply_lanes > 0) for core in chip.cores)


def test_links_are_shared_where_a_source_or_the_purpose_says_so() -> None:
    chips = {name: chip_of(load_accelerator(name)) for name in PROFILES}
    shared = {name: chip.router_depth for name, chip in chips.items() if chip.shared_links}
    assert shared == dict.fromkeys(["loihi1-davies2018", "loihi1-sanafe", "loihi2-scaled", "vgg-class"], 16)
    assert not any(chip.multicast or chip.stream_word_bits for chip in chips.values())


def test_no_profile_has_a_static_power_that_no_source_gives() -> None:
    powers = {name: powers_of(load_accelerator(name)) for name in PROFILES}
    given = {name: {path: power for path, power in found.items() if power} for name, found in powers.items()}
    assert {name: found for name, found in given.items() if found} == {
        "loihi1-davies2018": {("leakage", "chip_mw"): 104_400_000}
    }


def test_published_dies() -> None:
    dies = {name: chip_area(load_accelerator(name))[-1].mm2 for name in PROFILES}
    assert {name: mm2 for name, mm2 in dies.items() if mm2} == {
        "loihi1-davies2018": 60,
        "loihi1-sanafe": 60,
        "loihi2-scaled": 31,
        "truenorth": 430,
    }
    own = load_accelerator("loihi2-scaled")
    assert scaled(own, scaling(own, "7")).area == own.area  # no published area at 4 nm: it stays what it is


def test_timing_of_one_core_by_hand() -> None:
    chip = chip_of(load_accelerator("horowitz-45nm"))
    core = chip.cores[0]
    assert (core.add_fs, core.multiply_fs, core.update_fs, core.fire_fs) == (2_000_000, 2_000_000, 6_000_000, 0)
    assert (core.weight_memory.capacity_bits, core.weight_memory.word_bits) == (256 * 8192, 64)
    assert (chip.frame_word_bits, chip.frame_word_fs) == (64, 625_000)
    assert chip_of(load_accelerator("oconnor2017-int32")).cores[0].weight_memory.capacity_bits is None
    assert chip_of(load_accelerator("seneca-22nm")).cores[0].access_fs == 250_000
    assert chip_of(load_accelerator("loihi1-davies2018")).barrier_fs == ((1, 113_000_000), (32, 465_000_000))
