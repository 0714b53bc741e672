"""From an accelerator to the chip the simulator sees: integer femtoseconds, widths and capacities, no energy."""

from __future__ import annotations

from hwmodels.chip import Chip, CoreTiming, MemoryTiming
from hwmodels.schema.accelerator import Accelerator
from hwmodels.schema.checks import DEFAULT_CORE
from hwmodels.schema.parts import Core, NamedCore, OffChip, StateMemory, WeightMemory
from hwmodels.schema.units import period_fs


def chip_of(accelerator: Accelerator) -> Chip:
    """Return the chip of an accelerator: columns * rows * cores_per_tile cores in mesh order, every latency in fs.

    A latency of a fraction of a cycle, and a clock period that is no whole number of fs, are rounded to the nearest fs.
    """
    period = clock_period_fs(accelerator)
    mesh, messages, precision = accelerator.mesh, accelerator.messages, accelerator.precision
    timed = {id(core): _core_timing(accelerator, core, period) for core in core_positions(accelerator)}
    return Chip(
        name=accelerator.name,
        clock_period_fs=period,
        cores=tuple(timed[id(core)] for core in core_positions(accelerator)),
        weight_bits=precision.weight_bits,
        activation_bits=precision.activation_bits,
        accumulator_bits=precision.accumulator_bits,
        encoding=messages.encoding,
        payload_bits=messages.payload_bits,
        header_bits=messages.header_bits,
        link_bits=mesh.link_bits,
        flit_fs=mesh.flit_latency.in_fs(period),
        columns=mesh.columns,
        rows=mesh.rows,
        cores_per_tile=mesh.cores_per_tile,
        local_fs=mesh.local.latency.in_fs(period),
        hop_ew_fs=mesh.east_west.latency.in_fs(period),
        hop_ns_fs=mesh.north_south.latency.in_fs(period),
        synchronisation=accelerator.synchronisation.kind,
        barrier_fs=tuple((tiles, latency.in_fs(period)) for tiles, latency in accelerator.synchronisation.release),
        groups=accelerator.synchronisation.core_groups,
        shared_links=mesh.links == "shared",
        router_depth=None if mesh.queue_depth == "unlimited" else mesh.queue_depth,
        multicast=mesh.multicast,
        **_off_chip_timing(accelerator.off_chip, period),
    )


def clock_period_fs(accelerator: Accelerator) -> int | None:
    """Return the clock's period in fs, or None for an asynchronous chip."""
    return None if accelerator.clock == "asynchronous" else period_fs(accelerator.clock)


def core_positions(accelerator: Accelerator) -> tuple[Core, ...]:
    """Return the kind of core at every position in mesh order: the named kinds first, then the default core."""
    named: list[Core] = [kind for kind in accelerator.cores for _ in range(kind.count)]
    return (*named, *[accelerator.core] * (core_count(accelerator) - len(named)))


def core_count(accelerator: Accelerator) -> int:
    """Return how many cores the chip has."""
    return accelerator.mesh.columns * accelerator.mesh.rows * accelerator.mesh.cores_per_tile


def _core_timing(accelerator: Accelerator, core: Core, period: int | None) -> CoreTiming:
    operations = accelerator.operations
    return CoreTiming(
        name=core.name if isinstance(core, NamedCore) else DEFAULT_CORE,
        add_lanes=core.add.lanes,
        add_fs=operations.add[core.add.type].latency.in_fs(period),
        multiply_lanes=core.multiply.lanes if core.multiply else 0,
        multiply_fs=operations.multiply[core.multiply.type].latency.in_fs(period) if core.multiply else None,
        pipelined=core.pipelined,
        decode_fs=core.decode.latency.in_fs(period),
        encode_fs=core.encode.latency.in_fs(period),
        access_fs=core.neuron.access.latency.in_fs(period),
        update_fs=core.neuron.update.latency.in_fs(period),
        fire_fs=core.neuron.fire.latency.in_fs(period),
        queue_depth=core.queue_depth,
        weight_memory=_memory_timing(core.weight_memory, period),
        state_memory=_memory_timing(core.state_memory, period),
    )


def _off_chip_timing(off_chip: OffChip | None, period: int | None) -> dict[str, int]:
    """Return the fields of `Chip` about off-chip memory: 0 for what does not come from there."""
    word_bits, word_fs = (off_chip.word_bits, off_chip.time_per_word.in_fs(period)) if off_chip else (0, 0)
    latency_fs = off_chip.latency.in_fs(period) if off_chip and off_chip.latency else 0
    frames, weights = (off_chip.holds_frames, off_chip.holds_weights) if off_chip else (False, False)
    return {
        "frame_word_bits": word_bits * frames,
        "frame_word_fs": word_fs * frames,
        "stream_word_bits": word_bits * weights,
        "stream_word_fs": word_fs * weights,
        "stream_latency_fs": latency_fs * weights,
    }


def _memory_timing(memory: WeightMemory | StateMemory, period: int | None) -> MemoryTiming:
    capacity = None if memory.capacity == "unlimited" else memory.capacity.value
    return MemoryTiming(capacity, memory.word_bits, memory.ports, memory.latency.in_fs(period))
