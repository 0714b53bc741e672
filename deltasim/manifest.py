"""What a run directory says about its run besides the counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from deltasim.job import Job, arrival_of, network_for
from workloads import bits_needed, largest_inputs, static_bound


def describe_run(job: Job) -> dict[str, Any]:
    """The manifest: modes, widths and scales, seeds and hashes of the inputs, versions. Nothing that time or place
    changes.
    """
    network = job.network.full
    return {
        "name": job.settings.name,
        "modes": list(job.config["modes"]),
        "network": network.name,
        "dataset": job.frames.name,
        "classes": list(job.classes),
        "warnings": list(job.frames.warnings),
        "frame_interval_fs": arrival_of(job.settings).interval_fs or None,
        "frame_rate_hz": job.settings.frame_rate_hz,
        "arrival": job.settings.arrival,
        "engine": job.settings.engine,
        "output_scales": {plan.mode.name: _output_scale(job, plan.mode.name) for plan in job.plans},
        "quantisation": {
            "weight_bits": network.weight_bits,
            "activation_bits": network.activation_bits,
            "accumulator_bits": network.accumulator_bits,
            "overflow": network.overflow,
            "rounding": network.input_requantiser.rounding,
            "scales": {part.precision: list(part.scales) for part in (job.network.full, job.network.scaled)},
        },
        "hashes": {key: job.config[key] for key in ("accelerator", "network", "frames")},
        "versions": job.config["versions"],
    }


def _output_scale(job: Job, mode: str) -> list[float]:
    """Real value of one unit of every output."""
    last = network_for(job.network, mode).layers[-1]
    scale: list[float] = np.resize(last.accumulator_scale, last.accumulators).tolist()
    return scale


def describe_cores(job: Job) -> list[dict[str, Any]]:
    """One entry per core: what it holds, where it stands, and what its accumulators could need at most."""
    networks = (job.network.full, job.network.scaled)
    plan = job.plans[0]
    entries: list[dict[str, Any]] = []
    for index, core in enumerate(plan.cores):
        links = [link for link in plan.links if link.sender == index]
        reach = {hits_y * hits_x for link in links for hits_y in link.hits_y for hits_x in link.hits_x}
        entry: dict[str, Any] = {
            "core": index,
            "layer": core.layer,
            "kind": core.timing.name,
            "neurons": core.neurons,
            "shape": list(core.shape),
            "sent_shape": list(core.sent_shape),
            "senders": list(core.senders),
            "fan_out": sum(link.channels for link in links) if reach == {1} or not links else None,
            "weights": job.network.full.layers[index - 1].weight_count if index else 0,
            "weight_kib": core.weight_memory_bits / 8192,
            "state_kib": core.state_memory_bits / 8192,
            "tile_x": core.column,
            "tile_y": core.row,
        }
        if index:
            bounds = {
                part.precision: int(static_bound(part.layers[index - 1], largest_inputs(part)[index - 1]).max())
                for part in networks
            }
            entry["static_bound"] = bounds
            entry["static_bits_needed"] = {precision: bits_needed(bound) for precision, bound in bounds.items()}
        entries.append(entry)
    return entries
