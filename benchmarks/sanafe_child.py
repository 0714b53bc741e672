"""Run a network in SANA-FE and write what it says: `python -I sanafe_child.py JOB.json ANSWER.json`.

This file is run by the Python of SANA-FE's own environment, which has the standard library and SANA-FE only (and with
-I, because beside this file there is one called sanafe.py). The job is what `benchmarks.sanafe_jobs` makes. `steps` of
the job are those measured; `fill` steps before them fill the pipeline.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import sanafe  # type: ignore[import-not-found] # in its own environment

NEURON = {"soma_hw_name": "lif", "default_synapse_hw_name": "synapse", "default_dendrite_hw_name": "dendrite"}
# No leak, no memory: the potential is the bias and what came in this step, and every neuron is updated in every step.
MEMORYLESS = {"leak_decay": 0.0, "input_decay": 0.0, "reset_mode": "hard", "force_update": True}


def main() -> None:
    """Read the job, run it, write the answer."""
    job = json.loads(Path(sys.argv[1]).read_text())
    begin = time.perf_counter()
    chip = _loaded(job)
    loaded = time.perf_counter()
    chip.sim(job["fill"], timing_model="simple", processing_threads=job["threads"])
    filled = time.perf_counter()
    traces = dict.fromkeys(("spike_trace", "perf_trace", "message_trace"), True) if job["spikes"] else {}
    result = chip.sim(job["steps"], timing_model=job["timing"], processing_threads=job["threads"], **traces)
    finished = time.perf_counter()
    answer = {
        "energy": result["energy"],
        "trace": result["perf_trace"],
        "messages": [[_message(each) for each in step] for step in result["message_trace"] or []],
        "load_seconds": loaded - begin,
        "seconds": finished - filled,
        "peak_bytes": _peak_bytes(),
        "spikes": [[[each.group_name, each.neuron_offset] for each in step] for step in result["spike_trace"] or []],
    }
    Path(sys.argv[2]).write_text(json.dumps(answer))


def _loaded(job: Mapping[str, Any]) -> sanafe.SpikingChip:
    arch = sanafe.load_arch(job["arch"])
    network = sanafe.Network()
    groups = [_group(network, arch, each, spikes=bool(job["spikes"])) for each in job["groups"]]
    for edges in job["edges"]:
        source, target = groups[edges["source"]], groups[edges["target"]]
        weights = {"weight": edges["weights"]}
        if "pairs" in edges:
            source.connect_neurons_sparse(target, weights, [tuple(pair) for pair in edges["pairs"]])
        else:
            source.connect_neurons_dense(target, weights)
    chip = sanafe.SpikingChip(arch)
    chip.load(network)
    return chip


def _group(
    network: sanafe.Network, arch: sanafe.Architecture, job: Mapping[str, Any], *, spikes: bool
) -> sanafe.NeuronGroup:
    count = len(job["places"])
    group = network.create_neuron_group(job["name"], count, log_spikes=spikes, **NEURON)
    for number, neuron in enumerate(group):
        if "trains" in job:
            neuron.set_attributes(soma_hw_name=f"input[{number}]", model_attributes={"spikes": job["trains"][number]})
        else:
            own = {"bias": job["biases"][number], "threshold": job["thresholds"][number]}
            neuron.set_attributes(model_attributes=MEMORYLESS | own)
        tile, core = job["places"][number]
        neuron.map_to_core(arch.tiles[tile].cores[core])
    return group


def _message(each: Mapping[str, Any]) -> list[float | None]:
    """Sender, receiver (None: no message, the rest of a scan), ns to make and to serve it, hops along and across."""
    receiver = None if each["placeholder"] else each["dest_core_id"]
    hops = [abs(each["src_x"] - each["dest_x"]), abs(each["src_y"] - each["dest_y"])]
    return [each["src_core_id"], receiver, 1e9 * each["generation_delay"], 1e9 * each["processing_delay"], *hops]


def _peak_bytes() -> int:
    """What getrusage says begins with the size of the process that started this one, so /proc is asked first."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
