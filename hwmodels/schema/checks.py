"""Checks of an accelerator's fields against each other: things that are each allowed but make no chip together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from hwmodels.encodings import ENCODINGS, GRADED, without_multiplier
from hwmodels.errors import FieldProblem, key_path
from hwmodels.loading.yaml_document import KeyPath
from hwmodels.memory import Action, Memory, access_energy_aj
from hwmodels.schema.fields import type_width_bits
from hwmodels.schema.leaves import leaves
from hwmodels.schema.parts import Core
from hwmodels.schema.units import Latency, UnitError

if TYPE_CHECKING:
    from hwmodels.schema.accelerator import Accelerator

MOST_CORES = 65536
DEFAULT_CORE = "core"


def problems_between_fields(accelerator: Accelerator) -> list[FieldProblem]:
    """Return what is wrong between the fields of an accelerator, in the order of the file; nothing if it is a chip."""
    kinds: list[tuple[KeyPath, Core]] = [(("core",), accelerator.core)]
    kinds += [(("cores", index), kind) for index, kind in enumerate(accelerator.cores)]
    problems = [*_clock(accelerator), *_core_count(accelerator), *_messages(accelerator)]
    problems += [*_routers(accelerator), *_groups(accelerator)]
    for path, core in kinds:
        problems += [*_lanes(accelerator, path, core), *_memories(accelerator, path, core)]
        problems += _logic_area(accelerator, path, core)
    return problems


def _clock(accelerator: Accelerator) -> Iterator[FieldProblem]:
    if accelerator.clock != "asynchronous":
        return
    latencies = [(path, value) for path, value in leaves(accelerator) if isinstance(value, Latency)]
    in_cycles = [path for path, value in latencies if value.cycles is not None]
    if in_cycles:
        what = (
            f"{len(in_cycles)} latencies are in cycles, such as {key_path(in_cycles[0])}, but clock is 'asynchronous'"
        )
        yield FieldProblem(
            in_cycles[0],
            f"{what}: write times such as '3.5 ns', or give the clock's frequency",
            (*in_cycles, ("clock",)),
        )


def _core_count(accelerator: Accelerator) -> Iterator[FieldProblem]:
    mesh = accelerator.mesh
    positions = mesh.columns * mesh.rows * mesh.cores_per_tile
    if positions > MOST_CORES:
        size = f"{mesh.columns} x {mesh.rows} tiles of {mesh.cores_per_tile} cores are {positions:,}"
        yield FieldProblem(("mesh",), f"{size} cores: at most {MOST_CORES:,} are allowed")
    first: dict[str, int] = {}
    taken = 0
    for index, kind in enumerate(accelerator.cores):
        taken += kind.count
        if kind.name == DEFAULT_CORE:
            what = f"'{DEFAULT_CORE}' is the name of the default core: choose another"
            yield FieldProblem(("cores", index, "name"), what)
        elif kind.name in first:
            what = f"two cores of one name (the other is cores[{first[kind.name]}]): names must differ"
            yield FieldProblem(("cores", index, "name"), what)
        first.setdefault(kind.name, index)
        if taken > positions >= taken - kind.count:
            what = f"the named cores up to cores[{index}] are {taken}, and the mesh has only {positions}"
            yield FieldProblem(("cores", index, "count"), what, (("mesh", "columns"), ("mesh", "rows")))


def _groups(accelerator: Accelerator) -> Iterator[FieldProblem]:
    mesh, taken = accelerator.mesh, 0
    positions = mesh.columns * mesh.rows * mesh.cores_per_tile
    for index, count in enumerate(accelerator.synchronisation.core_groups):
        taken += count
        if taken > positions >= taken - count:
            what = f"the groups up to groups[{index}] have {taken} cores, and the mesh has only {positions}: "
            at = ("synchronisation", "groups", index)
            mesh_size = (("mesh", "columns"), ("mesh", "rows"), ("mesh", "cores_per_tile"))
            yield FieldProblem(at, what + "make groups smaller, or the mesh larger", mesh_size)


def _messages(accelerator: Accelerator) -> Iterator[FieldProblem]:
    messages, bits = accelerator.messages, accelerator.precision.activation_bits
    cores = {("core",): accelerator.core} | {("cores", i): kind for i, kind in enumerate(accelerator.cores)}
    without = tuple((*path, "multiply") for path, core in cores.items() if core.multiply is None)
    encoding = ENCODINGS[messages.encoding]
    if encoding.multiplies and without:
        what = (
            f"{encoding.name} messages need a multiplier, and {key_path(without[0])} is null: "
            f"use {without_multiplier()} messages"
        )
        yield FieldProblem(("messages", "encoding"), what, without)
    if messages.payload_bits + messages.header_bits == 0:
        yield FieldProblem(("messages", "header_bits"), "a message needs at least one bit of payload or header")
    # Networks at full fixed point always send graded messages, so a chip with a multiplier needs the payload for them.
    payloads = [encoding.payload, *([GRADED.payload] if len(without) < len(cores) else [])]
    payload = max(filter(None, payloads), key=lambda each: each.bits(bits), default=None)
    if payload and messages.payload_bits < payload.bits(bits):
        what = f"a payload of {messages.payload_bits} bits is too narrow: a {payload.what} of a {bits}-bit activation"
        what += f" takes {payload.bits(bits)} bits with its sign"
        yield FieldProblem(("messages", "payload_bits"), what, (("precision", "activation_bits"),))


def _routers(accelerator: Accelerator) -> Iterator[FieldProblem]:
    mesh = accelerator.mesh
    if mesh.links == "private" and mesh.queue_depth != "unlimited":
        what = (
            f"a router that holds {mesh.queue_depth} messages needs shared links: with private ones every connection "
            "has its own, and none waits in a router. Set mesh.links to 'shared', or mesh.queue_depth to 'unlimited'"
        )
        yield FieldProblem(("mesh", "queue_depth"), what, (("mesh", "links"),))


def _logic_area(accelerator: Accelerator, path: KeyPath, core: Core) -> Iterator[FieldProblem]:
    if core.logic_mm2 is not None and accelerator.area is None:
        what = "an area needs the process it holds for: write 'area: {node_nm: 45}' as well, with the node it is of"
        yield FieldProblem((*path, "logic_mm2"), what, (("area",),))


def _lanes(accelerator: Accelerator, path: KeyPath, core: Core) -> Iterator[FieldProblem]:
    precision = accelerator.precision
    needs = {
        "add": (("accumulator_bits", precision.accumulator_bits),),
        "multiply": (("weight_bits", precision.weight_bits), ("activation_bits", precision.activation_bits)),
    }
    for kind, lanes in (("add", core.add), ("multiply", core.multiply)):
        if lanes is None:
            continue
        at = (*path, kind, "type")
        table = getattr(accelerator.operations, kind)
        if lanes.type not in table:
            known = ", ".join(table) or "none"
            yield FieldProblem(at, f"has no entry in operations.{kind}: there are {known}")
            continue
        for name, bits in needs[kind]:
            if "int" in lanes.type and type_width_bits(lanes.type) < bits:
                what = f"{lanes.type} lanes of {key_path((*path, kind))} are too narrow for {name}, {bits}"
                yield FieldProblem(at, what, (("precision", name),))


def _memories(accelerator: Accelerator, path: KeyPath, core: Core) -> Iterator[FieldProblem]:
    memories: tuple[tuple[Memory, Action], ...] = (("weight", "read"), ("state", "read"), ("state", "write"))
    for memory, action in memories:
        try:
            access_energy_aj(accelerator.memories.sram, core, memory, action)
        except UnitError as error:
            part = (*path, f"{memory}_memory")
            points = ("memories", "sram")
            yield FieldProblem((*part, f"{action}_energy_pj"), str(error), ((*part, "capacity"), points))
