"""The parts of an accelerator file, each with the meaning of its fields.

No number has a default: each is written, or null where a chip does not have what it describes.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Final, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from hwmodels.encodings import EncodingName
from hwmodels.errors import FieldProblem, FieldsError
from hwmodels.schema.fields import (
    DEEPEST_QUEUE,
    AreaMm2,
    Bits,
    Capacity,
    CapacityOrUnlimited,
    Count,
    Depth,
    EnergyOrByCapacity,
    EnergyPj,
    LatencyField,
    NodeNm,
    Part,
    PowerMw,
    Switch,
    Text,
    TypeName,
    VoltageV,
)

MOST_NAMED_CORES: Final = 256

Status: TypeAlias = Literal["published", "measured", "fitted", "second-hand", "computed", "assumed"]


class Cost(Part):
    """What one action costs: energy, and the time its unit is busy."""

    energy_pj: EnergyPj
    latency: LatencyField


class Technology(Part):
    """The process that the energies hold for, from which `deltasim price --node` scales them; no voltage: unknown."""

    node_nm: NodeNm
    voltage_v: VoltageV | None = None


class Precision(Part):
    """The widest integers the hardware takes: stored weights, values sent between cores, accumulators."""

    weight_bits: Annotated[Bits, Field(ge=1, le=16)]
    activation_bits: Annotated[Bits, Field(ge=1, le=16)]
    accumulator_bits: Annotated[Bits, Field(ge=2, le=32)]


class Operations(Part):
    """Energy and latency of one operation by kind (add, multiply) and number type (int8, int32, float16, ...)."""

    add: dict[TypeName, Cost]
    multiply: dict[TypeName, Cost]


class SramPoint(Part):
    """One cited point: the energy of one access (read or write) to an SRAM of this capacity."""

    capacity: Capacity
    energy_pj: EnergyPj


class Sram(Part):
    """SRAM energy by capacity: cited points for words of `word_bits`, between them log-log interpolation.

    `beyond_points` says what holds outside the cited range: `refuse`, or `extrapolate` with the slope of the nearest
    segment.
    """

    word_bits: Annotated[Bits, Field(ge=1)]
    points: Annotated[tuple[SramPoint, ...], Field(min_length=2)]
    beyond_points: Literal["refuse", "extrapolate"] = "refuse"

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        problems = []
        for index, point in enumerate(self.points):
            if point.capacity.value == 0 or point.energy_pj.value == 0:
                at = "capacity" if point.capacity.value == 0 else "energy_pj"
                problems.append(FieldProblem(("points", index, at), "must be greater than 0"))
        for index, (smaller, larger) in enumerate(pairwise(self.points), start=1):
            if larger.capacity.value <= smaller.capacity.value:
                what = f"must be larger than the capacity of the point before it, {smaller.capacity}"
                problems.append(FieldProblem(("points", index, "capacity"), what))
        if problems:
            raise FieldsError(problems)
        return self


class Memories(Part):
    """Memory technologies that the memories of the cores can refer to by `by_capacity`."""

    sram: Sram | None = None


class Lanes(Part):
    """Arithmetic lanes of a core: how many, and the number type, whose cost is in `operations`."""

    type: TypeName
    lanes: Annotated[Count, Field(ge=1, le=65536)]


class Neuron(Part):
    """The update phase, per neuron: `access` always, `update` more when touched, `fire` more when it sends a value."""

    access: Cost
    update: Cost
    fire: Cost


class WeightMemory(Part):
    """The weight memory of a core. `read_energy_pj` and `latency` are those of one word through one port."""

    capacity: CapacityOrUnlimited
    word_bits: Annotated[Bits, Field(ge=1, le=4096)]
    ports: Annotated[Count, Field(ge=1, le=1024)]
    latency: LatencyField
    read_energy_pj: EnergyOrByCapacity


class StateMemory(Part):
    """The memory of accumulators and of the last values sent. Energies and `latency` are per word through one port."""

    capacity: CapacityOrUnlimited
    word_bits: Annotated[Bits, Field(ge=1, le=4096)]
    ports: Annotated[Count, Field(ge=1, le=1024)]
    latency: LatencyField
    read_energy_pj: EnergyOrByCapacity
    write_energy_pj: EnergyOrByCapacity


class Core(Part):
    """One core. `pipelined`: operations of different kinds overlap, and the slowest kind alone takes time.

    `multiply` is null where there is no multiplier. `queue_depth` counts the messages the input queue holds. `decode`
    is paid for every message received, `encode` for every message sent. `idle_mw` is the power a core in use draws, on
    top of its leakage, while it waits: for messages, the barrier, a link, a queue or off-chip memory. `logic_mm2` is
    the area of all of it but its memories.
    """

    add: Lanes
    multiply: Lanes | None
    pipelined: Switch
    queue_depth: Annotated[Count, Field(ge=1, le=DEEPEST_QUEUE)]
    neuron: Neuron
    decode: Cost
    encode: Cost
    weight_memory: WeightMemory
    state_memory: StateMemory
    idle_mw: PowerMw | None = None
    logic_mm2: AreaMm2 | None = None


class NamedCore(Core):
    """A kind of core that takes the next `count` positions in mesh order instead of the default core."""

    name: Annotated[Text, Field(min_length=1)]
    count: Annotated[Count, Field(ge=1, le=65536)]


class OffChip(Part):
    """Memory outside the chip: energy and time per word. With `holds_frames` the input core reads frames from it.

    With `holds_weights` a core whose layer's weights do not fit its weight memory reads them from it, for every message
    anew, through one port that all cores share: `latency` for the first word, then `time_per_word` a word. Frames are
    read ahead, so `latency` is not theirs.
    """

    word_bits: Annotated[Bits, Field(ge=1, le=4096)]
    energy_pj: EnergyPj
    time_per_word: LatencyField
    holds_frames: Switch
    holds_weights: Switch = False
    latency: LatencyField | None = None


class Messages(Part):
    """The format of messages: encoding of a value, bits that carry the value, bits that carry the address and all else.

    The payload is signed: a change of an n-bit activation takes n + 1 bits.
    """

    encoding: EncodingName
    payload_bits: Annotated[Bits, Field(ge=0, le=64)]
    header_bits: Annotated[Bits, Field(ge=0, le=1024)]


class Mesh(Part):
    """Tiles in columns x rows, cores on each, XY routing. A message is cut into flits of `link_bits`.

    `flit_latency` is the time one flit occupies a link; `local`, `east_west` and `north_south` are the energy per flit
    and the latency of a delivery inside a tile and of one hop.

    `links`: `private`, every connection between two cores has links of its own; `shared`, the links between two
    neighbouring tiles are one resource in each direction, and a router holds up to `queue_depth` messages for each
    incoming link and core. `multicast`: a message to several receivers is sent once and copied where their ways part.
    """

    columns: Annotated[Count, Field(ge=1, le=1024)]
    rows: Annotated[Count, Field(ge=1, le=1024)]
    cores_per_tile: Annotated[Count, Field(ge=1, le=1024)]
    link_bits: Annotated[Bits, Field(ge=1, le=4096)]
    flit_latency: LatencyField
    local: Cost
    east_west: Cost
    north_south: Cost
    links: Literal["private", "shared"] = "private"
    queue_depth: Depth = "unlimited"
    multicast: Switch = False


class Leakage(Part):
    """Static power: of each core in use, of the chip as a whole whatever is used, and of each core that holds no layer.

    Without `unused_core_mw` cores that hold no layer are switched off.
    """

    core_mw: PowerMw
    chip_mw: PowerMw
    unused_core_mw: PowerMw | None = None


class Area(Part):
    """Areas in the process `node_nm`: of 1 MiB of SRAM, of the router of a tile, and of all else (pads, clocks, ...).

    `die_mm2` is the whole chip as published or measured; without it the whole is the sum of its parts, if all are
    given. The area of a core without its memories is `logic_mm2` of the core.
    """

    node_nm: NodeNm
    sram_mm2_per_mib: AreaMm2 | None = None
    router_mm2: AreaMm2 | None = None
    other_mm2: AreaMm2 | None = None
    die_mm2: AreaMm2 | None = None


class Source(Part):
    """Where numbers come from. `of` lists key paths of this file; a path covers everything below it, the longest wins.

    `status`: published (printed in the source named, read there or in a transcription of it), measured, fitted (to
    measurements), second-hand (only known from a document that cites another), computed (from published numbers, as the
    source says), assumed.
    """

    of: Annotated[tuple[Text, ...], Field(min_length=1)]
    source: Annotated[Text, Field(min_length=1)]
    status: Status


class Provenance(Part):
    """One number of a resolved accelerator: key path, value with unit, the file that sets it, its source and status."""

    path: Text
    value: Text
    file: Text
    source: Text
    status: Status | Literal["not given"]
