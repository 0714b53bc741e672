"""Loading: `extends`, named cores, provenance, and the record that can be loaded again."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwmodels import Accelerator, ConfigError, chip_of, list_profiles, load_accelerator, read_yaml


def write(folder: Path, text: str, name: str = "my.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_overrides_what_it_extends(tmp_path: Path) -> None:
    base = load_accelerator("horowitz-45nm")
    mine = load_accelerator(
        write(
            tmp_path,
            "extends: horowitz-45nm\nclock: 1 GHz\n"
            "operations: {add: {int32: {energy_pj: 0.03}}}\ncore: {queue_depth: 4}\n",
        )
    )
    assert mine.name == "my"
    assert mine.description == ""
    assert mine.core.queue_depth == 4
    assert mine.core.add == base.core.add
    assert mine.operations.add["int32"].energy_pj.value == 30_000
    assert mine.operations.add["int32"].latency == base.operations.add["int32"].latency
    assert mine.operations.add["int8"] == base.operations.add["int8"]
    assert chip_of(mine).clock_period_fs == 1_000_000


def test_lists_are_replaced_and_a_new_kind_replaces_the_mapping(tmp_path: Path) -> None:
    text = """
extends: horowitz-45nm
core: {weight_memory: {capacity: 1 MiB}, state_memory: {capacity: 1 KiB}}
memories: {sram: {points: [{capacity: 1 KiB, energy_pj: 1}, {capacity: 1 MiB, energy_pj: 9}]}}
synchronisation: {kind: barrier, latency: 5 ns}
"""
    mine = load_accelerator(write(tmp_path, text))
    assert mine.memories.sram is not None
    assert [str(point.capacity) for point in mine.memories.sram.points] == ["1 KiB", "1 MiB"]
    assert chip_of(mine).barrier_fs == ((1, 5_000_000),)
    grouped = "extends: my.yaml\nsynchronisation: {kind: group_barrier, latency: 5 ns, groups: [3, 2]}\n"
    chip = chip_of(load_accelerator(write(tmp_path, grouped, "grouped.yaml")))
    assert (chip.synchronisation, chip.groups, chip.barrier_fs) == ("group_barrier", (3, 2), ((1, 5_000_000),))
    free = load_accelerator(write(tmp_path, "extends: my.yaml\nsynchronisation: {kind: dataflow}\n", "free.yaml"))
    assert chip_of(free).barrier_fs == ()


def test_files_extend_files_next_to_them(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    write(tmp_path, "extends: horowitz-45nm\ncore: {queue_depth: 8}\n", "base.yaml")
    mine = load_accelerator(write(tmp_path / "deep", "extends: ../base.yaml\nclock: 250 MHz\n"))
    assert (mine.core.queue_depth, str(mine.clock)) == (8, "250 MHz")
    rows = {row.path: row for row in mine.provenance}
    assert rows["clock"].file == "my.yaml"
    assert rows["core.queue_depth"].file == "../base.yaml"
    assert rows["mesh.rows"].file == "horowitz-45nm"


def test_named_cores_take_the_first_positions(tmp_path: Path) -> None:
    text = """
extends: horowitz-45nm
cores:
  - {name: input, count: 1, queue_depth: 4}
  - {name: wide, count: 2, add: {lanes: 32}}
"""
    mine = load_accelerator(write(tmp_path, text))
    chip = chip_of(mine)
    assert [core.name for core in chip.cores] == ["input", "wide", "wide"] + ["core"] * 13
    assert [core.queue_depth for core in chip.cores[:4]] == [4, 64, 64, 64]
    assert [core.add_lanes for core in chip.cores[:4]] == [8, 32, 32, 8]
    paths = [row.path for row in mine.provenance if row.path.startswith("cores")]
    assert set(paths) == {"cores[0].count", "cores[0].queue_depth", "cores[1].count", "cores[1].add.lanes"}


def test_an_overridden_number_loses_the_source_it_had(tmp_path: Path) -> None:
    text = """
extends: horowitz-45nm
operations: {add: {int8: {energy_pj: 1}, int32: {energy_pj: 2 fJ}}}
sources:
  - {of: [operations.add.int32], source: my own measurement, status: measured}
"""
    rows = {row.path: row for row in load_accelerator(write(tmp_path, text)).provenance}
    own = rows["operations.add.int32.energy_pj"]
    assert (own.value, own.file, own.source, own.status) == ("2 fJ", "my.yaml", "my own measurement", "measured")
    bare = rows["operations.add.int8.energy_pj"]
    assert (bare.value, bare.source, bare.status) == ("1 pJ", "set in my.yaml", "not given")
    kept = rows["operations.multiply.int8.energy_pj"]
    assert (kept.value, kept.file, kept.status) == ("0.2 pJ", "horowitz-45nm", "published")
    assert kept.source.startswith("M. Horowitz")
    latency = rows["operations.add.int32.latency"]
    assert (latency.file, latency.status) == ("horowitz-45nm", "assumed")


def test_energy_by_capacity_is_recorded_as_computed(tmp_path: Path) -> None:
    text = "extends: horowitz-45nm\ncore: {weight_memory: {capacity: 32 KiB}}\n"
    rows = {row.path: row for row in load_accelerator(write(tmp_path, text)).provenance}
    assert rows["core.weight_memory.read_energy_pj"].value == "20 pJ"
    assert rows["core.weight_memory.read_energy_pj"].status == "computed"


@pytest.mark.parametrize("name", [profile.name for profile in list_profiles()])
def test_the_record_loads_again_unchanged(name: str, tmp_path: Path) -> None:
    accelerator = load_accelerator(name)
    record = accelerator.model_dump_json(by_alias=True, indent=1)
    assert Accelerator.model_validate_json(record) == accelerator
    assert load_accelerator(write(tmp_path, record, "accelerator.json")) == accelerator


def test_the_record_of_a_run_cannot_be_extended(tmp_path: Path) -> None:
    write(tmp_path, load_accelerator("horowitz-45nm").model_dump_json(by_alias=True), "accelerator.json")
    with pytest.raises(ConfigError, match="is the resolved accelerator of a run, which cannot be extended"):
        load_accelerator(write(tmp_path, "extends: accelerator.json\n"))


def test_an_accelerator_cannot_be_changed() -> None:
    accelerator = load_accelerator("horowitz-45nm")
    with pytest.raises(ValueError, match="frozen"):
        accelerator.name = "other"  # type: ignore[misc]


def test_profiles_are_listed_with_what_they_are() -> None:
    profiles = {profile.name: profile.description for profile in list_profiles()}
    shipped = "horowitz-45nm jouppi-7nm loihi1-davies2018 loihi1-sanafe loihi2-scaled oconnor2017-int32 seneca-22nm"
    assert list(profiles) == [*shipped.split(), "truenorth", "vgg-class"]
    assert all(profiles.values())


def test_read_yaml_keeps_places_and_digits(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a: 0.10\nb:\n  - x\n  - {c: 1_000, d: 0x1F, e: 010, f: ~, g: yes, h: true, i: 2001-01-01}\n"
    )
    document = read_yaml(path)
    assert document.data["a"].written == "0.10"
    assert document.data["b"][1] == {"c": 1000, "d": 31, "e": 10, "f": None, "g": "yes", "h": True, "i": "2001-01-01"}
    origin = document.origins["b", 1, "d"]
    assert (origin.file, origin.line, origin.column, origin.written) == (str(path), 4, 19, "0x1F")
    assert document.origins["b",].line == 2
