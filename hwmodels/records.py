"""The contract between the packages: what one row of the counts table holds.

One row per mode, frame and core in use; cores are numbered layer by layer. The simulator fills it,
`hwmodels.prices.pricing` multiplies it with prices, `reports` shows it. Every column is a 64-bit integer; times are
femtoseconds. The order of `COLUMNS` is the order in memory and on disk.

A layer that runs on several cores has a row for each. What is said of its integers as a whole (`OF_THE_LAYER`) stands
in the row of its first core and is 0 in the others; everything else sums up to the layer's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hwmodels.modes import MODES_TABLE

SCHEMA_VERSION: Final = 5


@dataclass(frozen=True)
class Column:
    """One column of the counts table: its name, unit and meaning."""

    name: str
    unit: str
    meaning: str


COUNTS: Final[tuple[Column, ...]] = (
    Column(
        "nonzero", "values", "non-zero values among those this core could have sent (activations, or changes of them)"
    ),
    Column("values_out", "values", "values this core sent; in the dense original network the zeros as well"),
    Column("l1_out", "unit events", "sum of the magnitudes of the values sent, |s|_L1 of the paper"),
    Column("messages_out", "messages", "messages on the wire: for each value as many as its encoding makes of it"),
    Column("tokens_out", "tokens", "end-of-frame tokens sent (none where all cores go in steps)"),
    Column("flits_local", "flits", "flits delivered inside the sender's tile"),
    Column("flit_hops_ew", "flit hops", "flits times east-west hops on their way"),
    Column("flit_hops_ns", "flit hops", "flits times north-south hops on their way"),
    Column("messages_in", "messages", "messages served by this core, tokens not counted"),
    Column("adds", "operations", "additions into accumulators for the messages served"),
    Column("multiplies", "operations", "multiplications for the messages served (graded messages only)"),
    Column("weight_reads", "words", "words read from the weight memory"),
    Column("state_reads", "words", "words read from the state memory (accumulators, last values sent)"),
    Column("state_writes", "words", "words written to the state memory"),
    Column("off_chip_reads", "words", "words of the input frame read from off-chip memory"),
    Column("off_chip_weight_reads", "words", "words of weights read from off-chip memory, where they do not fit"),
    Column(
        "accesses",
        "accumulators",
        "accumulators looked at in the update phase: one for each neuron, with max-pooling all those of its window",
    ),
    Column("updates", "neurons", "neurons requantised: a pixel of accumulators that they look at was touched"),
    Column("fires", "neurons", "neurons that sent a value"),
    Column(
        "saturations",
        "values",
        "activations of updated neurons clipped by requantisation, at either end of their range",
    ),
    Column("accumulator_clips", "additions", "additions clipped by a saturating accumulator"),
    Column("accumulator_peak", "integer", "largest accumulator magnitude after the receive phase"),
    Column("s_l1", "integer", "|s|_L1 of the layer's values after the frame (networks that send changes only)"),
    Column("s_square", "integer", "sum of s * s after the frame (networks that send changes only)"),
    Column("s_product", "integer", "sum of s * s of the frame before (networks that send changes only)"),
    Column(
        "s_distance",
        "integer",
        "sum of |s * |s'|_L1 - s' * |s|_L1|, s' being s of the frame before: the L1 distance of the L1-normalised maps "
        "times both norms (networks that send changes only)",
    ),
    Column(
        "digest", "hash", "64-bit hash of the layer's integers after the frame: equal in two runs when the integers are"
    ),
)

TIMES: Final[tuple[Column, ...]] = (
    Column("serve_first_fs", "fs", "start of the first message's service (the end of the receive phase if none came)"),
    Column("serve_end_fs", "fs", "end of the receive phase"),
    Column("update_start_fs", "fs", "start of the update phase"),
    Column("update_end_fs", "fs", "end of the update phase: everything sent"),
    Column("serve_busy_fs", "fs", "time spent serving messages"),
    Column("update_busy_fs", "fs", "time spent scanning, requantising and encoding"),
    Column("starved_fs", "fs", "time spent waiting for messages (the input core: for the next frame)"),
    Column("barrier_fs", "fs", "time spent waiting for other cores: at the barrier, in a group"),
    Column(
        "blocked_injection_fs",
        "fs",
        "time spent waiting for injection into the mesh: the core's port, the router's buffer",
    ),
    Column("blocked_queue_fs", "fs", "time spent waiting for a free slot in the receivers' queues"),
    Column("blocked_memory_fs", "fs", "time spent waiting for the off-chip memory's port, in the receive phase"),
    Column("queue_peak", "messages", "most messages underway to or waiting in this core's input queue"),
)

COLUMNS: Final[tuple[str, ...]] = tuple(column.name for column in COUNTS + TIMES)
OF_THE_LAYER: Final[tuple[str, ...]] = (
    "saturations",
    "accumulator_clips",
    "accumulator_peak",
    "s_l1",
    "s_square",
    "s_product",
    "s_distance",
    "digest",
)
INDEX_COLUMNS: Final[tuple[str, ...]] = ("mode", "frame", "core", "layer")

MESSAGE_COLUMNS: Final[tuple[str, ...]] = (
    "frame",
    "sender",
    "receiver",
    "neuron",
    "value",
    "ready_fs",
    "sent_fs",
    "arrival_fs",
    "start_fs",
    "end_fs",
)
"""A row of the message record, all int64: core `sender` has it ready, sends it; it arrives at core `receiver`, which
serves it from `start_fs` to `end_fs`. `value` is what one message on the wire carries."""

LINK_COLUMNS: Final[tuple[str, ...]] = ("messages", "flits", "busy_fs", "wait_fs", "queue_peak")
"""A row of the links table, all int64, per mode, frame and mesh link: what crossed it, how long that kept it busy, how
long messages waited for it in the router before it, and the most messages in the buffer that one of them came out of,
that one counted (the last two are 0 where connections have links of their own)."""

MODES: Final[tuple[str, ...]] = tuple(MODES_TABLE)
"""What the column `mode` may hold; `hwmodels.modes` says what each is."""


@dataclass(frozen=True)
class Action:
    """Something that costs energy: `component.action`, counted in `column` of the table."""

    column: str
    component: str
    action: str


ACTIONS: Final[tuple[Action, ...]] = (
    Action("adds", "arithmetic", "add"),
    Action("multiplies", "arithmetic", "multiply"),
    Action("weight_reads", "weight memory", "read"),
    Action("state_reads", "state memory", "read"),
    Action("state_writes", "state memory", "write"),
    Action("off_chip_reads", "off-chip memory", "read"),
    Action("off_chip_weight_reads", "off-chip memory", "read weights"),
    Action("accesses", "neuron", "access"),
    Action("updates", "neuron", "update"),
    Action("fires", "neuron", "fire"),
    Action("messages_out", "encoder", "encode"),
    Action("messages_in", "decoder", "decode"),
    Action("flits_local", "mesh", "local"),
    Action("flit_hops_ew", "mesh", "hop east-west"),
    Action("flit_hops_ns", "mesh", "hop north-south"),
)
