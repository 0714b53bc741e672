"""Where each column of the counts table stands in the engines' records (compile-time constants for the kernels)."""

from __future__ import annotations

from typing import Final

from hwmodels.records import COLUMNS

NONZERO: Final = COLUMNS.index("nonzero")
VALUES_OUT: Final = COLUMNS.index("values_out")
L1_OUT: Final = COLUMNS.index("l1_out")
MESSAGES_OUT: Final = COLUMNS.index("messages_out")
TOKENS_OUT: Final = COLUMNS.index("tokens_out")
FLITS_LOCAL: Final = COLUMNS.index("flits_local")
FLIT_HOPS_EW: Final = COLUMNS.index("flit_hops_ew")
FLIT_HOPS_NS: Final = COLUMNS.index("flit_hops_ns")
MESSAGES_IN: Final = COLUMNS.index("messages_in")
ADDS: Final = COLUMNS.index("adds")
MULTIPLIES: Final = COLUMNS.index("multiplies")
WEIGHT_READS: Final = COLUMNS.index("weight_reads")
STATE_READS: Final = COLUMNS.index("state_reads")
STATE_WRITES: Final = COLUMNS.index("state_writes")
OFF_CHIP_READS: Final = COLUMNS.index("off_chip_reads")
ACCESSES: Final = COLUMNS.index("accesses")
UPDATES: Final = COLUMNS.index("updates")
FIRES: Final = COLUMNS.index("fires")
SATURATIONS: Final = COLUMNS.index("saturations")
ACCUMULATOR_CLIPS: Final = COLUMNS.index("accumulator_clips")
ACCUMULATOR_PEAK: Final = COLUMNS.index("accumulator_peak")
DIGEST: Final = COLUMNS.index("digest")
SERVE_FIRST: Final = COLUMNS.index("serve_first_fs")
SERVE_END: Final = COLUMNS.index("serve_end_fs")
UPDATE_START: Final = COLUMNS.index("update_start_fs")
UPDATE_END: Final = COLUMNS.index("update_end_fs")
SERVE_BUSY: Final = COLUMNS.index("serve_busy_fs")
UPDATE_BUSY: Final = COLUMNS.index("update_busy_fs")
STARVED: Final = COLUMNS.index("starved_fs")
BARRIER: Final = COLUMNS.index("barrier_fs")
BLOCKED_LINK: Final = COLUMNS.index("blocked_link_fs")
BLOCKED_QUEUE: Final = COLUMNS.index("blocked_queue_fs")
QUEUE_PEAK: Final = COLUMNS.index("queue_peak")
WIDTH: Final = len(COLUMNS)
