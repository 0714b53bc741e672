"""The networks that a run can simulate, the one table of them: what each sends, how precise it is, what it must equal.

A mode is a sending rule at a precision. The four of the paper's Figure 1 are here, the original one twice. Nothing else
asks for a mode's name: what is done with it, shown of it or compared with it is read from its fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True)
class SendingRule:
    """What a neuron sends of the values it has, frame after frame.

    delta: what changed since it last sent, or else the value itself? dense: is a value of zero sent too? A network
    whose rule is `delta` keeps the values of the frame before; one whose rule is not computes frame by frame.
    """

    name: str
    delta: bool = False
    dense: bool = False


ALL_VALUES: Final = SendingRule("all values", dense=True)
NONZERO_VALUES: Final = SendingRule("non-zero values")
CHANGES: Final = SendingRule("changes", delta=True)


@dataclass(frozen=True)
class Mode:
    """A mode. Adding one is an entry in `MODES_TABLE`, after its partner.

    name: in files, tables and on the command line. title, short_title: how people read it in a page and in a terminal.
    colour: in every figure. precision: of the integers, `full` fixed point or `scaled` (the paper's scale k). partner:
    name of the mode that computes the same function frame by frame and has no partner itself, None if this is one.
    exact: must its integers be the partner's, bit for bit, or may they only be near? headline: is it the network that
    reports are about where it was run? meaning: a sentence for the page, empty where the page's own words on the
    paper's networks say it.
    """

    name: str
    title: str
    short_title: str
    colour: str
    precision: Literal["full", "scaled"]
    rule: SendingRule
    partner: str | None = None
    exact: bool = True
    headline: bool = False
    meaning: str = ""

    @property
    def delta(self) -> bool:
        """Are changes sent, not values?"""
        return self.rule.delta

    @property
    def dense(self) -> bool:
        """Are zeros sent too?"""
        return self.rule.dense

    @property
    def is_original(self) -> bool:
        """Is it the network as trained, frame by frame at full fixed point, whose answers others should give?"""
        return self.precision == "full" and not self.delta


# Colours that the common colour deficiencies keep apart; the paper has original, rounding and sigma-delta in red, blue
# and green too.
MODES_TABLE: Final[dict[str, Mode]] = {
    each.name: each
    for each in (
        Mode("original", "original", "original", "#D55E00", "full", ALL_VALUES),
        Mode("original_sparse", "original (sparse)", "original, sparse", "#E69F00", "full", NONZERO_VALUES, "original"),
        Mode(
            "temporal_difference", "temporal difference", "temporal difference", "#B679C7", "full", CHANGES, "original"
        ),
        Mode("rounding", "rounding", "rounding", "#3A86D0", "scaled", NONZERO_VALUES),
        Mode("sigma_delta", "sigma-delta", "sigma-delta", "#009E73", "scaled", CHANGES, "rounding", headline=True),
    )
}

HEADLINE: Final = next(name for name, mode in MODES_TABLE.items() if mode.headline)


def modes_in(names: Iterable[str]) -> list[Mode]:
    """The modes of these names, in the order of the table; names that it does not have are left out."""
    wanted = set(names)
    return [mode for name, mode in MODES_TABLE.items() if name in wanted]
