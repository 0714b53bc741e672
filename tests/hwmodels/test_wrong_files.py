"""Every wrong file gives one message with file, line, field, value and what is allowed, in little memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
from wrong_yaml import HEAD, WRONG_FILES, WrongFile

from hwmodels import ConfigError, load_accelerator


@pytest.mark.parametrize("wrong", WRONG_FILES.values(), ids=WRONG_FILES.keys())
def test_wrong_file_is_refused_with_one_clear_message(wrong: WrongFile, tmp_path: Path) -> None:
    path = wrong.write(tmp_path)
    tracemalloc.start()
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    error = caught.value
    assert (error.line, error.field, error.value) == (wrong.line, wrong.field, wrong.value)
    assert Path(error.path).parent == tmp_path
    assert len(error.problems) == 1
    message = str(error)
    assert "\n" not in message
    assert message.startswith(error.path if wrong.line is None else f"{error.path}:{wrong.line}: ")
    for words in wrong.says:
        assert words in message
    assert peak_bytes < 100e6


def test_a_message_reads_like_this(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(HEAD + "core:\n  add: {type: int32, lanes: 0}\n")
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    assert str(caught.value) == f"{path}:3: core.add.lanes: 0: must be at least 1"


def test_all_problems_are_reported_at_once_and_many_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(HEAD + "clock: 5\nprecision: {weight_bits: 99}\n" + "".join(f"x{n}: 1\n" for n in range(20)))
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    lines = str(caught.value).splitlines()
    assert len(caught.value.problems) == 22
    assert len(lines) == 11
    assert lines[0].startswith(f"{path}:2: clock: 5: missing unit")
    assert lines[1].startswith(f"{path}:3: precision.weight_bits: 99: must be at most 16")
    assert lines[-1] == "... and 12 more problems"


def test_a_file_without_a_base_lists_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text("name: mine\nmesh: {columns: 2}\n")
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    fields = {problem.field: problem.message for problem in caught.value.problems}
    assert fields["clock"] == "is required and missing"
    assert fields["mesh.rows"] == "is required and missing"
    assert next(problem.line for problem in caught.value.problems if problem.field == "mesh.rows") == 2


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("clock: asynchronous\n", "clock", "latencies are in cycles, such as operations.add.int8.latency"),
        ("core: {multiply: null}\n", "core.multiply", "graded messages need a multiplier"),
        ("core: {add: {type: int24}}\n", "core.add.type", "has no entry in operations.add: there are int8, int16"),
        ("core: {add: {type: int16}}\n", "core.add.type", "too narrow for accumulator_bits, 32"),
        ("messages: {payload_bits: 8}\n", "messages.payload_bits", "takes 9 bits with its sign"),
        ("precision: {activation_bits: 16}\n", "precision.activation_bits", "a payload of 16 bits is too narrow"),
        ("core: {weight_memory: {capacity: 4 KiB}}\n", "core.weight_memory.capacity", "outside the cited points"),
        ("core: {weight_memory: {capacity: unlimited}}\n", "core.weight_memory.capacity", "needs a capacity"),
        ("memories: {sram: null}\n", "memories.sram", "there are none"),
        ("cores: [{name: core, count: 1}]\n", "cores[0].name", "name of the default core"),
        ("cores: [{name: big, count: 17}]\n", "cores[0].count", "and the mesh has only 16"),
        (
            "cores: [{name: a, count: 1, state_memory: {capacity: 1 KiB}}]\n",
            "cores[0].state_memory.capacity",
            "outside",
        ),
        ("mesh: {columns: 1024, rows: 1024}\n", "mesh", "at most 65,536 are allowed"),
        (
            "memories: {sram: {points: [{capacity: 8 KiB, energy_pj: 1}, {capacity: 4 KiB, energy_pj: 2}]}}\n",
            "memories.sram.points[1].capacity",
            "must be larger",
        ),
        (
            "synchronisation: {kind: barrier, latency: [{tiles: 4, latency: 1 ns}, {tiles: 4, latency: 2 ns}]}\n",
            "synchronisation.latency[1].tiles",
            "must be more than the 4",
        ),
        ("synchronisation: {kind: dataflow, latency: 1 ns}\n", "synchronisation.latency", "allowed here: kind"),
        ("synchronisation: {kind: barrier, latency: 5}\n", "synchronisation.latency", "missing unit"),
        (
            "synchronisation: {kind: group_barrier, latency: 5 ns, groups: [9, 8]}\n",
            "synchronisation.groups[1]",
            "the groups up to groups[1] have 17 cores, and the mesh has only 16: make groups smaller",
        ),
        (
            "synchronisation: {kind: group_barrier, latency: 5 ns, groups: [0]}\n",
            "synchronisation.groups[0]",
            "at least 1",
        ),
        ("synchronisation: {kind: group_barrier, latency: 5 ns}\n", "synchronisation.groups", "required and missing"),
        ("synchronisation: {kind: barrier, latency: 5 ns, groups: [4]}\n", "synchronisation.groups", "unknown field"),
        ("operations: {add: {in32: {energy_pj: 1, latency: 1 cycle}}}\n", "operations.add.in32", "such as int8"),
        ("core: {weight_memory: {capacity: 64 KB}}\n", "core.weight_memory.capacity", "did you mean 'KiB' or 'kB'?"),
        ("cores: [{name: a, count: 1, add: {lans: 4}}]\n", "cores[0].add.lans", "did you mean 'lanes'?"),
        ("off_chip: {latency: 3}\n", "off_chip.latency", "missing unit"),
        ("off_chip: {latancy: 3 ns}\n", "off_chip.latancy", "did you mean 'latency'?"),
        ("off_chip: {holds_weights: 1}\n", "off_chip.holds_weights", "must be true or false"),
        ("mesh: {links: common}\n", "mesh.links", "must be 'private' or 'shared'"),
        ("mesh: {queue_depth: 4}\n", "mesh.queue_depth", "needs shared links"),
        (
            "mesh: {links: shared, queue_depth: 0}\n",
            "mesh.queue_depth",
            "at least 1 and at most 1,048,576, or 'unlimited'",
        ),
        ("mesh: {links: shared, queue_depth: 1 flit}\n", "mesh.queue_depth", "or 'unlimited'"),
        ("mesh: {multicast: on}\n", "mesh.multicast", "must be true or false"),
        ("core: {idle_mw: 5 pJ}\n", "core.idle_mw", "unknown unit 'pJ'"),
        ("core: {idle_power_mw: 5}\n", "core.idle_power_mw", "unknown field"),
        ("leakage: {unused_core_mw: -1}\n", "leakage.unused_core_mw", "must not be negative"),
        ("core: {logic_mm2: 0.5}\n", "core.logic_mm2", "write 'area: {node_nm: 45}' as well"),
        ("area: {node_nm: 45, router_mm2: 0.1 m}\n", "area.router_mm2", "allowed are um2, µm2, mm2"),
        ("area: {router_mm2: 0.1}\n", "area.node_nm", "is required and missing"),
        ("mesh: {flit_latency: 1.5e99 ns}\n", "mesh.flit_latency", "too large"),
        ("mesh: {local: {energy_pj: 1e-7}}\n", "mesh.local.energy_pj", "counted in whole aJ"),
    ],
)
def test_fields_that_contradict_each_other(text: str, field: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    assert any(problem.field == field and says in problem.message for problem in caught.value.problems), caught.value


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        pytest.param(
            "operations: {add: {int32: {enrgy_pj: 0.1}}}\n",
            "operations.add.int32.enrgy_pj",
            "unknown field; did you mean 'energy_pj'?",
            id="a typing error in an energy",
        ),
        pytest.param(
            "mesh: {east_west: {energy_pj: -2}}\n",
            "mesh.east_west.energy_pj",
            "must not be negative",
            id="a negative energy",
        ),
        pytest.param(
            "core: {weight_memory: {read_energy_pj: -1 pJ}}\n",
            "core.weight_memory.read_energy_pj",
            "must not be negative",
            id="a negative energy with its unit",
        ),
        pytest.param("mesh: {columns: 0}\n", "mesh.columns", "must be at least 1", id="a mesh without columns"),
        pytest.param("mesh: {rows: -4}\n", "mesh.rows", "must be at least 1", id="a mesh of negative rows"),
        pytest.param(
            "mesh: {columns: 2, rows: 2}\ncores: [{name: a, count: 3}, {name: b, count: 2}]\n",
            "cores[1].count",
            "the named cores up to cores[1] are 5, and the mesh has only 4",
            id="a mesh too narrow for its cores",
        ),
        pytest.param("mesh: {columns: 4.5}\n", "mesh.columns", "must be a whole number", id="half a column"),
    ],
)
def test_what_a_known_simulator_accepts_or_dies_of_is_one_clear_error(
    text: str, field: str, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(HEAD + text)
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    (problem,) = caught.value.problems
    assert (problem.field, problem.line) == (field, 3 if "cores:" in text else 2)
    assert says in problem.message


def test_a_problem_in_what_named_cores_inherit_is_reported_once(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    path.write_text(HEAD + "core: {queue_depth: 0}\ncores: [{name: a, count: 1}, {name: b, count: 1}]\n")
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    assert [problem.field for problem in caught.value.problems] == ["core.queue_depth"]


def test_an_unknown_name_lists_what_is_shipped() -> None:
    with pytest.raises(ConfigError, match=r"loihi1-sanfe: no such accelerator; did you mean 'loihi1-sanafe'\?"):
        load_accelerator("loihi1-sanfe")


def test_a_long_chain_of_files_is_refused(tmp_path: Path) -> None:
    for index in range(30):
        (tmp_path / f"{index}.yaml").write_text(f"extends: {index + 1}.yaml\n")
    with pytest.raises(ConfigError, match="more than 20 files extend one another"):
        load_accelerator(tmp_path / "0.yaml")


def test_a_large_file_of_many_values_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_text("".join(f"k{n}: 1\n" for n in range(80_000)))
    with pytest.raises(ConfigError, match="more than 20,000 values"):
        load_accelerator(path)


def test_named_cores_do_not_multiply_nonsense(tmp_path: Path) -> None:
    junk = "\n".join(f"  x{n}: 1" for n in range(15_000))
    cores = "\n".join(f"  - {{name: c{n}, count: 1}}" for n in range(256))
    path = tmp_path / "my.yaml"
    path.write_text(f"{HEAD}core:\n{junk}\ncores:\n{cores}\n")
    with pytest.raises(ConfigError, match=r"core\.x0: unknown field"):
        load_accelerator(path)
