"""Is the answer still the right one? What a run says first where quantisation lost the answers of its network.

Networks that are equal bit for bit may all be equally far from the network that somebody trained: equality is a matter
of sending changes, agreement one of quantisation, and a low one has remedies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from reports.figures.theme import network_name
from reports.run.finished import Run
from reports.run.records import QuantisedCoreRecord, WidthsRecord
from reports.tables.quantisation import precision_of

LOW_PERCENT: Final = 90.0
"""On fewer frames than this share, the answer is called another one."""

WIDE_ACCELERATOR: Final = "oconnor2017-int32"
"""A profile with the widest weights and activations there are, for remedies."""

MOST_ACCUMULATOR_BITS: Final = 32

FINER_STEPS: Final = (
    "Remedy: finer steps. levels: all in the experiment's quantisation, in place of levels or scales, answers as the "
    "original does (in Python: Quantisation(levels='all')); numbers between cost less and keep less"
)
BETTER_RANGES: Final = "calibration: mse, if it is another, and more calibration_frames"


@dataclass(frozen=True)
class LowAgreement:
    """Networks that answer otherwise than the `original` of the run, or than the `float` network they were made of.

    The answers are the same on `agreement_percent` of `frames` frames: those of the run beside the original,
    calibration frames beside float. `remedy`: what raises it.
    """

    beside: Literal["original", "float"]
    modes: tuple[str, ...]
    agreement_percent: float
    frames: int
    remedy: str

    @property
    def finding(self) -> str:
        """What is so, as a sentence."""
        *most, last = [network_name(mode) for mode in self.modes]
        names = f"{', '.join(most)} and {last}" if most else last
        verb = "answer" if most else "answers"
        other = "the float network" if self.beside == "float" else "the original network, at full fixed point,"
        frames = _frames(self.frames, "calibration " if self.beside == "float" else "")
        return f"{names.capitalize()} {verb} as {other} on only {self.agreement_percent:.2f} % of {frames}."


def low_agreement(run: Run) -> tuple[LowAgreement, ...]:
    """Where less than `LOW_PERCENT` of the answers are kept: beside the original, then beside float.

    Nothing of networks whose outputs are no classes.
    """
    if not run.classifies:
        return ()
    found = _beside_original(run)
    return (*found, *_beside_float(run, told=bool(found)))


def agreement_percent(run: Run) -> dict[str, float]:
    """By network, the share of the run's frames that it answers as the original does; empty where that is not known."""
    known = run.frames[["mode", "agrees"]].dropna()
    shares = known.groupby("mode", observed=True)["agrees"].mean().to_dict()
    return {mode: 100 * float(shares[mode]) for mode in run.modes if mode in shares}


def _beside_original(run: Run) -> tuple[LowAgreement, ...]:
    """Coarse networks of one share are one finding, as rounding and sigma-delta are unless something is broken."""
    modes: dict[float, list[str]] = {}
    for mode, share in agreement_percent(run).items():
        if precision_of(mode) == "scaled" and share < LOW_PERCENT:
            modes.setdefault(share, []).append(mode)
    return tuple(
        LowAgreement("original", tuple(modes[share]), share, run.frame_count, FINER_STEPS) for share in sorted(modes)
    )


def _beside_float(run: Run, *, told: bool) -> tuple[LowAgreement, ...]:
    """As measured on the calibration frames; `told`: that the coarse networks lost answers is said already."""
    content = run.quantisation
    if content is None:
        return ()
    shares = {name: 100 * float(share) for name, share in content["agreement"].items()}
    modes: dict[float, list[str]] = {}
    for mode in run.modes:
        share = shares.get(precision_of(mode), 100.0)
        if share < LOW_PERCENT and not (told and precision_of(mode) == "scaled"):
            modes.setdefault(share, []).append(mode)
    return tuple(
        LowAgreement("float", tuple(modes[share]), share, int(content["frames"]), _remedy(run, share, shares))
        for share in sorted(modes)
    )


def _remedy(run: Run, share: float, shares: Mapping[str, float]) -> str:
    """What helps beside float: finer steps as far as full precision is better, then what helps full precision."""
    full = shares.get("full", 100.0)
    parts = [FINER_STEPS] if share < full else []
    if full < LOW_PERCENT:
        parts.append(_overflow(run) or _wider(run))
    return ". ".join(parts)


def _overflow(run: Run) -> str:
    """The remedy where sums went beyond the accumulators on calibration frames; empty where none did."""
    entries = [] if run.quantisation is None else run.quantisation["layers"]
    bits = [entry["accumulator_bits"] for entry in entries if _overflows(entry)]
    if not bits:
        return ""
    more = (
        f"more accumulator_bits (on an accelerator that has them, such as {WIDE_ACCELERATOR}), or "
        if bits[0] < MOST_ACCUMULATOR_BITS
        else ""
    )
    fewer = "fewer weight_bits and activation_bits"
    return f"Remedy, in the experiment's quantisation: sums overflow their {bits[0]} bits; {more}{fewer}"


def _overflows(entry: QuantisedCoreRecord) -> bool:
    return "peak" in entry and entry["peak"] >= 1 << (entry["accumulator_bits"] - 1)


def _wider(run: Run) -> str:
    """The remedy where bits or ranges are too few: on this accelerator if it has more, else on another."""
    own, chosen = run.accelerator.precision, run.manifest.get("quantisation", WidthsRecord())
    most = (own.weight_bits, own.activation_bits)
    bits = (chosen.get("weight_bits", most[0]), chosen.get("activation_bits", most[1]))
    where = f"{run.accelerator.name} takes up to {most[0]} and {most[1]}"
    if bits >= most:
        where = f"on an accelerator with more than {most[0]} and {most[1]}, such as {WIDE_ACCELERATOR}"
    return (
        f"Remedy, in the experiment's quantisation: {BETTER_RANGES}; or more than the {bits[0]} weight_bits and "
        f"{bits[1]} activation_bits there are, such as 12 ({where})"
    )


def _frames(number: int, what: str) -> str:
    return f"{number:,} {what}frame{'' if number == 1 else 's'}"
