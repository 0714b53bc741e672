"""What `python -m benchmarks.sanafe --weaknesses` shows of SANA-FE 2.2.9, and that it is not so here.

There a misspelt energy aborts the interpreter or is reported as a key that is missing, negative energies and topologies
that don't exist are accepted, a mesh narrower than its tiles is accepted or ends in a segmentation fault, and a
convolution takes several hundred bytes per synapse.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwmodels import ConfigError, chip_of, load_accelerator
from hwmodels.records import COLUMNS
from simulator import Arrival, SimulationError, advance, mode_named, plan_network, simulate, start
from workloads import IntegerLayer, IntegerNetwork, Requantiser, Synapses, Window, dense_layer
from workloads.integer.unary import Relu

PROFILE = "loihi1-sanafe"
SIDE, CHANNELS, OUTPUTS, KERNEL = 128, 8, 32, 3


def energies(record: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every energy in an accelerator."""
    if isinstance(record, dict):
        for key, value in record.items():
            here = (*path, key)
            if key.endswith("energy_pj") and value is not None:
                yield here
            else:
                yield from energies(value, here)


def as_yaml(path: tuple[str, ...], value: str) -> str:
    """A file with that one key, a line for every step of its path, on top of the profile."""
    lines = [f"{'  ' * depth}{key}:" for depth, key in enumerate(path)]
    return "\n".join([f"extends: {PROFILE}", *lines]) + f" {value}\n"


ENERGIES = list(energies(load_accelerator(PROFILE).model_dump(mode="json", by_alias=True, exclude={"provenance"})))


def refused(tmp_path, text):
    """The one problem of a file, and the message."""
    path = tmp_path / "chip.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_accelerator(path)
    (problem,) = caught.value.problems
    message = str(caught.value)
    assert message.startswith(f"{path}:{problem.line}: ")
    return problem, message


def test_all_kinds_of_energies_are_looked_at():
    names = {".".join(path) for path in ENERGIES}
    assert {
        "operations.add.int24.energy_pj",
        "core.neuron.access.energy_pj",
        "core.neuron.update.energy_pj",
        "core.neuron.fire.energy_pj",
        "core.encode.energy_pj",
        "core.decode.energy_pj",
        "core.weight_memory.read_energy_pj",
        "mesh.east_west.energy_pj",
        "mesh.north_south.energy_pj",
    } <= names


@pytest.mark.parametrize("path", ENERGIES, ids=".".join)
def test_a_typing_error_in_an_energy_is_one_error_with_its_place_and_a_suggestion(path, tmp_path):
    wrong = (*path[:-1], path[-1].replace("energy", "enery"))
    problem, message = refused(tmp_path, as_yaml(wrong, "1.0"))
    assert (problem.field, problem.line) == (".".join(wrong), 1 + len(wrong))
    assert f"did you mean '{path[-1]}'?" in message


@pytest.mark.parametrize("path", ENERGIES, ids=".".join)
def test_a_negative_energy_is_an_error(path, tmp_path):
    problem, message = refused(tmp_path, as_yaml(path, "-111.0"))
    assert (problem.field, problem.line) == (".".join(path), 1 + len(path))
    assert "must not be negative" in message


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("mesh: {topology: moebius strip}\n", "mesh.topology", "unknown field"),
        ("mesh: {links: moebius strip}\n", "mesh.links", "'private' or 'shared'"),
        ("mesh: {columns: 0}\n", "mesh.columns", "must be at least 1"),
        ("mesh: {rows: -4}\n", "mesh.rows", "must be at least 1"),
    ],
)
def test_a_topology_that_does_not_exist_is_an_error(text, field, says, tmp_path):
    problem, message = refused(tmp_path, f"extends: {PROFILE}\n{text}")
    assert (problem.field, problem.line) == (field, 2)
    assert says in message


@pytest.mark.parametrize(("columns", "rows", "fits"), [(1, 1, False), (2, 1, False), (3, 1, True), (2, 2, True)])
def test_a_mesh_too_narrow_for_the_network_is_an_error_before_anything_runs(columns, rows, fits):
    network, pixels = three_cores()
    chip = chip_of(load_accelerator(PROFILE))
    chip = replace(chip, columns=columns, rows=rows, cores_per_tile=1, cores=chip.cores[: columns * rows])
    if fits:
        assert simulate(network, pixels, chip).counts.shape[:2] == (1, 3)
        return
    with pytest.raises(SimulationError, match=rf"(?s)3 cores.* has {columns * rows}.*mesh.columns"):
        simulate(network, pixels, chip)


def test_a_core_too_many_for_the_mesh_is_an_error(tmp_path):
    problem, message = refused(
        tmp_path, f"extends: {PROFILE}\nmesh: {{columns: 7}}\ncores:\n  - {{name: far, count: 128}}\n"
    )
    assert problem.field == "cores[0].count"
    assert "128, and the mesh has only 112" in message


def test_weights_of_a_convolution_are_stored_once_at_their_width():
    network = one_convolution()
    chip = chip_of(load_accelerator("oconnor2017-int32"))
    plan = plan_network(network, chip, mode_named("sigma_delta"))
    pixels = np.random.default_rng(1).integers(0, 256, (1, network.inputs), dtype=np.uint8)
    advance(start(network, plan, Arrival(), block=1), pixels, last=True)  # compiles
    tracemalloc.start()
    state = start(network, plan, Arrival(), block=1)
    (block,) = advance(state, pixels, last=True)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    synapses = (SIDE * KERNEL - 2) ** 2 * CHANNELS * OUTPUTS  # each side: 3 at every place, less one at either end
    assert synapses == 37_356_544
    assert block.counts[0, 1, COLUMNS.index("messages_in")] > SIDE**2  # most of it is used: these are unit events
    assert state.sources[0].net.weights.dtype == np.int8
    assert state.sources[0].net.weights.nbytes == network.layers[0].weight_count == CHANNELS * KERNEL**2 * OUTPUTS
    # All that is allocated, maps and messages of the frame included.
    assert peak_bytes / synapses < 1


def three_cores() -> tuple[IntegerNetwork, np.ndarray]:
    """An input and two dense layers, and a frame."""
    layers = tuple(
        dense_layer(
            f"layer{number}",
            np.ones((2, 2), np.int8),
            np.zeros(2, np.int32),
            Relu(),
            _same() if number == 1 else None,
            np.ones(2),
            source=number - 1,
        )
        for number in (1, 2)
    )
    return _network(layers, (1, 1, 2), 24), np.ones((1, 2), np.uint8)


def one_convolution() -> IntegerNetwork:
    """37 million synapses of 2,304 weights."""
    weights = np.random.default_rng(0).integers(-8, 8, (CHANNELS, KERNEL, KERNEL, OUTPUTS)).astype(np.int8)
    shape = (SIDE, SIDE, OUTPUTS)
    layer = IntegerLayer(
        name="convolution",
        shape=shape,
        synapses=(Synapses(0, weights, Window(padding=(1, 1))),),
        bias=np.zeros(OUTPUTS, np.int32),
        activation=Relu(),
        requantiser=None,
        accumulator_scale=np.ones(OUTPUTS),
        sent_shape=shape,
    )
    return _network((layer,), (SIDE, SIDE, CHANNELS), 32)


def _network(layers, input_shape, accumulator_bits) -> IntegerNetwork:
    return IntegerNetwork(
        name="small",
        precision="scaled",
        input_shape=input_shape,
        input_requantiser=_same(),
        layers=layers,
        weight_bits=8,
        activation_bits=8,
        accumulator_bits=accumulator_bits,
        overflow="wrap",
        scales=(1.0,) * len(layers),
        input_offset=np.zeros(input_shape[2], np.int32),
    )


def _same() -> Requantiser:
    return Requantiser(np.array([2**30], np.int32), np.array([30], np.int32), low=0, high=255, rounding="half_up")
