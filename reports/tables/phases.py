"""What a core's time went into from the end of one update phase to the next: exact spans, and what each was made of.

From the end of one update phase to the end of the next a core waits for the first message, receives (serves messages,
or waits for them or for off-chip memory), waits at the barrier (if there is one), waits for a frame (the input's
cores), and updates (scans and sends, or is blocked). The counts table has the limits of these phases, and the sum of
each activity in each of them; with recorded messages it is also known when messages were served, and when they waited
to be sent.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

PHASES: Final[dict[str, tuple[str, ...]]] = {
    "wait": ("starved", "memory"),
    "receive": ("starved", "memory", "serving messages"),
    "barrier": ("barrier",),
    "frame": ("starved",),
    "update": ("injection", "queue", "updating neurons"),
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
    injection, queue = rows["blocked_injection_fs"], rows["blocked_queue_fs"]
    updating = rows["update_end_fs"] - rows["update_start_fs"] - injection - queue
    first_fs = rows["serve_first_fs"].clip(lower=before_fs, upper=rows["serve_end_fs"])
    starved_first = starved.clip(upper=first_fs - before_fs)
    memory_first = first_fs - before_fs - starved_first
    received = {
        "starved": starved - starved_first,
        "memory": memory - memory_first,
        "serving messages": serving,
        "messages": rows["messages_in"],
    }
    updated = {"injection": injection, "queue": queue, "updating neurons": updating, "messages": rows["messages_out"]}
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


def pieces_table(phases: pd.DataFrame, messages: pd.DataFrame | None) -> pd.DataFrame:
    """`phases` cut where recorded messages say what was done when; as it is without them.

    Receiving becomes spans of service (between them the core starved), updating spans of being blocked (between them it
    worked). What is not recorded is shared out evenly: service and waiting for memory within a message, and the two
    ways of being blocked. Tokens are not in the record: what is missing to the time blocked is theirs, and so the last.
    """
    if messages is None:
        return phases
    receive, update = (phases[phases["phase"] == name] for name in ("receive", "update"))
    served = _joined(messages, "receiver", "start_fs", "end_fs")
    blocked = _with_tokens(_joined(messages, "sender", "ready_fs", "sent_fs"), update)
    parts = [
        phases[~phases["phase"].isin(["receive", "update"])],
        _cut(receive, served, ("memory", "serving messages"), "starved"),
        _cut(update, blocked, ("injection", "queue"), "updating neurons"),
    ]
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["core", "start_fs"], kind="stable", ignore_index=True)


def _cut(phases: pd.DataFrame, spans: pd.DataFrame, within: tuple[str, str], between: str) -> pd.DataFrame:
    """Phases as spans, which are made of the activities `within`, and what is `between` them."""
    limits = phases[["frame", "core", "phase", "start_fs", "end_fs", *within]]
    spans = spans.merge(limits, on=["frame", "core"], suffixes=("", "_phase"))
    group = spans.groupby(["frame", "core"], sort=False)
    length = spans["end_fs"] - spans["start_fs"]
    first = _shared(length, group, spans[within[0]], spans[within[0]] + spans[within[1]])
    whole = spans[["frame", "core", "phase", "start_fs", "end_fs", "messages"]].copy()
    whole[within[0]], whole[within[1]] = first, length - first
    before = group["end_fs"].shift(1).fillna(spans["start_fs_phase"]).astype(np.int64)
    gaps = spans[["frame", "core", "phase"]].assign(start_fs=before, end_fs=spans["start_fs"])
    lasts = spans[~spans.duplicated(["frame", "core"], keep="last")]
    ends = lasts[["frame", "core", "phase"]].assign(start_fs=lasts["end_fs"], end_fs=lasts["end_fs_phase"])
    known = phases[["frame", "core"]].merge(lasts[["frame", "core"]], how="left", indicator=True)["_merge"] == "both"
    gaps = pd.concat([gaps, ends], ignore_index=True)
    gaps[between] = gaps["end_fs"] - gaps["start_fs"]
    table = pd.concat([phases[~known.to_numpy()], whole, gaps[gaps[between] > 0]], ignore_index=True)
    counted = [*ACTIVITIES, "messages"]
    table[counted] = table[counted].fillna(0).astype(np.int64)
    return table


def _shared(length: pd.Series[int], group: Any, part: pd.Series[int], whole: pd.Series[int]) -> NDArray[np.int64]:  # noqa: ANN401 - pandas' groups
    """The share `part` / `whole` of every span, in integers that add up to `part` over all spans of a phase."""
    length_fs, share = length.to_numpy(np.int64), part.to_numpy(np.int64)
    result = np.where(share == whole.to_numpy(np.int64), length_fs, 0)
    mixed = (share > 0) & (share < whole.to_numpy(np.int64))
    if mixed.any():
        reached = length.groupby(group.ngroup()).cumsum().to_numpy(np.int64)
        ends = reached[mixed].astype(object) * share[mixed] // whole.to_numpy(object)[mixed]
        begins = (reached - length_fs)[mixed].astype(object) * share[mixed] // whole.to_numpy(object)[mixed]
        result[mixed] = (ends - begins).astype(np.int64)
    return result


def _with_tokens(spans: pd.DataFrame, update: pd.DataFrame) -> pd.DataFrame:
    """The spans, and after them for each phase what tokens waited."""
    length = (spans["end_fs"] - spans["start_fs"]).groupby([spans["frame"], spans["core"]]).sum()
    index = pd.MultiIndex.from_frame(update[["frame", "core"]])
    waited = (
        update["injection"].to_numpy() + update["queue"].to_numpy() - length.reindex(index, fill_value=0).to_numpy()
    )
    tokens = pd.DataFrame({"frame": update["frame"], "core": update["core"]}).assign(
        start_fs=update["end_fs"] - waited, end_fs=update["end_fs"], messages=0
    )
    both: pd.DataFrame = pd.concat([spans, tokens[waited > 0]], ignore_index=True)
    return both.sort_values(["frame", "core", "start_fs"], kind="stable", ignore_index=True)


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
