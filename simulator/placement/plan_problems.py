"""Why a network cannot run on a chip: what is asked, what is there, what would help."""

from __future__ import annotations

from hwmodels.chip import Chip
from hwmodels.encodings import Encoding, without_multiplier
from simulator.modes import Mode, encoded_modes
from simulator.placement.mapping import Mapping
from simulator.placement.plan import CorePlan
from simulator.placement.shortages import kib
from workloads.integer.network import IntegerNetwork


def network_problems(
    network: IntegerNetwork, chip: Chip, encoding: Encoding, mode: Mode, mapping: Mapping
) -> list[str]:
    """What is wrong whatever the memories hold: widths, messages, cores, sums whose order would matter."""
    problems = _width_problems(network, chip, encoding, mode, mapping)
    count = len(network.layers) + 1
    if count > len(chip.cores):
        problems.append(
            f"{count - 1} layers and the input need {count} cores, {chip.name} has {len(chip.cores)}: "
            "use a bigger mesh (mesh.columns, mesh.rows, mesh.cores_per_tile)"
        )
    return problems + _order_problems(network)


def memory_problems(chip: Chip, core: CorePlan) -> list[str]:
    """What a core's memories are too small for."""
    problems = []
    where = f"layer {core.layer!r}" if not core.part else f"part {core.part} of layer {core.layer!r}"
    for name, asked, memory, help_ in (
        ("weight_memory", core.weight_memory_bits, core.timing.weight_memory, "fewer weight_bits"),
        ("state_memory", core.state_memory_bits, core.timing.state_memory, "fewer accumulator_bits"),
    ):
        if memory.capacity_bits is None or asked <= memory.capacity_bits or (name == "weight_memory" and core.streams):
            continue
        streams = ", or off_chip.holds_weights" if name == "weight_memory" and not chip.stream_word_bits else ""
        size = f"{name}.capacity of {core.timing.name!r}" if core.timing.name != "core" else f"core.{name}.capacity"
        problems.append(
            f"{where} needs {kib(asked / 8192)} of {name}, core {core.timing.name!r} has "
            f"{memory.capacity_bits / 8192:.4g} KiB, {kib((asked - memory.capacity_bits) / 8192)} too little: "
            f"split the layer over more cores (mapping: fit), {help_}, or a larger {size}{streams}"
        )
    return problems


def _width_problems(network: IntegerNetwork, chip: Chip, encoding: Encoding, mode: Mode, mapping: Mapping) -> list[str]:
    problems = [
        f"{name} of {asked} bits, {chip.name} has {there} (precision.{name}): "
        + (f"quantise to {there} bits or widen it" if there >= least else f"widen it to {least} at least")
        for name, asked, there, least in (
            ("weight_bits", network.weight_bits, chip.weight_bits, 2),
            ("activation_bits", network.activation_bits, chip.activation_bits, 2),
            ("accumulator_bits", network.accumulator_bits, chip.accumulator_bits, 8),
        )
        if asked > there
    ]
    used = [chip.cores[core] for placement in mapping[1:] for core in placement.cores if 0 <= core < len(chip.cores)]
    if encoding.multiplies and any(core.multiply_fs is None for core in used):
        problems.append(
            f"mode {mode.name!r} sends {encoding.name} messages, which need a multiplier, and {chip.name} has none: "
            f"run {' and '.join(encoded_modes())} only (with {without_multiplier()} messages), or give core.multiply"
        )
    if encoding.payload and chip.payload_bits < (needed := encoding.payload.bits(network.activation_bits)):
        narrower = [
            bits for bits in range(2, network.activation_bits) if encoding.payload.bits(bits) <= chip.payload_bits
        ]
        problems.append(
            f"{encoding.payload.what}s of {network.activation_bits}-bit activations need {needed} bits, "
            f"messages.payload_bits is {chip.payload_bits}: widen it"
            + (f" or quantise to {narrower[-1]} activation_bits" if narrower else "")
        )
    return problems


def _order_problems(network: IntegerNetwork) -> list[str]:
    """Sums that depend on the order of arrival have no defined value."""
    return [
        f"layer {layer.name!r} has {len(layer.synapses)} senders and accumulators that saturate: the order in which "
        "their messages arrive would change the sum; use overflow: wrap"
        for layer in network.layers
        if network.overflow == "saturate" and len(layer.synapses) > 1
    ]
