"""A claim of the paper beside what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from deltasim.paper.pages.experiment import Experiment

Holds = Literal["yes", "no", "partly"]

BEYOND: Final = "beyond the paper"
"""Where a question comes from that the paper does not answer."""


@dataclass(frozen=True)
class Claim:
    """What the paper says (`source`: where), what came out here, and whether it holds.

    `why` says by which rule, or, where it does not hold, what stands against it.
    """

    figure: str
    claim: str
    source: str
    ours: str
    command: str
    holds: Holds
    why: str


def claim(experiment: Experiment, text: str, source: str, ours: str, holds: Holds | bool, why: str) -> Claim:
    """A claim about `experiment`; True and False are "yes" and "no"."""
    verdict: Holds = holds if isinstance(holds, str) else "yes" if holds else "no"
    return Claim(experiment.figure, text, source, ours, experiment.command, verdict, why)
