"""What a core's time went into from the end of one update phase to the next: exact spans, and what each was made of.

From the end of one update phase to the end of the next a core waits for the first message, receives (serves messages,
or waits for them or for off-chip memory), waits at the barrier (if there is one), waits for a frame (the input's
cores), and updates (scans and sends, or is blocked). The counts table has the limits of these phases, and the sum of
each activity in each of them; with recorded messages it is also known when messages were served, and when they waited
to be sent.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PHASES: Final[dict[str, tuple[str, ...]]] = {
    "wait": ("starved", "memory"),
    "receive": ("starved", "memory", "serving messages"),
    "barrier": ("barrier",),
    "frame": ("starved",),
    "update": ("link", "queue", "updating neurons"),
}
"""The activities in each phase, in the order in which they are drawn where their true order is not known."""
ACTIVITIES: Final = tuple(dict.fromkeys(name for names in PHASES.values() for name in names))


def phases_table(counts: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
    """One row per frame, core and phase that took time, of frames `first` to `last` of one network.

    `frame, core, phase, start_fs, end_fs`, and for each of `ACTIVITIES` how much of the phase it was, in fs; these add
    up to its length. `messages` are those served (receive) or sent (update). `counts` has the frame before `first` too,
    if there is one.
    """
    rows = counts[(counts["frame"] >= first - 1) & (counts["frame"] <= last)]
    before_fs = rows.groupby("core")["update_end_fs"].shift(1, fill_value=0)
    kept = rows["frame"] >= first
    rows, before_fs = rows[kept], before_fs[kept]
    barrier_end = rows["serve_end_fs"] + rows["barrier_fs"]
    serving, memory = rows["serve_busy_fs"], rows["blocked_memory_fs"]
    starved = rows["serve_end_fs"] - before_fs - serving - memory
    link, queue = rows["blocked_link_fs"], rows["blocked_queue_fs"]
    updating = rows["update_end_fs"] - rows["update_start_fs"] - link - queue
    first_fs = rows["serve_first_fs"].clip(lower=before_fs, upper=rows["serve_end_fs"])
    starved_first = starved.clip(upper=first_fs - before_fs)
    memory_first = first_fs - before_fs - starved_first
    received = {
        "starved": starved - starved_first,
        "memory": memory - memory_first,
        "serving messages": serving,
        "messages": rows["messages_in"],
    }
    updated = {"link": link, "queue": queue, "updating neurons": updating, "messages": rows["messages_out"]}
    parts = [
        _phase(rows, "wait", before_fs, first_fs, {"starved": starved_first, "memory": memory_first}),
        _phase(rows, "receive", first_fs, rows["serve_end_fs"], received),
        _phase(rows, "barrier", rows["serve_end_fs"], barrier_end, {"barrier": rows["barrier_fs"]}),
        _phase(rows, "frame", barrier_end, rows["update_start_fs"], {"starved": rows["update_start_fs"] - barrier_end}),
        _phase(rows, "update", rows["update_start_fs"], rows["update_end_fs"], updated),
    ]
    table = pd.concat(parts, ignore_index=True)
    return table[table["end_fs"] > table["start_fs"]].reset_index(drop=True)


def _phase(
    rows: pd.DataFrame,
    name: str,
    start: pd.Series[int],
    end: pd.Series[int],
    spent: dict[str, pd.Series[int]],
) -> pd.DataFrame:
    zeros = np.zeros(len(rows), np.int64)
    columns = {key: spent[key].to_numpy(np.int64) if key in spent else zeros for key in (*ACTIVITIES, "messages")}
    index = {key: rows[key].to_numpy(np.int64) for key in ("frame", "core")}
    return pd.DataFrame({**index, "phase": name, "start_fs": start.to_numpy(), "end_fs": end.to_numpy(), **columns})


def served_spans(messages: pd.DataFrame) -> pd.DataFrame:
    """When each core served messages: `frame, core, start_fs, end_fs, messages`, those that touch joined into one."""
    return _joined(messages, "receiver", "start_fs", "end_fs")


def blocked_spans(messages: pd.DataFrame) -> pd.DataFrame:
    """When each core had a message ready and could not send it: `frame, core, start_fs, end_fs, messages`."""
    return _joined(messages, "sender", "ready_fs", "sent_fs")


def _joined(messages: pd.DataFrame, core: str, start: str, end: str) -> pd.DataFrame:
    """The spans of messages in order, those that touch or overlap joined."""
    columns = {"frame": messages["frame"], "core": messages[core], "start_fs": messages[start], "end_fs": messages[end]}
    table = pd.DataFrame({name: column.to_numpy(np.int64) for name, column in columns.items()})
    table = table[table["end_fs"] > table["start_fs"]].sort_values(["frame", "core", "start_fs"], kind="stable")
    if table.empty:
        return table.assign(messages=np.zeros(0, np.int64))
    group = table.groupby(["frame", "core"], sort=False)
    reached = group["end_fs"].cummax().to_numpy()
    new = np.ones(len(table), bool)
    same = ~_changes(table["frame"]) & ~_changes(table["core"])
    new[1:] = ~same | (table["start_fs"].to_numpy()[1:] > reached[:-1])
    starts = np.flatnonzero(new)
    result = table.iloc[starts].reset_index(drop=True)
    result["end_fs"] = np.maximum.reduceat(table["end_fs"].to_numpy(), starts)
    return result.assign(messages=np.diff(starts, append=len(table)))


def _changes(column: pd.Series[int]) -> NDArray[np.bool_]:
    values = column.to_numpy()
    return np.asarray(values[1:] != values[:-1])
