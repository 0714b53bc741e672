"""What a run directory says about its run besides the counts."""

from __future__ import annotations

from typing import Any

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
        "frame_interval_fs": arrival_of(job.settings).interval_fs or None,
        "frame_rate_hz": job.settings.frame_rate_hz,
        "arrival": job.settings.arrival,
        "engine": job.settings.engine,
        "output_scales": {
            plan.mode.name: network_for(job.network, plan.mode.name).layers[-1].accumulator_scale.tolist()
            for plan in job.plans
        },
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


def describe_cores(job: Job) -> list[dict[str, Any]]:
    """One entry per core: what it holds, where it stands, and what its accumulators could need at most."""
    networks = (job.network.full, job.network.scaled)
    entries: list[dict[str, Any]] = []
    for index, core in enumerate(job.plans[0].cores):
        entry: dict[str, Any] = {
            "core": index,
            "layer": core.layer,
            "kind": core.timing.name,
            "neurons": core.neurons,
            "fan_in": core.fan_in,
            "fan_out": core.fan_out,
            "weights": core.fan_in * core.neurons,
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
