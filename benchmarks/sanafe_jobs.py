"""From a network on a chip to what SANA-FE is to run: its architecture file, neurons with their places, synapses.

Prices come from the accelerator's YAML through deltasim, so that both sides have the same ones. SANA-FE adds kinds up:
it is asked for one of them by setting the prices of all others to 0.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.sanafe_cases import Case
from hwmodels import Accelerator, Chip
from hwmodels.prices.pricing import action_prices
from hwmodels.records import ACTIONS
from simulator import Plan
from workloads import IntegerLayer, Synapses
from workloads.integer.fixedpoint import requantise
from workloads.integer.forward import integer_forward

CHILD = Path(__file__).parent / "sanafe_child.py"
ATTOJOULE = 1e-18
NEVER = 2.0**40  # a threshold no sum reaches


@dataclass(frozen=True)
class Kind:
    """A kind of event: its name here, its column of counts, and its price in an architecture file of SANA-FE."""

    name: str
    column: str
    price: str


KINDS = (
    Kind("synapse", "adds", "energy_process_spike"),
    Kind("soma access", "accesses", "energy_access_neuron"),
    Kind("soma update", "updates", "energy_update_neuron"),
    Kind("soma spike out", "fires", "energy_spike_out"),
    Kind("axon out", "messages_out", "energy_message_out"),
    Kind("axon in", "messages_in", "energy_message_in"),
    Kind("hop east-west", "flit_hops_ew", "energy_east_hop"),
    Kind("hop north-south", "flit_hops_ns", "energy_north_hop"),
)


def prices_of(accelerator: Accelerator) -> dict[str, int]:
    """aJ by SANA-FE's name for it; all cores are alike."""
    own = dict(zip((action.column for action in ACTIONS), action_prices(accelerator)[0].tolist(), strict=True))
    return {kind.price: own[kind.column] for kind in KINDS}


def answer_of(
    case: Case, python: Path, plan: Plan, job: Mapping[str, Any], prices: Mapping[str, int]
) -> dict[str, Any]:
    """Give SANA-FE a job at those prices and return what it answers."""
    with TemporaryDirectory() as folder:
        return _run(python, Path(folder), job, architecture_of(case.chip, plan, prices, case.network.inputs))


def _run(python: Path, folder: Path, job: Mapping[str, Any], architecture: str) -> dict[str, Any]:
    (folder / "arch.yaml").write_text(architecture)
    (folder / "job.json").write_text(json.dumps({**job, "arch": str(folder / "arch.yaml")}))
    command = [str(python), "-I", str(CHILD), str(folder / "job.json"), str(folder / "answer.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"SANA-FE ended with exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    answer: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return answer


def job_of(case: Case, plan: Plan, *, timing: str, threads: int, spikes: bool = False) -> dict[str, Any]:
    """Neurons, synapses and inputs. The first steps, until every layer has a frame, only fill the pipeline."""
    network = case.network
    inputs = integer_forward(network, case.frames).activations[0]
    groups = [{"name": "layer0", "places": _places(case.chip, plan, 0), "trains": (inputs.T > 0).tolist()}]
    edges = []
    for number, layer in enumerate(network.layers, start=1):
        thresholds, biases = _threshold(layer), np.tile(layer.bias, layer.accumulators // layer.shape[2])
        groups.append({"name": f"layer{number}", "places": _places(case.chip, plan, number)})
        groups[-1] |= {"thresholds": thresholds.tolist(), "biases": biases.astype(float).tolist()}
        edges += [_edges(case, each, number) for each in layer.synapses]
    fill = len(network.layers)
    steps = len(case.frames) - fill
    return {"groups": groups, "edges": edges, "fill": fill, "steps": steps} | {
        "timing": timing,
        "threads": threads,
        "spikes": spikes,
    }


def architecture_of(chip: Chip, plan: Plan, prices: Mapping[str, int], inputs: int) -> str:
    """The architecture file: a mesh of equal tiles; the one that holds the input has a soma unit for each pixel."""
    core, tiles = chip.cores[0], chip.columns * chip.rows
    cost = {name: _joule(value) for name, value in prices.items()}
    hops = "".join(
        f"        energy_{way}_hop: {cost[f'energy_{price}_hop']}\n        latency_{way}_hop: {_s(latency)}\n"
        for way, price, latency in (
            ("north", "north", chip.hop_ns_fs),
            ("south", "north", chip.hop_ns_fs),
            ("east", "east", chip.hop_ew_fs),
            ("west", "east", chip.hop_ew_fs),
        )
    )
    barrier = ", ".join(f"{most}: {_s(latency)}" for most, latency in chip.barrier_fs)
    text = (
        f"architecture:\n  name: same\n  attributes:\n    topology: mesh\n    width: {chip.columns}\n"
        f"    height: {chip.rows}\n    link_buffer_size: {core.queue_depth}\n    sync_model: table\n"
        f"    latency_sync: {{ {barrier} }}\n  tile:\n"
    )
    holds_input = {tile for tile, _ in _places(chip, plan, 0)}
    for tile in range(tiles):
        text += f"    - name: tile{tile}\n      attributes:\n{hops}      core:\n"
        text += f"        - name: core[0..{chip.cores_per_tile - 1}]\n          attributes:\n"
        text += "            buffer_position: soma\n            buffer_inside_unit: false\n"
        text += f"            max_neurons_supported: {2**16}\n"
        text += _units(chip, cost, prices, inputs if tile in holds_input else 0)
    return text


def _units(chip: Chip, cost: Mapping[str, str], prices: Mapping[str, int], inputs: int) -> str:
    core = chip.cores[0]
    soma = _soma("lif", "leaky_integrate_fire", cost, (core.access_fs, core.update_fs, core.fire_fs))
    if inputs:
        # An input neuron of SANA-FE fires or is idle; here each is also updated in every frame.
        both = prices["energy_access_neuron"] + prices["energy_update_neuron"]
        merged = {**cost, "energy_access_neuron": _joule(both), "energy_update_neuron": "0.0"}
        times = (core.access_fs + core.update_fs, 0, core.fire_fs)
        soma += _soma(f"input[0..{inputs - 1}]", "input", merged, times)
    return (
        _unit(
            "axon_in", "in", {"energy_message_in": cost["energy_message_in"], "latency_message_in": _s(core.decode_fs)}
        )
        + "          soma:\n"
        + soma
        + _unit("dendrite", "dendrite", {"model": "accumulator", "energy_update": "0.0", "latency_update": "0.0"})
        + _unit(
            "synapse",
            "synapse",
            {
                "model": "current_based",
                "energy_process_spike": cost["energy_process_spike"],
                "latency_process_spike": _s(core.add_fs),
            },
        )
        + _unit(
            "axon_out",
            "out",
            {"energy_message_out": cost["energy_message_out"], "latency_message_out": _s(core.encode_fs)},
        )
    )


def _s(fs: int) -> str:
    return f"{fs}.0e-15"


def _joule(aj: int) -> str:
    return f"{aj}.0e-18"


def _unit(kind: str, name: str, attributes: Mapping[str, str]) -> str:
    lines = "".join(f"                {key}: {value}\n" for key, value in attributes.items())
    return f"          {kind}:\n            - name: {name}\n              attributes:\n{lines}"


def _soma(name: str, model: str, cost: Mapping[str, str], times: tuple[int, int, int]) -> str:
    access, update, fire = times
    attributes = {
        "model": model,
        **{key: cost[key] for key in ("energy_access_neuron", "energy_update_neuron", "energy_spike_out")},
        "latency_access_neuron": _s(access),
        "latency_update_neuron": _s(update),
        "latency_spike_out": _s(fire),
    }
    lines = "".join(f"                {key}: {value}\n" for key, value in attributes.items())
    return f"            - name: {name}\n              attributes:\n{lines}"


def _places(chip: Chip, plan: Plan, layer: int) -> list[tuple[int, int]]:
    """Tile and core in it of every neuron of a layer. SANA-FE numbers tiles column by column."""
    places = np.zeros((*plan.layers[layer].sent_shape, 2), np.int64)
    for core in plan.cores[slice(*plan.layers[layer].cores)]:
        own = places[slice(*core.rows), :, slice(*core.channels)]
        own[...] = core.column * chip.rows + core.row, core.position % chip.cores_per_tile
    return [(tile, core) for tile, core in places.reshape(-1, 2).tolist()]


def _threshold(layer: IntegerLayer) -> NDArray[np.float64]:
    """What each neuron's sum has to pass to send: half below the smallest integer that is requantised to 1."""
    if layer.requantiser is None:
        return np.full(layer.accumulators, NEVER)
    low = np.zeros(layer.accumulators, np.int64)  # sends nothing: there is a ReLU
    high = np.full(layer.accumulators, 2**30, np.int64)
    never = requantise(high[None], layer.requantiser)[0] < 1
    while (high - low).max() > 1:
        middle = (low + high) // 2
        sends = requantise(middle[None], layer.requantiser)[0] >= 1
        low, high = np.where(sends, low, middle), np.where(sends, middle, high)
    return np.where(never, NEVER, high - 0.5)


def _edges(case: Case, synapses: Synapses, target: int) -> dict[str, Any]:
    named: dict[str, Any] = {"source": synapses.source, "target": target}
    if synapses.window is None:
        return named | {"weights": synapses.weights.ravel().astype(float).tolist()}
    pairs, weights = _convolution(case, synapses, target)
    return named | {"pairs": pairs.tolist(), "weights": weights.astype(float).tolist()}


def _convolution(case: Case, synapses: Synapses, target: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every synapse of a convolution without groups: (synapses, 2) sender and receiver, and its weight."""
    window = synapses.window
    assert window is not None  # noqa: S101 - the caller asked
    (height, width, channels), shape = case.network.sent_shape(synapses.source), case.network.layers[target - 1].shape
    _, kernel_y, kernel_x, outputs = synapses.weights.shape
    y, x, j, i, c, o = np.ogrid[: shape[0], : shape[1], :kernel_y, :kernel_x, :channels, :outputs]
    from_y = window.stride[0] * y + window.dilation[0] * j - window.padding[0]
    from_x = window.stride[1] * x + window.dilation[1] * i - window.padding[1]
    inside = (from_y >= 0) & (from_y < height) & (from_x >= 0) & (from_x < width)
    sender = (from_y * width + from_x) * channels + c
    receiver = (y * shape[1] + x) * outputs + o
    weight = synapses.weights[c, j, i, o].astype(np.int64)
    inside, sender, receiver, weight = np.broadcast_arrays(inside, sender, receiver, weight)
    order = np.argsort(sender[inside], kind="stable")
    return np.stack([sender[inside], receiver[inside]], axis=1)[order], weight[inside][order]
