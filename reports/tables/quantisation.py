"""What quantisation did to a network, as measured on its calibration frames before the run.

quantisation.json holds `frames` (how many), `agreement` (per precision the share of them on which the largest output is
the float network's) and `layers`: for each precision (`full`, `scaled`) and core the `scale` k of what it sends,
`signal_to_noise_db` ("inf" where integers and floats are equal), `saturated_share`, and of all cores but the input the
range of the weights, the largest sum possible and seen, the bits that the former needs and those there are.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf
from typing import Final

from hwmodels.modes import MODES_TABLE
from reports.run.finished import Run
from reports.run.records import QuantisedCoreRecord, WidthsRecord

PRECISIONS: Final = {"scaled": "scale k", "full": "full fixed point"}
"""How the precisions are called in text; the coarse one, of rounding and sigma-delta, first. Both are integers of as
many bits: at full fixed point they span the whole of them, at scale k as much as k leaves."""


@dataclass(frozen=True)
class Fidelity:
    """The network at one precision in a few numbers: how near to float, and what was at the limits.

    `agreement_percent` is None where the outputs are no classes. `noisiest` is the layer with the least
    `signal_to_noise_db`, `most_clipped` the one with the largest share of activations cut off at the top.
    `bits_needed` are those of the largest sum that any frames could give, of `accumulator_bits` there are.
    """

    precision: str
    frames: int
    agreement_percent: float | None
    noisiest: str
    signal_to_noise_db: float
    most_clipped: str
    clipped_percent: float
    bits_needed: int
    accumulator_bits: int

    @property
    def sentence(self) -> str:
        """The same in words."""
        answers = f"answers as float on {self.agreement_percent:.2f} %" if self.agreement_percent is not None else ""
        signal = f"least signal-to-noise {self.signal_to_noise_db:.1f} dB ({self.noisiest})"
        if self.signal_to_noise_db == inf:
            signal = "every activation exact"
        clipped = f"at most {self.clipped_percent:.3f} % clipped ({self.most_clipped})"
        if not self.clipped_percent:
            clipped = "nothing clipped"
        enough = "" if self.bits_needed <= self.accumulator_bits else ", so they could overflow"
        bits = f"sums need up to {self.bits_needed} of {self.accumulator_bits} bits{enough}"
        return "; ".join(filter(None, (answers, signal, clipped, bits)))


def precision_of(mode: str) -> str:
    """The precision of the integers that a network sends."""
    return MODES_TABLE[mode].precision


def precision_name(run: Run, precision: str) -> str:
    """ "scale k", or "full fixed point, 8 bits"."""
    bits = run.manifest.get("quantisation", WidthsRecord()).get("activation_bits")
    return f"{PRECISIONS[precision]}, {bits} bits" if precision == "full" and bits else PRECISIONS[precision]


def precisions_of(modes: Iterable[str]) -> list[str]:
    """Those that the networks of a run have, in the order of `PRECISIONS`."""
    present = {precision_of(mode) for mode in modes}
    return [precision for precision in PRECISIONS if precision in present]


@dataclass(frozen=True)
class QuantisedCore:
    """An entry of quantisation.json; `signal_to_noise_db` is infinite where integers and floats are equal.

    `scale` is None of what does not send; the weights and the sums are None of the input.
    """

    layer: str
    scale: float | None
    signal_to_noise_db: float
    saturated_share: float
    weights: tuple[int, int] | None
    peak: int | None
    static_bound: int | None
    bits_needed: int | None
    accumulator_bits: int | None

    @classmethod
    def of(cls, entry: QuantisedCoreRecord) -> QuantisedCore:
        """As the file has it."""
        return cls(
            layer=entry["layer"],
            scale=entry["scale"],
            signal_to_noise_db=float(entry["signal_to_noise_db"]),
            saturated_share=entry["saturated_share"],
            weights=(entry["weight_low"], entry["weight_high"]) if "weight_low" in entry else None,
            peak=entry.get("peak"),
            static_bound=entry.get("static_bound"),
            bits_needed=entry.get("bits_needed"),
            accumulator_bits=entry.get("accumulator_bits"),
        )


def layers_of(run: Run, precision: str) -> list[QuantisedCore]:
    """The entries of quantisation.json of one precision, core by core; none if the run does not say."""
    entries = [] if run.quantisation is None else run.quantisation["layers"]
    return [QuantisedCore.of(entry) for entry in entries if entry["precision"] == precision]


def fidelities(run: Run) -> list[Fidelity]:
    """One for each precision that a network of the run has; none if the run does not say."""
    if run.quantisation is None:
        return []
    frames, agreement = run.quantisation["frames"], run.quantisation["agreement"]
    result = []
    for precision in precisions_of(run.modes):
        entries = layers_of(run, precision)
        noisiest = min(entries, key=lambda entry: entry.signal_to_noise_db)
        clipped = max(entries, key=lambda entry: entry.saturated_share)
        result.append(
            Fidelity(
                precision=precision,
                frames=frames,
                agreement_percent=100 * agreement[precision] if run.classifies else None,
                noisiest=noisiest.layer,
                signal_to_noise_db=noisiest.signal_to_noise_db,
                most_clipped=clipped.layer,
                clipped_percent=100 * clipped.saturated_share,
                bits_needed=max(entry.bits_needed or 0 for entry in entries),
                accumulator_bits=max(entry.accumulator_bits or 0 for entry in entries),
            )
        )
    return result
