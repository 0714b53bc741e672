"""What a run directory says about its run besides the counts."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import numpy as np

from deltasim.job import Job, arrival_of, network_for
from workloads import InputReport, LayerReport, bits_needed, largest_inputs, static_bound

_LIMITS: Final = ("weight_low", "weight_high", "static_bound", "bits_needed", "accumulator_bits", "peak")


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


def describe_quantisation(job: Job) -> dict[str, Any]:
    """What quantisation did to the network, on the calibration frames: an entry per precision and core, as
    `reports.quantisation` reads it.

    See `workloads.QuantisationReport` for the meaning of each field. Nodes of the float graph are left out.
    """
    report, name = job.network.report, job.plans[0].cores[0].layer
    inputs = [{"precision": each.precision, "core": 0, "layer": name, **_fidelity(each)} for each in report.inputs]
    layers = [
        {
            "precision": each.precision,
            "core": each.layer,
            "layer": each.name,
            **_fidelity(each),
            **{field: getattr(each, field) for field in _LIMITS},
        }
        for each in report.layers
    ]
    return {
        "frames": report.frames,
        "agreement": dict(report.agreement),
        "left_to_float": list(report.left_to_float),
        "layers": sorted([*inputs, *layers], key=lambda entry: (entry["precision"], entry["core"])),
    }


def _fidelity(entry: InputReport | LayerReport) -> dict[str, Any]:
    """Decibels to three digits: more would depend on the order in which floats were added. JSON has no infinity."""
    decibels = entry.signal_to_noise_db
    return {
        "scale": entry.scale,
        "signal_to_noise_db": round(decibels, 3) if isfinite(decibels) else str(decibels),
        "saturated_share": entry.saturated_share,
    }


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
