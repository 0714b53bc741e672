"""A chip as the simulator sees it: latencies in femtoseconds, widths and capacities, and no energy at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hwmodels.encodings import EncodingName

ScheduleName = Literal["dataflow", "barrier", "group_barrier"]


@dataclass(frozen=True)
class MemoryTiming:
    """One memory of a core. `capacity_bits` is None where the size is not modelled."""

    capacity_bits: int | None
    word_bits: int
    ports: int
    access_fs: int


@dataclass(frozen=True)
class CoreTiming:
    """One core: lanes, latencies in fs, memories, queue. `multiply_fs` is None where there is no multiplier."""

    name: str
    add_lanes: int
    add_fs: int
    multiply_lanes: int
    multiply_fs: int | None
    pipelined: bool
    decode_fs: int
    encode_fs: int
    access_fs: int
    update_fs: int
    fire_fs: int
    queue_depth: int
    weight_memory: MemoryTiming
    state_memory: MemoryTiming


@dataclass(frozen=True)
class Chip:
    """Cores in mesh order (tile by tile, row by row in a snake), the mesh, the message format, synchronisation.

    `barrier_fs` lists (tiles used at most, latency in fs), ascending; the last entry holds beyond its tiles too.
    `groups`: how many cores each group has whose cores can wait for each other, in mesh order; the rest is in none.
    `clock_period_fs` is None for asynchronous chips. `frame_word_fs` is the time to read one word of the input frame
    from off-chip memory (`frame_word_bits` wide), both 0 where frames do not come from there.

    `shared_links`: connections share the links between neighbouring tiles, whose routers buffer `router_depth` messages
    for each incoming link and core (None: as many as come). `multicast`: a message to several receivers is sent
    once. `stream_word_bits`: weights that do not fit a core can be read from off-chip memory (0: they can't), by all
    cores through one port, `stream_word_fs` a word and `stream_latency_fs` before the first.
    """

    name: str
    clock_period_fs: int | None
    cores: tuple[CoreTiming, ...]
    weight_bits: int
    activation_bits: int
    accumulator_bits: int
    encoding: EncodingName
    payload_bits: int
    header_bits: int
    link_bits: int
    flit_fs: int
    columns: int
    rows: int
    cores_per_tile: int
    local_fs: int
    hop_ew_fs: int
    hop_ns_fs: int
    synchronisation: ScheduleName
    barrier_fs: tuple[tuple[int, int], ...]
    frame_word_bits: int
    frame_word_fs: int
    shared_links: bool = False
    router_depth: int | None = None
    multicast: bool = False
    stream_word_bits: int = 0
    stream_word_fs: int = 0
    stream_latency_fs: int = 0
    groups: tuple[int, ...] = ()

    def __repr__(self) -> str:
        return f"Chip({self.name!r}: {len(self.cores)} cores on {self.columns} x {self.rows} tiles)"
