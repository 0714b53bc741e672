"""What a reader wants first: what a frame costs beside the original network, and is the answer the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from hwmodels.modes import MODES_TABLE, modes_in
from reports.figures.theme import network_name
from reports.run.finished import Run
from reports.tables.agreement import low_agreement
from reports.tables.equality import Equality
from reports.tables.numbers import count, exact, percent, quantity, ratio
from reports.tables.pace import leaks

PARTNERS_ONLY: Final = (
    "Partners must give the same integers. The fast engine finds those of both at once, by changes; that this is what "
    "each alone gives is held by tests against the reference engine, not by this run; and that says nothing about what "
    "quantisation lost."
)


@dataclass(frozen=True)
class Card:
    """One number, with the baseline's number and their ratio beside it."""

    what: str
    value: str
    title: str
    beside: str = ""
    times: str = ""


@dataclass(frozen=True)
class Verdict:
    """A sentence that says if something is as it should be: `kind` is good, bad or note."""

    kind: str
    strong: str
    text: str


def focus_mode(run: Run) -> str:
    """The network the page is about: sigma-delta (`Mode.headline`) if it was simulated, else the last one."""
    return next((mode.name for mode in modes_in(run.modes) if mode.headline), run.modes[-1])


def baseline_mode(run: Run) -> str | None:
    """What the focus is compared with: the first frame-by-frame network of the table, the original one, or rounding
    where the accelerator has no multiplier.
    """
    focus = focus_mode(run)
    return next((mode.name for mode in modes_in(run.modes) if not mode.delta and mode.name != focus), None)


def saving_pair(run: Run) -> tuple[str, str] | None:
    """The network that reports are about and its partner, if both were simulated: what sending changes saves."""
    focus = MODES_TABLE[focus_mode(run)]
    if not focus.headline or focus.partner not in run.modes:
        return None
    return focus.name, focus.partner


def cards(run: Run) -> list[Card]:
    """Energy (at the frame rate first), arithmetic, latency, cycles and power of a frame, with the baseline beside."""
    summary, baseline = summary_by_mode(run), baseline_mode(run)
    focus = summary[focus_mode(run)]
    shown = [
        *_whole_system(run),
        ("Energy of arithmetic", "arithmetic_pj", 1e-12, "J", "pJ"),
        ("Latency", "latency_ns", 1e-9, "s", "ns"),
        ("Clock cycles", "cycles", 1.0, "", "cycles"),
        (f"Power at {rate(run)}", "power_mw", 1e-3, "W", "mW"),
    ]
    result: list[Card] = []
    for what, column, factor, unit, exact_unit in shown:
        if pd.isna(focus[column]):
            continue
        beside = times = ""
        if baseline:
            other = summary[baseline][column]
            beside = f"{network_name(baseline)}: {_written(other, factor, unit)}{_other_rate(run, baseline, column)}"
            times = compared(other, focus[column])
        result.append(
            Card(what, _written(focus[column], factor, unit), exact(focus[column], exact_unit), beside, times)
        )
    return result


def _whole_system(run: Run) -> list[tuple[str, str, float, str, str]]:
    """Energy of a whole interval of the frame rate; while working, too, where leakage makes them two."""
    if not any(leaks(row) for row in summary_by_mode(run).values()):
        return [("Energy, whole system", "energy_at_rate_pj", 1e-12, "J", "pJ")]
    return [
        (f"Energy at {rate(run)}", "energy_at_rate_pj", 1e-12, "J", "pJ"),
        ("Energy while working", "total_pj", 1e-12, "J", "pJ"),
    ]


def _other_rate(run: Run, mode: str, column: str) -> str:
    """At which rate a number stands, if that is not the one in the title."""
    rate_hz = run.at_rate[mode]["rate_hz"]
    if column not in {"energy_at_rate_pj", "power_mw"} or rate_hz == run.at_rate[focus_mode(run)]["rate_hz"]:
        return ""
    return f" at {count(rate_hz)} frames/s"


def frames_words(run: Run) -> str:
    """ "100 frames", or of a part of a source "3 frames, 40 to 42", "3 frames, 0 to 20, one in 10"."""
    first, step = int(run.frame_numbers[0]), int(run.manifest.get("frame_step", 1))
    words = f"{count(run.frame_count)} frame{'' if run.frame_count == 1 else 's'}"
    if step == 1 and (first == 0 or run.frame_count == 1):
        return words if first == 0 else f"{words}, number {first}"
    every = "" if step == 1 else f", one in {step}"
    return f"{words}, {first} to {int(run.frame_numbers[-1])}{every}"


def rate(run: Run) -> str:
    """The frame rate at which power is stated, in words: less than was asked for if the focus sustains less."""
    chosen = "" if run.manifest.get("frame_rate_hz") else ", the most all sustain"
    return f"{count(run.at_rate[focus_mode(run)]['rate_hz'])} frames/s{chosen}"


def compared(baseline: float, focus: float) -> str:
    """`11.3x less`, `1.2x more`, or nothing where a ratio means nothing."""
    if not baseline or not focus:
        return ""
    factor, word = (baseline / focus, "less") if baseline >= focus else (focus / baseline, "more")
    return "the same" if factor < 1.005 else f"{ratio(factor)} {word}"


def summary_by_mode(run: Run) -> dict[str, dict[str, Any]]:
    """The summary's rows by mode."""
    return {
        str(row["mode"]): {str(name): value for name, value in row.items()} for row in run.summary().to_dict("records")
    }


def _written(value: float, factor: float, unit: str) -> str:
    return quantity(value * factor, unit) if unit or value >= 1e7 else count(value)


def baseline_note(run: Run) -> str:
    """Why the focus stands beside another network than the original, or beside none; empty if beside the original."""
    baseline = baseline_mode(run)
    if baseline is None:
        return "No other network was simulated in this run, so there is nothing to compare with."
    if MODES_TABLE[baseline].is_original and MODES_TABLE[baseline].dense:
        return ""
    reason = (
        "This accelerator has no multiplier and cannot run the original network"
        if run.accelerator.core.multiply is None
        else "The dense original network was not simulated in this run"
    )
    return f"{reason}; “{network_name(baseline)}” stands in its place."


def agreement_verdicts(run: Run) -> list[Verdict]:
    """What a reader must know before anything else: answers that quantisation lost, and how to get them back."""
    return [Verdict("bad", each.finding, f"{each.remedy}.") for each in low_agreement(run)]


def verdicts(run: Run) -> list[Verdict]:
    """Equality of the networks that must agree, then error or agreement of the focus, and if it keeps up."""
    equal = (_equality_verdict(equality) for equality in run.equalities)
    return [*equal, *_answer_verdicts(run), *_pace_verdicts(run)]


def _equality_verdict(equality: Equality) -> Verdict:
    one, other = network_name(equality.mode), network_name(equality.partner)
    compared_text = (
        f"{count(equality.integers)} integers in {count(equality.layer_frames)} layer-frames and "
        f"{count(equality.outputs)} outputs compared"
    )
    if equality.identical:
        return Verdict(
            "good",
            f"{one.capitalize()} and {other} are the same, bit for bit:",
            f"{compared_text}, 0\u00a0differ. {PARTNERS_ONLY}",
        )
    differ = (
        f"{count(equality.layer_frames_differing)} layer-frames and {count(equality.outputs_differing)} outputs differ."
    )
    return Verdict("bad", f"{one.capitalize()} and {other} are not the same:", f"{compared_text}, {differ}")


def _answer_verdicts(run: Run) -> list[Verdict]:
    summary, mode = summary_by_mode(run), focus_mode(run)
    row, name, text = summary[mode], network_name(mode).capitalize(), list[str]()
    baseline = baseline_mode(run)
    if pd.notna(row["error_percent"]):
        beside = f" ({network_name(baseline)}: {percent(summary[baseline]['error_percent'])})" if baseline else ""
        text.append(f"is wrong on {percent(row['error_percent'])} of {count(run.frame_count)} frames{beside}")
    if pd.notna(row["agreement_percent"]) and not MODES_TABLE[mode].is_original:
        text.append(_agreement_text(run, row))
    return [Verdict("note", name, " and ".join(text) + ".")] if text else []


def _pace_verdicts(run: Run) -> list[Verdict]:
    """A rate was asked for that the chip does not reach. Where frames came at that rate, a warning says so."""
    pace, name = run.paces[focus_mode(run)], network_name(focus_mode(run)).capitalize()
    if pace.keeps_up or pace.late:
        return []
    text = (
        f"it takes {quantity(1 / pace.sustained_hz, 's')} a frame, {count(pace.sustained_hz)} frames/s. "
        "Power and energy are those at that rate."
    )
    return [Verdict("note", f"{name} does not keep up with {count(pace.asked_hz)} frames/s:", text)]


def _agreement_text(run: Run, row: dict[str, Any]) -> str:
    of_frames = "" if pd.notna(row["error_percent"]) else f" of {count(run.frame_count)} frames"
    text = f"answers as the original network does on {percent(row['agreement_percent'])}{of_frames}"
    if pd.notna(row["agreement_top5_percent"]):
        text += f", with one of its first five answers on {percent(row['agreement_top5_percent'])}"
    return text
