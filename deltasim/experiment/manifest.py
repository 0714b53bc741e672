"""What a run directory says about its run besides the counts."""

from __future__ import annotations

from math import isfinite

import numpy as np

from deltasim.experiment.job import Job, arrival_of, network_for
from hwmodels import chip_of
from reports.run.records import CoreRecord, MeshRecord, QuantisationRecord, QuantisedCoreRecord, RunRecord
from workloads import InputReport, LayerReport, bits_needed, largest_inputs, own_order, static_bound


def describe_run(job: Job) -> RunRecord:
    """The manifest: modes, widths and scales, seeds and hashes of the inputs, versions. Nothing that time or place
    changes.
    """
    network = job.network.either
    return {
        "name": job.settings.name,
        "modes": [plan.mode.name for plan in job.plans],
        "network": network.name,
        "dataset": job.frames.name,
        "first_frame": job.frames.first,
        "frame_step": job.frames.step,
        "classes": list(job.classes),
        "output_shape": list(job.network.output_shape),
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
            "scales": {name: list(each.scales) for name, each in job.network.networks.items()},
        },
        "hashes": job.hashes,
        "versions": job.versions,
    }


def _output_scale(job: Job, mode: str) -> list[float]:
    """Real value of one unit of every output, in the order of the outputs."""
    network = network_for(job.network, mode)
    last = network.layers[-1]
    scale: list[float] = own_order(network, np.resize(last.accumulator_scale, (1, last.accumulators)))[0].tolist()
    return scale


def describe_quantisation(job: Job) -> QuantisationRecord | None:
    """What quantisation did to the network, on the calibration frames: an entry per precision and core, as
    `reports.tables.quantisation` reads it. None if nobody measured it.

    See `workloads.QuantisationReport` for the meaning of each field. Nodes of the float graph are left out.
    """
    report, name = job.network.report, job.plans[0].cores[0].layer
    if report is None:
        return None
    inputs = [_fidelity(each, 0, name) for each in report.inputs]
    layers = [_with_limits(_fidelity(each, each.layer, each.name), each) for each in report.layers]
    return {
        "frames": report.frames,
        "agreement": {str(precision): share for precision, share in report.agreement.items()},
        "left_to_float": list(report.left_to_float),
        "layers": sorted([*inputs, *layers], key=lambda entry: (entry["precision"], entry["core"])),
    }


def _fidelity(entry: InputReport | LayerReport, core: int, layer: str) -> QuantisedCoreRecord:
    """JSON has no infinity."""
    decibels = entry.signal_to_noise_db
    return {
        "precision": entry.precision,
        "core": core,
        "layer": layer,
        "scale": entry.scale,
        "signal_to_noise_db": decibels if isfinite(decibels) else str(decibels),
        "saturated_share": entry.saturated_share,
    }


def _with_limits(record: QuantisedCoreRecord, entry: LayerReport) -> QuantisedCoreRecord:
    return {
        **record,
        "weight_low": entry.weight_low,
        "weight_high": entry.weight_high,
        "static_bound": entry.static_bound,
        "bits_needed": entry.bits_needed,
        "accumulator_bits": entry.accumulator_bits,
        "peak": entry.peak,
    }


def describe_cores(job: Job) -> list[CoreRecord]:
    """One entry per core in use: what it holds, where it stands, and what its accumulators could need at most."""
    networks = job.network.networks.values()
    bounds: list[dict[str, int]] = [
        {each.precision: int(static_bound(each.layers[index], largest_inputs(each)[index]).max()) for each in networks}
        for index in range(len(job.network.either.layers))
    ]
    entries = []
    for number, core in enumerate(job.plans[0].cores):
        entry = _describe_core(job, number)
        if core.layer_index:
            entry["static_bound"] = bounds[core.layer_index - 1]
            entry["static_bits_needed"] = {
                precision: bits_needed(bound) for precision, bound in entry["static_bound"].items()
            }
        entries.append(entry)
    return entries


def _describe_core(job: Job, number: int) -> CoreRecord:
    plan, held = job.plans[0], [each.cores[number] for each in job.plans]  # not all modes keep values last sent
    core, layer = plan.cores[number], plan.layers[plan.cores[number].layer_index]
    links = [plan.flows[own] for own in plan.flows_of(number)]
    reach = {hits_y * hits_x for link in links for hits_y in link.hits_y for hits_x in link.hits_x}
    parts = layer.cores[1] - layer.cores[0]
    timing = core.timing
    return {
        "core": number,
        "name": core.layer if parts == 1 else f"{core.layer}.{core.part}",
        "layer": core.layer,
        "layer_index": core.layer_index,
        "part": core.part,
        "parts": parts,
        "position": core.position,
        "kind": timing.name,
        "column": core.column,
        "row": core.row,
        "rows": list(core.rows),
        "channels": list(core.channels),
        "neurons": core.neurons,
        "shape": list(core.shape),
        "sent_shape": list(core.sent_shape),
        "senders": list(core.senders),
        "fan_out": sum(link.channels for link in links) if reach == {1} or not links else None,
        "weights": core.weight_memory_bits // plan.weight_bits,
        "weight_kib": max(each.weight_memory_bits for each in held) / 8192,
        "weight_capacity_kib": _kib(timing.weight_memory.capacity_bits),
        "state_kib": max(each.state_memory_bits for each in held) / 8192,
        "state_capacity_kib": _kib(timing.state_memory.capacity_bits),
        "streams_weights": core.streams,
    }


def _kib(bits: int | None) -> float | None:
    return None if bits is None else bits / 8192


def describe_mesh(job: Job) -> MeshRecord:
    """The chip's tiles, and the links between them that messages use, in the order of their numbers."""
    chip, plan = chip_of(job.accelerator), job.plans[0]
    return {
        "columns": chip.columns,
        "rows": chip.rows,
        "cores_per_tile": chip.cores_per_tile,
        "links": "shared" if chip.shared_links else "private",
        "multicast": chip.multicast,
        "used_links": [{"from": list(link.begin), "to": list(link.end)} for link in plan.mesh],
    }
